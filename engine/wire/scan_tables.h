// SPDX-License-Identifier: Apache-2.0
//
// The constant vectors of the scans. In memory they are operands of what is done with them; a
// compiler that knows what is in them makes them in registers, or makes two comparisons of one. So
// they are defined in a file of their own.
//
// Threads and lifetime: constants. Private to scan.cc.

#ifndef POSTERN_ENGINE_WIRE_SCAN_TABLES_H_
#define POSTERN_ENGINE_WIRE_SCAN_TABLES_H_

#include <cstdint>

namespace postern::wire {

// What moves 0x20-0x7E to the lowest signed values, and the greatest of those. One octet each,
// repeated.
inline constexpr uint8_t kPrintableShift = 0x60;
inline constexpr int8_t kPrintableEnd = 0x7E + 0x60 - 0x100;
struct alignas(32) ScanTables {
  uint8_t printable_shift[32];
  int8_t printable_end[32];
  uint8_t cr[32];
  uint8_t lf[32];
  uint8_t dot[32];
};
extern const ScanTables kScanTables;

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_SCAN_TABLES_H_
