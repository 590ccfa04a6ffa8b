// SPDX-License-Identifier: Apache-2.0
//
// Decisions of the host: their defaults, what each verdict does, and which answers are none.

#include <cstring>

#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

struct Situations {
  uint32_t event;
  uint32_t accept, reject, defer;
};

// 0: there is no such entry. EHLO, VRFY, HELP and unknown commands have ways of their own.
constexpr Situations kDecisions[] = {
    {POSTERN_EVENT_CONNECT, kGreeting, kGreetingRefused, kGreetingDeferred},
    {POSTERN_EVENT_HELO, kHeloOk, kHeloRejected, kHeloDeferred},
    {POSTERN_EVENT_STARTTLS, kStarttlsReady, kStarttlsRejected, kStarttlsDeferred},
    {POSTERN_EVENT_MAIL, kMailOk, kMailRejected, kMailDeferred},
    {POSTERN_EVENT_RCPT, kRcptOk, kRcptRejected, kRcptDeferred},
    {POSTERN_EVENT_CONTENT_BEGIN, kDataStart, kDataRejected, kDataDeferred},
    {POSTERN_EVENT_CHUNK_END, kChunkOk, kChunkRejected, kChunkDeferred},
    {POSTERN_EVENT_CONTENT_END, kContentAccepted, kContentRejected, kContentDeferred},
    {POSTERN_EVENT_XCLIENT, kGreeting, kXclientRejected, kXclientDeferred},
    {POSTERN_EVENT_XFORWARD, kXforwardOk, kXforwardRejected, kXforwardDeferred},
    {POSTERN_EVENT_ETRN, kEtrnOk, kEtrnRejected, kEtrnDeferred},
    {POSTERN_EVENT_ATRN, kAtrnOk, kAtrnRejected, kAtrnDeferred},
    {POSTERN_EVENT_BURL, kBurlOk, kBurlRejected, kBurlDeferred},
    {POSTERN_EVENT_VRFY, kVrfyOk, kVrfyRejected, kVrfyDeferred},
    {POSTERN_EVENT_EXPN, kExpnOk, kExpnRejected, kExpnDeferred},
    {POSTERN_EVENT_HELP, kHelpTopic, kHelpTopicUnknown, kDecisionTimeout},
    {POSTERN_EVENT_AUTH, kAuthOk, kAuthRejected, kAuthDeferred},
    {POSTERN_EVENT_UNKNOWN, kHostCommandOk, kUnrecognized, kHostCommandDeferred},
    // Accepted it has no reply: what is asked next has one.
    {POSTERN_EVENT_PARAMETER, 0, kParameterUnknown, kParameterDeferred},
};

// plugin_api/postern.h names a default at each decision. VRFY, HELP and UNKNOWN have one that is no
// verdict; they are told apart in Apply.
uint32_t DefaultVerdict(uint32_t event) {
  switch (event) {
    case POSTERN_EVENT_STARTTLS:
    case POSTERN_EVENT_CONTENT_END:
      return POSTERN_VERDICT_DEFER;
    case POSTERN_EVENT_RCPT:
    case POSTERN_EVENT_EXPN:
    case POSTERN_EVENT_AUTH:
    case POSTERN_EVENT_ETRN:
    case POSTERN_EVENT_ATRN:
    case POSTERN_EVENT_BURL:
      return POSTERN_VERDICT_REJECT;
    default:
      return POSTERN_VERDICT_ACCEPT;
  }
}

// RFC 1985 section 5.1 and RFC 2645 section 7 refuse with 4yz.
bool RefusesWith4yz(uint32_t event) {
  return event == POSTERN_EVENT_ETRN || event == POSTERN_EVENT_ATRN;
}

bool HasOwnDefault(uint32_t event) {
  return event == POSTERN_EVENT_VRFY || event == POSTERN_EVENT_HELP ||
         event == POSTERN_EVENT_UNKNOWN || event == POSTERN_EVENT_PARAMETER;
}

std::vector<std::string> TextLines(const ScriptAnswer& answer) {
  std::string text = answer.form == 3 ? std::string(answer.count, 'x') : answer.text;
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

}  // namespace

uint32_t Machine::SituationOf(uint32_t verdict) const {
  for (const Situations& d : kDecisions) {
    if (d.event != decision_) continue;
    if (verdict == POSTERN_VERDICT_REJECT) return d.reject;
    if (verdict == POSTERN_VERDICT_DEFER) return d.defer;
    if (decision_ == POSTERN_EVENT_HELO && helo_extended_) return kEhloOk;
    // An accepted XCLIENT is answered as a new connection is.
    const bool greets = decision_ == POSTERN_EVENT_CONNECT || decision_ == POSTERN_EVENT_XCLIENT;
    if (greets && setup_.lmtp) return kLmtpGreeting;
    if (decision_ == POSTERN_EVENT_HELP && topic_overview_) return kHelpOverview;
    return d.accept;
  }
  return 0;
}

void Machine::Decide(uint32_t type, const SeenEvent& event) {
  if (failed()) return;
  decision_ = type;
  if (type != POSTERN_EVENT_MAIL && type != POSTERN_EVENT_PARAMETER) mail_smtputf8_ = false;
  if (!Wants(type)) {
    Apply(POSTERN_VERDICT_DEFAULT, nullptr);
    return;
  }
  ExpectEvent(event);
  if (failed()) return;
  phase_ = Phase::kDecision;
  decision_began_ = now_;
  Answers();
}

// What the host did at once, until one answer was taken or it left the decision open.
void Machine::Answers() {
  while (!failed() && phase_ == Phase::kDecision) {
    if (answer_at_ == step().answers.size()) {
      Fail("the host was not asked");
      return;
    }
    const SeenAnswer& answer = step().answers[answer_at_++];
    if (answer.event != decision_) {
      Fail("another decision was answered");
      return;
    }
    if (answer.later) return;
    const size_t event_at = event_at_;
    const size_t reply_at = reply_at_;
    Answer(answer);
    // Only a refused answer makes nothing.
    if (answer.result == 0 || event_at != event_at_ || reply_at != reply_at_) return;
  }
}

void Machine::Answer(const SeenAnswer& answer) {
  const bool challenge = answer.answer.verdict == kChallenge && phase_ == Phase::kDecision &&
                         decision_ == POSTERN_EVENT_AUTH && !answer.wrong_ticket;
  const bool bad_verdict = answer.answer.verdict > POSTERN_VERDICT_DISCONNECT && !challenge;
  if (answer.wrong_ticket || phase_ != Phase::kDecision) {
    const bool closed = phase_ == Phase::kClosed && answer.result == POSTERN_E_STATE;
    const bool constant = bad_verdict && answer.result == POSTERN_E_ARGUMENT;
    if (answer.result != POSTERN_E_TICKET && !closed && !constant) {
      Fail("an answer without its ticket gave " + std::to_string(answer.result));
    }
    return;
  }
  if (bad_verdict) {
    if (answer.result != POSTERN_E_ARGUMENT) {
      Fail("a verdict that is none gave " + std::to_string(answer.result));
    }
    return;
  }
  if (challenge) {
    if (answer.result != (MayChallenge(answer.answer) ? 0 : POSTERN_E_REPLY)) {
      Fail("a challenge gave " + std::to_string(answer.result));
    } else if (answer.result == 0) {
      phase_ = Phase::kCommand;
      Activity();
      Challenge(answer.answer);
    }
    return;
  }
  if (answer.result == POSTERN_E_REPLY) {
    if (MustBeTaken(answer)) Fail("a valid answer was refused");
    return;
  }
  if (answer.result != 0) {
    Fail("an answer gave " + std::to_string(answer.result));
    return;
  }
  if (!MayBeTaken(answer)) {
    Fail("an answer was taken that is no valid reply");
    return;
  }
  phase_ = Phase::kCommand;
  Activity();
  Apply(answer.answer.verdict, &answer.answer);
}

// ---- Which answers are valid ----

// A verdict alone always is; an override where RFC 5321 section 4.3.2 surely has the code.
bool Machine::MustBeTaken(const SeenAnswer& seen) const {
  const ScriptAnswer& answer = seen.answer;
  if (answer.form == 4) {
    if (!MayBeTaken(seen)) return false;
    if (answer.verdict == POSTERN_VERDICT_DISCONNECT) return true;
    for (size_t i = 0; i < answer.recipients.size(); ++i) {
      if (!MustBeTaken(ForRecipient(seen, i))) return false;
    }
    return true;
  }
  if (answer.form == 0 || (answer.form == 1 && answer.reply_id == 0)) {
    // HELP has no temporary failure (section 4.3.2: 211, 214, 502, 504).
    return MayBeTaken(seen) &&
           (decision_ != POSTERN_EVENT_HELP || answer.verdict != POSTERN_VERDICT_DEFER);
  }
  if (answer.form == 1) {
    if (answer.verdict == POSTERN_VERDICT_DISCONNECT) return false;
    if (answer.verdict == POSTERN_VERDICT_DEFAULT || !MayBeTaken(seen)) return false;
    if (decision_ == POSTERN_EVENT_HELP || decision_ == POSTERN_EVENT_UNKNOWN) return false;
    if (decision_ == POSTERN_EVENT_HELO && answer.verdict == POSTERN_VERDICT_ACCEPT) return false;
    return answer.reply_id == SituationOf(answer.verdict);
  }
  const bool usual = (decision_ == POSTERN_EVENT_RCPT && answer.verdict == POSTERN_VERDICT_REJECT &&
                      answer.code == 550) ||
                     (decision_ == POSTERN_EVENT_MAIL && answer.verdict == POSTERN_VERDICT_REJECT &&
                      answer.code == 550) ||
                     (decision_ == POSTERN_EVENT_MAIL && answer.verdict == POSTERN_VERDICT_DEFER &&
                      answer.code == 451) ||
                     (decision_ == POSTERN_EVENT_CONTENT_END &&
                      answer.verdict == POSTERN_VERDICT_ACCEPT && answer.code == 250) ||
                     (decision_ == POSTERN_EVENT_CONTENT_END &&
                      answer.verdict == POSTERN_VERDICT_REJECT && answer.code == 554);
  if (!usual || !MayBeTaken(seen)) return false;
  // Numbers beyond three digits are no enhanced code; MayBeTaken has the class.
  const std::vector<std::string> lines = TextLines(answer);
  for (const std::string& line : lines) {
    if (line.size() > 400 || !IsAscii(line)) return false;
  }
  return lines.size() <= 8;
}

bool Machine::MayBeTaken(const SeenAnswer& seen) const {
  const ScriptAnswer& answer = seen.answer;
  // Only the host knows what to say of a command or topic of its own.
  const bool worded =
      (answer.form == 1 && answer.reply_id != 0) || (answer.form >= 2 && answer.code != 0);
  if (answer.verdict == POSTERN_VERDICT_ACCEPT && !worded &&
      (decision_ == POSTERN_EVENT_HELP || decision_ == POSTERN_EVENT_UNKNOWN)) {
    return false;
  }
  const bool accepted = answer.verdict == POSTERN_VERDICT_ACCEPT;
  if (worded && accepted && decision_ == POSTERN_EVENT_PARAMETER) return false;
  if (answer.form == 0) return accepted || kFetched[answer.fetched] == 0;
  // Nor has the last BURL a reply beside that to the message.
  if (worded && decision_ == POSTERN_EVENT_BURL && burl_last_ && accepted) return false;
  if (answer.form == 4) return MayBeTakenForRecipients(seen);
  // RFC 3030 section 2: BDAT has no reply that would go before its octets.
  if (worded && decision_ == POSTERN_EVENT_CONTENT_BEGIN && bdat_begin_ &&
      (answer.verdict == POSTERN_VERDICT_ACCEPT || answer.verdict == POSTERN_VERDICT_DEFAULT)) {
    return false;
  }
  uint32_t reply_class = 2;
  const uint32_t verdict =
      answer.verdict == POSTERN_VERDICT_DEFAULT ? DefaultVerdict(decision_) : answer.verdict;
  if (verdict == POSTERN_VERDICT_REJECT) reply_class = RefusesWith4yz(decision_) ? 4 : 5;
  if (verdict == POSTERN_VERDICT_DEFER || verdict == POSTERN_VERDICT_DISCONNECT) reply_class = 4;
  if (verdict == POSTERN_VERDICT_ACCEPT && decision_ == POSTERN_EVENT_CONTENT_BEGIN) {
    reply_class = 3;
  }
  const bool own = answer.verdict == POSTERN_VERDICT_DEFAULT && HasOwnDefault(decision_);
  // EHLO's success lists what is in force: nobody words it.
  const bool ehlo =
      decision_ == POSTERN_EVENT_HELO && helo_extended_ && verdict == POSTERN_VERDICT_ACCEPT;
  if (answer.form == 1) {
    if (answer.reply_id == 0) return true;
    const Situation situation = Find(answer.reply_id);
    if (situation.id == 0) return false;
    if (ehlo) return answer.reply_id == kEhloOk;
    if (verdict == POSTERN_VERDICT_DISCONNECT) return situation.code == 421;
    return own || situation.code / 100 == reply_class;
  }
  if (answer.code == 0) {
    return TextLines(answer) == std::vector<std::string>(1);
  }
  if (ehlo) return false;
  if (!own && answer.code / 100 != reply_class) return false;
  if (verdict == POSTERN_VERDICT_DISCONNECT && answer.code != 421) return false;
  const bool enhanced =
      answer.enhanced[0] != 0 || answer.enhanced[1] != 0 || answer.enhanced[2] != 0;
  if (enhanced && answer.enhanced[0] != answer.code / 100) return false;
  const std::vector<std::string> lines = TextLines(answer);
  if (lines.size() > 32) return false;
  for (const std::string& line : lines) {
    if (line.empty()) return false;
    // Code, separator, CR LF.
    if (line.size() + 6 > 512) return false;
    for (const char c : line) {
      const auto octet = static_cast<uint8_t>(c);
      if (octet >= 0x80) {
        // RFC 6531 section 3.7.4: these alone.
        const bool forward = decision_ == POSTERN_EVENT_RCPT && smtputf8_ &&
                             (answer.code == 251 || answer.code == 551);
        const bool query =
            (decision_ == POSTERN_EVENT_VRFY || decision_ == POSTERN_EVENT_EXPN) && query_smtputf8_;
        if (!forward && !query) return false;
      } else if ((octet < 0x20 && octet != '\t') || octet == 0x7F) {
        return false;
      }
    }
    if (!IsUtf8(line)) return false;
  }
  return true;
}

// ---- What an answer does ----

void Machine::ExpectWorded(uint32_t id, const ScriptAnswer* answer) {
  if (failed()) return;
  if (answer != nullptr && answer->form == 1 && answer->reply_id != 0) id = answer->reply_id;
  if (answer == nullptr || answer->form < 2 || answer->code == 0) {
    const Situation situation = Find(id);
    int lines = situation.lines;
    // Keyword lines, topics and the overview have as many lines as it takes.
    if (id == kEhloOk || id == kHelpOverview || id == kHelpTopic) lines = -1;
    ExpectReply(situation.code, situation.enhanced, lines);
    return;
  }
  const SeenReply* const reply = PeekReply();
  if (reply == nullptr) {
    Fail("missing the reply that the host worded");
    return;
  }
  ++reply_at_;
  if (reply->code != answer->code) Fail("not the code that the host gave");
  const bool enhanced =
      answer->enhanced[0] != 0 || answer->enhanced[1] != 0 || answer->enhanced[2] != 0;
  if (enhanced && !setup_.has(kWithoutEnhancedCodes) && answer->code / 100 != 3) {
    const std::string code = std::to_string(answer->enhanced[0]) + '.' +
                             std::to_string(answer->enhanced[1]) + '.' +
                             std::to_string(answer->enhanced[2]);
    if (reply->enhanced != code) Fail("not the enhanced code that the host gave");
  }
  std::vector<std::string> lines = TextLines(*answer);
  const size_t footers = static_cast<size_t>(Footers(answer->code, setup_));
  if (reply->lines.size() != lines.size() + footers) {
    Fail("not the number of lines that the host gave");
    return;
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    // A text that begins like an enhanced code may have been cut with it.
    if (reply->lines[i] != lines[i] && (reply->enhanced + ' ' + reply->lines[i]) != lines[i]) {
      Fail("not the text that the host gave: " + reply->lines[i]);
    }
  }
}

void Machine::ExpectFinal(uint32_t id, const ScriptAnswer* answer, uint32_t times) {
  for (uint32_t i = 0; i < times; ++i) ExpectWorded(id, answer);
}

SeenAnswer Machine::ForRecipient(const SeenAnswer& seen, size_t recipient) const {
  SeenAnswer one = seen;
  const ScriptAnswer::Recipient& from = seen.answer.recipients[recipient];
  one.answer = ScriptAnswer();
  one.answer.verdict = from.verdict != POSTERN_VERDICT_DEFAULT ? from.verdict : seen.answer.verdict;
  if (one.answer.verdict == POSTERN_VERDICT_DEFAULT) one.answer.verdict = POSTERN_VERDICT_DEFER;
  one.answer.form = 1;
  one.answer.reply_id = from.reply_id;
  return one;
}

// Behind content in LMTP alone, one for each, and none of them hangs up.
bool Machine::MayBeTakenForRecipients(const SeenAnswer& seen) const {
  if (seen.answer.verdict == POSTERN_VERDICT_DISCONNECT) return true;
  if (!setup_.lmtp || decision_ != POSTERN_EVENT_CONTENT_END ||
      seen.answer.recipients.size() != recipients_) {
    return false;
  }
  for (size_t i = 0; i < seen.answer.recipients.size(); ++i) {
    const SeenAnswer one = ForRecipient(seen, i);
    if (one.answer.verdict > POSTERN_VERDICT_DEFER || !MayBeTaken(one)) return false;
  }
  return true;
}

// They count as one answer: good where one is, an error where one is 5yz and none good.
void Machine::ApplyToRecipients(uint32_t verdict, const ScriptAnswer& answer) {
  SeenAnswer whole;
  whole.answer = answer;
  whole.answer.verdict = static_cast<uint8_t>(verdict);
  bool good = false;
  bool bad = false;
  for (size_t i = 0; i < answer.recipients.size(); ++i) {
    const uint32_t its = ForRecipient(whole, i).answer.verdict;
    good = good || its == POSTERN_VERDICT_ACCEPT;
    bad = bad || its == POSTERN_VERDICT_REJECT;
  }
  if (!good && bad && errors_ >= setup_.errors) {
    EndTransaction(0);
    RejectByHost(kContentRejected, nullptr, 1);
    AfterCommand();
    return;
  }
  for (size_t i = 0; i < answer.recipients.size(); ++i) {
    const ScriptAnswer one = ForRecipient(whole, i).answer;
    ExpectWorded(SituationOf(one.verdict), &one);
  }
  EndTransaction(0);
  if (good) {
    ++messages_;
    errors_ = 0;
    commands_ = 0;
  } else if (bad) {
    ++errors_;
  }
  AfterCommand();
}

void Machine::RejectByHost(uint32_t id, const ScriptAnswer* answer, uint32_t times) {
  if (errors_ >= setup_.errors) {
    // R6: in its place.
    SeenEvent error;
    error.type = POSTERN_EVENT_ERROR;
    error.reply_id = kTooManyErrors;
    error.code = 421;
    error.rule = POSTERN_RULE_R6;
    ExpectSituation({kTooManyErrors});
    ExpectEvent(error);
    Close(POSTERN_CLOSED_ERRORS);
    return;
  }
  if (decision_ == POSTERN_EVENT_AUTH && auth_failures_ >= 3) {
    // RFC 4954 section 9: as R6, with a count of its own (docs/defaults.md).
    SeenEvent error;
    error.type = POSTERN_EVENT_ERROR;
    error.reply_id = kTooManyErrors;
    error.code = 421;
    error.rule = POSTERN_RULE_LIMIT;
    ExpectSituation({kTooManyErrors});
    ExpectEvent(error);
    ++errors_;
    Close(POSTERN_CLOSED_AUTH);
    return;
  }
  ExpectFinal(id, answer, times);
  ++errors_;
  if (decision_ == POSTERN_EVENT_AUTH) ++auth_failures_;
}

void Machine::Apply(uint32_t verdict, const ScriptAnswer* answer) {
  if (failed()) return;
  // The words of an answer that is one for each recipient are theirs.
  ScriptAnswer bare;
  if (answer != nullptr && answer->form == 4) {
    if (verdict != POSTERN_VERDICT_DISCONNECT) {
      ApplyToRecipients(verdict, *answer);
      return;
    }
    answer = &bare;
  }
  const uint32_t times = DecisionReplies();
  const bool own = verdict == POSTERN_VERDICT_DEFAULT && HasOwnDefault(decision_);
  if (verdict == POSTERN_VERDICT_DEFAULT) verdict = DefaultVerdict(decision_);
  if (own && decision_ == POSTERN_EVENT_VRFY) {
    ExpectWorded(kVrfyCannotVerify, answer);
    AfterCommand();
    return;
  }
  const bool worded = answer != nullptr && answer->form >= 2 && answer->code != 0;
  // A 421 closes the session (RFC 5321 section 3.8), whoever words it and for whatever reason.
  const SeenReply* const reply = PeekReply();
  const bool closes = worded && verdict != POSTERN_VERDICT_DISCONNECT && reply != nullptr &&
                      reply->code == 421 && answer->code == 421;
  if (own && !worded && decision_ == POSTERN_EVENT_UNKNOWN) {
    Refuse({{kUnrecognized, POSTERN_RULE_C500}}, false);
    AfterCommand();
    return;
  }
  if (own && !worded && decision_ == POSTERN_EVENT_HELP && !topic_known_ && !topic_overview_) {
    Refuse({{kHelpTopicUnknown, POSTERN_RULE_C504}}, false);
    AfterCommand();
    return;
  }
  if (own && !worded && decision_ == POSTERN_EVENT_PARAMETER) {
    asked_ = 0;
    RefuseNow({{kParameterUnknown, POSTERN_RULE_C555}}, false);
    AfterCommand();
    return;
  }
  const bool refused = verdict == POSTERN_VERDICT_REJECT || verdict == POSTERN_VERDICT_DEFER;
  if (decision_ == POSTERN_EVENT_CONTENT_BEGIN && bdat_begin_ && refused) {
    chunks_ = Chunks::kFailed;
    SkipChunkForHost(SituationOf(verdict), answer);
    return;
  }
  if (decision_ == POSTERN_EVENT_CHUNK_END && refused) chunks_ = Chunks::kFailed;
  // RFC 4468 section 3.2: the transaction fails with it. R6 closes in place of that.
  if (decision_ == POSTERN_EVENT_BURL && verdict != POSTERN_VERDICT_ACCEPT &&
      !(verdict == POSTERN_VERDICT_REJECT && errors_ >= setup_.errors)) {
    FailBurl(POSTERN_RESET_CONTENT_REFUSED);
  }
  switch (verdict) {
    case POSTERN_VERDICT_DISCONNECT:
      // The message after whose content the host hangs up is not accepted; its transaction was
      // completed by the client and is over.
      ExpectWorded(kDisconnectedByPolicy, answer);
      if (decision_ == POSTERN_EVENT_CONTENT_END) EndTransaction(0);
      Close(POSTERN_CLOSED_POLICY);
      return;
    case POSTERN_VERDICT_REJECT:
      if (decision_ == POSTERN_EVENT_CONTENT_END) EndTransaction(0);
      if (decision_ == POSTERN_EVENT_CONNECT) {
        // The greeting answers no line: it is no error of the client.
        ExpectWorded(kGreetingRefused, answer);
        refused_greeting_ = true;
      } else if (RefusesWith4yz(decision_)) {
        ExpectFinal(SituationOf(verdict), answer, times);
      } else {
        RejectByHost(SituationOf(verdict), answer, times);
      }
      break;
    case POSTERN_VERDICT_DEFER:
      if (decision_ == POSTERN_EVENT_CONTENT_END) EndTransaction(0);
      ExpectFinal(SituationOf(verdict), answer, closes ? 1 : times);
      if (decision_ == POSTERN_EVENT_CONNECT || closes) {
        Close(POSTERN_CLOSED_POLICY);
        return;
      }
      break;
    default:
      Accept(answer);
      break;
  }
  AfterCommand();
}

void Machine::Accept(const ScriptAnswer* answer) {
  if (decision_ == POSTERN_EVENT_PARAMETER) {
    AskNext();
    return;
  }
  if (decision_ == POSTERN_EVENT_CONTENT_BEGIN && bdat_begin_) {
    // Its first reply comes behind the chunk.
    chunks_ = Chunks::kOpen;
    content_ = std::make_unique<Content>(setup_.normalize, setup_.message_octets);
    content_told_ = 0;
    content_refused_ = false;
    chunk_total_ = 0;
    ReadChunk();
    return;
  }
  if (decision_ == POSTERN_EVENT_BURL) {
    AcceptBurl(answer);
    return;
  }
  const SeenReply* const reply = PeekReply();
  ExpectFinal(SituationOf(POSTERN_VERDICT_ACCEPT), answer, DecisionReplies());
  if (failed()) return;
  switch (decision_) {
    case POSTERN_EVENT_HELO:
      if (helo_extended_) CheckEhloLines(*reply);
      helo_ = true;
      extended_ = helo_extended_;
      EndTransaction(POSTERN_RESET_HELO);
      break;
    case POSTERN_EVENT_XCLIENT:
      helo_ = extended_ = false;
      // "SASL login name": there is one where the client logged in at the peer.
      authenticated_ = xclient_login_;
      break;
    case POSTERN_EVENT_STARTTLS:
      phase_ = Phase::kHandshake;
      injected_ = false;
      break;
    case POSTERN_EVENT_MAIL:
      transaction_ = true;
      ++transactions_;
      recipients_ = 0;
      smtputf8_ = mail_smtputf8_;
      binary_ = mail_binary_;
      break;
    case POSTERN_EVENT_RCPT:
      ++recipients_;
      break;
    case POSTERN_EVENT_AUTH:
      authenticated_ = true;
      break;
    case POSTERN_EVENT_ATRN:
      Close(POSTERN_CLOSED_TURNED);
      break;
    case POSTERN_EVENT_CONTENT_BEGIN:
      phase_ = Phase::kContent;
      content_ = std::make_unique<Content>(setup_.normalize, setup_.message_octets);
      content_told_ = 0;
      content_refused_ = false;
      Activity();
      break;
    case POSTERN_EVENT_CONTENT_END:
      EndTransaction(0);
      ++messages_;
      errors_ = 0;
      commands_ = 0;
      break;
    default:
      break;
  }
}

// The temporary failure given in the host's stead.
void Machine::DecisionTimeout() {
  phase_ = Phase::kCommand;
  Activity();
  switch (decision_) {
    case POSTERN_EVENT_CONNECT:
      CloseWith(kGreetingDeferred, POSTERN_CLOSED_TIMEOUT);
      return;
    case POSTERN_EVENT_STARTTLS:
      ExpectSituation({kStarttlsDeferred});
      break;
    case POSTERN_EVENT_AUTH:
      EndAuth(POSTERN_AUTH_END_TIMEOUT);
      ExpectSituation({kAuthDeferred});
      break;
    case POSTERN_EVENT_CONTENT_END:
      ExpectFinal(kDecisionTimeout, nullptr, FinalReplies());
      EndTransaction(POSTERN_RESET_TIMEOUT);
      break;
    case POSTERN_EVENT_CONTENT_BEGIN:
      if (bdat_begin_) {
        FailChunks(POSTERN_RESET_TIMEOUT);
        SkipChunkForHost(kDecisionTimeout, nullptr);
        return;
      }
      ExpectSituation({kDecisionTimeout});
      break;
    case POSTERN_EVENT_CHUNK_END:
      FailChunks(POSTERN_RESET_TIMEOUT);
      ExpectSituation({kDecisionTimeout});
      break;
    case POSTERN_EVENT_BURL:
      FailBurl(POSTERN_RESET_TIMEOUT);
      ExpectSituation({kDecisionTimeout});
      break;
    default:
      ExpectSituation({kDecisionTimeout});
      break;
  }
  AfterCommand();
}

}  // namespace postern::fuzz::model
