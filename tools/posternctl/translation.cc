// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/translation.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_field.h"

namespace postern {
namespace ctl {
namespace {

using Lines = google::protobuf::RepeatedPtrField<std::string>;

// "{server} {limit}" of lines, each once; `{{` is none.
std::set<std::string> Placeholders(const Lines& lines) {
  std::set<std::string> found;
  for (const std::string& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] != '{') continue;
      if (i + 1 < line.size() && line[i + 1] == '{') {
        ++i;
        continue;
      }
      const size_t end = line.find('}', i);
      if (end == std::string::npos) break;
      found.insert(line.substr(i, end - i + 1));
      i = end;
    }
  }
  return found;
}

bool IsAscii(const Lines& lines) {
  return std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return std::all_of(line.begin(), line.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  });
}

class Comparison {
 public:
  explicit Comparison(std::vector<std::string>* problems) : problems_(problems) {}

  void Missing(const std::string& place, const std::string& what) {
    problems_->push_back(absl::StrCat(place, ": ", what, "; add it"));
  }

  void Unknown(const std::string& place) {
    problems_->push_back(
        absl::StrCat(place, ": the original has none of that name; remove it or mend its name"));
  }

  void Lost(const std::string& what) {
    problems_->push_back(absl::StrCat(
        "table: ", what, "; extend \"default\", whose English stands in, or add help topics"));
  }

  // Every placeholder of the original stands in the translation.
  void Lines(const std::string& place, const std::string& field, const ::postern::ctl::Lines& from,
             const ::postern::ctl::Lines& to) {
    if (to.empty()) return;
    const std::set<std::string> there = Placeholders(to);
    for (const std::string& one : Placeholders(from)) {
      if (there.count(one) == 0) {
        problems_->push_back(
            absl::StrCat(place, ": ", field, ": ", one, " of the original is lost; put it in"));
      }
    }
  }

  void Text(const std::string& place, const std::string& field, const std::string& from,
            const std::string& to) {
    if (!from.empty() && to.empty())
      Missing(place, absl::StrCat(field, ": empty in the translation"));
  }

 private:
  std::vector<std::string>* problems_;
};

// Entries by their key, with their index.
template <typename Entries, typename Key>
auto ByKey(const Entries& entries, Key key) {
  std::map<decltype(key(entries.Get(0))), int> index;
  for (int i = 0; i < entries.size(); ++i) index.emplace(key(entries.Get(i)), i);
  return index;
}

void CompareReplies(const v1::ReplyTable& original, const v1::ReplyTable& translation,
                    Comparison* comparison) {
  const auto index = ByKey(translation.replies(), [](const v1::Reply& r) { return r.id(); });
  for (const v1::Reply& from : original.replies()) {
    const std::string name = v1::ReplyId_Name(from.id());
    const auto found = index.find(from.id());
    if (found == index.end()) {
      comparison->Missing("table", absl::StrCat("no entry for ", name));
      continue;
    }
    const v1::Reply& to = translation.replies(found->second);
    const std::string place = absl::StrCat("replies[", found->second, "] ", name);
    comparison->Lines(place, "text", from.text(), to.text());
    comparison->Lines(place, "utf8_text", from.text(), to.utf8_text());
    comparison->Text(place, "explanation", from.explanation(), to.explanation());
    if (from.code() != to.code() || from.enhanced_code() != to.enhanced_code()) {
      comparison->Missing(
          place, absl::StrCat("code: ", to.code(), " ", to.enhanced_code(),
                              " where the original has ", from.code(), " ", from.enhanced_code()));
    }
  }
}

void CompareTopics(const v1::ReplyTable& original, const v1::ReplyTable& translation,
                   Comparison* comparison) {
  const auto key = [](const v1::HelpTopic& t) { return absl::AsciiStrToUpper(t.topic()); };
  const auto index = ByKey(translation.help_topics(), key);
  for (const v1::HelpTopic& from : original.help_topics()) {
    const auto found = index.find(key(from));
    if (found == index.end()) {
      comparison->Missing("table", absl::StrCat("no help topic ", from.topic()));
      continue;
    }
    const v1::HelpTopic& to = translation.help_topics(found->second);
    const std::string place = absl::StrCat("help_topics[", found->second, "] ", from.topic());
    comparison->Lines(place, "text", from.text(), to.text());
    comparison->Lines(place, "utf8_text", from.text(), to.utf8_text());
  }
}

// HELP sends ASCII alone: a reference beyond it needs a help topic of the code, in ASCII.
bool HelpCanTell(const v1::CodeReference& code) {
  google::protobuf::RepeatedPtrField<std::string> fields;
  for (const std::string* field :
       {&code.meaning(), &code.seen_when(), &code.mend(), &code.differs()}) {
    *fields.Add() = *field;
  }
  return IsAscii(fields);
}

void CompareCodes(const v1::ReplyTable& original, const v1::ReplyTable& translation,
                  Comparison* comparison) {
  const auto index =
      ByKey(translation.codes(), [](const v1::CodeReference& c) { return c.code(); });
  const auto topics =
      ByKey(translation.help_topics(), [](const v1::HelpTopic& t) { return t.topic(); });
  for (const v1::CodeReference& from : original.codes()) {
    const auto found = index.find(from.code());
    if (found == index.end()) {
      comparison->Missing("table", absl::StrCat("no reference of code ", from.code()));
      continue;
    }
    const v1::CodeReference& to = translation.codes(found->second);
    const std::string place = absl::StrCat("codes[", found->second, "] ", from.code());
    comparison->Text(place, "meaning", from.meaning(), to.meaning());
    comparison->Text(place, "seen_when", from.seen_when(), to.seen_when());
    comparison->Text(place, "mend", from.mend(), to.mend());
    comparison->Text(place, "differs", from.differs(), to.differs());
    comparison->Text(place, "use_when", from.use_when(), to.use_when());
    const std::set<std::string> enhanced(to.enhanced_codes().begin(), to.enhanced_codes().end());
    for (const std::string& one : from.enhanced_codes()) {
      if (enhanced.count(one) == 0) {
        comparison->Missing(place, absl::StrCat("enhanced_codes: no ", one));
      }
    }
    const auto neighbours =
        ByKey(to.neighbours(), [](const v1::CodeNeighbour& n) { return n.code(); });
    for (const v1::CodeNeighbour& one : from.neighbours()) {
      if (neighbours.count(one.code()) == 0) {
        comparison->Missing(place, absl::StrCat("neighbours: no ", one.code()));
      }
    }
    if (!HelpCanTell(to) && topics.count(absl::StrCat(from.code())) == 0) {
      comparison->Missing(place, absl::StrCat("HELP ", from.code(),
                                              " cannot tell it, since it is not all ASCII, and "
                                              "there is no help topic of that name"));
    }
  }
}

void CompareRest(const v1::ReplyTable& original, const v1::ReplyTable& translation,
                 Comparison* comparison) {
  const auto classes =
      ByKey(translation.classes(), [](const v1::ClassReference& c) { return c.reply_class(); });
  for (const auto& from : original.classes()) {
    const auto found = classes.find(from.reply_class());
    if (found == classes.end()) {
      comparison->Missing("table", absl::StrCat("no words for class ", from.reply_class()));
      continue;
    }
    const std::string place = absl::StrCat("classes[", found->second, "] ", from.reply_class());
    comparison->Text(place, "name", from.name(), translation.classes(found->second).name());
    comparison->Text(place, "meaning", from.meaning(),
                     translation.classes(found->second).meaning());
  }
  const auto subjects =
      ByKey(translation.subjects(), [](const v1::SubjectReference& s) { return s.digit(); });
  for (const auto& from : original.subjects()) {
    const auto found = subjects.find(from.digit());
    if (found == subjects.end()) {
      comparison->Missing("table", absl::StrCat("no words for second digit ", from.digit()));
      continue;
    }
    const std::string place = absl::StrCat("subjects[", found->second, "] ", from.digit());
    comparison->Text(place, "meaning", from.meaning(),
                     translation.subjects(found->second).meaning());
  }
  const auto enhanced =
      ByKey(translation.enhanced_codes(), [](const v1::EnhancedReference& e) { return e.code(); });
  for (const auto& from : original.enhanced_codes()) {
    const auto found = enhanced.find(from.code());
    if (found == enhanced.end()) {
      comparison->Missing("table", absl::StrCat("no reference of enhanced code ", from.code()));
      continue;
    }
    const v1::EnhancedReference& to = translation.enhanced_codes(found->second);
    const std::string place = absl::StrCat("enhanced_codes[", found->second, "] ", from.code());
    comparison->Text(place, "meaning", from.meaning(), to.meaning());
    comparison->Text(place, "mend", from.mend(), to.mend());
  }
}

// HELP tells an explanation or an enhanced code that is all ASCII; for the others the default
// table's words stand in, unless the table extends nothing.
void CompareHelp(const v1::ReplyTable& translation, Comparison* comparison) {
  if (translation.extends() != "none") return;
  std::set<std::string> topics;
  for (const auto& topic : translation.help_topics()) {
    topics.insert(absl::AsciiStrToUpper(topic.topic()));
  }
  std::vector<std::string> lost;
  const auto look = [&](const std::string& name, std::initializer_list<std::string> texts) {
    google::protobuf::RepeatedPtrField<std::string> fields;
    for (const std::string& text : texts) *fields.Add() = text;
    if (!IsAscii(fields) && topics.count(name) == 0) lost.push_back(name);
  };
  for (const auto& one : translation.replies()) {
    look(v1::ReplyId_Name(one.id()), {one.explanation()});
  }
  for (const auto& one : translation.enhanced_codes()) {
    look(one.code(), {one.meaning(), one.mend()});
  }
  if (lost.empty()) return;
  comparison->Lost(absl::StrCat("extends: HELP cannot tell ", lost.front(), " and ",
                                lost.size() - 1, " more, whose words are not all ASCII"));
}

void CompareCaptions(const v1::ReplyTable& original, const v1::ReplyTable& translation,
                     Comparison* comparison) {
  const auto key = [](const v1::Caption& c) { return c.name(); };
  const auto index = ByKey(translation.captions(), key);
  for (const v1::Caption& from : original.captions()) {
    const auto found = index.find(from.name());
    if (found == index.end()) {
      comparison->Missing("table", absl::StrCat("no caption ", from.name()));
      continue;
    }
    google::protobuf::RepeatedPtrField<std::string> before;
    google::protobuf::RepeatedPtrField<std::string> after;
    *before.Add() = from.text();
    *after.Add() = translation.captions(found->second).text();
    comparison->Lines(absl::StrCat("captions[", found->second, "] ", from.name()), "text", before,
                      after);
  }
  const auto known = ByKey(original.captions(), key);
  for (const auto& [name, at] : index) {
    if (known.count(name) == 0) {
      comparison->Unknown(absl::StrCat("captions[", at, "] ", name));
    }
  }
}

}  // namespace

size_t EntriesOf(const v1::ReplyTable& table, const std::string& list) {
  const std::pair<const char*, int> sizes[] = {
      {"replies", table.replies_size()},   {"help_topics", table.help_topics_size()},
      {"codes", table.codes_size()},       {"classes", table.classes_size()},
      {"subjects", table.subjects_size()}, {"enhanced_codes", table.enhanced_codes_size()},
      {"captions", table.captions_size()}};
  for (const auto& [name, size] : sizes) {
    if (list == name) return static_cast<size_t>(size);
  }
  return 0;
}

std::vector<std::string> CompareTranslation(const v1::ReplyTable& original,
                                            const v1::ReplyTable& translation) {
  std::vector<std::string> problems;
  Comparison comparison(&problems);
  if (translation.language().empty()) comparison.Missing("table", "language: empty");
  CompareReplies(original, translation, &comparison);
  CompareTopics(original, translation, &comparison);
  CompareCodes(original, translation, &comparison);
  CompareRest(original, translation, &comparison);
  CompareCaptions(original, translation, &comparison);
  CompareHelp(translation, &comparison);
  return problems;
}

}  // namespace ctl
}  // namespace postern
