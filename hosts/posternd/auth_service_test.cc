// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/auth_service.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>
#include <vector>

namespace postern {
namespace posternd {
namespace {

TEST(AuthService, RunsWhatItTookBeforeItEnds) {
  std::atomic<int> done{0};
  {
    AuthService service({}, 2);
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(service.Submit([&done] { ++done; }));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(done, 80);
}

TEST(AuthService, TakesSoManyAndNoMore) {
  std::mutex mutex;
  std::condition_variable wake;
  bool running = false;
  bool go_on = false;
  std::atomic<int> done{0};
  {
    AuthService service({}, 1);
    ASSERT_TRUE(service.Submit([&] {
      std::unique_lock<std::mutex> lock(mutex);
      running = true;
      wake.notify_all();
      wake.wait(lock, [&] { return go_on; });
    }));
    std::unique_lock<std::mutex> lock(mutex);
    wake.wait(lock, [&] { return running; });
    for (int i = 0; i < AuthService::kMaxWaiting; ++i) {
      ASSERT_TRUE(service.Submit([&done] { ++done; })) << i;
    }
    EXPECT_FALSE(service.Submit([&done] { ++done; }));
    go_on = true;
    wake.notify_all();
  }
  EXPECT_EQ(done, AuthService::kMaxWaiting);
}

TEST(AuthService, AfterItsEndItTakesNothing) {
  std::atomic<int> done{0};
  AuthService service({}, 2);
  EXPECT_TRUE(service.Submit([&done] { ++done; }));
  service.Finish();
  EXPECT_EQ(done, 1);
  EXPECT_FALSE(service.Submit([&done] { ++done; }));
  service.Finish();
  EXPECT_EQ(done, 1);
}

TEST(AuthService, HasNoThreadsBeforeTheyAreNeeded) {
  // More threads than any machine starts.
  AuthService service({}, 100000000);
  EXPECT_TRUE(service.limiter()->MayTry(host::Address(), 0));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
