// SPDX-License-Identifier: Apache-2.0
//
// The arguments of BDAT (RFC 3030 §2): chunk-size and "LAST".
//
// What it is: a reader of the text behind "BDAT" that tells a size that is too big from a text that
// is no size, because what comes behind the line depends on it: chunk octets follow a BDAT even
// where it is refused, and only a known number of them can be skipped (contract D5).
// What it is not: a judge of whether the size is welcome.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_ENGINE_SYNTAX_BDAT_ARGUMENT_H_
#define POSTERN_ENGINE_SYNTAX_BDAT_ARGUMENT_H_

#include <cstdint>
#include <string_view>

namespace postern::syntax {

inline constexpr uint64_t kMaxChunkOctets = (uint64_t{1} << 63) - 1;

enum class BdatError : uint8_t {
  kNone,
  kNoSize,        // nothing, or no digit, where the size should be
  kBadSize,       // something that is no digit behind digits
  kSizeTooBig,    // more than kMaxChunkOctets: how many octets follow is not known
  kBadEndMarker,  // something else than SP "LAST" behind the size
};

struct BdatArgument {
  BdatError error = BdatError::kNone;
  uint16_t error_offset = 0;  // of the first octet that is wrong or, past the limit, too many
  // Whether `octets` is what the client said, also where `error` is kBadEndMarker.
  bool size_known = false;
  uint64_t octets = 0;
  bool last = false;

  bool ok() const { return error == BdatError::kNone; }
};

// `in` is what follows "BDAT" and one space, to the end of the line. Leading zeros are taken, as
// many as there are: chunk-size is 1*DIGIT. "LAST" may be in any case (RFC 5234 §2.3).
BdatArgument ParseBdatArgument(std::string_view in);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_BDAT_ARGUMENT_H_
