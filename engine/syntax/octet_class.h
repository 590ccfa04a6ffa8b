// SPDX-License-Identifier: Apache-2.0
//
// What an octet may be in SMTP's grammars: one table of bit classes.
//
// What it is: the terminals of RFC 5321 §4.1.2 and §4.1.3, RFC 3461 §4 and RFC 5234 appendix B.1 as
// one constexpr array, and the loop that skips a run of one class.
// What it is not: a source of rules that span octets (where a hyphen or a dot may stand, how long a
// label is, whether UTF-8 is well-formed); those are with the productions.
//
// Threads and lifetime: constants only.

#ifndef POSTERN_ENGINE_SYNTAX_OCTET_CLASS_H_
#define POSTERN_ENGINE_SYNTAX_OCTET_CLASS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace postern::syntax {

// Bits of kOctetClasses. The classes of the hot loops are in the low octet, so that a byte-wide
// test reaches them.
enum OctetClass : uint16_t {
  kAtext = 1 << 0,         // RFC 5322 §3.2.3
  kLetDig = 1 << 1,        // Let-dig, RFC 5321 §4.1.2
  kLetDigHyphen = 1 << 2,  // what Ldh-str and esmtp-keyword are made of, RFC 5321 §4.1.2
  kQtextSmtp = 1 << 3,     // %d32-33 / %d35-91 / %d93-126, RFC 5321 §4.1.2
  kDcontent = 1 << 4,      // %d33-90 / %d94-126, RFC 5321 §4.1.3
  kEsmtpValue = 1 << 5,    // %d33-60 / %d62-126, RFC 5321 §4.1.2
  kDigit = 1 << 6,         // RFC 5234 B.1
  kEightBit = 1 << 7,      // %x80-FF: UTF8-non-ascii or nothing (RFC 6531 §3.3)
  kHexDigit = 1 << 8,      // HEXDIG in either case: ABNF strings ignore case (RFC 5234 §2.3)
  kXchar = 1 << 9,         // %d33-42 / %d44-60 / %d62-126, RFC 3461 §4
  kPrintable = 1 << 10,    // %d32-126
  kAlpha = 1 << 11,        // RFC 5234 B.1
  kUtf8Lead = 1 << 12,     // %xC2-F4, the first octet of UTF8-2, UTF8-3 or UTF8-4 (RFC 3629 §4)
  kUtf8Tail = 1 << 13,     // %x80-BF (RFC 3629 §4)
};

namespace internal {

constexpr bool InRange(unsigned c, unsigned first, unsigned last) {
  return c >= first && c <= last;
}

constexpr bool IsOneOf(unsigned c, const char* set) {
  for (; *set != '\0'; ++set) {
    if (c == static_cast<unsigned char>(*set)) return true;
  }
  return false;
}

constexpr uint16_t ClassesOf(unsigned c) {
  const bool alpha = InRange(c, 'A', 'Z') || InRange(c, 'a', 'z');
  const bool digit = InRange(c, '0', '9');
  unsigned bits = 0;
  if (alpha) bits |= kAlpha;
  if (digit) bits |= kDigit;
  if (alpha || digit) bits |= kLetDig;
  if (alpha || digit || c == '-') bits |= kLetDigHyphen;
  if (alpha || digit || IsOneOf(c, "!#$%&'*+-/=?^_`{|}~")) bits |= kAtext;
  if (InRange(c, 32, 33) || InRange(c, 35, 91) || InRange(c, 93, 126)) bits |= kQtextSmtp;
  if (InRange(c, 33, 90) || InRange(c, 94, 126)) bits |= kDcontent;
  if (InRange(c, 33, 60) || InRange(c, 62, 126)) bits |= kEsmtpValue;
  if (InRange(c, 33, 42) || InRange(c, 44, 60) || InRange(c, 62, 126)) bits |= kXchar;
  if (digit || InRange(c, 'A', 'F') || InRange(c, 'a', 'f')) bits |= kHexDigit;
  if (InRange(c, 32, 126)) bits |= kPrintable;
  if (c >= 0x80) bits |= kEightBit;
  if (InRange(c, 0xC2, 0xF4)) bits |= kUtf8Lead;
  if (InRange(c, 0x80, 0xBF)) bits |= kUtf8Tail;
  return static_cast<uint16_t>(bits);
}

constexpr std::array<uint16_t, 256> MakeOctetClasses() {
  std::array<uint16_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = ClassesOf(c);
  return table;
}

}  // namespace internal

inline constexpr std::array<uint16_t, 256> kOctetClasses = internal::MakeOctetClasses();

// Whether `c` is in any of the classes of `mask`.
constexpr bool IsOctet(char c, uint16_t mask) {
  return (kOctetClasses[static_cast<unsigned char>(c)] & mask) != 0;
}

// The first octet of [p, end) that is in no class of kMask, or `end`. Four octets per bounds check:
// the runs of SMTP are short, and this loop is most of what an address costs.
template <uint16_t kMask>
inline const char* SkipClass(const char* p, const char* end) {
  while (end - p >= 4) {
    if (!IsOctet(p[0], kMask)) return p;
    if (!IsOctet(p[1], kMask)) return p + 1;
    if (!IsOctet(p[2], kMask)) return p + 2;
    if (!IsOctet(p[3], kMask)) return p + 3;
    p += 4;
  }
  while (p != end && IsOctet(*p, kMask)) ++p;
  return p;
}

// Offsets in results are 16 bits wide, which every command line fits; past that they saturate.
constexpr uint16_t SaturatedOffset(size_t offset) {
  return offset > 0xFFFF ? uint16_t{0xFFFF} : static_cast<uint16_t>(offset);
}

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_OCTET_CLASS_H_
