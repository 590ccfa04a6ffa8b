// SPDX-License-Identifier: Apache-2.0
//
// The checks of a table's reference: reply codes, their classes and subjects, enhanced codes, and
// the words that tools put around them. What HELP says of a code is made here, in short; tools tell
// the whole.

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "engine/replies/reply_table.h"
#include "engine/replies/reply_text.h"
#include "engine/replies/table_checker.h"

namespace postern::replies {
namespace {

using Field = std::pair<std::string_view, const std::string*>;

// What HELP shows stands behind code, separator and enhanced code.
constexpr size_t kTopicWidth = kHelpWidth - 12;
constexpr int kMaxNeighbours = 16;
constexpr int kMaxEnhancedOfACode = 32;
constexpr int kMaxSections = 8;

bool IsCode(uint32_t code) { return code >= 200 && code <= 559 && code / 10 % 10 <= 5; }

bool IsAscii(const std::vector<Field>& fields) {
  for (const auto& [name, text] : fields) {
    if (!std::all_of(text->begin(), text->end(), IsPrintableAscii)) return false;
  }
  return true;
}

// Adds the problem that a field of free text has, if any.
bool CheckText(const std::string& place, const Field& field, Problems* problems) {
  const auto& [name, text] = field;
  if (text->size() > kMaxReferenceOctets) {
    problems->Add(place, Cat(name, ": ", text->size(), " octets; at most ", kMaxReferenceOctets,
                             " are taken: shorten it"));
    return false;
  }
  if (FindBadUtf8Text(*text) != text->size()) {
    problems->Add(place, Cat(name, ": holds a control character; remove it"));
    return false;
  }
  return true;
}

void AddLines(const std::vector<Field>& fields, std::vector<std::string>* lines) {
  for (const auto& [name, text] : fields) {
    for (const std::string& line : WrapText(*text, kTopicWidth)) {
      lines->push_back(EscapeBraces(line));
    }
  }
}

// "X.1.1", or with a class of 2, 4 or 5 in place of the X.
bool IsEnhancedName(std::string_view code, bool any_class) {
  if (code.size() < 5) return false;
  const char first = code[0];
  if (first != '2' && first != '4' && first != '5' && !(any_class && first == 'X')) return false;
  code.remove_prefix(1);
  for (int part = 0; part < 2; ++part) {
    if (code.empty() || code[0] != '.') return false;
    code.remove_prefix(1);
    size_t digits = 0;
    while (digits < code.size() && absl::ascii_isdigit(static_cast<unsigned char>(code[digits]))) {
      ++digits;
    }
    if (digits == 0 || digits > 3 || (digits > 1 && code[0] == '0')) return false;
    code.remove_prefix(digits);
  }
  return code.empty();
}

void CheckClasses(const postern::v1::ReplyTable& table, Problems* problems, TableData* data) {
  std::set<uint32_t> seen;
  for (int i = 0; i < table.classes_size(); ++i) {
    const postern::v1::ClassReference& reference = table.classes(i);
    const std::string place = Cat("classes[", i, "] ", reference.reply_class());
    if (reference.reply_class() < 2 || reference.reply_class() > 5) {
      problems->Add(place,
                    "reply_class: no class of SMTP replies (RFC 5321 section 4.2.1); use 2, "
                    "3, 4 or 5");
      continue;
    }
    if (!seen.insert(reference.reply_class()).second) {
      problems->Add(place, "reply_class: a second entry for the same class; keep one");
      continue;
    }
    if (reference.name().empty()) {
      problems->Add(place,
                    "name: empty; write the class in words, such as \"5xx Permanent "
                    "Negative Completion\"");
    } else if (reference.name().size() > kTopicWidth) {
      problems->Add(place, Cat("name: ", reference.name().size(), " octets; at most ", kTopicWidth,
                               " are taken: shorten it"));
    } else if (CheckText(place, {"name", &reference.name()}, problems) &&
               IsAscii({{"name", &reference.name()}})) {
      data->class_names[reference.reply_class()] = EscapeBraces(reference.name());
    }
    CheckText(place, {"meaning", &reference.meaning()}, problems);
  }
}

void CheckSubjects(const postern::v1::ReplyTable& table, Problems* problems) {
  std::set<uint32_t> seen;
  for (int i = 0; i < table.subjects_size(); ++i) {
    const postern::v1::SubjectReference& reference = table.subjects(i);
    const std::string place = Cat("subjects[", i, "] ", reference.digit());
    if (reference.digit() > 5) {
      problems->Add(place,
                    "digit: no second digit of reply codes (RFC 5321 section 4.2); use 0 to "
                    "5");
    } else if (!seen.insert(reference.digit()).second) {
      problems->Add(place, "digit: a second entry for the same digit; keep one");
    }
    if (reference.name().empty()) {
      problems->Add(place, "name: empty; write the digit in words, such as \"x0z Syntax\"");
    }
    CheckText(place, {"name", &reference.name()}, problems);
    CheckText(place, {"meaning", &reference.meaning()}, problems);
  }
}

void CheckEnhancedCodes(const postern::v1::ReplyTable& table, const std::set<std::string>& own,
                        Problems* problems, TableData* data) {
  if (static_cast<size_t>(table.enhanced_codes_size()) > kMaxEnhancedReferences) {
    problems->Add("enhanced_codes", Cat(table.enhanced_codes_size(), " entries; at most ",
                                        kMaxEnhancedReferences, " are taken"));
    return;
  }
  std::set<std::string> seen;
  for (int i = 0; i < table.enhanced_codes_size(); ++i) {
    const postern::v1::EnhancedReference& reference = table.enhanced_codes(i);
    std::string place = Cat("enhanced_codes[", i, "]");
    if (!IsEnhancedName(reference.code(), true)) {
      problems->Add(place,
                    "code: no enhanced status code (RFC 3463 section 2); write \"X.1.1\" "
                    "for any class, or \"5.1.1\" for one");
      continue;
    }
    place += Cat(" ", reference.code());
    if (!seen.insert(reference.code()).second) {
      problems->Add(place, "code: a second entry for the same code; keep one");
      continue;
    }
    const std::vector<Field> fields = {{"meaning", &reference.meaning()},
                                       {"mend", &reference.mend()}};
    if (reference.meaning().empty()) {
      problems->Add(place, "meaning: empty; write what the code means");
    }
    for (const Field& field : fields) CheckText(place, field, problems);
    CheckText(place, {"rfc", &reference.rfc()}, problems);
    std::vector<std::string> lines;
    AddLines(fields, &lines);
    if (!lines.empty() && lines.size() <= kMaxTextLines && IsAscii(fields) &&
        own.count(reference.code()) == 0) {
      data->topics[reference.code()] = std::move(lines);
    }
  }
}

// What stands beside the sentences of a code: neighbours, enhanced codes, sections.
void CheckRelations(const postern::v1::CodeReference& reference, const std::string& place,
                    Problems* problems) {
  CheckText(place, {"use_when", &reference.use_when()}, problems);
  for (const auto& [name, count, most] :
       {std::tuple<std::string_view, int, int>("neighbours", reference.neighbours_size(),
                                               kMaxNeighbours),
        std::tuple<std::string_view, int, int>("enhanced_codes", reference.enhanced_codes_size(),
                                               kMaxEnhancedOfACode),
        std::tuple<std::string_view, int, int>("rfc", reference.rfc_size(), kMaxSections)}) {
    if (count > most) {
      problems->Add(place, Cat(name, ": ", count, " entries; at most ", most, " are taken"));
    }
  }
  for (int i = 0; i < reference.enhanced_codes_size(); ++i) {
    const std::string& code = reference.enhanced_codes(i);
    const std::string where = Cat("enhanced_codes line ", i + 1);
    if (!IsEnhancedName(code, false)) {
      problems->Add(place, Cat(where, ": no enhanced status code (RFC 3463 section 2); write \"",
                               reference.code() / 100, ".0.0\", say"));
    } else if (static_cast<uint32_t>(code[0] - '0') != reference.code() / 100) {
      problems->Add(place,
                    Cat(where, ": class ", code.substr(0, 1), " is not the first digit of code ",
                        reference.code(), "; begin it with ", reference.code() / 100));
    }
  }
  for (int i = 0; i < reference.rfc_size(); ++i) {
    CheckText(place, {Cat("rfc line ", i + 1), &reference.rfc(i)}, problems);
  }
  std::set<uint32_t> seen;
  for (int i = 0; i < reference.neighbours_size(); ++i) {
    const postern::v1::CodeNeighbour& neighbour = reference.neighbours(i);
    const std::string where = Cat("neighbours line ", i + 1);
    if (!IsCode(neighbour.code()) || neighbour.code() == reference.code()) {
      problems->Add(place, Cat(where, ": ", neighbour.code(),
                               " is no other reply code (RFC 5321 section 4.2); use one from 200 "
                               "to 559"));
    } else if (!seen.insert(neighbour.code()).second) {
      problems->Add(place, Cat(where, ": a second entry for ", neighbour.code(), "; keep one"));
    }
    if (neighbour.differs().empty()) {
      problems->Add(place, Cat(where, ": differs: empty; write the difference that matters"));
    }
    CheckText(place, {Cat(where, ": differs"), &neighbour.differs()}, problems);
  }
}

void CheckCodes(const postern::v1::ReplyTable& table, const std::set<std::string>& own,
                Problems* problems, TableData* data) {
  std::set<uint32_t> seen;
  for (int i = 0; i < table.codes_size(); ++i) {
    const postern::v1::CodeReference& reference = table.codes(i);
    const std::string place = Cat("codes[", i, "] ", reference.code());
    if (!IsCode(reference.code())) {
      problems->Add(place,
                    "code: no reply code (RFC 5321 section 4.2: 2 to 5, 0 to 5, 0 to 9); "
                    "use one from 200 to 559");
      continue;
    }
    if (!seen.insert(reference.code()).second) {
      problems->Add(place, "code: a second entry for the same code; keep one");
      continue;
    }
    if (reference.meaning().empty()) {
      problems->Add(place, "meaning: empty; write what the code means");
    }
    const std::vector<Field> fields = {{"meaning", &reference.meaning()},
                                       {"seen_when", &reference.seen_when()},
                                       {"mend", &reference.mend()},
                                       {"differs", &reference.differs()}};
    bool good = true;
    for (const Field& field : fields) good = CheckText(place, field, problems) && good;
    CheckRelations(reference, place, problems);
    if (!good || !IsAscii(fields)) continue;
    std::vector<std::string> lines;
    AddLines(fields, &lines);
    if (lines.empty()) continue;
    const std::string& in_words = data->class_names[reference.code() / 100];
    if (!in_words.empty()) lines.insert(lines.begin(), in_words);
    if (lines.size() > kMaxTextLines) {
      problems->Add(place, Cat("takes ", lines.size(), " lines as a HELP topic; at most ",
                               kMaxTextLines, " may: shorten it"));
    }
    const std::string name = Cat(reference.code());
    if (own.count(name) == 0) data->topics[name] = std::move(lines);
  }
}

bool IsCaptionName(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return absl::ascii_islower(octet) || absl::ascii_isdigit(octet) || c == '_';
  });
}

void CheckCaptions(const postern::v1::ReplyTable& table, Problems* problems) {
  if (static_cast<size_t>(table.captions_size()) > kMaxCaptions) {
    problems->Add("captions",
                  Cat(table.captions_size(), " entries; at most ", kMaxCaptions, " are taken"));
    return;
  }
  std::set<std::string> seen;
  for (int i = 0; i < table.captions_size(); ++i) {
    const postern::v1::Caption& caption = table.captions(i);
    std::string place = Cat("captions[", i, "]");
    if (!IsCaptionName(caption.name())) {
      problems->Add(place,
                    "name: a name is 1 to 40 of a to z, 0 to 9 and _; write \"when_seen\", say");
      continue;
    }
    place += Cat(" ", caption.name());
    if (!seen.insert(caption.name()).second) {
      problems->Add(place, "name: a second entry for the same caption; keep one");
    }
    if (caption.text().empty()) {
      problems->Add(place, "text: empty; write something or leave the entry out");
    }
    CheckText(place, {"text", &caption.text()}, problems);
  }
}

}  // namespace

void CheckReference(const postern::v1::ReplyTable& table, Problems* problems, TableData* data) {
  std::set<std::string> own_topics;
  for (const auto& topic : table.help_topics()) {
    own_topics.insert(absl::AsciiStrToUpper(topic.topic()));
  }
  CheckClasses(table, problems, data);
  CheckSubjects(table, problems);
  CheckEnhancedCodes(table, own_topics, problems, data);
  CheckCodes(table, own_topics, problems, data);
  CheckCaptions(table, problems);
}

}  // namespace postern::replies
