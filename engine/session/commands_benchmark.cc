// SPDX-License-Identifier: Apache-2.0
//
// What it costs to split, parse and validate a command line in full: framing, verb, sequence,
// arguments, parameters. Prints lines per second, the ratio to a memcpy of the same octets in the
// same run, and instructions per line (tests/support/instruction_counter.h), which
//   valgrind --tool=callgrind --toggle-collect='*ParseAll*' commands_benchmark
//   --benchmark_filter=mix --benchmark_min_time=0.0000001
// tells function by function.

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "engine/session/judge.h"
#include "tests/support/instruction_counter.h"

namespace postern::session {
namespace {

const char* const kMix[] = {
    "EHLO mail.client.example",
    "MAIL FROM:<alice@client.example> SIZE=10240 BODY=8BITMIME",
    "RCPT TO:<bob@server.example>",
    "RCPT TO:<carol.with.a.longer.name+tag@department.university.example>",
    "RCPT TO:<\"a quoted local-part\"@server.example>",
    "RSET",
    "MAIL FROM:<bounce-12345-abcdef=example.org@lists.provider.example> SIZE=4096 BODY=8BITMIME "
    "SMTPUTF8",
    "RCPT TO:<someone@[192.0.2.200]>",
    "RCPT TO:<very.long.local.part.that.goes.on.and.on.until.sixty@mail.a-rather-long-host-name."
    "in-some-department.of-a-university.example>",
    "NOOP",
};

const char* const kJunk[] = {
    "GET / HTTP/1.1",
    "Host: 192.0.2.1",
    "MAIL FROM:<alice@client..example> SIZE=10240",
    "RCPT TO:<bob@server.example",
    "\x16\x03\x01\x02",
    "MAIL FROM:<bounce-12345-abcdef=example.org@lists.provider.example> FOO=BAR SIZE=1",
    "AUTH LOGIN",
    "RCPT TO:<a b@server.example>",
    "",
    "DATA now please",
};

struct Input {
  std::string octets;
  size_t lines = 0;
};

template <size_t n>
Input Repeat(const char* const (&lines)[n], int times) {
  Input input;
  for (int i = 0; i < times; ++i) {
    for (const char* line : lines) {
      input.octets += line;
      input.octets += "\r\n";
      ++input.lines;
    }
  }
  return input;
}

// Every command is judged in a phase in which it is allowed, so that none is refused early.
commands::Phase PhaseFor(std::string_view line) {
  switch (line.empty() ? 0 : line[0] | 0x20) {
    case 'm':
      return commands::Phase::kReady;
    case 'r':
      return commands::Phase::kMail;
    case 'd':
      return commands::Phase::kRcpt;
    default:
      return commands::Phase::kReady;
  }
}

__attribute__((noinline)) uint64_t ParseAll(const std::string& octets, wire::LineSplitter* splitter,
                                            View* view) {
  uint64_t sum = 0;
  std::string_view rest = octets;
  wire::Line line;
  while (!rest.empty()) {
    size_t used = 0;
    const wire::LineStatus status = splitter->Next(rest, &used, &line);
    rest.remove_prefix(used);
    if (status != wire::LineStatus::kLine) continue;
    commands::ParsedCommand command;
    view->phase = PhaseFor(line.text);
    const Judgement judgement = JudgeLine(line, *view, &command);
    sum += static_cast<uint64_t>(judgement.reply) + command.parameters.size();
  }
  return sum;
}

// `few` is a part of `input` that says what the whole of it does, an instruction at a time.
void Run(benchmark::State& state, const Input& input, const Input& few) {
  Config config;
  // All extensions; but nobody has to log in, and no parameter is for the host to know.
  config.enabled = ~(commands::Bit(commands::Extension::kAuthFirst) |
                     commands::Bit(commands::Extension::kHostParameters));
  View view;
  view.config = &config;
  view.leniency = &config.leniency;
  view.now = {config.enabled, true, false, true};
  wire::LineSplitter splitter(&wire::DefaultMemory(), 562);
  std::vector<char> copy(input.octets.size());
  double parse_seconds = 0;
  double copy_seconds = 0;
  using Clock = std::chrono::steady_clock;
  for (auto _ : state) {
    const auto begin = Clock::now();
    benchmark::DoNotOptimize(ParseAll(input.octets, &splitter, &view));
    const auto middle = Clock::now();
    std::memcpy(copy.data(), input.octets.data(), copy.size());
    benchmark::ClobberMemory();
    const auto end = Clock::now();
    parse_seconds += std::chrono::duration<double>(middle - begin).count();
    copy_seconds += std::chrono::duration<double>(end - middle).count();
  }
  const double lines = static_cast<double>(input.lines) * static_cast<double>(state.iterations());
  state.counters["ns_per_line"] = parse_seconds * 1e9 / lines;
  state.counters["of_memcpy"] = copy_seconds / parse_seconds;
  const uint64_t instructions = support::CountInstructions(
      [&] { benchmark::DoNotOptimize(ParseAll(few.octets, &splitter, &view)); });
  if (instructions > 0) {
    state.counters["instructions_per_line"] =
        static_cast<double>(instructions) / static_cast<double>(few.lines);
  }
  state.SetItemsProcessed(static_cast<int64_t>(lines));
}

void BM_mix(benchmark::State& state) { Run(state, Repeat(kMix, 100), Repeat(kMix, 2)); }
void BM_junk(benchmark::State& state) { Run(state, Repeat(kJunk, 100), Repeat(kJunk, 2)); }
BENCHMARK(BM_mix)->Iterations(200);
BENCHMARK(BM_junk)->Iterations(200);

// Each line by itself, so that the dearest is seen. Counted as ten of a kind.
template <size_t n>
void RunLine(benchmark::State& state, const char* const (&lines)[n]) {
  const char* const line[] = {lines[state.range(0)]};
  state.SetLabel(line[0]);
  Run(state, Repeat(line, 1000), Repeat(line, 10));
}
void BM_mix_line(benchmark::State& state) { RunLine(state, kMix); }
void BM_junk_line(benchmark::State& state) { RunLine(state, kJunk); }
BENCHMARK(BM_mix_line)->DenseRange(0, 9)->Iterations(20);
BENCHMARK(BM_junk_line)->DenseRange(0, 9)->Iterations(20);

}  // namespace
}  // namespace postern::session
