// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/burl_argument.h"

#include <array>

#include "engine/syntax/ip_address.h"
#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"

namespace postern::syntax {
namespace {

bool IsOneOf(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// RFC 3986 §2.2, §2.3.
bool IsUnreserved(char c) { return IsOctet(c, kLetDig) || IsOneOf(c, "-._~"); }
bool IsSubDelim(char c) { return IsOneOf(c, "!$&'()*+,;="); }

// *( unreserved / pct-encoded / sub-delims / one of `more` ), all of `in`.
bool IsText(std::string_view in, std::string_view more) {
  for (size_t i = 0; i < in.size(); ++i) {
    if (IsUnreserved(in[i]) || IsSubDelim(in[i]) || IsOneOf(in[i], more)) continue;
    // §2.1
    if (in[i] != '%' || in.size() - i < 3) return false;
    if (!IsOctet(in[i + 1], kHexDigit) || !IsOctet(in[i + 2], kHexDigit)) return false;
    i += 2;
  }
  return true;
}

// §3.2.2, between the brackets.
bool IsIpLiteral(std::string_view in) {
  if (in.empty() || (in[0] != 'v' && in[0] != 'V')) {
    std::array<uint8_t, 16> address{};
    return ParseIpv6Address(in, &address);
  }
  size_t at = 1;
  while (at < in.size() && IsOctet(in[at], kHexDigit)) ++at;
  if (at == 1 || at == in.size() || in[at] != '.' || ++at == in.size()) return false;
  for (; at < in.size(); ++at) {
    if (!IsUnreserved(in[at]) && !IsSubDelim(in[at]) && in[at] != ':') return false;
  }
  return true;
}

// §3.2. An IPv4address is a reg-name as well.
bool IsAuthority(std::string_view in) {
  const size_t sign = in.find('@');
  if (sign != std::string_view::npos) {
    if (!IsText(in.substr(0, sign), ":")) return false;
    in.remove_prefix(sign + 1);
  }
  size_t host_end = 0;
  if (!in.empty() && in[0] == '[') {
    const size_t close = in.find(']');
    if (close == std::string_view::npos || !IsIpLiteral(in.substr(1, close - 1))) return false;
    host_end = close + 1;
  } else {
    host_end = in.find(':');
    if (host_end == std::string_view::npos) host_end = in.size();
    if (!IsText(in.substr(0, host_end), "")) return false;
  }
  std::string_view port = in.substr(host_end);
  if (port.empty()) return true;
  if (port[0] != ':') return false;
  for (const char c : port.substr(1)) {
    if (!IsOctet(c, kDigit)) return false;
  }
  return true;
}

}  // namespace

bool IsAbsoluteUri(std::string_view in) {
  // scheme ":" hier-part [ "?" query ]
  const size_t colon = in.find(':');
  if (colon == std::string_view::npos || colon == 0 || !IsOctet(in[0], kAlpha)) return false;
  for (const char c : in.substr(0, colon)) {
    if (!IsOctet(c, kLetDig) && !IsOneOf(c, "+-.")) return false;
  }
  std::string_view rest = in.substr(colon + 1);
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    if (!IsText(rest.substr(question + 1), ":@/?")) return false;
    rest = rest.substr(0, question);
  }
  if (rest.substr(0, 2) == "//") {
    rest.remove_prefix(2);
    const size_t slash = rest.find('/');
    if (!IsAuthority(rest.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    rest.remove_prefix(slash);
  }
  // path-abempty; or path-absolute, path-rootless, path-empty: without an authority no two slashes
  // are in front, as those would have made it one.
  return IsText(rest, ":@/");
}

BurlArgument ParseBurlArgument(std::string_view in) {
  BurlArgument result;
  const auto fail = [&result](BurlError error) {
    result.error = error;
    return result;
  };
  const size_t space = in.find(' ');
  const std::string_view uri = in.substr(0, space);
  if (uri.empty()) return fail(BurlError::kNoUri);
  if (!IsAbsoluteUri(uri)) return fail(BurlError::kBadUri);
  if (space != std::string_view::npos) {
    if (!EqualsIgnoreCase(in.substr(space + 1), "LAST")) return fail(BurlError::kBadEndMarker);
    result.last = true;
  }
  result.uri = uri;
  result.scheme = uri.substr(0, uri.find(':'));
  return result;
}

}  // namespace postern::syntax
