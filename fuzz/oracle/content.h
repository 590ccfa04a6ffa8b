// SPDX-License-Identifier: Apache-2.0
//
// Content behind DATA, the slow and obvious way (contract D1-D3; RFC 5321 §4.1.1.4, §4.5.2): the
// end is looked for as text, then octets are gone through one by one.
//
// What it is: what DataDecoder must have delivered once it has seen so much of the wire, the
// comparison, and the encoder that a client would use. What it is not: derived from the decoder.
//
// Threads and lifetime: pure functions; results own their text.

#ifndef POSTERN_FUZZ_ORACLE_CONTENT_H_
#define POSTERN_FUZZ_ORACLE_CONTENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/check.h"

namespace postern::fuzz::oracle {

struct Content {
  std::string octets;    // what the host got
  bool ended = false;    // CR LF . CR LF was seen
  size_t wire = 0;       // octets of the input that belong to it; all of them until it ended
  bool bare_cr = false;  // D3. Under reject only the first fault is known
  bool bare_lf = false;
};

// What both decoders, of DATA and of BDAT, must have made.
struct Decoded {
  std::string_view octets;
  uint64_t wire = 0;
  bool bare_cr = false;
  bool bare_lf = false;
};
Finding SameDecoded(const Decoded& expected, const Decoded& got);

// Of the octets that follow DATA's own CR LF. `normalize` is the policy of D3: else reject.
Content ReferenceContent(std::string_view octets, bool normalize);

Finding SameContent(const Content& expected, const Content& got);

// Makes content that a client can send: every line end CR LF, one at the end.
std::string CleanContent(std::string_view octets);
// Dots doubled (§4.5.2), and the end of content behind it. `content` is clean.
std::string EncodeContent(std::string_view content);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_CONTENT_H_
