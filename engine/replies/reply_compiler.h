// SPDX-License-Identifier: Apache-2.0
//
// ReplyCompiler: makes the octets and instructions of BoundReplies out of a checked table. Runs
// once per server name and table, allocates freely, and has nothing to do with sessions.
//
// Threads and lifetime: a local of BoundReplies::Bind.

#ifndef POSTERN_ENGINE_REPLIES_REPLY_COMPILER_H_
#define POSTERN_ENGINE_REPLIES_REPLY_COMPILER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/replies/bound_replies.h"
#include "engine/replies/reply_table_data.h"

namespace postern::replies {

class ReplyCompiler {
 public:
  ReplyCompiler(const TableData& data, BoundReplies* replies) : data_(data), replies_(replies) {}

  void Compile();

 private:
  void CompileReply(uint32_t id, bool utf8);
  void CompileTopic(const std::string& name, const std::vector<std::string>& lines);
  // Puts one line into literal_, flushing it at each value of the client's.
  void CompileLine(const ReplyText& reply, std::string_view line, bool last,
                   std::string_view topic);
  void Flush(uint8_t value, uint8_t prefix, bool ends_reply);
  std::string Prefix(const ReplyText& reply, char separator) const;

  const TableData& data_;
  BoundReplies* replies_;
  std::string literal_;
  size_t longest_values_ = 0;
};

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_COMPILER_H_
