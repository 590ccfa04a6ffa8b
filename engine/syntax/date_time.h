// SPDX-License-Identifier: Apache-2.0
//
// date-time of RFC 3339 §5.6, as FUTURERELEASE's HOLDUNTIL (RFC 4865) and RRVS (RFC 7293) carry it.
//
// What it is: a strict reader, and the arithmetic of the Gregorian calendar to Unix time.
// What it is not: a clock, a time zone database, or a user of the C library's time functions, which
// read the environment.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_ENGINE_SYNTAX_DATE_TIME_H_
#define POSTERN_ENGINE_SYNTAX_DATE_TIME_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

struct DateTime {
  // Since 1970-01-01T00:00:00Z without leap seconds. A leap second (":60") has the number of the
  // second behind it.
  int64_t unix_seconds = 0;
  uint32_t nanoseconds = 0;     // time-secfrac, digits past the ninth dropped
  int16_t offset_minutes = 0;   // time-numoffset; 0 for "Z"
  bool is_utc = false;          // written with "Z", as RFC 4865 wants it
  bool offset_unknown = false;  // "-00:00" (RFC 3339 §4.3)
};

// Matches the whole of `in`. "T" and "Z" may be in lower case (RFC 3339 §5.6); a space for "T" is
// not taken. Days fit their month, ":60" is taken only where UTC has 23:59:60 on the last day of a
// month (§5.7). False, and *out untouched, for anything else.
bool ParseDateTime(std::string_view in, DateTime* out);

// "2026-11-26T01:37:38Z", without a NUL. False for what lies outside of the years 0 to 9999.
inline constexpr size_t kUtcOctets = 20;
bool WriteUtc(int64_t unix_seconds, char (&out)[kUtcOctets]);

// Days from 1970-01-01 to a day of the proleptic Gregorian calendar; year 0-9999, month 1-12.
int64_t DaysFromCivil(int year, int month, int day);

// 28-31; year 0-9999, month 1-12.
int DaysInMonth(int year, int month);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_DATE_TIME_H_
