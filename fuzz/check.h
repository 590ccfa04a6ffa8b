// SPDX-License-Identifier: Apache-2.0
//
// How a fuzz target says that an oracle was contradicted.
//
// What it is: an oracle is a function that returns a Finding, empty where all is well, so that a
// test can feed it something wrong and see that it says so; Require ends the program on a finding,
// which every fuzzing engine, and the corpus test, takes for a crash. What it is not: a test
// framework.
//
// Threads: none; the program ends.

#ifndef POSTERN_FUZZ_CHECK_H_
#define POSTERN_FUZZ_CHECK_H_

#include <string>
#include <string_view>

namespace postern::fuzz {

// What is wrong, in words; empty if nothing is.
using Finding = std::string;

// Prints the oracle and what it found, and aborts, unless the finding is empty.
void Require(std::string_view oracle, const Finding& finding);

// The same for a plain condition.
void RequireThat(bool condition, std::string_view oracle, std::string_view finding);

// Octets as a person can read them: printable ASCII as it is, <CR>, <LF>, <XX>.
std::string Visible(std::string_view octets);

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_CHECK_H_
