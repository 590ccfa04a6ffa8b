// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/token_keys.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hosts/posternd/sasl/token_fixture.h"

namespace postern {
namespace posternd {
namespace {

const IssuerKey& Rsa() { return IssuerKey::For(JwsAlgorithm::kRs256); }
const IssuerKey& Ec() { return IssuerKey::For(JwsAlgorithm::kEs256); }
const IssuerKey& Ed25519() { return IssuerKey::For(JwsAlgorithm::kEdDsa); }

std::shared_ptr<const TokenKeys> Parse(const std::string& text) {
  const auto keys = TokenKeys::Parse(text, "keys");
  EXPECT_TRUE(keys.ok()) << keys.status() << "\n" << text;
  // Nothing is left for whoever looks at the thread's errors next.
  EXPECT_EQ(ERR_peek_error(), 0u);
  return keys.ok() ? *keys : nullptr;
}

void ExpectRefused(const std::string& text, absl::string_view words) {
  const auto keys = TokenKeys::Parse(text, "keys");
  ASSERT_FALSE(keys.ok()) << text;
  EXPECT_TRUE(absl::StrContains(keys.status().message(), words)) << keys.status();
  EXPECT_EQ(ERR_peek_error(), 0u);
}

bool Verifies(const TokenKey& key, JwsAlgorithm algorithm, const IssuerKey& issuer) {
  return VerifyJws(algorithm, key.key.get(), "text", issuer.Sign(algorithm, "text"));
}

std::string Certificate(const IssuerKey& key) {
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -10);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
  X509_set_pubkey(certificate, key.get());
  EXPECT_NE(X509_sign(certificate, key.get(), EVP_sha256()), 0);
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  X509_free(certificate);
  return text;
}

std::string OldRsaPem(const IssuerKey& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PublicKey(key.get(), &der);
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio(bio, "RSA PUBLIC KEY", "", der, size);
  char* data = nullptr;
  const long octets = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(octets));
  BIO_free(bio);
  OPENSSL_free(der);
  return text;
}

TEST(TokenKeys, ReadsPem) {
  const auto keys = Parse(absl::StrCat("from the issuer, November\n", Rsa().PublicPem(), "\n",
                                       Certificate(Ec()), Ed25519().PublicPem(), OldRsaPem(Rsa())));
  const std::vector<const TokenKey*> found = keys->Find("");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_TRUE(Verifies(*found[0], JwsAlgorithm::kRs256, Rsa()));
  EXPECT_TRUE(Verifies(*found[1], JwsAlgorithm::kEs256, Ec()));
  EXPECT_TRUE(Verifies(*found[2], JwsAlgorithm::kEdDsa, Ed25519()));
  EXPECT_TRUE(Verifies(*found[3], JwsAlgorithm::kPs512, Rsa()));
}

TEST(TokenKeys, ReadsPemWithCrLf) {
  const auto keys = Parse(absl::StrReplaceAll(Rsa().PublicPem(), {{"\n", "\r\n"}}));
  EXPECT_EQ(keys->size(), 1u);
}

TEST(TokenKeys, RefusesBadPemWithItsLine) {
  const std::string good = Ec().PublicPem();  // four lines
  ExpectRefused("", "keys: holds no key for any of RS256, ");
  ExpectRefused("ssh-ed25519 AAAA anna\n", "keys: holds no key");
  ExpectRefused(good + Ed25519().PrivatePem(),
                "keys:5: begins a PEM block PRIVATE KEY; only PUBLIC KEY, ");
  ExpectRefused(good + "-----BEGIN PUBLIC KEY-----\nAAAA\n", "keys:5: begins a PEM block that");
  ExpectRefused(good + "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                "keys:5: holds no key");
  ExpectRefused(good + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "keys:5: holds no key");
  ExpectRefused("\n" + IssuerKey::Rsa(1024).PublicPem(), "keys:2: holds no key");
  ExpectRefused(IssuerKey::Ec("secp256k1").PublicPem(), "keys:1: holds no key");
}

TEST(TokenKeys, ReadsAKeySet) {
  const auto keys =
      Parse(absl::StrCat("\n {\"keys\": [", Rsa().Jwk(R"("kid":"one","use":"sig","alg":"RS256")"),
                         ",", Ec().Jwk(R"("kid":"two","key_ops":["sign","verify"],"x5t":"?")"), ",",
                         Ed25519().Jwk(R"("kid":"two")"), ",", Rsa().Jwk(), "], \"more\": 1}"));
  EXPECT_EQ(keys->size(), 4u);
  ASSERT_EQ(keys->Find("one").size(), 1u);
  EXPECT_EQ(keys->Find("one")[0]->only_for, JwsAlgorithm::kRs256);
  EXPECT_TRUE(Verifies(*keys->Find("one")[0], JwsAlgorithm::kRs256, Rsa()));
  ASSERT_EQ(keys->Find("two").size(), 2u);
  EXPECT_TRUE(Verifies(*keys->Find("two")[0], JwsAlgorithm::kEs256, Ec()));
  EXPECT_TRUE(Verifies(*keys->Find("two")[1], JwsAlgorithm::kEdDsa, Ed25519()));
  // Of an id that none has it may be one without.
  ASSERT_EQ(keys->Find("three").size(), 1u);
  EXPECT_EQ(keys->Find("three")[0]->only_for, std::nullopt);
  EXPECT_EQ(keys->Find("").size(), 4u);
}

TEST(TokenKeys, ReadsASingleJwkOfEveryKind) {
  for (const JwsAlgorithm algorithm : kAllAlgorithms) {
    const auto keys = Parse(IssuerKey::For(algorithm).Jwk());
    ASSERT_EQ(keys->size(), 1u);
    EXPECT_TRUE(Verifies(*keys->Find("")[0], algorithm, IssuerKey::For(algorithm)));
  }
}

// RFC 7517 §5.
TEST(TokenKeys, LeavesOutWhatServesSomethingElse) {
  const std::string others = absl::StrCat(
      Rsa().Jwk(R"("use":"enc")"), ",", Rsa().Jwk(R"("use":7)"), ",",
      Rsa().Jwk(R"("key_ops":["encrypt"])"), ",", Rsa().Jwk(R"("alg":"RSA-OAEP")"), ",",
      IssuerKey::Rsa(1024).Jwk(), R"(,{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})",
      R"(,{"kty":"OKP","crv":"X25519","x":"AA"},{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"})");
  EXPECT_EQ(Parse(absl::StrCat("{\"keys\":[", others, ",", Ec().Jwk(), "]}"))->size(), 1u);
  ExpectRefused(absl::StrCat("{\"keys\":[", others, "]}"), "keys: holds no key for any of");
}

TEST(TokenKeys, RefusesBadJsonWithItsPlace) {
  ExpectRefused("{\n\"keys\": [\n}", "keys:3: is no JSON: ");
  ExpectRefused("{\"keys\": {}}", "\"keys\" that are no array");
  ExpectRefused("{\"keys\": []}", "keys: holds no key");
  ExpectRefused("{}", "keys: has no \"kty\"");
  ExpectRefused("{\"keys\": [1]}", "keys: keys[0]: is no JSON object");
  ExpectRefused("{\"keys\": [], \"keys\": []}", "duplicate");
  const auto set = [](const std::string& second) {
    return absl::StrCat("{\"keys\":[", Ec().Jwk(), ",", second, "]}");
  };
  ExpectRefused(set(R"({"kty":"oct","k":"c2VjcmV0"})"), "keys: keys[1]: is a symmetric key");
  ExpectRefused(set(Ed25519().Jwk(R"("d":"AA")")), "keys[1]: is a private key");
  ExpectRefused(set(R"({"kty":"RSA","e":"AQAB"})"), "keys[1]: is no valid RSA key");
  ExpectRefused(set(R"({"kty":"RSA","n":"A A","e":"AQAB"})"), "keys[1]: is no valid RSA key");
  ExpectRefused(set(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), "keys[1]: is no valid EC");
  ExpectRefused(set(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"), "keys[1]: is no valid OKP");
  ExpectRefused(set(Ec().Jwk(R"("alg":"ES384")")), "keys[1]: is a key that its \"alg\", ES384,");
  // Not on the curve.
  const std::string zero(43, 'A');
  ExpectRefused(
      set(absl::StrCat(R"({"kty":"EC","crv":"P-256","x":")", zero, R"(","y":")", zero, "\"}")),
      "keys[1]: is no valid EC");
  // Even, so no product of two primes.
  std::string even = Rsa().Jwk();
  const size_t end = even.find("\",\"e\"");
  even[end - 1] = 'A';
  even[end - 2] = 'A';
  ExpectRefused(even, "is no valid RSA key");
}

TEST(TokenKeys, AreNotTooMany) {
  std::string pem;
  for (size_t i = 0; i < TokenKeys::kMaxKeys; ++i) pem += Ed25519().PublicPem();  // of three lines
  EXPECT_EQ(Parse(pem)->size(), TokenKeys::kMaxKeys);
  ExpectRefused(pem + Ed25519().PublicPem(), "keys:193: is one key too many");
  std::string set = Ed25519().Jwk();
  for (size_t i = 0; i < TokenKeys::kMaxKeys; ++i) absl::StrAppend(&set, ",", Ed25519().Jwk());
  ExpectRefused(absl::StrCat("{\"keys\":[", set, "]}"), "keys: keys[64]: is one key too many");
}

class TokenKeyFilesTest : public testing::Test {
 protected:
  static std::string Write(const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), 0644);
    return path;
  }
};

TEST_F(TokenKeyFilesTest, SeveralFilesMakeOneSet) {
  const std::string pem = Write("keys.pem", Rsa().PublicPem());
  const std::string json = Write("keys.json", Ec().Jwk(R"("kid":"x")"));
  const auto keys = TokenKeys::Load({pem, json});
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ((*keys)->size(), 2u);
  EXPECT_EQ((*keys)->Find("x").size(), 1u);
}

TEST_F(TokenKeyFilesTest, ErrorsNameTheFile) {
  const std::string good = Write("good.pem", Rsa().PublicPem());
  const std::string bad = Write("bad.json", "{\n");
  const std::string missing = testing::TempDir() + "/missing.pem";
  EXPECT_TRUE(absl::StartsWith(TokenKeys::Load({good, bad}).status().message(), bad + ":2: "))
      << TokenKeys::Load({good, bad}).status();
  EXPECT_TRUE(absl::StrContains(TokenKeys::Load({good, missing}).status().message(), missing));
  chmod(good.c_str(), 0666);
  EXPECT_TRUE(absl::StrContains(TokenKeys::Load({good}).status().message(),
                                "may be changed by others; run chmod o-w on it"));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
