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
#include "engine/syntax/bdat_argument.h"
#include "engine/syntax/delivery_parameters.h"
#include "engine/syntax/dsn.h"
#include "engine/syntax/path.h"
#include "engine/syntax/queue_argument.h"

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

// BODY= of MAIL, RFC 6152 §3 and RFC 3030 §3.
enum class Body : uint8_t { kNone, k7Bit, k8BitMime, kBinaryMime };

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
  kChunkSizeUnknown,  // BDAT: how many octets follow cannot be told
  kBadAuthArgument,
};

// Which of the parameters of Extras were given.
enum Given : uint16_t {
  kGivenRet = 1,
  kGivenEnvid = 2,
  kGivenNotify = 4,
  kGivenOrcpt = 8,
  kGivenRequireTls = 16,
  kGivenBy = 32,
  kGivenPriority = 64,
  kGivenRrvs = 128,
};

// What the parameters of the delivery extensions say. A member means nothing unless `given` of the
// command has its bit: no constructor touches it, since nearly all lines have none of these.
struct Extras {
  struct Text {
    const char* data;
    size_t size;
    // NOLINTNEXTLINE(google-explicit-constructor): a text is read as one
    operator std::string_view() const { return {data, size}; }
  };
  Text envid;       // xtext, as sent (RFC 3461 §4.4)
  Text orcpt_type;  // (§4.2)
  Text orcpt;       // xtext, as sent
  syntax::DsnReturn dsn_return;
  uint8_t notify;      // syntax::DsnNotify
  int8_t priority;     // RFC 6710
  int32_t by_seconds;  // RFC 2852 §4
  syntax::ByMode by_mode;
  bool by_trace;
  syntax::RrvsAction rrvs_action;
  int64_t rrvs;  // RFC 7293 §3.1, Unix time
};

// AUTH= of MAIL, RFC 4954 §5.
enum class AuthParameter : uint8_t { kNone, kMailbox, kNull };

struct ParsedCommand {
  // Member by member: compilers clear a whole of this size in a loop.
  ParsedCommand() {}  // NOLINT(modernize-use-equals-default)

  Verb verb = Verb::kUnknown;
  Fault fault = Fault::kNone;

  bool argument_is_literal = false;
  // MAIL parameters.
  bool smtputf8 = false;
  bool last = false;  // BURL: LAST was given
  syntax::EtrnKind etrn = syntax::EtrnKind::kNode;
  Body body = Body::kNone;
  AuthParameter auth = AuthParameter::kNone;
  uint16_t given = 0;  // Given
  // SIZE= of MAIL (RFC 1870), UINT64_MAX standing for every number beyond; the chunk's of BDAT.
  uint64_t size = 0;

  // HELO, EHLO, LHLO: the name. VRFY, EXPN: the String as sent. HELP: the topic. NOOP: ignored
  // text. BDAT: what ReadChunk reads. AUTH: the mechanism. XCLIENT, XFORWARD: the list of
  // attributes. ETRN: the name, without the option character. ATRN: the domains, or empty. BURL:
  // the URL.
  std::string_view argument;
  // MAIL, RCPT: as sent, without the space before them. AUTH: the initial response, which is empty
  // only where there is none.
  std::string_view parameters;
  // What to quote in the reply: the keyword of a refused parameter, with its value where that is
  // what is wrong.
  std::string_view complaint;

  syntax::PathParts path;  // MAIL, RCPT
  Extras extras;
};

struct ParseContext {
  Conditions now;
  const Leniency* leniency = nullptr;
  bool smtputf8_transaction = false;  // MAIL had SMTPUTF8: RCPT may be non-ASCII
};

// Octets before the first SP or HT. The line is without CR LF.
size_t VerbLength(std::string_view line);

// The verb of a line: those octets. `rest` is what follows, separator included.
std::string_view SplitVerb(std::string_view line, std::string_view* rest);

// SplitVerb and FindVerb in one; the common verbs are found without looking for a separator.
struct TakenVerb {
  Verb verb = Verb::kUnknown;
  std::string_view name;
  std::string_view rest;
};
inline TakenVerb TakeVerb(std::string_view line) {
  const size_t size = line.size();
  if (size >= 4 && (size == 4 || line[4] == ' ' || line[4] == '\t')) {
    // A separator among the four octets makes no verb of them.
    const Verb verb = FindVerbOfFour(line.data());
    if (verb != Verb::kUnknown) return {verb, {line.data(), 4}, {line.data() + 4, size - 4}};
  }
  const size_t length = VerbLength(line);
  const std::string_view name(line.data(), length);
  return {
      length > 4 ? FindVerb(name) : Verb::kUnknown, name, {line.data() + length, size - length}};
}

// §4.1.1: white space before the CR LF should be tolerated, so it is no argument.
inline std::string_view StripTrailingSpace(std::string_view line) {
  // The most frequent case in one comparison.
  if (!line.empty() && static_cast<unsigned char>(line.back()) > ' ') return line;
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

// The single parsers; `rest` is what SplitVerb gave for a stripped line. Each returns
// command->fault.
Fault ParseHelo(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseMail(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseRcpt(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseAuth(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseQuery(Verb verb, std::string_view rest, const ParseContext&, ParsedCommand*);
// XCLIENT and XFORWARD. The values are read where they are needed (syntax/client_attributes.h).
Fault ParseClient(Verb verb, std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseBdat(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseEtrn(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseAtrn(std::string_view rest, const ParseContext&, ParsedCommand*);
Fault ParseBurl(std::string_view rest, const ParseContext&, ParsedCommand*);
inline Fault ParseNothing(std::string_view rest, ParsedCommand* command) {
  return command->fault = rest.empty() ? Fault::kNone : Fault::kArgumentsUnexpected;
}

// What BDAT says of its chunk (RFC 3030 §2), also where the command is refused: the octets come all
// the same (contract D5). `rest` as above.
syntax::BdatArgument ReadChunk(std::string_view rest, const Leniency& leniency);

// Whether a BURL that is refused says that it is the last of its message, right or wrong in what
// else it says. `rest` as above.
bool SaysLast(std::string_view rest);

// Fills `command`, which must be a fresh one, from `rest` as above. Returns command->fault.
Fault ParseArguments(Verb verb, std::string_view rest, const ParseContext& context,
                     ParsedCommand* command);

}  // namespace postern::commands

#endif  // POSTERN_ENGINE_COMMANDS_PARSE_H_
