// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/reply.h"

#include <string>

#include "fuzz/oracle/smtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "5.1.10 " at the start of `text`; behind it the text goes on (RFC 3463 §2; RFC 2034 §4).
bool HasEnhancedCode(std::string_view text, char reply_class) {
  if (text.empty() || text[0] != reply_class) return false;
  size_t at = 1;
  for (int part = 0; part < 2; ++part) {
    if (at >= text.size() || text[at] != '.') return false;
    ++at;
    const size_t first = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    if (at == first || at - first > 3) return false;
  }
  return at < text.size() && text[at] == ' ';
}

}  // namespace

Finding RepliesAreStrict(std::string_view octets, const ReplyTerms& terms) {
  Dialect dialect;
  dialect.smtputf8 = terms.utf8;
  if (!SmtpGrammar::For(dialect).Matches("Replies", octets)) {
    return "no sequence of replies: " + Visible(octets);
  }
  size_t replies = 0;
  std::string_view code;  // of the reply that is being read
  for (std::string_view rest = octets; !rest.empty();) {
    // The grammar took it, so every line has an end and a code.
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    if (line.size() + 2 > 512) {
      return "a line of " + std::to_string(line.size() + 2) + " octets: " + Visible(line);
    }
    if (code.empty()) code = line.substr(0, 3);
    if (line.substr(0, 3) != code) return "two codes in one reply: " + Visible(octets);
    if (terms.code != 0 && code != std::to_string(terms.code)) {
      return "the code should be " + std::to_string(terms.code) + ": " + Visible(line);
    }
    if (terms.enhanced && (line.size() < 4 || !HasEnhancedCode(line.substr(4), line[0]))) {
      return "no enhanced code of its class: " + Visible(line);
    }
    if (line.size() == 3 || line[3] == ' ') {
      ++replies;
      code = {};
    }
  }
  if (terms.one && replies != 1) {
    return std::to_string(replies) + " replies in place of one: " + Visible(octets);
  }
  return {};
}

Finding OnlyPrintableCameThrough(std::string_view octets, std::string_view own) {
  for (size_t i = 0; i < octets.size();) {
    if (!own.empty() && octets.substr(i, own.size()) == own) {
      i += own.size();
    } else if (octets.substr(i, 2) == "\r\n") {
      i += 2;
    } else if (octets[i] < 32 || octets[i] > 126) {
      return "an octet that is not printable: " + Visible(octets.substr(i, 40));
    } else {
      ++i;
    }
  }
  return {};
}

}  // namespace postern::fuzz::oracle
