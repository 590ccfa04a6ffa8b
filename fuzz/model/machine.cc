// SPDX-License-Identifier: Apache-2.0

#include "fuzz/model/machine.h"

#include <algorithm>
#include <utility>

#include "fuzz/model/contract.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

bool IsDigits(std::string_view text) {
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

// class "." subject "." detail, RFC 3463 section 2; the length of it, or 0.
size_t EnhancedAt(std::string_view text) {
  size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    if (at == begin || at - begin > (part == 0 ? 1u : 3u)) return 0;
    if (part == 0 && text[begin] != '2' && text[begin] != '4' && text[begin] != '5') return 0;
    if (part < 2 && (at == text.size() || text[at++] != '.')) return 0;
  }
  return at < text.size() && text[at] == ' ' ? at : 0;
}

// Whether a reply that is sent here may carry an enhanced code at all is R5's; here it is cut off
// where all its lines have the same one.
std::vector<SeenReply> CutReplies(const std::string& output, bool enhanced) {
  std::vector<SeenReply> replies;
  bool more = false;
  for (size_t at = 0; at < output.size();) {
    size_t end = output.find("\r\n", at);
    if (end == std::string::npos) end = output.size();
    const std::string line = output.substr(at, end - at);
    at = end + 2;
    if (!more) replies.emplace_back();
    SeenReply& reply = replies.back();
    if (line.size() >= 3 && IsDigits(std::string_view(line).substr(0, 3))) {
      reply.code = static_cast<uint32_t>(std::stoul(line.substr(0, 3)));
    }
    more = line.size() > 3 && line[3] == '-';
    reply.lines.push_back(line.size() > 4 ? line.substr(4) : std::string());
  }
  for (SeenReply& reply : replies) {
    if (!enhanced || reply.code / 100 == 3) continue;
    const size_t size = EnhancedAt(reply.lines[0]);
    if (size == 0) continue;
    const std::string code = reply.lines[0].substr(0, size);
    bool everywhere = true;
    for (const std::string& line : reply.lines) {
      everywhere = everywhere && line.compare(0, size + 1, code + ' ') == 0;
    }
    if (!everywhere) continue;
    reply.enhanced = code;
    for (std::string& line : reply.lines) line.erase(0, size + 1);
  }
  return replies;
}

uint64_t Plus(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

}  // namespace

Machine::Machine(const Dialogue& dialogue, const Trace& trace)
    : dialogue_(dialogue), setup_(dialogue.setup), trace_(trace) {
  tls_ = setup_.tls;
}

Finding Machine::Run() {
  if (trace_.steps.empty()) return "nothing was recorded";
  BeginStep();
  where_ = "at the opening";
  if (setup_.proxy_header) {
    phase_ = Phase::kProxy;
  } else {
    SeenEvent connect;
    connect.type = POSTERN_EVENT_CONNECT;
    connect.ticket = true;
    Decide(POSTERN_EVENT_CONNECT, connect);
  }
  EndStep();
  size_t number = 0;
  for (const DialogueStep& next : dialogue_.steps) {
    ++number;
    if (failed()) break;
    // Plans and second answers are the host's own affair: the record has what came of them.
    if (next.kind == StepKind::kPlan || next.kind == StepKind::kTwice) continue;
    ++step_;
    if (step_ >= trace_.steps.size()) {
      Fail("the record ends early");
      break;
    }
    BeginStep();
    where_ = "in step " + std::to_string(number);
    switch (next.kind) {
      case StepKind::kOctets:
        pending_ += next.octets;
        break;
      case StepKind::kTick:
        Tick(next.milliseconds);
        break;
      case StepKind::kNotice:
        Notice(next.choice);
        break;
      case StepKind::kVerdict:
      case StepKind::kWrongTicket:
        if (step().answers.empty()) {
          // "later" is no call.
          if (next.answer.verdict != kLater) Fail("an answer was not recorded");
          break;
        }
        Answer(step().answers[answer_at_++]);
        break;
      default:
        break;
    }
    Pump();
    EndStep();
  }
  return finding_;
}

void Machine::BeginStep() {
  replies_ = CutReplies(step().output, !setup_.has(kWithoutEnhancedCodes));
  reply_at_ = event_at_ = answer_at_ = 0;
}

void Machine::EndStep() {
  if (failed()) return;
  TellContent();
  if (const SeenEvent* const event = PeekEvent()) Fail("unexpected " + Describe(*event));
  if (const SeenReply* const reply = PeekReply()) {
    Fail("unexpected reply " + std::to_string(reply->code) + ' ' + reply->lines[0]);
  }
  if (answer_at_ != step().answers.size()) Fail("a decision was answered that was not expected");
  const auto compare = [this](const char* what, uint64_t is, uint64_t should) {
    if (is == should) return;
    Fail(std::string(what) + " is " + std::to_string(is) + ", not " + std::to_string(should));
  };
  const SeenInfo& info = step().info;
  compare("the error count", info.errors, errors_);
  // What a session that is over still tells of its transaction is nobody's concern.
  if (phase_ != Phase::kClosed) compare("the number of recipients", info.recipients, recipients_);
  compare("tls", info.tls, tls_ ? 1 : 0);
  compare("extended", info.extended, extended_ ? 1 : 0);
  compare("authenticated", info.authenticated, authenticated_ ? 1 : 0);
  compare("the number of messages", info.messages, messages_);
  compare("HAS_TICKET", step().ticket ? 1 : 0, phase_ == Phase::kDecision ? 1 : 0);
  compare("START_TLS", step().start_tls ? 1 : 0, phase_ == Phase::kHandshake ? 1 : 0);
  compare("CLOSING", step().closing ? 1 : 0, phase_ == Phase::kClosed ? 1 : 0);
  compare("the deadline", step().deadline, Deadline());
  // R2: equal states have equal fingerprints, whatever lies between them. Inside content there is
  // more to a state than the model keeps.
  if (phase_ == Phase::kClosed || phase_ == Phase::kContent || phase_ == Phase::kChunk ||
      failed()) {
    return;
  }
  const auto [known, is_new] = fingerprints_.emplace(State(), info.fingerprint);
  if (!is_new && known->second != info.fingerprint) {
    Fail("the state is one that was there before, its fingerprint another: " + State());
  }
}

std::string Machine::State() const {
  std::string s;
  const auto add = [&s](const char* name, uint64_t value) {
    s += std::string(name) + '=' + std::to_string(value) + ' ';
  };
  add("phase", static_cast<uint64_t>(phase_));
  add("decision", phase_ == Phase::kDecision ? decision_ : 0);
  add("refused", refused_greeting_ ? 1 : 0);
  add("helo", helo_ ? 1 : 0);
  add("extended", extended_ ? 1 : 0);
  add("tls", tls_ ? 1 : 0);
  add("transaction", transaction_ ? 1 : 0);
  add("recipients", recipients_);
  add("transactions", setup_.has(kFewTransactions) ? transactions_ : 0);
  add("smtputf8", smtputf8_ ? 1 : 0);
  add("shutdown", shutdown_ ? 1 : 0);
  add("chunks", static_cast<uint64_t>(chunks_));
  add("binary", binary_ ? 1 : 0);
  add("in_line",
      (phase_ == Phase::kCommand || phase_ == Phase::kAuth) && line_octets_ != 0 ? 1 : 0);
  add("authenticated", authenticated_ ? 1 : 0);
  // How far an exchange has come, while the host thinks about a response as well.
  const bool exchange =
      phase_ == Phase::kAuth || (phase_ == Phase::kDecision && decision_ == POSTERN_EVENT_AUTH);
  add("round", exchange ? auth_round_ : 0);
  const bool asking = phase_ == Phase::kDecision &&
                      (decision_ == POSTERN_EVENT_PARAMETER || decision_ == POSTERN_EVENT_MAIL ||
                       decision_ == POSTERN_EVENT_RCPT);
  add("asked", asking ? asked_ : 0);
  return s;
}

void Machine::Fail(const std::string& what) {
  if (failed()) return;
  finding_ = where_ + ": " + what;
}

bool Machine::Wants(uint32_t event) const {
  return setup_.wanted_events == 0 || (setup_.wanted_events >> event & 1) != 0;
}

const SeenEvent* Machine::PeekEvent() const {
  return event_at_ < step().events.size() ? &step().events[event_at_] : nullptr;
}

const SeenReply* Machine::PeekReply() const {
  return reply_at_ < replies_.size() ? &replies_[reply_at_] : nullptr;
}

void Machine::ExpectEvent(const SeenEvent& event) {
  if (failed() || !Wants(event.type)) return;
  const SeenEvent* const seen = PeekEvent();
  if (seen == nullptr) {
    Fail("missing " + Describe(event));
    return;
  }
  ++event_at_;
  if (!(*seen == event)) Fail("got " + Describe(*seen) + ", not " + Describe(event));
}

void Machine::ExpectReply(uint32_t code, std::string_view enhanced, int lines) {
  if (failed()) return;
  const SeenReply* const seen = PeekReply();
  std::string want = std::to_string(code) + ' ' + std::string(enhanced);
  if (seen == nullptr) {
    Fail("missing reply " + want);
    return;
  }
  ++reply_at_;
  if (setup_.has(kWithoutEnhancedCodes)) enhanced = std::string_view();
  if (seen->code != code || seen->enhanced != enhanced) {
    Fail("got reply " + std::to_string(seen->code) + ' ' + seen->enhanced + " \"" + seen->lines[0] +
         "\", not " + want);
  } else if (lines >= 0 && seen->lines.size() != static_cast<size_t>(lines)) {
    Fail("reply " + want + " has " + std::to_string(seen->lines.size()) + " lines, not " +
         std::to_string(lines));
  }
}

Situation Machine::ExpectSituation(const std::vector<uint32_t>& ids) {
  if (failed()) return {};
  const SeenReply* const seen = PeekReply();
  Situation chosen = Find(ids[0]);
  for (const uint32_t id : ids) {
    const Situation situation = Find(id);
    if (seen == nullptr || seen->code != situation.code) continue;
    if (!setup_.has(kWithoutEnhancedCodes) && seen->enhanced != situation.enhanced) continue;
    chosen = situation;
    break;
  }
  ExpectReply(chosen.code, chosen.enhanced, chosen.lines);
  return chosen;
}

// ---- Time ----

// Silence counts: every complete line, every octet of content and every answer begins the time
// anew. While a decision is open only its own deadline runs.
uint64_t Machine::Deadline() const {
  uint64_t deadline = UINT64_MAX;
  switch (phase_) {
    case Phase::kClosed:
      return UINT64_MAX;
    case Phase::kDecision:
      return Plus(decision_began_, decision_ == POSTERN_EVENT_CONTENT_END
                                       ? setup_.content_decision_timeout
                                       : setup_.decision_timeout);
    case Phase::kContent:
    case Phase::kChunk:
      deadline = Plus(active_, setup_.content_timeout);
      break;
    default:
      deadline = Plus(active_, setup_.command_timeout);
      break;
  }
  if (setup_.session_timeout != 0) {
    deadline = std::min(deadline, Plus(opened_, setup_.session_timeout));
  }
  return deadline;
}

void Machine::Tick(uint64_t milliseconds) {
  now_ = Plus(now_, milliseconds);
  if (phase_ == Phase::kClosed || now_ < Deadline()) return;
  switch (phase_) {
    case Phase::kDecision:
      DecisionTimeout();
      break;
    case Phase::kProxy:
    case Phase::kHandshake:
      // Nothing may be said: to a proxy, or in the clear behind the 220 (RFC 3207 section 4).
      Close(POSTERN_CLOSED_TIMEOUT);
      break;
    default:
      CloseWith(kClientTimeout, POSTERN_CLOSED_TIMEOUT);
      break;
  }
}

// ---- Notices and ends ----

void Machine::Notice(uint32_t notice) {
  // TLS may fail at any time, not in the handshake alone.
  const bool allowed = phase_ != Phase::kClosed &&
                       (notice != POSTERN_NOTICE_TLS_ESTABLISHED || phase_ == Phase::kHandshake);
  if (!allowed) {
    if (step().result != POSTERN_E_STATE) Fail("a notice out of place was not refused");
    return;
  }
  if (step().result != POSTERN_OK) {
    Fail("a notice in place was refused");
    return;
  }
  switch (notice) {
    case POSTERN_NOTICE_TLS_ESTABLISHED:
      // RFC 3207 section 4.2: as if the session began here. The error count stays: it is no
      // knowledge that was obtained from the client.
      tls_ = true;
      helo_ = extended_ = authenticated_ = false;
      line_.clear();
      line_octets_ = 0;
      line_bare_lf_ = false;
      phase_ = Phase::kCommand;
      Activity();
      // A shutdown that came while STARTTLS was decided.
      AfterCommand();
      break;
    case POSTERN_NOTICE_TLS_FAILED:
      Close(POSTERN_CLOSED_TLS);
      break;
    case POSTERN_NOTICE_DISCONNECTED:
      Close(POSTERN_CLOSED_DISCONNECTED);
      break;
    case POSTERN_NOTICE_SHUTDOWN:
      if (phase_ == Phase::kProxy || phase_ == Phase::kHandshake) {
        Close(POSTERN_CLOSED_SHUTDOWN);
      } else {
        shutdown_ = true;
        AfterCommand();
      }
      break;
    default:
      if (phase_ == Phase::kProxy || phase_ == Phase::kHandshake) {
        Close(POSTERN_CLOSED_SHUTDOWN);
      } else {
        CloseWith(kShuttingDown, POSTERN_CLOSED_SHUTDOWN);
      }
      break;
  }
}

// What content there is that the host has not got yet.
void Machine::TellContent() {
  const bool reading = phase_ == Phase::kContent || (phase_ == Phase::kChunk && !skipping_);
  if (!reading || content_refused_ || content_->decoded().size() <= content_told_) return;
  SeenEvent content;
  content.type = POSTERN_EVENT_CONTENT;
  content.text = content_->decoded().substr(content_told_);
  ExpectEvent(content);
  content_told_ = content_->decoded().size();
}

void Machine::EndTransaction(uint32_t reset_reason) {
  if (transaction_ && reset_reason != 0) {
    SeenEvent reset;
    reset.type = POSTERN_EVENT_RESET;
    reset.reason = reset_reason;
    ExpectEvent(reset);
  }
  transaction_ = false;
  recipients_ = 0;
  smtputf8_ = false;
  binary_ = false;
  chunks_ = Chunks::kNone;
  content_.reset();
}

void Machine::Close(uint32_t reason) {
  TellContent();
  if (phase_ == Phase::kAuth || (phase_ == Phase::kDecision && decision_ == POSTERN_EVENT_AUTH)) {
    EndAuth(POSTERN_AUTH_END_CLOSED);
  }
  EndTransaction(POSTERN_RESET_CLOSED);
  SeenEvent closed;
  closed.type = POSTERN_EVENT_CLOSED;
  closed.reason = reason;
  ExpectEvent(closed);
  phase_ = Phase::kClosed;
}

void Machine::CloseWith(uint32_t situation, uint32_t reason) {
  ExpectSituation({situation});
  Close(reason);
}

// A server that stops says 421 as soon as no transaction is open (RFC 5321 section 3.8).
void Machine::AfterCommand() {
  if (shutdown_ && (phase_ == Phase::kCommand || phase_ == Phase::kAuth) && !transaction_) {
    CloseWith(kShuttingDown, POSTERN_CLOSED_SHUTDOWN);
  }
}

// ---- Octets ----

void Machine::Pump() {
  while (!failed() && pending_at_ < pending_.size() && phase_ != Phase::kDecision &&
         phase_ != Phase::kClosed) {
    Octet(pending_[pending_at_++]);
  }
}

void Machine::Octet(char c) {
  switch (phase_) {
    case Phase::kProxy:
      ProxyOctet(c);
      break;
    case Phase::kCommand:
    case Phase::kAuth:
      LineOctet(c);
      break;
    case Phase::kContent:
      ContentOctet(c);
      break;
    case Phase::kChunk:
      ChunkOctet(c);
      break;
    case Phase::kHandshake:
      // B4: dropped, and told once.
      if (!injected_) {
        injected_ = true;
        SeenEvent error;
        error.type = POSTERN_EVENT_ERROR;
        error.rule = POSTERN_RULE_B4;
        ExpectEvent(error);
      }
      break;
    default:
      break;
  }
}

// The header itself is judged by its own target; the session's part is that it comes first, that it
// is one, and that a bad one ends the session without a word.
void Machine::ProxyOctet(char c) {
  static constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
  static constexpr std::string_view kText("PROXY ");
  proxy_ += c;
  const SeenEvent* const event = PeekEvent();
  const bool closes = event != nullptr && event->type == POSTERN_EVENT_CLOSED &&
                      event->reason == POSTERN_CLOSED_PROXY;
  const auto begins = [this](std::string_view with) {
    return std::string_view(proxy_).substr(0, with.size()) == with.substr(0, proxy_.size());
  };
  bool complete = false;
  bool possible = false;
  if (begins(kText)) {
    possible = proxy_.size() <= 107;
    complete = c == '\n';
    if (complete && (proxy_.size() < 2 || proxy_[proxy_.size() - 2] != '\r')) possible = false;
  } else if (begins(kSignature)) {
    possible = true;
    if (proxy_.size() >= 16) {
      const size_t more = static_cast<size_t>(static_cast<uint8_t>(proxy_[14])) << 8 |
                          static_cast<uint8_t>(proxy_[15]);
      complete = proxy_.size() == 16 + more;
    }
  }
  if (!possible || (closes && (complete || pending_at_ == pending_.size()))) {
    Close(POSTERN_CLOSED_PROXY);
    return;
  }
  // A header may be known for bad before its end; nothing else can follow in this step then.
  if (closes || !complete) return;
  if (Wants(POSTERN_EVENT_PROXY_HEADER)) {
    if (event == nullptr || event->type != POSTERN_EVENT_PROXY_HEADER) {
      Fail("a PROXY header was neither taken nor refused");
      return;
    }
    ++event_at_;
  }
  Activity();
  phase_ = Phase::kCommand;
  SeenEvent connect;
  connect.type = POSTERN_EVENT_CONNECT;
  connect.ticket = true;
  Decide(POSTERN_EVENT_CONNECT, connect);
}

void Machine::ContentOctet(char c) {
  Activity();
  const bool ends = content_->Add(c);
  if (ends != content_->EndsInEndOfData()) Fail("the model contradicts itself about D1");
  TellRefusedContent();
  if (ends) EndOfContent();
}

void Machine::TellRefusedContent() {
  if (content_->refused() != Content::Refused::kNo && !content_refused_) {
    content_refused_ = true;
    const std::string rest = content_->decoded().substr(content_told_);
    if (!rest.empty() && Wants(POSTERN_EVENT_CONTENT)) {
      const SeenEvent* const event = PeekEvent();
      // Of content over the size limit the host may have got less: it is void.
      if (content_->refused() == Content::Refused::kTooLarge) {
        if (event != nullptr && event->type == POSTERN_EVENT_CONTENT) {
          ++event_at_;
          if (rest.compare(0, event->text.size(), event->text) != 0) {
            Fail("content over the limit is not what was sent");
          }
        }
      } else {
        SeenEvent content;
        content.type = POSTERN_EVENT_CONTENT;
        content.text = rest;
        ExpectEvent(content);
      }
    }
    SeenEvent reset;
    reset.type = POSTERN_EVENT_RESET;
    reset.reason = POSTERN_RESET_CONTENT_REFUSED;
    ExpectEvent(reset);
    // Void from here on, and told to be.
    transaction_ = false;
  }
}

void Machine::EndOfContent() {
  if (content_refused_) {
    const bool newline = content_->refused() == Content::Refused::kBareNewline;
    const uint32_t times = FinalReplies();
    EndTransaction(0);
    phase_ = Phase::kCommand;
    RefuseNow({newline ? Refusal{kContentBareNewline, POSTERN_RULE_D3}
                       : Refusal{kMessageTooLarge, POSTERN_RULE_D4}},
              false, times);
    AfterCommand();
    return;
  }
  SeenEvent content;
  content.type = POSTERN_EVENT_CONTENT;
  content.text = content_->decoded().substr(content_told_);
  if (!content.text.empty()) ExpectEvent(content);
  SeenEvent end;
  end.type = POSTERN_EVENT_CONTENT_END;
  end.ticket = true;
  end.number = content_->decoded().size();
  phase_ = Phase::kCommand;
  Decide(POSTERN_EVENT_CONTENT_END, end);
}

}  // namespace postern::fuzz::model

namespace postern::fuzz {

Finding CheckContract(const Dialogue& dialogue, const Trace& trace) {
  return model::Machine(dialogue, trace).Run();
}

}  // namespace postern::fuzz
