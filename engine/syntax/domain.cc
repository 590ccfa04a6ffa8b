// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/domain.h"

#include "engine/syntax/octet_class.h"
#include "engine/syntax/utf8.h"

namespace postern::syntax {
namespace {

std::string_view View(const char* begin, const char* end) {
  return std::string_view(begin, static_cast<size_t>(end - begin));
}

void Stop(DomainError error, const char* where, DomainScan* scan) {
  scan->error = error;
  scan->stop = where;
  scan->text = {};
}

// Snum 3("." Snum), all of [p, end). *stop is where it goes wrong.
bool ScanIpv4(const char* p, const char* end, const char** stop) {
  for (int i = 0; i < 4; ++i) {
    if (i != 0) {
      if (p == end || *p != '.') {
        *stop = p;
        return false;
      }
      ++p;
    }
    const char* const snum = p;
    int value = 0;
    while (p != end && p - snum < 3 && IsOctet(*p, kDigit)) value = value * 10 + (*p++ - '0');
    if (p == snum || value > 255) {
      *stop = snum;
      return false;
    }
  }
  *stop = p;
  return p == end;
}

// IPv6-addr, all of [p, end): the four forms differ only in how many groups they want, so one loop
// counts groups and remembers whether "::" was there.
bool ScanIpv6(const char* p, const char* end, const char** stop) {
  int groups = 0;
  bool gap = false;
  *stop = p;
  if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
    gap = true;
    p += 2;
    if (p == end) return true;
  }
  while (groups < 8) {
    const char* const group = p;
    while (p != end && p - group < 4 && IsOctet(*p, kHexDigit)) ++p;
    *stop = p;
    if (p == group) return false;
    if (p != end && *p == '.') {
      *stop = group;
      return (gap ? groups <= 4 : groups == 6) && ScanIpv4(group, end, stop);
    }
    ++groups;
    if (p == end) return gap ? groups <= 6 : groups == 8;
    if (*p != ':') return false;
    ++p;
    if (p != end && *p == ':') {
      *stop = p;
      if (gap) return false;
      gap = true;
      ++p;
      if (p == end) return groups <= 6;
    }
  }
  *stop = p;
  return false;
}

// Where a label that is too long passes its limit: at an octet, or at a code point if it has UTF-8.
const char* TooLongFrom(const char* label, const char* end) {
  bool has_utf8 = false;
  for (const char* p = label; p != end; ++p) has_utf8 |= IsOctet(*p, kEightBit);
  if (!has_utf8) return label + kMaxLabelOctets;
  const char* p = label;
  for (size_t points = 0; p != end; ++p) {
    if (!IsOctet(*p, kUtf8Tail) && points++ == kMaxUtf8LabelCodePoints) break;
  }
  return p;
}

// Whether what follows a dot goes on with the domain, rightly or not.
bool MayStartLabel(const char* p, const char* end, const DomainOptions& options) {
  return p != end &&
         (IsOctet(*p, kLetDigHyphen | kEightBit) || *p == '.' || (*p == '_' && options.underscore));
}

bool HasIpv6Tag(const char* p, const char* end) {
  return end - p >= 5 && (p[0] | 0x20) == 'i' && (p[1] | 0x20) == 'p' && (p[2] | 0x20) == 'v' &&
         p[3] == '6' && p[4] == ':';
}

DomainResult Finish(std::string_view in, const DomainScan& scan, bool is_literal) {
  DomainResult result;
  const char* const end = in.data() + in.size();
  DomainError error = scan.error;
  const char* where = scan.stop;
  if (error == DomainError::kEmpty && !in.empty()) error = DomainError::kBadOctet;
  if (error == DomainError::kNone && scan.stop != end) error = DomainError::kBadOctet;
  if (error == DomainError::kNone && scan.text.size() > kMaxDomainOctets) {
    error = DomainError::kTooLong;
    where = in.data() + kMaxDomainOctets;
  }
  if (error != DomainError::kNone) {
    result.error = error;
    result.error_offset = SaturatedOffset(static_cast<size_t>(where - in.data()));
    return result;
  }
  result.is_literal = is_literal;
  result.has_utf8 = scan.has_utf8;
  result.text = scan.text;
  return result;
}

}  // namespace

void ScanDomain(const char* begin, const char* end, const DomainOptions& options,
                DomainScan* scan) {
  bool has_utf8 = false;
  scan->has_utf8 = false;
  const char* p = begin;
  const char* label = p;
  for (;;) {
    p = SkipClass<kLetDigHyphen>(p, end);
    size_t tails = 0;  // octets that continue a code point
    while (p != end && *p != '.') {
      if (*p == '_' && options.underscore) {
        ++p;
      } else if (IsOctet(*p, kEightBit)) {
        if (!options.utf8) return Stop(DomainError::kNeedsUtf8, p, scan);
        const size_t length = Utf8SequenceLength(View(p, end));
        if (length == 0) return Stop(DomainError::kBadUtf8, p, scan);
        has_utf8 = true;
        tails += length - 1;
        p += length;
      } else {
        break;
      }
      p = SkipClass<kLetDigHyphen>(p, end);
    }
    if (p == label) {
      const bool nothing = p == begin && (p == end || *p != '.');
      return Stop(nothing ? DomainError::kEmpty : DomainError::kEmptyLabel, p, scan);
    }
    if (*label == '-') return Stop(DomainError::kHyphenAtEdge, label, scan);
    const size_t octets = static_cast<size_t>(p - label);
    if (octets > kMaxLabelOctets || tails != 0) {
      if (tails == 0 || octets - tails > kMaxUtf8LabelCodePoints) {
        return Stop(DomainError::kLabelTooLong, TooLongFrom(label, p), scan);
      }
    }
    if (p[-1] == '-') return Stop(DomainError::kHyphenAtEdge, p - 1, scan);
    if (p == end || *p != '.') break;
    label = p + 1;
    if (options.trailing_dot && !MayStartLabel(label, end, options)) {
      scan->error = DomainError::kNone;
      scan->has_utf8 = has_utf8;
      scan->text = View(begin, p);
      scan->stop = label;
      return;
    }
    p = label;
  }
  scan->error = DomainError::kNone;
  scan->has_utf8 = has_utf8;
  scan->text = View(begin, p);
  scan->stop = p;
}

// Says as much as ScanIpv4 does of what is right, and nothing of what is wrong.
const char* BehindIpv4Literal(const char* begin, const char* end) {
  const char* p = begin + 1;
  for (int dots = 0;; ++dots) {
    // One digit, or two or three; beyond the end there is none.
    const auto digit = [p, end](ptrdiff_t i) {
      return end - p > i ? static_cast<unsigned>(static_cast<unsigned char>(p[i])) - '0' : 10u;
    };
    unsigned value = digit(0);
    if (value > 9) return nullptr;
    ptrdiff_t digits = 1;
    if (const unsigned second = digit(1); second <= 9) {
      value = value * 10 + second;
      digits = 2;
      if (const unsigned third = digit(2); third <= 9) {
        value = value * 10 + third;
        digits = 3;
        if (value > 255) return nullptr;
      }
    }
    p += digits;
    if (p == end) return nullptr;
    if (*p != '.') return *p == ']' && dots == 3 ? p + 1 : nullptr;
    if (dots == 3) return nullptr;
    ++p;
  }
}

void ScanAddressLiteral(const char* begin, const char* end, DomainScan* scan) {
  *scan = DomainScan{};
  const char* const behind = BehindIpv4Literal(begin, end);
  if (behind != nullptr) {
    scan->stop = behind;
    scan->text = View(begin, behind);
    return;
  }
  const char* const content = begin + 1;
  // The closing bracket is the first octet that is no dcontent; ":" "." and hexadecimal digits are.
  const char* const close = SkipClass<kDcontent>(content, end);
  if (close == end || *close == ' ') return Stop(DomainError::kUnclosedLiteral, close, scan);
  if (*close != ']') return Stop(DomainError::kBadOctet, close, scan);

  const char* wrong = content;
  const char* const tag_end = SkipClass<kLetDigHyphen>(content, close);
  if (HasIpv6Tag(content, close)) {
    if (!ScanIpv6(content + 5, close, &wrong)) return Stop(DomainError::kBadIpv6, wrong, scan);
  } else if (*tag_end == ':') {
    if (tag_end == content) return Stop(DomainError::kBadGeneralLiteral, content, scan);
    if (tag_end[-1] == '-') return Stop(DomainError::kBadGeneralLiteral, tag_end - 1, scan);
    if (tag_end + 1 == close) return Stop(DomainError::kBadGeneralLiteral, close, scan);
  } else if (!IsOctet(*content, kDigit)) {
    return Stop(DomainError::kBadGeneralLiteral, tag_end, scan);
  } else if (!ScanIpv4(content, close, &wrong)) {
    return Stop(DomainError::kBadIpv4, wrong, scan);
  }
  scan->stop = close + 1;
  scan->text = View(begin, scan->stop);
}

DomainResult ParseDomain(std::string_view in, const DomainOptions& options) {
  DomainScan scan;
  ScanDomain(in.data(), in.data() + in.size(), options, &scan);
  return Finish(in, scan, false);
}

DomainResult ParseAddressLiteral(std::string_view in) {
  if (in.empty() || in[0] != '[') {
    DomainResult result;
    result.error = in.empty() ? DomainError::kEmpty : DomainError::kNotLiteral;
    return result;
  }
  DomainScan scan;
  ScanAddressLiteral(in.data(), in.data() + in.size(), &scan);
  return Finish(in, scan, true);
}

DomainResult ParseDomainOrLiteral(std::string_view in, const DomainOptions& options) {
  return !in.empty() && in[0] == '[' ? ParseAddressLiteral(in) : ParseDomain(in, options);
}

bool IsIpv4AddressLiteral(std::string_view in) {
  const char* stop;
  return ScanIpv4(in.data(), in.data() + in.size(), &stop);
}

bool IsIpv6Addr(std::string_view in) {
  const char* stop;
  return ScanIpv6(in.data(), in.data() + in.size(), &stop);
}

}  // namespace postern::syntax
