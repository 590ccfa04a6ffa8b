// SPDX-License-Identifier: Apache-2.0

#include "fuzz/check.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace postern::fuzz {

void Require(std::string_view oracle, const Finding& finding) {
  if (finding.empty()) return;
  std::fflush(stdout);
  std::fprintf(stderr, "oracle %.*s: %s\n", static_cast<int>(oracle.size()), oracle.data(),
               finding.c_str());
  std::abort();
}

void RequireThat(bool condition, std::string_view oracle, std::string_view finding) {
  if (!condition) Require(oracle, finding.empty() ? Finding("does not hold") : Finding(finding));
}

std::string Visible(std::string_view octets) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string s;
  for (const char c : octets) {
    const auto octet = static_cast<uint8_t>(c);
    if (c == '\r') {
      s += "<CR>";
    } else if (c == '\n') {
      s += "<LF>";
    } else if (octet < 0x20 || octet > 0x7E) {
      s += '<';
      s += kHex[octet >> 4];
      s += kHex[octet & 15];
      s += '>';
    } else {
      s += c;
    }
  }
  return s;
}

}  // namespace postern::fuzz
