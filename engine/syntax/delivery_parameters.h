// SPDX-License-Identifier: Apache-2.0
//
// The values of the parameters that say when and how urgently to deliver: BY (RFC 2852 §4),
// MT-PRIORITY (RFC 6710 §7), HOLDFOR and HOLDUNTIL (RFC 4865 §3) of MAIL, RRVS (RFC 7293 §3.1) of
// RCPT.
//
// What it is: readers of esmtp-values.
// What it is not: a clock: whether a time has passed or is beyond a limit is for others to judge.
// REQUIRETLS (RFC 8689 §2) is not here: it has no value.
//
// Threads and lifetime: pure functions. Each leaves *out untouched where it does not succeed.

#ifndef POSTERN_ENGINE_SYNTAX_DELIVERY_PARAMETERS_H_
#define POSTERN_ENGINE_SYNTAX_DELIVERY_PARAMETERS_H_

#include <cstdint>
#include <string_view>

#include "engine/syntax/date_time.h"

namespace postern::syntax {

enum class ByMode : uint8_t { kNotify, kReturn };

struct DeliverBy {
  int32_t seconds = 0;  // -999999999 to 999999999
  ByMode mode = ByMode::kNotify;
  bool trace = false;
};

enum class DeliverByError : uint8_t {
  kNone,
  kBadValue,     // not by-time ";" by-mode [by-trace]
  kNotPositive,  // by-mode "R" with a time that is past: a syntax error too (RFC 2852 §4)
};

DeliverByError ParseDeliverBy(std::string_view value, DeliverBy* out);

// priority-value: -9 to 9, without superfluous digits or signs.
bool ParseMtPriority(std::string_view value, int8_t* out);

// HOLDFOR: future-release-integer, 1 to 999999999 seconds.
bool ParseHoldFor(std::string_view value, uint32_t* out);

// HOLDUNTIL: date-time "normalized to UTC": with "Z". The 34 octets by which the RFC lets the line
// grow have no room for an offset.
bool ParseHoldUntil(std::string_view value, DateTime* out);

enum class RrvsAction : uint8_t {
  kUnstated,  // means kReject, but has to be relayed as it came (RFC 7293 §5.1.1)
  kReject,    // ";R"
  kContinue,  // ";C"
};

struct Rrvs {
  DateTime valid_since;  // without a time-secfrac
  RrvsAction no_support_action = RrvsAction::kUnstated;
};

bool ParseRrvs(std::string_view value, Rrvs* out);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_DELIVERY_PARAMETERS_H_
