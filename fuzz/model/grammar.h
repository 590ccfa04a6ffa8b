// SPDX-License-Identifier: Apache-2.0
//
// Questions of grammar that the contract model asks: is this text in the language of that rule?
//
// What it is: one function per rule of RFC 5321 section 4.1.2 and 4.1.3 (and RFC 6531 section 3.3
// with `utf8`), each of which tries every way to cut its text. Slow on purpose: a rule reads like
// its ABNF. What it is not: a parser that a server could use, and none of it comes from
// engine/syntax.
//
// Threads: pure functions.

#ifndef POSTERN_FUZZ_MODEL_GRAMMAR_H_
#define POSTERN_FUZZ_MODEL_GRAMMAR_H_

#include <string>
#include <string_view>
#include <vector>

namespace postern::fuzz::model {

// Where specifications leave it open (U-labels, RFC 5890): neither yes nor no.
enum class Is { kNo, kYes, kUnclear };

Is And(Is a, Is b);

bool IsAscii(std::string_view text);
bool IsUtf8(std::string_view text);  // RFC 3629, the empty text included
bool EqualIgnoringCase(std::string_view a, std::string_view b);

bool IsAtom(std::string_view text, bool utf8);
bool IsDotString(std::string_view text, bool utf8);
bool IsQuotedString(std::string_view text, bool utf8);
bool IsLocalPart(std::string_view text, bool utf8);
Is IsDomain(std::string_view text, bool utf8);
bool IsAddressLiteral(std::string_view text);
bool IsEsmtpKeyword(std::string_view text);
bool IsEsmtpValue(std::string_view text, bool utf8);

// A mailbox or path taken apart. kNo: no cut fits.
struct PathParts {
  Is is = Is::kNo;
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

}  // namespace postern::fuzz::model

#endif  // POSTERN_FUZZ_MODEL_GRAMMAR_H_
