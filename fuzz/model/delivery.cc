// SPDX-License-Identifier: Apache-2.0

#include "fuzz/model/delivery.h"

#include <cstdint>
#include <string>

#include "fuzz/model/grammar.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int Hex(char c) { return IsDigit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

// RFC 3461 section 4: xtext of printable text (graphic, SP, HT), and not empty. `utf8`: of UTF-8
// too; `raw`: which may stand there as it is (RFC 6533 section 3).
bool Decode(std::string_view text, bool utf8, bool raw, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (raw && static_cast<unsigned char>(c) >= 128) {
      *out += c;
      continue;
    }
    if (c < '!' || c > '~' || c == '=') return false;
    if (c != '+') {
      *out += c;
      continue;
    }
    if (i + 2 >= text.size() || Hex(text[i + 1]) < 0 || Hex(text[i + 2]) < 0) return false;
    const int octet = Hex(text[i + 1]) * 16 + Hex(text[i + 2]);
    if (octet != '\t' && (octet < ' ' || octet > '~') && !(utf8 && octet >= 128)) return false;
    *out += static_cast<char>(octet);
    i += 2;
  }
  return !out->empty();
}

bool TakeNotify(std::string_view value, SeenEvent* event) {
  if (EqualIgnoringCase(value, "NEVER")) {
    event->notify = POSTERN_NOTIFY_NEVER;
    return true;
  }
  uint32_t notify = 0;
  size_t begin = 0;
  while (begin <= value.size()) {
    const size_t comma = value.find(',', begin);
    const size_t end = comma == std::string_view::npos ? value.size() : comma;
    const std::string_view word = value.substr(begin, end - begin);
    if (EqualIgnoringCase(word, "SUCCESS")) {
      notify |= POSTERN_NOTIFY_SUCCESS;
    } else if (EqualIgnoringCase(word, "FAILURE")) {
      notify |= POSTERN_NOTIFY_FAILURE;
    } else if (EqualIgnoringCase(word, "DELAY")) {
      notify |= POSTERN_NOTIFY_DELAY;
    } else if (!word.empty()) {
      return false;
    }
    begin = end + 1;
  }
  event->notify = notify;
  return notify != 0;
}

// An atom of RFC 822 section 3.3 that an esmtp-value can hold.
bool IsOldAtom(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || std::string_view("()<>@,;:\\\".[]=").find(c) < 14) return false;
  }
  return !text.empty();
}

bool TakeOrcpt(std::string_view value, bool utf8, SeenEvent* event) {
  const size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos || value.size() > 500) return false;
  event->orcpt_type = std::string(value.substr(0, semicolon));
  event->orcpt = std::string(value.substr(semicolon + 1));
  return IsOldAtom(event->orcpt_type) &&
         Decode(event->orcpt, utf8, utf8 && EqualIgnoringCase(event->orcpt_type, "UTF-8"),
                &event->orcpt_decoded) &&
         IsUtf8(event->orcpt_decoded);
}

// by-time ";" by-mode [by-trace], and R only with a time to come (RFC 2852 section 4).
bool TakeBy(std::string_view value, SeenEvent* event) {
  const size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos) return false;
  std::string_view time = value.substr(0, semicolon);
  const std::string_view mode = value.substr(semicolon + 1);
  const bool minus = !time.empty() && time[0] == '-';
  if (minus || (!time.empty() && time[0] == '+')) time.remove_prefix(1);
  if (time.empty() || time.size() > 9) return false;
  int32_t seconds = 0;
  for (const char c : time) {
    if (!IsDigit(c)) return false;
    seconds = seconds * 10 + (c - '0');
  }
  if (minus) seconds = -seconds;
  const bool notify = EqualIgnoringCase(mode, "N") || EqualIgnoringCase(mode, "NT");
  const bool give_back = EqualIgnoringCase(mode, "R") || EqualIgnoringCase(mode, "RT");
  if (!notify && !give_back) return false;
  if (give_back && seconds <= 0) return false;
  event->by_seconds = seconds;
  event->by_mode = static_cast<uint32_t>(notify ? POSTERN_BY_NOTIFY : POSTERN_BY_RETURN) |
                   static_cast<uint32_t>(mode.size() == 2 ? POSTERN_BY_TRACE : POSTERN_BY_NONE);
  return true;
}

bool TakePriority(std::string_view value, SeenEvent* event) {
  for (int i = -9; i <= 9; ++i) {
    if (value != std::to_string(i)) continue;
    event->priority = i;
    event->flags |= POSTERN_MAIL_PRIORITY;
    return true;
  }
  return false;
}

// As many digits at the front of *text; -1 if they are not there.
int Number(size_t digits, std::string_view* text) {
  if (text->size() < digits) return -1;
  int number = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!IsDigit((*text)[i])) return -1;
    number = number * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(digits);
  return number;
}

bool Skip(std::string_view letters, std::string_view* text) {
  if (text->empty() || letters.find((*text)[0]) == std::string_view::npos) return false;
  text->remove_prefix(1);
  return true;
}

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DaysOf(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

// date-time of RFC 3339 section 5.6 without fractions of a second.
bool ReadTime(std::string_view text, int64_t* out) {
  const int year = Number(4, &text);
  if (year < 0 || !Skip("-", &text)) return false;
  const int month = Number(2, &text);
  if (month < 1 || month > 12 || !Skip("-", &text)) return false;
  const int day = Number(2, &text);
  if (day < 1 || day > DaysOf(year, month) || !Skip("Tt", &text)) return false;
  const int hour = Number(2, &text);
  if (hour < 0 || hour > 23 || !Skip(":", &text)) return false;
  const int minute = Number(2, &text);
  if (minute < 0 || minute > 59 || !Skip(":", &text)) return false;
  const int second = Number(2, &text);
  if (second < 0 || second > 60) return false;
  int64_t days = day - 1;
  for (int m = 1; m < month; ++m) days += DaysOf(year, m);
  for (int y = 1970; y < year; ++y) days += IsLeap(y) ? 366 : 365;
  for (int y = year; y < 1970; ++y) days -= IsLeap(y) ? 366 : 365;
  int64_t time = ((days * 24 + hour) * 60 + minute) * 60 + second;
  if (!Skip("Zz", &text)) {
    const bool minus = Skip("-", &text);
    if (!minus && !Skip("+", &text)) return false;
    const int hours = Number(2, &text);
    if (hours < 0 || hours > 23 || !Skip(":", &text)) return false;
    const int minutes = Number(2, &text);
    if (minutes < 0 || minutes > 59) return false;
    const int offset = (hours * 60 + minutes) * 60;
    time += minus ? offset : -offset;
  }
  if (!text.empty()) return false;
  if (second == 60) {
    // Section 5.7: a leap second is the last one of a month, by UTC.
    if (time % 86400 != 0) return false;
    int64_t month_begin = 0;
    bool begins = time == 0;
    const bool later = time > 0;
    for (int y = later ? 1970 : 1969; !begins && (later ? month_begin < time : month_begin > time);
         y += later ? 1 : -1) {
      for (int m = 1; m <= 12; ++m) {
        const int month_now = later ? m : 13 - m;
        month_begin += (later ? 86400 : -86400) * static_cast<int64_t>(DaysOf(y, month_now));
        begins = begins || month_begin == time;
      }
    }
    if (!begins) return false;
  }
  *out = time;
  return true;
}

// RFC 4865 section 3: nine digits at the most, the first of them not 0.
bool TakeHoldFor(std::string_view value, SeenEvent* event) {
  event->flags |= POSTERN_MAIL_HOLDFOR;
  if (value.empty() || value.size() > 9 || value[0] == '0') return false;
  event->hold_for = 0;
  for (const char c : value) {
    if (!IsDigit(c)) return false;
    event->hold_for = event->hold_for * 10 + static_cast<uint32_t>(c - '0');
  }
  return true;
}

// A time in UTC, with a fraction of a second if need be: then the second behind it.
bool TakeHoldUntil(std::string_view value, SeenEvent* event) {
  event->flags |= POSTERN_MAIL_HOLDUNTIL;
  if (value.empty() || (value.back() != 'Z' && value.back() != 'z')) return false;
  std::string whole(value);
  bool more = false;
  const size_t dot = whole.find('.');
  if (dot != std::string::npos) {
    const std::string fraction = whole.substr(dot + 1, whole.size() - dot - 2);
    if (fraction.empty()) return false;
    for (size_t i = 0; i < fraction.size(); ++i) {
      if (!IsDigit(fraction[i])) return false;
      // Nanoseconds are what is looked at.
      more = more || (i < 9 && fraction[i] != '0');
    }
    whole.erase(dot, fraction.size() + 1);
  }
  if (!ReadTime(whole, &event->hold_until)) return false;
  if (more) ++event->hold_until;
  return true;
}

bool TakeRrvs(std::string_view value, SeenEvent* event) {
  const size_t semicolon = value.find(';');
  if (semicolon != std::string_view::npos) {
    const std::string_view action = value.substr(semicolon + 1);
    if (EqualIgnoringCase(action, "R")) {
      event->rrvs_action = POSTERN_RRVS_REJECT;
    } else if (EqualIgnoringCase(action, "C")) {
      event->rrvs_action = POSTERN_RRVS_CONTINUE;
    } else {
      return false;
    }
  }
  event->flags |= POSTERN_RCPT_RRVS;
  return ReadTime(value.substr(0, semicolon), &event->rrvs);
}

}  // namespace

bool IsDeliveryParameter(std::string_view keyword, bool mail) {
  if (!mail) return keyword == "NOTIFY" || keyword == "ORCPT" || keyword == "RRVS";
  return keyword == "RET" || keyword == "ENVID" || keyword == "REQUIRETLS" || keyword == "BY" ||
         keyword == "MT-PRIORITY" || keyword == "HOLDFOR" || keyword == "HOLDUNTIL";
}

bool TakeDelivery(std::string_view keyword, bool has_value, std::string_view value, bool utf8,
                  SeenEvent* event) {
  if (keyword == "REQUIRETLS") {
    event->flags |= POSTERN_MAIL_REQUIRETLS;
    return !has_value;
  }
  if (keyword == "RET") {
    const bool full = EqualIgnoringCase(value, "FULL");
    event->dsn_return = full ? POSTERN_DSN_RETURN_FULL : POSTERN_DSN_RETURN_HEADERS;
    return full || EqualIgnoringCase(value, "HDRS");
  }
  if (keyword == "ENVID") {
    event->envid = std::string(value);
    return value.size() <= 100 && Decode(value, false, false, &event->envid_decoded);
  }
  if (keyword == "NOTIFY") return TakeNotify(value, event);
  if (keyword == "ORCPT") return TakeOrcpt(value, utf8, event);
  if (keyword == "BY") return TakeBy(value, event);
  if (keyword == "MT-PRIORITY") return TakePriority(value, event);
  if (keyword == "HOLDFOR") return TakeHoldFor(value, event);
  if (keyword == "HOLDUNTIL") return TakeHoldUntil(value, event);
  return TakeRrvs(value, event);
}

}  // namespace postern::fuzz::model
