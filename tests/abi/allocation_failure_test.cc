// SPDX-License-Identifier: Apache-2.0
//
// Every allocation of a session fails in turn (contract B3): each time the session ends cleanly,
// with an error, or with 421 and an event, or goes on; and all memory comes back.

#include <string>

#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

// Partial lines, HELP, and a PROXY header in pieces: all that makes a session ask for memory.
constexpr size_t kPiece = 9;

// The session with its failures; returns how many allocations it made.
uint64_t Play(CountingHost* host, std::string* output, std::string* trace, int32_t* opened) {
  const postern_api* const api = Api();
  postern_engine* const engine = MakeEngine(api, &host->host);
  {
    Driver driver(api, engine, kEverythingFlags);
    *opened = driver.opened();
    if (driver.session() != nullptr) {
      EXPECT_TRUE(PlayEverything(&driver, kPiece)) << api->error_name(driver.failed());
      EXPECT_NE(driver.flags() & POSTERN_CLOSING, 0);
    }
    *output = driver.output();
    *trace = driver.trace();
  }
  api->engine_release(engine);
  EXPECT_TRUE(host->living.empty()) << "leaked";
  EXPECT_FALSE(host->wrong_size);
  return host->allocations;
}

// The session ended by memory: the event says so, and the last reply, if there is one, is 421.
void ExpectCleanEnd(const std::string& output, const std::string& trace) {
  const std::string closed = "closed " + std::to_string(POSTERN_CLOSED_MEMORY) + "\n";
  ASSERT_GE(trace.size(), closed.size());
  EXPECT_EQ(trace.substr(trace.size() - closed.size()), closed);
  if (output.empty()) return;
  ASSERT_EQ(output.substr(output.size() - 2), "\r\n");
  const size_t line = output.rfind("\r\n", output.size() - 3);
  EXPECT_EQ(output.substr(line == std::string::npos ? 0 : line + 2, 4), "421 ");
}

TEST(AllocationFailure, OfEachAllocationInTurnEndsTheSessionCleanly) {
  std::string whole;
  std::string whole_trace;
  int32_t opened = 0;
  CountingHost healthy;
  const uint64_t count = Play(&healthy, &whole, &whole_trace, &opened);
  ASSERT_GE(count, 4u);  // the session, the header, a line, HELP
  int ended = 0;
  for (uint64_t at = 1; at <= count; ++at) {
    SCOPED_TRACE("allocation " + std::to_string(at) + " of " + std::to_string(count));
    CountingHost host;
    host.fail_at = at;
    std::string output;
    std::string trace;
    Play(&host, &output, &trace, &opened);
    if (at == 1) {
      EXPECT_EQ(opened, POSTERN_E_MEMORY);
      continue;
    }
    ASSERT_EQ(opened, POSTERN_OK);
    ASSERT_NE(trace, "");
    if (trace == whole_trace) {
      EXPECT_EQ(output, whole);
      continue;
    }
    ++ended;
    ExpectCleanEnd(output, trace);
  }
  EXPECT_GT(ended, 0);
}

TEST(AllocationFailure, ForGoodEndsTheSessionCleanly) {
  std::string whole;
  std::string whole_trace;
  int32_t opened = 0;
  CountingHost healthy;
  const uint64_t count = Play(&healthy, &whole, &whole_trace, &opened);
  for (uint64_t at = 2; at <= count; ++at) {
    SCOPED_TRACE("from allocation " + std::to_string(at));
    CountingHost host;
    host.fail_at = at;
    host.fail_count = UINT64_MAX;
    std::string output;
    std::string trace;
    Play(&host, &output, &trace, &opened);
    ASSERT_EQ(opened, POSTERN_OK);
    ExpectCleanEnd(output, trace);
  }
}

TEST(AllocationFailure, OfInspectionIsAnErrorThatPasses) {
  const postern_api* const api = Api();
  CountingHost host;
  postern_engine* const engine = MakeEngine(api, &host.host);
  const std::string line = "NOOP " + std::string(4000, 'x');
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  postern_verdict verdict = {};
  verdict.struct_size = sizeof(verdict);
  host.fail_at = 1;
  EXPECT_EQ(api->inspect(engine, &context, Octets(line), line.size(), &verdict), POSTERN_E_MEMORY);
  EXPECT_EQ(api->inspect(engine, &context, Octets(line), line.size(), &verdict), POSTERN_OK);
  EXPECT_EQ(verdict.code, 500u);
  EXPECT_TRUE(host.living.empty());
  api->engine_release(engine);
}

}  // namespace
}  // namespace postern::abi_test
