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

// Runs `call` with its n-th allocation failing, n = 1, 2, ..., until it succeeds. Every failure is
// POSTERN_E_MEMORY and leaves nothing behind.
template <typename Call>
void FailEach(Call&& call) {
  int32_t result = POSTERN_E_MEMORY;
  uint64_t n = 0;
  while (result != POSTERN_OK) {
    ++n;
    ASSERT_LT(n, 100000u);
    g_living = 0;
    g_left = n;
    g_counting = true;
    result = call();
    g_counting = false;
    if (result == POSTERN_OK) break;
    ASSERT_EQ(result, POSTERN_E_MEMORY) << "allocation " << n;
    ASSERT_EQ(g_living, 0) << "allocation " << n;
  }
  EXPECT_GT(n, 3u);
}

class OperatorNewFailure : public testing::Test {
 protected:
  void SetUp() override {
    // What is made once in a process is made here.
    ASSERT_EQ(api_->engine_create(nullptr, nullptr, 0, nullptr, &engine_, nullptr), POSTERN_OK);
  }
  ~OperatorNewFailure() override { api_->engine_release(engine_); }

  const postern_api* const api_ = postern_plugin_v1(POSTERN_ABI_VERSION, nullptr);
  postern_engine* engine_ = nullptr;
};

TEST_F(OperatorNewFailure, OfATableIsAnError) {
  postern_table* table = nullptr;
  FailEach([&] { return api_->table_load(nullptr, 0, &table, nullptr); });
  EXPECT_NE(table, nullptr);
  api_->table_release(table);
}

TEST_F(OperatorNewFailure, OfAnEngineIsAnError) {
  // server_name, longer than a small string.
  const std::string config = "\x0a\x22mail-exchanger.department.example";
  postern_engine* engine = nullptr;
  FailEach([&] {
    return api_->engine_create(nullptr, reinterpret_cast<const uint8_t*>(config.data()),
                               config.size(), nullptr, &engine, nullptr);
  });
  EXPECT_NE(engine, nullptr);
  api_->engine_release(engine);
}

TEST_F(OperatorNewFailure, OfASwapLeavesTheOldOnesInForce) {
  postern_table* table = nullptr;
  ASSERT_EQ(api_->table_load(nullptr, 0, &table, nullptr), POSTERN_OK);
  int32_t result = POSTERN_E_MEMORY;
  for (uint64_t n = 1; result != POSTERN_OK && n < 1000; ++n) {
    g_left = n;
    g_counting = true;
    result = api_->engine_set_table(engine_, table, nullptr);
    g_counting = false;
    if (result != POSTERN_OK) ASSERT_EQ(result, POSTERN_E_MEMORY);
    postern_session_options options = {};
    options.struct_size = sizeof(options);
    postern_session* session = nullptr;
    ASSERT_EQ(api_->session_open(engine_, &options, &session), POSTERN_OK);
    api_->session_close(session);
  }
  EXPECT_EQ(result, POSTERN_OK);
  api_->table_release(table);
}

}  // namespace
