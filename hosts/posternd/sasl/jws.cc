// SPDX-License-Identifier: Apache-2.0
//
// Verifying by OpenSSL; see jws.h.

#include "hosts/posternd/sasl/jws.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

enum class Family { kRsa, kRsaPss, kEcdsa, kEd25519 };

struct Algorithm {
  JwsAlgorithm algorithm;
  const char* name;
  Family family;
  const EVP_MD* (*digest)();  // null: the algorithm has its own
  const char* curve;          // as OpenSSL names it
  size_t integer_octets;      // of each half of an ECDSA signature (RFC 7518 §3.4)
};

// In the order of the enumeration.
constexpr Algorithm kAlgorithms[] = {
    {JwsAlgorithm::kRs256, "RS256", Family::kRsa, EVP_sha256, nullptr, 0},
    {JwsAlgorithm::kRs384, "RS384", Family::kRsa, EVP_sha384, nullptr, 0},
    {JwsAlgorithm::kRs512, "RS512", Family::kRsa, EVP_sha512, nullptr, 0},
    {JwsAlgorithm::kPs256, "PS256", Family::kRsaPss, EVP_sha256, nullptr, 0},
    {JwsAlgorithm::kPs384, "PS384", Family::kRsaPss, EVP_sha384, nullptr, 0},
    {JwsAlgorithm::kPs512, "PS512", Family::kRsaPss, EVP_sha512, nullptr, 0},
    {JwsAlgorithm::kEs256, "ES256", Family::kEcdsa, EVP_sha256, "prime256v1", 32},
    {JwsAlgorithm::kEs384, "ES384", Family::kEcdsa, EVP_sha384, "secp384r1", 48},
    {JwsAlgorithm::kEs512, "ES512", Family::kEcdsa, EVP_sha512, "secp521r1", 66},
    {JwsAlgorithm::kEdDsa, "EdDSA", Family::kEd25519, nullptr, nullptr, 0},
};

const Algorithm& Describe(JwsAlgorithm algorithm) {
  return kAlgorithms[static_cast<size_t>(algorithm)];
}

// ECDSA's r and s stand behind each other, where OpenSSL wants them in DER. Empty: there is no
// memory, or they are no such pair.
Secret ToDer(absl::string_view signature, size_t integer_octets) {
  if (signature.size() != 2 * integer_octets) return Secret();
  const auto* const octets = reinterpret_cast<const unsigned char*>(signature.data());
  const int size = static_cast<int>(integer_octets);
  BIGNUM* const r = BN_bin2bn(octets, size, nullptr);
  BIGNUM* const s = BN_bin2bn(octets + integer_octets, size, nullptr);
  ECDSA_SIG* const pair = ECDSA_SIG_new();
  if (r == nullptr || s == nullptr || pair == nullptr || ECDSA_SIG_set0(pair, r, s) != 1) {
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return Secret();
  }
  std::array<unsigned char, 160> der = {};  // two integers of 67 octets with their headers
  unsigned char* end = der.data();
  const int needed = i2d_ECDSA_SIG(pair, nullptr);
  Secret result;
  if (needed > 0 && static_cast<size_t>(needed) <= der.size()) {
    i2d_ECDSA_SIG(pair, &end);
    result =
        Secret(absl::string_view(reinterpret_cast<char*>(der.data()), static_cast<size_t>(needed)));
  }
  WipeOctets(der.data(), der.size());
  ECDSA_SIG_free(pair);
  return result;
}

// What OpenSSL says of a signature must not be taken for the reason of something else on the
// thread.
struct ErrorsEnd {
  ~ErrorsEnd() { ERR_clear_error(); }
};

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

constexpr absl::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::optional<JwsAlgorithm> FindJwsAlgorithm(absl::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (name == algorithm.name) return algorithm.algorithm;
  }
  return std::nullopt;
}

const char* JwsAlgorithmName(JwsAlgorithm algorithm) { return Describe(algorithm).name; }

std::string JwsAlgorithmNames() {
  std::string names;
  for (const Algorithm& algorithm : kAlgorithms) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", algorithm.name);
  }
  return names;
}

bool KeyFits(EVP_PKEY* key) {
  return std::any_of(std::begin(kAlgorithms), std::end(kAlgorithms),
                     [key](const Algorithm& a) { return KeyFits(a.algorithm, key); });
}

bool KeyFits(JwsAlgorithm algorithm, EVP_PKEY* key) {
  const Algorithm& description = Describe(algorithm);
  switch (description.family) {
    case Family::kRsa:
    case Family::kRsaPss:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kMinRsaBits &&
             EVP_PKEY_get_bits(key) <= kMaxRsaBits;
    case Family::kEcdsa: {
      std::array<char, 64> curve = {};
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
             EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr) == 1 &&
             absl::string_view(curve.data()) == description.curve;
    }
    case Family::kEd25519:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
  }
  return false;
}

bool VerifyJws(JwsAlgorithm algorithm, EVP_PKEY* key, absl::string_view signing_input,
               absl::string_view signature) {
  if (!KeyFits(algorithm, key)) return false;
  const Algorithm& description = Describe(algorithm);
  const ErrorsEnd end;
  Secret der;
  if (description.family == Family::kEcdsa) {
    der = ToDer(signature, description.integer_octets);
    if (der.empty()) return false;
    signature = der.view();
  }
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // the context's
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), &parameters,
                           description.digest == nullptr ? nullptr : description.digest(), nullptr,
                           key) != 1) {
    return false;
  }
  // RFC 7518 §3.5: MGF1 with the same hash, and a salt as long as that.
  if (description.family == Family::kRsaPss &&
      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(),
                          reinterpret_cast<const unsigned char*>(signing_input.data()),
                          signing_input.size()) == 1;
}

std::optional<Secret> DecodeBase64Url(absl::string_view text) {
  if (text.find_first_not_of(kBase64Url) != absl::string_view::npos) return std::nullopt;
  const size_t rest = text.size() % 4;
  if (rest == 1) return std::nullopt;
  if (rest != 0) {
    const size_t last = kBase64Url.find(text.back());
    if ((last & (rest == 2 ? 0x0F : 0x03)) != 0) return std::nullopt;
  }
  std::string octets;
  if (!absl::WebSafeBase64Unescape(text, &octets)) return std::nullopt;
  return Secret(std::move(octets));
}

}  // namespace posternd
}  // namespace postern
