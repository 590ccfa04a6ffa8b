// SPDX-License-Identifier: Apache-2.0
//
// XCLIENT and XFORWARD: the list of attributes, whole and right, or refused.

#include "engine/commands/parse.h"
#include "engine/syntax/client_attributes.h"

namespace postern::commands {

Fault ParseClient(Verb verb, std::string_view rest, const ParseContext& context,
                  ParsedCommand* command) {
  if (rest.empty()) return command->fault = Fault::kArgumentMissing;
  if (rest[0] != ' ') return command->fault = Fault::kBadArgument;
  rest.remove_prefix(1);
  if (context.leniency->extra_spaces) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  syntax::ClientAttributes attributes;
  syntax::ParseClientAttributes(rest,
                                verb == Verb::kXclient ? syntax::ClientAttributeVerb::kXclient
                                                       : syntax::ClientAttributeVerb::kXforward,
                                &attributes);
  if (!attributes.ok()) return command->fault = Fault::kBadArgument;
  command->argument = rest;
  return Fault::kNone;
}

}  // namespace postern::commands
