// SPDX-License-Identifier: Apache-2.0
//
// The way that nearly all command lines take through the parsers, for inlining into their one
// caller on the octet path (engine/session/judge.cc): there, calls and their frames cost as much as
// the work. Everyone else wants parse.h, which gives the same as functions.
//
// Threads and lifetime: as parse.h.

#ifndef POSTERN_ENGINE_COMMANDS_PARSE_INL_H_
#define POSTERN_ENGINE_COMMANDS_PARSE_INL_H_

#include <cstdint>
#include <string_view>

#include "engine/commands/envelope.h"
#include "engine/commands/parse.h"
#include "engine/syntax/path.h"

#define POSTERN_INLINE inline __attribute__((always_inline))

namespace postern::commands {

// MAIL or RCPT, from behind the verb (RFC 5321 §4.1.1.2, §4.1.1.3).
template <Verb verb>
POSTERN_INLINE Fault ParseEnvelope(std::string_view rest, const ParseContext& context,
                                   ParsedCommand* command) {
  constexpr Word kStart(verb == Verb::kMail ? " from:" : " to:");
  size_t at = 0;
  bool plain = false;
  if (rest.size() >= 8 && kStart.Begins(Load64(rest.data())) && rest[kStart.size] == '<') {
    rest.remove_prefix(kStart.size);
    plain = syntax::ParsePlainPath(rest, &command->path, &at);
  } else {
    command->fault = SkipToPath(verb, *context.leniency, &rest);
    if (command->fault != Fault::kNone) return command->fault;
  }
  if (!plain) {
    command->fault = ParseUnusualPath(verb, rest, at, context, command);
    if (command->fault != Fault::kNone) return command->fault;
  }
  const size_t used = command->path.used;
  if (rest.size() != used) {
    rest.remove_prefix(used);
    command->parameters = {rest.data() + 1, rest.size() - 1};
    uint32_t seen = 0;
    if constexpr (verb == Verb::kMail) {
      rest = TakeUsualMailParameters(rest, context, &seen, command);
    }
    if (!rest.empty()) {
      command->fault = ParseAnyParameters(verb, rest, context, seen, command);
      if (command->fault != Fault::kNone) return command->fault;
    }
  }
  // RFC 6531 §3.4: what must be there if the envelope needs it. For MAIL, its parameter; for RCPT,
  // that of the MAIL which began the transaction.
  const bool may_be_utf8 = verb == Verb::kMail ? command->smtputf8 : context.smtputf8_transaction;
  if (command->path.has_utf8 && !may_be_utf8) return command->fault = Fault::kNonAsciiPath;
  return Fault::kNone;
}

// ParseArguments.
POSTERN_INLINE Fault DispatchArguments(Verb verb, std::string_view rest,
                                       const ParseContext& context, ParsedCommand* command) {
  command->verb = verb;
  switch (verb) {
    case Verb::kMail:
      return ParseEnvelope<Verb::kMail>(rest, context, command);
    case Verb::kRcpt:
      return ParseEnvelope<Verb::kRcpt>(rest, context, command);
    case Verb::kHelo:
    case Verb::kEhlo:
    case Verb::kLhlo:
      return ParseHelo(rest, context, command);
    case Verb::kNoop:
      if (rest.empty()) return Fault::kNone;
      [[fallthrough]];
    case Verb::kVrfy:
    case Verb::kExpn:
    case Verb::kHelp:
    case Verb::kBdat:
    case Verb::kXclient:
    case Verb::kXforward:
    case Verb::kEtrn:
    case Verb::kAtrn:
    case Verb::kBurl:
      return ParseQuery(verb, rest, context, command);
    case Verb::kAuth:
      return ParseAuth(rest, context, command);
    default:
      // DATA, RSET, QUIT (RFC 5321 §4.3.2 at 501) and STARTTLS (RFC 3207 §4); verbs that are never
      // in force do not get here.
      return ParseNothing(rest, command);
  }
}

}  // namespace postern::commands

#undef POSTERN_INLINE

#endif  // POSTERN_ENGINE_COMMANDS_PARSE_INL_H_
