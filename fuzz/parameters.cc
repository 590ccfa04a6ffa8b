// SPDX-License-Identifier: Apache-2.0
//
// ESMTP parameters, free text, and the small readers of parameter values.
//
// Target functions: syntax::ParameterIterator::Next and Parse, ParseText, ParseDecimal,
// EqualsIgnoreCase, IsWellFormedUtf8, WellFormedUtf8Prefix.
//
// Input: which function, options, then the text.
// Oracles: ParametersAgree (the ABNF of RFC 5321 §4.1.2, RFC 6531 §3.3; parse, print, parse),
// TextAgrees, the UTF-8 of RFC 3629 §4; WorkIsLinear (B2).

#include "engine/syntax/parameters.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/syntax/utf8.h"
#include "engine/syntax/word.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/smtp_grammar.h"
#include "fuzz/oracle/syntax.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

// By the digits as text: what does not fit is longer than the greatest number, or sorts behind it.
void Decimal(std::string_view text, size_t max_digits) {
  bool right = !text.empty() && text.size() <= max_digits;
  for (const char c : text) right = right && c >= '0' && c <= '9';
  std::string digits(text);
  digits.erase(0, digits.find_first_not_of('0'));
  static const std::string& greatest = *new std::string(std::to_string(UINT64_MAX));
  if (digits.size() > greatest.size()) right = false;
  if (digits.size() == greatest.size() && digits > greatest) right = false;
  uint64_t got = 77;
  RequireThat(syntax::ParseDecimal(text, max_digits, &got) == right, "ParseDecimal", Visible(text));
  if (right && digits.empty()) digits = "0";
  RequireThat(std::to_string(got) == (right ? digits : "77"), "ParseDecimal", Visible(text));
}

void Utf8(std::string_view text) {
  oracle::Dialect dialect;
  dialect.smtputf8 = true;
  const std::vector<bool> prefixes = oracle::SmtpGrammar::For(dialect).Prefixes("utf8-text", text);
  size_t longest = 0;
  for (size_t n = 0; n <= text.size(); ++n) {
    if (prefixes[n]) longest = n;
  }
  RequireThat(syntax::WellFormedUtf8Prefix(text) == longest, "UTF-8", Visible(text));
  RequireThat(syntax::IsWellFormedUtf8(text) == (longest == text.size()), "UTF-8", Visible(text));
}

void Run(Input input) {
  const unsigned what = input.Below(5);
  const uint8_t bits = input.Octet();
  const std::string_view text = input.Rest();
  syntax::ParameterOptions options;
  options.utf8 = (bits & 1) != 0;
  options.allow_extra_spaces = (bits & 2) != 0;
  switch (what) {
    case 0:
      return Require("ParametersAgree",
                     oracle::ParametersAgree(text, options, oracle::ReadParameters(text, options)));
    case 1:
      return Require("TextAgrees",
                     oracle::TextAgrees(text, options.utf8, syntax::ParseText(text, options.utf8)));
    case 2:
      return Decimal(text, bits % 25);
    case 3: {
      const std::string_view keyword = text.substr(0, text.find('\0'));
      std::string upper;
      for (const char c : keyword) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      RequireThat(syntax::EqualsIgnoreCase(keyword, upper.c_str()), "EqualsIgnoreCase",
                  Visible(text));
      return RequireThat(
          syntax::EqualsIgnoreCase(text, upper.c_str()) == (text.size() == upper.size()),
          "EqualsIgnoreCase", Visible(text));
    }
    default:
      return Utf8(text);
  }
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 8);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
