// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/xtext.h"

#include "engine/syntax/octet_class.h"

namespace postern::syntax {
namespace {

// hexchar has upper-case digits only (RFC 3461 §4); -1 for anything else.
int UpperHexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

XtextError DecodeXtext(std::string_view in, char* out, size_t capacity, size_t* length,
                       bool eight_bit) {
  size_t written = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    char octet = in[i];
    if (octet == '+') {
      if (in.size() - i < 3) return XtextError::kBadHexchar;
      const int high = UpperHexValue(in[i + 1]);
      const int low = UpperHexValue(in[i + 2]);
      if (high < 0 || low < 0) return XtextError::kBadHexchar;
      octet = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (!IsOctet(octet, kXchar) && !(eight_bit && IsOctet(octet, kEightBit))) {
      return XtextError::kBadOctet;
    }
    if (written == capacity) return XtextError::kOutputTooBig;
    out[written++] = octet;
  }
  *length = written;
  return XtextError::kNone;
}

size_t EncodedXtextLength(std::string_view in) {
  size_t length = 0;
  for (const char c : in) length += IsOctet(c, kXchar) ? 1 : 3;
  return length;
}

bool EncodeXtext(std::string_view in, char* out, size_t capacity, size_t* length) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  size_t written = 0;
  for (const char c : in) {
    if (IsOctet(c, kXchar)) {
      if (written == capacity) return false;
      out[written++] = c;
      continue;
    }
    if (capacity - written < 3) return false;
    const uint8_t octet = static_cast<uint8_t>(c);
    out[written++] = '+';
    out[written++] = kDigits[octet >> 4];
    out[written++] = kDigits[octet & 15];
  }
  *length = written;
  return true;
}

}  // namespace postern::syntax
