// SPDX-License-Identifier: Apache-2.0
//
// What all commands share and the header does not hold.

#include "engine/commands/parse.h"

#include "engine/commands/parse-inl.h"

namespace postern::commands {

size_t VerbLength(std::string_view line) {
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  const char* p = begin;
  for (; p != end; ++p) {
    // One comparison for what a verb is made of.
    if (static_cast<unsigned char>(*p) <= ' ' && (*p == ' ' || *p == '\t')) break;
  }
  return static_cast<size_t>(p - begin);
}

std::string_view SplitVerb(std::string_view line, std::string_view* rest) {
  const size_t length = VerbLength(line);
  *rest = line.substr(length);
  return line.substr(0, length);
}

Fault ParseMail(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  return ParseEnvelope<Verb::kMail>(rest, context, command);
}

Fault ParseRcpt(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  return ParseEnvelope<Verb::kRcpt>(rest, context, command);
}

Fault ParseArguments(Verb verb, std::string_view rest, const ParseContext& context,
                     ParsedCommand* command) {
  return DispatchArguments(verb, rest, context, command);
}

}  // namespace postern::commands
