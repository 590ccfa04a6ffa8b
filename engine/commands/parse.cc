// SPDX-License-Identifier: Apache-2.0
//
// What all commands share and the header does not hold.

#include "engine/commands/parse.h"

#include "engine/commands/parse-inl.h"

namespace postern::commands {

std::string_view SplitVerb(std::string_view line, std::string_view* rest) {
  size_t end = 0;
  while (end < line.size() && line[end] != ' ' && line[end] != '\t') ++end;
  *rest = line.substr(end);
  return line.substr(0, end);
}

TakenVerb TakeAnyVerb(std::string_view line) {
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  const char* p = begin;
  while (p != end && *p != ' ' && *p != '\t') ++p;
  const std::string_view name(begin, static_cast<size_t>(p - begin));
  const Verb verb = name.size() == 8 ? FindVerb(name) : Verb::kUnknown;
  return {verb, name, {p, static_cast<size_t>(end - p)}};
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
