// SPDX-License-Identifier: Apache-2.0
//
// What holds of every reply table that loads, and of every refusal.
//
// What it is: properties of a loaded table, tried through BoundReplies with all it can say. What it
// is not: a second loader.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_TABLE_H_
#define POSTERN_FUZZ_ORACLE_TABLE_H_

#include <string_view>

#include "absl/status/status.h"
#include "engine/replies/bound_replies.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

// A refusal says what is wrong: lines that name a place, kMaxTableProblems of them and one that
// counts the rest, all printable (a person reads them).
Finding RefusalIsReadable(const absl::Status& status, size_t most_lines);

// R4, R5, R7: every reply of the table, with these values, is one strict reply of a code that RFC
// 5321 §4.3.2 allows there, with its enhanced code where RFC 2034 wants it; its length is what
// Format promised; too little room leaves the buffer alone. `own` as for
// OnlyPrintableCameThrough.
Finding TableSpeaksStrictly(const replies::BoundReplies& replies, const replies::Values& values,
                            std::string_view own);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_TABLE_H_
