// SPDX-License-Identifier: Apache-2.0
//
// The grammars of RFC 5321 §4.1.2-3, RFC 6531 §3.3 and RFC 3629 §4 as the RFCs print them, for
// tests.
//
// What it is: a slow recogniser that follows the ABNF rule by rule with sets of positions, so that
// it needs no thought about what comes next. The parsers of this folder must agree with it. What it
// is not: part of the engine. It knows no lengths: labels, local-parts, domains and paths may be as
// long as kMaxOctets lets them.
//
// Threads and lifetime: pure functions over constant rules. Inputs have at most kMaxOctets octets.

#ifndef POSTERN_ENGINE_SYNTAX_REFERENCE_GRAMMAR_H_
#define POSTERN_ENGINE_SYNTAX_REFERENCE_GRAMMAR_H_

#include <bitset>
#include <cstddef>
#include <string_view>

namespace postern::syntax::reference {

inline constexpr size_t kMaxOctets = 127;

enum class Rule {
  kDomain,
  kAddressLiteral,  // but a tag "IPv6" has only its own form
  kIpv4,            // IPv4-address-literal
  kIpv6,            // IPv6-addr
  kLocalPart,
  kMailbox,
  kReversePath,
  kForwardPath,  // with "<Postmaster>" (§4.1.1.3)
  kString,
  kParameters,  // *(SP esmtp-param)
  kUtf8String,  // UTF8-octets of RFC 3629
};

// The rule matches all of `in`.
bool Matches(Rule rule, std::string_view in, bool utf8);

// Bit n is set if the rule matches the first n octets.
std::bitset<kMaxOctets + 1> MatchingPrefixes(Rule rule, std::string_view in, bool utf8);

}  // namespace postern::syntax::reference

#endif  // POSTERN_ENGINE_SYNTAX_REFERENCE_GRAMMAR_H_
