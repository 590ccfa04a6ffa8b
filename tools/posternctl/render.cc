// SPDX-License-Identifier: Apache-2.0
//
// posternctl render: the whole table as a client sees it, situation by situation; as text, JSON or
// one HTML page (html_page.cc).

#include <stdio.h>

#include <algorithm>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/html_page.h"
#include "tools/posternctl/json.h"
#include "tools/posternctl/languages.h"
#include "tools/posternctl/merged_table.h"
#include "tools/posternctl/paint.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

template <typename Visit>
void ForEachRule(replies::Situation situation, Visit visit) {
  for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
       rule != replies::ReplyRulesEnd(); ++rule) {
    if (rule->situation == situation) visit(*rule);
  }
}

// "550 5.1.1 No such recipient": the code in its colour.
std::string Painted(const std::string& line, const Paint& paint) {
  const unsigned code = line.size() < 3 ? 0 : static_cast<unsigned>(line[0] - '0') * 100;
  return absl::StrCat(paint.OfCode(code, line.substr(0, 3)),
                      line.substr(std::min<size_t>(line.size(), 3)));
}

std::string AsText(const MergedTable& table, const Paint& paint) {
  const size_t width = TerminalWidth(stdout);
  std::string out = absl::StrCat(
      paint.Bold(table.Caption(
          "table_intro", {{"name", table.name().empty() ? table.Caption("no_name") : table.name()},
                          {"language", table.language().empty() ? "-" : table.language()},
                          {"server", table.server()}})),
      "\n");
  const auto replies = [&](const ReplyLines& lines, const char* indent) {
    for (const std::string& line : lines) absl::StrAppend(&out, indent, Painted(line, paint), "\n");
  };
  for (const SituationName& situation : Situations()) {
    absl::StrAppend(&out, "\n", paint.Bold(table.Caption("situation_" + situation.name)), "  ",
                    paint.Dim(table.Caption("about_" + situation.name)), "\n");
    ForEachRule(situation.situation, [&](const replies::ReplyRule& rule) {
      const auto id = static_cast<uint32_t>(rule.id);
      absl::StrAppend(
          &out, "\n  ", paint.Cyan(std::string(rule.name)),
          table.IsOwn(id) ? "" : paint.Dim(absl::StrCat("  (", table.Caption("from_default"), ")")),
          "\n");
      const v1::Reply* reply = table.FindReply(id);
      if (reply != nullptr) {
        for (const std::string& line : WrapColumns(reply->explanation(), width - 4)) {
          absl::StrAppend(&out, "    ", paint.Dim(line), "\n");
        }
      }
      const ReplyLines ascii = table.Render(rule.id, false);
      replies(ascii, "    ");
      const ReplyLines utf8 = table.Render(rule.id, true);
      if (utf8 != ascii) {
        absl::StrAppend(&out, "    ", paint.Dim(table.Caption("utf8_form")), "\n");
        replies(utf8, "    ");
      }
    });
  }
  absl::StrAppend(&out, "\n", paint.Bold(table.Caption("help_topics")), "\n");
  for (const auto& [name, topic] : table.topics()) {
    absl::StrAppend(&out, "\n  ", paint.Cyan("HELP " + name), "\n");
    replies(table.RenderTopic(name), "    ");
    if (topic.utf8_text_size() > 0) {
      absl::StrAppend(&out, "    ", paint.Dim(table.Caption("utf8_topic")), "\n");
      for (const std::string& line : table.Utf8Topic(topic)) {
        absl::StrAppend(&out, "    ", line, "\n");
      }
    }
  }
  absl::StrAppend(&out, "\n", paint.Bold(table.Caption("reply_codes")), "\n\n");
  for (const auto& [code, reference] : table.codes()) {
    const std::vector<std::string> lines = WrapColumns(reference.meaning(), width - 7);
    for (size_t i = 0; i < lines.size(); ++i) {
      absl::StrAppend(&out, "  ", i == 0 ? paint.OfCode(code, absl::StrCat(code)) : "   ", "  ",
                      lines[i], "\n");
    }
  }
  return out;
}

std::string AsJson(const MergedTable& table) {
  JsonWriter json;
  json.BeginObject().Field("name", table.name()).Field("language", table.language());
  json.Key("replies").BeginList();
  for (const SituationName& situation : Situations()) {
    ForEachRule(situation.situation, [&](const replies::ReplyRule& rule) {
      const v1::Reply* reply = table.FindReply(static_cast<uint32_t>(rule.id));
      if (reply == nullptr) return;
      json.BeginObject()
          .Field("id", std::string(rule.name))
          .Field("situation", table.Caption("situation_" + situation.name))
          .Key("code")
          .Number(reply->code())
          .Field("enhanced_code", reply->enhanced_code())
          .Key("own")
          .Bool(table.IsOwn(static_cast<uint32_t>(rule.id)))
          .Texts("lines", table.Render(rule.id, false));
      if (reply->utf8_text_size() > 0) json.Texts("utf8_lines", table.Render(rule.id, true));
      json.Field("explanation", reply->explanation()).EndObject();
    });
  }
  json.EndList().Key("help_topics").BeginList();
  for (const auto& [name, topic] : table.topics()) {
    json.BeginObject().Field("topic", name).Texts("lines", table.RenderTopic(name));
    if (topic.utf8_text_size() > 0) {
      json.Texts("utf8_lines", table.Utf8Topic(topic));
    }
    json.EndObject();
  }
  return json.EndList().EndObject().Done();
}

}  // namespace

int RunRender(const Invocation& invocation) {
  if (!invocation.arguments.empty()) absl::SetFlag(&FLAGS_table, invocation.arguments[0]);
  const absl::StatusOr<v1::ReplyTable> own = ReadChosenTable();
  if (!own.ok()) return Fail(own.status());
  const absl::StatusOr<MergedTable> table =
      MergedTable::Make(*own, absl::GetFlag(FLAGS_server_name));
  if (!table.ok()) return Fail(table.status());
  if (absl::GetFlag(FLAGS_html)) return WriteOutput(HtmlPage(*table));
  if (absl::GetFlag(FLAGS_json)) return WriteOutput(AsJson(*table));
  const absl::StatusOr<Paint> paint =
      absl::GetFlag(FLAGS_output).empty() ? Paint::FromFlag(stdout) : Paint(false);
  if (!paint.ok()) return Fail(paint.status());
  return WriteOutput(AsText(*table, *paint));
}

}  // namespace ctl
}  // namespace postern
