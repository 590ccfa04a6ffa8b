// SPDX-License-Identifier: Apache-2.0
//
// A second reader of replies, strict and slow, that shares no code with the one that wrote them
// (contract R4, R5; RFC 5321 section 4.2, RFC 2034 section 4).

#ifndef POSTERN_TESTS_TRANSCRIPTS_REPLY_ORACLE_H_
#define POSTERN_TESTS_TRANSCRIPTS_REPLY_ORACLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::transcripts {

struct SeenReply {
  uint16_t code = 0;
  std::string enhanced;             // of the first line, if it has one
  bool enhanced_everywhere = true;  // every line has that same one
  std::vector<std::string> lines;   // without CR LF
};

// Cuts whole output into replies. Returns false, with the reason, at the first breach of the
// grammar.
bool ReadReplies(std::string_view output, bool utf8, std::vector<SeenReply>* replies,
                 std::string* error);

// R5 for one reply. `greeting_or_helo` is true for what RFC 2034 excepts. Returns the reason, or
// nothing.
std::string EnhancedFault(const SeenReply& reply, bool enabled, bool greeting_or_helo);

}  // namespace postern::transcripts

#endif  // POSTERN_TESTS_TRANSCRIPTS_REPLY_ORACLE_H_
