// SPDX-License-Identifier: Apache-2.0
//
// AUTH (RFC 4954 §4): a mechanism, and perhaps an initial response. And AUTH= of MAIL (§5).

#include "engine/syntax/auth.h"

#include "engine/commands/envelope.h"
#include "engine/commands/parse.h"

namespace postern::commands {

Fault ParseAuth(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  if (rest.empty()) return command->fault = Fault::kArgumentMissing;
  if (rest[0] != ' ') return command->fault = Fault::kBadAuthArgument;
  rest.remove_prefix(1);
  if (context.leniency->extra_spaces) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  const syntax::AuthArgument argument = syntax::ParseAuthArgument(rest);
  if (!argument.ok()) return command->fault = Fault::kBadAuthArgument;
  command->argument = argument.mechanism;
  // What it says is looked at by whoever knows whether there is such a mechanism.
  command->parameters = argument.initial_response;
  return Fault::kNone;
}

Fault TakeAuth(const syntax::Parameter& parameter, const ParseContext& context,
               ParsedCommand* command) {
  syntax::AuthParameter auth;
  syntax::ParseAuthParameter(parameter.value, InForceForClient(Extension::kSmtpUtf8, context.now),
                             &auth);
  if (!auth.ok()) return Fault::kBadParameter;
  command->auth = auth.is_null ? AuthParameter::kNull : AuthParameter::kMailbox;
  return Fault::kNone;
}

}  // namespace postern::commands
