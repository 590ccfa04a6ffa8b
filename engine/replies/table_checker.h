// SPDX-License-Identifier: Apache-2.0
//
// The checks of DESIGN section 5, and the message that says what is wrong with a table. Private to
// engine/replies; the one header of the room that knows the generated classes.
//
// Threads: no shared state; used while loading only.

#ifndef POSTERN_ENGINE_REPLIES_TABLE_CHECKER_H_
#define POSTERN_ENGINE_REPLIES_TABLE_CHECKER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_table_data.h"

namespace postern::replies {

// What is wrong, one line each: "place: what; mend". All are counted, the first
// kMaxTableProblems are kept.
class Problems {
 public:
  void Add(std::string_view place, std::string_view what);
  bool empty() const { return count_ == 0; }
  std::string Text() const;

 private:
  size_t count_ = 0;
  std::string text_;
};

// Checks every entry of `table` and puts the good ones over what `data` holds.
void CheckTable(const postern::v1::ReplyTable& table, Problems* problems, TableData* data);

// Every id has a reply.
void CheckWhole(const TableData& data, Problems* problems);

// Why protobuf took nothing: the place of a string that is not UTF-8, or that it is no table.
std::string DescribeUnparsable(std::string_view serialized);

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_TABLE_CHECKER_H_
