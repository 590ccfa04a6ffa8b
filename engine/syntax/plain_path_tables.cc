// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/plain_path_tables.h"

#include "engine/syntax/octet_class.h"

namespace postern::syntax {
namespace {

// Rows of ASCII that hold atext (RFC 5322 §3.2.3), one bit for each set of columns. The first three
// are Let-dig.
//   1: 3x 0-9              2: 4x 6x 1-F            4: 5x 7x 0-A
//   8: 2x ! # $ % & ' * + - /     16: 3x = ?      32: 5x ^ _     64: 6x `     128: 7x { | } ~
constexpr uint8_t kByHighHalf[16] = {0, 0, 8, 1 | 16, 2, 4 | 32, 2 | 64, 4 | 128,
                                     0, 0, 0, 0,      0, 0,      0,      0};
constexpr uint8_t kByLowHalf[16] = {
    /* 0 */ 1 | 4 | 64,
    /* 1 */ 1 | 2 | 4 | 8,
    /* 2 */ 1 | 2 | 4,
    /* 3 */ 1 | 2 | 4 | 8,
    /* 4 */ 1 | 2 | 4 | 8,
    /* 5 */ 1 | 2 | 4 | 8,
    /* 6 */ 1 | 2 | 4 | 8,
    /* 7 */ 1 | 2 | 4 | 8,
    /* 8 */ 1 | 2 | 4,
    /* 9 */ 1 | 2 | 4,
    /* A */ 2 | 4 | 8,
    /* B */ 2 | 8 | 128,
    /* C */ 2 | 128,
    /* D */ 2 | 8 | 16 | 128,
    /* E */ 2 | 32 | 128,
    /* F */ 2 | 8 | 16 | 32,
};

constexpr bool ClassesAreRight() {
  for (unsigned c = 0; c < 256; ++c) {
    const char octet = static_cast<char>(static_cast<unsigned char>(c));
    const unsigned classes = kByHighHalf[c >> 4] & kByLowHalf[c & 15];
    if ((classes != 0) != IsOctet(octet, kAtext)) return false;
    if (((classes & kLetDigBits) != 0) != IsOctet(octet, kLetDig)) return false;
  }
  return true;
}
static_assert(ClassesAreRight());

constexpr PlainTables MakeTables() {
  PlainTables tables = {};
  for (unsigned i = 0; i < 32; ++i) {
    tables.by_high_half[i] = kByHighHalf[i % 16];
    tables.by_low_half[i] = kByLowHalf[i % 16];
    tables.low_half[i] = 15;
    tables.let_dig[i] = kLetDigBits;
    tables.dot[i] = '.';
    tables.hyphen[i] = '-';
  }
  return tables;
}

}  // namespace

constexpr PlainTables kPlainTables = MakeTables();

}  // namespace postern::syntax
