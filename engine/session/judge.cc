// SPDX-License-Identifier: Apache-2.0

#include "engine/session/judge.h"

#include "engine/commands/parse-inl.h"
#include "engine/syntax/auth.h"
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
__attribute__((noinline, cold)) ReplyId SequenceReply(Verb verb, Phase phase, bool lmtp) {
  switch (phase) {
    case Phase::kRefused:
      return ReplyId::kGreetingWasRefused;
    case Phase::kStart:
      return lmtp ? ReplyId::kNeedLhlo : ReplyId::kNeedHelo;
    case Phase::kReady:
      return ReplyId::kNeedMail;
    case Phase::kMail:
      if (verb == Verb::kData || verb == Verb::kBdat || verb == Verb::kBurl) {
        return ReplyId::kNeedRcpt;
      }
      break;
    case Phase::kRcpt:
      break;
    case Phase::kBinaryRcpt:
      if (verb == Verb::kData) return ReplyId::kBinarymimeNeedsBdat;
      break;
    case Phase::kChunks:
    case Phase::kChunksFailed:
      if (verb == Verb::kData) return ReplyId::kDataAfterBdat;
      if (verb == Verb::kBdat || verb == Verb::kBurl) return ReplyId::kBdatOutOfPlace;
      break;
  }
  return verb == Verb::kMail ? ReplyId::kNestedMail : ReplyId::kBadSequence;
}

Judgement RefuseUnknown(std::string_view text, std::string_view name) {
  if (text.empty()) return Refuse(ReplyId::kEmptyLine, Rule::kC500);
  if (!IsLetter(text[0])) return Refuse(ReplyId::kNotAVerb, Rule::kC500);
  return Refuse(ReplyId::kUnrecognized, Rule::kC500, name);
}

// What is said of each fault: of MAIL, and of every other command.
enum class Quoted : uint8_t { kNothing, kVerb, kComplaint };
struct FaultReplies {
  ReplyId mail = ReplyId::kBadArgument;
  ReplyId other = ReplyId::kBadArgument;
  Rule rule = Rule::kC501;
  Quoted quoted = Quoted::kNothing;
};
struct FaultTable {
  FaultReplies rows[static_cast<int>(Fault::kBadAuthArgument) + 1];
};
constexpr FaultTable MakeFaultTable() {
  FaultTable table;
  const auto set = [&table](Fault fault, ReplyId mail, ReplyId other, Rule rule = Rule::kC501,
                            Quoted quoted = Quoted::kNothing) {
    table.rows[static_cast<int>(fault)] = {mail, other, rule, quoted};
  };
  const auto set_verb = [&set](Fault fault, ReplyId reply) {
    set(fault, reply, reply, Rule::kC501, Quoted::kVerb);
  };
  const auto set_parameter = [&set](Fault fault, ReplyId reply, Rule rule) {
    set(fault, reply, reply, rule, Quoted::kComplaint);
  };
  using F = Fault;
  using R = ReplyId;
  set_verb(F::kArgumentsUnexpected, R::kArgumentsUnexpected);
  set_verb(F::kArgumentMissing, R::kArgumentMissing);
  set_verb(F::kBadArgument, R::kBadArgument);
  set(F::kBadHeloName, R::kBadHeloName, R::kBadHeloName);
  set(F::kBadPath, R::kBadReversePath, R::kBadForwardPath);
  set(F::kPathWithoutBrackets, R::kReversePathWithoutBrackets, R::kForwardPathWithoutBrackets);
  set(F::kPathWithoutDomain, R::kReversePathWithoutDomain, R::kForwardPathWithoutDomain);
  set(F::kPathTooLong, R::kReversePathTooLong, R::kForwardPathTooLong);
  set(F::kPathAfterSpace, R::kReversePathAfterSpace, R::kForwardPathAfterSpace);
  set(F::kNonAsciiPath, R::kNonAsciiReversePath, R::kNonAsciiForwardPath);
  set_parameter(F::kBadParameter, R::kBadParameter, Rule::kC501);
  set(F::kTooManyParameters, R::kTooManyParameters, R::kTooManyParameters);
  set(F::kChunkSizeUnknown, R::kBdatSizeUnknown, R::kBdatSizeUnknown, Rule::kD5);
  set_parameter(F::kParameterUnknown, R::kParameterUnknown, Rule::kC555);
  set_parameter(F::kParameterNotInForce, R::kParameterNotInForce, Rule::kC555);
  set_parameter(F::kParameterRepeated, R::kParameterRepeated, Rule::kC555);
  set(F::kBadAuthArgument, R::kAuthMalformed, R::kAuthMalformed);
  return table;
}
constexpr FaultTable kFaults = MakeFaultTable();

Judgement JudgeArguments(const ParsedCommand& command) {
  const FaultReplies& row = kFaults.rows[static_cast<int>(command.fault)];
  Judgement judgement;
  judgement.reply = command.verb == Verb::kMail ? row.mail : row.other;
  judgement.rule = row.rule;
  if (row.quoted == Quoted::kVerb) judgement.quoted = commands::GetCommand(command.verb).name;
  if (row.quoted == Quoted::kComplaint) judgement.quoted = command.complaint;
  return judgement;
}

// HOLDFOR and HOLDUNTIL, of which one at the most is there, for a time to come that EHLO's line
// covers, and not beyond that of BY (RFC 4865 §4.2, §5.2.2). All of it is 501 5.5.4.
Judgement JudgeHold(const ParsedCommand& command, const View& view) {
  const bool by_interval = (command.given & commands::kGivenHoldFor) != 0;
  const bool by_date = (command.given & commands::kGivenHoldUntil) != 0;
  if (!by_interval && !by_date) return {};
  const int64_t most = view.config->hold_max_s;
  const auto refuse = [most](Rule rule) {
    return Refuse(ReplyId::kHoldRefused, rule, {}, static_cast<uint64_t>(most));
  };
  if (by_interval && by_date) return refuse(Rule::kC501);
  const int64_t seconds =
      by_interval ? command.extras.hold_for : command.extras.hold_until - view.clock->UnixSeconds();
  if (seconds <= 0 || seconds > most) return refuse(Rule::kLimit);
  if ((command.given & commands::kGivenBy) != 0 && seconds > command.extras.by_seconds) {
    return refuse(Rule::kLimit);
  }
  return {};
}

// What parameters of delivery extensions ask for that cannot be kept.
__attribute__((noinline, cold)) Judgement JudgeDelivery(const ParsedCommand& command,
                                                        const View& view) {
  // RFC 2852 §3: a time below the least that EHLO told, where the mode is "R".
  if ((command.given & commands::kGivenBy) != 0 &&
      command.extras.by_mode == syntax::ByMode::kReturn &&
      command.extras.by_seconds < static_cast<int64_t>(view.config->deliverby_min_s)) {
    return Refuse(ReplyId::kDeliverByTooSoon, Rule::kLimit, {}, view.config->deliverby_min_s);
  }
  return JudgeHold(command, view);
}

}  // namespace

Judgement JudgeLine(const wire::Line& line, const View& view, ParsedCommand* command) {
  if (view.leniency == nullptr) {
    View whole = view;
    whole.leniency = &view.config->leniency;
    return JudgeLine(line, whole, command);
  }
  if (line.length > 512 || line.flags != 0) {
    const Judgement framing = JudgeFraming(line, view);
    if (framing.reply != ReplyId::kUnspecified) return framing;
  }

  const std::string_view text = commands::StripTrailingSpace(line.text);
  const commands::TakenVerb taken = commands::TakeVerb(text);
  const Verb verb = taken.verb;
  if (verb == Verb::kUnknown) return RefuseUnknown(text, taken.name);

  const Command& row = commands::GetCommand(verb);
  if (row.needs != Extension::kCore && !commands::InForce(row.needs, view.now)) {
    if (verb == Verb::kStarttls && view.now.tls && view.config->Enabled(Extension::kStarttls)) {
      return Refuse(ReplyId::kTlsAlreadyActive, Rule::kC503);
    }
    // RFC 2033 §4.1: not present in the other protocol.
    if (row.needs == Extension::kSmtp || row.needs == Extension::kLmtp) {
      return RefuseUnknown(text, taken.name);
    }
    // RFC 4954 §6: it lacks nothing but TLS.
    if (verb == Verb::kAuth && !view.now.tls && !view.config->auth_without_tls &&
        view.config->Enabled(Extension::kAuth)) {
      return Refuse(ReplyId::kAuthNeedsTls, Rule::kC503);
    }
    // The configuration has it, for others.
    if ((commands::Bit(row.needs) & commands::kForTrusted) != 0 &&
        view.config->Enabled(row.needs)) {
      return Refuse(ReplyId::kPeerNotTrusted, Rule::kC502, row.name);
    }
    return Refuse(ReplyId::kCommandDisabled, Rule::kC502, row.name);
  }
  // RFC 4954 §4. Among what is not core, where it costs other commands nothing.
  if (row.needs == Extension::kAuth && view.now.authenticated) {
    return Refuse(ReplyId::kAuthAlready, Rule::kC503);
  }

  // Behind a refused greeting no STARTTLS would help: 503 (RFC 5321 §3.1).
  if (view.config->require_tls && !view.now.tls && !row.before_tls &&
      view.phase != Phase::kRefused) {
    return Refuse(ReplyId::kTlsRequired, Rule::kC503);
  }
  const bool auth_first = (view.now.enabled & commands::Bit(Extension::kAuthFirst)) != 0;
  if (!view.now.authenticated && (auth_first ? !row.before_auth : row.needs_auth) &&
      view.phase != Phase::kRefused) {
    return Refuse(ReplyId::kAuthRequired, Rule::kC503);
  }
  if ((row.phases & (1u << static_cast<int>(view.phase))) == 0) {
    return Refuse(SequenceReply(verb, view.phase, view.config->Enabled(Extension::kLmtp)),
                  Rule::kC503);
  }

  if (commands::DispatchArguments(verb, taken.rest, view, command) != Fault::kNone) {
    return JudgeArguments(*command);
  }

  const Limits& limits = view.config->limits;
  // RFC 1870 §6.1 (1): the declared size alone is reason enough, and so is that of a chunk.
  if (command->size > limits.message_octets) {
    return Refuse(ReplyId::kMessageTooLarge, Rule::kLimit, {}, limits.message_octets);
  }
  if (verb == Verb::kMail) {
    if (command->given != 0) {
      const Judgement delivery = JudgeDelivery(*command, view);
      if (delivery.reply != ReplyId::kUnspecified) return delivery;
    }
    // RFC 9422: MAILMAX. A new session may begin the next one.
    if (limits.transactions != 0 && view.transactions >= limits.transactions) {
      return Refuse(ReplyId::kTooManyTransactions, Rule::kLimit, {}, limits.transactions);
    }
    return {};
  }
  // RFC 5321 §4.5.3.1.10: 452, and the recipients before it stand.
  if (verb == Verb::kRcpt && view.recipients >= limits.recipients) {
    return Refuse(ReplyId::kTooManyRecipients, Rule::kLimit, {}, limits.recipients);
  }
  return {};
}

Judgement JudgeAuth(const ParsedCommand& command, std::string_view auth_line,
                    char (&response)[kMaxInitialResponse], size_t* length) {
  *length = 0;
  if (!FindMechanism(auth_line, command.argument)) {
    return Refuse(ReplyId::kAuthMechanismUnknown, Rule::kC504);
  }
  if (!command.parameters.empty() &&
      syntax::DecodeInitialResponse(command.parameters, response, sizeof(response), length) !=
          syntax::Base64Error::kNone) {
    return Refuse(ReplyId::kAuthBadBase64, Rule::kC501);
  }
  return {};
}

size_t ShownOctets(std::string_view text) {
  if (text.size() < 5 || commands::FindVerbOfFour(text.data()) != Verb::kAuth ||
      (text[4] != ' ' && text[4] != '\t')) {
    return text.size();
  }
  // "AUTH", white space, and what should be the name of a mechanism.
  size_t at = 5;
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  const size_t begin = at;
  while (at < text.size() && text[at] != ' ' && text[at] != '\t') ++at;
  return at - begin > syntax::kMaxMechanismOctets ? begin : at;
}

}  // namespace postern::session
