// SPDX-License-Identifier: Apache-2.0
//
// Writing what a client sent into a reply (rule R4): at most `limit` octets of it, printable ASCII
// only, never empty. Private to engine/replies.
//
// Threads and lifetime: pure functions; no allocation, no exception.

#ifndef POSTERN_ENGINE_REPLIES_REPLY_OCTETS_H_
#define POSTERN_ENGINE_REPLIES_REPLY_OCTETS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace postern::replies {

inline constexpr uint8_t kNoValue = 0xff;

// Octets that CopyPrintable writes. `limit` is at least 4.
inline size_t PrintableLength(std::string_view value, size_t limit) noexcept {
  if (value.empty()) return 1;
  return value.size() < limit ? value.size() : limit;
}

inline char Printable(char c) noexcept { return c >= 0x20 && c <= 0x7e ? c : '?'; }

// Copies `value`, '?' for every octet that is not printable ASCII. What is longer than `limit` is
// cut and ends in "..."; an empty value becomes "?", so that no line ends up without text (RFC 5321
// section 4.2). Returns PrintableLength().
inline size_t CopyPrintable(std::string_view value, size_t limit, char* out) noexcept {
  if (value.empty()) {
    *out = '?';
    return 1;
  }
  const bool cut = value.size() > limit;
  const size_t count = cut ? limit - 3 : value.size();
  const char* in = value.data();
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    uint64_t word;
    std::memcpy(&word, in + i, 8);
    constexpr uint64_t kOnes = 0x0101010101010101u;
    // High bits: an octet below 0x20, above 0x7e, or next to such a one; 0 means all printable.
    const uint64_t odd = (word - kOnes * 0x20) | (word + kOnes) | word;
    if ((odd & (kOnes * 0x80)) == 0) {
      std::memcpy(out + i, &word, 8);
    } else {
      for (size_t k = i; k < i + 8; ++k) out[k] = Printable(in[k]);
    }
  }
  for (; i < count; ++i) out[i] = Printable(in[i]);
  if (!cut) return count;
  std::memcpy(out + count, "...", 3);
  return limit;
}

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_OCTETS_H_
