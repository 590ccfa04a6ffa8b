// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/bdat_argument.h"

#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"

namespace postern::syntax {
namespace {

BdatArgument& Fail(BdatArgument& argument, BdatError error, size_t offset) {
  argument.error = error;
  argument.error_offset = SaturatedOffset(offset);
  return argument;
}

}  // namespace

BdatArgument ParseBdatArgument(std::string_view in) {
  BdatArgument result;
  const char* const begin = in.data();
  const char* const end = begin + in.size();
  const char* const digits_end = SkipClass<kDigit>(begin, end);
  const size_t digits = static_cast<size_t>(digits_end - begin);
  if (digits == 0) return Fail(result, BdatError::kNoSize, 0);
  if (digits_end != end && *digits_end != ' ') return Fail(result, BdatError::kBadSize, digits);

  uint64_t octets = 0;
  for (size_t i = 0; i < digits; ++i) {
    const uint64_t digit = static_cast<uint64_t>(begin[i] - '0');
    if (octets > (kMaxChunkOctets - digit) / 10) return Fail(result, BdatError::kSizeTooBig, i);
    octets = octets * 10 + digit;
  }
  result.size_known = true;
  result.octets = octets;

  const std::string_view rest = in.substr(digits);
  if (rest.empty()) return result;
  if (!EqualsIgnoreCase(rest.substr(1), "LAST")) {
    return Fail(result, BdatError::kBadEndMarker, digits + 1);
  }
  result.last = true;
  return result;
}

}  // namespace postern::syntax
