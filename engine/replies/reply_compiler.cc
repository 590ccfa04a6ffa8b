// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/reply_compiler.h"

#include <algorithm>

#include "engine/replies/reply_octets.h"
#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_text.h"

namespace postern::replies {

void ReplyCompiler::Compile() {
  for (size_t reply_class = 0; reply_class < data_.footers.size(); ++reply_class) {
    for (const std::string& line : data_.footers[reply_class]) {
      std::vector<TextPiece> pieces;
      std::string what;
      std::string merged;
      SplitText(line, &pieces, &what);
      for (const TextPiece& piece : pieces) {
        merged += piece.literal;
        if (piece.has_value) merged += replies_->server_;
      }
      replies_->footers_[reply_class].push_back(std::move(merged));
    }
  }
  for (const ReplyRule* rule = ReplyRulesBegin(); rule != ReplyRulesEnd(); ++rule) {
    const auto id = static_cast<uint32_t>(rule->id);
    replies_->enhanced_[id] = data_.replies[id].enhanced;
    CompileReply(id, false);
    CompileReply(id, true);
    replies_->max_octets_ = std::max(replies_->max_octets_, replies_->MaxOctets(rule->id));
  }
  for (const auto& [name, lines] : data_.topics) CompileTopic(name, lines);
}

std::string ReplyCompiler::Prefix(const ReplyText& reply, char separator) const {
  std::string prefix = Cat(reply.code);
  prefix += separator;
  if (reply.enhanced[0] != 0 && replies_->enhanced_status_codes_) {
    prefix += Cat(reply.enhanced[0], ".", reply.enhanced[1], ".", reply.enhanced[2], " ");
  }
  return prefix;
}

void ReplyCompiler::Flush(uint8_t value, uint8_t prefix, bool ends_reply) {
  BoundReplies::Op op;
  op.offset = static_cast<uint32_t>(replies_->octets_.size());
  op.length = static_cast<uint32_t>(literal_.size());
  op.value = value;
  op.prefix = prefix;
  op.ends_reply = ends_reply;
  replies_->octets_ += literal_;
  replies_->ops_.push_back(op);
  literal_.clear();
}

void ReplyCompiler::CompileLine(const ReplyText& reply, std::string_view line, bool last,
                                std::string_view topic) {
  std::vector<TextPiece> pieces;
  std::string what;
  SplitText(line, &pieces, &what);
  const bool is_commands = pieces[0].has_value && pieces[0].value == Placeholder::kCommands;
  // Where commands end the reply, the separator of the last line is set when they are written.
  const size_t line_begin = literal_.size();
  literal_ += Prefix(reply, last && !is_commands ? ' ' : '-');
  for (const TextPiece& piece : pieces) {
    literal_ += piece.literal;
    if (!piece.has_value) continue;
    if (piece.value == Placeholder::kServer) {
      literal_ += replies_->server_;
    } else if (piece.value == Placeholder::kTopic && !topic.empty()) {
      literal_ += topic;
    } else if (piece.value == Placeholder::kCommands) {
      longest_values_ += kMaxCommandsLines * (kHelpWidth + 2);
      Flush(static_cast<uint8_t>(piece.value), static_cast<uint8_t>(literal_.size() - line_begin),
            last);
    } else {
      // One octet is the least: an empty value is written as '?'.
      longest_values_ += LongestValue(piece.value);
      Flush(static_cast<uint8_t>(piece.value), 0, false);
    }
  }
  literal_ += "\r\n";
}

void ReplyCompiler::CompileReply(uint32_t id, bool utf8) {
  const ReplyText& reply = data_.replies[id];
  BoundReplies::Entry& entry = replies_->entries_[utf8 ? 1 : 0][id];
  if (utf8 && reply.utf8_text.empty()) {
    entry = replies_->entries_[0][id];
    return;
  }
  const std::vector<std::string>& text = utf8 ? reply.utf8_text : reply.text;
  const std::vector<std::string>& footer = data_.footers[reply.code / 100];
  const auto octets_before = static_cast<uint32_t>(replies_->octets_.size());
  const size_t ops_before = replies_->ops_.size();
  longest_values_ = 0;
  const size_t count = text.size() + footer.size();
  for (size_t i = 0; i < count; ++i) {
    CompileLine(reply, i < text.size() ? text[i] : footer[i - text.size()], i + 1 == count, {});
  }
  Flush(kNoValue, 0, false);
  const auto literals = static_cast<uint32_t>(replies_->octets_.size()) - octets_before;
  entry.code = reply.code;
  entry.offset = octets_before;
  entry.max_octets = literals + static_cast<uint32_t>(longest_values_);
  entry.first_op = static_cast<uint32_t>(ops_before);
  entry.op_count = static_cast<uint16_t>(replies_->ops_.size() - ops_before);
  if (entry.op_count == 1) {
    entry.fixed = literals;
    entry.op_count = 0;
    replies_->ops_.pop_back();
  }
}

void ReplyCompiler::CompileTopic(const std::string& name, const std::vector<std::string>& lines) {
  const ReplyText& head = data_.replies[static_cast<size_t>(ReplyId::kHelpTopic)];
  BoundReplies::Topic topic;
  topic.name_offset = static_cast<uint32_t>(replies_->octets_.size());
  topic.name_length = static_cast<uint32_t>(name.size());
  replies_->octets_ += name;
  for (const std::string& line : head.text) CompileLine(head, line, false, name);
  for (const std::string& line : lines) CompileLine(head, line, &line == &lines.back(), name);
  topic.offset = static_cast<uint32_t>(replies_->octets_.size());
  topic.length = static_cast<uint32_t>(literal_.size());
  replies_->octets_ += literal_;
  literal_.clear();
  replies_->topics_.push_back(topic);  // ascending: the table keeps topics ordered
  replies_->max_help_topic_octets_ =
      std::max(replies_->max_help_topic_octets_, static_cast<size_t>(topic.length));
}

}  // namespace postern::replies
