// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/ehlo_limits.h"

#include <algorithm>

#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"

namespace postern::syntax {
namespace {

struct Limit {
  const char* name;
  uint32_t EhloLimits::* value;
};

constexpr Limit kLimits[] = {
    {"MAILMAX", &EhloLimits::mail_max},
    {"RCPTMAX", &EhloLimits::rcpt_max},
    {"RCPTDOMAINMAX", &EhloLimits::rcpt_domain_max},
};

// limit-name: 1*(ALPHA / DIGIT / "-" / "_")
bool IsName(std::string_view in) {
  return !in.empty() && std::all_of(in.begin(), in.end(),
                                    [](char c) { return IsOctet(c, kLetDigHyphen) || c == '_'; });
}

// limit-value: 1*(%x21-3A / %x3C-7E)
bool IsValue(std::string_view in) {
  return !in.empty() && std::all_of(in.begin(), in.end(), [](char c) {
    return IsOctet(c, kPrintable) && c != ' ' && c != ';';
  });
}

}  // namespace

size_t WriteEhloLimits(const EhloLimits& limits, char* out) {
  char* p = out;
  for (const Limit& limit : kLimits) {
    uint32_t value = std::min(limits.*limit.value, kMaxEhloLimit);
    if (value == 0) continue;
    if (p != out) *p++ = ' ';
    for (const char* c = limit.name; *c != '\0'; ++c) *p++ = *c;
    *p++ = '=';
    char digits[6];
    size_t count = 0;
    for (; value != 0; value /= 10) digits[count++] = static_cast<char>('0' + value % 10);
    while (count != 0) *p++ = digits[--count];
  }
  return static_cast<size_t>(p - out);
}

bool ParseEhloLimits(std::string_view in, EhloLimits* out) {
  EhloLimits result;
  for (;;) {
    const size_t space = in.find(' ');
    const std::string_view item = in.substr(0, space);
    const size_t equals = item.find('=');
    const std::string_view name = item.substr(0, equals);
    if (!IsName(name)) return false;
    if (equals != std::string_view::npos) {
      const std::string_view value = item.substr(equals + 1);
      if (!IsValue(value)) return false;
      for (const Limit& limit : kLimits) {
        uint64_t number = 0;
        if (!EqualsIgnoreCase(name, limit.name) || result.*limit.value != 0) continue;
        if (value[0] == '0' || !ParseDecimal(value, 6, &number)) continue;
        result.*limit.value = static_cast<uint32_t>(number);
      }
    }
    if (space == std::string_view::npos) break;
    in.remove_prefix(space + 1);
  }
  *out = result;
  return true;
}

}  // namespace postern::syntax
