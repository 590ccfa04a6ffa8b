// SPDX-License-Identifier: Apache-2.0
//
// Tables are swapped a thousand times while 500 sessions run under load on several threads, every
// second table a bad one: nothing is dropped, no session sees two tables, new sessions get the new
// one, a bad one is refused with its reason and changes nothing, and nothing is left behind. Meant
// for TSan and LeakSanitizer as well; the assertions hold without them.

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

constexpr int kSessions = 500;
constexpr int kThreads = 4;
constexpr int kSwaps = 1000;
constexpr uint32_t kNoopOk = 61;

std::string Name(int number) { return "table " + std::to_string(number); }

// The number in "250 2.0.0 table 17\r\n"; -1 for anything else.
int NumberIn(const std::string& reply) {
  const std::string head = "250 2.0.0 table ";
  if (reply.compare(0, head.size(), head) != 0 || reply.size() < head.size() + 3) return -1;
  return std::atoi(reply.c_str() + head.size());
}

// One session, and the table that it began with.
class Client {
 public:
  Client(const postern_api* api, postern_engine* engine, const std::atomic<int>* in_force)
      : api_(api), engine_(engine), in_force_(in_force) {
    Open();
  }

  // One step of its load: mostly a NOOP, at times a whole message, at times a new session.
  void Step(int round) {
    if (round % 37 == 36) {
      Open();
    } else if (round % 11 == 10) {
      driver_->ForgetOutput();
      ASSERT_TRUE(
          driver_->Feed("MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\nx\r\n.\r\n"));
      ASSERT_NE(driver_->output().find("\r\n250 2.0.0 Message accepted\r\n"), std::string::npos);
    }
    driver_->ForgetOutput();
    ASSERT_TRUE(driver_->Feed("NOOP\r\n"));
    ASSERT_EQ(NumberIn(driver_->output()), table_) << driver_->output();
  }

 private:
  // A table that was in force when the session opened, or came into force meanwhile.
  void Open() {
    const int before = in_force_->load();
    driver_ = std::make_unique<Driver>(api_, engine_);
    const int after = in_force_->load();
    ASSERT_EQ(driver_->opened(), POSTERN_OK);
    ASSERT_TRUE(driver_->Feed("EHLO a.example\r\n"));
    driver_->ForgetOutput();
    ASSERT_TRUE(driver_->Feed("NOOP\r\n"));
    table_ = NumberIn(driver_->output());
    ASSERT_GE(table_, before);
    // A swap is counted once it is made, so the next one may be in force a moment before.
    ASSERT_LE(table_, after + 2);
  }

  const postern_api* api_;
  postern_engine* engine_;
  const std::atomic<int>* in_force_;
  std::unique_ptr<Driver> driver_;
  int table_ = -1;
};

int32_t LoadTable(const postern_api* api, const std::string& serialized, postern_table** table,
                  std::string* why) {
  char text[512];
  postern_error error = {};
  error.struct_size = sizeof(error);
  error.text = text;
  error.capacity = sizeof(text);
  const int32_t result = api->table_load(Octets(serialized), serialized.size(), table, &error);
  *why = std::string(text, std::min(error.size, sizeof(text) - 1));
  return result;
}

// Even numbers are good tables, odd ones are refused.
void Swap(const postern_api* api, postern_engine* engine, int number, std::atomic<int>* in_force) {
  std::string why;
  postern_table* table = nullptr;
  if (number % 2 == 1) {
    const std::string bad = TableWithLine(kNoopOk, "bad", "table {nonsense}");
    ASSERT_EQ(LoadTable(api, bad, &table, &why), POSTERN_E_TABLE);
    ASSERT_EQ(table, nullptr);
    ASSERT_NE(why.find("NOOP_OK: text line 1: placeholder {nonsense} is unknown"),
              std::string::npos)
        << why;
    return;
  }
  const std::string serialized = TableWithLine(kNoopOk, "good", Name(number));
  ASSERT_EQ(LoadTable(api, serialized, &table, &why), POSTERN_OK) << why;
  ASSERT_EQ(api->engine_set_table(engine, table, nullptr), POSTERN_OK);
  api->table_release(table);
  in_force->store(number);
  // For the next session at once.
  Driver next(api, engine);
  ASSERT_TRUE(next.Feed("NOOP\r\n"));
  ASSERT_NE(next.output().find(Name(number) + "\r\n"), std::string::npos) << next.output();
}

TEST(Swap, AThousandTimesUnderFiveHundredSessions) {
  const postern_api* const api = Api();
  postern_engine* const engine = MakeEngine(api);
  std::atomic<int> in_force{0};
  Swap(api, engine, 0, &in_force);

  std::atomic<bool> done{false};
  std::atomic<int> opened{0};
  std::atomic<uint64_t> steps{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < kSessions / kThreads; ++i) {
        clients.push_back(std::make_unique<Client>(api, engine, &in_force));
        ++opened;
      }
      // Everybody is there before it begins.
      while (opened < kSessions && !testing::Test::HasFailure()) std::this_thread::yield();
      for (int round = thread; !done && !testing::Test::HasFailure(); ++round) {
        for (const std::unique_ptr<Client>& client : clients) client->Step(round);
        steps += clients.size();
        // The swaps want their turn on machines with few cores.
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  }
  while (opened < kSessions && !testing::Test::HasFailure()) std::this_thread::yield();
  for (int number = 1; number <= kSwaps && !testing::Test::HasFailure(); ++number) {
    Swap(api, engine, number, &in_force);
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(in_force, kSwaps);
  EXPECT_GT(steps, uint64_t{kSessions});
  api->engine_release(engine);
}

// What a swap takes is given back: memory in use after many is that after few.
TEST(Swap, LeavesNothingBehind) {
  const postern_api* const api = Api();
  postern_engine* const engine = MakeEngine(api);
  std::atomic<int> in_force{0};
  const auto in_use = [] { return static_cast<int64_t>(mallinfo2().uordblks); };
  for (int number = 0; number < 20; ++number) Swap(api, engine, number, &in_force);
  const int64_t before = in_use();
  for (int number = 20; number < 320; ++number) Swap(api, engine, number, &in_force);
  // One table is far over 10 KiB; 150 good ones would be megabytes.
  EXPECT_LT(in_use() - before, 64 * 1024);
  api->engine_release(engine);
}

// A session that began with a table keeps it alive when nobody else does.
TEST(Swap, SessionsOutliveTheirTableAndEngine) {
  const postern_api* const api = Api();
  postern_engine* const engine = MakeEngine(api);
  std::atomic<int> in_force{0};
  std::vector<std::unique_ptr<Driver>> sessions;
  for (int number = 0; number < 50; number += 2) {
    Swap(api, engine, number, &in_force);
    sessions.push_back(std::make_unique<Driver>(api, engine));
  }
  api->engine_release(engine);
  for (size_t i = 0; i < sessions.size(); ++i) {
    sessions[i]->ForgetOutput();
    ASSERT_TRUE(sessions[i]->Feed("NOOP\r\n"));
    EXPECT_EQ(NumberIn(sessions[i]->output()), static_cast<int>(2 * i));
  }
}

}  // namespace
}  // namespace postern::abi_test
