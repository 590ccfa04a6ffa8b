// SPDX-License-Identifier: Apache-2.0

#include "fuzz/session/work.h"

namespace postern::fuzz {
namespace {

uint64_t blocks = 0;

}  // namespace

uint64_t WorkDone() { return blocks; }

}  // namespace postern::fuzz

// What the compiler calls in each basic block. Weak: a fuzzing engine may have its own.
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc();
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc() { ++postern::fuzz::blocks; }
