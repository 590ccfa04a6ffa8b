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
#include <vector>

#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_table_data.h"

namespace postern::replies {

// What is wrong, one line each: "place: what; mend".
class Problems {
 public:
  void Add(std::string_view place, std::string_view what);
  bool empty() const { return all_.empty(); }
  // The first kMaxTableProblems, and how many more there are.
  std::string Text() const;
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
};

// Checks every entry of `table` and puts the good ones over what `data` holds.
void CheckTable(const postern::v1::ReplyTable& table, Problems* problems, TableData* data);

// The part of CheckTable that is about codes, classes, subjects and enhanced codes
// (reference_checker.cc). Puts the HELP topics that are made from them into `data`.
void CheckReference(const postern::v1::ReplyTable& table, Problems* problems, TableData* data);

// Every id has a reply.
void CheckWhole(const TableData& data, Problems* problems);

// Why protobuf took nothing: the place of a string that is not UTF-8, or that it is no table.
std::string DescribeUnparsable(std::string_view serialized);

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_TABLE_CHECKER_H_
