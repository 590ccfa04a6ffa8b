// SPDX-License-Identifier: Apache-2.0
//
// What may be sent to a client (contract R4, R5), by the grammar that RFC 5321 §4.2 prints.
//
// What it is: a judge of octets that a session or a formatter made. What it is not:
// engine/replies/reply_grammar.h, a recogniser written by hand, which tests use; both must agree.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_REPLY_H_
#define POSTERN_FUZZ_ORACLE_REPLY_H_

#include <cstdint>
#include <string_view>

#include "fuzz/check.h"

namespace postern::fuzz::oracle {

struct ReplyTerms {
  bool one = false;       // exactly one reply; else any number of whole ones
  uint16_t code = 0;      // which code; 0: any
  bool utf8 = false;      // RFC 6531 §3.7.4.1 lets text be UTF-8
  bool enhanced = false;  // every line of every reply carries an enhanced code (RFC 2034)
};

// R4: whole replies by the grammar, each with one code, no line over 512 octets. R5: an enhanced
// code of the reply's class on every line, where the terms ask for it.
Finding RepliesAreStrict(std::string_view octets, const ReplyTerms& terms);

// R4: no octet of what a client sent came through but printable ASCII. `own` is what the table
// itself may say beyond that: the one UTF-8 text that the target puts into its tables, or nothing.
Finding OnlyPrintableCameThrough(std::string_view octets, std::string_view own);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_REPLY_H_
