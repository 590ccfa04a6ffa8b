// SPDX-License-Identifier: Apache-2.0
//
// HELO and EHLO (RFC 5321 §4.1.1.1), and LHLO, which takes what EHLO does (RFC 2033 §4.1).

#include "engine/commands/parse.h"
#include "engine/syntax/plain_path.h"
#include "engine/syntax/word.h"

namespace postern::commands {

Fault ParseHelo(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  if (rest.empty()) return command->fault = Fault::kArgumentMissing;
  if (rest[0] != ' ') return command->fault = Fault::kBadArgument;
  rest.remove_prefix(1);
  if (syntax::IsPlainDomain(rest)) {
    command->argument = rest;
    return Fault::kNone;
  }
  const Leniency& leniency = *context.leniency;
  if (leniency.extra_spaces) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  syntax::HeloOptions options;
  // The ABNF gives HELO a Domain only, but the text above it says of both commands that a client
  // without a name should send an address literal, so both take it.
  options.address_literal = true;
  options.underscore = leniency.underscore_in_helo;
  options.trailing_dot = leniency.trailing_dot_in_domain;
  options.allow_anything = leniency.any_helo_argument;
  const syntax::HeloResult result = syntax::ParseHeloArgument(rest, options);
  if (!result.ok()) return command->fault = Fault::kBadHeloName;
  command->argument = result.text;
  command->argument_is_literal = result.is_literal;
  return Fault::kNone;
}

}  // namespace postern::commands
