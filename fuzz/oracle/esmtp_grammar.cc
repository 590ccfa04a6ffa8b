// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/esmtp_grammar.h"

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

}  // namespace postern::fuzz::oracle
