// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/date_time.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace postern::syntax {
namespace {

DateTime Parse(const std::string& text) {
  DateTime result;
  EXPECT_TRUE(ParseDateTime(text, &result)) << text;
  return result;
}

// RFC 3339 §5.8, and fixed points of Unix time.
TEST(DateTime, GivesUnixSeconds) {
  EXPECT_EQ(Parse("1970-01-01T00:00:00Z").unix_seconds, 0);
  EXPECT_EQ(Parse("1969-12-31T23:59:59Z").unix_seconds, -1);
  EXPECT_EQ(Parse("2001-09-09T01:46:40Z").unix_seconds, 1000000000);
  EXPECT_EQ(Parse("2038-01-19T03:14:08Z").unix_seconds, int64_t{1} << 31);
  EXPECT_EQ(Parse("1985-04-12T23:20:50.52Z").unix_seconds, 482196050);
  EXPECT_EQ(Parse("1996-12-19T16:39:57-08:00").unix_seconds, 851042397);
  EXPECT_EQ(Parse("1937-01-01T12:00:27.87+00:20").unix_seconds, -1041337173);
  EXPECT_EQ(Parse("0000-01-01T00:00:00Z").unix_seconds, -62167219200);
  EXPECT_EQ(Parse("9999-12-31T23:59:59Z").unix_seconds, 253402300799);
  EXPECT_EQ(Parse("2000-02-29t12:00:00z").unix_seconds, 951825600);
}

TEST(DateTime, KeepsFractionAndOffset) {
  const DateTime zulu = Parse("1985-04-12T23:20:50.52Z");
  EXPECT_EQ(zulu.nanoseconds, 520000000u);
  EXPECT_TRUE(zulu.is_utc);
  EXPECT_EQ(Parse("1985-04-12T23:20:50.1234567899Z").nanoseconds, 123456789u);
  const DateTime west = Parse("1996-12-19T16:39:57-08:30");
  EXPECT_EQ(west.offset_minutes, -510);
  EXPECT_FALSE(west.is_utc);
  EXPECT_FALSE(west.offset_unknown);
  EXPECT_TRUE(Parse("1996-12-19T16:39:57-00:00").offset_unknown);
  EXPECT_FALSE(Parse("1996-12-19T16:39:57+00:00").offset_unknown);
}

// RFC 3339 §5.7, §5.8.
TEST(DateTime, TakesLeapSecondsOnlyAtTheEndOfAMonthInUtc) {
  EXPECT_EQ(Parse("1990-12-31T23:59:60Z").unix_seconds, 662688000);
  EXPECT_EQ(Parse("1990-12-31T15:59:60-08:00").unix_seconds, 662688000);
  EXPECT_EQ(Parse("1991-01-01T08:59:60+09:00").unix_seconds, 662688000);
  DateTime result;
  for (const char* bad :
       {"1990-12-30T23:59:60Z", "1990-12-31T22:59:60Z", "1990-12-31T23:58:60Z",
        "1990-12-31T23:59:60-08:00", "1990-12-31T23:59:60+01:00", "1990-12-31T23:59:61Z",
        "1991-01-02T08:59:60+09:00", "1990-12-31T15:59:60+08:00"}) {
    EXPECT_FALSE(ParseDateTime(bad, &result)) << bad;
  }
  EXPECT_EQ(Parse("1990-12-30T15:59:59-08:00").unix_seconds + 86400 + 1, 662688000);
}

TEST(DateTime, RejectsWhatRfc3339DoesNotAllow) {
  DateTime result;
  result.unix_seconds = 7;
  for (const char* bad : {"",
                          "2024",
                          "2024-01-01",
                          "2024-01-01T00:00:00",
                          "2024-01-01T00:00Z",
                          "2024-01-01 00:00:00Z",
                          "2024-00-01T00:00:00Z",
                          "2024-13-01T00:00:00Z",
                          "2024-01-00T00:00:00Z",
                          "2024-01-32T00:00:00Z",
                          "2023-02-29T00:00:00Z",
                          "1900-02-29T00:00:00Z",
                          "2024-04-31T00:00:00Z",
                          "2024-01-01T24:00:00Z",
                          "2024-01-01T00:60:00Z",
                          "2024-01-01T00:00:00.Z",
                          "2024-01-01T00:00:00,5Z",
                          "2024-01-01T00:00:00ZZ",
                          "2024-01-01T00:00:00Z ",
                          " 2024-01-01T00:00:00Z",
                          "2024-01-01T00:00:00+24:00",
                          "2024-01-01T00:00:00+00:60",
                          "2024-01-01T00:00:00+0000",
                          "2024-01-01T00:00:00+00",
                          "2024-1-01T00:00:00Z",
                          "+2024-01-01T00:00:00Z",
                          "-024-01-01T00:00:00Z",
                          "02024-01-01T00:00:00Z",
                          "2024/01/01T00:00:00Z",
                          "2024-01-01T00.00.00Z",
                          "2024-01-01T00:00: 0Z"}) {
    EXPECT_FALSE(ParseDateTime(bad, &result)) << bad;
    EXPECT_EQ(result.unix_seconds, 7);
  }
}

TEST(DateTime, RejectsEverySubstitutionOfASeparatorOrDigitByAnotherKind) {
  const std::string seed = "2024-02-29T13:14:15.9+05:30";
  for (size_t at = 0; at < seed.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string changed = seed;
      changed[at] = static_cast<char>(c);
      const bool was_digit = seed[at] >= '0' && seed[at] <= '9';
      const bool is_digit = c >= '0' && c <= '9';
      const bool same =
          changed[at] == seed[at] || (seed[at] == 'T' && c == 't') || (seed[at] == '+' && c == '-');
      DateTime result;
      if (ParseDateTime(changed, &result)) {
        EXPECT_TRUE(was_digit ? is_digit : same) << changed;
      } else {
        EXPECT_FALSE(same) << changed;
      }
    }
    DateTime result;
    EXPECT_FALSE(ParseDateTime(seed.substr(0, at), &result));
  }
}

// Day by day through more than one cycle of 400 years, against counting.
TEST(DateTime, CountsEveryDay) {
  int64_t expected = DaysFromCivil(1583, 1, 1);
  EXPECT_EQ(expected, -141349);
  for (int year = 1583; year <= 2400; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= DaysInMonth(year, month); ++day) {
        ASSERT_EQ(DaysFromCivil(year, month, day), expected) << year << "-" << month << "-" << day;
        ++expected;
      }
    }
  }
  EXPECT_EQ(DaysInMonth(2000, 2), 29);
  EXPECT_EQ(DaysInMonth(2100, 2), 28);
  EXPECT_EQ(DaysInMonth(2024, 2), 29);
  EXPECT_EQ(DaysInMonth(0, 2), 29);
}

// Every day but few that the years 0 to 9999 have, and their ends, against the reader.
TEST(DateTime, WritesWhatItReads) {
  const int64_t first = DaysFromCivil(0, 1, 1) * 86400;
  const int64_t end = (DaysFromCivil(9999, 12, 31) + 1) * 86400;
  char text[kUtcOctets];
  EXPECT_FALSE(WriteUtc(first - 1, text));
  EXPECT_FALSE(WriteUtc(end, text));
  EXPECT_FALSE(WriteUtc(INT64_MIN, text));
  EXPECT_FALSE(WriteUtc(INT64_MAX, text));
  const auto check = [&text](int64_t time) {
    ASSERT_TRUE(WriteUtc(time, text)) << time;
    DateTime read;
    ASSERT_TRUE(ParseDateTime({text, sizeof(text)}, &read)) << time;
    ASSERT_EQ(read.unix_seconds, time);
    ASSERT_TRUE(read.is_utc);
  };
  for (int64_t time = first; time < end; time += 7 * 86399) check(time);
  for (const int64_t time : {first, int64_t{-1}, int64_t{0}, int64_t{951782399}, end - 1}) {
    check(time);
  }
  ASSERT_TRUE(WriteUtc(1795600000, text));
  EXPECT_EQ(std::string(text, sizeof(text)), "2026-11-25T09:46:40Z");
}

}  // namespace
}  // namespace postern::syntax
