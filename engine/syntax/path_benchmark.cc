// SPDX-License-Identifier: Apache-2.0
//
// What paths and their parameters cost per octet, against finding the end and copying them (memchr
// and memcpy) in the same run. Prints, per case:
//   ns/octet       of the parser
//   x_memory       time of the parser over time of the memchr and memcpy pass
// Instructions: valgrind --tool=callgrind --toggle-collect='postern::syntax::ParsePath*' with
// --benchmark_filter and --benchmark_min_time=0.01, divided by the octets.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/parameters.h"
#include "engine/syntax/path.h"

namespace postern::syntax {
namespace {

using Clock = std::chrono::steady_clock;
using Lines = std::vector<std::string>;

const Lines& Common() {
  static const Lines& lines =
      *new Lines{"<john.smith@example.com>", "<info@mail.example.org>", "<a.b-c@sub.example.net>",
                 "<newsletter+user42@lists.example.com>", "<j@gmail.example>"};
  return lines;
}

const Lines& Long() {
  static const Lines& lines = *new Lines{
      "<bounces+0123456789abcdef-user=example.com@em1234.mail-out-12.eu-west-1.example.net>",
      "<prvs=1234567890=first.middle.last@subdivision.department.company.example.org>"};
  return lines;
}

const Lines& Quoted() {
  static const Lines& lines = *new Lines{"<\"John \\\"Q\\\" Public\"@example.com>",
                                         "<\"very long quoted local part here\"@x.org>"};
  return lines;
}

const Lines& Literals() {
  static const Lines& lines =
      *new Lines{"<postmaster@[192.0.2.25]>", "<root@[IPv6:2001:db8::25:1]>",
                 "<@relay.example,@b.example:user@example.com>"};
  return lines;
}

const Lines& Utf8() {
  static const Lines& lines = *new Lines{
      "<j\xC3\xBCrgen@b\xC3\xBC"
      "cher.example>",
      "<\xE7\x94\xA8\xE6\x88\xB7@\xE4\xBE\x8B\xE5\xAD\x90.example>"};
  return lines;
}

// Must not be dearer than good paths (B2).
const Lines& Junk() {
  static const Lines& lines =
      *new Lines{"<" + std::string(500, 'a'),
                 "<a@" + std::string(500, '.'),
                 "<\"" + std::string(500, '\\'),
                 "<@" + std::string(500, 'a') + ",",
                 "<a@[IPv6:" + std::string(500, ':') + "]>",
                 "<a@" + std::string(500, 'a') + "-." + std::string(500, 'b') + ">"};
  return lines;
}

const Lines& MailArguments() {
  static const Lines& lines =
      *new Lines{"<john.smith@example.com> SIZE=1048576 BODY=8BITMIME",
                 "<newsletter+user42@lists.example.com> SIZE=20480 BODY=8BITMIME SMTPUTF8",
                 "<> SIZE=4096", "<info@mail.example.org>"};
  return lines;
}

// Runs `parse` and then the reference over the same lines as often, and sets the counters.
template <typename Parse>
void Measure(benchmark::State& state, const Lines& lines, Parse parse) {
  size_t octets = 0;
  for (const std::string& line : lines) octets += line.size();
  const Clock::time_point begin = Clock::now();
  for (auto _ : state) {
    for (const std::string& line : lines) parse(line);
  }
  const Clock::time_point middle = Clock::now();
  char copy[2048];
  for (benchmark::IterationCount i = 0; i < state.iterations(); ++i) {
    for (const std::string& line : lines) {
      benchmark::DoNotOptimize(std::memchr(line.data(), '\r', line.size()));
      std::memcpy(copy, line.data(), line.size());
      benchmark::DoNotOptimize(copy);
      benchmark::ClobberMemory();
    }
  }
  const Clock::time_point end = Clock::now();
  const double spent = std::chrono::duration<double>(middle - begin).count();
  const double reference = std::chrono::duration<double>(end - middle).count();
  const double total = static_cast<double>(octets) * static_cast<double>(state.iterations());
  state.counters["ns/octet"] = spent * 1e9 / total;
  state.counters["x_memory"] = spent / reference;
  state.SetItemsProcessed(static_cast<int64_t>(lines.size()) * state.iterations());
  state.SetBytesProcessed(static_cast<int64_t>(total));
}

void BM_Path(benchmark::State& state, const Lines& (*lines)()) {
  PathOptions options;
  options.utf8 = true;
  Measure(state, lines(), [&](const std::string& line) {
    PathResult result;
    benchmark::DoNotOptimize(ParsePath(line, PathKind::kForwardPath, options, &result));
    benchmark::DoNotOptimize(result);
  });
}
BENCHMARK_CAPTURE(BM_Path, common, Common);
BENCHMARK_CAPTURE(BM_Path, long, Long);
BENCHMARK_CAPTURE(BM_Path, quoted, Quoted);
BENCHMARK_CAPTURE(BM_Path, literals_and_routes, Literals);
BENCHMARK_CAPTURE(BM_Path, utf8, Utf8);
BENCHMARK_CAPTURE(BM_Path, junk, Junk);

// Path and parameters, as a MAIL command has them behind "FROM:".
void BM_MailArguments(benchmark::State& state) {
  Measure(state, MailArguments(), [](const std::string& line) {
    PathResult result;
    if (!ParsePath(line, PathKind::kReversePath, {}, &result)) return;
    ParameterIterator iterator(std::string_view(line).substr(result.used));
    Parameter parameter;
    while (iterator.Next(&parameter)) benchmark::DoNotOptimize(parameter);
    benchmark::DoNotOptimize(iterator.error());
  });
}
BENCHMARK(BM_MailArguments);

}  // namespace
}  // namespace postern::syntax
