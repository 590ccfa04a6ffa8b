// SPDX-License-Identifier: Apache-2.0
//
// Content behind BDAT, the slow and obvious way (RFC 3030 §2; contract D2, D3, D5): octets are
// counted one by one, the chunks of a message are put together, and then its line ends are looked
// at.
//
// What it is: what BdatDecoder must have delivered once so much of a message has come, what
// ParseBdatArgument must say of a text, and the comparisons. What it is not: derived from either.
//
// Threads and lifetime: pure functions but for the grammar (esmtp_grammar.h); results own their
// text.

#ifndef POSTERN_FUZZ_ORACLE_BDAT_H_
#define POSTERN_FUZZ_ORACLE_BDAT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/bdat_argument.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

// One BDAT and what has come behind its line.
struct BdatChunk {
  uint64_t size = 0;
  bool last = false;
  bool refused = false;  // the BDAT was: its octets are counted and dropped (D5)
  std::string octets;    // at most `size`
};

struct BdatMessage {
  std::string octets;    // what the host got
  uint64_t left = 0;     // octets of the last chunk that are still to come
  uint64_t wire = 0;     // octets of chunks that were not refused
  bool bare_cr = false;  // D3. Under reject only the first fault is known
  bool bare_lf = false;
};

enum class BdatPolicy : uint8_t { kReject, kNormalize, kBinary };  // binary: BODY=BINARYMIME

BdatMessage ReferenceBdat(const std::vector<BdatChunk>& chunks, BdatPolicy policy);

Finding SameBdat(const BdatMessage& expected, const BdatMessage& got);

// The grammar of RFC 3030 §2, and the number by its digits as text.
Finding BdatArgumentAgrees(std::string_view text, const syntax::BdatArgument& got);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_BDAT_H_
