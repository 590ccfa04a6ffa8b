// SPDX-License-Identifier: Apache-2.0
//
// What it costs to split, parse and validate a command line in full: framing, verb, sequence,
// arguments, parameters. Prints lines per second, the ratio to a memcpy of the same octets in the
// same run, and instructions per line where the machine lets a process count them; elsewhere
//   valgrind --tool=callgrind --toggle-collect='*ParseAll*' commands_benchmark
//   --benchmark_filter=mix
// gives the figure.

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "engine/session/judge.h"

namespace postern::session {
namespace {

// Instructions retired by this thread in user space; absent on machines that hide the counter.
class InstructionCounter {
 public:
  InstructionCounter() {
    perf_event_attr attributes = {};
    attributes.size = sizeof(attributes);
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    fd_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
  }
  ~InstructionCounter() {
    if (fd_ >= 0) close(fd_);
  }
  uint64_t Read() const {
    uint64_t value = 0;
    if (fd_ < 0 || read(fd_, &value, sizeof(value)) != sizeof(value)) return 0;
    return value;
  }

 private:
  int fd_;
};

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
Input Repeat(const char* const (&lines)[n]) {
  Input input;
  for (int i = 0; i < 100; ++i) {
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
    sum += static_cast<uint64_t>(judgement.reply) + command.path.mailbox.size();
  }
  return sum;
}

void Run(benchmark::State& state, const Input& input) {
  Config config;
  config.enabled = 0xffffffff;
  View view;
  view.config = &config;
  view.now = {config.enabled, true, false, true};
  wire::LineSplitter splitter(&wire::DefaultMemory(), 562);
  std::vector<char> copy(input.octets.size());
  InstructionCounter counter;
  uint64_t instructions = 0;
  double parse_seconds = 0;
  double copy_seconds = 0;
  using Clock = std::chrono::steady_clock;
  for (auto _ : state) {
    const auto begin = Clock::now();
    const uint64_t before = counter.Read();
    benchmark::DoNotOptimize(ParseAll(input.octets, &splitter, &view));
    instructions += counter.Read() - before;
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
  if (instructions > 0) {
    state.counters["instructions_per_line"] = static_cast<double>(instructions) / lines;
  }
  state.SetItemsProcessed(static_cast<int64_t>(lines));
}

void BM_mix(benchmark::State& state) { Run(state, Repeat(kMix)); }
void BM_junk(benchmark::State& state) { Run(state, Repeat(kJunk)); }
BENCHMARK(BM_mix);
BENCHMARK(BM_junk);

}  // namespace
}  // namespace postern::session
