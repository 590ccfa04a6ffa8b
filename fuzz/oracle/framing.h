// SPDX-License-Identifier: Apache-2.0
//
// Framing of command lines, the slow and obvious way (contract F1-F5; RFC 5321 §2.3.8): one octet
// at a time, with no thought of reads, stores or vectors.
//
// What it is: what LineSplitter must say, and the comparison. What it is not: derived from it.
//
// Threads and lifetime: pure functions; results own their text.

#ifndef POSTERN_FUZZ_ORACLE_FRAMING_H_
#define POSTERN_FUZZ_ORACLE_FRAMING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check.h"

namespace postern::fuzz::oracle {

struct FramingEvent {
  enum class Kind : uint8_t {
    kLine,       // ended with CR LF (F1)
    kBareLf,     // a LF that no CR precedes was read (F2)
    kOverTotal,  // the line passed the total (F5)
  };
  Kind kind = Kind::kLine;
  size_t end = 0;    // octets of the input up to and with the one that made it
  std::string text;  // the line without its end, at most `capacity` octets; not for kOverTotal
  uint64_t length = 0;
  // F3, F6. Not for kOverTotal.
  bool nul = false;
  bool bare_cr = false;
  bool control = false;
  bool eight_bit = false;
  bool after_bare_lf = false;  // kOverTotal: the line had its one reply as kBareLf before
};

struct Framing {
  std::vector<FramingEvent> events;
  bool at_line_start = true;  // after the last octet
};

Framing ReferenceFraming(std::string_view octets, size_t capacity, uint64_t max_total);

// F1-F5, R3: the same events, at the same octets, with the same text.
Finding SameFraming(const Framing& expected, const Framing& got);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_FRAMING_H_
