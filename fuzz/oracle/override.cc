// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/override.h"

#include <memory>
#include <string>
#include <vector>

#include "engine/replies/reply_rules.h"
#include "fuzz/oracle/reply.h"
#include "fuzz/oracle/smtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

using replies::EnhancedUse;
using replies::OverrideError;
using replies::ReplyRule;

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

// The text alone could go out: lines that the grammar takes, few and short enough even with the
// longest enhanced code.
bool TextIsCertainlyRight(const std::vector<std::string>& lines, bool utf8) {
  Dialect dialect;
  dialect.smtputf8 = utf8;
  if (lines.size() > replies::kMaxOverrideLines) return false;
  for (const std::string& line : lines) {
    if (line.size() > 490 || !SmtpGrammar::For(dialect).Matches("textstring", line)) return false;
    // C1 controls are well-formed UTF-8, and no text.
    if (line.find('\xC2') != std::string::npos) return false;
  }
  return true;
}

}  // namespace

Finding OverrideIsStrict(const replies::BoundReplies& replies, replies::ReplyId situation,
                         const replies::Override& reply, OverrideError error,
                         std::string_view octets) {
  const ReplyRule* const rule = replies::FindReplyRule(situation);
  const std::vector<std::string> lines = Lines(reply.text);
  if ((error == OverrideError::kNone) == octets.empty()) {
    return "what is checked and what is made differ";
  }
  if (error != OverrideError::kNone) {
    const bool about_text =
        error == OverrideError::kTextEmpty || error == OverrideError::kTextNotPrintable ||
        error == OverrideError::kTextNotUtf8 || error == OverrideError::kLineTooLong ||
        error == OverrideError::kTooManyLines;
    if (about_text && TextIsCertainlyRight(lines, reply.utf8)) return "right text is refused";
    return {};
  }
  if (rule == nullptr) return "a reply for no situation";
  if (!replies::OverrideCodeAllowed(*rule, reply.code)) return "a code that is not allowed";
  ReplyTerms terms;
  terms.one = true;
  terms.code = reply.code;
  terms.utf8 = reply.utf8;
  terms.enhanced = replies.enhanced_status_codes() && rule->enhanced == EnhancedUse::kRequired &&
                   reply.code / 100 != 3;
  const Finding finding = RepliesAreStrict(octets, terms);
  if (!finding.empty()) return finding;
  // The host's lines in order, whole, and then the class's footer.
  std::string_view rest = octets;
  size_t at = 0;
  for (const std::string& line : lines) {
    const std::string end = line + "\r\n";
    const size_t line_end = rest.find("\r\n", at);
    if (line_end == std::string_view::npos || line_end + 2 < at + end.size() ||
        rest.substr(line_end + 2 - end.size(), end.size()) != end) {
      return "a line of the host's is not as it was: " + Visible(line);
    }
    at = line_end + 2;
  }
  return {};
}

Finding OverrideIsChecked(const replies::BoundReplies& replies, replies::ReplyId situation,
                          const replies::Override& reply) {
  const OverrideError error = replies.CheckOverride(situation, reply);
  const size_t needed = replies.FormatOverride(situation, reply, nullptr, 0);
  const auto block = std::make_unique<char[]>(needed);
  if (replies.FormatOverride(situation, reply, block.get(), needed) != needed) {
    return "two lengths for one reply";
  }
  return OverrideIsStrict(replies, situation, reply, error, {block.get(), needed});
}

}  // namespace postern::fuzz::oracle
