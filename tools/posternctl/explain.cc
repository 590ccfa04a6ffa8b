// SPDX-License-Identifier: Apache-2.0
//
// posternctl explain: one reply code in full, or two side by side.

#include <stdio.h>

#include <algorithm>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/replies/reply_rules.h"
#include "hosts/common/closest.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/json.h"
#include "tools/posternctl/languages.h"
#include "tools/posternctl/merged_table.h"
#include "tools/posternctl/paint.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

// "500", "5xx Permanent Negative Completion", "x0z Syntax".
struct Words {
  std::string name;
  std::string meaning;
};

Words ClassWords(const MergedTable& table, uint32_t code) {
  const v1::ClassReference* reference = table.FindClass(code / 100);
  return reference == nullptr ? Words() : Words{reference->name(), reference->meaning()};
}

Words SubjectWords(const MergedTable& table, uint32_t code) {
  const v1::SubjectReference* reference = table.FindSubject(code / 10 % 10);
  return reference == nullptr ? Words() : Words{reference->name(), reference->meaning()};
}

std::string Difference(const v1::CodeReference& of, uint32_t to) {
  for (const v1::CodeNeighbour& neighbour : of.neighbours()) {
    if (neighbour.code() == to) return neighbour.differs();
  }
  return "";
}

// Ids of the replies whose situation may be answered with the code, the usual ones alone.
std::vector<std::string> RepliesWith(const MergedTable& table, uint32_t code) {
  std::vector<std::string> names;
  for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
       rule != replies::ReplyRulesEnd(); ++rule) {
    const v1::Reply* reply = table.FindReply(static_cast<uint32_t>(rule->id));
    if (reply != nullptr && reply->code() == code) names.emplace_back(rule->name);
  }
  return names;
}

// "501, 550"
std::string CodesOf(const replies::ReplyRule& rule) {
  std::vector<std::string> codes;
  for (const uint16_t code : rule.codes) {
    if (code != 0) codes.push_back(absl::StrCat(code));
  }
  return absl::StrJoin(codes, ", ");
}

class Printer {
 public:
  Printer(const MergedTable& table, const Paint& paint)
      : table_(table), paint_(paint), width_(TerminalWidth(stdout)) {
    // One column for the names of the fields, whatever the language.
    for (const char* caption : {"class", "group", "when_seen", "how_to_fix", "when_to_use",
                                "usual_with", "written_in", "replies_here", "placeholders"}) {
      indent_ = std::max(indent_, DisplayWidth(table.Caption(caption)) + 2);
    }
  }

  size_t width() const { return width_; }
  // One of two columns.
  size_t column() const { return (width_ - 3) / 2; }

  void Line(const std::string& text) { out_ += text + "\n"; }

  // `caption` names the field; empty: another line of the one above.
  void Section(const std::string& caption, const std::string& text) {
    Titled(caption.empty() ? "" : table_.Caption(caption), text);
  }

  void Titled(const std::string& title, const std::string& text) {
    if (text.empty()) return;
    const std::vector<std::string> lines = WrapColumns(text, width_ - indent_);
    for (size_t i = 0; i < lines.size(); ++i) {
      Line(absl::StrCat(i == 0 ? paint_.Bold(Pad(title, indent_)) : std::string(indent_, ' '),
                        lines[i]));
    }
  }

  void Headline(const std::string& caption) {
    Line("");
    Line(paint_.Bold(table_.Caption(caption)));
  }

  // Two paragraphs side by side under a title.
  void Pair(const std::string& caption, const std::string& left, const std::string& right) {
    if (left.empty() && right.empty()) return;
    Headline(caption);
    const std::vector<std::string> a = WrapColumns(left, column());
    const std::vector<std::string> b = WrapColumns(right, column());
    for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      std::string line = absl::StrCat(Pad(i < a.size() ? a[i] : "", column()), paint_.Dim(" | "),
                                      i < b.size() ? b[i] : "");
      while (!line.empty() && line.back() == ' ') line.pop_back();
      Line(line);
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  const MergedTable& table_;
  const Paint& paint_;
  size_t width_;
  size_t indent_ = 14;
  std::string out_;
};

std::string EnhancedLine(const MergedTable& table, const std::string& code) {
  const v1::EnhancedReference* reference = table.FindEnhanced(code);
  return absl::StrCat(code, reference == nullptr ? "" : "  " + reference->meaning());
}

std::string ExplainOne(const MergedTable& table, const v1::CodeReference& code,
                       const Paint& paint) {
  Printer printer(table, paint);
  const Words in_words = ClassWords(table, code.code());
  const Words subject = SubjectWords(table, code.code());
  printer.Line(absl::StrCat(paint.Bold(paint.OfCode(code.code(), absl::StrCat(code.code()))), "  ",
                            code.meaning()));
  printer.Line("");
  printer.Section("class", in_words.name);
  printer.Section("", in_words.meaning);
  printer.Section("group", subject.name);
  printer.Section("", subject.meaning);
  printer.Section("when_seen", code.seen_when());
  printer.Section("how_to_fix", code.mend());
  printer.Section("when_to_use", code.use_when());
  bool first = true;
  for (const std::string& one : code.enhanced_codes()) {
    printer.Section(first ? "usual_with" : "", EnhancedLine(table, one));
    first = false;
  }
  printer.Section("written_in", absl::StrJoin(code.rfc(), "; "));
  printer.Section("replies_here", absl::StrJoin(RepliesWith(table, code.code()), ", "));
  if (code.neighbours_size() > 0) {
    printer.Headline("neighbours");
    for (const v1::CodeNeighbour& neighbour : code.neighbours()) {
      printer.Titled(absl::StrCat("  ", neighbour.code()), neighbour.differs());
    }
  }
  return printer.Take();
}

std::string ExplainTwo(const MergedTable& table, const v1::CodeReference& a,
                       const v1::CodeReference& b, const Paint& paint) {
  Printer printer(table, paint);
  const auto head = [&](const v1::CodeReference& code) {
    return absl::StrCat(code.code(), "  ", ClassWords(table, code.code()).name);
  };
  printer.Line(absl::StrCat(paint.Bold(paint.OfCode(a.code(), Pad(head(a), printer.column()))),
                            paint.Dim(" | "), paint.Bold(paint.OfCode(b.code(), head(b)))));
  printer.Pair("class", ClassWords(table, a.code()).meaning, ClassWords(table, b.code()).meaning);
  printer.Pair("group", SubjectWords(table, a.code()).name, SubjectWords(table, b.code()).name);
  printer.Pair("meaning", a.meaning(), b.meaning());
  printer.Pair("when_seen", a.seen_when(), b.seen_when());
  printer.Pair("how_to_fix", a.mend(), b.mend());
  printer.Pair("usual_enhanced", absl::StrJoin(a.enhanced_codes(), ", "),
               absl::StrJoin(b.enhanced_codes(), ", "));
  printer.Pair("written_in", absl::StrJoin(a.rfc(), "; "), absl::StrJoin(b.rfc(), "; "));
  printer.Headline("key_differences");
  std::vector<std::string> differences;
  // Either side may tell it, mostly in the same words.
  std::string sentence = Difference(a, b.code());
  if (sentence.empty()) sentence = Difference(b, a.code());
  if (!sentence.empty()) {
    differences.push_back(sentence);
  } else {
    // Codes that nobody mistakes for each other have no sentence of their own: the classes, and
    // what each says of its neighbours then.
    for (const v1::CodeReference* code : {&a, &b}) {
      differences.push_back(absl::StrCat(
          code->code(), ": ",
          a.code() / 100 == b.code() / 100 ? "" : ClassWords(table, code->code()).meaning + " ",
          code->differs()));
    }
  }
  for (const std::string& one : differences) {
    const std::vector<std::string> lines = WrapColumns(one, printer.width() - 4);
    for (size_t i = 0; i < lines.size(); ++i) {
      printer.Line(absl::StrCat(i == 0 ? "  - " : "    ", lines[i]));
    }
  }
  printer.Pair("which_to_use", a.use_when(), b.use_when());
  return printer.Take();
}

void WriteCode(const MergedTable& table, const v1::CodeReference& code, JsonWriter* json) {
  json->BeginObject().Key("code").Number(code.code());
  json->Field("class", ClassWords(table, code.code()).name)
      .Field("class_meaning", ClassWords(table, code.code()).meaning)
      .Field("group", SubjectWords(table, code.code()).name)
      .Field("meaning", code.meaning())
      .Field("seen_when", code.seen_when())
      .Field("mend", code.mend())
      .Field("use_when", code.use_when());
  json->Key("enhanced_codes").BeginList();
  for (const std::string& one : code.enhanced_codes()) {
    const v1::EnhancedReference* reference = table.FindEnhanced(one);
    json->BeginObject()
        .Field("code", one)
        .Field("meaning", reference == nullptr ? "" : reference->meaning());
    json->EndObject();
  }
  json->EndList();
  json->Texts("rfc", {code.rfc().begin(), code.rfc().end()});
  json->Texts("replies", RepliesWith(table, code.code()));
  json->Key("neighbours").BeginList();
  for (const v1::CodeNeighbour& one : code.neighbours()) {
    json->BeginObject().Key("code").Number(one.code()).Field("differs", one.differs()).EndObject();
  }
  json->EndList().EndObject();
}

// "5.1.1"
int ExplainEnhanced(const MergedTable& table, const std::string& code, const Paint& paint) {
  const v1::EnhancedReference* reference = table.FindEnhanced(absl::AsciiStrToUpper(code));
  if (reference == nullptr) {
    fputs(absl::StrCat("posternctl: ", code,
                       ": no enhanced status code that the table tells of; see RFC 3463\n")
              .c_str(),
          stderr);
    return kProblem;
  }
  std::vector<std::string> with;
  for (const auto& [number, one] : table.codes()) {
    for (const std::string& enhanced : one.enhanced_codes()) {
      if (enhanced == code || (reference->code()[0] == 'X' &&
                               "X" + enhanced.substr(1) == reference->code() && code[0] == 'X')) {
        with.push_back(absl::StrCat(number));
      }
    }
  }
  if (absl::GetFlag(FLAGS_json)) {
    JsonWriter json;
    json.BeginObject()
        .Field("code", code)
        .Field("meaning", reference->meaning())
        .Field("mend", reference->mend())
        .Field("rfc", reference->rfc())
        .Texts("with", with)
        .EndObject();
    fputs(json.Done().c_str(), stdout);
    return kFine;
  }
  Printer printer(table, paint);
  printer.Line(absl::StrCat(paint.Bold(code), "  ", reference->meaning()));
  printer.Line("");
  printer.Section("how_to_fix", reference->mend());
  printer.Section("usual_with", absl::StrJoin(with, ", "));
  printer.Section("written_in", reference->rfc());
  fputs(printer.Take().c_str(), stdout);
  return kFine;
}

// A situation by its id.
int ExplainReply(const MergedTable& table, const replies::ReplyRule& rule, const Paint& paint) {
  const v1::Reply* reply = table.FindReply(static_cast<uint32_t>(rule.id));
  Printer printer(table, paint);
  printer.Line(paint.Bold(std::string(rule.name)));
  printer.Line("");
  if (reply != nullptr) printer.Section("when_seen", reply->explanation());
  printer.Section("codes", CodesOf(rule));
  printer.Section("placeholders", replies::PlaceholderList(rule.placeholders));
  printer.Line("");
  for (const std::string& line : table.Render(rule.id, true)) printer.Line("  " + line);
  fputs(printer.Take().c_str(), stdout);
  return kFine;
}

const replies::ReplyRule* FindRule(const std::string& name) {
  for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
       rule != replies::ReplyRulesEnd(); ++rule) {
    if (rule->name == name) return rule;
  }
  return nullptr;
}

int NoSuchCode(const MergedTable& table, const std::string& text) {
  std::vector<std::string> known;
  for (const auto& [code, reference] : table.codes()) known.push_back(absl::StrCat(code));
  for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
       rule != replies::ReplyRulesEnd(); ++rule) {
    known.emplace_back(rule->name);
  }
  const std::string closest = host::Closest(text, known);
  fputs(absl::StrCat("posternctl: ", text, ": no reply code that the table tells of; ",
                     closest.empty() ? "" : absl::StrCat("did you mean ", closest, "? "),
                     "posternctl render lists all\n")
            .c_str(),
        stderr);
  return kProblem;
}

}  // namespace

int RunExplain(const Invocation& invocation) {
  const absl::StatusOr<Paint> paint = Paint::FromFlag(stdout);
  if (!paint.ok()) return Fail(paint.status());
  const absl::StatusOr<v1::ReplyTable> own = ReadChosenTable();
  if (!own.ok()) return Fail(own.status());
  const absl::StatusOr<MergedTable> table =
      MergedTable::Make(*own, absl::GetFlag(FLAGS_server_name));
  if (!table.ok()) return Fail(table.status());
  std::vector<const v1::CodeReference*> codes;
  for (const std::string& argument : invocation.arguments) {
    uint32_t number = 0;
    const bool is_number = absl::SimpleAtoi(argument, &number);
    if (!is_number && invocation.arguments.size() == 1) {
      if (argument.find('.') != std::string::npos) {
        return ExplainEnhanced(*table, absl::AsciiStrToUpper(argument), *paint);
      }
      const replies::ReplyRule* rule = FindRule(absl::AsciiStrToUpper(argument));
      if (rule != nullptr) return ExplainReply(*table, *rule, *paint);
    }
    const v1::CodeReference* code = is_number ? table->FindCode(number) : nullptr;
    if (code == nullptr) return NoSuchCode(*table, argument);
    codes.push_back(code);
  }
  if (absl::GetFlag(FLAGS_json)) {
    JsonWriter json;
    json.BeginList();
    for (const v1::CodeReference* code : codes) WriteCode(*table, *code, &json);
    fputs(json.EndList().Done().c_str(), stdout);
  } else if (codes.size() == 1) {
    fputs(ExplainOne(*table, *codes[0], *paint).c_str(), stdout);
  } else {
    fputs(ExplainTwo(*table, *codes[0], *codes[1], *paint).c_str(), stdout);
  }
  return kFine;
}

}  // namespace ctl
}  // namespace postern
