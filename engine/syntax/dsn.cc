// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/dsn.h"

#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"
#include "engine/syntax/utf8.h"
#include "engine/syntax/xtext.h"

namespace postern::syntax {
namespace {

// Graphic characters and white space of US-ASCII (§4.2, §4.4).
bool IsPrintable(char c) { return IsOctet(c, kPrintable) || c == '\t'; }

// What the octets of an encoded text may stand for: printable ASCII alone, well-formed UTF-8 in
// xtext too, or UTF-8 in xtext and as it is.
enum class Beyond : uint8_t { kAscii, kEncoded, kRaw };

// xtext of printable text.
DsnError CheckXtext(std::string_view in, Beyond beyond = Beyond::kAscii) {
  const bool raw = beyond == Beyond::kRaw;
  bool beyond_ascii = false;
  for (size_t i = 0; i < in.size(); ++i) {
    size_t encoded = 1;
    if (in[i] == '+') encoded = in.size() - i < 3 ? in.size() - i : 3;
    char octet = 0;
    size_t length = 0;
    if (DecodeXtext(in.substr(i, encoded), &octet, 1, &length, raw) != XtextError::kNone) {
      return DsnError::kBadXtext;
    }
    if (!IsPrintable(octet)) {
      if (beyond == Beyond::kAscii || !IsOctet(octet, kEightBit)) return DsnError::kNotPrintable;
      beyond_ascii = true;
    }
    i += encoded - 1;
  }
  // What is longer than there is room for is too long whatever it stands for.
  if (!beyond_ascii || in.size() > kMaxOrcptOctets) return DsnError::kNone;
  char decoded[kMaxOrcptOctets];
  size_t length = 0;
  DecodeXtext(in, decoded, sizeof(decoded), &length, raw);
  return IsWellFormedUtf8({decoded, length}) ? DsnError::kNone : DsnError::kNotPrintable;
}

uint8_t NotifyBit(std::string_view word) {
  if (EqualsIgnoreCase(word, "NEVER")) return kNotifyNever;
  if (EqualsIgnoreCase(word, "SUCCESS")) return kNotifySuccess;
  if (EqualsIgnoreCase(word, "FAILURE")) return kNotifyFailure;
  if (EqualsIgnoreCase(word, "DELAY")) return kNotifyDelay;
  return 0;
}

}  // namespace

DsnError ParseRet(std::string_view value, DsnReturn* out) {
  if (value.empty()) return DsnError::kEmpty;
  if (EqualsIgnoreCase(value, "FULL")) {
    *out = DsnReturn::kFull;
  } else if (EqualsIgnoreCase(value, "HDRS")) {
    *out = DsnReturn::kHeaders;
  } else {
    return DsnError::kUnknownWord;
  }
  return DsnError::kNone;
}

DsnError ParseNotify(std::string_view value, uint8_t* out) {
  if (EqualsIgnoreCase(value, "NEVER")) {
    *out = kNotifyNever;
    return DsnError::kNone;
  }
  uint8_t bits = 0;
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view word = value.substr(0, comma);
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    if (word.empty()) continue;
    const uint8_t bit = NotifyBit(word);
    if (bit == 0) return DsnError::kUnknownWord;
    if (bit == kNotifyNever) return DsnError::kNeverAndMore;
    bits = static_cast<uint8_t>(bits | bit);
  }
  if (bits == 0) return DsnError::kEmpty;
  *out = bits;
  return DsnError::kNone;
}

DsnError ParseEnvid(std::string_view value) {
  if (value.empty()) return DsnError::kEmpty;
  const DsnError error = CheckXtext(value);
  if (error != DsnError::kNone) return error;
  return value.size() > kMaxEnvidOctets ? DsnError::kTooLong : DsnError::kNone;
}

Orcpt ParseOrcpt(std::string_view value, bool utf8) {
  Orcpt result;
  const auto fail = [&result](DsnError error) {
    result.error = error;
    return result;
  };
  if (value.empty()) return fail(DsnError::kEmpty);
  // RFC 822 §3.3 atom: what RFC 5322 calls atext, but for the "=" that no esmtp-value has.
  size_t at = 0;
  while (at < value.size() && IsOctet(value[at], kAtext) && value[at] != '=') ++at;
  if (at == 0 || at == value.size() || value[at] != ';') return fail(DsnError::kBadAddrType);
  const std::string_view address = value.substr(at + 1);
  if (address.empty()) return fail(DsnError::kEmpty);
  // RFC 6533 §3: utf-8-addr-unitext is of that type alone.
  const bool raw = utf8 && EqualsIgnoreCase(value.substr(0, at), "UTF-8");
  const DsnError error = CheckXtext(address, raw    ? Beyond::kRaw
                                             : utf8 ? Beyond::kEncoded
                                                    : Beyond::kAscii);
  if (error != DsnError::kNone) return fail(error);
  if (value.size() > kMaxOrcptOctets) return fail(DsnError::kTooLong);
  result.addr_type = value.substr(0, at);
  result.address = address;
  return result;
}

}  // namespace postern::syntax
