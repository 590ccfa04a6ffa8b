// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/login_attempt.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

using std::string_literals::operator""s;

constexpr uint64_t kStart = 1000000;

host::Address Client(uint8_t number) {
  const uint8_t octets[4] = {192, 0, 2, number};
  return host::Address::FromOctets(AF_INET, octets);
}

LoginLimits Limits(uint32_t client, uint32_t user) {
  LoginLimits limits;
  limits.client = {client, 1000};
  limits.user = {user, 1000};
  return limits;
}

class LoginAttemptTest : public testing::Test {
 protected:
  // SCRAM keys of few iterations are checked sooner than a hash, for PLAIN too.
  static std::string User(const std::string& name, absl::string_view password) {
    return absl::StrCat(name, ":",
                        Credential::MakeScram(Secret(password), 4096, "0123456789abcdef")->ToText(),
                        "\n");
  }
  void SetUp() override {
    auto users = PasswordFile::Parse(User("anna", "secret") + User("bob", "other"), "users");
    ASSERT_TRUE(users.ok()) << users.status();
    server_ = SaslServer::Create({}, *users, nullptr);
    ASSERT_NE(server_, nullptr);
    tls_.tls = true;
  }

  LoginStep Plain(LoginLimiter* limiter, uint8_t client, absl::string_view user,
                  absl::string_view password, uint64_t now = kStart) {
    LoginAttempt attempt(server_, limiter, Client(client));
    LoginStep step;
    if (!attempt.Start("PLAIN", tls_, now, &step)) return step;
    return attempt.Step(true, absl::StrCat("\0"s, user, "\0"s, password), now);
  }

  std::shared_ptr<const SaslServer> server_;
  SaslConnection tls_;
};

TEST_F(LoginAttemptTest, TellsWhoCameInAndWhoDidNot) {
  LoginLimiter limiter(Limits(100, 100));
  LoginStep step = Plain(&limiter, 1, "anna", "secret");
  EXPECT_EQ(step.outcome, LoginOutcome::kAccepted);
  EXPECT_EQ(step.user, "anna");
  for (const auto& [user, password] : {std::pair("anna", "other"), std::pair("mallory", "x")}) {
    step = Plain(&limiter, 1, user, password);
    EXPECT_EQ(step.outcome, LoginOutcome::kRefused);
    EXPECT_EQ(step.user, user);
  }
}

TEST_F(LoginAttemptTest, AsksWithoutInitialResponse) {
  LoginLimiter limiter(Limits(100, 100));
  LoginAttempt attempt(server_, &limiter, Client(1));
  LoginStep step;
  ASSERT_TRUE(attempt.Start("LOGIN", tls_, kStart, &step));
  EXPECT_FALSE(attempt.IsSlow(false));
  step = attempt.Step(false, "", kStart);
  EXPECT_EQ(step.outcome, LoginOutcome::kChallenge);
  EXPECT_EQ(step.challenge, "Username:");
  EXPECT_FALSE(attempt.IsSlow(true));
  EXPECT_EQ(attempt.Step(true, "anna", kStart).challenge, "Password:");
  EXPECT_TRUE(attempt.IsSlow(true));
  step = attempt.Step(true, "secret", kStart);
  EXPECT_EQ(step.outcome, LoginOutcome::kAccepted);
  EXPECT_EQ(step.user, "anna");
}

TEST_F(LoginAttemptTest, PlainIsSlowOnlyWithAPassword) {
  LoginLimiter limiter(Limits(100, 100));
  LoginAttempt attempt(server_, &limiter, Client(1));
  LoginStep step;
  ASSERT_TRUE(attempt.Start("PLAIN", tls_, kStart, &step));
  EXPECT_FALSE(attempt.IsSlow(false));
  EXPECT_TRUE(attempt.IsSlow(true));
}

TEST_F(LoginAttemptTest, WhatIsNotOfferedIsToldApart) {
  LoginLimiter limiter(Limits(100, 100));
  LoginStep step;
  EXPECT_FALSE(LoginAttempt(server_, &limiter, Client(1)).Start("CRAM-MD5", tls_, kStart, &step));
  EXPECT_EQ(step.outcome, LoginOutcome::kUnknown);
  EXPECT_FALSE(
      LoginAttempt(server_, &limiter, Client(1)).Start("PLAIN", SaslConnection(), kStart, &step));
  EXPECT_EQ(step.outcome, LoginOutcome::kNeedsTls);
}

TEST_F(LoginAttemptTest, BeyondTheLimitNothingIsBegun) {
  LoginLimiter limiter(Limits(2, 100));
  EXPECT_EQ(Plain(&limiter, 1, "anna", "x").outcome, LoginOutcome::kRefused);
  EXPECT_EQ(Plain(&limiter, 1, "anna", "y").outcome, LoginOutcome::kRefused);
  EXPECT_EQ(Plain(&limiter, 1, "anna", "secret").outcome, LoginOutcome::kLimited);
  EXPECT_EQ(Plain(&limiter, 2, "anna", "secret").outcome, LoginOutcome::kAccepted);
  EXPECT_EQ(Plain(&limiter, 1, "anna", "secret", kStart + 1000).outcome, LoginOutcome::kAccepted);
}

// Begun side by side, before any of them failed: the limit holds for them as well.
TEST_F(LoginAttemptTest, ExchangesSideBySideAreNoWayAroundTheLimit) {
  LoginLimiter limiter(Limits(3, 100));
  std::vector<std::unique_ptr<LoginAttempt>> attempts;
  for (int i = 0; i < 20; ++i) {
    attempts.push_back(std::make_unique<LoginAttempt>(server_, &limiter, Client(1)));
    LoginStep step;
    ASSERT_TRUE(attempts.back()->Start("PLAIN", tls_, kStart, &step));
  }
  int refused = 0;
  for (const auto& attempt : attempts) {
    const LoginOutcome outcome = attempt->Step(true, "\0anna\0wrong"s, kStart).outcome;
    refused += outcome == LoginOutcome::kRefused;
    EXPECT_TRUE(outcome == LoginOutcome::kRefused || outcome == LoginOutcome::kLimited);
  }
  EXPECT_EQ(refused, 3);
}

TEST_F(LoginAttemptTest, AtTheUsersLimitARightPasswordIsNotToldFromAWrongOne) {
  LoginLimiter limiter(Limits(100, 3));
  for (uint8_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Plain(&limiter, i, "anna", "wrong").outcome, LoginOutcome::kRefused);
  }
  for (const char* password : {"secret", "wrong"}) {
    const LoginStep step = Plain(&limiter, 9, "anna", password);
    EXPECT_EQ(step.outcome, LoginOutcome::kLimited);
    EXPECT_EQ(step.user, "anna");
  }
  EXPECT_EQ(Plain(&limiter, 9, "bob", "other").outcome, LoginOutcome::kAccepted);
}

// Its server proves itself to whoever has the right password, one message before the end.
TEST_F(LoginAttemptTest, AtTheUsersLimitScramIsOverBeforeTheProof) {
  LoginLimiter limiter(Limits(100, 1));
  for (const uint8_t failures : {0, 1}) {
    if (failures == 1) limiter.AddFailure(Client(1), "anna", kStart);
    LoginAttempt attempt(server_, &limiter, Client(9));
    LoginStep step;
    ASSERT_TRUE(attempt.Start("SCRAM-SHA-256", tls_, kStart, &step));
    step = attempt.Step(true, "n,,n=anna,r=rOprNGfwEbeRWgbNEkqO", kStart);
    ASSERT_EQ(step.outcome, LoginOutcome::kChallenge);
    const std::string nonce = step.challenge.substr(0, step.challenge.find(','));
    step = attempt.Step(
        true, absl::StrCat("c=biws,", nonce, ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        kStart);
    // Not even looked at the second time.
    EXPECT_EQ(step.outcome, failures == 0 ? LoginOutcome::kRefused : LoginOutcome::kLimited);
    EXPECT_EQ(step.user, "anna");
  }
}

class OneToken : public TokenChecker {
 public:
  TokenFinding Check(absl::string_view token) const override {
    TokenFinding finding;
    if (token == "good") {
      finding.verdict = TokenVerdict::kValid;
      finding.identity = "anna";
    } else {
      finding.why = "expired";
    }
    return finding;
  }
};

class TokenAttemptTest : public LoginAttemptTest {
 protected:
  void SetUp() override {
    server_ = SaslServer::Create({}, nullptr, std::make_shared<OneToken>());
    ASSERT_NE(server_, nullptr);
    tls_.tls = true;
  }
  std::unique_ptr<LoginAttempt> Start(LoginLimiter* limiter, uint8_t client) {
    auto attempt = std::make_unique<LoginAttempt>(server_, limiter, Client(client));
    LoginStep step;
    return attempt->Start("XOAUTH2", tls_, kStart, &step) ? std::move(attempt) : nullptr;
  }
  static LoginStep Send(LoginAttempt* attempt, absl::string_view token) {
    return attempt->Step(true, absl::StrCat("user=anna\x01", "auth=Bearer ", token, "\x01\x01"),
                         kStart);
  }
};

// It is told by a challenge, which the client may leave unanswered: counted all the same, and once.
TEST_F(TokenAttemptTest, ARefusalCountsWhenItIsTold) {
  LoginLimiter limiter(Limits(4, 100));
  for (int i = 0; i < 4; ++i) {
    const auto attempt = Start(&limiter, 1);
    ASSERT_NE(attempt, nullptr) << i;
    EXPECT_EQ(attempt->refusal(), nullptr);
    const LoginStep step = Send(attempt.get(), "bad");
    EXPECT_EQ(step.outcome, LoginOutcome::kChallenge);
    ASSERT_NE(attempt->refusal(), nullptr);
    EXPECT_EQ(attempt->refusal()->outcome, LoginOutcome::kRefused);
    EXPECT_EQ(attempt->refusal()->user, "anna");
    EXPECT_EQ(attempt->refusal()->why, "expired");
    if (i % 2 == 0) continue;  // went away
    EXPECT_FALSE(attempt->IsSlow(true));
    const LoginStep end = attempt->Step(true, "", kStart);
    // The last one's too, which reached the limit itself.
    EXPECT_EQ(end.outcome, LoginOutcome::kRefused);
    EXPECT_EQ(end.user, "anna");
    EXPECT_EQ(end.why, "expired");
  }
  EXPECT_EQ(Start(&limiter, 1), nullptr);
  EXPECT_EQ(Send(Start(&limiter, 2).get(), "good").outcome, LoginOutcome::kAccepted);
}

TEST_F(TokenAttemptTest, AtTheUsersLimitAGoodTokenIsNotToldFromABadOne) {
  LoginLimiter limiter(Limits(100, 3));
  for (uint8_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Send(Start(&limiter, i).get(), "bad").outcome, LoginOutcome::kChallenge);
  }
  for (const char* token : {"good", "bad"}) {
    const auto attempt = Start(&limiter, 9);
    const LoginStep step = Send(attempt.get(), token);
    EXPECT_EQ(step.outcome, LoginOutcome::kLimited);
    EXPECT_EQ(step.challenge, "");
    EXPECT_EQ(step.user, "anna");
    EXPECT_EQ(attempt->refusal(), nullptr);
  }
}

// What is no message of the mechanism is no guess.
TEST_F(LoginAttemptTest, NonsenseIsNotCountedAsAGuess) {
  LoginLimiter limiter(Limits(1, 1));
  for (int i = 0; i < 5; ++i) {
    LoginAttempt attempt(server_, &limiter, Client(1));
    LoginStep step;
    ASSERT_TRUE(attempt.Start("PLAIN", tls_, kStart, &step));
    EXPECT_EQ(attempt.Step(true, "nonsense", kStart).outcome, LoginOutcome::kMalformed);
  }
}

TEST_F(LoginAttemptTest, EveryOutcomeHasAName) {
  for (int i = 0; i <= static_cast<int>(LoginOutcome::kLimited); ++i) {
    EXPECT_STRNE(LoginOutcomeName(static_cast<LoginOutcome>(i)), "unknown");
  }
}

// Many threads on one limiter and one password file, as those of the server that check passwords.
TEST_F(LoginAttemptTest, ThreadsShareTheLimiterAndTheFile) {
  LoginLimiter limiter(Limits(0, 0));
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const bool good = (i + t) % 2 == 0;
        const auto client = static_cast<uint8_t>(t);
        const LoginStep step = Plain(&limiter, client, "anna", good ? "secret" : "wrong");
        accepted += step.outcome == LoginOutcome::kAccepted;
        refused += step.outcome == LoginOutcome::kRefused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 20);
  EXPECT_EQ(refused, 20);

  LoginLimiter strict(Limits(5, 0));
  std::atomic<int> guessed{0};
  threads.clear();
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        guessed += Plain(&strict, 1, "anna", "wrong").outcome == LoginOutcome::kRefused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Those that were on their way at the limit went through.
  EXPECT_GE(guessed, 5);
  EXPECT_LE(guessed, 5 + 3);
}

}  // namespace
}  // namespace posternd
}  // namespace postern
