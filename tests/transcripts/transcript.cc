// SPDX-License-Identifier: Apache-2.0
//
// The reader and writer of transcript files. See README.md.

#include "tests/transcripts/transcript.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/proto/engine_config.pb.h"
#include "engine/proto/reply_table.pb.h"

namespace postern::transcripts {
namespace {

using session::EventType;
using session::Notice;
using session::Verdict;

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  std::istringstream in{std::string(text)};
  std::string word;
  while (in >> word) words.push_back(word);
  return words;
}

bool Number(std::string_view text, uint64_t* out) {
  if (text.empty() || text.size() > 19) return false;
  *out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    *out = *out * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

class Parser {
 public:
  explicit Parser(Transcript* out) : out_(out) {}

  bool Parse(std::string_view text, std::string* error) {
    size_t number = 0;
    for (size_t at = 0; at < text.size() && problem_.empty(); ++number) {
      const size_t end = std::min(text.find('\n', at), text.size());
      Line(text.substr(at, end - at));
      at = end + 1;
    }
    if (problem_.empty()) Finish();
    if (problem_.empty()) return true;
    *error = out_->name + ".txt:" + std::to_string(number) + ": " + problem_;
    return false;
  }

 private:
  void Problem(const std::string& text) {
    if (problem_.empty()) problem_ = text;
  }

  void Line(std::string_view line) {
    const bool golden = StartsWith(line, "S:") || StartsWith(line, "E:");
    if (golden) {
      if (out_->steps.empty()) return Problem("a golden line stands before O:");
      out_->steps.back().golden.emplace_back(line);
      return;
    }
    out_->lines.emplace_back(line);
    if (out_->lines.size() == 1) {
      if (!StartsWith(line, "# ")) Problem("the first line must be '# title'");
      out_->title = std::string(line.substr(std::min<size_t>(2, line.size())));
    } else if (line.empty() || line[0] == '#') {
      return;
    } else if (StartsWith(line, "rules:")) {
      out_->rules = Words(line.substr(6));
    } else if (StartsWith(line, "config: ")) {
      Config(line.substr(8));
    } else if (StartsWith(line, "C+ ")) {
      if (out_->steps.empty() || out_->steps.back().kind != StepKind::kOctets) {
        return Problem("C+ goes on with a C:");
      }
      out_->steps.back().octets += Unescape(line.substr(3));
      out_->steps.back().last_line = out_->lines.size() - 1;
    } else if (line.size() >= 2 && line[1] == ':') {
      const std::string_view rest = Trim(line.substr(2));
      switch (line[0]) {
        case 'O':
          Begin(StepKind::kOpen);
          Open(rest);
          break;
        case 'C':
          Begin(StepKind::kOctets).octets = Unescape(rest);
          break;
        case 'T':
          if (!StartsWith(rest, "+") ||
              !Number(rest.substr(1), &Begin(StepKind::kTick).milliseconds)) {
            Problem("T: wants +milliseconds");
          }
          break;
        case 'N':
          SetNotice(rest, &Begin(StepKind::kNotice));
          break;
        case 'V':
          ParseAttempts(rest, &Begin(StepKind::kVerdict).attempts);
          break;
        case 'A':
          ParseAnswer(rest);
          break;
        case 'W':
          ParseWanted(rest);
          break;
        default:
          Problem("unknown line");
      }
    } else {
      Problem("unknown line");
    }
  }

  Step& Begin(StepKind kind) {
    if ((kind == StepKind::kOpen) != out_->steps.empty()) Problem("O: is the first step, and once");
    out_->steps.emplace_back();
    Step& step = out_->steps.back();
    step.kind = kind;
    step.answers = std::move(answers_);
    answers_.clear();
    step.last_line = out_->lines.size() - 1;
    return step;
  }

  void Open(std::string_view rest) {
    OpenOptions& options = out_->options;
    for (const std::string& word : Words(rest)) {
      if (word == "tls") {
        options.tls = true;
      } else if (word == "can_starttls") {
        options.can_starttls = true;
      } else if (word == "proxy_header") {
        options.proxy_header = true;
      } else if (word == "trusted") {
        options.trusted = true;
      } else if (word == "submission") {
        options.submission = true;
      } else if (StartsWith(word, "unix=")) {
        uint64_t seconds = 0;
        if (!Number(word.substr(5), &seconds)) Problem("unix= wants seconds");
        options.unix_ms = seconds * 1000;
      } else if (StartsWith(word, "client=")) {
        options.client_address = word.substr(7);
      } else if (StartsWith(word, "wanted=")) {
        std::string list = word.substr(7);
        std::replace(list.begin(), list.end(), ',', ' ');
        for (const std::string& name : Words(list)) {
          options.wanted_events |= uint64_t{1} << static_cast<int>(FindEvent(name));
        }
      } else {
        Problem("O: knows tls can_starttls proxy_header trusted submission unix= client= wanted=");
      }
    }
  }

  EventType FindEvent(std::string_view name) {
    for (int i = 1; i <= session::kEventTypeLimit - 1; ++i) {
      if (EventName(static_cast<EventType>(i)) == name) return static_cast<EventType>(i);
    }
    Problem("no such event: " + std::string(name));
    return EventType::kNone;
  }

  void SetNotice(std::string_view name, Step* step) {
    static const char* const kNames[] = {"tls_established", "tls_failed", "disconnected",
                                         "shutdown", "shutdown_now"};
    for (int i = 0; i < 5; ++i) {
      if (name == kNames[i]) {
        step->notice = static_cast<Notice>(i + 1);
        return;
      }
    }
    Problem("no such notice");
  }

  void ParseAnswer(std::string_view rest) {
    const size_t space = std::min(rest.find(' '), rest.size());
    AnswerPlan plan;
    plan.event = FindEvent(rest.substr(0, space));
    rest = Trim(rest.substr(space));
    if (rest == "later") {
      plan.later = true;
    } else {
      ParseAttempts(rest, &plan.attempts);
    }
    answers_.push_back(std::move(plan));
  }

  // The parts of `rest` between the separators that stand in no quotation.
  std::vector<std::string_view> Parts(std::string_view rest, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
      bool quoted = false;
      size_t end = 0;
      while (end < rest.size() && (quoted || rest[end] != separator)) {
        if (rest[end] == '\\') {
          ++end;
        } else if (rest[end] == '"') {
          quoted = !quoted;
        }
        ++end;
      }
      end = std::min(end, rest.size());
      parts.push_back(Trim(rest.substr(0, end)));
      if (end == rest.size()) return parts;
      rest = Trim(rest.substr(end + 1));
    }
  }

  // verdict [REPLY_ID | code [x.y.z] "text"], several of them separated by " | "; those of the
  // recipients stand behind an "&" each.
  void ParseAttempts(std::string_view rest, std::vector<Attempt>* attempts) {
    for (const std::string_view one : Parts(rest, '|')) {
      const std::vector<std::string_view> parts = Parts(one, '&');
      attempts->push_back(ParseAttempt(parts[0]));
      Attempt& attempt = attempts->back();
      attempt.spelled = std::string(one);
      for (size_t i = 1; i < parts.size(); ++i) {
        attempt.recipients.push_back(ParseAttempt(parts[i]));
      }
    }
  }

  Attempt ParseAttempt(std::string_view text) {
    Attempt attempt;
    attempt.spelled = std::string(text);
    const size_t quote = text.find('"');
    if (quote != std::string_view::npos) {
      if (text.back() != '"' || text.size() < quote + 2) Problem("unclosed quotation");
      std::string quoted = Unescape(text.substr(quote + 1, text.size() - quote - 2));
      text = text.substr(0, quote);
      constexpr std::string_view kMechanisms = "mechanisms=";
      if (StartsWith(text, "challenge")) {
        attempt.challenge = std::move(quoted);
      } else if (text.size() > kMechanisms.size() &&
                 text.substr(text.size() - kMechanisms.size()) == kMechanisms) {
        attempt.mechanisms = std::move(quoted);
        text.remove_suffix(kMechanisms.size());
      } else {
        attempt.text = std::move(quoted);
      }
    }
    const std::vector<std::string> words = Words(text);
    static const char* const kVerdicts[] = {"default", "accept",     "reject",
                                            "defer",   "disconnect", "challenge"};
    int verdict = -1;
    for (int i = 0; i < 6; ++i) {
      if (!words.empty() && words[0] == kVerdicts[i]) verdict = i;
    }
    if (verdict < 0) Problem("no such verdict");
    attempt.verdict = static_cast<Verdict>(verdict);
    for (size_t i = 1; i < words.size(); ++i) {
      uint64_t number = 0;
      v1::ReplyId id;
      unsigned e[3];
      char more;
      constexpr std::string_view kOctets = "octets=";
      if (StartsWith(words[i], kOctets) && Number(words[i].substr(kOctets.size()), &number)) {
        attempt.octets = number;
      } else if (Number(words[i], &number)) {
        attempt.code = static_cast<uint16_t>(number);
      } else if (std::sscanf(words[i].c_str(), "%u.%u.%u%c", &e[0], &e[1], &e[2], &more) == 3) {
        for (int k = 0; k < 3; ++k) attempt.enhanced[k] = static_cast<uint16_t>(e[k]);
      } else if (v1::ReplyId_Parse(words[i], &id)) {
        attempt.reply = static_cast<uint16_t>(id);
      } else {
        Problem("neither code nor reply id: " + words[i]);
      }
    }
    return attempt;
  }

  // "250", "501/5.5.4", "250*100", "@C501", or "none".
  void ParseWanted(std::string_view rest) {
    if (out_->steps.empty()) return Problem("W: comes behind a step");
    Step& step = out_->steps.back();
    if (!step.golden.empty() || step.has_wanted)
      return Problem("W: comes once, right behind its step");
    step.has_wanted = true;
    step.last_line = out_->lines.size() - 1;
    if (rest == "none") return;
    for (const std::string& word : Words(rest)) {
      if (word[0] == '@') {
        step.wanted_rules.push_back(word.substr(1));
        continue;
      }
      const size_t star = std::min(word.find('*'), word.size());
      const std::string one = word.substr(0, star);
      const size_t slash = std::min(one.find('/'), one.size());
      uint64_t code = 0;
      uint64_t times = 1;
      if (!Number(one.substr(0, slash), &code) ||
          (star < word.size() && !Number(word.substr(star + 1), &times))) {
        return Problem("W: knows code, code/x.y.z, code*times, @rule, none");
      }
      WantedReply wanted;
      wanted.code = static_cast<uint16_t>(code);
      if (slash < one.size()) wanted.enhanced = one.substr(slash + 1);
      step.wanted.insert(step.wanted.end(), times, wanted);
    }
  }

  std::string Unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '{') {
        const size_t close = text.find('}', i);
        const size_t star = close == std::string_view::npos ? close : text.rfind('*', close);
        uint64_t times = 0;
        if (star == std::string_view::npos || star < i ||
            !Number(text.substr(star + 1, close - star - 1), &times)) {
          Problem("a repetition is {text*times}; a brace is \\{");
          return out;
        }
        const std::string unit = Unescape(text.substr(i + 1, star - i - 1));
        for (uint64_t k = 0; k < times; ++k) out += unit;
        i = close;
      } else if (text[i] == '\\' && i + 1 < text.size()) {
        ++i;
        switch (text[i]) {
          case 'r':
            out += '\r';
            break;
          case 'n':
            out += '\n';
            break;
          case 't':
            out += '\t';
            break;
          case '0':
            out += '\0';
            break;
          case 'x':
            out += static_cast<char>(
                std::strtoul(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
            i += 2;
            break;
          default:
            out += text[i];
        }
      } else {
        out += text[i];
      }
    }
    return out;
  }

  void Config(std::string_view text);
  void TableEntry(const std::string& key, const std::string& value);
  void Finish();

  Transcript* out_;
  std::string problem_;
  std::vector<AnswerPlan> answers_;
  v1::EngineConfig config_;
  v1::ReplyTable table_;
  bool has_table_ = false;
};

void Parser::Config(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return Problem("config: wants key=value");
  const std::string key(text.substr(0, equals));
  const std::string value = Unescape(text.substr(equals + 1));
  uint64_t number = 0;
  const bool is_number = Number(value, &number);
  if (StartsWith(key, "table.")) return TableEntry(key.substr(6), value);

  v1::Extensions* extensions = config_.mutable_extensions();
  const std::pair<const char*, void (v1::Extensions::*)(v1::Switch)> kSwitches[] = {
      {"extensions.size", &v1::Extensions::set_size},
      {"extensions.eightbitmime", &v1::Extensions::set_eightbitmime},
      {"extensions.pipelining", &v1::Extensions::set_pipelining},
      {"extensions.enhancedstatuscodes", &v1::Extensions::set_enhancedstatuscodes},
      {"extensions.smtputf8", &v1::Extensions::set_smtputf8},
      {"extensions.starttls", &v1::Extensions::set_starttls},
      {"extensions.help", &v1::Extensions::set_help},
      {"extensions.expn", &v1::Extensions::set_expn},
      {"extensions.chunking", &v1::Extensions::set_chunking},
      {"extensions.binarymime", &v1::Extensions::set_binarymime},
      {"extensions.dsn", &v1::Extensions::set_dsn},
      {"extensions.requiretls", &v1::Extensions::set_requiretls},
      {"extensions.deliverby", &v1::Extensions::set_deliverby},
      {"extensions.mt_priority", &v1::Extensions::set_mt_priority},
      {"extensions.futurerelease", &v1::Extensions::set_futurerelease},
      {"extensions.rrvs", &v1::Extensions::set_rrvs},
      {"extensions.limits", &v1::Extensions::set_limits},
      {"extensions.auth", &v1::Extensions::set_auth},
      {"extensions.etrn", &v1::Extensions::set_etrn},
      {"extensions.atrn", &v1::Extensions::set_atrn},
      {"extensions.burl", &v1::Extensions::set_burl},
      {"extensions.xclient", &v1::Extensions::set_xclient},
      {"extensions.xforward", &v1::Extensions::set_xforward},
  };
  for (const auto& [name, set] : kSwitches) {
    if (key == name) {
      if (value != "on" && value != "off") return Problem("a switch is on or off");
      (extensions->*set)(value == "on" ? v1::SWITCH_ON : v1::SWITCH_OFF);
      if (key == "extensions.enhancedstatuscodes") out_->enhanced = value == "on";
      if (key == "extensions.chunking") out_->chunking = value == "on";
      if (key == "extensions.auth") out_->auth = value == "on";
      if (key == "extensions.burl") out_->burl = value == "on";
      return;
    }
  }
  v1::Leniency* leniency = config_.mutable_leniency();
  const std::pair<const char*, void (v1::Leniency::*)(bool)> kFlags[] = {
      {"leniency.space_after_colon", &v1::Leniency::set_space_after_colon},
      {"leniency.missing_angle_brackets", &v1::Leniency::set_missing_angle_brackets},
      {"leniency.trailing_dot_in_domain", &v1::Leniency::set_trailing_dot_in_domain},
      {"leniency.underscore_in_helo", &v1::Leniency::set_underscore_in_helo},
      {"leniency.any_helo_argument", &v1::Leniency::set_any_helo_argument},
      {"leniency.extra_spaces", &v1::Leniency::set_extra_spaces},
  };
  for (const auto& [name, set] : kFlags) {
    if (key == name) {
      (leniency->*set)(value == "true");
      return;
    }
  }
  v1::Limits* limits = config_.mutable_limits();
  const std::pair<const char*, void (v1::Limits::*)(uint64_t)> kLimits[] = {
      {"limits.message_octets", &v1::Limits::set_message_octets},
      {"limits.line_total_octets", &v1::Limits::set_line_total_octets},
      {"limits.command_timeout_ms", &v1::Limits::set_command_timeout_ms},
      {"limits.content_timeout_ms", &v1::Limits::set_content_timeout_ms},
      {"limits.decision_timeout_ms", &v1::Limits::set_decision_timeout_ms},
      {"limits.content_decision_timeout_ms", &v1::Limits::set_content_decision_timeout_ms},
      {"limits.session_timeout_ms", &v1::Limits::set_session_timeout_ms},
  };
  for (const auto& [name, set] : kLimits) {
    if (key == name) {
      if (!is_number) return Problem("a limit is a number");
      (limits->*set)(number);
      return;
    }
  }
  if (key == "limits.recipients" && is_number) {
    limits->set_recipients(static_cast<uint32_t>(number));
  } else if (key == "limits.errors" && is_number) {
    limits->set_errors(static_cast<uint32_t>(number));
  } else if (key == "limits.commands_without_progress" && is_number) {
    limits->set_commands_without_progress(static_cast<uint32_t>(number));
  } else if (key == "limits.transactions" && is_number) {
    limits->set_transactions(static_cast<uint32_t>(number));
  } else if (key == "limits.recipient_domains" && is_number) {
    limits->set_recipient_domains(static_cast<uint32_t>(number));
  } else if (key == "deliverby_min_s" && is_number) {
    config_.set_deliverby_min_s(static_cast<uint32_t>(number));
  } else if (key == "burl_imap") {
    config_.set_burl_imap(value);
  } else if (key == "hold_max_s" && is_number) {
    config_.set_hold_max_s(static_cast<uint32_t>(number));
  } else if (key == "submission") {
    config_.set_submission(value == "true");
  } else if (key == "offer_unknown_parameters") {
    config_.set_offer_unknown_parameters(value == "true");
  } else if (key == "extra_ehlo_keyword") {
    config_.add_extra_ehlo_keywords(value);
  } else if (key == "mt_priority_profile") {
    config_.set_mt_priority_profile(value);
  } else if (key == "limits.auth_failures" && is_number) {
    limits->set_auth_failures(static_cast<uint32_t>(number));
  } else if (key == "limits.auth_rounds" && is_number) {
    limits->set_auth_rounds(static_cast<uint32_t>(number));
  } else if (key == "auth_mechanisms") {
    for (const std::string& name : Words(value)) config_.add_auth_mechanisms(name);
  } else if (key == "auth_without_tls") {
    config_.set_auth_without_tls(value == "true");
  } else if (key == "require_auth") {
    config_.set_require_auth(value == "true");
  } else if (key == "server_name") {
    config_.set_server_name(value);
  } else if (key == "bare_newline" && (value == "reject" || value == "normalize")) {
    config_.set_bare_newline(value == "reject" ? v1::BARE_NEWLINE_REJECT
                                               : v1::BARE_NEWLINE_NORMALIZE);
  } else if (key == "require_tls") {
    config_.set_require_tls(value == "true");
  } else if (key == "offer_unknown_commands") {
    config_.set_offer_unknown_commands(value == "true");
  } else if (key == "protocol" && (value == "smtp" || value == "lmtp")) {
    out_->lmtp = value == "lmtp";
    config_.set_protocol(out_->lmtp ? v1::PROTOCOL_LMTP : v1::PROTOCOL_SMTP);
  } else if (key == "replies.utf8") {
    out_->utf8_replies = value == "true";
  } else {
    Problem("config: no such key or value: " + key);
  }
}

// footer.5, topic.NAME, and code, enhanced, text, utf8 of a reply: text.UNRECOGNIZED.
void Parser::TableEntry(const std::string& key, const std::string& value) {
  has_table_ = true;
  const size_t dot = std::min(key.find('.'), key.size() - 1);
  const std::string kind = key.substr(0, dot);
  const std::string name = key.substr(dot + 1);
  uint64_t number = 0;
  if (kind == "footer") {
    if (!Number(name, &number)) return Problem("table.footer. wants a reply class");
    v1::ClassFooter* footer = nullptr;
    for (auto& each : *table_.mutable_footers()) {
      if (each.reply_class() == number) footer = &each;
    }
    if (footer == nullptr) footer = table_.add_footers();
    footer->set_reply_class(static_cast<uint32_t>(number));
    footer->add_text(value);
    return;
  }
  if (kind == "topic") {
    v1::HelpTopic* topic = nullptr;
    for (auto& each : *table_.mutable_help_topics()) {
      if (each.topic() == name) topic = &each;
    }
    if (topic == nullptr) topic = table_.add_help_topics();
    topic->set_topic(name);
    topic->add_text(value);
    return;
  }
  v1::ReplyId id;
  if (!v1::ReplyId_Parse(name, &id)) return Problem("table: no such reply: " + name);
  v1::Reply* reply = nullptr;
  for (auto& each : *table_.mutable_replies()) {
    if (each.id() == id) reply = &each;
  }
  if (reply == nullptr) reply = table_.add_replies();
  reply->set_id(id);
  if (kind == "code" && Number(value, &number)) {
    reply->set_code(static_cast<uint32_t>(number));
  } else if (kind == "enhanced") {
    reply->set_enhanced_code(value);
  } else if (kind == "text") {
    reply->add_text(value);
  } else if (kind == "utf8") {
    reply->add_utf8_text(value);
  } else {
    Problem("table: knows footer, topic, code, enhanced, text, utf8");
  }
}

void Parser::Finish() {
  if (out_->steps.empty()) return Problem("there is no O:");
  if (!answers_.empty()) return Problem("an A: line without a step behind it");
  if (config_.server_name().empty()) config_.set_server_name("mx.example");
  out_->config = config_.SerializeAsString();
  if (has_table_) {
    if (table_.name().empty()) table_.set_name("transcript");
    if (table_.language().empty()) table_.set_language("en");
    out_->table = table_.SerializeAsString();
  }
}

}  // namespace

bool ParseTranscript(std::string_view name, std::string_view text, Transcript* transcript,
                     std::string* error) {
  *transcript = Transcript();
  transcript->name = std::string(name);
  return Parser(transcript).Parse(text, error);
}

std::string PrintTranscript(const Transcript& transcript,
                            const std::vector<std::vector<std::string>>& golden) {
  std::string out;
  size_t step = 0;
  for (size_t i = 0; i < transcript.lines.size(); ++i) {
    out += transcript.lines[i] + "\n";
    while (step < transcript.steps.size() && transcript.steps[step].last_line == i) {
      for (const std::string& line : golden[step]) out += line + "\n";
      ++step;
    }
  }
  return out;
}

bool LoadTranscripts(const std::string& root, std::vector<Transcript>* transcripts,
                     std::string* error) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(root, failed), end; !failed && it != end;
       it.increment(failed)) {
    const fs::path& path = it->path();
    if (path.extension() != ".txt" || it.depth() != 1) continue;
    names.push_back((path.parent_path().filename() / path.stem()).string());
  }
  if (failed) {
    *error = root + ": " + failed.message();
    return false;
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    std::ifstream in(root + "/" + name + ".txt", std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
      *error = name + ".txt cannot be read";
      return false;
    }
    transcripts->emplace_back();
    if (!ParseTranscript(name, text.str(), &transcripts->back(), error)) return false;
  }
  return true;
}

}  // namespace postern::transcripts
