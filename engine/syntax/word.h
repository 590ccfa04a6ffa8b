// SPDX-License-Identifier: Apache-2.0
//
// Arguments that are neither path nor parameter: the name in HELO and EHLO, and the strings of
// VRFY, EXPN, HELP and NOOP (RFC 5321 §4.1.1.1, §4.1.1.6-9, §4.1.2; RFC 6531 §3.7.4.2).
//
// What it is: whole-input recognisers that give back views.
// What it is not: a stripper of white space; callers do that before (§4.1.1).
//
// Threads and lifetime: pure functions; a result borrows its input.

#ifndef POSTERN_ENGINE_SYNTAX_WORD_H_
#define POSTERN_ENGINE_SYNTAX_WORD_H_

#include <cstdint>
#include <string_view>

#include "engine/syntax/domain.h"

namespace postern::syntax {

struct HeloOptions {
  // Off for HELO, whose grammar has Domain alone; EHLO has Domain / address-literal.
  bool address_literal = true;
  // Deviations and extensions, each off by default.
  bool utf8 = false;
  bool underscore = false;
  bool trailing_dot = false;
  bool allow_anything = false;  // what fits no grammar is taken if it is 1*(%d32-126)
};

struct HeloResult {
  DomainError error = DomainError::kNone;
  uint16_t error_offset = 0;  // as in DomainResult
  bool is_literal = false;
  bool has_utf8 = false;
  bool is_free_form = false;  // taken by allow_anything alone: no domain, quote it with care
  std::string_view text;      // without the trailing dot

  bool ok() const { return error == DomainError::kNone; }
};

HeloResult ParseHeloArgument(std::string_view in, const HeloOptions& options = {});

enum class WordError : uint8_t {
  kNone,
  kEmpty,
  kBadOctet,         // an octet the grammar does not allow there
  kBadQuotedString,  // unclosed, or an octet that may not be in it
  kBadMailbox,       // ParseQueryArgument: what follows the "@" is no domain or address literal
  kNeedsUtf8,        // an octet 0x80-0xFF, and utf8 is off
  kBadUtf8,          // malformed UTF-8
};

struct WordResult {
  WordError error = WordError::kNone;
  uint16_t error_offset = 0;
  bool is_quoted = false;   // starts as a Quoted-string
  bool is_mailbox = false;  // ParseQueryArgument: local-part@domain
  bool has_utf8 = false;
  bool smtputf8 = false;  // ParseQueryArgument: SP "SMTPUTF8" stood behind it
  std::string_view text;  // as sent; empty if there is an error

  bool ok() const { return error == WordError::kNone; }
};

// String = Atom / Quoted-string (RFC 5321 §4.1.2).
WordResult ParseString(std::string_view in, bool utf8 = false);

// The argument of VRFY and EXPN: a String by §4.1.2, "a user name or a user name and domain" by
// §3.5.1, so a Local-part, or a Mailbox; also in angle brackets, as people type it. `text` is
// without those brackets. Behind it SP "SMTPUTF8" may stand if `utf8` (RFC 6531 §3.7.4.2).
WordResult ParseQueryArgument(std::string_view in, bool utf8 = false);

// The argument of NOOP and HELP: any printable text and HT. NOOP's is ignored (§4.1.1.9), HELP's
// names a topic. The empty text is one.
WordResult ParseText(std::string_view in, bool utf8 = false);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_WORD_H_
