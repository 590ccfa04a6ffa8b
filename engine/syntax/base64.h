// SPDX-License-Identifier: Apache-2.0
//
// base64 (RFC 4648 §4), strictly: as AUTH exchanges use it (RFC 4954 §4).
//
// What it is: encoder and decoder into the caller's buffer. Whitespace, line ends, missing or
// superfluous padding, and non-zero bits behind the last octet (§3.5) are errors: every octet
// string has exactly one encoding. What it is not: base64url, or AUTH's "=" and "*", which are not
// base64.
//
// Threads and lifetime: pure functions. Not constant-time: what is decoded has crossed the wire.

#ifndef POSTERN_ENGINE_SYNTAX_BASE64_H_
#define POSTERN_ENGINE_SYNTAX_BASE64_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

enum class Base64Error : uint8_t {
  kNone,
  kBadLength,     // not a multiple of four
  kBadOctet,      // outside the alphabet, or "=" before the end
  kTrailingBits,  // the unused bits of the last quantum are not zero
  kOutputTooBig,  // the result does not fit
};

// *length is set, and out[0, *length) written, on success; on an error nothing is to be used. `out`
// may be where `in` is.
Base64Error DecodeBase64(std::string_view in, char* out, size_t capacity, size_t* length);

constexpr size_t EncodedBase64Length(size_t octets) { return (octets / 3 + (octets % 3 != 0)) * 4; }

// False if `capacity` is less than EncodedBase64Length(in.size()). The ranges do not overlap.
bool EncodeBase64(std::string_view in, char* out, size_t capacity, size_t* length);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_BASE64_H_
