// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/table_checker.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_table.h"
#include "engine/replies/reply_text.h"

namespace postern::replies {
namespace {

using Lines = google::protobuf::RepeatedPtrField<std::string>;

// Code and separator, and CR LF.
constexpr size_t kLineFrame = 6;
constexpr uint8_t kServerOnly = 1 << static_cast<int>(Placeholder::kServer);

std::string Octet(char c) { return absl::StrFormat("octet 0x%02x", static_cast<unsigned char>(c)); }

// "5.5.1" with class 2, 4 or 5 and 1 to 3 digits each (RFC 3463 section 2).
bool ParseEnhanced(std::string_view text, std::array<uint16_t, 3>* enhanced) {
  for (size_t part = 0; part < 3; ++part) {
    size_t digits = 0;
    uint16_t value = 0;
    while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
      if (digits == 3) return false;
      value = static_cast<uint16_t>(value * 10 + (text[digits] - '0'));
      ++digits;
    }
    if (digits == 0 || (digits > 1 && text[0] == '0')) return false;
    (*enhanced)[part] = value;
    text.remove_prefix(digits);
    if (part == 2) break;
    if (text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
  }
  return text.empty() && ((*enhanced)[0] == 2 || (*enhanced)[0] == 4 || (*enhanced)[0] == 5);
}

// What a set of lines is held to.
struct LineLimits {
  uint8_t placeholders = 0;
  size_t enhanced_octets = 0;  // with its space
  size_t max_lines = 0;
  bool utf8 = false;
  bool begins_with_server = false;
};

class LineChecker {
 public:
  LineChecker(std::string place, Problems* problems)
      : place_(std::move(place)), problems_(problems) {}

  // Field `field` of the entry. Adds the lines to `out`.
  void Check(std::string_view field, const Lines& lines, const LineLimits& limits,
             std::vector<std::string>* out) {
    if (static_cast<size_t>(lines.size()) > limits.max_lines) {
      problems_->Add(place_, Cat(field, ": ", lines.size(), " lines; at most ", limits.max_lines,
                                 " may stand here: shorten it"));
      return;
    }
    for (int i = 0; i < lines.size(); ++i) {
      where_ = Cat(field, " line ", i + 1, ": ");
      CheckLine(lines.Get(i), limits, i == 0);
      out->push_back(lines.Get(i));
    }
  }

  int commands_lines() const { return commands_lines_; }

 private:
  void Add(std::string_view what) { problems_->Add(place_, Cat(where_, what)); }

  bool CheckOctets(const std::string& line, const LineLimits& limits) {
    if (limits.utf8) {
      const size_t bad = FindBadUtf8Text(line);
      if (bad == line.size()) return true;
      Add(Cat(Octet(line[bad]), " at column ", bad + 1,
              " is not well-formed UTF-8 or is a control character; remove it"));
      return false;
    }
    for (size_t i = 0; i < line.size(); ++i) {
      if (IsTextOctet(line[i])) continue;
      Add(Cat(Octet(line[i]), " at column ", i + 1,
              " is neither printable ASCII nor HT; remove it, or begin a new line entry "
              "for a line end, or use utf8_text for other scripts"));
      return false;
    }
    return true;
  }

  void CheckLine(const std::string& line, const LineLimits& limits, bool first) {
    if (line.empty()) {
      Add("empty text; write something or leave the line out");
      return;
    }
    if (!CheckOctets(line, limits)) return;
    std::vector<TextPiece> pieces;
    std::string what;
    switch (SplitText(line, &pieces, &what)) {
      case TextError::kNone:
        break;
      case TextError::kUnclosedBrace:
        Add(Cat("the brace of \"", what.substr(0, 40),
                "\" is not closed; close it, or write {{ for a brace"));
        return;
      case TextError::kStrayBrace:
        Add(Cat("the brace of \"", what.substr(0, 40),
                "\" was never opened; remove it, or write }} for a brace"));
        return;
      case TextError::kUnknownPlaceholder:
        Add(Cat("placeholder {", what.substr(0, 40), "} is unknown; known here: ",
                PlaceholderList(limits.placeholders), "; write {{ for a brace"));
        return;
    }
    for (const TextPiece& piece : pieces) {
      if (!piece.has_value) continue;
      if (!Allows(limits.placeholders, piece.value)) {
        Add(Cat("placeholder {", PlaceholderName(piece.value),
                "} has no value here; known here: ", PlaceholderList(limits.placeholders)));
        return;
      }
      if (piece.value == Placeholder::kCommands) CheckCommands(pieces);
    }
    if (limits.begins_with_server && first && !BeginsWithServer(pieces)) {
      Add("does not begin with the server's name (RFC 5321 sections 4.2.3 and 4.3.1); begin it "
          "with "
          "{server} and a space");
    }
    const size_t longest = kLineFrame + limits.enhanced_octets + LongestRendering(pieces);
    if (longest > kMaxReplyLine) {
      Add(Cat("may take ", longest,
              " octets with code and CR LF where the values are "
              "longest; at most ",
              kMaxReplyLine, " are allowed: shorten it by ", longest - kMaxReplyLine));
    }
  }

  // The list of commands takes as many lines as it needs, so nothing else may share its line.
  void CheckCommands(const std::vector<TextPiece>& pieces) {
    ++commands_lines_;
    const std::string& indent = pieces[0].literal;
    if (pieces.size() != 2 || !pieces[1].literal.empty() ||
        indent.find_first_not_of(' ') != std::string::npos || indent.size() > kMaxCommandsIndent) {
      Add(Cat("{commands} must stand alone on its line, behind at most ", kMaxCommandsIndent,
              " spaces; move the other text to lines of its own"));
    }
  }

  static bool BeginsWithServer(const std::vector<TextPiece>& pieces) {
    if (pieces.size() < 2 || !pieces[0].literal.empty() ||
        pieces[0].value != Placeholder::kServer) {
      return false;
    }
    const TextPiece& next = pieces[1];
    return next.literal.empty() ? !next.has_value : next.literal[0] == ' ';
  }

  std::string place_;
  std::string where_;
  Problems* problems_;
  int commands_lines_ = 0;
};

void CheckEnhanced(const ReplyRule& rule, const postern::v1::Reply& reply, const std::string& place,
                   Problems* problems, ReplyText* text) {
  const std::string& enhanced = reply.enhanced_code();
  const unsigned first_digit = reply.code() / 100;
  if (enhanced.empty()) {
    if (rule.enhanced == EnhancedUse::kRequired) {
      problems->Add(place, Cat("enhanced_code: missing; RFC 2034 wants one here, such as \"",
                               first_digit, ".0.0\""));
    }
    return;
  }
  if (rule.enhanced == EnhancedUse::kForbidden) {
    problems->Add(place,
                  "enhanced_code: none may stand on the greeting, on HELO and EHLO success and on "
                  "3yz (RFC 2034); remove it");
    return;
  }
  if (!ParseEnhanced(enhanced, &text->enhanced)) {
    problems->Add(place, Cat("enhanced_code: \"", absl::CHexEscape(enhanced.substr(0, 20)),
                             "\" is not class.subject.detail with class 2, 4 or 5 and "
                             "numbers 0 to 999; write \"",
                             first_digit, ".0.0\", say"));
    text->enhanced = {0, 0, 0};
    return;
  }
  if (text->enhanced[0] != first_digit && first_digit != 0) {
    problems->Add(
        place, Cat("enhanced_code: class ", text->enhanced[0], " is not the first digit of code ",
                   reply.code(), "; begin it with ", first_digit));
  }
}

// HELP and the entry's name gives its explanation, as far as it is printable ASCII.
void CheckExplanation(const postern::v1::Reply& reply, const ReplyRule& rule,
                      const std::string& place, Problems* problems, TableData* data) {
  const std::string& explanation = reply.explanation();
  if (explanation.size() > kMaxReferenceOctets) {
    problems->Add(place, Cat("explanation: ", explanation.size(), " octets; at most ",
                             kMaxReferenceOctets, " are taken: shorten it"));
    return;
  }
  if (FindBadUtf8Text(explanation) != explanation.size()) {
    problems->Add(place, "explanation: holds a control character; remove it");
    return;
  }
  std::vector<std::string> lines;
  for (const std::string& line : WrapText(explanation, kHelpWidth - 12)) {
    lines.push_back(EscapeBraces(line));
  }
  const bool ascii = std::all_of(explanation.begin(), explanation.end(), IsPrintableAscii);
  if (ascii && !lines.empty()) data->topics[std::string(rule.name)] = std::move(lines);
}

void CheckReply(const postern::v1::Reply& reply, int index, std::set<uint32_t>* seen,
                Problems* problems, TableData* data) {
  const auto id = static_cast<uint32_t>(reply.id());
  std::string place = Cat("replies[", index, "]");
  const ReplyRule* rule = FindReplyRule(id);
  if (rule == nullptr) {
    problems->Add(place, id == 0 ? "id: missing; name the situation, such as id: UNRECOGNIZED"
                                 : Cat("id: ", id,
                                       " is unknown to this version; remove "
                                       "the entry or use a newer engine"));
    return;
  }
  place += Cat(" ", rule->name);
  if (!seen->insert(id).second) {
    problems->Add(place, "id: a second entry for the same id; keep one");
    return;
  }
  ReplyText text;
  if (reply.code() == 0) {
    problems->Add(place, Cat("code: missing; use ", CodeList(*rule)));
  } else if (reply.code() > 599 || !CodeAllowed(*rule, static_cast<uint16_t>(reply.code()))) {
    if (IsRequiredCommand(rule->situation) && (reply.code() == 500 || reply.code() == 502)) {
      problems->Add(place, Cat("code: a required command is never answered ", reply.code(),
                               " (RFC 5321 section 4.5.1); use ", CodeList(*rule)));
    } else {
      problems->Add(place, Cat("code: ", reply.code(),
                               " is not allowed here (RFC 5321 "
                               "section 4.3.2); use ",
                               CodeList(*rule)));
    }
  }
  text.code = static_cast<uint16_t>(reply.code());
  CheckEnhanced(*rule, reply, place, problems, &text);

  LineLimits limits;
  limits.placeholders = rule->placeholders;
  limits.enhanced_octets = reply.enhanced_code().empty() ? 0 : reply.enhanced_code().size() + 1;
  limits.max_lines = rule->id == ReplyId::kHelpTopic      ? kMaxHelpHeadLines
                     : rule->id == ReplyId::kHelpOverview ? kMaxHelpOverviewLines
                                                          : kMaxTextLines;
  limits.begins_with_server = rule->begins_with_server;
  if (reply.text().empty()) {
    problems->Add(place, "text: empty; write at least one line");
  }
  for (const bool utf8 : {false, true}) {
    const Lines& lines = utf8 ? reply.utf8_text() : reply.text();
    if (lines.empty()) continue;
    limits.utf8 = utf8;
    LineChecker checker(place, problems);
    const std::string_view field = utf8 ? "utf8_text" : "text";
    checker.Check(field, lines, limits, utf8 ? &text.utf8_text : &text.text);
    if (rule->id == ReplyId::kHelpOverview && checker.commands_lines() != 1) {
      problems->Add(place, Cat(field, ": {commands} stands there ", checker.commands_lines(),
                               " times; write it once, on a line of its own (C214)"));
    }
  }
  CheckExplanation(reply, *rule, place, problems, data);
  data->replies[id] = std::move(text);
}

// A topic's name is what a client types behind HELP.
bool GoodTopicName(const std::string& name) {
  if (name.empty() || name.size() > kMaxWordValue) return false;
  for (const char c : name) {
    if (!IsPrintableAscii(c) || c == ' ') return false;
  }
  return true;
}

LineLimits TopicLimits() {
  LineLimits limits;
  limits.placeholders = kServerOnly;
  limits.enhanced_octets = sizeof("2.999.999 ") - 1;
  limits.max_lines = kMaxTextLines;
  return limits;
}

void CheckHelpTopics(const postern::v1::ReplyTable& table, Problems* problems, TableData* data) {
  if (static_cast<size_t>(table.help_topics_size()) > kMaxHelpTopics) {
    problems->Add("help_topics",
                  Cat(table.help_topics_size(), " topics; at most ", kMaxHelpTopics, " are taken"));
    return;
  }
  std::set<std::string> seen;
  for (int i = 0; i < table.help_topics_size(); ++i) {
    const postern::v1::HelpTopic& topic = table.help_topics(i);
    std::string place = Cat("help_topics[", i, "]");
    if (!GoodTopicName(topic.topic())) {
      problems->Add(place, Cat("topic: a name is 1 to ", kMaxWordValue,
                               " printable ASCII octets without a space; rename it"));
      continue;
    }
    place += Cat(" ", topic.topic());
    const std::string name = absl::AsciiStrToUpper(topic.topic());
    if (!seen.insert(name).second) {
      problems->Add(place, "topic: a second entry for the same topic; keep one");
      continue;
    }
    if (topic.text().empty()) problems->Add(place, "text: empty; write at least one line");
    std::vector<std::string> lines;
    LineChecker(place, problems).Check("text", topic.text(), TopicLimits(), &lines);
    LineLimits utf8 = TopicLimits();
    utf8.utf8 = true;
    std::vector<std::string> for_people;
    LineChecker(place, problems).Check("utf8_text", topic.utf8_text(), utf8, &for_people);
    data->topics[name] = std::move(lines);
  }
}

void CheckFooters(const postern::v1::ReplyTable& table, Problems* problems, TableData* data) {
  std::set<uint32_t> seen;
  for (int i = 0; i < table.footers_size(); ++i) {
    const postern::v1::ClassFooter& footer = table.footers(i);
    const uint32_t reply_class = footer.reply_class();
    const std::string place = Cat("footers[", i, "] class ", reply_class);
    if (reply_class != 4 && reply_class != 5) {
      // A line behind an EHLO success would be read as a keyword, one behind 354 as content's.
      problems->Add(place,
                    "reply_class: a footer may stand on class 4 or 5 only; use one of these");
      continue;
    }
    if (!seen.insert(reply_class).second) {
      problems->Add(place, "reply_class: a second footer for the same class; keep one");
      continue;
    }
    if (footer.text().empty()) problems->Add(place, "text: empty; write at least one line");
    LineLimits limits = TopicLimits();
    limits.max_lines = kMaxFooterLines;
    std::vector<std::string> lines;
    LineChecker(place, problems).Check("text", footer.text(), limits, &lines);
    data->footers[reply_class] = std::move(lines);
  }
}

// --- What protobuf would not parse --------------------------------------------------------------

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Walks one level of fields. Calls `visit(field number, value)` for each length-delimited one, and
// skips the others. False where the wire format is broken.
template <typename Visit>
bool WalkFields(std::string_view message, Visit visit) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(message.data()),
                      static_cast<int>(message.size()));
  while (true) {
    const uint32_t tag = in.ReadTag();
    if (tag == 0) return in.ConsumedEntireMessage();
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return false;
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size)) return false;
    const auto begin = static_cast<size_t>(in.CurrentPosition());
    if (size > message.size() - begin || !in.Skip(static_cast<int>(size))) return false;
    visit(WireFormatLite::GetTagFieldNumber(tag), message.substr(begin, size));
  }
}

}  // namespace

void Problems::Add(std::string_view place, std::string_view what) {
  all_.push_back(Cat(place, ": ", what));
}

std::string Problems::Text() const {
  std::string text;
  for (size_t i = 0; i < all_.size() && i < kMaxTableProblems; ++i) {
    text += Cat(i == 0 ? "" : "\n", all_[i]);
  }
  if (all_.size() <= kMaxTableProblems) return text;
  return Cat(text, "\nand ", all_.size() - kMaxTableProblems, " more");
}

void CheckTable(const postern::v1::ReplyTable& table, Problems* problems, TableData* data) {
  for (const auto& [field, value, limit] :
       {std::tuple<std::string_view, const std::string&, size_t>("name", table.name(), 64),
        std::tuple<std::string_view, const std::string&, size_t>("language", table.language(),
                                                                 35)}) {
    bool good = value.size() <= limit;
    for (const char c : value) good = good && IsPrintableAscii(c);
    if (!good) {
      problems->Add("table", Cat(field, ": at most ", limit, " printable ASCII octets"));
    }
  }
  data->name = table.name();
  data->language = table.language();
  std::set<uint32_t> seen;
  for (int i = 0; i < table.replies_size(); ++i) {
    CheckReply(table.replies(i), i, &seen, problems, data);
  }
  CheckHelpTopics(table, problems, data);
  CheckFooters(table, problems, data);
  CheckReference(table, problems, data);
}

void CheckWhole(const TableData& data, Problems* problems) {
  for (const ReplyRule* rule = ReplyRulesBegin(); rule != ReplyRulesEnd(); ++rule) {
    if (data.replies[static_cast<size_t>(rule->id)].code == 0) {
      problems->Add("table", Cat("no entry for ", rule->name,
                                 "; add one, or let the table extend \"default\""));
    }
  }
}

std::string DescribeUnparsable(std::string_view serialized) {
  Problems problems;
  int index[16] = {};
  const bool whole = WalkFields(serialized, [&](int field, std::string_view message) {
    static constexpr std::string_view kEntries[] = {
        "",        "name",  "language", "extends",  "replies",        "help_topics",
        "footers", "codes", "classes",  "subjects", "enhanced_codes", "captions"};
    if (field < 1 || field > 11) return;
    if (field <= 3) {
      if (FindBadUtf8Text(message) != message.size()) {
        problems.Add("table", Cat(kEntries[field], ": not well-formed UTF-8"));
      }
      return;
    }
    const std::string place = Cat(kEntries[field], "[", index[field]++, "]");
    int line[16] = {};
    WalkFields(message, [&](int inner, std::string_view text) {
      if (inner < 1 || inner > 15) return;
      ++line[inner];
      const size_t bad = FindBadUtf8Text(text);
      if (bad == text.size()) return;
      problems.Add(
          place, Cat("field ", inner, " line ", line[inner], ": ", Octet(text[bad]), " at column ",
                     bad + 1, " is not well-formed UTF-8; save the table as UTF-8"));
    });
  });
  if (whole && !problems.empty()) return problems.Text();
  return "table: not a serialized postern.v1.ReplyTable; compile the text with posternctl or "
         "protoc --encode";
}

}  // namespace postern::replies
