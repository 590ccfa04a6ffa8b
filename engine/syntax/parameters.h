// SPDX-License-Identifier: Apache-2.0
//
// ESMTP parameters (RFC 5321 §4.1.2 Mail-parameters, Rcpt-parameters; §4.1.1.11; RFC 6531 §3.3),
// and the small readers that parameter values need.
//
// What it is: an iterator over what follows a path. It checks the grammar of one parameter at a
// time. What it is not: a list of known keywords, nor a check that one comes only once
// (engine/commands).
//
// Threads and lifetime: a ParameterIterator has one owner; it and its Parameters borrow the input.

#ifndef POSTERN_ENGINE_SYNTAX_PARAMETERS_H_
#define POSTERN_ENGINE_SYNTAX_PARAMETERS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

struct Parameter {
  std::string_view keyword;
  std::string_view value;  // empty without "="; with it, never empty
  bool has_value = false;
  bool has_utf8 = false;
};

enum class ParameterError : uint8_t {
  kNone,
  kNoSpace,     // something follows the path without a space
  kExtraSpace,  // two spaces together, or one at the end
  kBadKeyword,  // not (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
  kEmptyValue,  // "=" and nothing
  kBadValue,    // an octet no esmtp-value may hold
  kNeedsUtf8,   // an octet 0x80-0xFF in a value, and `utf8` is off
  kBadUtf8,     // malformed UTF-8
  kTooMany,     // more than kMaxParameters
};

// Deviations and extensions, each off by default.
struct ParameterOptions {
  bool utf8 = false;                // RFC 6531 §3.3 esmtp-value
  bool allow_extra_spaces = false;  // runs of SP count as one, and one may stand at the end
};

class ParameterIterator {
 public:
  static constexpr size_t kMaxParameters = 64;

  // `rest` is what follows the path: nothing, or SP and parameters.
  explicit ParameterIterator(std::string_view rest, const ParameterOptions& options = {})
      : p_(rest.data()), begin_(rest.data()), end_(rest.data() + rest.size()), options_(options) {}

  // False at the end and at an error, from then on always.
  bool Next(Parameter* parameter) { return p_ != end_ && Parse(parameter); }

  ParameterError error() const { return error_; }
  // In `rest`, of the octet that is wrong; where a parameter is one too many, of its first octet.
  uint16_t error_offset() const { return error_offset_; }
  size_t count() const { return count_; }

 private:
  bool Parse(Parameter* parameter);
  bool Fail(ParameterError error, const char* where);

  const char* p_;
  const char* begin_;
  const char* end_;
  ParameterOptions options_;
  uint8_t count_ = 0;
  ParameterError error_ = ParameterError::kNone;
  uint16_t error_offset_ = 0;
};

// Whether `in` is `upper` but for the case of ASCII letters. `upper` ends with NUL and holds no
// lower case letter.
bool EqualsIgnoreCase(std::string_view in, const char* upper);

// The value of 1*max_digits DIGIT. False, and *out untouched, for anything else and for values
// beyond 64 bits.
bool ParseDecimal(std::string_view digits, size_t max_digits, uint64_t* out);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_PARAMETERS_H_
