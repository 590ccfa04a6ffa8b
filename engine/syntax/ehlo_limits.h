// SPDX-License-Identifier: Apache-2.0
//
// The argument of the EHLO keyword LIMITS (RFC 9422): how many transactions, recipients and
// recipient domains a server takes.
//
// What it is: the writer that a server needs and the reader that a client needs (a gate is both).
// What it is not: a keeper of those limits, or a reader of limits that are registered later: those
// are skipped, as the RFC wants it.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_ENGINE_SYNTAX_EHLO_LIMITS_H_
#define POSTERN_ENGINE_SYNTAX_EHLO_LIMITS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

// 0 is "not stated"; the others are 1 to 999999.
struct EhloLimits {
  uint32_t mail_max = 0;         // MAILMAX: transactions in a session
  uint32_t rcpt_max = 0;         // RCPTMAX: recipients in a transaction
  uint32_t rcpt_domain_max = 0;  // RCPTDOMAINMAX: different domains among them
};

inline constexpr uint32_t kMaxEhloLimit = 999999;   // six digits
inline constexpr size_t kMaxEhloLimitsOctets = 50;  // all three at their greatest

// "MAILMAX=10 RCPTMAX=100": those that are stated, in that order; nothing if none is. A value past
// kMaxEhloLimit is written as that: the client is told less than it could have. Returns the octets
// written to `out`, which has room for kMaxEhloLimitsOctets.
size_t WriteEhloLimits(const EhloLimits& limits, char* out);

// `in` is what follows "LIMITS" and one space. False if it is no limits-param at all; a limit whose
// value does not fit its own syntax counts as not stated, and of two the first counts.
bool ParseEhloLimits(std::string_view in, EhloLimits* out);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_EHLO_LIMITS_H_
