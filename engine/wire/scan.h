// SPDX-License-Identifier: Apache-2.0
//
// The SIMD scans of this room, dispatched at run time by Google Highway to the widest instruction
// set of the machine.
//
// What it is: pure functions from octets to positions and flags. They never read outside the range
// that they state, so sanitizers see every fault.
// What it is not: a state machine; what a position means is up to line_splitter and data_decoder.
//
// Threads and lifetime: safe from any thread. The choice of instruction set is made on the first
// call (in Highway, by one atomic word), not in a static constructor: the library must be loadable
// and unloadable without effects.

#ifndef POSTERN_ENGINE_WIRE_SCAN_H_
#define POSTERN_ENGINE_WIRE_SCAN_H_

#include <cstddef>
#include <cstdint>

namespace postern::wire {

struct LineScan {
  size_t position;  // of the first LF, or n
  size_t flags;     // LineFlag bits of the octets before `position`
};

// The scans, compiled for one instruction set.
struct ScanKernels {
  // Finds the first LF in p[0, n). A CR counts as kHasBareCr when the octet after it is in the
  // range and is not a LF; a CR that is the last octet of the range counts as nothing.
  LineScan (*scan_line)(const char* p, size_t n);

  // The first i in [0, n) with p[i] == LF and p[i-1] == CR, or n. Reads p[-1, n).
  size_t (*find_cr_lf)(const char* p, size_t n);

  // The first i in [0, n), or n, where the octets p[i-1] p[i] are one of
  //   CR and not LF      the CR is bare
  //   not CR and LF      the LF is bare
  //   LF and '.'         a dot at the start of a line, if that LF is not bare
  // Reads p[-1, n).
  size_t (*find_content_event)(const char* p, size_t n);

  // The first i in [0, n) where the octets up to p[i] are CR LF '.', or n. Reads p[-2, n).
  size_t (*find_dot_line)(const char* p, size_t n);
};

// The kernels for this machine. The choice costs as much as scanning a short line does: objects
// that scan ask once and keep the reference, which is good as long as the library is loaded.
const ScanKernels& ChooseScanKernels();

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_SCAN_H_
