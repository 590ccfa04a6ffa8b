// SPDX-License-Identifier: Apache-2.0
//
// What a reply costs, beside memcpy of the same octets in the same run. The counter vs_memcpy is
// the ratio of the two times per reply.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
#include <string>

#include "engine/replies/reply_table.h"

namespace postern::replies {
namespace {

std::shared_ptr<const BoundReplies> MakeReplies() {
  const auto table = ReplyTable::LoadDefault();
  if (!table.ok()) return nullptr;
  BindOptions options;
  options.server = "mx.example.org";
  return BoundReplies::Bind(*table, options);
}

Values MakeValues() {
  Values values;
  values.client = "192.0.2.1";
  values.verb = "FROBNICATE";
  values.limit = 512;
  values.parameter = "RET=HDRS";
  values.commands = "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP STARTTLS";
  return values;
}

double MemcpySeconds(const std::string& octets, char* out) {
  constexpr int kRounds = 1 << 20;
  size_t size = octets.size();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) {
    benchmark::DoNotOptimize(size);  // a length unknown to the compiler, as in Format
    std::memcpy(out, octets.data(), size);
    benchmark::ClobberMemory();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / kRounds;
}

template <typename Format>
void Run(benchmark::State& state, Format format) {
  char out[8192];
  const std::string octets(out, format(out, sizeof(out)));
  const double reference = MemcpySeconds(octets, out);
  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state) {
    benchmark::DoNotOptimize(format(out, sizeof(out)));
    benchmark::ClobberMemory();
  }
  const double each =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
      static_cast<double>(state.iterations());
  state.counters["octets"] = static_cast<double>(octets.size());
  state.counters["vs_memcpy"] = each / reference;
}

void BM_Format(benchmark::State& state, ReplyId id) {
  const auto replies = MakeReplies();
  const Values values = MakeValues();
  Run(state,
      [&](char* out, size_t capacity) { return replies->Format(id, values, out, capacity); });
}
BENCHMARK_CAPTURE(BM_Format, RCPT_OK, ReplyId::kRcptOk);
BENCHMARK_CAPTURE(BM_Format, UNRECOGNIZED, ReplyId::kUnrecognized);
BENCHMARK_CAPTURE(BM_Format, LINE_TOO_LONG, ReplyId::kLineTooLong);
BENCHMARK_CAPTURE(BM_Format, HELP_OVERVIEW, ReplyId::kHelpOverview);

void BM_Ehlo(benchmark::State& state) {
  const auto replies = MakeReplies();
  const Values values = MakeValues();
  const std::string_view lines[] = {
      "SIZE 52428800", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES",
      "SMTPUTF8",      "STARTTLS", "HELP"};
  Run(state, [&](char* out, size_t capacity) {
    return replies->FormatEhlo(values, lines, 7, out, capacity);
  });
}
BENCHMARK(BM_Ehlo);

void BM_HelpTopic(benchmark::State& state) {
  const auto replies = MakeReplies();
  const Values values;
  Run(state, [&](char* out, size_t capacity) {
    return replies->FormatHelpTopic("mail", values, out, capacity);
  });
}
BENCHMARK(BM_HelpTopic);

void BM_Override(benchmark::State& state) {
  const auto replies = MakeReplies();
  Override reply;
  reply.code = 550;
  reply.enhanced = {5, 7, 1};
  reply.text = "This sender is not welcome here\nSee https://example.org/policy";
  Run(state, [&](char* out, size_t capacity) {
    return replies->FormatOverride(ReplyId::kMailRejected, reply, out, capacity);
  });
}
BENCHMARK(BM_Override);

void BM_LoadAndBindDefault(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(MakeReplies());
}
BENCHMARK(BM_LoadAndBindDefault);

}  // namespace
}  // namespace postern::replies
