// SPDX-License-Identifier: Apache-2.0
//
// posternctl helpfile: the table's HELP topics as Sendmail's HelpFile (confHELP_FILE), version 2,
// so that a site's Sendmail and Postern say the same. A line is a topic, a tab, and one line of
// text; `$x` is a macro there, `$$` a dollar, and `\#` what else begins a comment. Sendmail puts
// "214-2.0.0 " before each and ends with a line of its own, "214 2.0.0 End of HELP info"; it sends
// every line whose topic begins with what was asked for.

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/commands/command_table.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/languages.h"
#include "tools/posternctl/merged_table.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

// Text of a table with its placeholders as Sendmail's macros: $j is the server's name.
std::string ForSendmail(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 8, "{server}") == 0) {
      out += "$j";
      i += 7;
    } else if (text.compare(i, 2, "{{") == 0 || text.compare(i, 2, "}}") == 0) {
      out += text[i++];
    } else if (text[i] == '$') {
      out += "$$";
    } else if (text[i] == '#') {
      // Else a comment to the end of the line.
      out += "\\#";
    } else {
      out += text[i];
    }
  }
  return out;
}

// Behind "214-2.0.0 ", which Sendmail puts itself.
std::string BehindCodes(const std::string& line) {
  size_t at = 4;
  if (line.size() > at + 5 && line[5] == '.') at = line.find(' ', at) + 1;
  return at <= line.size() ? line.substr(at) : "";
}

// Whether HELP about it may have an answer: no command that this Sendmail lacks, and nothing that
// would be sent with the overview, whose topic is "smtp".
bool Serves(const std::vector<std::string>& in_force, const std::string& topic) {
  if (absl::StartsWithIgnoreCase(topic, "smtp")) return false;
  if (commands::FindVerb(topic) == commands::Verb::kUnknown) return true;
  for (const std::string& name : in_force) {
    if (absl::EqualsIgnoreCase(name, topic)) return true;
  }
  return false;
}

}  // namespace

int RunHelpfile(const Invocation& invocation) {
  if (!invocation.arguments.empty()) absl::SetFlag(&FLAGS_table, invocation.arguments[0]);
  const absl::StatusOr<v1::ReplyTable> own = ReadChosenTable();
  if (!own.ok()) return Fail(own.status());
  // The server's name stays a macro: Sendmail knows it.
  const absl::StatusOr<MergedTable> table = MergedTable::Make(*own, "server.invalid");
  if (!table.ok()) return Fail(table.status());
  std::string out = "#vers\t2\n";
  const auto add = [&](const std::string& topic, const std::string& text) {
    absl::StrAppend(&out, topic, "\t",
                    absl::StrReplaceAll(ForSendmail(text), {{"server.invalid", "$j"}}), "\n");
  };
  std::vector<std::string> in_force = absl::GetFlag(FLAGS_commands);
  for (std::string& name : in_force) absl::AsciiStrToUpper(&name);
  // "smtp" is what HELP alone gives.
  for (const std::string& line :
       table->Render(replies::ReplyId::kHelpOverview, false, absl::StrJoin(in_force, " "))) {
    add("smtp", BehindCodes(line));
  }
  for (const auto& [name, topic] : table->topics()) {
    if (!Serves(in_force, name)) continue;
    for (const std::string& line : topic.text()) add(absl::AsciiStrToLower(name), line);
  }
  for (const auto& [code, reference] : table->codes()) {
    const std::string name = absl::StrCat(code);
    if (table->topics().count(name) != 0) continue;
    const ReplyLines lines = table->RenderTopic(name);
    // The head, "Help on 550", is Postern's.
    const v1::Reply* head = table->FindReply(static_cast<uint32_t>(replies::ReplyId::kHelpTopic));
    const size_t skip = head == nullptr ? 0 : static_cast<size_t>(head->text_size());
    for (size_t i = skip; i < lines.size(); ++i) add(name, BehindCodes(lines[i]));
  }
  return WriteOutput(out);
}

}  // namespace ctl
}  // namespace postern
