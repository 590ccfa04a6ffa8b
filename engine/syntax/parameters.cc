// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/parameters.h"

#include "engine/syntax/octet_class.h"
#include "engine/syntax/utf8.h"

namespace postern::syntax {
namespace {

std::string_view View(const char* begin, const char* end) {
  return std::string_view(begin, static_cast<size_t>(end - begin));
}

}  // namespace

bool ParameterIterator::Fail(ParameterError error, const char* where) {
  error_ = error;
  error_offset_ = SaturatedOffset(static_cast<size_t>(where - begin_));
  p_ = end_;
  return false;
}

bool ParameterIterator::Parse(Parameter* parameter) {
  // Copies: the compiler must take it that writing count_ may change the members.
  const char* p = p_;
  const char* const end = end_;
  if (*p != ' ') return Fail(ParameterError::kNoSpace, p);
  ++p;
  if (p == end || *p == ' ') {
    if (!options_.allow_extra_spaces) {
      return Fail(ParameterError::kExtraSpace, p == end ? p - 1 : p);
    }
    while (p != end && *p == ' ') ++p;
    if (p == end) {
      p_ = p;
      return false;
    }
  }
  if (count_ == kMaxParameters) return Fail(ParameterError::kTooMany, p);

  const char* const keyword = p;
  if (!IsOctet(*p, kLetDig)) return Fail(ParameterError::kBadKeyword, p);
  p = SkipClass<kLetDigHyphen>(p + 1, end);
  const char* const keyword_end = p;
  const char* value = p;
  bool has_value = false;
  bool has_utf8 = false;
  if (p != end && *p != ' ') {
    if (*p != '=') return Fail(ParameterError::kBadKeyword, p);
    value = ++p;
    p = SkipClass<kEsmtpValue>(p, end);
    while (p != end && *p != ' ') {
      if (!IsOctet(*p, kEightBit)) return Fail(ParameterError::kBadValue, p);
      if (!options_.utf8) return Fail(ParameterError::kNeedsUtf8, p);
      const size_t length = Utf8SequenceLength(View(p, end));
      if (length == 0) return Fail(ParameterError::kBadUtf8, p);
      has_utf8 = true;
      p = SkipClass<kEsmtpValue>(p + length, end);
    }
    if (p == value) return Fail(ParameterError::kEmptyValue, p);
    has_value = true;
  }
  parameter->keyword = View(keyword, keyword_end);
  parameter->value = View(value, p);
  parameter->has_value = has_value;
  parameter->has_utf8 = has_utf8;
  ++count_;
  p_ = p;
  return true;
}

bool EqualsIgnoreCase(std::string_view in, const char* upper) {
  for (const char c : in) {
    // A NUL in `upper` ends it; one in `in` must not match that.
    const char folded = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (*upper == '\0' || folded != *upper) return false;
    ++upper;
  }
  return *upper == '\0';
}

bool ParseDecimal(std::string_view digits, size_t max_digits, uint64_t* out) {
  if (digits.empty() || digits.size() > max_digits) return false;
  uint64_t value = 0;
  for (const char c : digits) {
    if (!IsOctet(c, kDigit)) return false;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

}  // namespace postern::syntax
