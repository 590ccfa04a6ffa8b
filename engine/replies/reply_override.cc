// SPDX-License-Identifier: Apache-2.0
//
// Replies that a host makes in place of a table's: held to what table entries are held to (DESIGN
// section 4), so that no host can inject CR LF, a wrong class or a line too long.

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/replies/bound_replies.h"
#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_text.h"

namespace postern::replies {
namespace {

// "250-" and "5.999.999 ".
struct Prefix {
  char octets[4 + 10];
  size_t size = 0;
};

// `enhanced[0]` 0: none.
Prefix MakePrefix(uint16_t code, const std::array<uint16_t, 3>& enhanced) noexcept {
  Prefix prefix;
  char* const begin = prefix.octets;
  char* const end = begin + sizeof(prefix.octets);
  char* at = std::to_chars(begin, end, code).ptr;
  *at++ = '-';
  if (enhanced[0] != 0) {
    for (const uint16_t part : enhanced) {
      at = std::to_chars(at, end, part).ptr;
      *at++ = '.';
    }
    at[-1] = ' ';
  }
  prefix.size = static_cast<size_t>(at - begin);
  return prefix;
}

// The next line of `text`, taken off. There is always one; `*more` tells of another.
std::string_view TakeLine(std::string_view* text, bool* more) noexcept {
  const size_t end = text->find('\n');
  *more = end != std::string_view::npos;
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(*more ? end + 1 : text->size());
  return line;
}

OverrideError CheckLine(std::string_view line, bool utf8, size_t prefix) noexcept {
  if (line.empty()) return OverrideError::kTextEmpty;
  if (prefix + line.size() + 2 > kMaxReplyLine) return OverrideError::kLineTooLong;
  if (utf8) {
    return FindBadUtf8Text(line) == line.size() ? OverrideError::kNone
                                                : OverrideError::kTextNotUtf8;
  }
  return std::all_of(line.begin(), line.end(), IsTextOctet) ? OverrideError::kNone
                                                            : OverrideError::kTextNotPrintable;
}

bool IsGiven(const std::array<uint16_t, 3>& enhanced) noexcept {
  return enhanced[0] != 0 || enhanced[1] != 0 || enhanced[2] != 0;
}

// What goes on the lines. The host's; else the situation's where it fits the code; else the class
// alone. None where RFC 2034 wants none.
std::array<uint16_t, 3> ChooseEnhanced(const ReplyRule& rule, const Override& reply,
                                       const std::array<uint16_t, 3>& own) noexcept {
  if (rule.enhanced == EnhancedUse::kForbidden || reply.code / 100 == 3) return {0, 0, 0};
  if (IsGiven(reply.enhanced)) return reply.enhanced;
  const auto reply_class = static_cast<uint16_t>(reply.code / 100);
  if (own[0] == reply_class) return own;
  if (rule.enhanced == EnhancedUse::kOptional) return {0, 0, 0};
  return {reply_class, 0, 0};
}

}  // namespace

OverrideError BoundReplies::CheckOverride(ReplyId situation, const Override& reply) const noexcept {
  const ReplyRule* rule = FindReplyRule(situation);
  // The keyword lines of EHLO's reply are the engine's own to write.
  if (rule == nullptr || situation == ReplyId::kEhloOk) return OverrideError::kSituation;
  if (!OverrideCodeAllowed(*rule, reply.code)) return OverrideError::kCode;
  if (IsGiven(reply.enhanced)) {
    if (rule->enhanced == EnhancedUse::kForbidden || reply.code / 100 == 3) {
      return OverrideError::kEnhancedForbidden;
    }
    if (reply.enhanced[0] != reply.code / 100) return OverrideError::kEnhancedClass;
    if (reply.enhanced[1] > 999 || reply.enhanced[2] > 999) return OverrideError::kEnhancedRange;
  }
  // Lengths are checked with the enhanced code, whether this session shows it or not: a host's
  // reply is good or bad whatever the client asked for.
  const size_t prefix =
      MakePrefix(reply.code,
                 ChooseEnhanced(*rule, reply, enhanced_[static_cast<size_t>(situation)]))
          .size;
  std::string_view rest = reply.text;
  bool more = true;
  for (size_t count = 0; more; ++count) {
    if (count == kMaxOverrideLines) return OverrideError::kTooManyLines;
    const std::string_view line = TakeLine(&rest, &more);
    const OverrideError error = CheckLine(line, reply.utf8, prefix);
    if (error != OverrideError::kNone) return error;
    if (count == 0 && rule->begins_with_server) {
      const bool begins = line.substr(0, server_.size()) == server_ &&
                          (line.size() == server_.size() || line[server_.size()] == ' ');
      if (!begins) return OverrideError::kServerNameMissing;
    }
  }
  return OverrideError::kNone;
}

size_t BoundReplies::FormatOverride(ReplyId situation, const Override& reply, char* out,
                                    size_t capacity) const noexcept {
  if (CheckOverride(situation, reply) != OverrideError::kNone) return 0;
  std::array<uint16_t, 3> enhanced = {0, 0, 0};
  if (enhanced_status_codes_) {
    enhanced =
        ChooseEnhanced(*FindReplyRule(situation), reply, enhanced_[static_cast<size_t>(situation)]);
  }
  const Prefix prefix = MakePrefix(reply.code, enhanced);
  const std::vector<std::string>& footer = footers_[reply.code / 100];
  const size_t line_ends =
      static_cast<size_t>(std::count(reply.text.begin(), reply.text.end(), '\n'));
  size_t needed = reply.text.size() - line_ends + (line_ends + 1) * (prefix.size + 2);
  for (const std::string& line : footer) needed += prefix.size + line.size() + 2;
  if (needed > capacity) return needed;
  char* at = out;
  char* last = out;
  const auto put = [&](std::string_view line) {
    last = at;
    std::memcpy(at, prefix.octets, prefix.size);
    at += prefix.size;
    std::memcpy(at, line.data(), line.size());
    at += line.size();
    std::memcpy(at, "\r\n", 2);
    at += 2;
  };
  std::string_view rest = reply.text;
  for (bool more = true; more;) put(TakeLine(&rest, &more));
  for (const std::string& line : footer) put(line);
  last[3] = ' ';
  return needed;
}

}  // namespace postern::replies
