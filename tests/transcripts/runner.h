// SPDX-License-Identifier: Apache-2.0
//
// Runs one transcript in one of several ways and tells what came of it.
//
// What it is: a host with scripted answers. It feeds the octets in the pieces that the way of
// running asks for, from a buffer of their own that is gone as soon as the events of the piece were
// taken, so that a session that keeps a pointer too long is caught by ASan. What it is not: a
// judge; transcripts_test.cc compares.

#ifndef POSTERN_TESTS_TRANSCRIPTS_RUNNER_H_
#define POSTERN_TESTS_TRANSCRIPTS_RUNNER_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tests/transcripts/driver.h"
#include "tests/transcripts/transcript.h"

namespace postern::transcripts {

inline constexpr size_t kNoCut = static_cast<size_t>(-1);

// How the octets are cut into reads.
struct Way {
  size_t piece = kNoCut;     // at most so many octets a read
  size_t cut = kNoCut;       // a read ends before this octet, counted over the whole transcript
  bool join = false;         // neighbouring C: steps come in one read
  bool lazy_output = false;  // output is taken only when the session waits for that
  bool by_line = false;      // reads end behind CR LF, and R1, R2, R5 are checked for each line
};

struct LoggedEvent {
  std::string text;     // without "E: "
  std::string content;  // kContent: the octets; text is empty then
};

// What happened, in the order of happening.
struct Entry {
  bool is_output = false;
  std::string output;
  LoggedEvent event;
};

// The answer that a decision got, for the runs that follow the first.
using Answers = std::vector<AnswerPlan>;

struct Result {
  std::vector<std::vector<Entry>> steps;
  std::string output;
  std::vector<std::string> events;  // slices of content that follow each other merged
  Answers answers;
  size_t peak_memory = 0;             // the session itself left out
  std::vector<std::string> problems;  // breaches of rules that hold for every session
};

// `answers` null: the transcript's A: lines decide, and must all be used. Else they are given in
// turn.
Result RunTranscript(DriverFactory* factory, const Transcript& transcript, const Way& way,
                     const Answers* answers);

// The golden lines of each step of a whole run.
std::vector<std::vector<std::string>> GoldenLines(const Result& result);

// Compares the replies and rules of a whole run with the W: lines, which people wrote. One text per
// difference.
std::vector<std::string> CompareWithWanted(const Transcript& transcript, const Result& result);

// Octets that the client sends in all.
size_t InputOctets(const Transcript& transcript);
// Where to cut in turn: everywhere, or with long input everywhere but inside of monotonous parts.
std::vector<size_t> CutPositions(const Transcript& transcript);

}  // namespace postern::transcripts

#endif  // POSTERN_TESTS_TRANSCRIPTS_RUNNER_H_
