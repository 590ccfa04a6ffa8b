// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/date.h"

#include <cstdint>
#include <string>

#include "fuzz/oracle/smtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

int Number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

struct Day {
  int year, month, day;
  bool operator==(const Day& other) const {
    return year == other.year && month == other.month && day == other.day;
  }
};

int DaysOf(int year, int month) {
  switch (month) {
    case 2:
      return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
    case 4:
    case 6:
    case 9:
    case 11:
      return 30;
    default:
      return 31;
  }
}

int DaysOf(int year) { return DaysOf(year, 2) + 337; }

// Counted year by year and month by month.
int64_t DayNumber(const Day& day) {
  int64_t number = 0;
  for (int year = 1970; year < day.year; ++year) number += DaysOf(year);
  for (int year = 1970; year > day.year; --year) number -= DaysOf(year - 1);
  for (int month = 1; month < day.month; ++month) number += DaysOf(day.year, month);
  return number + day.day - 1;
}

bool IsLastOfMonth(int64_t day_number, int year) {
  // The years around are all that a day in UTC can be in.
  for (int y = year - 1; y <= year + 1; ++y) {
    for (int month = 1; month <= 12; ++month) {
      if (DayNumber({y, month, DaysOf(y, month)}) == day_number) return true;
    }
  }
  return false;
}

}  // namespace

Finding DateTimeAgrees(std::string_view in, bool taken, const syntax::DateTime& got) {
  bool right = MatchesValue("date-time", in);
  syntax::DateTime want;
  if (right) {
    // Every part but the fraction has its place.
    const Day day = {Number(in.substr(0, 4)), Number(in.substr(5, 2)), Number(in.substr(8, 2))};
    const int second = Number(in.substr(17, 2));
    std::string_view rest = in.substr(19);
    if (rest[0] == '.') {
      std::string fraction;
      for (rest.remove_prefix(1); rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1)) {
        fraction += rest[0];
      }
      fraction.resize(9, '0');
      want.nanoseconds = static_cast<uint32_t>(Number(fraction));
    }
    want.is_utc = rest.size() == 1;
    if (!want.is_utc) {
      const int minutes = Number(rest.substr(1, 2)) * 60 + Number(rest.substr(4, 2));
      want.offset_minutes = static_cast<int16_t>(rest[0] == '-' ? -minutes : minutes);
      want.offset_unknown = rest == "-00:00";
    }
    const int64_t minute = DayNumber(day) * 1440 + Number(in.substr(11, 2)) * 60 +
                           Number(in.substr(14, 2)) - want.offset_minutes;
    want.unix_seconds = minute * 60 + second;
    if (day.day > DaysOf(day.year, day.month)) right = false;
    // §5.7: a leap second is the last one of a month in UTC.
    if (right && second == 60) {
      const int64_t utc_day = (minute + 1440000000) / 1440 - 1000000;
      right = (minute + 1440000000) % 1440 == 1439 && IsLastOfMonth(utc_day, day.year);
    }
  }
  if (taken != right) {
    return std::string(taken ? "taken, and should not be: " : "refused, and is right: ") +
           Visible(in);
  }
  if (!right) return {};
  if (got.unix_seconds != want.unix_seconds) {
    return Visible(in) + " is second " + std::to_string(want.unix_seconds) + ", not " +
           std::to_string(got.unix_seconds);
  }
  if (got.nanoseconds != want.nanoseconds) return "the fraction of " + Visible(in);
  if (got.offset_minutes != want.offset_minutes) return "the offset of " + Visible(in);
  if (got.is_utc != want.is_utc) return "is_utc of " + Visible(in);
  if (got.offset_unknown != want.offset_unknown) return "offset_unknown of " + Visible(in);
  return {};
}

}  // namespace postern::fuzz::oracle
