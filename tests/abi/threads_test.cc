// SPDX-License-Identifier: Apache-2.0
//
// [any-thread] and [owner-thread] of postern.h: tables and configurations are swapped while
// sessions open, run and move between threads. Meant for TSan; the assertions hold without it too.

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

constexpr int kSessions = 60;

// What NOOP says under each of the two tables.
const char kFirst[] = "250 2.0.0 first\r\n";
const char kSecond[] = "250 2.0.0 second\r\n";

postern_table* Load(const char* word) {
  const std::string serialized = TableWithLine(61, word, word);
  postern_table* table = nullptr;
  EXPECT_EQ(Api()->table_load(Octets(serialized), serialized.size(), &table, nullptr), POSTERN_OK);
  return table;
}

TEST(Threads, SwapTablesAndConfigurationsUnderRunningSessions) {
  const postern_api* const api = Api();
  postern_engine* const engine = MakeEngine(api);
  postern_table* const tables[] = {Load("first"), Load("second")};
  ASSERT_EQ(api->engine_set_table(engine, tables[0], nullptr), POSTERN_OK);

  std::atomic<bool> done{false};
  std::thread swapper([&] {
    for (unsigned i = 0; !done; ++i) {
      EXPECT_EQ(api->engine_set_table(engine, tables[i % 2], nullptr), POSTERN_OK);
    }
  });
  std::thread configurer([&] {
    const std::string names[] = {ConfigWithName("one.example"), ConfigWithName("two.example")};
    for (unsigned i = 0; !done; ++i) {
      const std::string& config = names[i % 2];
      EXPECT_EQ(api->engine_set_config(engine, Octets(config), config.size(), nullptr), POSTERN_OK);
    }
  });
  std::vector<std::thread> clients;
  for (int thread = 0; thread < 3; ++thread) {
    clients.emplace_back([&] {
      for (int i = 0; i < kSessions; ++i) {
        Driver driver(api, engine);
        ASSERT_EQ(driver.opened(), POSTERN_OK);
        driver.ForgetOutput();
        ASSERT_TRUE(driver.Feed("NOOP\r\n"));
        const std::string before = driver.output();
        EXPECT_TRUE(before == kFirst || before == kSecond) << before;
        ASSERT_TRUE(driver.Feed("EHLO a.example\r\nMAIL FROM:<>\r\nRSET\r\n"));
        driver.ForgetOutput();
        ASSERT_TRUE(driver.Feed("NOOP\r\n"));
        EXPECT_EQ(driver.output(), before);
      }
    });
  }
  std::thread inspector([&] {
    postern_inspect_context context = {};
    context.struct_size = sizeof(context);
    for (int i = 0; i < kSessions; ++i) {
      char reply[2048];
      postern_verdict verdict = {};
      verdict.struct_size = sizeof(verdict);
      verdict.reply = reply;
      verdict.reply_capacity = sizeof(reply);
      ASSERT_EQ(api->inspect(engine, &context, Octets("FOO"), 3, &verdict), POSTERN_OK);
      EXPECT_EQ(verdict.code, 500u);
    }
  });
  for (std::thread& client : clients) client.join();
  inspector.join();
  done = true;
  swapper.join();
  configurer.join();
  for (postern_table* const table : tables) api->table_release(table);
  api->engine_release(engine);
}

TEST(Threads, HandASessionOn) {
  const postern_api* const api = Api();
  postern_engine* const engine = MakeEngine(api);
  {
    Driver driver(api, engine);
    std::mutex owner;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 20; ++j) {
          const std::lock_guard<std::mutex> hold(owner);
          ASSERT_TRUE(driver.Feed("NOOP\r\n"));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const std::string& output = driver.output();
    size_t replies = 0;
    for (size_t at = 0; (at = output.find("250 ", at)) != std::string::npos; ++at) ++replies;
    EXPECT_EQ(replies, 80u);
  }
  api->engine_release(engine);
}

TEST(Threads, ReleaseAnEngineUnderItsSessions) {
  const postern_api* const api = Api();
  for (int i = 0; i < 20; ++i) {
    postern_engine* const engine = MakeEngine(api);
    std::thread client([&] {
      for (int j = 0; j < 20; ++j) {
        Driver driver(api, engine);
        if (driver.opened() != POSTERN_OK) {
          EXPECT_EQ(driver.opened(), POSTERN_E_DEAD);
          return;
        }
        ASSERT_TRUE(driver.Feed("NOOP\r\nQUIT\r\n"));
      }
    });
    api->engine_release(engine);
    client.join();
  }
}

}  // namespace
}  // namespace postern::abi_test
