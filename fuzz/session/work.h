// SPDX-License-Identifier: Apache-2.0
//
// How much the engine worked: the basic blocks of engine/ that were run, where the build counts
// them
// (--config=work compiles engine/ with -fsanitize-coverage=trace-pc).
//
// What it is: a count that is the same on every machine and in every run, so that "linear"
// (contract B2) can be an oracle. What it is not: a clock.
//
// Threads: one.

#ifndef POSTERN_FUZZ_SESSION_WORK_H_
#define POSTERN_FUZZ_SESSION_WORK_H_

#include <cstdint>

namespace postern::fuzz {

// Since the start of the program; 0 in builds that do not count.
uint64_t WorkDone();

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_SESSION_WORK_H_
