// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/utf8.h"

#include <cstdint>
#include <cstring>

#include "engine/syntax/octet_class.h"

namespace postern::syntax {
namespace {

uint8_t Octet(const char* p) { return static_cast<uint8_t>(*p); }

// RFC 3629 §4. Only the second octet has a range of its own: it excludes overlong forms (E0, F0),
// surrogates (ED) and what lies past U+10FFFF (F4).
size_t SequenceLength(const char* p, const char* end) {
  if (p == end) return 0;
  const uint8_t lead = Octet(p);
  if (lead < 0x80) return 1;
  if (!IsOctet(*p, kUtf8Lead)) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (static_cast<size_t>(end - p) < length) return 0;
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (Octet(p + 1) < low || Octet(p + 1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!IsOctet(p[i], kUtf8Tail)) return 0;
  }
  return length;
}

}  // namespace

size_t Utf8SequenceLength(std::string_view in) {
  return SequenceLength(in.data(), in.data() + in.size());
}

size_t WellFormedUtf8Prefix(std::string_view in) {
  const char* const begin = in.data();
  const char* const end = begin + in.size();
  const char* p = begin;
  while (p != end) {
    // Mostly it is ASCII, even where UTF-8 is allowed.
    while (end - p >= 8) {
      uint64_t octets;
      std::memcpy(&octets, p, sizeof(octets));
      if ((octets & 0x8080808080808080u) != 0) break;
      p += sizeof(octets);
    }
    while (p != end && Octet(p) < 0x80) ++p;
    while (p != end && Octet(p) >= 0x80) {
      const size_t length = SequenceLength(p, end);
      if (length == 0) return static_cast<size_t>(p - begin);
      p += length;
    }
  }
  return in.size();
}

bool IsWellFormedUtf8(std::string_view in) { return WellFormedUtf8Prefix(in) == in.size(); }

}  // namespace postern::syntax
