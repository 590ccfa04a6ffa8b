// SPDX-License-Identifier: Apache-2.0
//
// Decisions: what the host is asked, what its verdicts do, and what stands in for an answer that is
// not wanted or does not come.

#include "engine/replies/reply_rules.h"
#include "engine/session/session.h"

namespace postern::session {

using commands::Phase;
using commands::Verb;
using replies::ReplyId;

void Session::Decide(EventType type) {
  if (!Wanted(type)) {
    Settle(type, Verdict::kDefault, ReplyId::kUnspecified, nullptr);
    return;
  }
  ++ticket_;
  decision_ = type;
  mark_ms_ = now_ms_;
  Push(type);
}

namespace {

// The verdict that stands for kDefault where no more is to be said than postern.h does.
Verdict DefaultVerdict(EventType type) {
  switch (type) {
    case EventType::kStarttls:
    case EventType::kContentEnd:
      return Verdict::kDefer;
    case EventType::kRcpt:
    case EventType::kExpn:
      return Verdict::kReject;
    case EventType::kVrfy:
    case EventType::kHelp:
    case EventType::kUnknown:
      return Verdict::kDefault;
    default:
      return Verdict::kAccept;
  }
}

uint16_t ClassOf(uint16_t code) { return static_cast<uint16_t>(code / 100); }

}  // namespace

// The table entry that a verdict names by itself.
ReplyId Session::DefaultReply(EventType type, Verdict verdict) const {
  const auto by_verdict = [verdict](ReplyId accept, ReplyId reject, ReplyId defer) {
    switch (verdict) {
      case Verdict::kReject:
        return reject;
      case Verdict::kDefer:
        return defer;
      default:
        return accept;
    }
  };
  if (verdict == Verdict::kDisconnect) return ReplyId::kDisconnectedByPolicy;
  switch (type) {
    case EventType::kConnect:
      return by_verdict(ReplyId::kGreeting, ReplyId::kGreetingRefused, ReplyId::kGreetingDeferred);
    case EventType::kHelo:
      return by_verdict(verb_ == Verb::kEhlo ? ReplyId::kEhloOk : ReplyId::kHeloOk,
                        ReplyId::kHeloRejected, ReplyId::kHeloDeferred);
    case EventType::kStarttls:
      return by_verdict(ReplyId::kStarttlsReady, ReplyId::kStarttlsRejected,
                        ReplyId::kStarttlsDeferred);
    case EventType::kMail:
      return by_verdict(ReplyId::kMailOk, ReplyId::kMailRejected, ReplyId::kMailDeferred);
    case EventType::kRcpt:
      return by_verdict(ReplyId::kRcptOk, ReplyId::kRcptRejected, ReplyId::kRcptDeferred);
    case EventType::kContentBegin:
      return by_verdict(ReplyId::kDataStart, ReplyId::kDataRejected, ReplyId::kDataDeferred);
    case EventType::kContentEnd:
      return by_verdict(ReplyId::kContentAccepted, ReplyId::kContentRejected,
                        ReplyId::kContentDeferred);
    case EventType::kVrfy:
      if (verdict == Verdict::kDefault) return ReplyId::kVrfyCannotVerify;
      return by_verdict(ReplyId::kVrfyOk, ReplyId::kVrfyRejected, ReplyId::kVrfyDeferred);
    case EventType::kExpn:
      return by_verdict(ReplyId::kExpnOk, ReplyId::kExpnRejected, ReplyId::kExpnDeferred);
    case EventType::kHelp:
      return by_verdict(ReplyId::kHelpTopic, ReplyId::kHelpTopicUnknown, ReplyId::kDecisionTimeout);
    case EventType::kUnknown:
      return by_verdict(ReplyId::kHostCommandOk, ReplyId::kUnrecognized,
                        ReplyId::kHostCommandDeferred);
    default:
      return ReplyId::kUnspecified;
  }
}

AnswerResult Session::AnswerTicket(uint64_t ticket, const Answer& answer) {
  if (decision_ == EventType::kNone || ticket != ticket_) return AnswerResult::kNoTicket;
  const EventType type = decision_;
  Verdict verdict = answer.verdict;
  if (verdict < Verdict::kDefault || verdict > Verdict::kDisconnect) {
    return AnswerResult::kBadVerdict;
  }
  if (verdict == Verdict::kDefault) verdict = DefaultVerdict(type);
  const ReplyId situation = DefaultReply(type, verdict);
  const uint16_t situation_class = ClassOf(ground_->replies->Code(situation));
  const bool has_override = answer.code != 0 || !answer.text.empty();
  if (answer.reply != ReplyId::kUnspecified || has_override) {
    // HELP and UNKNOWN answered by default have no verdict that an override could carry out.
    if (verdict == Verdict::kDefault) return AnswerResult::kBadReply;
    if (answer.reply != ReplyId::kUnspecified && has_override) return AnswerResult::kBadReply;
  }
  if (answer.reply != ReplyId::kUnspecified) {
    const uint16_t code = ground_->replies->Code(answer.reply);
    if (code == 0 || ClassOf(code) != situation_class ||
        !replies::MayStandFor(*replies::FindReplyRule(answer.reply),
                              *replies::FindReplyRule(situation), code)) {
      return AnswerResult::kBadReply;
    }
  }
  if (has_override) {
    replies::Override reply;
    reply.code = answer.code;
    reply.enhanced = answer.enhanced;
    reply.text = answer.text;
    reply.utf8 = MayBeUtf8(type, answer.code);
    if (ClassOf(answer.code) != situation_class ||
        ground_->replies->CheckOverride(situation, reply) != replies::OverrideError::kNone) {
      return AnswerResult::kBadReply;
    }
  } else if ((type == EventType::kUnknown || type == EventType::kHelp) &&
             verdict == Verdict::kAccept) {
    // Only the host knows what to say of a command or topic of its own.
    return AnswerResult::kBadReply;
  }
  // An event that was never taken is settled with its decision.
  if (event_count_ > 0) {
    event_first_ = 0;
    event_count_ = 0;
  }
  // The octets that the decision was about may be gone by now: no later event points at them.
  payload_ = Payload();
  decision_ = EventType::kNone;
  mark_ms_ = now_ms_;
  Settle(type, answer.verdict == Verdict::kDefault ? Verdict::kDefault : verdict, answer.reply,
         has_override ? &answer : nullptr);
  return AnswerResult::kOk;
}

// Carries a decision out: state first, so that the reply is formed by what is now in force, then
// the reply. `reply` and `answer` were checked.
void Session::Settle(EventType type, Verdict verdict, ReplyId reply, const Answer* answer) {
  if (verdict == Verdict::kDefault) verdict = DefaultVerdict(type);
  const ReplyId situation = DefaultReply(type, verdict);
  if (type == EventType::kHelp && verdict == Verdict::kDefault) {
    ReplyHelp();
  } else if (type == EventType::kUnknown && verdict == Verdict::kDefault) {
    Judgement judgement;
    judgement.reply = ReplyId::kUnrecognized;
    judgement.rule = Rule::kC500;
    judgement.quoted = {word_, word_size_};
    RefuseAlone(judgement);
  } else {
    ReplyId id = reply != ReplyId::kUnspecified ? reply : situation;
    uint16_t code = answer != nullptr ? answer->code : ground_->replies->Code(id);
    // R6; a greeting of 554 is an answer to no command.
    if (type != EventType::kConnect && CountError(code)) {
      replies::Values values = MakeValues();
      values.limit = ground_->config.limits.errors;
      if (type == EventType::kContentEnd) Apply(type, false);
      if (ReplyWith(ReplyId::kTooManyErrors, values)) {
        PushError(ReplyId::kTooManyErrors, Rule::kR6,
                  ground_->replies->Code(ReplyId::kTooManyErrors));
        Close(CloseReason::kErrors);
      }
      return;
    }
    const bool accepted = ClassOf(code) == 2 || ClassOf(code) == 3;
    Apply(type, accepted);
    bool written;
    if (answer != nullptr) {
      written = ReplyOverride(situation, *answer, MayBeUtf8(type, code));
    } else if (id == ReplyId::kEhloOk) {
      written = ReplyEhlo();
    } else {
      written = ReplyWith(id, ValuesFor(id, MayBeUtf8(type, code)));
    }
    if (!written) return;
    if (code == 421) Close(CloseReason::kPolicy);
  }
  if (shutdown_ && mode_ == Mode::kCommand && !transaction_open_) FinishShutdown();
}

// What an accepted or refused decision changes. A refusal changes nothing (R2), but that content is
// over and a greeting is refused once for all.
void Session::Apply(EventType type, bool accepted) {
  switch (type) {
    case EventType::kConnect:
      phase_ = accepted ? Phase::kStart : Phase::kRefused;
      break;
    case EventType::kHelo:
      if (!accepted) break;
      // §4.1.4: as if a RSET had been issued.
      EndTransaction(ResetReason::kHelo);
      phase_ = Phase::kReady;
      recipients_ = 0;
      smtputf8_ = false;
      extended_ = verb_ == Verb::kEhlo;
      break;
    case EventType::kStarttls:
      if (accepted) {
        mode_ = Mode::kTlsHandshake;
        injected_ = false;
      }
      break;
    case EventType::kMail:
      if (!accepted) break;
      phase_ = Phase::kMail;
      recipients_ = 0;
      smtputf8_ = pending_smtputf8_;
      transaction_open_ = true;
      break;
    case EventType::kRcpt:
      if (!accepted) break;
      phase_ = Phase::kRcpt;
      ++recipients_;
      break;
    case EventType::kContentBegin:
      if (!accepted) break;
      mode_ = Mode::kContent;
      decoder_.Start();
      over_size_ = false;
      break;
    case EventType::kContentEnd:
      phase_ = Phase::kReady;
      recipients_ = 0;
      smtputf8_ = false;
      transaction_open_ = false;
      if (accepted) {
        ++messages_;
        errors_ = 0;
        commands_ = 0;
      }
      break;
    default:
      break;
  }
}

// The host's time is up: a temporary failure stands in for its answer, and the ticket is void.
void Session::ExpireDecision() {
  const EventType type = decision_;
  decision_ = EventType::kNone;
  event_first_ = 0;
  event_count_ = 0;
  mark_ms_ = now_ms_;
  switch (type) {
    case EventType::kConnect:
      Reply(ReplyId::kGreetingDeferred);
      Close(CloseReason::kTimeout);
      return;
    case EventType::kStarttls:
      Reply(ReplyId::kStarttlsDeferred);
      break;
    case EventType::kContentEnd:
      EndTransaction(ResetReason::kTimeout);
      Apply(type, false);
      Reply(ReplyId::kDecisionTimeout);
      break;
    default:
      Reply(ReplyId::kDecisionTimeout);
      break;
  }
  if (shutdown_ && mode_ == Mode::kCommand && !transaction_open_) FinishShutdown();
}

void Session::FinishShutdown() {
  if (!Reply(ReplyId::kShuttingDown)) return;
  Close(CloseReason::kShutdown);
}

}  // namespace postern::session
