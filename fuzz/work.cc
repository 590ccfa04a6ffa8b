// SPDX-License-Identifier: Apache-2.0

#include "fuzz/work.h"

#include <string>

namespace postern::fuzz {
namespace {

uint64_t blocks_done = 0;

}  // namespace

uint64_t WorkDone() { return blocks_done; }

Finding WorkIsLinear(uint64_t blocks, size_t octets, uint64_t fixed, uint64_t per_octet) {
  const uint64_t most = fixed + per_octet * octets;
  if (blocks <= most) return {};
  return std::to_string(blocks) + " basic blocks for " + std::to_string(octets) +
         " octets: more than " + std::to_string(most);
}

}  // namespace postern::fuzz

// What the compiler calls in each basic block. Weak: a fuzzing engine may have its own.
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc();
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc() { ++postern::fuzz::blocks_done; }
