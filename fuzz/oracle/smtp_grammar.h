// SPDX-License-Identifier: Apache-2.0
//
// SMTP's grammar as the RFCs print it (*.abnf of this folder), put together for what is in force,
// and the limits that no grammar counts.
//
// What it is: the oracle for everything that a client may write on a command line. What it is not:
// a parser; it says yes or no, and where the parts of a mailbox are. It does not look at the
// engine.
//
// Threads and lifetime: grammars are made once, on first use, and kept. Not thread-safe.

#ifndef POSTERN_FUZZ_ORACLE_SMTP_GRAMMAR_H_
#define POSTERN_FUZZ_ORACLE_SMTP_GRAMMAR_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle/abnf.h"

namespace postern::fuzz::oracle {

// What the grammar is put together for. All off is RFC 5321 alone.
struct Dialect {
  bool smtputf8 = false;   // RFC 6531
  bool size = false;       // RFC 1870: SIZE= on MAIL
  bool eight_bit = false;  // RFC 6152: BODY= on MAIL
  bool binary = false;     // RFC 3030: BODY=BINARYMIME, beside RFC 6152
  // RFC 3461, RFC 2852, RFC 4865, RFC 6710, RFC 7293, all together
  bool delivery = false;
  bool host_parameters = false;  // any other one, for the host to judge
  bool require_tls = false;      // RFC 8689: REQUIRETLS on MAIL
  bool auth = false;             // RFC 4954: AUTH= on MAIL; its value is in esmtp_grammar.h
  bool trailing_dot = false;     // deviation: a dot may end a domain
  bool underscore = false;       // deviation: "_" counts as Let-dig
};

class SmtpGrammar {
 public:
  static const SmtpGrammar& For(const Dialect& dialect);

  // All of `octets`. The rule exists, or the program ends.
  bool Matches(std::string_view rule, std::string_view octets) const;
  // result[n]: its first n octets.
  std::vector<bool> Prefixes(std::string_view rule, std::string_view octets) const;

  // The parts of a text that matches Mailbox, at the "@" between them (there is but one: a
  // Local-part has none outside quotes, and what stands behind the right one is a Domain-part).
  struct Parts {
    std::string_view local_part;
    std::string_view domain;  // without a trailing dot
  };
  Parts SplitMailbox(std::string_view mailbox) const;

  // RFC 5321 §4.5.3.1.1-3, for a text that matches Path (or "<>", "<Postmaster>"), or, where the
  // brackets were left out, Mailbox: a local-part of 64 octets, a domain of 255, a path of 256.
  bool PathFits(std::string_view path) const;

  // A text that matches Path without its source route, brackets and all else but the Mailbox.
  static std::string_view MailboxOfPath(std::string_view path);
  // "@a,@b" of it; empty if it has none.
  static std::string_view SourceRouteOfPath(std::string_view path);

 private:
  explicit SmtpGrammar(const Dialect& dialect);
  const AbnfMatcher& Matcher(std::string_view rule) const;

  Abnf abnf_;
  mutable std::map<std::string, std::unique_ptr<const AbnfMatcher>, std::less<>> matchers_;
};

// Encodings of values (values.abnf).
bool MatchesValue(std::string_view rule, std::string_view octets);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_SMTP_GRAMMAR_H_
