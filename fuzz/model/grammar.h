// SPDX-License-Identifier: Apache-2.0
//
// Questions of grammar that the contract model asks: is this text in the language of that rule?
//
// What it is: the ABNF oracle (fuzz/oracle), which reads the grammar as the RFCs print it, put the
// way the model asks, and the parts of a path. What it is not: a parser that a server could use;
// none of it comes from engine/syntax.
//
// Threads: not thread-safe, as the oracle is not.

#ifndef POSTERN_FUZZ_MODEL_GRAMMAR_H_
#define POSTERN_FUZZ_MODEL_GRAMMAR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::fuzz::model {

bool IsAscii(std::string_view text);
bool IsUtf8(std::string_view text);  // RFC 3629, the empty text included
bool EqualIgnoringCase(std::string_view a, std::string_view b);

bool IsLocalPart(std::string_view text, bool utf8);
bool IsDomain(std::string_view text, bool utf8);
bool IsAddressLiteral(std::string_view text);
bool IsEsmtpKeyword(std::string_view text);
bool IsEsmtpValue(std::string_view text, bool utf8);
// The arguments of ETRN (RFC 1985), ATRN (RFC 2645) and BURL (RFC 4468).
bool IsEtrnArgument(std::string_view text);
bool IsAtrnArgument(std::string_view text);
bool IsBurlArgument(std::string_view text);

// "BDAT" [ SP chunk-size [ SP "LAST" ] ] (RFC 3030 section 2) in a line without its CR LF.
struct ChunkText {
  bool size_known = false;  // so many octets follow, whatever else is in the line
  bool right = false;       // the whole argument is
  bool last = false;
  uint64_t octets = 0;
};
// False where the verb is another.
bool ReadChunkText(std::string_view line, bool extra_spaces, ChunkText* chunk);

// A mailbox or path taken apart.
struct PathParts {
  bool is = false;        // it is one
  bool too_long = false;  // the grammar fits and a limit of section 4.5.3.1 does not
  bool null = false, postmaster = false, quoted = false, literal = false, route = false;
  std::string local_part, domain;
};
struct PathOptions {
  bool utf8 = false;
  bool trailing_dot = false;
  bool reverse = false;  // <> is a path; <Postmaster> is none
};
PathParts ReadMailbox(std::string_view text, const PathOptions& options);
PathParts ReadPath(std::string_view text, const PathOptions& options);
// Where a path at the front of the text may end.
std::vector<size_t> PathEnds(std::string_view text, const PathOptions& options);

}  // namespace postern::fuzz::model

#endif  // POSTERN_FUZZ_MODEL_GRAMMAR_H_
