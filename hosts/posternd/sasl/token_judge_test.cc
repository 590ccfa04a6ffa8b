// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/token_judge.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <ctime>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "hosts/posternd/sasl/token_fixture.h"

namespace postern {
namespace posternd {
namespace {

constexpr int64_t kNow = 1800000000;

std::shared_ptr<const TokenKeys> Keys(const std::string& text) {
  const auto keys = TokenKeys::Parse(text, "keys");
  EXPECT_TRUE(keys.ok()) << keys.status();
  return *keys;
}

class TokenJudgeTest : public testing::Test {
 protected:
  TokenJudgeTest() {
    rules_.issuer = "https://login.example.org";
    rules_.audience = "smtp.example.org";
    rules_.algorithms = {JwsAlgorithm::kRs256, JwsAlgorithm::kPs256, JwsAlgorithm::kEs256,
                         JwsAlgorithm::kEdDsa};
    keys_ = Keys(key_.PublicPem());
  }

  // Claims that are good, but for those that `changes` replace: {"exp", "7"}; an empty text takes
  // one out.
  using Changes = std::vector<std::pair<std::string, std::string>>;
  static std::string Claims(const Changes& changes = {}) {
    Changes claims = {{"iss", "\"https://login.example.org\""},
                      {"aud", "\"smtp.example.org\""},
                      {"sub", "\"4711\""},
                      {"email", "\"anna@example.org\""},
                      {"exp", absl::StrCat(kNow + 600)}};
    for (const auto& [name, value] : changes) {
      bool found = false;
      for (auto& claim : claims) {
        if (claim.first != name) continue;
        claim.second = value;
        found = true;
      }
      if (!found) claims.emplace_back(name, value);
    }
    std::string json;
    for (const auto& [name, value] : claims) {
      if (!value.empty()) absl::StrAppend(&json, json.empty() ? "" : ",", "\"", name, "\":", value);
    }
    return absl::StrCat("{", json, "}");
  }

  TokenFinding Judge(absl::string_view token, int64_t now = kNow) const {
    return TokenJudge(rules_, keys_).Judge(token, now);
  }
  TokenFinding JudgeClaims(absl::string_view claims, int64_t now = kNow) const {
    return Judge(key_.Token(JwsAlgorithm::kEdDsa, R"({"alg":"EdDSA"})", claims), now);
  }
  TokenFinding JudgeHeader(absl::string_view header) const {
    return Judge(key_.Token(JwsAlgorithm::kEdDsa, header, Claims()));
  }

  const IssuerKey& key_ = IssuerKey::For(JwsAlgorithm::kEdDsa);
  TokenRules rules_;
  std::shared_ptr<const TokenKeys> keys_;
};

#define EXPECT_VALID(finding, who)                       \
  do {                                                   \
    const TokenFinding& f = (finding);                   \
    EXPECT_EQ(f.verdict, TokenVerdict::kValid) << f.why; \
    EXPECT_EQ(f.identity, who);                          \
    EXPECT_EQ(f.why, "");                                \
  } while (false)

#define EXPECT_INVALID(finding, reason)           \
  do {                                            \
    const TokenFinding& f = (finding);            \
    EXPECT_EQ(f.verdict, TokenVerdict::kInvalid); \
    EXPECT_EQ(f.why, reason);                     \
  } while (false)

TEST_F(TokenJudgeTest, TakesAGoodTokenOfEachAlgorithm) {
  for (const JwsAlgorithm algorithm : kAllAlgorithms) {
    SCOPED_TRACE(JwsAlgorithmName(algorithm));
    const IssuerKey& key = IssuerKey::For(algorithm);
    const std::string header =
        absl::StrCat(R"({"alg":")", JwsAlgorithmName(algorithm), R"(","kid":"k1"})");
    const std::string token = key.Token(algorithm, header, Claims());
    rules_.algorithms = {algorithm};
    for (const std::string& text : {key.PublicPem(), key.Jwk(R"("kid":"k1")"), key.Jwk()}) {
      keys_ = Keys(text);
      EXPECT_VALID(Judge(token), "anna@example.org");
    }
    keys_ = Keys(key.Jwk(R"("kid":"k2")"));
    EXPECT_INVALID(Judge(token), "unknown key");
    keys_ = Keys(key.PublicPem());
    // Claims of another token.
    const std::vector<std::string> parts = absl::StrSplit(token, '.');
    EXPECT_INVALID(
        Judge(absl::StrCat(parts[0], ".", ToBase64Url(Claims({{"email", "\"bob@example.org\""}})),
                           ".", parts[2])),
        "bad signature");
    EXPECT_INVALID(Judge(absl::StrCat(parts[0], ".", parts[1], ".")), "bad signature");
    rules_.algorithms.clear();
    EXPECT_INVALID(Judge(token), "algorithm not allowed");
  }
}

TEST_F(TokenJudgeTest, TheClockIsTheSystems) {
  const int64_t now = static_cast<int64_t>(std::time(nullptr));
  const auto token = [&](int64_t expires) {
    return key_.Token(JwsAlgorithm::kEdDsa, R"({"alg":"EdDSA"})",
                      Claims({{"exp", absl::StrCat(expires)}}));
  };
  const TokenJudge judge(rules_, keys_);
  EXPECT_VALID(judge.Check(token(now + 100)), "anna@example.org");
  EXPECT_INVALID(judge.Check(token(now - 100)), "expired");
}

// RFC 8725 §2.1, §3.1: the algorithm is not the token's to choose.
TEST_F(TokenJudgeTest, NoneAndHmacArePreventedWhateverIsAllowed) {
  rules_.algorithms.assign(std::begin(kAllAlgorithms), std::end(kAllAlgorithms));
  for (const JwsAlgorithm algorithm : kAllAlgorithms) {
    const IssuerKey& key = IssuerKey::For(algorithm);
    // What an attacker has who knows the public key, in each form that could be taken for a secret.
    const std::string pem = key.PublicPem();
    unsigned char* der = nullptr;
    const int der_octets = i2d_PUBKEY(key.get(), &der);
    const std::string secrets[] = {
        pem,
        pem.substr(0, pem.size() - 1),
        absl::StrReplaceAll(pem, {{"\n", "\r\n"}}),
        std::string(reinterpret_cast<char*>(der), static_cast<size_t>(der_octets)),
        key.Jwk(),
        ""};
    OPENSSL_free(der);
    for (const std::string& keys : {key.PublicPem(), key.Jwk(R"("kid":"k")")}) {
      keys_ = Keys(keys);
      for (const char* const name :
           {"HS256", "HS384", "HS512", "none", "None", "NONE", "nOnE", ""}) {
        for (const char* const more : {"", R"(,"kid":"k")"}) {
          const std::string input =
              absl::StrCat(ToBase64Url(absl::StrCat(R"({"alg":")", name, "\"", more, "}")), ".",
                           ToBase64Url(Claims()));
          EXPECT_INVALID(Judge(input + "."), "algorithm not allowed");
          for (const std::string& secret : secrets) {
            for (const EVP_MD* digest : {EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
              unsigned char mac[EVP_MAX_MD_SIZE];
              unsigned int size = 0;
              HMAC(digest, secret.data(), static_cast<int>(secret.size()),
                   reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac, &size);
              const std::string token = absl::StrCat(
                  input, ".", ToBase64Url(absl::string_view(reinterpret_cast<char*>(mac), size)));
              EXPECT_INVALID(Judge(token), "algorithm not allowed");
            }
          }
        }
      }
    }
  }
}

TEST_F(TokenJudgeTest, AKeyServesItsOwnAlgorithm) {
  const IssuerKey& rsa = IssuerKey::For(JwsAlgorithm::kRs256);
  const std::string token = rsa.Token(JwsAlgorithm::kPs256, R"({"alg":"PS256"})", Claims());
  keys_ = Keys(rsa.Jwk(R"("alg":"PS256")"));
  EXPECT_VALID(Judge(token), "anna@example.org");
  keys_ = Keys(rsa.Jwk(R"("alg":"RS256")"));
  EXPECT_INVALID(Judge(token), "unknown key");
  keys_ = Keys(rsa.PublicPem());
  EXPECT_INVALID(Judge(rsa.Token(JwsAlgorithm::kPs256, R"({"alg":"RS256"})", Claims())),
                 "bad signature");
  EXPECT_INVALID(Judge(rsa.Token(JwsAlgorithm::kRs256, R"({"alg":"ES256"})", Claims())),
                 "unknown key");
  EXPECT_INVALID(Judge(rsa.Token(JwsAlgorithm::kRs512, R"({"alg":"RS512"})", Claims())),
                 "algorithm not allowed");
}

TEST_F(TokenJudgeTest, TheKeyIsFoundAmongSeveral) {
  const IssuerKey other = IssuerKey::Ed25519();
  const auto judge = [&](const IssuerKey& key, absl::string_view more) {
    return Judge(
        key.Token(JwsAlgorithm::kEdDsa, absl::StrCat(R"({"alg":"EdDSA")", more, "}"), Claims()));
  };
  // Without names all are tried.
  keys_ = Keys(absl::StrCat(IssuerKey::For(JwsAlgorithm::kRs256).PublicPem(), other.PublicPem(),
                            key_.PublicPem()));
  EXPECT_VALID(judge(key_, ""), "anna@example.org");
  EXPECT_VALID(judge(other, R"(,"kid":"whatever")"), "anna@example.org");
  EXPECT_INVALID(judge(IssuerKey::Ed25519(), ""), "bad signature");
  keys_ = Keys(
      absl::StrCat("{\"keys\":[", key_.Jwk(R"("kid":"a")"), ",", other.Jwk(R"("kid":"b")"), "]}"));
  EXPECT_VALID(judge(key_, R"(,"kid":"a")"), "anna@example.org");
  EXPECT_VALID(judge(key_, ""), "anna@example.org");
  EXPECT_INVALID(judge(key_, R"(,"kid":"b")"), "bad signature");
  EXPECT_INVALID(judge(key_, R"(,"kid":"c")"), "unknown key");
  EXPECT_INVALID(judge(key_, R"(,"kid":7)"), "no JSON Web Token");
}

TEST_F(TokenJudgeTest, KeysOfTheTokensOwnAreNotLookedAt) {
  const IssuerKey attacker = IssuerKey::Ed25519();
  for (const std::string& more :
       {absl::StrCat(R"("jwk":)", attacker.Jwk()), std::string(R"("jku":"https://evil.example/")"),
        std::string(R"("x5c":["AAAA"])"), std::string(R"("x5u":"https://evil.example/")")}) {
    const std::string header = absl::StrCat(R"({"alg":"EdDSA",)", more, "}");
    EXPECT_INVALID(Judge(attacker.Token(JwsAlgorithm::kEdDsa, header, Claims())), "bad signature");
    EXPECT_VALID(JudgeHeader(header), "anna@example.org");
  }
}

TEST_F(TokenJudgeTest, LooksAtTheKindOfToken) {
  for (const char* const type :
       {"JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/JWT"}) {
    EXPECT_VALID(JudgeHeader(absl::StrCat(R"({"alg":"EdDSA","typ":")", type, "\"}")),
                 "anna@example.org");
  }
  for (const char* const type :
       {R"("logout+jwt")", R"("dpop+jwt")", R"("secevent+jwt")", R"("JOSE")", R"("")",
        R"("application/")", R"(["JWT"])", "7", "null", R"("JWT ")"}) {
    EXPECT_INVALID(JudgeHeader(absl::StrCat(R"({"alg":"EdDSA","typ":)", type, "}")),
                   "other type of token");
  }
  EXPECT_INVALID(JudgeHeader(R"({"alg":"EdDSA","crit":["exp"],"exp":1})"), "critical extension");
  EXPECT_INVALID(JudgeHeader(R"({"alg":"EdDSA","crit":["b64"],"b64":false})"),
                 "critical extension");
  EXPECT_INVALID(JudgeHeader(R"({"alg":"EdDSA","crit":null})"), "critical extension");
}

TEST_F(TokenJudgeTest, LooksAtTheIssuer) {
  for (const char* const bad :
       {"", "\"\"", "\"https://login.example.org/\"", "\"https://LOGIN.example.org\"",
        "\"http://login.example.org\"", "[\"https://login.example.org\"]", "7", "null", "{}"}) {
    const TokenFinding finding = JudgeClaims(Claims({{"iss", bad}}));
    EXPECT_INVALID(finding, "other issuer");
    // Not to be believed then.
    EXPECT_EQ(finding.identity, "");
  }
}

TEST_F(TokenJudgeTest, LooksAtTheAudience) {
  for (const char* const good : {"\"smtp.example.org\"", "[\"smtp.example.org\"]",
                                 "[\"imap.example.org\",\"smtp.example.org\",\"x\"]"}) {
    EXPECT_VALID(JudgeClaims(Claims({{"aud", good}})), "anna@example.org");
  }
  for (const char* const bad :
       {"", "\"\"", "[]", "\"smtp.example.org.evil.example\"", "\"SMTP.example.org\"",
        "\"imap.example.org smtp.example.org\"", "[\"imap.example.org\"]", "7", "null",
        "{\"smtp.example.org\":1}", "[7,\"smtp.example.org\"]", "[\"smtp.example.org\",null]",
        "[[\"smtp.example.org\"]]"}) {
    EXPECT_INVALID(JudgeClaims(Claims({{"aud", bad}})), "other audience");
  }
}

TEST_F(TokenJudgeTest, LooksAtTheTime) {
  const std::string claims =
      Claims({{"nbf", absl::StrCat(kNow - 600)}, {"exp", absl::StrCat(kNow + 600)}});
  // 30 seconds of leeway on both sides.
  EXPECT_INVALID(JudgeClaims(claims, kNow - 631), "not yet valid");
  EXPECT_VALID(JudgeClaims(claims, kNow - 630), "anna@example.org");
  EXPECT_VALID(JudgeClaims(claims, kNow + 629), "anna@example.org");
  EXPECT_INVALID(JudgeClaims(claims, kNow + 630), "expired");
  rules_.leeway_s = 0;
  EXPECT_INVALID(JudgeClaims(claims, kNow - 601), "not yet valid");
  EXPECT_VALID(JudgeClaims(claims, kNow - 600), "anna@example.org");
  EXPECT_VALID(JudgeClaims(claims, kNow + 599), "anna@example.org");
  // "on or after which": RFC 7519 §4.1.4.
  EXPECT_INVALID(JudgeClaims(claims, kNow + 600), "expired");
  EXPECT_VALID(JudgeClaims(Claims({{"exp", absl::StrCat(kNow, ".5")}})), "anna@example.org");
  EXPECT_VALID(JudgeClaims(Claims({{"exp", "9.0e9"}})), "anna@example.org");
  for (const char* const past : {"0", "-1", "1799999999.9", "-9223372036854775808", "1e-300"}) {
    EXPECT_INVALID(JudgeClaims(Claims({{"exp", past}})), "expired");
  }
  for (const char* const none : {"", "null", "\"1900000000\"", "[1900000000]", "true", "{}"}) {
    EXPECT_INVALID(JudgeClaims(Claims({{"exp", none}})), "no expiration time");
  }
  for (const char* const later : {"1800000001", "1e18", "null", "\"1\"", "[]", "true"}) {
    EXPECT_INVALID(JudgeClaims(Claims({{"nbf", later}})), "not yet valid");
  }
  // Numbers that JSON has and nobody can hold.
  for (const char* const none :
       {"1e999", "99999999999999999999", "NaN", "Infinity", "01", "0x7f"}) {
    EXPECT_INVALID(JudgeClaims(Claims({{"exp", none}})), "claims are no JSON object");
  }
}

TEST_F(TokenJudgeTest, ExpiredTokensNameTheirUserForTheLog) {
  const TokenFinding finding = JudgeClaims(Claims({{"exp", "1"}}));
  EXPECT_INVALID(finding, "expired");
  EXPECT_EQ(finding.identity, "anna@example.org");
  // Without a signature they name nobody.
  EXPECT_EQ(Judge(absl::StrCat(ToBase64Url(R"({"alg":"EdDSA"})"), ".", ToBase64Url(Claims()), ".",
                               ToBase64Url(std::string(64, 'x'))))
                .identity,
            "");
}

TEST_F(TokenJudgeTest, LooksAtTheUser) {
  for (const char* const bad :
       {"", "\"\"", "7", "null", "[\"anna@example.org\"]", "\"a b\"", "\"a\\nb\"", "\"a\\u0007\"",
        "\"#anna\"", "\"a:b\"", R"("\u200b")", "{\"x\":\"anna\"}"}) {
    EXPECT_INVALID(JudgeClaims(Claims({{"email", bad}})), "names no user");
  }
  EXPECT_INVALID(JudgeClaims(Claims({{"email", absl::StrCat("\"", std::string(256, 'a'), "\"")}})),
                 "names no user");
  EXPECT_VALID(JudgeClaims(Claims({{"email", absl::StrCat("\"", std::string(255, 'a'), "\"")}})),
               std::string(255, 'a'));
  // In the form of SASLprep, as in the password file.
  EXPECT_VALID(JudgeClaims(Claims({{"email", R"("J\u00fcrgen\u00ad@\u210c.example")"}})),
               "J\xC3\xBCrgen@H.example");
  rules_.user_claim = "sub";
  EXPECT_VALID(JudgeClaims(Claims()), "4711");
  EXPECT_VALID(JudgeClaims(Claims({{"email_verified", "false"}})), "4711");
  rules_.user_claim = "https://example.org/login";
  EXPECT_INVALID(JudgeClaims(Claims()), "names no user");
  EXPECT_VALID(JudgeClaims(Claims({{"https://example.org/login", "\"anna\""}})), "anna");
}

TEST_F(TokenJudgeTest, MailAddressesThatNobodyHasVerifiedNameNobody) {
  for (const char* const good : {"", "true", "\"true\""}) {
    EXPECT_VALID(JudgeClaims(Claims({{"email_verified", good}})), "anna@example.org");
  }
  for (const char* const bad : {"false", "\"false\"", "null", "0", "1", "\"\"", "[]"}) {
    const TokenFinding finding = JudgeClaims(Claims({{"email_verified", bad}}));
    EXPECT_INVALID(finding, "mail address not verified");
    EXPECT_EQ(finding.identity, "");
  }
}

TEST_F(TokenJudgeTest, TokensThatAreNoBearerTokens) {
  EXPECT_INVALID(JudgeClaims(Claims({{"cnf", R"({"jkt":"x"})"}})), "bound to a key");
  EXPECT_INVALID(JudgeClaims(Claims({{"cnf", "null"}})), "bound to a key");
}

TEST_F(TokenJudgeTest, LooksAtTheScope) {
  EXPECT_VALID(JudgeClaims(Claims({{"scope", "7"}})), "anna@example.org");
  rules_.scope = "mail.send";
  for (const char* const name : {"scope", "scp"}) {
    for (const char* const good :
         {"\"mail.send\"", "\"openid mail.send profile\"", "[\"openid\",\"mail.send\"]"}) {
      EXPECT_VALID(JudgeClaims(Claims({{name, good}})), "anna@example.org");
    }
    for (const char* const bad :
         {"", "\"\"", "\"mail.sender\"", "\"mail\"", "\"MAIL.SEND\"", "\"openid,mail.send\"", "[]",
          "[7]", "[\"openid mail.send\"]", "null", "{\"mail.send\":true}"}) {
      const TokenFinding finding = JudgeClaims(Claims({{name, bad}}));
      EXPECT_EQ(finding.verdict, TokenVerdict::kInsufficientScope) << bad;
      EXPECT_EQ(finding.why, "scope missing");
      EXPECT_EQ(finding.identity, "anna@example.org");
    }
  }
  // One thing that is wrong with it is not forgotten over the other.
  EXPECT_INVALID(JudgeClaims(Claims({{"exp", "1"}})), "expired");
}

TEST_F(TokenJudgeTest, ClaimsAreOneObject) {
  const std::string deep(8000, '[');
  for (const std::string& bad : {
           std::string(),
           std::string("[]"),
           std::string("7"),
           std::string("\"x\""),
           std::string("null"),
           Claims() + "x",
           Claims() + Claims(),
           Claims().substr(1),
           Claims({{"x", deep}}),
           Claims({{"x", absl::StrReplaceAll(deep, {{"[", "{\"\":"}}).substr(0, 4000)}}),
           Claims({{"x", "\"\xFF\""}}),
           Claims({{"x", R"("\u0000")"}}),
           Claims({{"x", R"("\ud800")"}}),
           "\xEF\xBB\xBF" + Claims(),
           std::string("\0", 1) + Claims(),
           // One or the other would be believed.
           absl::StrReplaceAll(Claims(), {{"{", R"({"email":"bob@example.org",)"}}),
           absl::StrReplaceAll(Claims(), {{"{", R"({"\u0065mail":"bob@example.org",)"}}),
           // Nested tokens (RFC 7519 §5.2).
           key_.Token(JwsAlgorithm::kEdDsa, R"({"alg":"EdDSA"})", Claims()),
       }) {
    EXPECT_INVALID(JudgeClaims(bad), "claims are no JSON object");
  }
  // What stands beside is nobody's business, if it is JSON.
  EXPECT_VALID(JudgeClaims(Claims({{"x", R"({"a":[1,{"b":[null,true,1.5e3,"\ud83d\ude00"]}]})"}})),
               "anna@example.org");
}

TEST_F(TokenJudgeTest, ThreePartsOfBase64Url) {
  const std::string good = key_.Token(JwsAlgorithm::kEdDsa, R"({"alg":"EdDSA"})", Claims());
  EXPECT_VALID(Judge(good), "anna@example.org");
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("x"),
        std::string("a.b"), "." + good, good + ".", " " + good, good + " ", good + "=", good + "\n",
        ".." + good.substr(good.rfind('.')), good.substr(good.find('.')),
        absl::StrReplaceAll(good, {{".", ".."}}), absl::StrReplaceAll(good, {{".", ":"}}),
        // The header's text as it is, and one that is no object.
        std::string(R"({"alg":"EdDSA"}.e30.AA)"), std::string("W10.e30.AA"),
        std::string("bnVsbA.e30.AA")}) {
    const TokenFinding finding = Judge(bad);
    EXPECT_EQ(finding.verdict, TokenVerdict::kInvalid) << bad;
    EXPECT_TRUE(finding.why == "no JSON Web Token" || finding.why == "encrypted") << finding.why;
  }
  EXPECT_INVALID(Judge("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d"), "encrypted");
  for (const char* const header : {"{}", R"({"alg":7})", R"({"alg":["EdDSA"]})",
                                   R"({"alg":"EdDSA "})", R"({"alg":"eddsa"})"}) {
    EXPECT_INVALID(JudgeHeader(header), "algorithm not allowed");
  }
  EXPECT_INVALID(JudgeHeader(R"({"alg":"EdDSA","alg":"none"})"), "no JSON Web Token");
  EXPECT_INVALID(JudgeHeader(absl::StrCat(R"({"alg":"EdDSA","x":)", std::string(8000, '['))),
                 "no JSON Web Token");
}

TEST_F(TokenJudgeTest, LongOnes) {
  const auto token = [&](size_t octets) {
    return key_.Token(JwsAlgorithm::kEdDsa, R"({"alg":"EdDSA"})",
                      Claims({{"x", absl::StrCat("\"", std::string(octets, 'x'), "\"")}}));
  };
  // As long as a line of AUTH lets it be.
  const std::string longest = token(8900);
  EXPECT_LE(longest.size(), TokenJudge::kMaxTokenOctets);
  EXPECT_VALID(Judge(longest), "anna@example.org");
  EXPECT_INVALID(Judge(token(10000)), "too long");
  EXPECT_INVALID(Judge(std::string(12289, '.')), "too long");
  EXPECT_INVALID(Judge(std::string(12288, '.')), "no JSON Web Token");
  EXPECT_INVALID(Judge(std::string(1 << 20, 'a')), "too long");
}

}  // namespace
}  // namespace posternd
}  // namespace postern
