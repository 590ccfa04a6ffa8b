// SPDX-License-Identifier: Apache-2.0
//
// Tokens made at random: of claims, where a second reading of the rules says what must come of
// them, and of changed octets, where nothing but no can come of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hosts/posternd/sasl/token_fixture.h"
#include "hosts/posternd/sasl/token_judge.h"

namespace postern {
namespace posternd {
namespace {

constexpr int64_t kNow = 1800000000;
constexpr int64_t kLeeway = 30;
constexpr char kHeader[] = R"({"alg":"EdDSA","typ":"at+jwt"})";

TokenJudge MakeJudge(const IssuerKey& key) {
  TokenRules rules;
  rules.issuer = "issuer";
  rules.audience = "here";
  rules.scope = "send";
  rules.algorithms = {JwsAlgorithm::kEdDsa};
  rules.leeway_s = kLeeway;
  return TokenJudge(rules, *TokenKeys::Parse(key.PublicPem(), "keys"));
}

// A claim as it stands in the token, and what is right about it.
struct Choice {
  std::string json;  // empty: it is not there
  bool good;
};

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(engine_() % bound); }
  // Good ones come often, so that all together sometimes are.
  const Choice& Pick(const std::vector<Choice>& choices) {
    const Choice& any = choices[Below(static_cast<uint32_t>(choices.size()))];
    return Below(4) != 0 ? choices[0] : any;
  }
  // A value of any type that is no right one for any claim.
  std::string Garbage(int depth = 0) {
    switch (Below(depth > 4 ? 6 : 8)) {
      case 0:
        return "null";
      case 1:
        return Below(2) == 0 ? "true" : "false";
      case 2:
        return absl::StrCat(static_cast<int32_t>(engine_()));
      case 3:
        return absl::StrCat("0.", engine_(), "e", Below(300));
      case 4:
        return "\"\"";
      case 5:
        return absl::StrCat("\"", std::string(Below(30), static_cast<char>('a' + Below(26))), "\"");
      case 6: {
        std::string array = "[";
        for (uint32_t i = Below(4); i > 0; --i) {
          absl::StrAppend(&array, Garbage(depth + 1), i > 1 ? "," : "");
        }
        return array + "]";
      }
      default: {
        std::string object = "{";
        for (uint32_t i = Below(4); i > 0; --i) {
          absl::StrAppend(&object, "\"", i, "\":", Garbage(depth + 1), i > 1 ? "," : "");
        }
        return object + "}";
      }
    }
  }

 private:
  std::mt19937 engine_;
};

TEST(TokenJudgeRandom, ClaimsAreJudgedByTheRules) {
  const IssuerKey& key = IssuerKey::For(JwsAlgorithm::kEdDsa);
  const TokenJudge judge = MakeJudge(key);
  Random random(7628);
  int valid = 0;
  int without_scope = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto time = [&](int64_t from, int64_t to) {
      return kNow + from + random.Below(static_cast<uint32_t>(to - from + 1));
    };
    const Choice issuer = random.Pick(
        {{"\"issuer\"", true}, {"\"other\"", false}, {"", false}, {"[\"issuer\"]", false}});
    const Choice audience = random.Pick({{"\"here\"", true},
                                         {"[\"there\",\"here\"]", true},
                                         {"[\"here\"]", true},
                                         {"\"there\"", false},
                                         {"[]", false},
                                         {"", false},
                                         {"[\"here\",1]", false}});
    const int64_t exp = time(-60, 60);
    const Choice expires = random.Pick({{absl::StrCat(exp), kNow < exp + kLeeway},
                                        {"", false},
                                        {absl::StrCat("\"", exp, "\""), false}});
    const int64_t nbf = time(-60, 60);
    const Choice begins = random.Pick({{"", true},
                                       {absl::StrCat(nbf), nbf <= kNow + kLeeway},
                                       {absl::StrCat(nbf), nbf <= kNow + kLeeway},
                                       {"{}", false}});
    const Choice bound = random.Pick({{"", true}, {"{\"jkt\":\"x\"}", false}});
    const Choice user = random.Pick(
        {{"\"anna@example.org\"", true}, {"", false}, {"\"a b\"", false}, {"17", false}});
    const Choice looked = random.Pick({{"", true}, {"true", true}, {"false", false}});
    const Choice scope = random.Pick({{"\"send\"", true},
                                      {"\"read send\"", true},
                                      {"[\"send\"]", true},
                                      {"\"read\"", false},
                                      {"", false}});
    std::vector<std::pair<std::string, std::string>> members = {{"iss", issuer.json},
                                                                {"aud", audience.json},
                                                                {"exp", expires.json},
                                                                {"nbf", begins.json},
                                                                {"cnf", bound.json},
                                                                {"email", user.json},
                                                                {"email_verified", looked.json},
                                                                {"scope", scope.json}};
    for (uint32_t i = random.Below(4); i > 0; --i) {
      members.emplace_back(absl::StrCat("x", i), random.Garbage());
    }
    std::shuffle(members.begin(), members.end(), std::mt19937(static_cast<uint32_t>(round)));
    std::string claims;
    for (const auto& [name, json] : members) {
      if (json.empty()) continue;
      absl::StrAppend(&claims, claims.empty() ? "" : ",", "\"", name, "\":", json);
    }
    claims = absl::StrCat("{", claims, "}");
    const bool good = issuer.good && audience.good && expires.good && begins.good && bound.good &&
                      user.good && looked.good;
    const TokenVerdict expected = !good        ? TokenVerdict::kInvalid
                                  : scope.good ? TokenVerdict::kValid
                                               : TokenVerdict::kInsufficientScope;
    const TokenFinding finding =
        judge.Judge(key.Token(JwsAlgorithm::kEdDsa, kHeader, claims), kNow);
    ASSERT_EQ(finding.verdict, expected) << claims << " " << finding.why;
    ASSERT_EQ(finding.why.empty(), finding.verdict == TokenVerdict::kValid) << claims;
    if (good) {
      ASSERT_EQ(finding.identity, "anna@example.org");
    }
    valid += finding.verdict == TokenVerdict::kValid ? 1 : 0;
    without_scope += finding.verdict == TokenVerdict::kInsufficientScope ? 1 : 0;
  }
  // Both sides were seen.
  EXPECT_GT(valid, 200);
  EXPECT_LT(valid, 2000);
  EXPECT_GT(without_scope, 20);
}

// What is garbage all through: any JSON for any claim, and what is no JSON.
TEST(TokenJudgeRandom, GarbageIsNeverValid) {
  const IssuerKey& key = IssuerKey::For(JwsAlgorithm::kEdDsa);
  const TokenJudge judge = MakeJudge(key);
  Random random(7519);
  for (int round = 0; round < 2000; ++round) {
    std::string claims = "{";
    for (const char* const name : {"iss", "aud", "exp", "email"}) {
      absl::StrAppend(&claims, "\"", name, "\":", random.Garbage(), ",");
    }
    absl::StrAppend(&claims, "\"scope\":", random.Garbage(), "}");
    if (round % 2 == 0)
      claims[random.Below(static_cast<uint32_t>(claims.size()))] ^= 1 << (round / 2 % 8);
    const TokenFinding finding =
        judge.Judge(key.Token(JwsAlgorithm::kEdDsa, kHeader, claims), kNow);
    ASSERT_EQ(finding.verdict, TokenVerdict::kInvalid) << claims;
  }
}

// A token has one spelling: of every other text that differs in an octet nothing comes.
TEST(TokenJudgeRandom, NoOctetCanBeChanged) {
  for (const JwsAlgorithm algorithm : {JwsAlgorithm::kEdDsa, JwsAlgorithm::kEs256}) {
    const IssuerKey& key = IssuerKey::For(algorithm);
    TokenRules rules;
    rules.issuer = "issuer";
    rules.audience = "here";
    rules.algorithms.assign(std::begin(kAllAlgorithms), std::end(kAllAlgorithms));
    const TokenJudge judge(rules, *TokenKeys::Parse(key.PublicPem(), "keys"));
    const std::string token = key.Token(
        algorithm, absl::StrCat(R"({"alg":")", JwsAlgorithmName(algorithm), "\"}"),
        absl::StrCat(R"({"iss":"issuer","aud":"here","email":"anna","exp":)", kNow + 60, "}"));
    ASSERT_EQ(judge.Judge(token, kNow).verdict, TokenVerdict::kValid);
    Random random(7515);
    for (size_t at = 0; at < token.size(); ++at) {
      for (int round = 0; round < 6; ++round) {
        std::string other = token;
        // Of the alphabet mostly, for there it comes far.
        other[at] = round == 0
                        ? static_cast<char>(random.Below(256))
                        : ToBase64Url(std::string(3, static_cast<char>(random.Below(256))))[1];
        if (other == token) continue;
        const TokenFinding finding = judge.Judge(other, kNow);
        ASSERT_EQ(finding.verdict, TokenVerdict::kInvalid) << other;
        ASSERT_EQ(finding.identity, "");
      }
      ASSERT_EQ(judge.Judge(token.substr(0, at), kNow).verdict, TokenVerdict::kInvalid);
      ASSERT_EQ(judge.Judge(token.substr(0, at) + token.substr(at + 1), kNow).verdict,
                TokenVerdict::kInvalid);
    }
  }
}

}  // namespace
}  // namespace posternd
}  // namespace postern
