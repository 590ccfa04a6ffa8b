// SPDX-License-Identifier: Apache-2.0
//
// What a line held besides printable ASCII and HT (contract F3, F6). Bits of Line::flags and
// LineScan::flags.
//
// What it is: constants. What it is not: a judgement; whether an octet is allowed depends on where
// it stands and on the extensions in force. Threads and lifetime: none.

#ifndef POSTERN_ENGINE_WIRE_LINE_FLAG_H_
#define POSTERN_ENGINE_WIRE_LINE_FLAG_H_

#include <cstdint>

namespace postern::wire {

enum LineFlag : uint8_t {
  kHasNul = 1,       // 0x00 (F3)
  kHasBareCr = 2,    // a CR that no LF follows (F3)
  kHasControl = 4,   // 0x01-0x1F but HT, CR and LF; and 0x7F (F6)
  kHasEightBit = 8,  // 0x80-0xFF (F6)
};

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_LINE_FLAG_H_
