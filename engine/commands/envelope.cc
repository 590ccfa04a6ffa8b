// SPDX-License-Identifier: Apache-2.0

#include "engine/commands/envelope.h"

namespace postern::commands {
namespace {

constexpr ParameterRow kParameters[] = {
    {Verb::kMail, "SIZE", Extension::kSize, TakeSize},              // RFC 1870 §3
    {Verb::kMail, "BODY", Extension::kEightBitMime, TakeBody},      // RFC 6152 §2
    {Verb::kMail, "SMTPUTF8", Extension::kSmtpUtf8, TakeSmtpUtf8},  // RFC 6531 §3.1
};
constexpr size_t kParameterRows = sizeof(kParameters) / sizeof(kParameters[0]);
static_assert(kParameterRows <= 32, "one bit each in `seen`");

// Little-endian, whatever the machine: compilers make one load of it.
uint32_t Load32(const char* p) {
  const auto octet = [p](int i) { return static_cast<uint32_t>(static_cast<uint8_t>(p[i])); };
  return octet(0) | octet(1) << 8 | octet(2) << 16 | octet(3) << 24;
}

// A keyword of up to eight octets as one number, in lower case; 0 for a longer one. Keywords hold
// letters, digits and hyphens only, of which folding makes no two equal but the cases of a letter.
constexpr uint64_t kFold = 0x2020202020202020u;
constexpr uint64_t FoldRow(std::string_view keyword) {
  if (keyword.size() > 8) return 0;
  uint64_t folded = 0;
  for (size_t i = 0; i < keyword.size(); ++i) {
    folded |= static_cast<uint64_t>(static_cast<uint8_t>(keyword[i]) | 0x20u) << (8 * i);
  }
  return folded;
}
// The same of what a client sent: two loads that may overlap instead of a loop.
uint64_t FoldKeyword(std::string_view keyword) {
  const size_t n = keyword.size();
  if (n < 4 || n > 8) return FoldRow(keyword);
  uint64_t folded = Load32(keyword.data());
  if (n > 4) folded |= static_cast<uint64_t>(Load32(keyword.data() + n - 4)) << (8 * (n - 4));
  return folded | (kFold >> (8 * (8 - n)));
}

struct Folded {
  uint64_t keywords[kParameterRows] = {};
};
constexpr Folded FoldRows() {
  Folded folded;
  for (size_t i = 0; i < kParameterRows; ++i) folded.keywords[i] = FoldRow(kParameters[i].keyword);
  return folded;
}
constexpr Folded kFolded = FoldRows();
constexpr bool KeywordsFold() {
  for (const uint64_t keyword : kFolded.keywords) {
    if (keyword == 0) return false;
  }
  return true;
}
static_assert(KeywordsFold(), "a longer keyword needs a longer number");

// "FROM:" or "TO:" at the start of `in`; 0 if it is not, else its length.
size_t KeywordLength(Verb verb, std::string_view in) {
  if (verb == Verb::kMail) {
    constexpr uint32_t kFrom = static_cast<uint32_t>(FoldRow("FROM"));
    const bool found = in.size() >= 5 && in[4] == ':' &&
                       (Load32(in.data()) | static_cast<uint32_t>(kFold)) == kFrom;
    return found ? 5 : 0;
  }
  const bool found =
      in.size() >= 3 && (in[0] | 0x20) == 't' && (in[1] | 0x20) == 'o' && in[2] == ':';
  return found ? 3 : 0;
}

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

// The parameter of `rest` that the octet at `offset` is part of, for the reply to quote; a space
// that is one too many stands for itself.
std::string_view ParameterAt(std::string_view rest, size_t offset) {
  size_t begin = offset;
  while (begin > 0 && rest[begin - 1] != ' ') --begin;
  const size_t end = rest.find(' ', begin);
  return end == begin ? rest.substr(begin, 1) : rest.substr(begin, end - begin);
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
    const uint64_t keyword = FoldKeyword(parameter.keyword);
    while (row < kParameterRows &&
           !(kFolded.keywords[row] == keyword && kParameters[row].verb == verb)) {
      ++row;
    }
    command->complaint = parameter.keyword;
    if (row == kParameterRows) return Fault::kParameterUnknown;
    if (!InForceForClient(kParameters[row].needs, context.now)) return Fault::kParameterNotInForce;
    if ((seen >> row & 1) != 0) return Fault::kParameterRepeated;
    seen |= uint32_t{1} << row;
    const Fault fault = kParameters[row].take(parameter, context, command);
    if (fault == Fault::kNone) continue;
    // It is the value that is wrong, so it is shown.
    if (parameter.has_value) {
      const char* const begin = parameter.keyword.data();
      const char* const end = parameter.value.data() + parameter.value.size();
      command->complaint = {begin, static_cast<size_t>(end - begin)};
    }
    return fault;
  }
  command->complaint = {};
  switch (iterator.error()) {
    case syntax::ParameterError::kNone:
      return Fault::kNone;
    case syntax::ParameterError::kTooMany:
      return Fault::kTooManyParameters;
    default:
      command->complaint = ParameterAt(rest, iterator.error_offset());
      return Fault::kBadParameter;
  }
}

}  // namespace

Fault ParseEnvelope(Verb verb, syntax::PathKind kind, std::string_view rest,
                    const ParseContext& context, ParsedCommand* command) {
  const Leniency& leniency = *context.leniency;
  if (rest.empty()) return Fault::kArgumentMissing;
  if (rest[0] != ' ') return Fault::kBadArgument;
  rest.remove_prefix(1);
  if (leniency.extra_spaces) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  const size_t keyword = KeywordLength(verb, rest);
  if (keyword == 0) return Fault::kBadArgument;
  rest.remove_prefix(keyword);
  if (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t')) {
    if (!leniency.space_after_colon) return Fault::kPathAfterSpace;
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
    // Not to be called a path without brackets.
    if (!rest.empty() && rest[0] == '\t') return Fault::kPathAfterSpace;
  }

  syntax::PathOptions options;
  options.utf8 = InForceForClient(Extension::kSmtpUtf8, context.now);
  options.allow_missing_angle_brackets = leniency.missing_angle_brackets;
  options.trailing_dot_in_domain = leniency.trailing_dot_in_domain;
  const syntax::PathResult& path = command->path;
  if (!syntax::ParsePath(rest, kind, options, &command->path)) return PathFault(path.error);
  rest.remove_prefix(path.used);
  if (rest.empty()) return Fault::kNone;
  command->parameters = rest.substr(1);
  return ParseParameters(verb, rest, context, command);
}

}  // namespace postern::commands
