// SPDX-License-Identifier: Apache-2.0
//
// The constant vectors of plain_path.cc. In memory they are operands of what is done with them;
// a compiler that knows what is in them makes them in registers instead, which is as many
// instructions again. So they are defined in a file of their own.
//
// Threads and lifetime: constants. Private to plain_path.cc.

#ifndef POSTERN_ENGINE_SYNTAX_PLAIN_PATH_TABLES_H_
#define POSTERN_ENGINE_SYNTAX_PLAIN_PATH_TABLES_H_

#include <cstdint>

namespace postern::syntax {

// Bits of the classes below that are Let-dig.
inline constexpr uint8_t kLetDigBits = 7;

// Vectors of up to 32 octets. A table has its 16 rows twice, as look-ups want them in each half.
struct alignas(32) PlainTables {
  // The classes of an octet are the bits that its row by the high half and its row by the low half
  // have in common.
  uint8_t by_high_half[32];
  uint8_t by_low_half[32];
  // One octet, repeated.
  uint8_t low_half[32];
  uint8_t let_dig[32];  // kLetDigBits
  uint8_t dot[32];
  uint8_t hyphen[32];
};
extern const PlainTables kPlainTables;

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_PLAIN_PATH_TABLES_H_
