// SPDX-License-Identifier: Apache-2.0

#include "fuzz/model/grammar.h"

#include <cstddef>
#include <cstdint>

#include "fuzz/oracle/esmtp_grammar.h"
#include "fuzz/oracle/smtp_grammar.h"

namespace postern::fuzz::model {
namespace {

using oracle::Dialect;
using oracle::SmtpGrammar;

const SmtpGrammar& Of(bool utf8, bool trailing_dot = false) {
  Dialect dialect;
  dialect.smtputf8 = utf8;
  dialect.trailing_dot = trailing_dot;
  return SmtpGrammar::For(dialect);
}

const char* PathRule(const PathOptions& options) {
  return options.reverse ? "Reverse-path" : "rcpt-path";
}

void Take(std::string_view mailbox, const SmtpGrammar& grammar, PathParts* parts) {
  const SmtpGrammar::Parts both = grammar.SplitMailbox(mailbox);
  parts->local_part = std::string(both.local_part);
  parts->domain = std::string(both.domain);
  parts->quoted = !both.local_part.empty() && both.local_part[0] == '"';
  parts->literal = !both.domain.empty() && both.domain[0] == '[';
}

}  // namespace

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<uint8_t>(c) >= 0x80) return false;
  }
  return true;
}

bool IsUtf8(std::string_view text) { return Of(true).Matches("utf8-text", text); }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool IsLocalPart(std::string_view text, bool utf8) { return Of(utf8).Matches("Local-part", text); }
bool IsDomain(std::string_view text, bool utf8) { return Of(utf8).Matches("Domain", text); }
bool IsAddressLiteral(std::string_view text) { return Of(false).Matches("address-literal", text); }
bool IsEsmtpKeyword(std::string_view text) { return Of(false).Matches("esmtp-keyword", text); }
bool IsEsmtpValue(std::string_view text, bool utf8) {
  return Of(utf8).Matches("esmtp-value", text);
}

bool ReadChunkText(std::string_view line, bool extra_spaces, ChunkText* chunk) {
  *chunk = ChunkText();
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  if (!EqualIgnoringCase(line.substr(0, 4), "BDAT")) return false;
  line.remove_prefix(4);
  if (!line.empty() && line[0] != ' ' && line[0] != '\t') return false;
  if (line.empty() || line[0] != ' ') return true;
  line.remove_prefix(1);
  while (extra_spaces && !line.empty() && line[0] == ' ') line.remove_prefix(1);
  const std::string_view size = line.substr(0, line.find(' '));
  if (!Of(false).Matches("chunk-size", size)) return true;
  for (const char c : size) {
    const auto digit = static_cast<uint64_t>(c - '0');
    // 2^63-1 is the most that is a size.
    if (chunk->octets > (INT64_MAX - digit) / 10) return true;
    chunk->octets = chunk->octets * 10 + digit;
  }
  chunk->size_known = true;
  chunk->right = Of(false).Matches("bdat-argument", line);
  chunk->last = chunk->right && size.size() != line.size();
  return true;
}

PathParts ReadMailbox(std::string_view text, const PathOptions& options) {
  PathParts parts;
  const SmtpGrammar& grammar = Of(options.utf8, options.trailing_dot);
  if (!grammar.Matches("Mailbox", text)) return parts;
  parts.is = true;
  Take(text, grammar, &parts);
  parts.too_long = parts.local_part.size() > 64 || parts.domain.size() > 255;
  return parts;
}

PathParts ReadPath(std::string_view text, const PathOptions& options) {
  PathParts parts;
  const SmtpGrammar& grammar = Of(options.utf8, options.trailing_dot);
  if (!grammar.Matches(PathRule(options), text)) return parts;
  parts.is = true;
  parts.too_long = !grammar.PathFits(text);
  const std::string_view mailbox = SmtpGrammar::MailboxOfPath(text);
  if (mailbox.empty()) {
    parts.null = true;
  } else if (EqualIgnoringCase(mailbox, "Postmaster")) {
    parts.postmaster = true;
    parts.local_part = std::string(mailbox);
  } else {
    Take(mailbox, grammar, &parts);
    parts.route = !SmtpGrammar::SourceRouteOfPath(text).empty();
  }
  return parts;
}

std::vector<size_t> PathEnds(std::string_view text, const PathOptions& options) {
  const std::vector<bool> prefixes =
      Of(options.utf8, options.trailing_dot).Prefixes(PathRule(options), text);
  std::vector<size_t> ends;
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (prefixes[i]) ends.push_back(i);
  }
  return ends;
}

bool IsEtrnArgument(std::string_view text) { return oracle::IsEtrnText(text); }
bool IsAtrnArgument(std::string_view text) { return oracle::IsAtrnText(text); }
bool IsBurlArgument(std::string_view text) { return oracle::IsBurlText(text); }

}  // namespace postern::fuzz::model
