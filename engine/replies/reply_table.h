// SPDX-License-Identifier: Apache-2.0
//
// ReplyTable: every reply code and text that a session can send (rule R7), loaded from a serialized
// postern.v1.ReplyTable, checked as a whole and refused as a whole. It formats nothing: bind it to
// a server name (bound_replies.h, which this header brings along) for that.
//
// Threads and lifetime: immutable and shared. A session keeps the table that it began with, so a
// new table may be put in force while sessions run. Loading allocates and returns absl::Status;
// it reads no file, no environment and no global but the embedded default table.

#ifndef POSTERN_ENGINE_REPLIES_REPLY_TABLE_H_
#define POSTERN_ENGINE_REPLIES_REPLY_TABLE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/replies/bound_replies.h"  // IWYU pragma: export
#include "engine/replies/reply_id.h"       // IWYU pragma: export

namespace postern::replies {

// Bounds of a serialized table.
inline constexpr size_t kMaxTableOctets = size_t{1} << 20;
inline constexpr size_t kMaxTableProblems = 20;

struct TableData;

class ReplyTable {
 public:
  // Parses and checks a table. One that extends the default (the rule unless it says
  // `extends: "none"`) gets what it lacks from the default table. InvalidArgumentError with one
  // line per problem, at most kMaxTableProblems of them, each naming entry, line and mend.
  static absl::StatusOr<std::shared_ptr<const ReplyTable>> Load(std::string_view serialized);

  // What Load would refuse, problem by problem and without a limit: "PLACE: WHAT; MEND". Empty for
  // a good table. For tools; Load is enough for whoever only wants to use the table.
  static std::vector<std::string> Check(std::string_view serialized);

  // The default table, tables/en.textproto. Cannot fail with the table that the build checked.
  static absl::StatusOr<std::shared_ptr<const ReplyTable>> LoadDefault();

  ~ReplyTable();
  ReplyTable(const ReplyTable&) = delete;
  ReplyTable& operator=(const ReplyTable&) = delete;

  std::string_view name() const;
  std::string_view language() const;

  // For this room alone (TableData is defined in reply_table_data.h).
  const TableData& data() const { return *data_; }

 private:
  explicit ReplyTable(std::unique_ptr<const TableData> data);

  std::unique_ptr<const TableData> data_;
};

// The serialized default table that is embedded in the library: without what only tools tell of
// codes, such as their neighbours (embed_main.cc).
std::string_view DefaultTableBytes();

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_TABLE_H_
