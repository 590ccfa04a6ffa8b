// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/bound_replies.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "engine/replies/reply_compiler.h"
#include "engine/replies/reply_octets.h"
#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_table.h"
#include "engine/syntax/base64.h"

namespace postern::replies {
namespace {

// A keyword line's text: what 512 octets leave beside "250-" and CR LF.
constexpr size_t kMaxKeywordLine = kMaxReplyLine - 6;

size_t DecimalLength(uint64_t value) noexcept {
  size_t digits = 1;
  while (value >= 10) {
    value /= 10;
    ++digits;
  }
  return digits;
}

std::string_view ValueOf(Placeholder placeholder, const Values& values) noexcept {
  switch (placeholder) {
    case Placeholder::kClient:
      return values.client;
    case Placeholder::kVerb:
      return values.verb;
    case Placeholder::kTopic:
      return values.topic;
    case Placeholder::kParameter:
      return values.parameter;
    case Placeholder::kOctet:
      return values.octet;
    default:
      return {};
  }
}

size_t LimitOf(Placeholder placeholder) noexcept {
  switch (placeholder) {
    case Placeholder::kClient:
      return kMaxClientValue;
    case Placeholder::kOctet:
      return kMaxOctetValue;
    default:
      return kMaxWordValue;
  }
}

// The list of commands, in lines of at most kHelpWidth octets. `prefix` begins every line but the
// first, which has it already. Counts where `out` is null. At most kMaxCommandsLines lines: what
// does not fit is dropped, which no list of real commands comes near.
size_t WrapCommands(std::string_view commands, std::string_view prefix, bool ends_reply,
                    char* out) noexcept {
  if (commands.size() > kMaxCommands) commands = commands.substr(0, kMaxCommands);
  size_t written = 0;
  size_t column = prefix.size();
  size_t lines = 1;
  char* line_text = out;  // behind the prefix of the last line
  bool any = false;
  while (true) {
    const size_t begin = commands.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    const size_t end = std::min(commands.find(' ', begin), commands.size());
    const std::string_view word = commands.substr(begin, end - begin);
    commands.remove_prefix(end);
    const size_t length = PrintableLength(word, kMaxWordValue);
    if (any && column + 1 + length > kHelpWidth) {
      if (lines == kMaxCommandsLines) break;
      ++lines;
      if (out != nullptr) {
        std::memcpy(out + written, "\r\n", 2);
        std::memcpy(out + written + 2, prefix.data(), prefix.size());
        line_text = out + written + 2 + prefix.size();
      }
      written += 2 + prefix.size();
      column = prefix.size();
    } else if (any) {
      if (out != nullptr) out[written] = ' ';
      ++written;
      ++column;
    }
    if (out != nullptr) CopyPrintable(word, kMaxWordValue, out + written);
    written += length;
    column += length;
    any = true;
  }
  if (!any) {
    if (out != nullptr) out[written] = '?';
    ++written;
  }
  // The prefix was made for a line that others follow.
  if (ends_reply && out != nullptr) *(line_text - prefix.size() + 3) = ' ';
  return written;
}

}  // namespace

std::shared_ptr<const BoundReplies> BoundReplies::Bind(std::shared_ptr<const ReplyTable> table,
                                                       const BindOptions& options) {
  if (table == nullptr) return nullptr;
  if (options.server.empty() || options.server.size() > kMaxServer) return nullptr;
  for (const char c : options.server) {
    if (c <= 0x20 || c > 0x7e) return nullptr;
  }
  std::shared_ptr<BoundReplies> replies(new BoundReplies());
  replies->server_ = options.server;
  replies->enhanced_status_codes_ = options.enhanced_status_codes;
  ReplyCompiler(table->data(), replies.get()).Compile();
  replies->octets_.shrink_to_fit();
  replies->ops_.shrink_to_fit();
  replies->table_ = std::move(table);
  return replies;
}

size_t BoundReplies::Format(ReplyId id, const Values& values, char* out,
                            size_t capacity) const noexcept {
  const size_t n = static_cast<size_t>(id);
  if (n >= kReplyIdLimit) return 0;
  const Entry& entry = entries_[values.utf8 ? 1 : 0][n];
  if (entry.op_count != 0) return FormatValues(entry, values, out, capacity);
  if (entry.fixed != 0 && entry.fixed <= capacity) {
    std::memcpy(out, octets_.data() + entry.offset, entry.fixed);
  }
  return entry.fixed;
}

size_t BoundReplies::FormatValues(const Entry& entry, const Values& values, char* out,
                                  size_t capacity) const noexcept {
  const Op* const begin = ops_.data() + entry.first_op;
  const Op* const end = begin + entry.op_count;
  const auto prefix = [this](const Op& op) {
    return std::string_view(octets_.data() + op.offset + op.length - op.prefix, op.prefix);
  };
  // Counting first is needed only where the bound does not fit.
  if (capacity < entry.max_octets) {
    size_t needed = 0;
    for (const Op* op = begin; op != end; ++op) {
      needed += op->length;
      if (op->value == kNoValue) continue;
      const auto placeholder = static_cast<Placeholder>(op->value);
      if (placeholder == Placeholder::kLimit) {
        needed += DecimalLength(values.limit);
      } else if (placeholder == Placeholder::kCommands) {
        needed += WrapCommands(values.commands, prefix(*op), op->ends_reply, nullptr);
      } else {
        needed += PrintableLength(ValueOf(placeholder, values), LimitOf(placeholder));
      }
    }
    if (needed > capacity) return needed;
  }
  char* at = out;
  for (const Op* op = begin; op != end; ++op) {
    std::memcpy(at, octets_.data() + op->offset, op->length);
    at += op->length;
    if (op->value == kNoValue) continue;
    const auto placeholder = static_cast<Placeholder>(op->value);
    if (placeholder == Placeholder::kLimit) {
      at = std::to_chars(at, at + kMaxLimitValue, values.limit).ptr;
    } else if (placeholder == Placeholder::kCommands) {
      at += WrapCommands(values.commands, prefix(*op), op->ends_reply, at);
    } else {
      at += CopyPrintable(ValueOf(placeholder, values), LimitOf(placeholder), at);
    }
  }
  return static_cast<size_t>(at - out);
}

size_t BoundReplies::FormatEhlo(const Values& values, const std::string_view* keyword_lines,
                                size_t count, char* out, size_t capacity) const noexcept {
  const size_t head = Format(ReplyId::kEhloOk, values, nullptr, 0);
  size_t needed = head;
  for (size_t i = 0; i < count; ++i) {
    needed += 6 + PrintableLength(keyword_lines[i], kMaxKeywordLine);
  }
  if (needed > capacity) return needed;
  Format(ReplyId::kEhloOk, values, out, capacity);
  if (count == 0) return needed;
  // The head's last line is no longer the reply's. Its code serves the keyword lines too.
  char* last = out + head - 2;
  while (last != out && last[-1] != '\n') --last;
  last[3] = '-';
  char* at = out + head;
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(at, out, 3);
    at[3] = i + 1 == count ? ' ' : '-';
    at += 4;
    at += CopyPrintable(keyword_lines[i], kMaxKeywordLine, at);
    std::memcpy(at, "\r\n", 2);
    at += 2;
  }
  return needed;
}

size_t BoundReplies::FormatChallenge(std::string_view challenge, char* out,
                                     size_t capacity) const noexcept {
  const size_t needed = 4 + syntax::EncodedBase64Length(challenge.size()) + 2;
  if (needed > capacity) return needed;
  char* at = std::to_chars(out, out + 3, Code(ReplyId::kAuthChallenge)).ptr;
  *at++ = ' ';
  size_t length = 0;
  syntax::EncodeBase64(challenge, at, capacity, &length);
  std::memcpy(at + length, "\r\n", 2);
  return needed;
}

const BoundReplies::Topic* BoundReplies::FindTopic(std::string_view topic) const noexcept {
  char upper[kMaxWordValue];
  if (topic.empty() || topic.size() > sizeof(upper)) return nullptr;
  for (size_t i = 0; i < topic.size(); ++i) {
    const char c = topic[i];
    upper[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const std::string_view name(upper, topic.size());
  const auto name_of = [this](const Topic& t) {
    return std::string_view(octets_.data() + t.name_offset, t.name_length);
  };
  const auto find = [&]() -> const Topic* {
    const auto found = std::lower_bound(
        topics_.begin(), topics_.end(), name,
        [&](const Topic& t, std::string_view wanted) { return name_of(t) < wanted; });
    return found != topics_.end() && name_of(*found) == name ? &*found : nullptr;
  };
  if (const Topic* exact = find()) return exact;
  // "5.1.1" is told of as "X.1.1" where the class makes no difference.
  if (topic.size() < 2 || upper[1] != '.' ||
      (upper[0] != '2' && upper[0] != '4' && upper[0] != '5')) {
    return nullptr;
  }
  upper[0] = 'X';
  return find();
}

bool BoundReplies::HasHelpTopic(std::string_view topic) const noexcept {
  return FindTopic(topic) != nullptr;
}

size_t BoundReplies::FormatHelpTopic(std::string_view topic, const Values& /*values*/, char* out,
                                     size_t capacity) const noexcept {
  const Topic* found = FindTopic(topic);
  if (found == nullptr) return 0;
  if (found->length <= capacity) std::memcpy(out, octets_.data() + found->offset, found->length);
  return found->length;
}

}  // namespace postern::replies
