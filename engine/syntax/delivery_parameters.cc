// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/delivery_parameters.h"

#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"

namespace postern::syntax {

DeliverByError ParseDeliverBy(std::string_view value, DeliverBy* out) {
  const size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos) return DeliverByError::kBadValue;
  std::string_view time = value.substr(0, semicolon);
  const std::string_view mode = value.substr(semicolon + 1);

  DeliverBy result;
  const bool negative = !time.empty() && time[0] == '-';
  if (negative || (!time.empty() && time[0] == '+')) time.remove_prefix(1);
  uint64_t seconds = 0;
  if (!ParseDecimal(time, 9, &seconds)) return DeliverByError::kBadValue;
  result.seconds = negative ? -static_cast<int32_t>(seconds) : static_cast<int32_t>(seconds);

  result.trace = mode.size() == 2;
  if (result.trace && mode[1] != 'T' && mode[1] != 't') return DeliverByError::kBadValue;
  const std::string_view letter = mode.substr(0, result.trace ? 1 : mode.size());
  if (EqualsIgnoreCase(letter, "R")) {
    result.mode = ByMode::kReturn;
    if (result.seconds <= 0) return DeliverByError::kNotPositive;
  } else if (!EqualsIgnoreCase(letter, "N")) {
    return DeliverByError::kBadValue;
  }
  *out = result;
  return DeliverByError::kNone;
}

bool ParseMtPriority(std::string_view value, int8_t* out) {
  const bool negative = !value.empty() && value[0] == '-';
  if (negative) value.remove_prefix(1);
  if (value.size() != 1 || !IsOctet(value[0], kDigit)) return false;
  const int digit = value[0] - '0';
  if (negative && digit == 0) return false;
  *out = static_cast<int8_t>(negative ? -digit : digit);
  return true;
}

bool ParseHoldFor(std::string_view value, uint32_t* out) {
  uint64_t seconds = 0;
  if (!ParseDecimal(value, 9, &seconds) || value[0] == '0') return false;
  *out = static_cast<uint32_t>(seconds);
  return true;
}

bool ParseHoldUntil(std::string_view value, DateTime* out) {
  DateTime result;
  if (!ParseDateTime(value, &result) || !result.is_utc) return false;
  *out = result;
  return true;
}

bool ParseRrvs(std::string_view value, Rrvs* out) {
  Rrvs result;
  const size_t semicolon = value.find(';');
  const std::string_view time = value.substr(0, semicolon);
  // time-secfrac is the only part of a date-time that has a dot.
  if (time.find('.') != std::string_view::npos) return false;
  if (!ParseDateTime(time, &result.valid_since)) return false;
  if (semicolon != std::string_view::npos) {
    const std::string_view action = value.substr(semicolon + 1);
    if (EqualsIgnoreCase(action, "R")) {
      result.no_support_action = RrvsAction::kReject;
    } else if (EqualsIgnoreCase(action, "C")) {
      result.no_support_action = RrvsAction::kContinue;
    } else {
      return false;
    }
  }
  *out = result;
  return true;
}

}  // namespace postern::syntax
