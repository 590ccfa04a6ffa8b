// SPDX-License-Identifier: Apache-2.0

#include "engine/commands/envelope.h"

namespace postern::commands {
namespace {

constexpr ParameterRow kParameters[] = {
    {Verb::kMail, Extension::kSize, Word("size"), TakeSize},              // RFC 1870 §3
    {Verb::kMail, Extension::kEightBitMime, Word("body"), TakeBody},      // RFC 6152 §2
    {Verb::kMail, Extension::kSmtpUtf8, Word("smtputf8"), TakeSmtpUtf8},  // RFC 6531 §3.1
    {Verb::kMail, Extension::kDsn, Word("ret"), TakeRet},                 // RFC 3461 §4
    {Verb::kMail, Extension::kDsn, Word("envid"), TakeEnvid},
    {Verb::kRcpt, Extension::kDsn, Word("notify"), TakeNotify},
    {Verb::kRcpt, Extension::kDsn, Word("orcpt"), TakeOrcpt},
    {Verb::kMail, Extension::kRequireTls, Word("requiretls"), TakeRequireTls},   // RFC 8689 §2
    {Verb::kMail, Extension::kDeliverBy, Word("by"), TakeBy},                    // RFC 2852 §4
    {Verb::kMail, Extension::kMtPriority, Word("mt-priority"), TakeMtPriority},  // RFC 6710 §3
    {Verb::kMail, Extension::kFutureRelease, Word("holdfor"), TakeHoldFor},      // RFC 4865 §3
    {Verb::kMail, Extension::kFutureRelease, Word("holduntil"), TakeHoldUntil},
    {Verb::kRcpt, Extension::kRrvs, Word("rrvs"), TakeRrvs},  // RFC 7293 §3.1
    {Verb::kMail, Extension::kAuth, Word("auth"), TakeAuth},  // RFC 4954 §5
};
constexpr size_t kParameterRows = sizeof(kParameters) / sizeof(kParameters[0]);
static_assert(kParameterRows <= 32, "one bit each in `seen`");
constexpr bool KeywordsFit() {
  for (const ParameterRow& row : kParameters) {
    if (row.keyword.size > 16) return false;
  }
  return true;
}
static_assert(KeywordsFit(), "a longer keyword needs a longer number");

// The rows of a verb whose keyword has so many octets, a bit each: a keyword is compared with few.
struct RowsBySize {
  uint32_t mail[17] = {}, rcpt[17] = {};
};
constexpr RowsBySize MakeRowsBySize() {
  RowsBySize rows;
  for (size_t i = 0; i < kParameterRows; ++i) {
    uint32_t* const of_verb = kParameters[i].verb == Verb::kMail ? rows.mail : rows.rcpt;
    of_verb[kParameters[i].keyword.size] |= uint32_t{1} << i;
  }
  return rows;
}
constexpr RowsBySize kRowsBySize = MakeRowsBySize();

// The row of this parameter of MAIL or RCPT; kParameterRows where there is none.
size_t FindRow(Verb verb, std::string_view keyword) {
  if (keyword.size() > 16) return kParameterRows;
  const uint32_t* const of_verb = verb == Verb::kMail ? kRowsBySize.mail : kRowsBySize.rcpt;
  for (uint32_t left = of_verb[keyword.size()]; left != 0; left &= left - 1) {
    const size_t i = static_cast<size_t>(__builtin_ctz(left));
    if (kParameters[i].keyword.Is(keyword)) return i;
  }
  return kParameterRows;
}
static_assert(kParameters[kSizeRow].needs == Extension::kSize &&
              kParameters[kBodyRow].needs == Extension::kEightBitMime &&
              kParameters[kSmtpUtf8Row].needs == Extension::kSmtpUtf8);

// "FROM:" or "TO:" at the start of `in`; 0 if it is not, else its length.
size_t KeywordLength(Verb verb, std::string_view in) {
  constexpr Word kFromAlone("from:");
  constexpr Word kToAlone("to:");
  const Word& keyword = verb == Verb::kMail ? kFromAlone : kToAlone;
  return keyword.Is(in.substr(0, keyword.size)) ? keyword.size : 0;
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

// `in_force`: the extensions that are for the client.
syntax::ParameterOptions OptionsOf(uint32_t in_force, const ParseContext& context) {
  syntax::ParameterOptions options;
  options.utf8 = (in_force & Bit(Extension::kSmtpUtf8)) != 0;
  options.allow_extra_spaces = context.leniency->extra_spaces;
  return options;
}

bool SameKeyword(std::string_view a, std::string_view b) {
  bool same = a.size() == b.size();
  // Letters, digits and hyphens: folded no two of them meet.
  for (size_t i = 0; same && i < a.size(); ++i) same = (a[i] | 0x20) == (b[i] | 0x20);
  return same;
}

// The keywords of a line that are not ours, each of which may stand there once. Nothing in it is
// cleared: hardly a line has one.
class UnknownKeywords {
 public:
  UnknownKeywords() {}  // NOLINT(modernize-use-equals-default)

  // False where it was there before.
  bool Add(std::string_view line, std::string_view keyword) {
    for (size_t i = 0; i < count_; ++i) {
      if (SameKeyword(line.substr(at_[i], size_[i]), keyword)) return false;
    }
    at_[count_] = static_cast<uint16_t>(keyword.data() - line.data());
    size_[count_++] = static_cast<uint16_t>(keyword.size());
    return true;
  }

 private:
  size_t count_ = 0;
  // The iterator gives no more.
  uint16_t at_[syntax::ParameterIterator::kMaxParameters];
  uint16_t size_[syntax::ParameterIterator::kMaxParameters];
};

// The parameter of `rest` that the octet at `offset` is part of, for the reply to quote; a space
// that is one too many stands for itself.
std::string_view ParameterAt(std::string_view rest, size_t offset) {
  size_t begin = offset;
  while (begin > 0 && rest[begin - 1] != ' ') --begin;
  const size_t end = rest.find(' ', begin);
  return end == begin ? rest.substr(begin, 1) : rest.substr(begin, end - begin);
}

}  // namespace

Fault ParseAnyParameters(Verb verb, std::string_view rest, const ParseContext& context,
                         uint32_t seen, ParsedCommand* command) {
  const uint32_t in_force = context.now.extended ? AllInForce(context.now) : 0;
  const syntax::ParameterOptions options = OptionsOf(in_force, context);
  syntax::ParameterIterator iterator(rest, options);
  syntax::Parameter parameter;
  UnknownKeywords unknown;
  bool value_is_wrong = false;
  const auto take = [&] {
    const size_t i = FindRow(verb, parameter.keyword);
    if (i == kParameterRows) {
      if ((in_force & Bit(Extension::kHostParameters)) == 0) return Fault::kParameterUnknown;
      if (!unknown.Add(rest, parameter.keyword)) return Fault::kParameterRepeated;
      command->given |= kGivenUnknown;
      return Fault::kNone;
    }
    const ParameterRow& row = kParameters[i];
    if ((in_force & Bit(row.needs)) == 0) return Fault::kParameterNotInForce;
    if ((seen >> i & 1) != 0) return Fault::kParameterRepeated;
    seen |= uint32_t{1} << i;
    const Fault fault = row.take(parameter, context, command);
    value_is_wrong = fault != Fault::kNone;
    return fault;
  };
  while (iterator.Next(&parameter)) {
    const Fault fault = take();
    if (fault == Fault::kNone) continue;
    command->complaint = parameter.keyword;
    // It is the value that is wrong, so it is shown.
    if (value_is_wrong && parameter.has_value) {
      const char* const begin = parameter.keyword.data();
      const char* const end = parameter.value.data() + parameter.value.size();
      command->complaint = {begin, static_cast<size_t>(end - begin)};
    }
    return fault;
  }
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

bool TakeUnknownParameter(Verb verb, const ParseContext& context, std::string_view* rest,
                          syntax::Parameter* parameter) {
  syntax::ParameterIterator iterator(*rest, OptionsOf(AllInForce(context.now), context));
  while (iterator.Next(parameter)) {
    if (FindRow(verb, parameter->keyword) != kParameterRows) continue;
    const std::string_view last = parameter->has_value ? parameter->value : parameter->keyword;
    rest->remove_prefix(static_cast<size_t>(last.data() + last.size() - rest->data()));
    return true;
  }
  return false;
}

Fault ParseUnusualPath(Verb verb, std::string_view rest, size_t at, const ParseContext& context,
                       ParsedCommand* command) {
  syntax::PathOptions options;
  options.utf8 = InForceForClient(Extension::kSmtpUtf8, context.now);
  options.allow_missing_angle_brackets = context.leniency->missing_angle_brackets;
  options.trailing_dot_in_domain = context.leniency->trailing_dot_in_domain;
  const syntax::PathKind kind =
      verb == Verb::kMail ? syntax::PathKind::kReversePath : syntax::PathKind::kForwardPath;
  syntax::PathResult result;
  if (!syntax::ParseUnusualPath(rest, kind, options, at, &result)) {
    command->path.error = result.error;
    return PathFault(result.error);
  }
  command->path = syntax::PartsOf(result);
  return Fault::kNone;
}

Fault SkipToPath(Verb verb, const Leniency& leniency, std::string_view* rest) {
  if (rest->empty()) return Fault::kArgumentMissing;
  if ((*rest)[0] != ' ') return Fault::kBadArgument;
  rest->remove_prefix(1);
  if (leniency.extra_spaces) {
    while (!rest->empty() && (*rest)[0] == ' ') rest->remove_prefix(1);
  }
  const size_t keyword = KeywordLength(verb, *rest);
  if (keyword == 0) return Fault::kBadArgument;
  rest->remove_prefix(keyword);
  if (!rest->empty() && ((*rest)[0] == ' ' || (*rest)[0] == '\t')) {
    if (!leniency.space_after_colon) return Fault::kPathAfterSpace;
    while (!rest->empty() && (*rest)[0] == ' ') rest->remove_prefix(1);
    // Not to be called a path without brackets.
    if (!rest->empty() && (*rest)[0] == '\t') return Fault::kPathAfterSpace;
  }
  return Fault::kNone;
}

}  // namespace postern::commands
