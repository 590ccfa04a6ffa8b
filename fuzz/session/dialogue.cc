// SPDX-License-Identifier: Apache-2.0

#include "fuzz/session/dialogue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "fuzz/input.h"

namespace postern::fuzz {
namespace {

// The decisions behind the seventeen events that there were first.
constexpr uint8_t kChunkEndEvent = 18;
constexpr uint8_t kAuthEvent = 19;
constexpr uint8_t kEtrnEvent = 21;
constexpr uint8_t kBurlEvent = 23;
constexpr uint8_t kParameterEvent = 26;
constexpr uint32_t kErrors[] = {20, 1, 2, 3};
constexpr uint32_t kCommands[] = {100, 10, 11, 1000};
constexpr uint32_t kRecipients[] = {1000, 100, 101, 1000};

ScriptAnswer ReadAnswer(Input* input, bool with_event) {
  ScriptAnswer answer;
  if (with_event) {
    const uint8_t event = input->Octet();
    const bool later = event == kChunkEndEvent || event == kAuthEvent || event == kParameterEvent ||
                       (event >= kEtrnEvent && event <= kBurlEvent);
    answer.event = later ? event : static_cast<uint8_t>(event % 18);
  }
  answer.verdict = static_cast<uint8_t>(input->Below(8));
  const uint8_t form = input->Octet();
  answer.form = form >= kFirstRecipientsForm ? 4 : form % 4;
  if (answer.form == 4) {
    const uint8_t count = input->Octet();
    answer.exact = (count & kExactRecipients) != 0;
    for (int i = 0; i < (count & 7); ++i) {
      ScriptAnswer::Recipient recipient;
      recipient.verdict = static_cast<uint8_t>(input->Below(6));
      recipient.reply_id = input->Octet();
      answer.recipients.push_back(recipient);
    }
  } else if (answer.form == 0) {
    answer.fetched = static_cast<uint8_t>(form / 4 % std::size(kFetched));
  } else if (answer.form == 1) {
    answer.reply_id = input->Octet();
  } else if (answer.form >= 2) {
    answer.code = input->Short();
    for (uint8_t& part : answer.enhanced) part = input->Octet();
    if (answer.form == 2) {
      answer.text = std::string(input->TakeCounted());
    } else {
      answer.count = input->Short();
    }
  }
  return answer;
}

// Collects the octets of one step and keeps the bound on repetition.
class Octets {
 public:
  explicit Octets(std::vector<DialogueStep>* steps) : steps_(steps) {}

  void Add(char c) { text_ += c; }

  void Repeat(char c, size_t count) {
    count = Allowed(1, count, kMaxExpandedOctets, &expanded_);
    text_.append(count, c);
  }

  void RepeatLine(size_t count) {
    // The last line of this run of octets, with its end if it has one.
    const size_t end = !text_.empty() && text_.back() == '\n' ? text_.size() - 1 : text_.size();
    const size_t before = end == 0 ? std::string::npos : text_.rfind('\n', end - 1);
    const std::string line = text_.substr(before == std::string::npos ? 0 : before + 1);
    count = Allowed(line.size(), count, kMaxRepeatedLines, &repeated_);
    for (size_t i = 0; i < count; ++i) text_ += line;
  }

  void Flush() {
    if (text_.empty()) return;
    DialogueStep step;
    step.octets = std::move(text_);
    text_.clear();
    steps_->push_back(std::move(step));
  }

 private:
  static size_t Allowed(size_t size, size_t count, size_t limit, size_t* used) {
    if (size == 0) return 0;
    count = std::min(count, (limit - *used) / size);
    *used += count * size;
    return count;
  }

  std::vector<DialogueStep>* const steps_;
  std::string text_;
  size_t expanded_ = 0;
  size_t repeated_ = 0;
};

}  // namespace

Setup ReadSetup(std::string_view octets) {
  Input input(octets);
  Setup setup;
  const uint8_t open = input.Octet();
  setup.tls = (open & 1) != 0;
  setup.can_starttls = (open & 2) != 0;
  setup.proxy_header = (open & 4) != 0;
  setup.offer_unknown = (open & 8) != 0;
  setup.require_tls = (open & 16) != 0;
  setup.lmtp = (open & 32) != 0;
  setup.auth = (open & 64) != 0;
  setup.wanted_choice = static_cast<uint8_t>(open >> 6);
  setup.wanted_events = kWantedEvents[setup.wanted_choice];
  setup.extensions = input.Octet();
  // Configurations that would be refused are read as their neighbours.
  if (setup.require_tls) setup.extensions &= static_cast<uint8_t>(~kWithoutStartTls);
  if (setup.has(kWithout8BitMime)) setup.extensions |= kWithoutSmtpUtf8;
  if (setup.lmtp) {
    setup.extensions &= static_cast<uint8_t>(~(kWithoutPipelining | kWithoutEnhancedCodes));
  }
  const uint8_t leniency = input.Octet();
  setup.leniency = leniency & 0x3F;
  setup.normalize = (leniency & 64) != 0;
  setup.literal_server_name = (leniency & 128) != 0;
  const uint8_t limits = input.Octet();
  setup.errors = kErrors[limits & 3];
  setup.commands = kCommands[limits >> 2 & 3];
  setup.recipients = kRecipients[limits >> 4 & 3];
  if ((limits & 64) != 0) setup.line_total = 16384;
  if ((limits & 128) != 0) setup.message_octets = 65536;
  const uint8_t times = input.Octet();
  if ((times & 1) != 0) setup.command_timeout = 1000;
  if ((times & 2) != 0) setup.content_timeout = 2000;
  if ((times & 4) != 0) setup.decision_timeout = 3000;
  if ((times & 8) != 0) setup.content_decision_timeout = 4000;
  if ((times & 16) != 0) setup.session_timeout = 500000;
  setup.table = static_cast<TableChoice>(input.Below(kTableChoices));
  setup.cuts = input.Octet();
  const uint8_t host = input.Octet();
  setup.late_output = (host & 1) != 0;
  setup.default_answers = (host & 2) != 0;
  setup.auth_in_clear = (host & 4) != 0;
  // AUTH where all events may be wanted.
  setup.auth = setup.auth || (host & 8) != 0;
  setup.submission = (host & 16) != 0;
  setup.future_release = (host & 32) != 0;
  setup.offer_parameters = (host & 64) != 0;
  const uint8_t peer = input.Octet();
  setup.xclient = (peer & 1) != 0;
  setup.xforward = (peer & 2) != 0;
  setup.trusted = (peer & 4) != 0;
  setup.etrn = (peer & 8) != 0 && !setup.lmtp;
  setup.atrn = (peer & 16) != 0 && setup.auth && !setup.lmtp;
  setup.burl = (peer & 32) != 0 && setup.auth && !setup.lmtp && !setup.has(kWithout8BitMime);
  setup.burl_imap = (peer & 64) != 0;
  setup.delivery = input.Octet();
  return setup;
}

Dialogue ReadDialogue(std::string_view octets) {
  Dialogue dialogue;
  dialogue.setup = ReadSetup(octets);
  Input input(octets);
  input.Take(kSetupOctets);
  Octets text(&dialogue.steps);
  while (!input.empty()) {
    const char c = static_cast<char>(input.Octet());
    if (c != kMark || input.empty()) {
      text.Add(c);
      continue;
    }
    const char mark = static_cast<char>(input.Octet());
    DialogueStep step;
    switch (mark) {
      case 'T':
        step.kind = StepKind::kTick;
        step.choice = static_cast<uint8_t>(input.Octet() % std::size(kTicks));
        step.milliseconds = kTicks[step.choice];
        break;
      case 'N':
        step.kind = StepKind::kNotice;
        step.choice = static_cast<uint8_t>(input.Octet() % 5 + 1);
        break;
      case 'A':
        step.kind = StepKind::kPlan;
        step.answer = ReadAnswer(&input, true);
        break;
      case 'V':
      case 'W':
        step.kind = mark == 'V' ? StepKind::kVerdict : StepKind::kWrongTicket;
        step.answer = ReadAnswer(&input, false);
        break;
      case '2':
        step.kind = StepKind::kTwice;
        break;
      case 'S':
        step.kind = StepKind::kSwap;
        step.choice = static_cast<uint8_t>(input.Below(kTableChoices));
        break;
      case 'X': {
        const char repeated = static_cast<char>(input.Octet());
        text.Repeat(repeated, input.Short());
        continue;
      }
      case 'R':
        text.RepeatLine(input.Octet());
        continue;
      case kMark:
        text.Add(kMark);
        continue;
      default:
        text.Add(kMark);
        text.Add(mark);
        continue;
    }
    text.Flush();
    dialogue.steps.push_back(std::move(step));
  }
  text.Flush();
  return dialogue;
}

std::string PrintOctets(std::string_view octets) {
  std::string s;
  for (const char c : octets) {
    if (c == kMark) s += kMark;
    s += c;
  }
  return s;
}

std::string PrintAnswer(const ScriptAnswer& answer) {
  std::string s;
  s += static_cast<char>(answer.verdict);
  s += static_cast<char>(answer.form == 4   ? kFirstRecipientsForm
                         : answer.form == 0 ? answer.fetched * 4
                                            : answer.form);
  if (answer.form == 4) {
    s += static_cast<char>(answer.recipients.size() | (answer.exact ? kExactRecipients : 0u));
    for (const ScriptAnswer::Recipient& recipient : answer.recipients) {
      s += static_cast<char>(recipient.verdict);
      s += static_cast<char>(recipient.reply_id);
    }
  } else if (answer.form == 1) {
    s += static_cast<char>(answer.reply_id);
  } else if (answer.form >= 2) {
    s += static_cast<char>(answer.code >> 8);
    s += static_cast<char>(answer.code & 0xFF);
    for (const uint8_t part : answer.enhanced) s += static_cast<char>(part);
    if (answer.form == 2) {
      s += static_cast<char>(answer.text.size());
      s += answer.text;
    } else {
      s += static_cast<char>(answer.count >> 8);
      s += static_cast<char>(answer.count & 0xFF);
    }
  }
  return s;
}

}  // namespace postern::fuzz
