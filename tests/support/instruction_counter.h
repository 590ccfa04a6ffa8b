// SPDX-License-Identifier: Apache-2.0
//
// Instructions that a piece of work takes: the unit of benchmarks that must mean the same on a busy
// machine and on a quiet one.
//
// What it is: the processor's own counter where the machine lets a process read it; else the work
// is done once more in a forked child that is single-stepped, some microseconds an instruction.
// What it is not: a clock. A `rep` string instruction counts once by the counter and once per round
// when stepped.
//
// Threads and lifetime: one caller at a time, and no other thread may run while it forks.

#ifndef POSTERN_TESTS_SUPPORT_INSTRUCTION_COUNTER_H_
#define POSTERN_TESTS_SUPPORT_INSTRUCTION_COUNTER_H_

#include <cstdint>
#include <functional>

namespace postern::support {

// Of `work`, in user space. 0 where neither way is open, as under valgrind, which counts by itself
// (docs/benchmarks.md). The work may be done in another process: what it changes is lost, so it
// should have been done once before, for caches and lazily bound symbols to be as they will be.
uint64_t CountInstructions(const std::function<void()>& work);

}  // namespace postern::support

#endif  // POSTERN_TESTS_SUPPORT_INSTRUCTION_COUNTER_H_
