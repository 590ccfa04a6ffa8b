// SPDX-License-Identifier: Apache-2.0
//
// What lines do: refusals, commands, and the end of content.

#include <algorithm>
#include <cstring>
#include <new>

#include "engine/session/session.h"
#include "engine/syntax/client_attributes.h"
#include "engine/syntax/dsn.h"
#include "engine/syntax/xtext.h"

namespace postern::session {

using commands::GetCommand;
using commands::ParsedCommand;
using commands::Phase;
using commands::Verb;
using replies::ReplyId;

namespace {

uint32_t PathFlags(const ParsedCommand& command) {
  uint32_t flags = 0;
  if (command.path.is_null) flags |= kPathNull;
  if (command.path.is_postmaster) flags |= kPathPostmaster;
  if (command.path.local_is_quoted) flags |= kPathQuoted;
  if (command.path.domain_is_literal) flags |= kPathLiteral;
  if (command.path.has_source_route) flags |= kPathRoute;
  if (command.path.has_utf8) flags |= kPathUtf8;
  if (command.smtputf8) flags |= kMailSmtpUtf8;
  return flags;
}

// "0x07" into `out`, which has room for four.
std::string_view OctetName(uint8_t octet, char* out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  out[0] = '0';
  out[1] = 'x';
  out[2] = kDigits[octet >> 4];
  out[3] = kDigits[octet & 15];
  return {out, 4};
}

}  // namespace

void Session::HandleBareLf(const wire::Line& line) {
  // F2: answered as soon as it is seen; the splitter drops the rest of the line.
  Judgement judgement;
  judgement.reply = ReplyId::kBareLf;
  judgement.rule = Rule::kF2;
  Refuse(judgement, line);
}

void Session::Refuse(const Judgement& judgement, const wire::Line& line) {
  payload_ = Payload();
  payload_.base = line.text.data();
  payload_.size = ShownOctets(line.text);
  if (payload_.size != line.text.size()) splitter_.WipeStore(static_cast<size_t>(payload_.size));
  if (judgement.rule != Rule::kC500) {
    // D5: the octets of its chunk come behind a BDAT whatever is said to it.
    std::string_view rest;
    const std::string_view name = commands::SplitVerb(line.text, &rest);
    const Verb verb = commands::FindVerb(name);
    if (verb == Verb::kBdat) {
      RefuseChunk(judgement, line, name.size());
      return;
    }
    if (verb == Verb::kBurl && phase_ >= Phase::kMail &&
        commands::InForce(commands::Extension::kBurl, MakeView().now)) {
      RefuseUrl(judgement, rest);
      return;
    }
  }
  if (judgement.reply == ReplyId::kUnrecognized && ground_->config.offer_unknown_commands &&
      Wanted(EventType::kUnknown) && phase_ != Phase::kRefused) {
    SetTextPayload(judgement.quoted, line);
    verb_ = Verb::kUnknown;
    Decide(EventType::kUnknown);
    return;
  }
  RefuseAlone(judgement);
}

// The rest of Refuse, for what is not the host's to decide, or was left to us by it.
// LMTP has as many replies to content, and to BDAT LAST, as recipients were accepted (RFC 2033
// §4.2, §4.3): `times`, which may be none. 421 comes once.
void Session::RefuseAlone(const Judgement& judgement, uint32_t times) {
  ReplyId id = judgement.reply;
  Rule rule = judgement.rule;
  const uint16_t code = ground_->replies->Code(id);
  if (CountError(code)) {
    id = ReplyId::kTooManyErrors;
    rule = Rule::kR6;
    times = 1;
  }
  if (times == 0) {
    PushError(id, rule, 0);
    return;
  }
  replies::Values values = MakeValues();
  char octet[4];
  values.verb = judgement.quoted;
  values.parameter = judgement.quoted;
  values.octet = OctetName(judgement.octet, octet);
  values.limit = id == ReplyId::kTooManyErrors ? ground_->config.limits.errors : judgement.limit;
  // Without memory for the reply the session is over, and nothing comes behind `closed`.
  const size_t before = output_.size();
  if (!ReplyWith(id, values) || !Repeat(before, times)) return;
  PushError(id, rule, ground_->replies->Code(id));
  if (id == ReplyId::kTooManyErrors) Close(CloseReason::kErrors);
}

// The one command too many that was just counted; false.
bool Session::TooManyCommands() {
  --commands_;
  replies::Values values = MakeValues();
  values.limit = ground_->config.limits.commands_without_progress;
  if (ReplyWith(ReplyId::kTooManyCommands, values)) {
    PushError(ReplyId::kTooManyCommands, Rule::kLimit,
              ground_->replies->Code(ReplyId::kTooManyCommands));
    Close(CloseReason::kCommands);
  }
  return false;
}

void Session::SetTextPayload(std::string_view text, const wire::Line& line) {
  payload_ = Payload();
  payload_.base = line.text.data();
  payload_.size = line.text.size();
  if (!text.empty()) {
    payload_.text.offset = static_cast<uint16_t>(text.data() - line.text.data());
    payload_.text.size = static_cast<uint16_t>(text.size());
  }
  word_size_ = static_cast<uint8_t>(std::min(text.size(), kMaxWord));
  if (word_size_ > 0) std::memcpy(word_, text.data(), word_size_);
}

void Session::SetPathPayload(const ParsedCommand& command, const wire::Line& line) {
  payload_.base = line.text.data();
  payload_.size = line.text.size();
  payload_.flags = PathFlags(command);
  payload_.number = command.size;
  // A command line is far below 64 KiB: its limit is 12,288 octets at the most (RFC 4954 §4).
  const auto offset = [&line](const char* part) {
    return static_cast<uint16_t>(part - line.text.data());
  };
  const syntax::PathParts& path = command.path;
  const uint16_t begin = offset(path.begin);
  const auto behind = [begin](uint16_t octets) { return static_cast<uint16_t>(begin + octets); };
  payload_.path = {begin, path.used};
  payload_.mailbox = {behind(path.mailbox_offset), static_cast<uint16_t>(path.mailbox().size())};
  payload_.local_part = {behind(path.mailbox_offset), path.local_size};
  payload_.domain = {behind(path.domain_offset), path.domain_size};
  payload_.parameters = {};
  if (!command.parameters.empty()) {
    payload_.parameters = {offset(command.parameters.data()),
                           static_cast<uint16_t>(command.parameters.size())};
  }
}

// The parameters of delivery extensions that an event has, in a block of their own: sessions that
// see none of them stay as small as they are. False, and the session is over, without memory.
bool Session::SetExtra(const ParsedCommand& command) {
  std::string_view xtext;
  if ((command.given & commands::kGivenEnvid) != 0) xtext = command.extras.envid;
  if ((command.given & commands::kGivenOrcpt) != 0) xtext = command.extras.orcpt;
  size_t size = 0;
  char decoded[syntax::kMaxOrcptOctets];
  // The parsers took it, so it decodes.
  syntax::DecodeXtext(xtext, decoded, sizeof(decoded), &size, true);
  if (!MakeExtra(sizeof(Extra) + size)) return false;
  extra_->given = command.given;
  if ((command.given & commands::kGivenRequireTls) != 0) payload_.flags |= kMailRequireTls;
  if ((command.given & commands::kGivenPriority) != 0) payload_.flags |= kMailPriority;
  if ((command.given & commands::kGivenHoldFor) != 0) payload_.flags |= kMailHoldFor;
  if ((command.given & commands::kGivenHoldUntil) != 0) payload_.flags |= kMailHoldUntil;
  if ((command.given & commands::kGivenRrvs) != 0) payload_.flags |= kRcptRrvs;
  extra_->values = command.extras;
  char* const text = reinterpret_cast<char*>(extra_) + sizeof(Extra);
  if (size > 0) std::memcpy(text, decoded, size);
  extra_->decoded = {text, size};
  return true;
}

// The attributes that an XCLIENT or XFORWARD gives, in such a block as well.
bool Session::SetAttributes(const ParsedCommand& command) {
  syntax::ClientAttributes given;
  syntax::ParseClientAttributes(command.argument,
                                command.verb == Verb::kXclient
                                    ? syntax::ClientAttributeVerb::kXclient
                                    : syntax::ClientAttributeVerb::kXforward,
                                &given);
  size_t count = 0;
  size_t octets = 0;
  for (const syntax::ClientAttributes::Value& value : given.values) {
    if (value.state == syntax::ClientAttributeState::kAbsent) continue;
    ++count;
    if (value.state == syntax::ClientAttributeState::kValue) octets += value.octets;
  }
  if (!MakeExtra(sizeof(Extra) + count * sizeof(GivenAttribute) + octets)) return false;
  char* const begin = reinterpret_cast<char*>(extra_) + sizeof(Extra);
  char* text = begin + count * sizeof(GivenAttribute);
  extra_->attributes = reinterpret_cast<GivenAttribute*>(begin);
  extra_->attribute_count = count;
  size_t at = 0;
  for (size_t i = 0; i < syntax::ClientAttributes::kCount; ++i) {
    const auto which = static_cast<syntax::ClientAttribute>(i);
    if (given.state(which) == syntax::ClientAttributeState::kAbsent) continue;
    const std::string_view value = given.value(which);
    auto* const one = new (begin + at++ * sizeof(GivenAttribute)) GivenAttribute;
    one->attribute = static_cast<uint32_t>(i + 1);
    one->state = static_cast<uint32_t>(given.state(which));
    if (value.empty()) continue;
    std::memcpy(text, value.data(), value.size());
    one->value = {text, value.size()};
    text += value.size();
  }
  return true;
}

// False, and the session is over, without memory.
bool Session::MakeExtra(size_t octets) {
  void* const place = memory_->allocate(memory_->user, octets);
  if (place == nullptr) {
    Reply(ReplyId::kOutOfMemory);
    Close(CloseReason::kMemory);
    return false;
  }
  extra_ = new (place) Extra;
  extra_->octets = octets;
  return true;
}

void Session::FreeExtra() {
  if (extra_ == nullptr) return;
  const size_t octets = extra_->octets;
  extra_->~Extra();
  memory_->deallocate(memory_->user, extra_, octets);
  extra_ = nullptr;
  // A line that the host was asked of before has such a block, if an empty one.
  FreeAsked();
}

// XCLIENT_README: back to the greeting, and what the session knows of its client is what it was
// told. TLS stays: it is the peer's.
void Session::BecomeClient() {
  // Who logged in was another; whether this one did is told with its name.
  authenticated_ = false;
  for (size_t i = 0; i < extra_->attribute_count; ++i) {
    const GivenAttribute& one = extra_->attributes[i];
    const std::string_view value = one.value;
    switch (static_cast<syntax::ClientAttribute>(one.attribute - 1)) {
      case syntax::ClientAttribute::kAddr:
        client_size_ = static_cast<uint8_t>(std::min(value.size(), kMaxClientAddress));
        if (client_size_ > 0) std::memcpy(client_, value.data(), client_size_);
        break;
      case syntax::ClientAttribute::kLogin:
        authenticated_ = one.state == static_cast<uint32_t>(syntax::ClientAttributeState::kValue);
        break;
      default:
        break;
    }
  }
  phase_ = Phase::kStart;
  extended_ = false;
  DropMechanisms();
  SetOffer();
}

void Session::ExecuteEnvelope(const ParsedCommand& command, const wire::Line& line) {
  const bool mail = command.verb == Verb::kMail;
  const EventType type = mail ? EventType::kMail : EventType::kRcpt;
  if (Wanted(type)) {
    SetPathPayload(command, line);
    if (command.given != 0 && !SetExtra(command)) return;
    if (command.auth != commands::AuthParameter::kNone && !KeepMailAuth(command)) return;
  }
  payload_.count = mail ? static_cast<uint32_t>(command.body) : recipients_;
  if (mail) pending_smtputf8_ = command.smtputf8;
  Decide(type);
}

void Session::Execute(const ParsedCommand& command, const wire::Line& line) {
  // An error event made on the way to the command's own event is about this line.
  payload_.base = line.text.data();
  payload_.size = line.text.size();
  if (!CountCommand(GetCommand(command.verb).progress)) return;
  verb_ = command.verb;
  switch (command.verb) {
    case Verb::kHelo:
    case Verb::kEhlo:
    case Verb::kLhlo:
      SetTextPayload(command.argument, line);
      payload_.flags = (command.verb != Verb::kHelo ? kHeloExtended : 0u) |
                       (command.verb == Verb::kLhlo ? kHeloLmtp : 0u) |
                       (command.argument_is_literal ? kHeloLiteral : 0u);
      Decide(EventType::kHelo);
      break;
    case Verb::kMail:
    case Verb::kRcpt:
      if ((command.given & commands::kGivenUnknown) != 0) {
        AskOfParameters(command, line);
      } else {
        ExecuteEnvelope(command, line);
      }
      break;
    case Verb::kData:
      Decide(EventType::kContentBegin);
      break;
    case Verb::kBdat:
      BeginChunk(command);
      break;
    case Verb::kBurl:
      BeginUrl(command, line);
      break;
    case Verb::kRset:
      if (phase_ > Phase::kReady) phase_ = Phase::kReady;
      recipients_ = 0;
      smtputf8_ = false;
      EndTransaction(ResetReason::kRset);
      Reply(ReplyId::kRsetOk);
      break;
    case Verb::kNoop:
      Reply(ReplyId::kNoopOk);
      break;
    case Verb::kQuit:
      Reply(ReplyId::kQuitOk);
      Close(CloseReason::kQuit);
      break;
    case Verb::kVrfy:
      SetTextPayload(command.argument, line);
      pending_smtputf8_ = command.smtputf8;
      Decide(EventType::kVrfy);
      break;
    case Verb::kExpn:
      SetTextPayload(command.argument, line);
      pending_smtputf8_ = command.smtputf8;
      Decide(EventType::kExpn);
      break;
    case Verb::kHelp:
      SetTextPayload(command.argument, line);
      Decide(EventType::kHelp);
      break;
    case Verb::kXclient:
      SetTextPayload(command.argument, line);
      if (!SetAttributes(command)) return;
      Decide(EventType::kXclient);
      break;
    case Verb::kXforward:
      SetTextPayload(command.argument, line);
      if (Wanted(EventType::kXforward) && !SetAttributes(command)) return;
      Decide(EventType::kXforward);
      break;
    case Verb::kEtrn:
      SetTextPayload(command.argument, line);
      payload_.flags = command.etrn == syntax::EtrnKind::kSubdomains ? kEtrnSubdomains
                       : command.etrn == syntax::EtrnKind::kQueue    ? kEtrnQueue
                                                                     : 0u;
      Decide(EventType::kEtrn);
      break;
    case Verb::kAtrn:
      SetTextPayload(command.argument, line);
      Decide(EventType::kAtrn);
      break;
    case Verb::kStarttls:
      Decide(EventType::kStarttls);
      break;
    case Verb::kAuth:
      ExecuteAuth(command, line);
      break;
    case Verb::kUnknown:
    case Verb::kTurn:
    case Verb::kSend:
    case Verb::kSoml:
    case Verb::kSaml:
      // Never in force: JudgeLine refused them.
      break;
  }
  if (shutdown_ && mode_ == Mode::kCommand && !transaction_open_ && !has_ticket()) {
    FinishShutdown();
  }
}

void Session::FinishContent() {
  // The transaction is over whatever the answer is (RFC 5321 §4.1.1.4).
  mode_ = Mode::kCommand;
  payload_ = Payload();
  const bool bare =
      decoder_.faults() != 0 && ground_->config.bare_newline == wire::BareNewline::kReject;
  if (!bare && !over_size_) {
    Decide(EventType::kContentEnd);
    return;
  }
  const uint32_t times = FinalReplies();
  EndTransaction(ResetReason::kContentRefused);
  phase_ = Phase::kReady;
  recipients_ = 0;
  smtputf8_ = false;
  Judgement judgement;
  // D4: a message past the limit was not looked at to its end, so its size is what can be told.
  judgement.reply = over_size_ ? ReplyId::kMessageTooLarge : ReplyId::kContentBareNewline;
  judgement.rule = over_size_ ? Rule::kD4 : Rule::kD3;
  judgement.limit = ground_->config.limits.message_octets;
  RefuseAlone(judgement, times);
  if (shutdown_ && mode_ == Mode::kCommand) FinishShutdown();
}

}  // namespace postern::session
