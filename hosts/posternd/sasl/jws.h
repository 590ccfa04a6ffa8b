// SPDX-License-Identifier: Apache-2.0
//
// Signatures of JSON Web Tokens: RFC 7515's compact form, and the algorithms of RFC 7518 and RFC
// 8037 that have a public key.
//
// OpenSSL does all of the cryptography. Debian's libjwt 1.10.2, the obvious library, is not used:
// it takes the algorithm from the token and the key as octets, so that a token with HS256 is
// checked with the public key as its secret and one with "none" is not checked at all; it has
// neither PS256 nor EdDSA nor key sets; and it frees copies of the token as they are. Here there is
// no code for HMAC or for none, and a key of OpenSSL's type fits the algorithms of its kind alone:
// there is nothing to confuse.
//
// What it is not: a reader of headers or claims (token_judge.h).
//
// Threads: pure functions.
#ifndef POSTERN_HOSTS_POSTERND_SASL_JWS_H_
#define POSTERN_HOSTS_POSTERND_SASL_JWS_H_

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "hosts/posternd/sasl/secret.h"

namespace postern {
namespace posternd {

enum class JwsAlgorithm {
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa,  // Ed25519
};

// By its name in a header, which is compared as it is (RFC 7515 §4.1.1).
std::optional<JwsAlgorithm> FindJwsAlgorithm(absl::string_view name);
const char* JwsAlgorithmName(JwsAlgorithm algorithm);
// All of them: "RS256, RS384, ...".
std::string JwsAlgorithmNames();

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

// RFC 7518 §3.3.
inline constexpr int kMinRsaBits = 2048;
// More would let a token cost milliseconds.
inline constexpr int kMaxRsaBits = 8192;

// Whether any of the algorithms, or this one, takes the key.
bool KeyFits(EVP_PKEY* key);
bool KeyFits(JwsAlgorithm algorithm, EVP_PKEY* key);

// False also where the key does not fit.
bool VerifyJws(JwsAlgorithm algorithm, EVP_PKEY* key, absl::string_view signing_input,
               absl::string_view signature);

// RFC 7515 §2: base64url without "=", line breaks, other octets, and without bits that nobody
// reads: each token has one spelling. Nothing for what is none.
std::optional<Secret> DecodeBase64Url(absl::string_view text);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_JWS_H_
