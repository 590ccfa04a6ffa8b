// SPDX-License-Identifier: Apache-2.0

#include "fuzz/model/grammar.h"

#include <cstddef>
#include <cstdint>

namespace postern::fuzz::model {
namespace {

bool IsAlpha(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetDig(char c) { return IsAlpha(c) || IsDigit(c); }
bool IsHigh(char c) { return static_cast<uint8_t>(c) >= 0x80; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }

// RFC 5322 section 3.2.3; RFC 6531 section 3.3 adds UTF8-non-ascii.
bool IsAtext(char c, bool utf8) {
  if (IsHigh(c)) return utf8;
  return IsLetDig(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos);
}

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts(1);
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != at) continue;
    parts.back() = text.substr(begin, i - begin);
    parts.emplace_back();
    begin = i + 1;
  }
  parts.back() = text.substr(begin);
  return parts;
}

// Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
bool IsLdhStr(std::string_view text) {
  for (const char c : text) {
    if (!IsLetDig(c) && c != '-') return false;
  }
  return !text.empty() && IsLetDig(text.back());
}

// sub-domain = Let-dig [Ldh-str], RFC 6531: / U-label. At most 63 octets (RFC 1035 section 2.3.4).
Is IsSubDomain(std::string_view text, bool utf8) {
  if (IsAscii(text)) {
    if (text.empty() || text.size() > 63 || !IsLetDig(text[0])) return Is::kNo;
    return text.size() == 1 || IsLdhStr(text.substr(1)) ? Is::kYes : Is::kNo;
  }
  if (!utf8 || !IsUtf8(text)) return Is::kNo;
  for (const char c : text) {
    if (!IsHigh(c) && !IsLetDig(c) && c != '-') return Is::kNo;
  }
  // What makes a U-label is a matter of RFC 5891: the hyphens, and the length of its A-label.
  if (text.front() == '-' || text.back() == '-' || text.size() > 63) return Is::kUnclear;
  if (text.size() > 3 && text.substr(2, 2) == "--") return Is::kUnclear;
  return Is::kYes;
}

// Snum = 1*3DIGIT, 0 to 255
bool IsIpv4(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '.');
  if (parts.size() != 4) return false;
  for (const std::string_view part : parts) {
    if (part.empty() || part.size() > 3) return false;
    int value = 0;
    for (const char c : part) {
      if (!IsDigit(c)) return false;
      value = value * 10 + (c - '0');
    }
    if (value > 255) return false;
  }
  return true;
}

// Groups of IPv6-hex, `n` to `m` of them; nothing is no group.
bool IsGroups(std::string_view text, size_t least, size_t most, size_t* count) {
  *count = 0;
  if (text.empty()) return least == 0;
  for (const std::string_view part : Split(text, ':')) {
    if (part.empty() || part.size() > 4) return false;
    for (const char c : part) {
      if (!IsHex(c)) return false;
    }
    ++*count;
  }
  return *count >= least && *count <= most;
}

// IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
bool IsIpv6(std::string_view text) {
  size_t before = 0;
  size_t after = 0;
  if (IsGroups(text, 8, 8, &before)) return true;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text.substr(i, 2) != "::") continue;
    // No more than 6 groups in addition to the "::" may be present.
    if (IsGroups(text.substr(0, i), 0, 6, &before) && IsGroups(text.substr(i + 2), 0, 6, &after) &&
        before + after <= 6) {
      return true;
    }
    // No more than 4 groups in addition to the "::" and IPv4-address-literal may be present.
    const std::string_view rest = text.substr(i + 2);
    if (!IsGroups(text.substr(0, i), 0, 4, &before)) continue;
    if (IsIpv4(rest)) return true;
    for (size_t j = 0; j < rest.size(); ++j) {
      if (rest[j] == ':' && IsGroups(rest.substr(0, j), 1, 4, &after) && before + after <= 4 &&
          IsIpv4(rest.substr(j + 1))) {
        return true;
      }
    }
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && IsGroups(text.substr(0, i), 6, 6, &before) &&
        IsIpv4(text.substr(i + 1))) {
      return true;
    }
  }
  return false;
}

// General-address-literal = Standardized-tag ":" 1*dcontent. "IPv6" is a tag with a grammar of its
// own.
bool IsGeneralLiteral(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view tag = text.substr(0, colon);
  if (!IsLdhStr(tag) || EqualIgnoringCase(tag, "IPv6")) return false;
  const std::string_view content = text.substr(colon + 1);
  for (const char c : content) {
    if (c < 33 || c > 126 || (c > 90 && c < 94)) return false;
  }
  return !content.empty();
}

}  // namespace

Is And(Is a, Is b) {
  if (a == Is::kNo || b == Is::kNo) return Is::kNo;
  return a == Is::kUnclear || b == Is::kUnclear ? Is::kUnclear : Is::kYes;
}

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (IsHigh(c)) return false;
  }
  return true;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i]);
    size_t more = 0;
    uint32_t value = first;
    uint32_t least = 0;
    if (first < 0x80) {
      ++i;
      continue;
    }
    if (first >= 0xC0 && first < 0xE0) {
      more = 1;
      value = first & 0x1Fu;
      least = 0x80;
    } else if (first >= 0xE0 && first < 0xF0) {
      more = 2;
      value = first & 0x0Fu;
      least = 0x800;
    } else if (first >= 0xF0 && first < 0xF8) {
      more = 3;
      value = first & 0x07u;
      least = 0x10000;
    } else {
      return false;
    }
    if (i + more >= text.size()) return false;
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      value = value << 6 | (next & 0x3Fu);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool IsAtom(std::string_view text, bool utf8) {
  for (const char c : text) {
    if (!IsAtext(c, utf8)) return false;
  }
  return !text.empty() && IsUtf8(text);
}

bool IsDotString(std::string_view text, bool utf8) {
  for (const std::string_view part : Split(text, '.')) {
    if (!IsAtom(part, utf8)) return false;
  }
  return true;
}

// DQUOTE *QcontentSMTP DQUOTE; qtextSMTP = %d32-33 / %d35-91 / %d93-126; quoted-pairSMTP = "\"
// %d32-126
bool IsQuotedString(std::string_view text, bool utf8) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"' || !IsUtf8(text)) return false;
  const std::string_view content = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < content.size(); ++i) {
    const char c = content[i];
    if (IsHigh(c)) {
      if (!utf8) return false;
    } else if (c == '\\') {
      if (i + 1 == content.size() || content[i + 1] < 32 || content[i + 1] > 126) return false;
      ++i;
    } else if (c < 32 || c > 126 || c == '"') {
      return false;
    }
  }
  return true;
}

bool IsLocalPart(std::string_view text, bool utf8) {
  return IsDotString(text, utf8) || IsQuotedString(text, utf8);
}

Is IsDomain(std::string_view text, bool utf8) {
  Is all = Is::kYes;
  for (const std::string_view part : Split(text, '.')) all = And(all, IsSubDomain(part, utf8));
  return all;
}

bool IsAddressLiteral(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  const std::string_view inner = text.substr(1, text.size() - 2);
  if (IsIpv4(inner)) return true;
  if (inner.size() > 5 && EqualIgnoringCase(inner.substr(0, 5), "IPv6:")) {
    return IsIpv6(inner.substr(5));
  }
  return IsGeneralLiteral(inner);
}

// (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
bool IsEsmtpKeyword(std::string_view text) {
  if (text.empty() || !IsLetDig(text[0])) return false;
  for (const char c : text) {
    if (!IsLetDig(c) && c != '-') return false;
  }
  return true;
}

// 1*(%d33-60 / %d62-126), RFC 6531: / UTF8-non-ascii
bool IsEsmtpValue(std::string_view text, bool utf8) {
  for (const char c : text) {
    if (IsHigh(c)) {
      if (!utf8) return false;
    } else if (c < 33 || c > 126 || c == '=') {
      return false;
    }
  }
  return !text.empty() && IsUtf8(text);
}

PathParts ReadMailbox(std::string_view text, const PathOptions& options) {
  PathParts parts;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '@') continue;
    const std::string_view local = text.substr(0, at);
    std::string_view domain = text.substr(at + 1);
    if (!IsLocalPart(local, options.utf8)) continue;
    const bool literal = IsAddressLiteral(domain);
    if (!literal && options.trailing_dot && !domain.empty() && domain.back() == '.') {
      domain.remove_suffix(1);
    }
    const Is is = literal ? Is::kYes : IsDomain(domain, options.utf8);
    if (is == Is::kNo) continue;
    parts.is = is;
    parts.local_part = std::string(local);
    parts.domain = std::string(domain);
    parts.quoted = local.front() == '"';
    parts.literal = literal;
    parts.too_long = local.size() > 64 || domain.size() > 255;
    return parts;
  }
  return parts;
}

PathParts ReadPath(std::string_view text, const PathOptions& options) {
  PathParts parts;
  if (text.size() < 2 || text.front() != '<' || text.back() != '>') return parts;
  const std::string_view inner = text.substr(1, text.size() - 2);
  if (inner.empty()) {
    parts.null = true;
    parts.is = options.reverse ? Is::kYes : Is::kNo;
    return parts;
  }
  if (!options.reverse && EqualIgnoringCase(inner, "Postmaster")) {
    parts.is = Is::kYes;
    parts.postmaster = true;
    parts.local_part = std::string(inner);
    return parts;
  }
  parts = ReadMailbox(inner, options);
  // A-d-l ":" Mailbox, A-d-l = At-domain *( "," At-domain )
  for (size_t colon = 0; parts.is == Is::kNo && colon < inner.size(); ++colon) {
    if (inner[colon] != ':') continue;
    Is route = Is::kYes;
    bool long_route = false;
    for (const std::string_view hop : Split(inner.substr(0, colon), ',')) {
      if (hop.empty() || hop[0] != '@') {
        route = Is::kNo;
        continue;
      }
      std::string_view domain = hop.substr(1);
      Is is = IsDomain(domain, options.utf8);
      if (is == Is::kNo && options.trailing_dot && !domain.empty() && domain.back() == '.') {
        // The switch speaks of the domain of a path; of its route it says nothing.
        domain.remove_suffix(1);
        is = And(IsDomain(domain, options.utf8), Is::kUnclear);
      }
      if (domain.size() > 255) long_route = true;
      route = And(route, is);
    }
    if (route == Is::kNo) continue;
    parts = ReadMailbox(inner.substr(colon + 1), options);
    parts.is = And(parts.is, route);
    parts.route = parts.is != Is::kNo;
    parts.too_long = parts.too_long || long_route;
  }
  if (text.size() > 256) parts.too_long = true;
  return parts;
}

}  // namespace postern::fuzz::model
