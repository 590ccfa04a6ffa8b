// SPDX-License-Identifier: Apache-2.0
//
// RCPT (RFC 5321 §4.1.1.3).

#include "engine/commands/envelope.h"

namespace postern::commands {

Fault ParseRcpt(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  command->fault =
      ParseEnvelope(Verb::kRcpt, syntax::PathKind::kForwardPath, rest, context, command);
  // RFC 6531 §3.4: only in a transaction that MAIL declared as SMTPUTF8.
  if (command->fault == Fault::kNone && command->path.has_utf8 && !context.smtputf8_transaction) {
    command->fault = Fault::kNonAsciiPath;
  }
  return command->fault;
}

}  // namespace postern::commands
