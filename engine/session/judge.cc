// SPDX-License-Identifier: Apache-2.0

#include "engine/session/judge.h"

#include "engine/syntax/utf8.h"

namespace postern::session {
namespace {

using commands::Command;
using commands::Extension;
using commands::Fault;
using commands::ParsedCommand;
using commands::Phase;
using commands::Verb;
using replies::ReplyId;

Judgement Refuse(ReplyId reply, Rule rule, std::string_view quoted = {}, uint64_t limit = 0) {
  Judgement judgement;
  judgement.reply = reply;
  judgement.rule = rule;
  judgement.quoted = quoted;
  judgement.limit = limit;
  return judgement;
}

bool IsLetter(char c) {
  const unsigned folded = static_cast<uint8_t>(c) | 0x20u;
  return folded >= 'a' && folded <= 'z';
}

bool IsControl(uint8_t c) { return (c < 0x20 && c != '\t') || c == 0x7f; }

Judgement RefuseOctet(ReplyId reply, std::string_view text, bool eight_bit) {
  Judgement judgement = Refuse(reply, Rule::kF6);
  for (const char c : text) {
    const uint8_t octet = static_cast<uint8_t>(c);
    if (eight_bit ? octet >= 0x80 : IsControl(octet)) {
      judgement.octet = octet;
      break;
    }
  }
  return judgement;
}

// F3, F4, F6. A bare LF (F2) was answered when it was seen.
Judgement JudgeFraming(const wire::Line& line, const View& view) {
  if (line.length > 512) {
    std::string_view rest;
    const Verb verb = commands::FindVerb(commands::SplitVerb(line.text, &rest));
    const size_t limit = commands::LineLimit(verb, view.now);
    if (line.length > limit) return Refuse(ReplyId::kLineTooLong, Rule::kF4, {}, limit);
  }
  if (line.flags == 0) return {};
  if ((line.flags & wire::kHasNul) != 0) return Refuse(ReplyId::kNulOctet, Rule::kF3);
  if ((line.flags & wire::kHasBareCr) != 0) return Refuse(ReplyId::kBareCr, Rule::kF3);
  if ((line.flags & wire::kHasControl) != 0) {
    return RefuseOctet(ReplyId::kControlOctet, line.text, false);
  }
  if ((line.flags & wire::kHasEightBit) != 0) {
    std::string_view rest;
    const std::string_view verb = commands::SplitVerb(line.text, &rest);
    bool in_verb = false;
    for (const char c : verb) in_verb |= static_cast<uint8_t>(c) >= 0x80;
    if (in_verb || !commands::InForceForClient(Extension::kSmtpUtf8, view.now)) {
      return RefuseOctet(ReplyId::kEightBitOctet, line.text, true);
    }
    if (!syntax::IsWellFormedUtf8(line.text)) {
      return RefuseOctet(ReplyId::kBadUtf8, line.text, true);
    }
  }
  return {};
}

// C503: what to say of a verb that this phase does not allow.
ReplyId SequenceReply(Verb verb, Phase phase) {
  switch (phase) {
    case Phase::kRefused:
      return ReplyId::kGreetingWasRefused;
    case Phase::kStart:
      return ReplyId::kNeedHelo;
    case Phase::kReady:
      return ReplyId::kNeedMail;
    case Phase::kMail:
      if (verb == Verb::kData) return ReplyId::kNeedRcpt;
      break;
    case Phase::kRcpt:
      break;
  }
  return verb == Verb::kMail ? ReplyId::kNestedMail : ReplyId::kBadSequence;
}

Judgement JudgeArguments(const ParsedCommand& command) {
  const bool mail = command.verb == Verb::kMail;
  const std::string_view name = commands::GetCommand(command.verb).name;
  switch (command.fault) {
    case Fault::kNone:
      return {};
    case Fault::kArgumentsUnexpected:
      return Refuse(ReplyId::kArgumentsUnexpected, Rule::kC501, name);
    case Fault::kArgumentMissing:
      return Refuse(ReplyId::kArgumentMissing, Rule::kC501, name);
    case Fault::kBadArgument:
      return Refuse(ReplyId::kBadArgument, Rule::kC501, name);
    case Fault::kBadHeloName:
      return Refuse(ReplyId::kBadHeloName, Rule::kC501);
    case Fault::kBadPath:
      return Refuse(mail ? ReplyId::kBadReversePath : ReplyId::kBadForwardPath, Rule::kC501);
    case Fault::kPathWithoutBrackets:
      return Refuse(
          mail ? ReplyId::kReversePathWithoutBrackets : ReplyId::kForwardPathWithoutBrackets,
          Rule::kC501);
    case Fault::kPathWithoutDomain:
      return Refuse(mail ? ReplyId::kReversePathWithoutDomain : ReplyId::kForwardPathWithoutDomain,
                    Rule::kC501);
    case Fault::kPathTooLong:
      return Refuse(mail ? ReplyId::kReversePathTooLong : ReplyId::kForwardPathTooLong,
                    Rule::kC501);
    case Fault::kPathAfterSpace:
      return Refuse(mail ? ReplyId::kReversePathAfterSpace : ReplyId::kForwardPathAfterSpace,
                    Rule::kC501);
    case Fault::kNonAsciiPath:
      return Refuse(mail ? ReplyId::kNonAsciiReversePath : ReplyId::kNonAsciiForwardPath,
                    Rule::kC501);
    case Fault::kBadParameter:
      return Refuse(ReplyId::kBadParameter, Rule::kC501, command.complaint);
    case Fault::kTooManyParameters:
      return Refuse(ReplyId::kTooManyParameters, Rule::kC501);
    case Fault::kParameterUnknown:
      return Refuse(ReplyId::kParameterUnknown, Rule::kC555, command.complaint);
    case Fault::kParameterNotInForce:
      return Refuse(ReplyId::kParameterNotInForce, Rule::kC555, command.complaint);
    case Fault::kParameterRepeated:
      return Refuse(ReplyId::kParameterRepeated, Rule::kC555, command.complaint);
  }
  return Refuse(ReplyId::kBadArgument, Rule::kC501, name);
}

Judgement JudgeLimits(const ParsedCommand& command, const View& view) {
  const Limits& limits = view.config->limits;
  // RFC 1870 §6.1 (1): the declared size alone is reason enough.
  if (command.verb == Verb::kMail && command.size > limits.message_octets) {
    return Refuse(ReplyId::kMessageTooLarge, Rule::kLimit, {}, limits.message_octets);
  }
  // RFC 5321 §4.5.3.1.10: 452, and the recipients before it stand.
  if (command.verb == Verb::kRcpt && view.recipients >= limits.recipients) {
    return Refuse(ReplyId::kTooManyRecipients, Rule::kLimit, {}, limits.recipients);
  }
  return {};
}

}  // namespace

Judgement JudgeLine(const wire::Line& line, const View& view, ParsedCommand* command) {
  if (line.length > 512 || line.flags != 0) {
    const Judgement framing = JudgeFraming(line, view);
    if (framing.reply != ReplyId::kUnspecified) return framing;
  }

  const std::string_view text = commands::StripTrailingSpace(line.text);
  if (text.empty()) return Refuse(ReplyId::kEmptyLine, Rule::kC500);
  if (!IsLetter(text[0])) return Refuse(ReplyId::kNotAVerb, Rule::kC500);
  std::string_view rest;
  std::string_view name;
  const Verb verb = commands::TakeVerb(text, &name, &rest);
  if (verb == Verb::kUnknown) return Refuse(ReplyId::kUnrecognized, Rule::kC500, name);

  const Command& row = commands::GetCommand(verb);
  if (!commands::InForce(row.needs, view.now)) {
    if (verb == Verb::kStarttls && view.now.tls && view.config->Enabled(Extension::kStarttls)) {
      return Refuse(ReplyId::kTlsAlreadyActive, Rule::kC503);
    }
    return Refuse(ReplyId::kCommandDisabled, Rule::kC502, row.name);
  }

  // Behind a refused greeting no STARTTLS would help: 503 (RFC 5321 §3.1).
  if (view.config->require_tls && !view.now.tls && !row.before_tls &&
      view.phase != Phase::kRefused) {
    return Refuse(ReplyId::kTlsRequired, Rule::kC503);
  }
  if ((row.phases & (1u << static_cast<int>(view.phase))) == 0) {
    return Refuse(SequenceReply(verb, view.phase), Rule::kC503);
  }

  commands::ParseContext context;
  context.now = view.now;
  context.leniency = &view.config->leniency;
  context.smtputf8_transaction = view.smtputf8_transaction;
  if (commands::ParseArguments(verb, rest, context, command) != Fault::kNone) {
    return JudgeArguments(*command);
  }
  return JudgeLimits(*command, view);
}

}  // namespace postern::session
