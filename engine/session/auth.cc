// SPDX-License-Identifier: Apache-2.0
//
// AUTH (RFC 4954): the command, the lines of its exchange, the list of mechanisms, and AUTH= of
// MAIL.
//
// What it is: the frame of a SASL exchange. Responses are decoded into one block from the host's
// allocator, which is wiped when the host has answered; so is what the splitter holds of a line.
// What it is not: SASL. What the octets say is between the client and the host.

#include "engine/syntax/auth.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "engine/session/session.h"
#include "engine/syntax/parameters.h"
#include "engine/wire/line_flag.h"

namespace postern::session {

using commands::Extension;
using replies::ReplyId;

// One block of memory: this, and the octets behind it.
struct Session::AuthBlock {
  uint32_t capacity = 0;
  uint32_t size = 0;
  uint32_t round = 0;  // challenges sent
  uint32_t flags = 0;
  bool fresh = false;  // of a list of mechanisms: it came with the HELO that is being settled
  uint8_t mechanism_size = 0;
  char mechanism[syntax::kMaxMechanismOctets] = {};

  char* octets() { return reinterpret_cast<char*>(this + 1); }
  std::string_view text() { return {octets(), size}; }
  size_t whole() const { return sizeof(AuthBlock) + capacity; }
};

namespace {

Judgement Judge(ReplyId reply, Rule rule, uint64_t limit = 0) {
  Judgement judgement;
  judgement.reply = reply;
  judgement.rule = rule;
  judgement.limit = limit;
  return judgement;
}

}  // namespace

// ---- What is offered

std::string_view Session::AuthLine() const {
  return mechanisms_ != nullptr ? mechanisms_->text() : std::string_view(ground_->config.auth_line);
}

void Session::SetOffer() {
  const Config& config = ground_->config;
  enabled_ = config.enabled;
  if (!trusted_) enabled_ &= ~commands::kForTrusted;
  if (submission_) {
    enabled_ &= ~commands::kNotSubmission;
    enabled_ |= commands::Bit(Extension::kAuthFirst);
  }
  // RFC 4865 §4.2 item 2: of submission alone; and without the time no latest date can be told.
  if (!submission_ || clock_.unix_ms == 0) enabled_ &= ~commands::Bit(Extension::kFutureRelease);
  if (!Wanted(EventType::kParameter)) enabled_ &= ~commands::Bit(Extension::kHostParameters);
  if (!commands::MayOfferAuth(tls_, config.auth_without_tls, !AuthLine().empty())) {
    enabled_ &= ~commands::Bit(Extension::kAuth);
  }
}

AnswerResult Session::CheckMechanisms(EventType type, Verdict verdict, const Answer& answer) const {
  // A challenge goes with its own verdict alone.
  if (!answer.challenge.empty()) return AnswerResult::kBadReply;
  if (answer.auth_mechanisms.empty()) return AnswerResult::kOk;
  const bool in_place = type == EventType::kHelo && verdict == Verdict::kAccept &&
                        ground_->config.Enabled(Extension::kAuth);
  return in_place && !MakeAuthLine(answer.auth_mechanisms).empty() ? AnswerResult::kOk
                                                                   : AnswerResult::kBadReply;
}

// The list was checked.
bool Session::SetMechanisms(std::string_view mechanisms) {
  constexpr std::string_view kKeyword = "AUTH ";
  AuthBlock* block = nullptr;
  if (!MakeAuthBlock(kKeyword.size() + mechanisms.size(), &block)) return false;
  kKeyword.copy(block->octets(), kKeyword.size());
  mechanisms.copy(block->octets() + kKeyword.size(), mechanisms.size());
  block->size = block->capacity;
  block->fresh = true;
  DropMechanisms();
  mechanisms_ = block;
  return true;
}

// HELO was accepted: without a list of its own the configuration's holds.
void Session::KeepMechanisms() {
  if (mechanisms_ == nullptr) return;
  if (!mechanisms_->fresh) DropMechanisms();
  if (mechanisms_ != nullptr) mechanisms_->fresh = false;
  SetOffer();
}

void Session::DropMechanisms() {
  if (mechanisms_ == nullptr) return;
  memory_->deallocate(memory_->user, mechanisms_, mechanisms_->whole());
  mechanisms_ = nullptr;
}

// ---- The block

bool Session::MakeAuthBlock(size_t capacity, AuthBlock** block) {
  void* const place = memory_->allocate(memory_->user, sizeof(AuthBlock) + capacity);
  if (place == nullptr) return false;
  *block = new (place) AuthBlock();
  (*block)->capacity = static_cast<uint32_t>(capacity);
  return true;
}

void Session::DropAuthBlock() {
  if (auth_ == nullptr) return;
  const size_t size = auth_->whole();
  wire::Wipe(auth_, size);
  memory_->deallocate(memory_->user, auth_, size);
  auth_ = nullptr;
}

size_t Session::AuthOctets() const {
  return (auth_ != nullptr ? auth_->whole() : 0) +
         (mechanisms_ != nullptr ? mechanisms_->whole() : 0);
}

Session::AuthParts Session::auth_parts() const {
  AuthParts parts;
  if (auth_ == nullptr) return parts;
  parts.mechanism = {auth_->mechanism, auth_->mechanism_size};
  parts.response = auth_->text();
  parts.round = auth_->round;
  parts.flags = auth_->flags;
  return parts;
}

std::string_view Session::mail_auth() const {
  return auth_ != nullptr ? auth_->text() : std::string_view();
}

// ---- The exchange

void Session::ExecuteAuth(const commands::ParsedCommand& command, const wire::Line& line) {
  char response[kMaxInitialResponse];
  size_t length = 0;
  const Judgement judgement = JudgeAuth(command, AuthLine(), response, &length);
  if (judgement.reply != ReplyId::kUnspecified) {
    wire::Wipe(response, sizeof(response));
    Refuse(judgement, line);
    return;
  }
  // Counted here and not with other commands: only now is it a right one.
  payload_.size = ShownOctets(line.text);
  if (!CountCommand(false)) {
    wire::Wipe(response, sizeof(response));
    return;
  }
  const bool made = MakeAuthBlock(length, &auth_);
  if (made) {
    auth_->flags = kAuthFirst | (command.parameters.empty() ? 0u : uint32_t{kAuthHasResponse});
    auth_->mechanism_size = static_cast<uint8_t>(command.argument.size());
    for (size_t i = 0; i < command.argument.size(); ++i) {
      const char c = command.argument[i];
      auth_->mechanism[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (length != 0) std::memcpy(auth_->octets(), response, length);
    auth_->size = static_cast<uint32_t>(length);
  }
  wire::Wipe(response, sizeof(response));
  splitter_.WipeStore();
  payload_ = Payload();
  if (!made) {
    Reply(ReplyId::kOutOfMemory);
    Close(CloseReason::kMemory);
    return;
  }
  Decide(EventType::kAuth);
}

size_t Session::FeedAuth(std::string_view in) {
  size_t used = 0;
  wire::Line line;
  switch (splitter_.Next(in, &used, &line)) {
    case wire::LineStatus::kNeedMore:
      break;
    case wire::LineStatus::kLine:
      ++lines_;
      mark_ms_ = clock_.now_ms;
      HandleAuthLine(line);
      break;
    case wire::LineStatus::kBareLf:
      // F2: answered at once; the rest of the line is dropped, whatever it would have been.
      ++lines_;
      mark_ms_ = clock_.now_ms;
      FailAuth(Judge(ReplyId::kBareLf, Rule::kF2), AuthEnd::kBadBase64);
      break;
    case wire::LineStatus::kOverTotal:
      LineWithoutEnd();
      break;
    case wire::LineStatus::kNoMemory:
      Reply(ReplyId::kOutOfMemory);
      Close(CloseReason::kMemory);
      break;
  }
  return used;
}

// A response (RFC 4954 §4). Framing first, as with commands; octets that base64 does not know,
// 8-bit and controls among them, are 501.
void Session::HandleAuthLine(const wire::Line& line) {
  if (line.length > syntax::kMaxAuthLineOctets) {
    return FailAuth(Judge(ReplyId::kAuthLineTooLong, Rule::kF4, syntax::kMaxAuthLineOctets),
                    AuthEnd::kTooLong);
  }
  if ((line.flags & wire::kHasNul) != 0) {
    return FailAuth(Judge(ReplyId::kNulOctet, Rule::kF3), AuthEnd::kBadBase64);
  }
  if ((line.flags & wire::kHasBareCr) != 0) {
    return FailAuth(Judge(ReplyId::kBareCr, Rule::kF3), AuthEnd::kBadBase64);
  }
  AuthBlock* block = nullptr;
  if (!MakeAuthBlock(line.text.size() / 4 * 3, &block)) {
    Reply(ReplyId::kOutOfMemory);
    Close(CloseReason::kMemory);
    return;
  }
  size_t length = 0;
  const syntax::AuthLine kind =
      syntax::DecodeAuthLine(line.text, block->octets(), block->capacity, &length);
  block->size = static_cast<uint32_t>(length);
  block->round = auth_->round;
  block->flags = kAuthHasResponse;
  block->mechanism_size = auth_->mechanism_size;
  std::copy(std::begin(auth_->mechanism), std::end(auth_->mechanism), block->mechanism);
  DropAuthBlock();
  auth_ = block;
  splitter_.WipeStore();
  switch (kind) {
    case syntax::AuthLine::kResponse:
      payload_ = Payload();
      Decide(EventType::kAuth);
      break;
    case syntax::AuthLine::kCancel:
      FailAuth(Judge(ReplyId::kAuthCancelled, Rule::kC501), AuthEnd::kCancelled);
      break;
    case syntax::AuthLine::kBadBase64:
    case syntax::AuthLine::kOutputTooBig:
      FailAuth(Judge(ReplyId::kAuthBadBase64, Rule::kC501), AuthEnd::kBadBase64);
      break;
  }
}

// The exchange is over without the host: it is told, and the line gets its one reply.
void Session::FailAuth(const Judgement& judgement, AuthEnd reason) {
  EndAuth();
  // No event shows a line of an exchange.
  payload_ = Payload();
  Push(EventType::kAuthEnd, static_cast<uint8_t>(reason));
  RefuseAlone(judgement);
}

void Session::EndAuth() {
  DropAuthBlock();
  splitter_.WipeStore();
  splitter_.ReleaseStore();
  splitter_.SetCapacity(ground_->line_capacity);
  if (mode_ == Mode::kAuth) mode_ = Mode::kCommand;
}

AnswerResult Session::AnswerChallenge(uint64_t ticket, const Answer& answer) {
  // Of a challenge whose line is as long as a response's may be.
  constexpr size_t kMost = (syntax::kMaxAuthLineOctets - 6) / 4 * 3;
  if (decision_ == EventType::kNone || ticket != ticket_) return AnswerResult::kNoTicket;
  if (decision_ != EventType::kAuth) return AnswerResult::kBadVerdict;
  if (answer.reply != ReplyId::kUnspecified || answer.code != 0 || !answer.text.empty() ||
      !answer.auth_mechanisms.empty() || answer.challenge.size() > kMost) {
    return AnswerResult::kBadReply;
  }
  CloseDecision();
  Challenge(answer.challenge);
  return AnswerResult::kOk;
}

void Session::Challenge(std::string_view challenge) {
  mode_ = Mode::kAuth;
  if (shutdown_) {
    FinishShutdown();
    return;
  }
  if (auth_->round == ground_->config.limits.auth_rounds) {
    FailAuth(Judge(ReplyId::kAuthRejected, Rule::kLimit), AuthEnd::kRounds);
    return;
  }
  ++auth_->round;
  wire::Wipe(auth_->octets(), auth_->size);
  auth_->size = 0;
  splitter_.SetCapacity(syntax::kMaxAuthLineOctets);
  mode_ = Mode::kAuth;
  ReplyChallenge(challenge);
}

// RFC 4954 §9. False where it was one too many and the session is over.
bool Session::CountAuthFailure() {
  const uint32_t limit = ground_->config.limits.auth_failures;
  if (auth_failures_ < limit) {
    ++auth_failures_;
    return true;
  }
  replies::Values values = MakeValues();
  values.limit = limit;
  if (ReplyWith(ReplyId::kTooManyErrors, values)) {
    PushError(ReplyId::kTooManyErrors, Rule::kLimit,
              ground_->replies->Code(ReplyId::kTooManyErrors));
    Close(CloseReason::kAuth);
  }
  return false;
}

// ---- AUTH= of MAIL

// False where there was no memory and the session is over. The value was found good.
bool Session::KeepMailAuth(const commands::ParsedCommand& command) {
  payload_.flags |= kMailAuth;
  if (command.auth == commands::AuthParameter::kNull) {
    payload_.flags |= kMailAuthNull;
    return true;
  }
  syntax::ParameterOptions options;
  options.utf8 = true;
  options.allow_extra_spaces = true;
  std::string_view parameters = command.parameters;
  syntax::ParameterIterator iterator({parameters.data() - 1, parameters.size() + 1}, options);
  syntax::Parameter parameter;
  while (iterator.Next(&parameter)) {
    if (!syntax::EqualsIgnoreCase(parameter.keyword, "AUTH")) continue;
    syntax::AuthParameter auth;
    syntax::ParseAuthParameter(parameter.value, true, &auth);
    if (!MakeAuthBlock(auth.mailbox_octets, &auth_)) break;
    std::memcpy(auth_->octets(), auth.mailbox, auth.mailbox_octets);
    auth_->size = static_cast<uint32_t>(auth.mailbox_octets);
    return true;
  }
  Reply(ReplyId::kOutOfMemory);
  Close(CloseReason::kMemory);
  return false;
}

}  // namespace postern::session
