// SPDX-License-Identifier: Apache-2.0
//
// Whose a bearer token is: JSON Web Tokens (RFC 7519) of one issuer for one audience, such as the
// access tokens of RFC 9068, judged by the issuer's public keys. Nobody is asked, so a token that
// was revoked is good until it expires.
//
// What is looked at, in this order, each with its own words for the log:
//   the form          three parts of base64url (RFC 7515 §7.1); nothing encrypted
//   header            alg: one of those allowed; typ: none, JWT or at+jwt, so that no other kind of
//                     token of the issuer passes (RFC 8725 §3.11); no crit, as no extension is
//                     understood (RFC 7515 §4.1.11); keys that the token brings along are not
//                     looked at
//   the signature     by the keys that kid names, or by all
//   claims            iss, aud, exp, which must be there; nbf; no cnf, since such a token is
//                     worth something only with a proof that SASL's mechanisms cannot carry (RFC
//                     7800, RFC 9449); the scope that is demanded; the user
// Claims are not read before the signature is proved.
//
// Threads: TokenJudge [immutable].
#ifndef POSTERN_HOSTS_POSTERND_SASL_TOKEN_JUDGE_H_
#define POSTERN_HOSTS_POSTERND_SASL_TOKEN_JUDGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hosts/posternd/sasl/jws.h"
#include "hosts/posternd/sasl/sasl.h"
#include "hosts/posternd/sasl/token_keys.h"

namespace postern {
namespace posternd {

struct TokenRules {
  std::string issuer;    // iss, compared as it is
  std::string audience;  // aud is it, or a list that has it
  // The claim that names the user. The mail address (OpenID Connect Core §5.1) is what people give
  // their programs as user name; sub, which is always there, is mostly a number that they never
  // see.
  std::string user_claim = "email";
  std::string scope;  // one that the token must have; empty: none
  std::vector<JwsAlgorithm> algorithms;
  uint32_t leeway_s = 30;  // how far clocks may differ
};

class TokenJudge : public TokenChecker {
 public:
  // The longest that a line of AUTH can carry, and more.
  static constexpr size_t kMaxTokenOctets = 12288;

  TokenJudge(TokenRules rules, std::shared_ptr<const TokenKeys> keys)
      : rules_(std::move(rules)), keys_(std::move(keys)) {}

  // By the system's clock.
  TokenFinding Check(absl::string_view token) const override;
  // A pure function; `now_s` in seconds since 1970.
  TokenFinding Judge(absl::string_view token, int64_t now_s) const;

 private:
  const TokenRules rules_;
  const std::shared_ptr<const TokenKeys> keys_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_TOKEN_JUDGE_H_
