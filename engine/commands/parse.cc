// SPDX-License-Identifier: Apache-2.0
//
// What all commands share: the verb, trailing white space, dispatch to the parser of the verb, and
// commands that take no argument.

#include "engine/commands/parse.h"

namespace postern::commands {

std::string_view SplitVerb(std::string_view line, std::string_view* rest) {
  size_t end = 0;
  while (end < line.size() && line[end] != ' ' && line[end] != '\t') ++end;
  *rest = line.substr(end);
  return line.substr(0, end);
}

Verb TakeVerb(std::string_view line, std::string_view* name, std::string_view* rest) {
  if (line.size() == 4 || (line.size() > 4 && (line[4] == ' ' || line[4] == '\t'))) {
    // A separator among the four octets makes no verb of them.
    const Verb verb = FindVerb(line.substr(0, 4));
    if (verb != Verb::kUnknown) {
      *name = line.substr(0, 4);
      *rest = line.substr(4);
      return verb;
    }
  }
  *name = SplitVerb(line, rest);
  return FindVerb(*name);
}

std::string_view StripTrailingSpace(std::string_view line) {
  size_t size = line.size();
  while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\t')) --size;
  return line.substr(0, size);
}

Fault ParseNothing(std::string_view rest, ParsedCommand* command) {
  command->fault = rest.empty() ? Fault::kNone : Fault::kArgumentsUnexpected;
  return command->fault;
}

Fault ParseArguments(Verb verb, std::string_view rest, const ParseContext& context,
                     ParsedCommand* command) {
  command->verb = verb;
  switch (verb) {
    case Verb::kMail:
      return ParseMail(rest, context, command);
    case Verb::kRcpt:
      return ParseRcpt(rest, context, command);
    case Verb::kHelo:
    case Verb::kEhlo:
      return ParseHelo(rest, context, command);
    case Verb::kVrfy:
    case Verb::kExpn:
    case Verb::kHelp:
    case Verb::kNoop:
      return ParseQuery(verb, rest, context, command);
    default:
      // DATA, RSET, QUIT (RFC 5321 §4.3.2 at 501) and STARTTLS (RFC 3207 §4); verbs that are never
      // in force do not get here.
      return ParseNothing(rest, command);
  }
}

}  // namespace postern::commands
