// SPDX-License-Identifier: Apache-2.0
//
// VRFY, EXPN, HELP and NOOP (RFC 5321 §4.1.1.6 to §4.1.1.9): one String, or none.

#include "engine/commands/parse.h"
#include "engine/syntax/word.h"

namespace postern::commands {

Fault ParseQuery(Verb verb, std::string_view rest, const ParseContext& context,
                 ParsedCommand* command) {
  // They come this way so that one call more does not burden the inlined ones (parse-inl.h).
  switch (verb) {
    case Verb::kBdat:
      return ParseBdat(rest, context, command);
    case Verb::kXclient:
    case Verb::kXforward:
      return ParseClient(verb, rest, context, command);
    case Verb::kEtrn:
      return ParseEtrn(rest, context, command);
    case Verb::kAtrn:
      return ParseAtrn(rest, context, command);
    case Verb::kBurl:
      return ParseBurl(rest, context, command);
    default:
      break;
  }
  const bool required = GetCommand(verb).arguments == Arguments::kRequired;
  if (rest.empty()) {
    return command->fault = required ? Fault::kArgumentMissing : Fault::kNone;
  }
  if (rest[0] != ' ') return command->fault = Fault::kBadArgument;
  rest.remove_prefix(1);
  if (context.leniency->extra_spaces) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  const bool utf8 = InForceForClient(Extension::kSmtpUtf8, context.now);
  const syntax::WordResult word =
      required ? syntax::ParseQueryArgument(rest, utf8) : syntax::ParseText(rest, utf8);
  if (!word.ok()) return command->fault = Fault::kBadArgument;
  command->argument = word.text;
  command->smtputf8 = word.smtputf8;
  return Fault::kNone;
}

}  // namespace postern::commands
