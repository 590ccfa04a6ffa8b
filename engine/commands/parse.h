// SPDX-License-Identifier: Apache-2.0
//
// Command lines to typed commands (RFC 5321 §4.1.1). One function per verb or family; each file of
// this folder holds one.
//
// What it is: pure functions over one line. They check the grammar of the arguments and of the
// parameters in force, and nothing about the session.
// What it is not: the judge of sequence, limits or policy (engine/session), and no source of texts
// (engine/replies).
//
// Lifetime: a ParsedCommand borrows the line. Threads: pure.

#ifndef POSTERN_ENGINE_COMMANDS_PARSE_H_
#define POSTERN_ENGINE_COMMANDS_PARSE_H_

#include <cstdint>
#include <string_view>

#include "engine/commands/command_table.h"
#include "engine/syntax/path.h"

namespace postern::commands {

// Deviations from the grammar, each off unless the configuration turns it on. engine_config.proto
// names them; docs/defaults.md says what each one risks.
struct Leniency {
  bool space_after_colon = false;
  bool missing_angle_brackets = false;
  bool trailing_dot_in_domain = false;
  bool underscore_in_helo = false;
  bool any_helo_argument = false;
  bool extra_spaces = false;
};

// BODY= of MAIL, RFC 6152 §3.
enum class Body : uint8_t { kNone, k7Bit, k8BitMime };

// Why the arguments of a known verb were not taken. The order of checks is that of the octets of
// the line, but that a path is judged before its parameters and NonAscii after them (RFC 6531 §3.4:
// the parameter that allows such a path stands behind it).
enum class Fault : uint8_t {
  kNone,
  kArgumentsUnexpected,
  kArgumentMissing,
  kBadArgument,
  kBadHeloName,
  kBadPath,
  kPathWithoutBrackets,
  kPathWithoutDomain,
  kPathTooLong,
  kPathAfterSpace,
  kNonAsciiPath,
  kBadParameter,
  kParameterUnknown,
  kParameterNotInForce,
  kParameterRepeated,
  kTooManyParameters,
};

struct ParsedCommand {
  Verb verb = Verb::kUnknown;
  Fault fault = Fault::kNone;

  // HELO, EHLO: the name. VRFY, EXPN: the String as sent. HELP: the topic. NOOP: ignored text.
  std::string_view argument;
  bool argument_is_literal = false;

  // MAIL, RCPT.
  syntax::PathResult path;
  std::string_view parameters;  // as sent, without the space before them

  // MAIL parameters.
  bool smtputf8 = false;
  Body body = Body::kNone;
  uint64_t size = 0;  // RFC 1870; UINT64_MAX stands for every number beyond

  // What to quote in the reply: the keyword of a refused parameter, with its value where that is
  // what is wrong.
  std::string_view complaint;
};

struct ParseContext {
  Conditions now;
  const Leniency* leniency = nullptr;
  bool smtputf8_transaction = false;  // MAIL had SMTPUTF8: RCPT may be non-ASCII
};

// The verb of a line: what comes before the first SP or HT. `rest` is what follows, separator
// included. The line is without CR LF.
std::string_view SplitVerb(std::string_view line, std::string_view* rest);

// SplitVerb and FindVerb in one; the common verbs are found without looking for a separator.
Verb TakeVerb(std::string_view line, std::string_view* name, std::string_view* rest);

// §4.1.1: white space before the CR LF should be tolerated, so it is no argument.
std::string_view StripTrailingSpace(std::string_view line);

// Fills `command` from `rest`, which SplitVerb gave for a stripped line. Returns command->fault.
Fault ParseArguments(Verb verb, std::string_view rest, const ParseContext& context,
                     ParsedCommand* command);

// The single parsers, for tests and fuzz targets; `rest` as above.
Fault ParseHelo(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseMail(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseRcpt(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseQuery(Verb verb, std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseNothing(std::string_view rest, ParsedCommand*);

}  // namespace postern::commands

#endif  // POSTERN_ENGINE_COMMANDS_PARSE_H_
