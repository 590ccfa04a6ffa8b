// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/date_time.h"

#include "engine/syntax/octet_class.h"

namespace postern::syntax {
namespace {

// Takes fixed-width parts from the front; after the first misfit it stays failed.
class Reader {
 public:
  explicit Reader(std::string_view in) : p_(in.data()), end_(in.data() + in.size()) {}

  // `digits` DIGIT; -1 if they are not there or exceed `max`.
  int Number(int digits, int max) {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      if (p_ == end_ || !IsOctet(*p_, kDigit)) return Fail();
      value = value * 10 + (*p_++ - '0');
    }
    return value > max ? Fail() : value;
  }

  void Literal(char c) {
    if (!Take(c)) Fail();
  }

  bool Take(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }

  // 1*DIGIT as a decimal fraction, in units of 10^-9.
  uint32_t Fraction() {
    const char* const first = p_;
    uint32_t value = 0;
    uint32_t unit = 100000000;
    for (; p_ != end_ && IsOctet(*p_, kDigit); ++p_) {
      value += static_cast<uint32_t>(*p_ - '0') * unit;
      unit /= 10;
    }
    if (p_ == first) Fail();
    return value;
  }

  bool failed() const { return failed_; }
  bool AtEnd() const { return p_ == end_; }

 private:
  int Fail() {
    failed_ = true;
    return -1;
  }

  const char* p_;
  const char* end_;
  bool failed_ = false;
};

bool IsLeapYear(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

}  // namespace

int DaysInMonth(int year, int month) {
  static constexpr uint8_t kDays[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && IsLeapYear(year) ? 1 : 0);
}

int64_t DaysFromCivil(int year, int month, int day) {
  static constexpr int16_t kDaysBefore[12] = {0,   31,  59,  90,  120, 151,
                                              181, 212, 243, 273, 304, 334};
  // Leap years in [0, year), year 0 among them.
  const int leap_years = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
  const int leap_day = month > 2 && IsLeapYear(year) ? 1 : 0;
  constexpr int64_t kDaysTo1970 = 719528;
  return int64_t{365} * year + leap_years + kDaysBefore[month - 1] + leap_day + (day - 1) -
         kDaysTo1970;
}

bool ParseDateTime(std::string_view in, DateTime* out) {
  Reader reader(in);
  const int year = reader.Number(4, 9999);
  reader.Literal('-');
  const int month = reader.Number(2, 12);
  reader.Literal('-');
  const int day = reader.Number(2, 31);
  if (!reader.Take('T')) reader.Literal('t');
  const int hour = reader.Number(2, 23);
  reader.Literal(':');
  const int minute = reader.Number(2, 59);
  reader.Literal(':');
  const int second = reader.Number(2, 60);

  DateTime result;
  if (reader.Take('.')) result.nanoseconds = reader.Fraction();
  if (reader.Take('Z') || reader.Take('z')) {
    result.is_utc = true;
  } else {
    const bool west = reader.Take('-');
    if (!west) reader.Literal('+');
    const int offset_hour = reader.Number(2, 23);
    reader.Literal(':');
    const int offset = offset_hour * 60 + reader.Number(2, 59);
    result.offset_minutes = static_cast<int16_t>(west ? -offset : offset);
    result.offset_unknown = west && offset == 0;
  }
  if (reader.failed() || !reader.AtEnd()) return false;
  if (month < 1 || day < 1 || day > DaysInMonth(year, month)) return false;

  const int utc_minute = hour * 60 + minute - result.offset_minutes;
  if (second == 60) {
    // The day that is in UTC, counted in the month that is here: 0 is the last of the month before.
    const int shift = utc_minute < 0 ? -1 : utc_minute >= 1440 ? 1 : 0;
    const int utc_day = day + shift;
    const bool last_of_month = utc_day == 0 || utc_day == DaysInMonth(year, month);
    if (utc_minute - shift * 1440 != 1439 || !last_of_month) return false;
  }
  result.unix_seconds = DaysFromCivil(year, month, day) * 86400 + int64_t{utc_minute} * 60 + second;
  *out = result;
  return true;
}

bool WriteUtc(int64_t unix_seconds, char (&out)[kUtcOctets]) {
  constexpr int64_t kDay = 86400;
  if (unix_seconds < DaysFromCivil(0, 1, 1) * kDay ||
      unix_seconds >= (DaysFromCivil(9999, 12, 31) + 1) * kDay) {
    return false;
  }
  const int64_t rest = (unix_seconds % kDay + kDay) % kDay;
  const int64_t days = (unix_seconds - rest) / kDay;
  // No year is longer than 366 days and none shorter than 365: from the guess it is not far.
  int year = 1970 + static_cast<int>(days / 366);
  if (days < 0) year = 1970 + static_cast<int>(days / 365) - 1;
  if (year < 0) year = 0;
  while (year < 9999 && DaysFromCivil(year + 1, 1, 1) <= days) ++year;
  int month = 1;
  while (month < 12 && DaysFromCivil(year, month + 1, 1) <= days) ++month;
  const int day = static_cast<int>(days - DaysFromCivil(year, month, 1)) + 1;
  char* p = out;
  const auto put = [&p](int value, int digits, char behind) {
    for (int i = digits; i-- > 0; value /= 10) p[i] = static_cast<char>('0' + value % 10);
    p += digits;
    *p++ = behind;
  };
  put(year, 4, '-');
  put(month, 2, '-');
  put(day, 2, 'T');
  put(static_cast<int>(rest / 3600), 2, ':');
  put(static_cast<int>(rest / 60 % 60), 2, ':');
  put(static_cast<int>(rest % 60), 2, 'Z');
  return true;
}

}  // namespace postern::syntax
