// SPDX-License-Identifier: Apache-2.0
//
// Tables and engines are loaded with operator new, so bad_alloc is what they see: here it is thrown
// by each allocation in turn, and none crosses the C interface (EXAMPLES rule 14). The adapter is
// linked in, for a program's operator new does not reach into libpostern.so.

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "gtest/gtest.h"
#include "plugin_api/postern.h"

namespace {

// Counted while `g_counting`; the one that makes g_left 0 throws.
bool g_counting = false;
uint64_t g_left = 0;
int64_t g_living = 0;

}  // namespace

void* operator new(size_t size) {
  if (g_counting && g_left > 0 && --g_left == 0) throw std::bad_alloc();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  if (g_counting) ++g_living;
  return memory;
}

void operator delete(void* memory) noexcept {
  if (g_counting && memory != nullptr) --g_living;
  std::free(memory);
}

void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace {

// Runs `call` with its n-th allocation failing, n = 1, 2, ..., until it gives `end`. Every failure
// before is POSTERN_E_MEMORY, says so, and leaves nothing behind; `after` looks at the rest.
template <typename Call, typename After>
void FailEach(int32_t end, Call&& call, After&& after) {
  char text[256];
  postern_error error = {};
  error.struct_size = sizeof(error);
  error.text = text;
  error.capacity = sizeof(text);
  for (uint64_t n = 1;; ++n) {
    ASSERT_LT(n, 100000u);
    g_living = 0;
    g_left = n;
    g_counting = true;
    const int32_t result = call(&error);
    g_counting = false;
    if (result == end) {
      EXPECT_GT(n, 3u);
      return;
    }
    ASSERT_EQ(result, POSTERN_E_MEMORY) << "allocation " << n;
    ASSERT_EQ(g_living, 0) << "allocation " << n;
    ASSERT_STREQ(text, "out of memory");
    after();
  }
}

const uint8_t* Octets(const std::string& text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

class OperatorNewFailure : public testing::Test {
 protected:
  void SetUp() override {
    // What is made once in a process is made here.
    ASSERT_EQ(api_->engine_create(nullptr, nullptr, 0, nullptr, &engine_, nullptr), POSTERN_OK);
  }
  ~OperatorNewFailure() override { api_->engine_release(engine_); }

  // The greeting of a new session: what is in force.
  std::string Greeting() {
    postern_session_options options = {};
    options.struct_size = sizeof(options);
    options.wanted_events = uint64_t{1} << POSTERN_EVENT_CLOSED;
    postern_session* session = nullptr;
    EXPECT_EQ(api_->session_open(engine_, &options, &session), POSTERN_OK);
    const uint8_t* data = nullptr;
    size_t size = 0;
    EXPECT_EQ(api_->session_output(session, &data, &size), POSTERN_OK);
    std::string greeting(reinterpret_cast<const char*>(data), size);
    api_->session_close(session);
    return greeting;
  }

  const postern_api* const api_ = postern_plugin_v1(POSTERN_ABI_VERSION, nullptr);
  // server_name, longer than a small string.
  const std::string config_ = "\x0a\x21mail-exchanger.department.example";
  postern_engine* engine_ = nullptr;
};

TEST_F(OperatorNewFailure, OfATableIsAnError) {
  postern_table* table = nullptr;
  FailEach(
      POSTERN_OK, [&](postern_error* error) { return api_->table_load(nullptr, 0, &table, error); },
      [&] { EXPECT_EQ(table, nullptr); });
  EXPECT_NE(table, nullptr);
  api_->table_release(table);
}

TEST_F(OperatorNewFailure, OfATableThatIsRefusedIsAnErrorOfItsOwn) {
  // ReplyTable.name alone, cut short.
  const std::string damaged = "\x0a\x22mail";
  postern_table* table = nullptr;
  FailEach(
      POSTERN_E_TABLE,
      [&](postern_error* error) {
        return api_->table_load(Octets(damaged), damaged.size(), &table, error);
      },
      [&] { EXPECT_EQ(table, nullptr); });
  EXPECT_EQ(table, nullptr);
}

TEST_F(OperatorNewFailure, OfAnEngineIsAnError) {
  postern_engine* engine = nullptr;
  FailEach(
      POSTERN_OK,
      [&](postern_error* error) {
        return api_->engine_create(nullptr, Octets(config_), config_.size(), nullptr, &engine,
                                   error);
      },
      [&] { EXPECT_EQ(engine, nullptr); });
  EXPECT_NE(engine, nullptr);
  api_->engine_release(engine);
}

TEST_F(OperatorNewFailure, OfATableSwapLeavesTheOldOneInForce) {
  postern_table* table = nullptr;
  ASSERT_EQ(api_->table_load(nullptr, 0, &table, nullptr), POSTERN_OK);
  const std::string greeting = Greeting();
  FailEach(
      POSTERN_OK,
      [&](postern_error* error) { return api_->engine_set_table(engine_, table, error); },
      [&] { EXPECT_EQ(Greeting(), greeting); });
  api_->table_release(table);
}

TEST_F(OperatorNewFailure, OfAConfigurationSwapLeavesTheOldOneInForce) {
  const std::string greeting = Greeting();
  FailEach(
      POSTERN_OK,
      [&](postern_error* error) {
        return api_->engine_set_config(engine_, Octets(config_), config_.size(), error);
      },
      [&] { EXPECT_EQ(Greeting(), greeting); });
  EXPECT_EQ(Greeting().substr(0, 38), "220 mail-exchanger.department.example ");
}

}  // namespace
