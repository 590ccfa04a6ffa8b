// SPDX-License-Identifier: Apache-2.0
//
// Keys and tokens for tests: an issuer that writes whatever it is told to, and signs it by OpenSSL.
#ifndef POSTERN_HOSTS_POSTERND_SASL_TOKEN_FIXTURE_H_
#define POSTERN_HOSTS_POSTERND_SASL_TOKEN_FIXTURE_H_

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hosts/posternd/sasl/jws.h"

namespace postern {
namespace posternd {

inline std::string ToBase64Url(absl::string_view octets) {
  std::string text;
  absl::WebSafeBase64Escape(octets, &text);
  while (absl::EndsWith(text, "=")) text.pop_back();
  return text;
}

class IssuerKey {
 public:
  static IssuerKey Rsa(unsigned bits) { return IssuerKey(EVP_RSA_gen(bits)); }
  static IssuerKey Ec(const char* curve) { return IssuerKey(EVP_EC_gen(curve)); }
  static IssuerKey Ed25519() { return IssuerKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }
  // A key that the algorithm takes; made once.
  static const IssuerKey& For(JwsAlgorithm algorithm) {
    static const auto* const keys = new std::vector<IssuerKey>([] {
      std::vector<IssuerKey> made;
      made.push_back(Rsa(2048));
      made.push_back(Ec("P-256"));
      made.push_back(Ec("P-384"));
      made.push_back(Ec("P-521"));
      made.push_back(Ed25519());
      return made;
    }());
    for (const IssuerKey& key : *keys) {
      if (KeyFits(algorithm, key.get())) return key;
    }
    ADD_FAILURE() << "no key for " << JwsAlgorithmName(algorithm);
    return keys->front();
  }

  EVP_PKEY* get() const { return key_.get(); }

  std::string PublicPem() const {
    return Write([this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
  }
  std::string PrivatePem() const {
    return Write([this](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  // The members of the public JWK, to be put between braces.
  std::string JwkMembers() const {
    if (EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA) {
      return absl::StrCat(R"("kty":"RSA","n":")", Number(OSSL_PKEY_PARAM_RSA_N, 0), R"(","e":")",
                          Number(OSSL_PKEY_PARAM_RSA_E, 0), "\"");
    }
    if (EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519) {
      unsigned char octets[32];
      size_t size = sizeof(octets);
      EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_.get(), octets, &size), 1);
      return absl::StrCat(R"("kty":"OKP","crv":"Ed25519","x":")",
                          ToBase64Url(absl::string_view(reinterpret_cast<char*>(octets), size)),
                          "\"");
    }
    const int bits = EVP_PKEY_get_bits(key_.get());
    const int octets = (bits + 7) / 8;
    return absl::StrCat(R"("kty":"EC","crv":"P-)", bits, R"(","x":")",
                        Number(OSSL_PKEY_PARAM_EC_PUB_X, octets), R"(","y":")",
                        Number(OSSL_PKEY_PARAM_EC_PUB_Y, octets), "\"");
  }
  std::string Jwk(absl::string_view more = "") const {
    return absl::StrCat("{", JwkMembers(), more.empty() ? "" : ",", more, "}");
  }

  std::string Sign(JwsAlgorithm algorithm, absl::string_view input) const {
    const std::string name = JwsAlgorithmName(algorithm);
    const bool eddsa = algorithm == JwsAlgorithm::kEdDsa;
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* parameters = nullptr;
    const std::string digest = absl::StrCat("SHA", eddsa ? "" : name.substr(2));
    EXPECT_EQ(EVP_DigestSignInit_ex(context, &parameters, eddsa ? nullptr : digest.c_str(), nullptr,
                                    nullptr, key_.get(), nullptr),
              1);
    if (name[0] == 'P') {
      EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
    }
    const auto* const octets = reinterpret_cast<const unsigned char*>(input.data());
    size_t size = 0;
    EXPECT_EQ(EVP_DigestSign(context, nullptr, &size, octets, input.size()), 1);
    std::string signature(size, '\0');
    EXPECT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(&signature[0]), &size,
                             octets, input.size()),
              1);
    signature.resize(size);
    EVP_MD_CTX_free(context);
    return name[0] == 'E' && !eddsa ? Halves(signature) : signature;
  }

  // A whole token with that header and those claims.
  std::string Token(JwsAlgorithm algorithm, absl::string_view header,
                    absl::string_view claims) const {
    const std::string input = absl::StrCat(ToBase64Url(header), ".", ToBase64Url(claims));
    return absl::StrCat(input, ".", ToBase64Url(Sign(algorithm, input)));
  }

 private:
  explicit IssuerKey(EVP_PKEY* key) : key_(key) { EXPECT_NE(key, nullptr); }

  template <typename Writer>
  static std::string Write(Writer writer) {
    BIO* const bio = BIO_new(BIO_s_mem());
    EXPECT_EQ(writer(bio), 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }

  std::string Number(const char* name, int octets) const {
    BIGNUM* number = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key_.get(), name, &number), 1);
    if (octets == 0) octets = BN_num_bytes(number);
    std::string text(static_cast<size_t>(octets), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(&text[0]), octets);
    BN_free(number);
    return ToBase64Url(text);
  }

  // RFC 7518 §3.4.
  std::string Halves(absl::string_view der) const {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
    const int octets = (EVP_PKEY_get_bits(key_.get()) + 7) / 8;
    std::string both(static_cast<size_t>(2 * octets), '\0');
    auto* const out = reinterpret_cast<unsigned char*>(&both[0]);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, octets);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + octets, octets);
    ECDSA_SIG_free(pair);
    return both;
  }

  KeyPtr key_;
};

inline constexpr JwsAlgorithm kAllAlgorithms[] = {
    JwsAlgorithm::kRs256, JwsAlgorithm::kRs384, JwsAlgorithm::kRs512, JwsAlgorithm::kPs256,
    JwsAlgorithm::kPs384, JwsAlgorithm::kPs512, JwsAlgorithm::kEs256, JwsAlgorithm::kEs384,
    JwsAlgorithm::kEs512, JwsAlgorithm::kEdDsa};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_TOKEN_FIXTURE_H_
