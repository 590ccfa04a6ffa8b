// SPDX-License-Identifier: Apache-2.0
//
// Loading: parse, put the table over the default, check (table_checker.h), refuse or hand out.

#include "engine/replies/reply_table.h"

#include <algorithm>
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

namespace {

// Fills `data` with the checked table over the default, or `problems`. The status is for what is
// not the table's fault, or for octets that are no table at all.
absl::Status LoadData(std::string_view serialized, Problems* problems, TableData* data) {
  if (serialized.size() > kMaxTableOctets) {
    problems->Add("table", Cat(serialized.size(), " octets; at most ", kMaxTableOctets,
                               " are taken: shorten it"));
    return absl::OkStatus();
  }
  postern::v1::ReplyTable table;
  if (!ParseTable(serialized, &table)) {
    return absl::InvalidArgumentError(DescribeUnparsable(serialized));
  }
  if (table.extends() == "none") {
    CheckTable(table, problems, data);
    CheckWhole(*data, problems);
  } else if (table.extends().empty() || table.extends() == "default") {
    postern::v1::ReplyTable base;
    if (!ParseTable(DefaultTableBytes(), &base)) {
      return absl::InternalError("the embedded default table does not parse");
    }
    // The default was checked when it was built, and is again here: it is what all stands on.
    Problems base_problems;
    CheckTable(base, &base_problems, data);
    CheckWhole(*data, &base_problems);
    if (!base_problems.empty()) {
      return absl::InternalError(Cat("default table: ", base_problems.Text()));
    }
    CheckTable(table, problems, data);
  } else {
    problems->Add("table", Cat("extends: \"", absl::CHexEscape(table.extends().substr(0, 40)),
                               "\" is unknown; write \"default\" or \"none\""));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ReplyTable>> ReplyTable::Load(std::string_view serialized) {
  auto data = std::make_unique<TableData>();
  Problems problems;
  const absl::Status status = LoadData(serialized, &problems, data.get());
  if (!status.ok()) return status;
  if (!problems.empty()) return absl::InvalidArgumentError(problems.Text());
  return std::shared_ptr<const ReplyTable>(new ReplyTable(std::move(data)));
}

std::vector<std::string> ReplyTable::Check(std::string_view serialized) {
  TableData data;
  Problems problems;
  const absl::Status status = LoadData(serialized, &problems, &data);
  if (status.ok()) return problems.all();
  std::vector<std::string> lines;
  std::string_view rest(status.message().data(), status.message().size());
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

}  // namespace postern::replies
