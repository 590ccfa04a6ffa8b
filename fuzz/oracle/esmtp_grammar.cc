// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/esmtp_grammar.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "fuzz/oracle/abnf.h"
#include "fuzz/oracle/grammar_texts.h"

namespace postern::fuzz::oracle {
namespace {

[[noreturn]] void Die(const std::string& error) {
  std::fprintf(stderr, "grammar: %s\n", error.c_str());
  std::abort();
}

struct Grammar {
  explicit Grammar(bool utf8) {
    for (const char* text :
         {kRfc5234CoreAbnf, kRfc5321Abnf, kValuesAbnf, kRfc1985Abnf, kRfc2852Abnf, kRfc3030Abnf,
          kRfc3461Abnf, kRfc4468Abnf, kRfc4865Abnf, kRfc4954Abnf, kRfc6710Abnf, kRfc7293Abnf,
          kRfc9422Abnf, kClientAttributesAbnf}) {
      Read(text);
    }
    if (utf8) Read(kRfc6531Abnf);
  }
  void Read(const char* text) {
    std::string error;
    if (!abnf.Read(text, &error)) Die(error);
  }

  Abnf abnf;
  std::map<std::string, std::unique_ptr<const AbnfMatcher>, std::less<>> matchers;
};

}  // namespace

bool MatchesEsmtp(std::string_view rule, std::string_view octets, bool utf8) {
  static auto& ascii_grammar = *new Grammar(false);
  static auto& utf8_grammar = *new Grammar(true);
  Grammar& grammar = utf8 ? utf8_grammar : ascii_grammar;
  auto found = grammar.matchers.find(rule);
  if (found == grammar.matchers.end()) {
    std::string error;
    auto matcher = grammar.abnf.Compile(rule, &error);
    if (matcher == nullptr) Die(error);
    found = grammar.matchers.emplace(rule, std::move(matcher)).first;
  }
  return found->second->Matches(octets);
}

bool DomainFits(std::string_view domain) {
  if (domain.size() > 255) return false;
  for (size_t at = 0; at <= domain.size();) {
    const size_t dot = std::min(domain.find('.', at), domain.size());
    if (dot - at > 63) return false;
    at = dot + 1;
  }
  return true;
}

bool IsEtrnText(std::string_view text) {
  if (!MatchesEsmtp("etrn-argument", text)) return false;
  return text[0] == '#' || DomainFits(text.substr(text[0] == '@' ? 1 : 0));
}

bool IsAtrnText(std::string_view text) {
  bool right = MatchesEsmtp("atrn-argument", text);
  for (size_t at = 0; right && at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    right = DomainFits(text.substr(at, comma - at));
    at = comma + 1;
  }
  return right;
}

bool IsBurlText(std::string_view text) { return MatchesEsmtp("burl-argument", text); }

}  // namespace postern::fuzz::oracle
