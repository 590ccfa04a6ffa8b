// SPDX-License-Identifier: Apache-2.0

#include "engine/commands/envelope.h"

#include <cstring>

namespace postern::commands {
namespace {

constexpr ParameterRow kParameters[] = {
    {Verb::kMail, "SIZE", Extension::kSize, TakeSize},                // RFC 1870 §3
    {Verb::kMail, "BODY", Extension::kEightBitMime, TakeBody},        // RFC 6152 §2
    {Verb::kMail, "SMTPUTF8", Extension::kSmtpUtf8, TakeSmtpUtf8},    // RFC 6531 §3.1
};
constexpr size_t kParameterRows = sizeof(kParameters) / sizeof(kParameters[0]);
static_assert(kParameterRows <= 32, "one bit each in `seen`");

Fault PathFault(syntax::PathError error) {
  switch (error) {
    case syntax::PathError::kNone:
      return Fault::kNone;
    case syntax::PathError::kMissingAngleBrackets:
      return Fault::kPathWithoutBrackets;
    case syntax::PathError::kNoDomain:
      return Fault::kPathWithoutDomain;
    case syntax::PathError::kLocalPartTooLong:
    case syntax::PathError::kDomainTooLong:
    case syntax::PathError::kPathTooLong:
      return Fault::kPathTooLong;
    default:
      return Fault::kBadPath;
  }
}

Fault ParseParameters(Verb verb, std::string_view rest, const ParseContext& context,
                      ParsedCommand* command) {
  syntax::ParameterOptions options;
  options.utf8 = InForceForClient(Extension::kSmtpUtf8, context.now);
  options.allow_extra_spaces = context.leniency->extra_spaces;
  syntax::ParameterIterator iterator(rest, options);
  syntax::Parameter parameter;
  uint32_t seen = 0;
  while (iterator.Next(&parameter)) {
    size_t row = 0;
    while (row < kParameterRows &&
           !(kParameters[row].verb == verb &&
             syntax::EqualsIgnoreCase(parameter.keyword, kParameters[row].keyword))) {
      ++row;
    }
    command->complaint = parameter.keyword;
    if (row == kParameterRows) return Fault::kParameterUnknown;
    if (!InForceForClient(kParameters[row].needs, context.now)) return Fault::kParameterNotInForce;
    if ((seen >> row & 1) != 0) return Fault::kParameterRepeated;
    seen |= uint32_t{1} << row;
    const Fault fault = kParameters[row].take(parameter, context, command);
    if (fault != Fault::kNone) return fault;
  }
  command->complaint = {};
  switch (iterator.error()) {
    case syntax::ParameterError::kNone:
      return Fault::kNone;
    case syntax::ParameterError::kTooMany:
      return Fault::kTooManyParameters;
    default:
      return Fault::kBadParameter;
  }
}

}  // namespace

Fault ParseEnvelope(Verb verb, const char* keyword, syntax::PathKind kind, std::string_view rest,
                    const ParseContext& context, ParsedCommand* command) {
  const Leniency& leniency = *context.leniency;
  if (rest.empty()) return Fault::kArgumentMissing;
  if (rest[0] != ' ') return Fault::kBadArgument;
  rest.remove_prefix(1);
  if (leniency.extra_spaces) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  const size_t keyword_size = std::strlen(keyword);
  if (!syntax::EqualsIgnoreCase(rest.substr(0, keyword_size), keyword)) {
    return Fault::kBadArgument;
  }
  rest.remove_prefix(keyword_size);
  if (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t')) {
    if (!leniency.space_after_colon) return Fault::kPathAfterSpace;
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }

  syntax::PathOptions options;
  options.utf8 = InForceForClient(Extension::kSmtpUtf8, context.now);
  options.allow_missing_angle_brackets = leniency.missing_angle_brackets;
  options.trailing_dot_in_domain = leniency.trailing_dot_in_domain;
  syntax::PathResult path;
  if (!syntax::ParsePath(rest, kind, options, &path)) return PathFault(path.error);
  command->path = path.path;
  command->mailbox = path.mailbox;
  command->local_part = path.local_part;
  command->domain = path.domain;
  command->is_null = path.is_null;
  command->is_postmaster = path.is_postmaster;
  command->is_quoted = path.local_is_quoted;
  command->is_literal = path.domain_is_literal;
  command->has_route = path.has_source_route;
  command->has_utf8 = path.has_utf8;

  rest.remove_prefix(path.used);
  if (rest.empty()) return Fault::kNone;
  command->parameters = rest.substr(1);
  return ParseParameters(verb, rest, context, command);
}

}  // namespace postern::commands
