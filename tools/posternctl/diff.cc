// SPDX-License-Identifier: Apache-2.0
//
// posternctl diff: what a client would see differently under another table.

#include <stdio.h>

#include <set>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "engine/replies/reply_rules.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/json.h"
#include "tools/posternctl/merged_table.h"
#include "tools/posternctl/paint.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

struct Difference {
  std::string what;  // "RCPT_REJECTED", "HELP MAIL"
  ReplyLines before;
  ReplyLines after;
};

absl::StatusOr<MergedTable> Load(const std::string& path) {
  absl::StatusOr<v1::ReplyTable> table = ReadTable(path);
  if (!table.ok()) return table.status();
  return MergedTable::Make(*table, absl::GetFlag(FLAGS_server_name));
}

// Lines of the footer that every reply of the class carries.
ReplyLines Footer(const MergedTable& table, uint32_t reply_class) {
  const auto found = table.footers().find(reply_class);
  if (found == table.footers().end()) return {};
  return {found->second.text().begin(), found->second.text().end()};
}

// Where footers differ they are told once, and the replies compared without them.
void CutFooter(const MergedTable& table, bool differ, ReplyLines* lines) {
  if (!differ || lines->empty() || lines->front().empty()) return;
  const size_t footer = Footer(table, static_cast<uint32_t>(lines->front()[0] - '0')).size();
  if (footer == 0 || footer >= lines->size()) return;
  lines->resize(lines->size() - footer);
  // What is the last line now was not.
  if (lines->back().size() > 3) lines->back()[3] = ' ';
}

std::vector<Difference> Compare(const MergedTable& a, const MergedTable& b) {
  std::vector<Difference> differences;
  const auto add = [&](const std::string& what, ReplyLines before, ReplyLines after) {
    if (before != after) differences.push_back({what, std::move(before), std::move(after)});
  };
  bool footers_differ = false;
  for (const uint32_t digit : {4u, 5u}) {
    const ReplyLines before = Footer(a, digit);
    const ReplyLines after = Footer(b, digit);
    footers_differ = footers_differ || before != after;
    add(absl::StrCat("under every ", digit, "xx reply"), before, after);
  }
  const auto render = [&](const MergedTable& table, replies::ReplyId id, bool utf8) {
    ReplyLines lines = table.Render(id, utf8);
    CutFooter(table, footers_differ, &lines);
    return lines;
  };
  for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
       rule != replies::ReplyRulesEnd(); ++rule) {
    const std::string name(rule->name);
    const ReplyLines before = render(a, rule->id, false);
    const ReplyLines after = render(b, rule->id, false);
    add(name, before, after);
    const ReplyLines utf8_before = render(a, rule->id, true);
    const ReplyLines utf8_after = render(b, rule->id, true);
    // Where UTF-8 text differs though ASCII does not, or beside it.
    if (utf8_before != before || utf8_after != after) {
      add(absl::StrCat(name, " in UTF-8"), utf8_before, utf8_after);
    }
  }
  std::set<std::string> topics;
  for (const MergedTable* table : {&a, &b}) {
    for (const auto& [name, topic] : table->topics()) topics.insert(name);
    for (const auto& [code, reference] : table->codes()) topics.insert(absl::StrCat(code));
    for (const auto& [code, reference] : table->enhanced()) topics.insert(code);
  }
  for (const std::string& topic : topics) {
    add(absl::StrCat("HELP ", topic), a.RenderTopic(topic), b.RenderTopic(topic));
  }
  return differences;
}

}  // namespace

int RunDiff(const Invocation& invocation) {
  const absl::StatusOr<MergedTable> a = Load(invocation.arguments[0]);
  if (!a.ok()) return Fail(a.status());
  const absl::StatusOr<MergedTable> b = Load(invocation.arguments[1]);
  if (!b.ok()) return Fail(b.status());
  const absl::StatusOr<Paint> paint = Paint::FromFlag(stdout);
  if (!paint.ok()) return Fail(paint.status());
  const std::vector<Difference> differences = Compare(*a, *b);
  if (absl::GetFlag(FLAGS_json)) {
    JsonWriter json;
    json.BeginList();
    for (const Difference& one : differences) {
      json.BeginObject().Field("what", one.what);
      json.Texts("before", one.before).Texts("after", one.after).EndObject();
    }
    fputs(json.EndList().Done().c_str(), stdout);
  } else {
    for (const Difference& one : differences) {
      fputs(absl::StrCat(paint->Bold(one.what), "\n").c_str(), stdout);
      if (one.before.empty()) fputs(paint->Dim("  (nothing before)\n").c_str(), stdout);
      for (const std::string& line : one.before) {
        fputs(paint->Red(absl::StrCat("- ", line)).append("\n").c_str(), stdout);
      }
      if (one.after.empty()) fputs(paint->Dim("  (nothing any more)\n").c_str(), stdout);
      for (const std::string& line : one.after) {
        fputs(paint->Green(absl::StrCat("+ ", line)).append("\n").c_str(), stdout);
      }
    }
    const std::string sum =
        differences.empty()
            ? "a client sees no difference"
            : absl::StrCat(differences.size(),
                           differences.size() == 1 ? " difference" : " differences");
    fputs(absl::StrCat(sum, "\n").c_str(), stdout);
  }
  return differences.empty() ? kFine : kProblem;
}

}  // namespace ctl
}  // namespace postern
