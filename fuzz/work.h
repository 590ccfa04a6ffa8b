// SPDX-License-Identifier: Apache-2.0
//
// How much the engine worked: the basic blocks of engine/ that were run, where the build counts
// them (--config=work compiles engine/ with -fsanitize-coverage=trace-pc).
//
// What it is: a count that is the same on every machine and in every run, so that "linear"
// (contract B2) can be an oracle. What it is not: a clock.
//
// Threads: one.

#ifndef POSTERN_FUZZ_WORK_H_
#define POSTERN_FUZZ_WORK_H_

#include <cstddef>
#include <cstdint>

#include "fuzz/check.h"

namespace postern::fuzz {

// Since the start of the program; 0 in builds that do not count.
uint64_t WorkDone();

// B2, for one call that was given so many octets: at most `fixed` blocks, and `per_octet` for each.
Finding WorkIsLinear(uint64_t blocks, size_t octets, uint64_t fixed, uint64_t per_octet);

// The same for all that is done as long as it lives: the target of one room runs one input. What
// targets allow is some twice what the dearest input of their corpora takes.
class LinearWork {
 public:
  LinearWork(size_t octets, uint64_t fixed, uint64_t per_octet)
      : before_(WorkDone()), octets_(octets), fixed_(fixed), per_octet_(per_octet) {}
  ~LinearWork() {
    Require("WorkIsLinear", WorkIsLinear(WorkDone() - before_, octets_, fixed_, per_octet_));
  }
  LinearWork(const LinearWork&) = delete;
  LinearWork& operator=(const LinearWork&) = delete;

 private:
  const uint64_t before_;
  const size_t octets_;
  const uint64_t fixed_;
  const uint64_t per_octet_;
};

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_WORK_H_
