// SPDX-License-Identifier: Apache-2.0
//
// DATA content through the decoder, and memcpy of the same octets in the same process.
//
// Counters: bytes_per_second (of wire octets), `vs_memcpy` (1 = as fast as memcpy of the same
// content, timed around the same run), and `slices` per MiB.

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "benchmark/benchmark.h"
#include "engine/wire/data_decoder.h"

namespace postern::wire {
namespace {

// `size` octets of lines of `line` octets, CR LF included; one line in `dots` begins with two dots
// (0: none).
std::string Content(size_t size, size_t line, size_t dots) {
  std::string s;
  for (size_t i = 0; s.size() < size; ++i) {
    std::string text(line - 2, static_cast<char>('a' + i % 26));
    if (dots != 0 && i % dots == 0) text.replace(0, 2, "..");
    s += text + "\r\n";
  }
  return s + ".\r\n";
}

// Octets of content and slices, so that the loop below has something to show.
size_t Decode(std::string_view content, size_t read, BareNewline policy, size_t* slices) {
  DataDecoder decoder(policy);
  for (;;) {
    std::string_view piece = content.substr(0, read);
    content.remove_prefix(piece.size());
    for (;;) {
      size_t consumed = 0;
      std::string_view slice;
      const DataStatus status = decoder.Next(piece, &consumed, &slice);
      piece.remove_prefix(consumed);
      if (status == DataStatus::kSlice) {
        benchmark::DoNotOptimize(slice);
        ++*slices;
        continue;
      }
      if (status == DataStatus::kEnd || content.empty()) return decoder.content_octets();
      break;
    }
  }
}

using Clock = std::chrono::steady_clock;

void Run(benchmark::State& state, const std::string& content, size_t read, BareNewline policy) {
  std::vector<char> copy(content.size());
  Clock::duration decoding = {};
  Clock::duration copying = {};
  size_t slices = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    benchmark::DoNotOptimize(Decode(content, read, policy, &slices));
    const auto between = Clock::now();
    std::memcpy(copy.data(), content.data(), content.size());
    benchmark::ClobberMemory();
    copying += Clock::now() - between;
    decoding += between - begin;
    state.SetIterationTime(std::chrono::duration<double>(between - begin).count());
  }
  const auto octets = static_cast<double>(content.size()) * static_cast<double>(state.iterations());
  state.SetBytesProcessed(static_cast<int64_t>(octets));
  state.counters["memcpy"] =
      benchmark::Counter(octets / std::chrono::duration<double>(copying).count(),
                         benchmark::Counter::kDefaults, benchmark::Counter::kIs1024);
  state.counters["vs_memcpy"] = std::chrono::duration<double>(copying).count() /
                                std::chrono::duration<double>(decoding).count();
  state.counters["slices"] = static_cast<double>(slices) / (octets / (1 << 20));
}

constexpr size_t kMiB = 1 << 20;

void BM_Lines(benchmark::State& state) {
  Run(state, Content(kMiB, static_cast<size_t>(state.range(0)), 0), kMiB + 100,
      BareNewline::kReject);
}
BENCHMARK(BM_Lines)->ArgName("line")->Arg(4)->Arg(8)->Arg(12)->Arg(76)->Arg(998)->UseManualTime();

void BM_LinesInReads(benchmark::State& state) {
  Run(state, Content(kMiB, 76, 0), static_cast<size_t>(state.range(0)), BareNewline::kReject);
}
BENCHMARK(BM_LinesInReads)->ArgName("read")->Arg(64)->Arg(1460)->Arg(16384)->UseManualTime();

void BM_DotLines(benchmark::State& state) {
  Run(state,
      Content(kMiB, static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(1))),
      kMiB + 100, BareNewline::kReject);
}
BENCHMARK(BM_DotLines)
    ->ArgNames({"line", "one_in"})
    ->Args({4, 1})
    ->Args({12, 1})
    ->Args({76, 1})
    ->Args({76, 10})
    ->UseManualTime();

// The worst that a client can send: a fault or a slice at every octet or two.
void BM_BareLineFeeds(benchmark::State& state) {
  Run(state, std::string(kMiB, '\n') + "\r\n.\r\n", kMiB + 100,
      state.range(0) != 0 ? BareNewline::kNormalize : BareNewline::kReject);
}
BENCHMARK(BM_BareLineFeeds)->ArgName("normalize")->Arg(0)->Arg(1)->UseManualTime();

void BM_BareCrs(benchmark::State& state) {
  Run(state, std::string(kMiB, '\r') + "\r\n.\r\n", kMiB + 100,
      state.range(0) != 0 ? BareNewline::kNormalize : BareNewline::kReject);
}
BENCHMARK(BM_BareCrs)->ArgName("normalize")->Arg(0)->Arg(1)->UseManualTime();

void BM_UnixLinesNormalized(benchmark::State& state) {
  std::string s;
  while (s.size() < kMiB) s += std::string(75, 'a') + "\n";
  Run(state, s + "\r\n.\r\n", kMiB + 100, BareNewline::kNormalize);
}
BENCHMARK(BM_UnixLinesNormalized)->UseManualTime();

}  // namespace
}  // namespace postern::wire
