// SPDX-License-Identifier: Apache-2.0
//
// Reading OAUTHBEARER and XOAUTH2; see oauth_message.h.

#include "hosts/posternd/sasl/oauth_message.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace postern {
namespace posternd {
namespace {

constexpr char kSeparator = '\x01';  // kvsep

// RFC 7628 §3.1: VCHAR / SP / HTAB / CR / LF.
bool IsValue(absl::string_view text) {
  for (const char c : text) {
    if ((c < ' ' || c > '~') && c != '\t' && c != '\r' && c != '\n') return false;
  }
  return true;
}

// RFC 6750 §2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool IsToken(absl::string_view text) {
  size_t at = 0;
  while (at < text.size() &&
         (absl::ascii_isalnum(static_cast<unsigned char>(text[at])) ||
          absl::string_view("-._~+/").find(text[at]) != absl::string_view::npos)) {
    ++at;
  }
  const bool some = at != 0;
  while (at < text.size() && text[at] == '=') ++at;
  return some && at == text.size();
}

// What stands in an HTTP Authorization header, or nothing.
bool ParseAuth(absl::string_view value, Secret* token) {
  if (value.empty()) return true;
  constexpr absl::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(value, kScheme)) return false;
  value.remove_prefix(kScheme.size());
  while (!value.empty() && value[0] == ' ') value.remove_prefix(1);
  if (!IsToken(value)) return false;
  *token = Secret(value);
  return true;
}

// RFC 5801 §4: saslname, "," and "=" as "=2C" and "=3D". No NUL, no control octets: what names a
// user must be fit to be logged.
bool ParseSaslName(absl::string_view text, std::string* name) {
  name->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x20 || octet == 0x7F) return false;
    if (text[i] != '=') {
      name->push_back(text[i]);
      continue;
    }
    const absl::string_view code = text.substr(i + 1, 2);
    if (code != "2C" && code != "3D") return false;
    name->push_back(code == "2C" ? ',' : '=');
    i += 2;
  }
  return !name->empty();
}

// *kvpair kvsep
bool ParsePairs(absl::string_view text, OauthMessage* out) {
  bool has_auth = false;
  bool has_host = false;
  bool has_port = false;
  for (;;) {
    const size_t end = text.find(kSeparator);
    if (end == absl::string_view::npos) return false;
    const absl::string_view pair = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (pair.empty()) return text.empty() && has_auth;
    const size_t equals = pair.find('=');
    if (equals == absl::string_view::npos || equals == 0) return false;
    const absl::string_view key = pair.substr(0, equals);
    const absl::string_view value = pair.substr(equals + 1);
    for (const char c : key) {
      if (!absl::ascii_isalpha(static_cast<unsigned char>(c))) return false;
    }
    if (!IsValue(value)) return false;
    bool* const seen = key == "auth"   ? &has_auth
                       : key == "host" ? &has_host
                       : key == "port" ? &has_port
                                       : nullptr;
    if (seen == nullptr) continue;
    if (*seen) return false;
    *seen = true;
    if (key == "auth") {
      if (!ParseAuth(value, &out->token)) return false;
    } else if (key == "host") {
      out->host = std::string(value);
    } else {
      // A positive number without leading zeros.
      uint32_t port = 0;
      if (value.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(value[0])) ||
          value[0] == '0' || !absl::SimpleAtoi(value, &port) || port > 65535) {
        return false;
      }
      out->port = static_cast<uint16_t>(port);
    }
  }
}

// JSON: RFC 8259 §7.
void AppendJson(absl::string_view key, absl::string_view value, std::string* json) {
  absl::StrAppend(json, ",\"", key, "\":\"");
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      json->push_back('\\');
      json->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(json, "\\u%04x", static_cast<unsigned>(c));
    } else {
      json->push_back(c);
    }
  }
  json->push_back('"');
}

}  // namespace

bool ParseOauthBearer(absl::string_view message, OauthMessage* out) {
  *out = OauthMessage();
  // gs2-header: no channel binding is in it ("p" would ask for one), and no non-standard flag.
  if (!absl::StartsWith(message, "n,") && !absl::StartsWith(message, "y,")) return false;
  message.remove_prefix(2);
  const size_t end = message.find(',');
  if (end == absl::string_view::npos) return false;
  absl::string_view authzid = message.substr(0, end);
  message.remove_prefix(end + 1);
  if (!authzid.empty()) {
    if (!absl::ConsumePrefix(&authzid, "a=") || !ParseSaslName(authzid, &out->user)) return false;
  }
  if (message.empty() || message[0] != kSeparator) return false;
  return ParsePairs(message.substr(1), out);
}

// "user=" User ^A "auth=Bearer " Token ^A ^A
bool ParseXoauth2(absl::string_view message, OauthMessage* out) {
  *out = OauthMessage();
  if (!absl::ConsumePrefix(&message, "user=")) return false;
  const size_t end = message.find(kSeparator);
  if (end == absl::string_view::npos) return false;
  const absl::string_view user = message.substr(0, end);
  if (user.empty()) return false;
  for (const char c : user) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7F) return false;
  }
  out->user = std::string(user);
  return ParsePairs(message.substr(end + 1), out);
}

std::string OauthErrorJson(const OauthError& error) {
  std::string json = absl::StrCat(
      "{\"status\":\"", error.insufficient_scope ? "insufficient_scope" : "invalid_token", "\"");
  if (!error.scope.empty()) AppendJson("scope", error.scope, &json);
  if (!error.openid_configuration.empty()) {
    AppendJson("openid-configuration", error.openid_configuration, &json);
  }
  json += "}";
  return json;
}

// RFC 6750 §3.1 gives the numbers.
std::string Xoauth2ErrorJson(const OauthError& error) {
  std::string json = absl::StrCat("{\"status\":\"", error.insufficient_scope ? "403" : "401",
                                  "\",\"schemes\":\"bearer\"");
  if (!error.scope.empty()) AppendJson("scope", error.scope, &json);
  json += "}";
  return json;
}

}  // namespace posternd
}  // namespace postern
