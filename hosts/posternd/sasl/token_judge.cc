// SPDX-License-Identifier: Apache-2.0
//
// Header, signature and claims; see token_judge.h.

#include "hosts/posternd/sasl/token_judge.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "hosts/posternd/sasl/credential.h"
#include "hosts/posternd/sasl/json.h"
#include "hosts/posternd/sasl/password_file.h"

namespace postern {
namespace posternd {
namespace {

TokenFinding Invalid(const char* why, absl::string_view identity = "") {
  TokenFinding finding;
  finding.identity = std::string(identity);
  finding.why = why;
  return finding;
}

// A part of the token; null: it is no JSON object in base64url.
JsonPtr ParsePart(absl::string_view part) {
  const std::optional<Secret> text = DecodeBase64Url(part);
  return text.has_value() ? ParseJsonObject(text->view()) : nullptr;
}

// Media types are compared without regard to case, and "application/" may be left out (RFC 7515
// §4.1.9).
bool IsAccessToken(const json_t* header) {
  const json_t* const member = JsonMember(header, "typ");
  if (member == nullptr) return true;
  absl::string_view type = JsonTextOf(header, "typ");
  constexpr absl::string_view kApplication = "application/";
  if (absl::StartsWithIgnoreCase(type, kApplication)) type.remove_prefix(kApplication.size());
  return absl::EqualsIgnoreCase(type, "JWT") || absl::EqualsIgnoreCase(type, "at+jwt");
}

// RFC 7519 §4.1.3: a string, or an array of strings.
bool HasAudience(const json_t* claims, absl::string_view wanted) {
  const json_t* const audience = JsonMember(claims, "aud");
  if (json_is_string(audience)) return JsonText(audience) == wanted;
  bool found = false;
  for (size_t i = 0; i < json_array_size(audience); ++i) {
    const json_t* const one = json_array_get(audience, i);
    if (!json_is_string(one)) return false;
    found = found || JsonText(one) == wanted;
  }
  return found;
}

// "scope" of RFC 9068 §2.2.3, words with spaces between; "scp", and arrays, are how some issuers
// write it.
bool HasScope(const json_t* claims, absl::string_view wanted) {
  for (const char* const name : {"scope", "scp"}) {
    const json_t* const scope = JsonMember(claims, name);
    if (json_is_string(scope)) {
      for (const absl::string_view word : absl::StrSplit(JsonText(scope), ' ')) {
        if (word == wanted) return true;
      }
    }
    for (size_t i = 0; i < json_array_size(scope); ++i) {
      const json_t* const word = json_array_get(scope, i);
      if (json_is_string(word) && JsonText(word) == wanted) return true;
    }
  }
  return false;
}

// A NumericDate, which may have a fraction (RFC 7519 §2).
std::optional<double> Date(const json_t* claims, const std::string& name) {
  const json_t* const date = JsonMember(claims, name);
  if (!json_is_number(date)) return std::nullopt;
  return json_number_value(date);
}

// The user, in the form of SASLprep; empty: none, or one that no user can be called.
std::string UserOf(const json_t* claims, const std::string& claim) {
  const Secret user = SaslPrep(JsonTextOf(claims, claim), /*stored=*/false);
  return std::string(IsUserName(user.view()) ? user.view() : absl::string_view());
}

}  // namespace

TokenFinding TokenJudge::Check(absl::string_view token) const {
  return Judge(token, static_cast<int64_t>(std::time(nullptr)));
}

TokenFinding TokenJudge::Judge(absl::string_view token, int64_t now_s) const {
  if (token.size() > kMaxTokenOctets) return Invalid("too long");
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() == 5) return Invalid("encrypted");  // RFC 7516 §7.1
  if (parts.size() != 3) return Invalid("no JSON Web Token");
  const JsonPtr header = ParsePart(parts[0]);
  if (header == nullptr) return Invalid("no JSON Web Token");

  const std::optional<JwsAlgorithm> algorithm = FindJwsAlgorithm(JsonTextOf(header.get(), "alg"));
  if (!algorithm.has_value() || std::find(rules_.algorithms.begin(), rules_.algorithms.end(),
                                          *algorithm) == rules_.algorithms.end()) {
    return Invalid("algorithm not allowed");
  }
  if (JsonMember(header.get(), "crit") != nullptr) return Invalid("critical extension");
  if (!IsAccessToken(header.get())) return Invalid("other type of token");
  const json_t* const id = JsonMember(header.get(), "kid");
  if (id != nullptr && !json_is_string(id)) return Invalid("no JSON Web Token");

  const std::optional<Secret> signature = DecodeBase64Url(parts[2]);
  if (!signature.has_value()) return Invalid("no JSON Web Token");
  const absl::string_view signing_input = token.substr(0, parts[0].size() + 1 + parts[1].size());
  bool known = false;
  bool verified = false;
  for (const TokenKey* const key : keys_->Find(JsonTextOf(header.get(), "kid"))) {
    if (key->only_for.value_or(*algorithm) != *algorithm || !KeyFits(*algorithm, key->key.get())) {
      continue;
    }
    known = true;
    verified = VerifyJws(*algorithm, key->key.get(), signing_input, signature->view());
    if (verified) break;
  }
  if (!known) return Invalid("unknown key");
  if (!verified) return Invalid("bad signature");

  const JsonPtr claims = ParsePart(parts[1]);
  if (claims == nullptr) return Invalid("claims are no JSON object");
  // From here on it is the issuer's, if it is of the one whose keys these are.
  if (JsonTextOf(claims.get(), "iss") != rules_.issuer) return Invalid("other issuer");
  const std::string user = UserOf(claims.get(), rules_.user_claim);
  if (!HasAudience(claims.get(), rules_.audience)) return Invalid("other audience", user);
  const auto now = static_cast<double>(now_s);
  const double leeway = rules_.leeway_s;
  const std::optional<double> expires = Date(claims.get(), "exp");
  if (!expires.has_value()) return Invalid("no expiration time", user);
  if (!(now < *expires + leeway)) return Invalid("expired", user);
  if (JsonMember(claims.get(), "nbf") != nullptr) {
    const std::optional<double> begins = Date(claims.get(), "nbf");
    if (!begins.has_value() || !(now + leeway >= *begins)) return Invalid("not yet valid", user);
  }
  if (JsonMember(claims.get(), "cnf") != nullptr) return Invalid("bound to a key", user);
  if (user.empty()) return Invalid("names no user");
  // What users may write themselves as long as nobody has looked is no name (OpenID Connect Core
  // §5.7). Some issuers write the boolean as a string.
  const json_t* const looked = JsonMember(claims.get(), "email_verified");
  if (rules_.user_claim == "email" && looked != nullptr && !json_is_true(looked) &&
      !(json_is_string(looked) && JsonText(looked) == "true")) {
    return Invalid("mail address not verified");
  }
  TokenFinding finding;
  finding.identity = user;
  if (!rules_.scope.empty() && !HasScope(claims.get(), rules_.scope)) {
    finding.verdict = TokenVerdict::kInsufficientScope;
    finding.why = "scope missing";
    return finding;
  }
  finding.verdict = TokenVerdict::kValid;
  return finding;
}

}  // namespace posternd
}  // namespace postern
