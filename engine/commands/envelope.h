// SPDX-License-Identifier: Apache-2.0
//
// What MAIL and RCPT have in common (RFC 5321 §4.1.1.2, §4.1.1.3): "FROM:" or "TO:", a path, and
// ESMTP parameters from one table.
//
// Threads: pure functions over the borrowed line.

#ifndef POSTERN_ENGINE_COMMANDS_ENVELOPE_H_
#define POSTERN_ENGINE_COMMANDS_ENVELOPE_H_

#include <string_view>

#include "engine/commands/parse.h"
#include "engine/syntax/parameters.h"
#include "engine/syntax/path.h"

namespace postern::commands {

// One ESMTP parameter: the verb it belongs to, what it needs to be in force, and what its value
// means. An extension to come adds a row to kParameters in envelope.cc.
struct ParameterRow {
  Verb verb;
  std::string_view keyword;  // upper case, at most eight octets
  Extension needs;
  // Puts the value into the command; kBadParameter where it is malformed (RFC 5321 §4.1.1.11).
  Fault (*take)(const syntax::Parameter& parameter, const ParseContext& context,
                ParsedCommand* command);
};

// Parses SP, "FROM:" or "TO:", path and parameters.
Fault ParseEnvelope(Verb verb, syntax::PathKind kind, std::string_view rest,
                    const ParseContext& context, ParsedCommand* command);

// The values of MAIL's parameters, in mail.cc.
Fault TakeSize(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeBody(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeSmtpUtf8(const syntax::Parameter&, const ParseContext&, ParsedCommand*);

}  // namespace postern::commands

#endif  // POSTERN_ENGINE_COMMANDS_ENVELOPE_H_
