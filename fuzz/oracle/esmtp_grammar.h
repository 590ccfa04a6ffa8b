// SPDX-License-Identifier: Apache-2.0
//
// The grammar of the extensions' arguments and values, as their RFCs print it (rfc*.abnf of this
// folder), on top of RFC 5321's.
//
// What it is: the oracle for engine/syntax's parsers of those. What it is not: a parser, or a judge
// of what no grammar counts: lengths, days that do not exist, sizes past 63 bits.
//
// Threads and lifetime: grammars are made once, on first use, and kept. Not thread-safe.

#ifndef POSTERN_FUZZ_ORACLE_ESMTP_GRAMMAR_H_
#define POSTERN_FUZZ_ORACLE_ESMTP_GRAMMAR_H_

#include <string_view>

namespace postern::fuzz::oracle {

// All of `octets`. The rule exists, or the program ends. With `utf8` the rules of RFC 6531 §3.3 are
// in as well.
bool MatchesEsmtp(std::string_view rule, std::string_view octets, bool utf8 = false);

// The arguments of ETRN, ATRN and BURL, with the limits of a domain, which are no grammar.
bool IsEtrnText(std::string_view text);
bool IsAtrnText(std::string_view text);
bool IsBurlText(std::string_view text);
// RFC 5321 §4.5.3.1.2, RFC 1035 §2.3.4.
bool DomainFits(std::string_view domain);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_ESMTP_GRAMMAR_H_
