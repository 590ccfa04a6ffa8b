// SPDX-License-Identifier: Apache-2.0
//
// posternctl new LOCALE: a table to translate, whole, with the English text above each entry.

#include <algorithm>
#include <map>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/replies/reply_rules.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/languages.h"
#include "tools/posternctl/merged_table.h"
#include "tools/posternctl/paint.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

constexpr size_t kWidth = 96;

// RFC 5646, as far as it matters here: letters and digits, in groups of 1 to 8.
bool IsLanguageTag(const std::string& tag) {
  if (tag.empty() || tag.size() > 35 || !absl::ascii_isalpha(static_cast<unsigned char>(tag[0]))) {
    return false;
  }
  size_t group = 0;
  for (const char c : tag) {
    if (c == '-') {
      if (group == 0) return false;
      group = 0;
    } else if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) || ++group > 8) {
      return false;
    }
  }
  return group > 0;
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

class Skeleton {
 public:
  explicit Skeleton(const std::string& locale) : locale_(locale) {}

  void Comment(const std::string& text, const std::string& indent = "") {
    for (const std::string& line : WrapColumns(text, kWidth - indent.size())) {
      absl::StrAppend(&out_, indent, "# ", line, "\n");
    }
  }

  void Head() {
    Comment(absl::StrCat("Replies in ", locale_, ". Made by `posternctl new ", locale_,
                         "` from the default table."));
    out_ += "#\n";
    Comment(
        "Translate what stands in quotation marks, and leave the names in front of it. `text` is "
        "ASCII: write what can be read without accents, or leave the English; it goes to "
        "clients that know no UTF-8. `utf8_text` is the proper form. Words in braces are filled "
        "in; each one of the English must stay. What you leave out comes from the default table.");
    out_ += "#\n";
    Comment(absl::StrCat("posternctl check --translation ", locale_,
                         ".textproto    tells what is missing and lost"));
    Comment(absl::StrCat("posternctl render ", locale_,
                         ".textproto                   shows how it reads"));
    out_ +=
        "#\n# proto-file: engine/proto/reply_table.proto\n"
        "# proto-message: postern.v1.ReplyTable\n\n";
    absl::StrAppend(&out_, "name: ", Quoted(locale_), "\nlanguage: ", Quoted(locale_), "\n\n");
  }

  void Section(const std::string& title) { absl::StrAppend(&out_, "# ---- ", title, " ----\n\n"); }

  void Reply(const v1::Reply& reply) {
    const replies::ReplyRule* rule = replies::FindReplyRule(static_cast<uint32_t>(reply.id()));
    if (rule != nullptr) {
      Comment(absl::StrCat("Placeholders: ", replies::PlaceholderList(rule->placeholders),
                           rule->begins_with_server ? ". Begins with {server} and a space." : "."));
    }
    absl::StrAppend(&out_, "replies {\n  id: ", v1::ReplyId_Name(reply.id()),
                    "\n  code: ", reply.code(), "\n");
    if (!reply.enhanced_code().empty()) {
      absl::StrAppend(&out_, "  enhanced_code: ", Quoted(reply.enhanced_code()), "\n");
    }
    for (const std::string& line : reply.text()) Field("text", line);
    for (const std::string& line : reply.text()) {
      absl::StrAppend(&out_, "  # utf8_text: ", Quoted(line), "\n");
    }
    Field("explanation", reply.explanation());
    out_ += "}\n\n";
  }

  void Topic(const v1::HelpTopic& topic) {
    absl::StrAppend(&out_, "help_topics {\n  topic: ", Quoted(topic.topic()), "\n");
    for (const std::string& line : topic.text()) Field("text", line);
    for (const std::string& line : topic.text()) {
      absl::StrAppend(&out_, "  # utf8_text: ", Quoted(line), "\n");
    }
    out_ += "}\n\n";
  }

  void Code(const v1::CodeReference& code) {
    absl::StrAppend(&out_, "codes {\n  code: ", code.code(), "\n");
    Field("meaning", code.meaning());
    Field("seen_when", code.seen_when());
    Field("mend", code.mend());
    Field("differs", code.differs());
    Field("use_when", code.use_when());
    for (const std::string& one : code.enhanced_codes()) Field("enhanced_codes", one);
    for (const std::string& one : code.rfc()) Field("rfc", one);
    for (const v1::CodeNeighbour& one : code.neighbours()) {
      absl::StrAppend(&out_, "  neighbours {\n    code: ", one.code(), "\n");
      Field("differs", one.differs(), "    ");
      out_ += "  }\n";
    }
    out_ += "}\n\n";
  }

  template <typename Entry>
  void Words(const char* list, const char* key, uint32_t number, const Entry& entry) {
    absl::StrAppend(&out_, list, " {\n  ", key, ": ", number, "\n");
    Field("name", entry.name());
    Field("meaning", entry.meaning());
    out_ += "}\n\n";
  }

  void Enhanced(const v1::EnhancedReference& entry) {
    absl::StrAppend(&out_, "enhanced_codes {\n  code: ", Quoted(entry.code()), "\n");
    Field("meaning", entry.meaning());
    Field("mend", entry.mend());
    Field("rfc", entry.rfc());
    out_ += "}\n\n";
  }

  void Caption(const v1::Caption& caption) {
    absl::StrAppend(&out_, "captions {\n  name: ", Quoted(caption.name()), "\n");
    Field("text", caption.text());
    out_ += "}\n\n";
  }

  std::string Take() {
    while (out_.size() > 1 && out_.compare(out_.size() - 2, 2, "\n\n") == 0) out_.pop_back();
    return std::move(out_);
  }

 private:
  void Field(const std::string& name, const std::string& text, const std::string& indent = "  ") {
    if (text.empty()) return;
    const std::string one = absl::StrCat(indent, name, ": ", Quoted(text), "\n");
    if (DisplayWidth(one) <= kWidth) {
      out_ += one;
      return;
    }
    absl::StrAppend(&out_, indent, name, ":\n");
    const std::vector<std::string> lines = WrapColumns(text, kWidth - indent.size() - 8);
    for (size_t i = 0; i < lines.size(); ++i) {
      absl::StrAppend(&out_, indent, "  ", Quoted(lines[i] + (i + 1 < lines.size() ? " " : "")),
                      "\n");
    }
  }

  std::string locale_;
  std::string out_;
};

}  // namespace

int RunNew(const Invocation& invocation) {
  const std::string& locale = invocation.arguments[0];
  if (!IsLanguageTag(locale)) {
    return Fail(absl::StrCat("'", locale, "' is no language tag (RFC 5646); write de, pt-BR, say"));
  }
  const v1::ReplyTable& table = DefaultTable();
  std::map<std::string, std::string> words;
  for (const v1::Caption& caption : table.captions()) words[caption.name()] = caption.text();
  Skeleton skeleton(locale);
  skeleton.Head();
  for (const SituationName& situation : Situations()) {
    skeleton.Section(absl::StrCat("Replies: ", words.at("situation_" + situation.name)));
    for (const v1::Reply& reply : table.replies()) {
      const replies::ReplyRule* rule = replies::FindReplyRule(static_cast<uint32_t>(reply.id()));
      if (rule != nullptr && rule->situation == situation.situation) skeleton.Reply(reply);
    }
  }
  skeleton.Section("HELP topics");
  for (const v1::HelpTopic& topic : table.help_topics()) skeleton.Topic(topic);
  skeleton.Section("The first and the second digit of reply codes");
  for (const auto& entry : table.classes()) {
    skeleton.Words("classes", "reply_class", entry.reply_class(), entry);
  }
  for (const auto& entry : table.subjects()) {
    skeleton.Words("subjects", "digit", entry.digit(), entry);
  }
  skeleton.Section("The reference of reply codes");
  skeleton.Comment(
      "Where a sentence of a code is not ASCII, HELP needs a help topic of that code in ASCII.");
  for (const auto& entry : table.codes()) skeleton.Code(entry);
  skeleton.Section("Enhanced status codes");
  for (const auto& entry : table.enhanced_codes()) skeleton.Enhanced(entry);
  skeleton.Section("The words around them, in posternctl and on the HTML page");
  for (const auto& entry : table.captions()) skeleton.Caption(entry);
  return WriteOutput(skeleton.Take());
}

}  // namespace ctl
}  // namespace postern
