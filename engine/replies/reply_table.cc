// SPDX-License-Identifier: Apache-2.0
//
// Loading: parse, put the table over the default, check (table_checker.h), refuse or hand out.

#include "engine/replies/reply_table.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "engine/proto/reply_table.pb.h"
#include "engine/replies/default_table.h"
#include "engine/replies/reply_table_data.h"
#include "engine/replies/reply_text.h"
#include "engine/replies/table_checker.h"
#include "engine/replies/table_parser.h"

namespace postern::replies {

ReplyTable::ReplyTable(std::unique_ptr<const TableData> data) : data_(std::move(data)) {}
ReplyTable::~ReplyTable() = default;

std::string_view ReplyTable::name() const { return data_->name; }
std::string_view ReplyTable::language() const { return data_->language; }

std::string_view DefaultTableBytes() {
  return {reinterpret_cast<const char*>(kDefaultTable), kDefaultTableSize};
}

absl::StatusOr<std::shared_ptr<const ReplyTable>> ReplyTable::LoadDefault() {
  return Load(DefaultTableBytes());
}

absl::StatusOr<std::shared_ptr<const ReplyTable>> ReplyTable::Load(std::string_view serialized) {
  if (serialized.size() > kMaxTableOctets) {
    return absl::InvalidArgumentError(Cat("table: ", serialized.size(), " octets; at most ",
                                          kMaxTableOctets, " are taken: shorten it"));
  }
  postern::v1::ReplyTable table;
  if (!ParseTable(serialized, &table)) {
    return absl::InvalidArgumentError(DescribeUnparsable(serialized));
  }
  auto data = std::make_unique<TableData>();
  Problems problems;
  if (table.extends() == "none") {
    CheckTable(table, &problems, data.get());
    CheckWhole(*data, &problems);
  } else if (table.extends().empty() || table.extends() == "default") {
    postern::v1::ReplyTable base;
    if (!ParseTable(DefaultTableBytes(), &base)) {
      return absl::InternalError("the embedded default table does not parse");
    }
    // The default was checked when it was built, and is again here: it is what all stands on.
    Problems base_problems;
    CheckTable(base, &base_problems, data.get());
    CheckWhole(*data, &base_problems);
    if (!base_problems.empty()) {
      return absl::InternalError(Cat("default table: ", base_problems.Text()));
    }
    CheckTable(table, &problems, data.get());
  } else {
    problems.Add("table", Cat("extends \"", absl::CHexEscape(table.extends().substr(0, 40)),
                              "\" is unknown; write \"default\" or \"none\""));
  }
  if (!problems.empty()) return absl::InvalidArgumentError(problems.Text());
  return std::shared_ptr<const ReplyTable>(new ReplyTable(std::move(data)));
}

}  // namespace postern::replies
