// SPDX-License-Identifier: Apache-2.0
//
// Well-formed UTF-8 (RFC 3629 §4; contract F6).
//
// What it is: a recogniser. Overlong forms, surrogates and values past U+10FFFF are malformed.
// What it is not: a judge of code points. Unassigned, control (U+0080-U+009F) and bidirectional
// ones pass: RFC 6531 §3.3 leaves them to IDNA and to the host.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_ENGINE_SYNTAX_UTF8_H_
#define POSTERN_ENGINE_SYNTAX_UTF8_H_

#include <cstddef>
#include <string_view>

namespace postern::syntax {

// Length (1-4) of the UTF-8 sequence at the start of `in`; 0 if `in` is empty or does not start
// with a whole, well-formed one.
size_t Utf8SequenceLength(std::string_view in);

// Whether all of `in` is well-formed. The empty string is; so is ASCII, NUL included.
bool IsWellFormedUtf8(std::string_view in);

// Octets of the longest well-formed prefix: in.size() if IsWellFormedUtf8(in).
size_t WellFormedUtf8Prefix(std::string_view in);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_UTF8_H_
