// SPDX-License-Identifier: Apache-2.0
//
// A strict recogniser of what a server may send (rule R4, RFC 5321 section 4.2): the oracle of
// tests, fuzz targets and transcripts. It shares no code with what writes replies, and is no parser
// for clients: it tells right from wrong and where.
//
// Threads and lifetime: pure; allocates nothing.

#ifndef POSTERN_ENGINE_REPLIES_REPLY_GRAMMAR_H_
#define POSTERN_ENGINE_REPLIES_REPLY_GRAMMAR_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::replies {

enum class GrammarError : uint8_t {
  kNone,
  kCode,         // not three digits 2-5, 0-5, 0-9
  kSeparator,    // neither '-' nor SP nor the line's end behind the code
  kText,         // an octet that may not stand in text, or SP without text
  kLineEnd,      // a CR or LF that is not CR LF
  kLineTooLong,  // over 512 octets with CR LF
  kMixedCodes,   // another code than on the reply's first line
  kUnfinished,   // the stream ends within a line or a reply
  kEnhanced,     // an enhanced code of another class than the reply's, or not on all lines
};

struct GrammarResult {
  GrammarError error = GrammarError::kNone;
  size_t offset = 0;   // of the line where the error is; the stream's length if there is none
  size_t replies = 0;  // whole replies before it
  uint16_t last_code = 0;
};

struct GrammarOptions {
  bool utf8 = false;  // text may be UTF-8 (RFC 6531 section 3.7.4)
  // Text that looks like an enhanced status code is one: it must be on all lines of the reply or on
  // none, and of the reply's class (RFC 2034). Off where the text is anybody's.
  bool enhanced = false;
};

// Checks whole replies, one behind the other.
GrammarResult CheckReplyStream(std::string_view stream,
                               const GrammarOptions& options = GrammarOptions()) noexcept;

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_GRAMMAR_H_
