// SPDX-License-Identifier: Apache-2.0
//
// Domains and address literals.
//
// Target functions: syntax::ParseDomain, ParseAddressLiteral, ParseDomainOrLiteral,
// IsIpv4AddressLiteral, IsIpv6Addr, ParseHeloArgument.
//
// Input: which function, options, then the text.
// Oracles: DomainAgrees, HeloArgumentAgrees (the ABNF of RFC 5321 §4.1.2 and §4.1.3, RFC 6531);
// WorkIsLinear (B2).

#include "engine/syntax/domain.h"

#include <cstddef>
#include <cstdint>

#include "engine/syntax/word.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/smtp_grammar.h"
#include "fuzz/oracle/syntax.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

void Run(Input input) {
  const unsigned what = input.Below(6);
  const uint8_t bits = input.Octet();
  const std::string_view text = input.Rest();
  syntax::DomainOptions options;
  options.utf8 = (bits & 1) != 0;
  options.trailing_dot = (bits & 2) != 0;
  options.underscore = (bits & 4) != 0;
  switch (what) {
    case 0:
      return Require("DomainAgrees", oracle::DomainAgrees(text, "Domain", options,
                                                          syntax::ParseDomain(text, options)));
    case 1:
      return Require("DomainAgrees", oracle::DomainAgrees(text, "address-literal", {},
                                                          syntax::ParseAddressLiteral(text)));
    case 2:
      return Require("DomainAgrees",
                     oracle::DomainAgrees(text, "Domain-part", options,
                                          syntax::ParseDomainOrLiteral(text, options)));
    case 3:
      return RequireThat(syntax::IsIpv4AddressLiteral(text) ==
                             oracle::SmtpGrammar::For({}).Matches("IPv4-address-literal", text),
                         "IPv4-address-literal", Visible(text));
    case 4:
      return RequireThat(
          syntax::IsIpv6Addr(text) == oracle::SmtpGrammar::For({}).Matches("IPv6-addr", text),
          "IPv6-addr", Visible(text));
    default: {
      syntax::HeloOptions helo;
      helo.utf8 = options.utf8;
      helo.trailing_dot = options.trailing_dot;
      helo.underscore = options.underscore;
      helo.address_literal = (bits & 8) == 0;
      helo.allow_anything = (bits & 16) != 0;
      return Require("HeloArgumentAgrees",
                     oracle::HeloArgumentAgrees(text, helo, syntax::ParseHeloArgument(text, helo)));
    }
  }
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 14);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
