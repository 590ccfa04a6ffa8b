// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/ip_address.h"

#include "engine/syntax/octet_class.h"

namespace postern::syntax {
namespace {

unsigned HexValue(char c) {
  if (c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

}  // namespace

bool ParseIpv4Address(std::string_view in, std::array<uint8_t, 4>* out) {
  std::array<uint8_t, 4> octets{};
  size_t at = 0;
  for (size_t i = 0; i < 4; ++i) {
    if (i != 0 && (at == in.size() || in[at++] != '.')) return false;
    const size_t begin = at;
    unsigned value = 0;
    while (at < in.size() && at - begin < 3 && IsOctet(in[at], kDigit)) {
      value = value * 10 + static_cast<unsigned>(in[at++] - '0');
    }
    if (at == begin || value > 255 || (at - begin > 1 && in[begin] == '0')) return false;
    octets[i] = static_cast<uint8_t>(value);
  }
  if (at != in.size()) return false;
  *out = octets;
  return true;
}

bool ParseIpv6Address(std::string_view in, std::array<uint8_t, 16>* out) {
  std::array<uint8_t, 16> octets{};
  size_t filled = 0;     // octets that were written out so far
  bool has_gap = false;  // "::", which stands for one group or more
  size_t gap = 0;        // where in those octets it is
  size_t at = 0;
  if (in.substr(0, 2) == "::") {
    has_gap = true;
    at = 2;
  }
  while (at < in.size()) {
    const size_t room = octets.size() - filled - (has_gap ? 2 : 0);
    const size_t begin = at;
    unsigned value = 0;
    while (at < in.size() && at - begin < 4 && IsOctet(in[at], kHexDigit)) {
      value = value * 16 + HexValue(in[at++]);
    }
    if (at < in.size() && in[at] == '.') {
      std::array<uint8_t, 4> tail{};
      if (room < 4 || !ParseIpv4Address(in.substr(begin), &tail)) return false;
      for (const uint8_t octet : tail) octets[filled++] = octet;
      break;
    }
    if (at == begin || room < 2) return false;
    octets[filled++] = static_cast<uint8_t>(value >> 8);
    octets[filled++] = static_cast<uint8_t>(value);
    if (at == in.size()) break;
    if (in[at++] != ':' || at == in.size()) return false;
    if (in[at] != ':') continue;
    if (has_gap || filled == octets.size()) return false;
    has_gap = true;
    gap = filled;
    ++at;
  }
  if (!has_gap && filled != octets.size()) return false;
  if (has_gap) {
    const size_t behind = filled - gap;
    for (size_t i = 1; i <= behind; ++i) octets[octets.size() - i] = octets[filled - i];
    for (size_t i = gap; i < octets.size() - behind; ++i) octets[i] = 0;
  }
  *out = octets;
  return true;
}

}  // namespace postern::syntax
