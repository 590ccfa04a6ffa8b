// SPDX-License-Identifier: Apache-2.0
//
// Decisions: what the host is asked, what its verdicts do, and what stands in for an answer that is
// not wanted or does not come.

#include <new>

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
  mark_ms_ = clock_.now_ms;
  Push(type);
}

namespace {

// The verdict that stands for kDefault where no more is to be said than postern.h does.
struct Verdicts {
  Verdict by_event[kEventTypeLimit] = {};
};
constexpr Verdicts MakeDefaultVerdicts() {
  Verdicts verdicts;
  for (Verdict& verdict : verdicts.by_event) verdict = Verdict::kAccept;
  verdicts.by_event[static_cast<int>(EventType::kStarttls)] = Verdict::kDefer;
  verdicts.by_event[static_cast<int>(EventType::kContentEnd)] = Verdict::kDefer;
  verdicts.by_event[static_cast<int>(EventType::kRcpt)] = Verdict::kReject;
  verdicts.by_event[static_cast<int>(EventType::kExpn)] = Verdict::kReject;
  verdicts.by_event[static_cast<int>(EventType::kAuth)] = Verdict::kReject;
  verdicts.by_event[static_cast<int>(EventType::kEtrn)] = Verdict::kReject;
  verdicts.by_event[static_cast<int>(EventType::kAtrn)] = Verdict::kReject;
  verdicts.by_event[static_cast<int>(EventType::kBurl)] = Verdict::kReject;
  verdicts.by_event[static_cast<int>(EventType::kVrfy)] = Verdict::kDefault;
  verdicts.by_event[static_cast<int>(EventType::kHelp)] = Verdict::kDefault;
  verdicts.by_event[static_cast<int>(EventType::kUnknown)] = Verdict::kDefault;
  verdicts.by_event[static_cast<int>(EventType::kParameter)] = Verdict::kDefault;
  return verdicts;
}
constexpr Verdicts kDefaultVerdicts = MakeDefaultVerdicts();

Verdict DefaultVerdict(EventType type) { return kDefaultVerdicts.by_event[static_cast<int>(type)]; }

uint16_t ClassOf(uint16_t code) { return static_cast<uint16_t>(code / 100); }

}  // namespace

namespace {

// Which entry of the reply table a verdict names by itself; a row for each event that is a
// decision, a column for each verdict.
struct Replies {
  ReplyId by_verdict[6] = {};
};
struct ReplyMatrix {
  Replies by_event[kEventTypeLimit];
};
constexpr ReplyMatrix MakeReplyMatrix() {
  ReplyMatrix matrix;
  const auto set = [&matrix](EventType type, ReplyId accept, ReplyId reject, ReplyId defer) {
    ReplyId* const row = matrix.by_event[static_cast<int>(type)].by_verdict;
    row[static_cast<int>(Verdict::kDefault)] = accept;
    row[static_cast<int>(Verdict::kAccept)] = accept;
    row[static_cast<int>(Verdict::kReject)] = reject;
    row[static_cast<int>(Verdict::kDefer)] = defer;
  };
  using R = ReplyId;
  set(EventType::kConnect, R::kGreeting, R::kGreetingRefused, R::kGreetingDeferred);
  set(EventType::kHelo, R::kHeloOk, R::kHeloRejected, R::kHeloDeferred);
  set(EventType::kStarttls, R::kStarttlsReady, R::kStarttlsRejected, R::kStarttlsDeferred);
  set(EventType::kMail, R::kMailOk, R::kMailRejected, R::kMailDeferred);
  set(EventType::kRcpt, R::kRcptOk, R::kRcptRejected, R::kRcptDeferred);
  set(EventType::kContentBegin, R::kDataStart, R::kDataRejected, R::kDataDeferred);
  set(EventType::kContentEnd, R::kContentAccepted, R::kContentRejected, R::kContentDeferred);
  set(EventType::kChunkEnd, R::kChunkOk, R::kChunkRejected, R::kChunkDeferred);
  set(EventType::kXclient, R::kGreeting, R::kXclientRejected, R::kXclientDeferred);
  set(EventType::kXforward, R::kXforwardOk, R::kXforwardRejected, R::kXforwardDeferred);
  set(EventType::kEtrn, R::kEtrnOk, R::kEtrnRejected, R::kEtrnDeferred);
  set(EventType::kAtrn, R::kAtrnOk, R::kAtrnRejected, R::kAtrnDeferred);
  set(EventType::kBurl, R::kBurlOk, R::kBurlRejected, R::kBurlDeferred);
  set(EventType::kVrfy, R::kVrfyOk, R::kVrfyRejected, R::kVrfyDeferred);
  set(EventType::kExpn, R::kExpnOk, R::kExpnRejected, R::kExpnDeferred);
  set(EventType::kHelp, R::kHelpTopic, R::kHelpTopicUnknown, R::kDecisionTimeout);
  set(EventType::kAuth, R::kAuthOk, R::kAuthRejected, R::kAuthDeferred);
  set(EventType::kUnknown, R::kHostCommandOk, R::kUnrecognized, R::kHostCommandDeferred);
  // Accepted it has no reply of its own: what comes next has.
  set(EventType::kParameter, R::kUnspecified, R::kParameterUnknown, R::kParameterDeferred);
  matrix.by_event[static_cast<int>(EventType::kVrfy)].by_verdict[0] = R::kVrfyCannotVerify;
  for (Replies& row : matrix.by_event) {
    row.by_verdict[static_cast<int>(Verdict::kDisconnect)] = R::kDisconnectedByPolicy;
  }
  return matrix;
}
constexpr ReplyMatrix kReplies = MakeReplyMatrix();

}  // namespace

ReplyId Session::DefaultReply(EventType type, Verdict verdict) const {
  const ReplyId id =
      kReplies.by_event[static_cast<int>(type)].by_verdict[static_cast<int>(verdict)];
  if (id == ReplyId::kHeloOk && verb_ != Verb::kHelo) return ReplyId::kEhloOk;
  return id == ReplyId::kGreeting && lmtp() ? ReplyId::kLmtpGreeting : id;
}

// Whether the reply that the host names or makes fits the decision; kDefault is no verdict here
// that one could carry out (HELP, UNKNOWN and VRFY).
bool Session::MayReply(EventType type, Verdict verdict, const Answer& answer) const {
  if (verdict == Verdict::kDefault) return false;
  const bool has_override = answer.code != 0 || !answer.text.empty();
  if (answer.reply != ReplyId::kUnspecified && has_override) return false;
  if (type == EventType::kParameter && verdict == Verdict::kAccept) return false;
  // RFC 6409 §7: whoever submits mail is never told that no mail is taken at all.
  if (submission_ && (answer.code == 521 || (answer.reply != ReplyId::kUnspecified &&
                                             ground_->replies->Code(answer.reply) == 521))) {
    return false;
  }
  // RFC 3030 §2: BDAT has no reply that would go before its octets.
  if (type == EventType::kContentBegin && verb_ == Verb::kBdat && verdict == Verdict::kAccept) {
    return false;
  }
  // Nor has the last BURL another than the one to the message.
  if (type == EventType::kBurl && chunk_last_ && verdict == Verdict::kAccept) return false;
  const ReplyId situation = DefaultReply(type, verdict);
  const uint16_t situation_class = ClassOf(ground_->replies->Code(situation));
  if (has_override) {
    replies::Override reply;
    reply.code = answer.code;
    reply.enhanced = answer.enhanced;
    reply.text = answer.text;
    reply.utf8 = MayBeUtf8(type, answer.code);
    return ClassOf(answer.code) == situation_class &&
           ground_->replies->CheckOverride(situation, reply) == replies::OverrideError::kNone;
  }
  const uint16_t code = ground_->replies->Code(answer.reply);
  return code != 0 && ClassOf(code) == situation_class &&
         replies::MayStandFor(*replies::FindReplyRule(answer.reply),
                              *replies::FindReplyRule(situation), code);
}

// The decision is taken: what was told of it is settled with it.
void Session::CloseDecision() {
  // An event that was never taken.
  event_first_ = 0;
  event_count_ = 0;
  // The octets that the decision was about may be gone by now: no later event points at them.
  ForgetPayload();
  // An accepted XCLIENT has its attributes still to take over.
  if (decision_ != EventType::kXclient) FreeExtra();
  decision_ = EventType::kNone;
  mark_ms_ = clock_.now_ms;
}

AnswerResult Session::AnswerTicket(uint64_t ticket, Verdict verdict) {
  const EventType type = decision_;
  if (type == EventType::kNone || ticket != ticket_) return AnswerResult::kNoTicket;
  if (verdict < Verdict::kDefault || verdict > Verdict::kDisconnect) {
    return AnswerResult::kBadVerdict;
  }
  if (verdict == Verdict::kDefault) verdict = DefaultVerdict(type);
  if (verdict == Verdict::kAccept && (type == EventType::kUnknown || type == EventType::kHelp)) {
    // Only the host knows what to say of a command or topic of its own.
    return AnswerResult::kBadReply;
  }
  CloseDecision();
  Settle(type, verdict, ReplyId::kUnspecified, nullptr);
  return AnswerResult::kOk;
}

AnswerResult Session::AnswerTicket(uint64_t ticket, const Answer& answer) {
  if (answer.recipients != nullptr) return AnswerRecipients(ticket, answer);
  const bool has_override = answer.code != 0 || !answer.text.empty();
  if (answer.verdict == Verdict::kChallenge) return AnswerChallenge(ticket, answer);
  const bool bare = !has_override && answer.reply == ReplyId::kUnspecified;
  if (bare && answer.auth_mechanisms.empty() && answer.challenge.empty() && answer.octets == 0) {
    return AnswerTicket(ticket, answer.verdict);
  }
  const EventType type = decision_;
  if (type == EventType::kNone || ticket != ticket_) return AnswerResult::kNoTicket;
  Verdict verdict = answer.verdict;
  if (verdict < Verdict::kDefault || verdict > Verdict::kDisconnect) {
    return AnswerResult::kBadVerdict;
  }
  if (verdict == Verdict::kDefault) verdict = DefaultVerdict(type);
  if (!bare && !MayReply(type, verdict, answer)) return AnswerResult::kBadReply;
  const AnswerResult mechanisms = CheckMechanisms(type, verdict, answer);
  if (mechanisms != AnswerResult::kOk) return mechanisms;
  if (answer.octets != 0) {
    if (type != EventType::kBurl || verdict != Verdict::kAccept) return AnswerResult::kBadReply;
    chunk_octets_ = answer.octets;
  }
  if (!has_override && verdict == Verdict::kAccept &&
      (type == EventType::kUnknown || type == EventType::kHelp)) {
    return AnswerResult::kBadReply;
  }
  CloseDecision();
  if (!answer.auth_mechanisms.empty() && !SetMechanisms(answer.auth_mechanisms)) {
    Reply(ReplyId::kOutOfMemory);
    Close(CloseReason::kMemory);
    return AnswerResult::kOk;
  }
  Settle(type, verdict, answer.reply, has_override ? &answer : nullptr);
  return AnswerResult::kOk;
}

// Carries a decision out: state first, so that the reply is formed by what is now in force, then
// the reply. `reply` and `answer` were checked.
void Session::Settle(EventType type, Verdict verdict, ReplyId reply, const Answer* answer) {
  if (type == EventType::kParameter) {
    SettleParameter(verdict, reply, answer);
    return;
  }
  if (verdict == Verdict::kDefault) verdict = DefaultVerdict(type);
  const ReplyId situation = DefaultReply(type, verdict);
  if (verdict == Verdict::kDefault && type != EventType::kVrfy) {
    SettleByDefault(type);
  } else if (type == EventType::kBurl && verdict == Verdict::kAccept) {
    SettleUrl(reply != ReplyId::kUnspecified ? reply : situation, answer);
  } else {
    const ReplyId id = reply != ReplyId::kUnspecified ? reply : situation;
    const uint16_t code = answer != nullptr ? answer->code : ground_->replies->Code(id);
    if (code >= 300 && type == EventType::kContentBegin && verb_ == Verb::kBdat &&
        verdict != Verdict::kDisconnect) {
      SettleFirstChunk(verdict == Verdict::kAccept, id, answer);
      return;
    }
    // R6; a greeting of 554 is an answer to no command.
    if (code >= 500 && type != EventType::kConnect && CountError(code)) {
      RefuseForErrors(type);
      return;
    }
    const uint32_t times = type == EventType::kContentEnd && code != 421 ? FinalReplies() : 1;
    const size_t before = output_.size();
    Apply(type, code < 400);
    if (type == EventType::kAuth && code >= 500 && !CountAuthFailure()) return;
    bool written;
    if (answer != nullptr) {
      written = ReplyOverride(situation, *answer, MayBeUtf8(type, code));
    } else if (id == ReplyId::kEhloOk) {
      written = ReplyEhlo();
    } else {
      written = Reply(id, MayBeUtf8(type, code));
    }
    if (!written || !Repeat(before, times)) return;
    if (code == 421) Close(CloseReason::kPolicy);
    if (type == EventType::kAtrn && code < 400) {
      // RFC 2645 §5.3: the client is the server now, and what it sends is for the host.
      turned_ = true;
      Close(CloseReason::kTurned);
    }
  }
  if (shutdown_ && mode_ == Mode::kCommand && !transaction_open_) FinishShutdown();
}

// A parameter that the host may know: the next one, or the refusal of the command that has it.
void Session::SettleParameter(Verdict verdict, ReplyId reply, const Answer* answer) {
  if (verdict == Verdict::kAccept) {
    AskOfNextParameter();
    if (shutdown_ && mode_ == Mode::kCommand && !transaction_open_ && !has_ticket()) {
      FinishShutdown();
    }
    return;
  }
  FreeAsked();
  const ReplyId situation = DefaultReply(EventType::kParameter, verdict);
  const ReplyId id = reply != ReplyId::kUnspecified ? reply : situation;
  const uint16_t code = answer != nullptr ? answer->code : ground_->replies->Code(id);
  if (verdict == Verdict::kDefault) {
    Judgement judgement;
    judgement.reply = ReplyId::kParameterUnknown;
    judgement.rule = Rule::kC555;
    judgement.quoted = {word_, word_size_};
    RefuseAlone(judgement);
  } else if (CountError(code)) {
    RefuseForErrors(EventType::kParameter);
  } else if (answer != nullptr) {
    if (!ReplyOverride(situation, *answer, false)) return;
  } else {
    replies::Values values = ValuesFor(id, false);
    values.parameter = {word_, word_size_};
    if (!ReplyWith(id, values)) return;
  }
  if (code == 421) Close(CloseReason::kPolicy);
  if (shutdown_ && mode_ == Mode::kCommand && !transaction_open_) FinishShutdown();
}

// R6: 421 in place of a 5yz, and nothing behind it.
void Session::RefuseForErrors(EventType type) {
  replies::Values values = MakeValues();
  values.limit = ground_->config.limits.errors;
  if (type == EventType::kContentEnd || type == EventType::kAuth) Apply(type, false);
  if (ReplyWith(ReplyId::kTooManyErrors, values)) {
    PushError(ReplyId::kTooManyErrors, Rule::kR6, ground_->replies->Code(ReplyId::kTooManyErrors));
    Close(CloseReason::kErrors);
  }
}

// HELP and UNKNOWN, where the host leaves the answer to the table.
void Session::SettleByDefault(EventType type) {
  if (type == EventType::kHelp) {
    ReplyHelp();
    return;
  }
  Judgement judgement;
  judgement.reply = ReplyId::kUnrecognized;
  judgement.rule = Rule::kC500;
  judgement.quoted = {word_, word_size_};
  RefuseAlone(judgement);
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
      extended_ = verb_ != Verb::kHelo;
      KeepMechanisms();
      break;
    case EventType::kAuth:
      authenticated_ = accepted;
      EndAuth();
      break;
    case EventType::kStarttls:
      if (accepted) {
        mode_ = Mode::kTlsHandshake;
        injected_ = false;
      }
      break;
    case EventType::kMail:
      if (auth_ != nullptr) DropAuthBlock();
      if (!accepted) break;
      phase_ = Phase::kMail;
      recipients_ = 0;
      ++transactions_;
      smtputf8_ = pending_smtputf8_;
      binary_ = payload_.count == static_cast<uint32_t>(commands::Body::kBinaryMime);
      transaction_open_ = true;
      break;
    case EventType::kRcpt:
      if (!accepted) break;
      phase_ = binary_ ? Phase::kBinaryRcpt : Phase::kRcpt;
      ++recipients_;
      break;
    case EventType::kContentBegin:
      if (!accepted) break;
      mode_ = Mode::kContent;
      new (&decoder_) wire::DataDecoder(ground_->config.bare_newline);
      decoder_.Start();
      over_size_ = false;
      break;
    case EventType::kXclient:
      if (accepted) BecomeClient();
      FreeExtra();
      break;
    case EventType::kChunkEnd:
      if (!accepted) phase_ = Phase::kChunksFailed;
      break;
    case EventType::kBurl:
      if (!accepted) FailUrl(ResetReason::kContentRefused);
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
  FreeExtra();
  FreeAsked();
  event_first_ = 0;
  event_count_ = 0;
  mark_ms_ = clock_.now_ms;
  switch (type) {
    case EventType::kConnect:
      Reply(ReplyId::kGreetingDeferred);
      Close(CloseReason::kTimeout);
      return;
    case EventType::kStarttls:
      Reply(ReplyId::kStarttlsDeferred);
      break;
    case EventType::kContentEnd: {
      const uint32_t times = FinalReplies();
      const size_t before = output_.size();
      EndTransaction(ResetReason::kTimeout);
      Apply(type, false);
      if (!Reply(ReplyId::kDecisionTimeout) || !Repeat(before, times)) return;
      break;
    }
    case EventType::kContentBegin:
      if (verb_ == Verb::kBdat) {
        FailChunks(ResetReason::kTimeout);
        SkipChunk(chunk_octets_, chunk_last_, ReplyId::kDecisionTimeout, Rule::kNone);
        return;
      }
      Reply(ReplyId::kDecisionTimeout);
      break;
    case EventType::kChunkEnd:
      FailChunks(ResetReason::kTimeout);
      Reply(ReplyId::kDecisionTimeout);
      break;
    case EventType::kBurl:
      FailUrl(ResetReason::kTimeout);
      Reply(ReplyId::kDecisionTimeout);
      break;
    case EventType::kAuth:
      EndAuth();
      Push(EventType::kAuthEnd, static_cast<uint8_t>(AuthEnd::kTimeout));
      Reply(ReplyId::kAuthDeferred);
      break;
    default:
      DropAuthBlock();
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
