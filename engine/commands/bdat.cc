// SPDX-License-Identifier: Apache-2.0
//
// BDAT (RFC 3030 §2): the size of a chunk, and LAST.

#include "engine/commands/parse.h"

namespace postern::commands {

syntax::BdatArgument ReadChunk(std::string_view rest, const Leniency& leniency) {
  // The HT behind a verb is no SP, and what is behind it no argument.
  if (rest.empty() || rest[0] != ' ') return syntax::ParseBdatArgument({});
  rest.remove_prefix(1);
  if (leniency.extra_spaces) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  return syntax::ParseBdatArgument(rest);
}

Fault ParseBdat(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  const syntax::BdatArgument chunk = ReadChunk(rest, *context.leniency);
  command->argument = rest;
  command->size = chunk.octets;
  if (!chunk.size_known) return command->fault = Fault::kChunkSizeUnknown;
  return command->fault = chunk.ok() ? Fault::kNone : Fault::kBadArgument;
}

}  // namespace postern::commands
