// SPDX-License-Identifier: Apache-2.0
//
// date-time of RFC 3339 §5.6, by its grammar, with the calendar counted day by day.
//
// What it is: what ParseDateTime must say. What it is not: fast: it walks from 1970 to the day.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_DATE_H_
#define POSTERN_FUZZ_ORACLE_DATE_H_

#include <string_view>

#include "engine/syntax/date_time.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

Finding DateTimeAgrees(std::string_view in, bool taken, const syntax::DateTime& got);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_DATE_H_
