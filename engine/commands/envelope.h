// SPDX-License-Identifier: Apache-2.0
//
// MAIL and RCPT (RFC 5321 §4.1.1.2, §4.1.1.3): "FROM:" or "TO:", a path, and ESMTP parameters from
// one table. The way of nearly all lines is in parse-inl.h; what leaves it, in envelope.cc; what
// SIZE, BODY and SMTPUTF8 mean, in mail.cc; what the others do, in delivery.cc.
//
// Threads: pure functions over the borrowed line.

#ifndef POSTERN_ENGINE_COMMANDS_ENVELOPE_H_
#define POSTERN_ENGINE_COMMANDS_ENVELOPE_H_

#include <string_view>

#include "engine/commands/parse.h"
#include "engine/syntax/parameters.h"
#include "engine/syntax/path.h"

namespace postern::commands {

// Up to eight octets as one number, the first in the lowest place whatever the machine.
constexpr uint64_t Load64(const char* p) {
  const auto octet = [p](int i) {
    return static_cast<uint64_t>(static_cast<uint8_t>(p[i])) << (8 * i);
  };
  return octet(0) | octet(1) | octet(2) | octet(3) | octet(4) | octet(5) | octet(6) | octet(7);
}
// Those at p, 0 in place of what lies behind `end`. [begin, end) may be read, and p is in it.
constexpr uint64_t LoadUpTo8(const char* begin, const char* p, const char* end) {
  if (end - p >= 8) return Load64(p);
  if (end - begin >= 8 && p != end) return Load64(end - 8) >> (8 * (8 - (end - p)));
  uint64_t word = 0;
  for (int i = 0; p + i != end; ++i) {
    word |= static_cast<uint64_t>(static_cast<uint8_t>(p[i])) << (8 * i);
  }
  return word;
}

// Words of up to sixteen octets that are compared without regard to the case of their letters, and
// exactly otherwise.
struct Word {
  uint64_t octets = 0;   // in lower case
  uint64_t letters = 0;  // the bit by which the cases differ, where the word has letters
  uint64_t mask = 0;     // as long as the word
  size_t size = 0;
  // The same of what a longer word has beyond eight octets; Begins looks at none of it.
  uint64_t more_octets = 0, more_letters = 0;

  constexpr explicit Word(std::string_view lower) : size(lower.size()) {
    for (size_t i = 0; i < size && i < 8; ++i) {
      const uint64_t c = static_cast<uint8_t>(lower[i]);
      octets |= c << (8 * i);
      letters |= (c >= 'a' && c <= 'z' ? uint64_t{0x20} : 0) << (8 * i);
      mask |= uint64_t{0xff} << (8 * i);
    }
    for (size_t i = 8; i < size && i < 16; ++i) {
      const uint64_t c = static_cast<uint8_t>(lower[i]);
      more_octets |= c << (8 * (i - 8));
      more_letters |= (c >= 'a' && c <= 'z' ? uint64_t{0x20} : 0) << (8 * (i - 8));
    }
  }
  // Whether `text`, loaded as above, begins with the word.
  constexpr bool Begins(uint64_t text) const { return ((text | letters) & mask) == octets; }
  constexpr bool Is(std::string_view text) const {
    if (text.size() != size) return false;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    if (!Begins(LoadUpTo8(begin, begin, end))) return false;
    return size <= 8 || (LoadUpTo8(begin, begin + 8, end) | more_letters) == more_octets;
  }
};

// One ESMTP parameter: the verb it belongs to, what it needs to be in force, and what its value
// means. An extension to come adds a row to kParameters in envelope.cc.
struct ParameterRow {
  Verb verb;
  Extension needs;
  Word keyword;
  // Puts the value into the command; kBadParameter where it is malformed (RFC 5321 §4.1.1.11).
  Fault (*take)(const syntax::Parameter& parameter, const ParseContext& context,
                ParsedCommand* command);
};

// Moves *rest from behind the verb to the path. `verb` is kMail or kRcpt, here and below.
Fault SkipToPath(Verb verb, const Leniency& leniency, std::string_view* rest);

// Any path at the start of `rest`. `at` is what syntax::ParsePlainPath said, 0 if it was not asked.
Fault ParseUnusualPath(Verb verb, std::string_view rest, size_t at, const ParseContext& context,
                       ParsedCommand* command);

// Any parameters but those that *seen says were taken, one bit a row of kParameters.
Fault ParseAnyParameters(Verb verb, std::string_view rest, const ParseContext& context,
                         uint32_t seen, ParsedCommand* command);

// The first of the parameters in *rest of which the table knows nothing (kGivenUnknown), and *rest
// is what follows it. False if there is none. *rest is of a right MAIL or RCPT, from the space
// before a parameter on, or empty; `context` is that which the command was parsed in.
bool TakeUnknownParameter(Verb verb, const ParseContext& context, std::string_view* rest,
                          syntax::Parameter* parameter);

// The parameters of MAIL, in mail.cc: the rows of kParameters that come first, in this order, and
// the values.
enum MailRow : int { kSizeRow, kBodyRow, kSmtpUtf8Row };
// A shortcut to the iterator and the functions below, for values that have nothing unusual about
// them: takes what it can of `rest` and gives what is left, which begins with the space before a
// parameter. Of the rows it took it sets the bits in *seen.
std::string_view TakeUsualMailParameters(std::string_view rest, const ParseContext& context,
                                         uint32_t* seen, ParsedCommand* command);
Fault TakeSize(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeBody(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeSmtpUtf8(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
// In auth.cc.
Fault TakeAuth(const syntax::Parameter&, const ParseContext&, ParsedCommand*);

// Those of the delivery extensions, in delivery.cc.
Fault TakeRet(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeEnvid(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeNotify(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeOrcpt(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeRequireTls(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeBy(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeMtPriority(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeRrvs(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeHoldFor(const syntax::Parameter&, const ParseContext&, ParsedCommand*);
Fault TakeHoldUntil(const syntax::Parameter&, const ParseContext&, ParsedCommand*);

}  // namespace postern::commands

#endif  // POSTERN_ENGINE_COMMANDS_ENVELOPE_H_
