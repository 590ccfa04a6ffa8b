// SPDX-License-Identifier: Apache-2.0
//
// The signatures, first those that the RFCs print.

#include "hosts/posternd/sasl/jws.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hosts/posternd/sasl/token_fixture.h"
#include "hosts/posternd/sasl/token_keys.h"

namespace postern {
namespace posternd {
namespace {

bool VerifyToken(JwsAlgorithm algorithm, const std::string& jwk, absl::string_view token) {
  const auto keys = TokenKeys::Parse(jwk, "keys");
  EXPECT_TRUE(keys.ok()) << keys.status();
  if (!keys.ok()) return false;
  const size_t dot = token.rfind('.');
  const std::optional<Secret> signature = DecodeBase64Url(token.substr(dot + 1));
  return signature.has_value() && VerifyJws(algorithm, (*keys)->Find("")[0]->key.get(),
                                            token.substr(0, dot), signature->view());
}

TEST(Jws, VerifiesTheExamplesOfTheRfcs) {
  constexpr char kClaims[] =
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ";
  // RFC 7515 A.2.
  EXPECT_TRUE(VerifyToken(
      JwsAlgorithm::kRs256,
      R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw)"
      R"(-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_)"
      R"(7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZl)"
      R"(xvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb)"
      R"(54h4FRWyuXpoQ","e":"AQAB"})",
      absl::StrCat("eyJhbGciOiJSUzI1NiJ9.", kClaims,
                   ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q"
                   "c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWz"
                   "O75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
                   "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWk"
                   "WywlVmtVrBp0igcN_IoypGlUPQGe77Rw")));
  // RFC 7515 A.3.
  EXPECT_TRUE(VerifyToken(
      JwsAlgorithm::kEs256,
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
      absl::StrCat("eyJhbGciOiJFUzI1NiJ9.", kClaims,
                   ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
                   "P3-Kg6NU1Q")));
  // RFC 8037 A.2, A.4.
  EXPECT_TRUE(VerifyToken(
      JwsAlgorithm::kEdDsa,
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PG"
      "cvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"));
}

// Every algorithm with every key and every signature: one of each verifies.
TEST(Jws, EachSignatureIsOfOneAlgorithmAndOneKey) {
  for (const JwsAlgorithm signed_with : kAllAlgorithms) {
    const std::string signature = IssuerKey::For(signed_with).Sign(signed_with, "text");
    for (const JwsAlgorithm algorithm : kAllAlgorithms) {
      for (const JwsAlgorithm key : kAllAlgorithms) {
        const bool same_key = IssuerKey::For(key).get() == IssuerKey::For(signed_with).get();
        EXPECT_EQ(VerifyJws(algorithm, IssuerKey::For(key).get(), "text", signature),
                  algorithm == signed_with && same_key)
            << JwsAlgorithmName(signed_with) << " " << JwsAlgorithmName(algorithm) << " "
            << JwsAlgorithmName(key);
      }
    }
    EVP_PKEY* const key = IssuerKey::For(signed_with).get();
    EXPECT_FALSE(VerifyJws(signed_with, key, "texs", signature));
    EXPECT_FALSE(VerifyJws(signed_with, key, "", signature));
    EXPECT_FALSE(VerifyJws(signed_with, key, "text", ""));
    EXPECT_FALSE(VerifyJws(signed_with, key, "text", signature.substr(1)));
    EXPECT_FALSE(VerifyJws(signed_with, key, "text", signature + signature[0]));
    EXPECT_FALSE(VerifyJws(signed_with, key, "text", std::string(signature.size(), '\0')));
    EXPECT_FALSE(VerifyJws(signed_with, key, "text", std::string(signature.size(), '\xFF')));
    for (size_t at = 0; at < signature.size(); at += 7) {
      std::string other = signature;
      other[at] = static_cast<char>(other[at] ^ 1);
      EXPECT_FALSE(VerifyJws(signed_with, key, "text", other));
    }
  }
}

// RFC 7518 §3.5: the salt is as long as the hash.
TEST(Jws, OtherSaltsOfPssAreNotTaken) {
  EVP_PKEY* const key = IssuerKey::For(JwsAlgorithm::kPs256).get();
  for (const int salt : {0, 20, 32}) {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* parameters = nullptr;
    ASSERT_EQ(EVP_DigestSignInit(context, &parameters, EVP_sha256(), nullptr, key), 1);
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt);
    unsigned char signature[256];
    size_t size = sizeof(signature);
    ASSERT_EQ(EVP_DigestSign(context, signature, &size,
                             reinterpret_cast<const unsigned char*>("text"), 4),
              1);
    EVP_MD_CTX_free(context);
    EXPECT_EQ(VerifyJws(JwsAlgorithm::kPs256, key, "text",
                        absl::string_view(reinterpret_cast<char*>(signature), size)),
              salt == 32);
  }
}

TEST(Jws, SmallKeysAndOtherCurvesDoNotFit) {
  EXPECT_FALSE(KeyFits(IssuerKey::Rsa(1024).get()));
  EXPECT_FALSE(KeyFits(IssuerKey::Rsa(2047).get()));
  EXPECT_TRUE(KeyFits(IssuerKey::Rsa(2048).get()));
  EXPECT_FALSE(KeyFits(IssuerKey::Ec("secp256k1").get()));
  EXPECT_FALSE(KeyFits(IssuerKey::Ec("P-224").get()));
}

TEST(Jws, NamesAreThoseOfTheRegistry) {
  EXPECT_EQ(JwsAlgorithmNames(),
            "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA");
  for (const JwsAlgorithm algorithm : kAllAlgorithms) {
    EXPECT_EQ(FindJwsAlgorithm(JwsAlgorithmName(algorithm)), algorithm);
  }
  for (const char* const name : {"", "none", "None", "NONE", "HS256", "HS384", "HS512", "rs256",
                                 "RS256 ", "ES256K", "RS1", "EdDSA2"}) {
    EXPECT_EQ(FindJwsAlgorithm(name), std::nullopt) << name;
  }
}

TEST(Base64Url, HasOneSpelling) {
  const auto decode = [](absl::string_view text) {
    const std::optional<Secret> octets = DecodeBase64Url(text);
    return octets.has_value() ? std::string(octets->view()) : "nothing";
  };
  EXPECT_EQ(decode(""), "");
  EXPECT_EQ(decode("Zg"), "f");
  EXPECT_EQ(decode("Zm8"), "fo");
  EXPECT_EQ(decode("Zm9v"), "foo");
  EXPECT_EQ(decode("-_-_"), "\xFB\xFF\xBF");
  for (const char* const bad :
       {"Z", "Zm9vZ", "Zg==", "Zm8=", "Zh", "Zm9", "Zm 8", "Zm8\n", "+/+/", "Zm9v.", "Zm9v\xFF"}) {
    EXPECT_EQ(decode(bad), "nothing") << bad;
  }
  EXPECT_EQ(decode(absl::string_view("Zm9\0", 4)), "nothing");
  for (unsigned length = 0; length < 40; ++length) {
    const std::string octets(length, static_cast<char>(length * 37));
    EXPECT_EQ(decode(ToBase64Url(octets)), octets);
  }
}

}  // namespace
}  // namespace posternd
}  // namespace postern
