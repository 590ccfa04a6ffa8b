// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/dialogue.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/replies/reply_rules.h"
#include "hosts/common/closest.h"

namespace postern {
namespace ctl {
namespace {

using session::EventType;
using session::Rule;
using session::Verdict;

struct EventRow {
  EventType type;
  const char* name;
  bool decision;
};
constexpr EventRow kEvents[] = {
    {EventType::kConnect, "connect", true},
    {EventType::kProxyHeader, "proxy_header", false},
    {EventType::kHelo, "helo", true},
    {EventType::kStarttls, "starttls", true},
    {EventType::kMail, "mail", true},
    {EventType::kRcpt, "rcpt", true},
    {EventType::kContentBegin, "content_begin", true},
    {EventType::kContent, "content", false},
    {EventType::kContentEnd, "content_end", true},
    {EventType::kReset, "reset", false},
    {EventType::kVrfy, "vrfy", true},
    {EventType::kExpn, "expn", true},
    {EventType::kHelp, "help", true},
    {EventType::kUnknown, "unknown", true},
    {EventType::kError, "error", false},
    {EventType::kQuit, "quit", false},
    {EventType::kClosed, "closed", false},
    {EventType::kChunkEnd, "chunk_end", true},
    {EventType::kAuth, "auth", true},
    {EventType::kAuthEnd, "auth_end", false},
    {EventType::kEtrn, "etrn", true},
    {EventType::kAtrn, "atrn", true},
    {EventType::kBurl, "burl", true},
    {EventType::kXclient, "xclient", true},
    {EventType::kXforward, "xforward", true},
    {EventType::kParameter, "parameter", true},
};

struct RuleRow {
  Rule rule;
  const char* name;
};
constexpr RuleRow kRules[] = {
    {Rule::kF1, "F1"},
    {Rule::kF2, "F2"},
    {Rule::kF3, "F3"},
    {Rule::kF4, "F4"},
    {Rule::kF5, "F5"},
    {Rule::kF6, "F6"},
    {Rule::kC500, "C500"},
    {Rule::kC501, "C501"},
    {Rule::kC502, "C502"},
    {Rule::kC503, "C503"},
    {Rule::kC504, "C504"},
    {Rule::kC555, "C555"},
    {Rule::kC214, "C214"},
    {Rule::kR6, "R6"},
    {Rule::kD3, "D3"},
    {Rule::kD4, "D4"},
    {Rule::kD5, "D5"},
    {Rule::kB4, "B4"},
    {Rule::kLimit, "a configured limit"},
};

constexpr std::pair<const char*, Verdict> kVerdicts[] = {
    {"default", Verdict::kDefault},       {"accept", Verdict::kAccept},
    {"reject", Verdict::kReject},         {"defer", Verdict::kDefer},
    {"disconnect", Verdict::kDisconnect},
};

// One run of `{a*500}` may be as long as a reader can bear.
constexpr int kLongestRun = 16 * 1024 * 1024;

int Hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends the octets that `text` spells. False where it is malformed.
bool Unescape(const std::string& text, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') {
      const size_t end = text.find('}', i);
      const size_t star = text.rfind('*', end);
      int count = 0;
      if (end == std::string::npos || star == std::string::npos || star < i ||
          !absl::SimpleAtoi(text.substr(star + 1, end - star - 1), &count) || count < 0 ||
          count > kLongestRun) {
        return false;
      }
      std::string one;
      if (!Unescape(text.substr(i + 1, star - i - 1), &one)) return false;
      for (int k = 0; k < count; ++k) out->append(one);
      i = end;
      continue;
    }
    if (text[i] != '\\') {
      out->push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return false;
    switch (text[i]) {
      case 'r':
        out->push_back('\r');
        break;
      case 'n':
        out->push_back('\n');
        break;
      case 't':
        out->push_back('\t');
        break;
      case '0':
        out->push_back('\0');
        break;
      case 'x': {
        if (i + 2 >= text.size() || Hex(text[i + 1]) < 0 || Hex(text[i + 2]) < 0) return false;
        out->push_back(static_cast<char>(Hex(text[i + 1]) * 16 + Hex(text[i + 2])));
        i += 2;
        break;
      }
      case '\\':
      case '{':
      case '"':
        out->push_back(text[i]);
        break;
      default:
        return false;
    }
  }
  return true;
}

bool EndsInEscapedLineEnd(const std::string& text) {
  return absl::EndsWith(text, "\\n") || absl::EndsWith(text, "\\r");
}

absl::Status ReadOptions(const std::string& text, Dialogue* dialogue) {
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (word == "tls") {
      dialogue->tls = true;
    } else if (word == "can_starttls") {
      dialogue->can_starttls = true;
    } else if (absl::StartsWith(word, "client=")) {
      dialogue->client = std::string(word.substr(7));
    } else if (word == "proxy_header") {
      return absl::InvalidArgumentError(
          "proxy_header is not played; leave it out, and the header too");
    }
  }
  return absl::OkStatus();
}

// "rcpt reject RELAY_DENIED": A: lines of transcripts, as far as a verdict and an id go.
absl::Status ReadAnswerLine(const std::string& text, Dialogue* dialogue) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() < 2) {
    return absl::InvalidArgumentError("an answer is EVENT VERDICT [REPLY_ID], such as rcpt reject");
  }
  std::string spelled = absl::StrCat(words[0], "=", words[1]);
  if (words.size() > 2 && absl::ascii_isupper(static_cast<unsigned char>(words[2][0]))) {
    absl::StrAppend(&spelled, ":", words[2]);
  }
  return AddAnswer(spelled, dialogue);
}

bool IsInRfcForm(const std::vector<std::string>& lines) {
  return std::any_of(lines.begin(), lines.end(),
                     [](const std::string& line) { return absl::StartsWith(line, "C: "); });
}

}  // namespace

EventType EventOfName(const std::string& name) {
  for (const EventRow& row : kEvents) {
    if (name == row.name) return row.type;
  }
  return EventType::kNone;
}

std::string NameOfEvent(EventType type) {
  for (const EventRow& row : kEvents) {
    if (row.type == type) return row.name;
  }
  return absl::StrCat("event ", static_cast<int>(type));
}

std::string NameOfRule(Rule rule) {
  for (const RuleRow& row : kRules) {
    if (row.rule == rule) return row.name;
  }
  return rule == Rule::kNone ? "" : absl::StrCat("rule ", static_cast<int>(rule));
}

absl::Status AddAnswer(const std::string& text, Dialogue* dialogue) {
  const size_t equals = text.find('=');
  const std::string event = text.substr(0, equals);
  std::vector<std::string> decisions;
  bool known = false;
  for (const EventRow& row : kEvents) {
    if (!row.decision) continue;
    decisions.emplace_back(row.name);
    known = known || event == row.name;
  }
  if (equals == std::string::npos || !known) {
    const std::string closest = host::Closest(event, decisions);
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text, "' is no EVENT=ANSWER; decisions are ", absl::StrJoin(decisions, ", "),
        closest.empty() ? "" : absl::StrCat("; did you mean ", closest, "?")));
  }
  PlannedAnswer answer;
  answer.spelled = text.substr(equals + 1);
  const size_t colon = answer.spelled.find(':');
  const std::string verdict = answer.spelled.substr(0, colon);
  bool found = false;
  for (const auto& [name, value] : kVerdicts) {
    if (verdict != name) continue;
    answer.verdict = value;
    found = true;
  }
  if (!found) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text,
        "': the answer is default, accept, reject, defer or disconnect, and a colon and "
        "the id of a reply if you like"));
  }
  if (colon != std::string::npos) {
    const std::string id = answer.spelled.substr(colon + 1);
    for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
         rule != replies::ReplyRulesEnd(); ++rule) {
      if (rule->name == id) answer.reply = rule->id;
    }
    if (answer.reply == replies::ReplyId::kUnspecified) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "': there is no reply ", id, "; posternctl render lists them"));
    }
  }
  dialogue->answers[EventOfName(event)].push_back(std::move(answer));
  return absl::OkStatus();
}

absl::StatusOr<Dialogue> ReadDialogue(const std::string& name, const std::string& content,
                                      bool raw) {
  Dialogue dialogue;
  if (raw) {
    size_t at = 0;
    while (at < content.size()) {
      const size_t end = content.find('\n', at);
      const size_t next = end == std::string::npos ? content.size() : end + 1;
      dialogue.pieces.push_back(content.substr(at, next - at));
      at = next;
    }
    return dialogue;
  }
  std::vector<std::string> lines = absl::StrSplit(content, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  const bool rfc_form = IsInRfcForm(lines);
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string line = lines[i];
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!rfc_form) {
      dialogue.pieces.push_back(line + "\r\n");
      continue;
    }
    absl::Status status;
    if (absl::StartsWith(line, "C: ") || line == "C:" || absl::StartsWith(line, "C+ ")) {
      const std::string text = line.substr(std::min<size_t>(line.size(), 3));
      std::string octets;
      if (!Unescape(text, &octets)) {
        status = absl::InvalidArgumentError(
            "an escape is malformed; \\r \\n \\t \\0 \\xHH \\\\ \\{ and {a*500} are known");
      }
      if (!EndsInEscapedLineEnd(text)) octets += "\r\n";
      dialogue.pieces.push_back(octets);
    } else if (absl::StartsWith(line, "O:")) {
      status = ReadOptions(line.substr(2), &dialogue);
    } else if (absl::StartsWith(line, "A: ")) {
      status = ReadAnswerLine(line.substr(3), &dialogue);
    }
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ":", i + 1, ": ", std::string(status.message())));
    }
  }
  return dialogue;
}

}  // namespace ctl
}  // namespace postern
