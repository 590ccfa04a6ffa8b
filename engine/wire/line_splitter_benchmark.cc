// SPDX-License-Identifier: Apache-2.0
//
// Command lines through the splitter, and memcpy of the same octets in the same process.
//
// Counters: items_per_second (lines), bytes_per_second, and `vs_memcpy` (1 = as fast as copying the
// lines, one memcpy for each, timed around the same run).
// Instructions per line: run under `valgrind --tool=callgrind` with
// `--toggle-collect='postern::wire::LineSplitter::Next*'`, `--benchmark_filter=...` and
// `--benchmark_min_time=0.01`, and divide by the calls that callgrind_annotate shows.

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "benchmark/benchmark.h"
#include "engine/wire/line_splitter.h"

namespace postern::wire {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kTotal = 64 << 10;

std::string Repeat(std::string_view lines) {
  std::string s;
  while (s.size() < kTotal) s += lines;
  return s;
}

void Run(benchmark::State& state, const std::string& input, size_t read) {
  std::vector<char> copy(input.size());
  LineSplitter splitter(&DefaultMemory());
  Clock::duration splitting = {};
  Clock::duration copying = {};
  size_t lines = 0;
  std::vector<size_t> sizes;
  for (auto _ : state) {
    sizes.clear();
    const auto begin = Clock::now();
    std::string_view rest = input;
    while (!rest.empty()) {
      std::string_view piece = rest.substr(0, read);
      rest.remove_prefix(piece.size());
      for (;;) {
        size_t consumed = 0;
        Line line;
        const LineStatus status = splitter.Next(piece, &consumed, &line);
        piece.remove_prefix(consumed);
        if (status == LineStatus::kNeedMore) break;
        benchmark::DoNotOptimize(line);
        ++lines;
      }
    }
    const auto between = Clock::now();
    splitting += between - begin;
    state.SetIterationTime(std::chrono::duration<double>(between - begin).count());

    for (size_t at = 0; at < input.size();) {
      const size_t lf = input.find('\n', at);
      const size_t end = lf == std::string::npos ? input.size() : lf + 1;
      sizes.push_back(end - at);
      at = end;
    }
    const auto copy_begin = Clock::now();
    size_t at = 0;
    for (const size_t size : sizes) {
      std::memcpy(copy.data() + at, input.data() + at, size);
      at += size;
    }
    benchmark::ClobberMemory();
    copying += Clock::now() - copy_begin;
  }
  state.SetItemsProcessed(static_cast<int64_t>(lines));
  state.SetBytesProcessed(static_cast<int64_t>(input.size()) *
                          static_cast<int64_t>(state.iterations()));
  state.counters["vs_memcpy"] = std::chrono::duration<double>(copying).count() /
                                std::chrono::duration<double>(splitting).count();
}

constexpr std::string_view kCommands =
    "EHLO mail.client.example.com\r\n"
    "MAIL FROM:<sender.name@client.example.com> SIZE=1048576\r\n"
    "RCPT TO:<first.recipient@server.example.net>\r\n"
    "RCPT TO:<second.recipient@server.example.net>\r\n";

void BM_Pipelined(benchmark::State& state) { Run(state, Repeat(kCommands), kTotal * 2); }
BENCHMARK(BM_Pipelined)->UseManualTime();

void BM_ShortCommands(benchmark::State& state) {
  Run(state, Repeat("NOOP\r\nRSET\r\n"), kTotal * 2);
}
BENCHMARK(BM_ShortCommands)->UseManualTime();

// As a client that waits for each reply: a read is one line.
void BM_OneLinePerRead(benchmark::State& state) {
  const std::string line(static_cast<size_t>(state.range(0)) - 2, 'a');
  Run(state, Repeat(line + "\r\n"), static_cast<size_t>(state.range(0)));
}
BENCHMARK(BM_OneLinePerRead)->ArgName("octets")->Arg(6)->Arg(14)->Arg(30)->Arg(60)->UseManualTime();

void BM_CutAnywhere(benchmark::State& state) {
  Run(state, Repeat(kCommands), static_cast<size_t>(state.range(0)));
}
BENCHMARK(BM_CutAnywhere)->ArgName("read")->Arg(1)->Arg(17)->Arg(1460)->UseManualTime();

void BM_Utf8Arguments(benchmark::State& state) {
  Run(state,
      Repeat("MAIL FROM:<\xC3\xA4\xC3\xB6\xC3\xBC@b\xC3\xBC"
             "cher.example> SMTPUTF8\r\n"),
      kTotal * 2);
}
BENCHMARK(BM_Utf8Arguments)->UseManualTime();

// Junk must not be dearer than commands (B2).
void BM_Junk(benchmark::State& state) {
  static constexpr std::string_view kKinds[] = {
      std::string_view("\0\x01\x80\r\x7F\0\x01\x80\r\x7F\0\x01\x80\r\x7F\0\x01\x80\r\x7F\r\n", 22),
      "\n", "\r\n", "\r", "a\n\r\n"};
  Run(state, Repeat(kKinds[state.range(0)]), kTotal * 2);
}
BENCHMARK(BM_Junk)->ArgName("kind")->DenseRange(0, 4)->UseManualTime();

}  // namespace
}  // namespace postern::wire
