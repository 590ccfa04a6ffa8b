// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/limits.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hosts/posternd/delivery_pool.h"

namespace postern {
namespace posternd {
namespace {

host::Address Client(const std::string& text) { return host::Network::Parse(text).value().address; }

TEST(ConnectionLimitsTest, CountsAllConnections) {
  ConnectionLimits limits;
  EXPECT_TRUE(limits.AddConnection(2));
  EXPECT_TRUE(limits.AddConnection(2));
  EXPECT_FALSE(limits.AddConnection(2));
  EXPECT_EQ(limits.connections(), 2u);
  limits.RemoveConnection();
  EXPECT_TRUE(limits.AddConnection(2));
}

TEST(ConnectionLimitsTest, CountsEachIpv4AddressByItself) {
  ConnectionLimits limits;
  EXPECT_TRUE(limits.AddClient(Client("192.0.2.1"), 1));
  EXPECT_FALSE(limits.AddClient(Client("192.0.2.1"), 1));
  EXPECT_TRUE(limits.AddClient(Client("192.0.2.2"), 1));
  limits.RemoveClient(Client("192.0.2.1"));
  EXPECT_TRUE(limits.AddClient(Client("192.0.2.1"), 1));
}

TEST(ConnectionLimitsTest, CountsIpv6BySlash64) {
  ConnectionLimits limits;
  EXPECT_TRUE(limits.AddClient(Client("2001:db8:0:1::1"), 1));
  EXPECT_FALSE(limits.AddClient(Client("2001:db8:0:1:ffff::2"), 1));
  EXPECT_TRUE(limits.AddClient(Client("2001:db8:0:2::1"), 1));
}

TEST(ConnectionLimitsTest, ThreadsNeverExceedTheLimit) {
  ConnectionLimits limits;
  std::atomic<int> holding{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        if (!limits.AddClient(Client("192.0.2.1"), 2)) continue;
        if (++holding > 2) exceeded = true;
        --holding;
        limits.RemoveClient(Client("192.0.2.1"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
}

TEST(DeliveryPoolTest, RunsEveryJobBeforeItIsGone) {
  std::atomic<int> done{0};
  {
    DeliveryPool pool(3);
    for (int i = 0; i < 500; ++i) pool.Submit([&done] { ++done; });
  }
  EXPECT_EQ(done, 500);
}

}  // namespace
}  // namespace posternd
}  // namespace postern
