// SPDX-License-Identifier: Apache-2.0
//
// xtext (RFC 3461 §4): the encoding of addresses and other text inside esmtp-values.
//
// What it is: encoder and decoder into the caller's buffer.
// What it is not: a judge of what was encoded. Decoded octets may be anything, CR, LF and NUL
// included: whoever uses them checks them first.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_ENGINE_SYNTAX_XTEXT_H_
#define POSTERN_ENGINE_SYNTAX_XTEXT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

enum class XtextError : uint8_t {
  kNone,
  kBadOctet,      // neither xchar nor "+", nor taken as it is
  kBadHexchar,    // "+" without two upper-case hexadecimal digits behind it
  kOutputTooBig,  // the result does not fit
};

// *length is set, and out[0, *length) written, on success; on an error nothing is to be used. `out`
// may be where `in` is: the result never is longer. `eight_bit`: octets 0x80-0xFF stand for
// themselves, which is no xtext, but what RFC 6533 §3 lets ORCPT hold.
XtextError DecodeXtext(std::string_view in, char* out, size_t capacity, size_t* length,
                       bool eight_bit = false);

// Octets that EncodeXtext writes for `in`; at most three for each.
size_t EncodedXtextLength(std::string_view in);

// False if `capacity` is less than EncodedXtextLength(in); nothing is to be used then. The ranges
// do not overlap.
bool EncodeXtext(std::string_view in, char* out, size_t capacity, size_t* length);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_XTEXT_H_
