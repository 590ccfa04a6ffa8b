// SPDX-License-Identifier: Apache-2.0
//
// Every malloc of libpostern.so fails in turn, from the first call behind its loading to the last:
// tables, engines, inspection, and a session with all it can go through. This program's malloc
// stands before libc's for every library of the process, libstdc++'s operator new included; it
// fails only inside calls of the plugin, so the test itself may allocate as it likes.
//
// Each round loads the library anew, so that what it made once would be made (and fail) again. A
// sanitizer has a malloc of its own: operator_new_failure_test.cc is for those.

#include <dlfcn.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace {

// True inside a call of the plugin.
bool g_inside = false;
uint64_t g_count = 0;  // allocations inside
int64_t g_living = 0;
// Allocations with these numbers (from 1) fail.
uint64_t g_fail_from = 0;
uint64_t g_fail_to = 0;

bool Refused() {
  if (!g_inside) return false;
  ++g_count;
  return g_count >= g_fail_from && g_count <= g_fail_to;
}

void* Given(void* memory) {
  if (g_inside && memory != nullptr) ++g_living;
  return memory;
}

}  // namespace

// glibc's own, under the names that it has for programs that do this.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void __libc_free(void* memory);

void* malloc(size_t size) { return Refused() ? nullptr : Given(__libc_malloc(size)); }

void* calloc(size_t count, size_t size) {
  return Refused() ? nullptr : Given(__libc_calloc(count, size));
}

void* realloc(void* memory, size_t size) {
  if (Refused()) return nullptr;
  void* const grown = __libc_realloc(memory, size);
  return memory == nullptr ? Given(grown) : grown;
}

void free(void* memory) {
  if (g_inside && memory != nullptr) --g_living;
  __libc_free(memory);
}
}

namespace postern::abi_test {
namespace {

const postern_api* g_real = nullptr;

// One call of the plugin, with failures on.
template <auto member, typename Function>
struct Fragile;
template <auto member, typename Result, typename... Arguments>
struct Fragile<member, Result (*postern_api::*)(Arguments...)> {
  static Result Call(Arguments... arguments) {
    struct Inside {
      Inside() { g_inside = true; }
      ~Inside() { g_inside = false; }
    } inside;
    return (g_real->*member)(arguments...);
  }
};

// The table of `real` with failures inside every call that can be refused for want of memory or
// gives memory back.
postern_api FragileApi(const postern_api* real) {
  g_real = real;
  postern_api api = *real;
#define POSTERN_FRAGILE(name) \
  api.name = Fragile<&postern_api::name, decltype(&postern_api::name)>::Call
  POSTERN_FRAGILE(error_name);
  POSTERN_FRAGILE(rule_name);
  POSTERN_FRAGILE(table_load);
  POSTERN_FRAGILE(table_release);
  POSTERN_FRAGILE(engine_create);
  POSTERN_FRAGILE(engine_set_table);
  POSTERN_FRAGILE(engine_set_config);
  POSTERN_FRAGILE(engine_release);
  POSTERN_FRAGILE(session_open);
  POSTERN_FRAGILE(session_feed);
  POSTERN_FRAGILE(session_next_event);
  POSTERN_FRAGILE(session_answer);
  POSTERN_FRAGILE(session_output);
  POSTERN_FRAGILE(session_output_consumed);
  POSTERN_FRAGILE(session_tick);
  POSTERN_FRAGILE(session_next_deadline);
  POSTERN_FRAGILE(session_notify);
  POSTERN_FRAGILE(session_info);
  POSTERN_FRAGILE(session_close);
  POSTERN_FRAGILE(inspect);
#undef POSTERN_FRAGILE
  return api;
}

// What one round came to.
struct Outcome {
  bool whole = false;  // nothing was refused, to the end
  std::string output;
  std::string trace;
};

// `result` is success or POSTERN_E_MEMORY; true for success.
bool Succeeded(int32_t result, const char* call) {
  if (result >= 0) return true;
  EXPECT_EQ(result, POSTERN_E_MEMORY) << call;
  return false;
}

Outcome Play(const postern_api& api) {
  Outcome outcome;
  char text[256];
  postern_error error = {};
  error.struct_size = sizeof(error);
  error.text = text;
  error.capacity = sizeof(text);
  const std::string serialized = TableWithLine(61, "fragile", "still here");
  const std::string config = ConfigWithName("mail-exchanger.department.example");

  postern_table* table = nullptr;
  postern_engine* engine = nullptr;
  bool whole = Succeeded(api.table_load(Octets(serialized), serialized.size(), &table, &error),
                         "table_load");
  EXPECT_EQ(table != nullptr, whole);
  // A refusal is one, or there was no memory to find that out.
  postern_table* none = nullptr;
  const int32_t refused = api.table_load(Octets("\xff\xff"), 2, &none, &error);
  EXPECT_TRUE(refused == POSTERN_E_TABLE || refused == POSTERN_E_MEMORY) << refused;
  EXPECT_EQ(none, nullptr);
  whole = refused == POSTERN_E_TABLE && whole;
  if (Succeeded(api.engine_create(nullptr, nullptr, 0, table, &engine, &error), "engine_create")) {
    whole = Succeeded(api.engine_set_config(engine, Octets(config), config.size(), &error),
                      "engine_set_config") &&
            whole;
    whole = Succeeded(api.engine_set_table(engine, table, &error), "engine_set_table") && whole;

    const std::string line = "NOOP " + std::string(4000, 'x');
    postern_inspect_context context = {};
    context.struct_size = sizeof(context);
    postern_verdict verdict = {};
    verdict.struct_size = sizeof(verdict);
    whole =
        Succeeded(api.inspect(engine, &context, Octets(line), line.size(), &verdict), "inspect") &&
        whole;

    Driver driver(&api, engine, kEverythingFlags);
    if (Succeeded(driver.opened(), "session_open")) {
      EXPECT_TRUE(PlayEverything(&driver, 9)) << driver.failed();
      EXPECT_NE(driver.flags() & POSTERN_CLOSING, 0);
      outcome.output = driver.output();
      outcome.trace = driver.trace();
      const std::string by_memory = "closed " + std::to_string(POSTERN_CLOSED_MEMORY) + "\n";
      if (outcome.trace.find(by_memory) != std::string::npos) {
        whole = false;
        EXPECT_EQ(outcome.trace.substr(outcome.trace.size() - by_memory.size()), by_memory);
      }
    } else {
      EXPECT_EQ(driver.session(), nullptr);
      whole = false;
    }
    // With the session still open, which keeps what it needs.
    api.engine_release(engine);
  } else {
    EXPECT_EQ(engine, nullptr);
    whole = false;
  }
  api.table_release(table);
  outcome.whole = whole;
  return outcome;
}

// A library of its own for each round.
class Loaded {
 public:
  Loaded() : library_(dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) return;
    const auto entry = reinterpret_cast<postern_plugin_v1_fn>(dlsym(library_, "postern_plugin_v1"));
    if (entry != nullptr) api_ = FragileApi(entry(POSTERN_ABI_VERSION, nullptr));
  }
  ~Loaded() { dlclose(library_); }
  const postern_api& api() const { return api_; }

 private:
  void* library_;
  postern_api api_ = {};
};

void Reset(uint64_t fail_from, uint64_t fail_to) {
  g_count = 0;
  g_living = 0;
  g_fail_from = fail_from;
  g_fail_to = fail_to;
}

class MallocFailure : public testing::Test {
 protected:
  void SetUp() override {
    const Loaded loaded;
    Reset(0, 0);
    healthy_ = Play(loaded.api());
    ASSERT_TRUE(healthy_.whole);
    count_ = g_count;
    ASSERT_GT(count_, 100u);
    ASSERT_EQ(g_living, 0);
  }

  // One round; returns what it came to. Behind it the library is as good as new.
  Outcome Round(uint64_t fail_from, uint64_t fail_to) {
    const Loaded loaded;
    Reset(fail_from, fail_to);
    const Outcome outcome = Play(loaded.api());
    EXPECT_EQ(g_living, 0) << "leaked";
    // A sample, for this is half of the work.
    if (fail_from % 64 < 2) {
      Reset(0, 0);
      const Outcome after = Play(loaded.api());
      EXPECT_TRUE(after.whole);
      EXPECT_EQ(after.output, healthy_.output);
      EXPECT_EQ(after.trace, healthy_.trace);
      EXPECT_EQ(g_living, 0) << "leaked";
    }
    return outcome;
  }

  Outcome healthy_;
  uint64_t count_ = 0;  // of a healthy round
};

// Every allocation is some part's: the parts run side by side.
constexpr int kParts = 8;
class MallocFailureOfEach : public MallocFailure, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Part, MallocFailureOfEach, testing::Range(0, kParts));

TEST_P(MallocFailureOfEach, InTurnIsAnErrorOrTheEndOfOneSession) {
  uint64_t refused = 0;
  for (auto n = static_cast<uint64_t>(1 + GetParam()); n <= count_ && !HasFailure(); n += kParts) {
    SCOPED_TRACE("allocation " + std::to_string(n) + " of " + std::to_string(count_));
    const Outcome outcome = Round(n, n);
    if (outcome.whole) {
      EXPECT_EQ(outcome.trace, healthy_.trace);
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, count_ / kParts / 2);
}

// From one of them on. A sample: what the first failure does is tested above.
TEST_F(MallocFailure, ForGoodIsAnErrorOrTheEndOfTheSession) {
  for (uint64_t n = 1; n <= count_ && !HasFailure(); n += 19) {
    SCOPED_TRACE("from allocation " + std::to_string(n) + " of " + std::to_string(count_));
    EXPECT_FALSE(Round(n, UINT64_MAX).whole);
  }
}

}  // namespace
}  // namespace postern::abi_test
