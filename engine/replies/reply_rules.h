// SPDX-License-Identifier: Apache-2.0
//
// What RFC 5321 section 4.3.2, RFC 2034 and the 500-path contract say of each reply id: the codes
// allowed, whether an enhanced status code belongs there, which placeholders the session can fill.
// One table, read by the loader, by the check of replies that hosts make, and by the tests. It
// holds no reply text, only the names that stand in error messages.
//
// Threads: constant data and pure functions.

#ifndef POSTERN_ENGINE_REPLIES_REPLY_RULES_H_
#define POSTERN_ENGINE_REPLIES_REPLY_RULES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/replies/reply_id.h"

namespace postern::replies {

enum class Placeholder : uint8_t {
  kServer,
  kClient,
  kVerb,
  kTopic,
  kParameter,
  kOctet,
  kLimit,
  kCommands,
};
inline constexpr size_t kPlaceholderCount = 8;

// What the reply answers. The sequences of RFC 5321 section 4.3.2 hang on it.
enum class Situation : uint8_t {
  kConnection,
  kHelo,  // HELO and EHLO
  kMail,
  kRcpt,
  kData,  // the command itself
  kContent,
  kRset,
  kNoop,
  kQuit,
  kVrfy,
  kExpn,
  kHelp,
  kStarttls,
  kAuth,     // the command and its exchange
  kAnyLine,  // a line of any or no verb
  kOther,    // a command that is none of the others
  kEtrn,
  kAtrn,
};

enum class EnhancedUse : uint8_t {
  kRequired,
  kForbidden,
  kOptional,  // a refusal of HELO or EHLO: RFC 2034 section 4 asks for none and forbids none
};

struct ReplyRule {
  ReplyId id;
  std::string_view name;  // as in reply_table.proto
  Situation situation;
  EnhancedUse enhanced;
  // The text begins with the server's name: the greeting (section 4.3.1), HELO and EHLO success
  // (section 4.1.1.1), 221 and 421 (section 4.2.3).
  bool begins_with_server;
  uint8_t placeholders;  // bits, 1 << Placeholder: exactly those that the session fills here
  uint16_t codes[4];     // the first is the usual one; 0 ends
};

// Null for a number that is no id.
const ReplyRule* FindReplyRule(uint32_t id) noexcept;
inline const ReplyRule* FindReplyRule(ReplyId id) noexcept {
  return FindReplyRule(static_cast<uint32_t>(id));
}

// All rules, ascending by id.
const ReplyRule* ReplyRulesBegin() noexcept;
const ReplyRule* ReplyRulesEnd() noexcept;

bool CodeAllowed(const ReplyRule& rule, uint16_t code) noexcept;
// For a host's reply: also what section 4.3.2 lets the command be answered with in the same class.
bool OverrideCodeAllowed(const ReplyRule& rule, uint16_t code) noexcept;
// The same by id; false for a number that is no id.
bool IsCodeAllowed(ReplyId situation, uint16_t code) noexcept;
// Whether a host may choose the entry `chosen`, whose code is `code`, for a situation: its code is
// allowed there, and it carries an enhanced code and begins with the server's name where the
// situation's own does (R5, RFC 5321 section 4.2). EHLO's success stands for nothing but itself.
bool MayStandFor(const ReplyRule& chosen, const ReplyRule& situation, uint16_t code) noexcept;

// Section 4.5.1: a server must implement these, so none is ever answered 500 or 502 as such.
bool IsRequiredCommand(Situation situation) noexcept;

// Octets of the longest rendering. That of kCommands counts none: it makes lines of its own.
size_t LongestValue(Placeholder placeholder) noexcept;
std::string_view PlaceholderName(Placeholder placeholder) noexcept;
bool FindPlaceholder(std::string_view name, Placeholder* placeholder) noexcept;
constexpr bool Allows(uint8_t set, Placeholder placeholder) {
  return (set >> static_cast<int>(placeholder) & 1) != 0;
}
// "{server} {limit}"
std::string PlaceholderList(uint8_t set);
// "550 553"
std::string CodeList(const ReplyRule& rule);

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_RULES_H_
