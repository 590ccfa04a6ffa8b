// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/login_limiter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

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

TEST(LoginLimiter, ANetworkThatGuessesHasToWaitWhomeverItNames) {
  LoginLimiter limiter(Limits(3, 100));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(limiter.MayTry(Client(1), kStart)) << i;
    limiter.AddFailure(Client(1), absl::StrCat("user", i), kStart);
  }
  EXPECT_FALSE(limiter.MayTry(Client(1), kStart));
  EXPECT_TRUE(limiter.MayTry(Client(2), kStart));
  EXPECT_TRUE(limiter.MayTry(Client(1), kStart + 1000));
}

TEST(LoginLimiter, GuessesFromManyNetworksMakeARightPasswordWorthless) {
  LoginLimiter limiter(Limits(10, 3));
  for (uint8_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(limiter.AddSuccess(Client(100), "bob", kStart));
    EXPECT_TRUE(limiter.MayTryUser(Client(i), "anna", kStart));
    EXPECT_TRUE(limiter.AddFailure(Client(i), "anna", kStart));
  }
  // Right or wrong, it is the same.
  EXPECT_FALSE(limiter.MayTryUser(Client(50), "anna", kStart));
  EXPECT_FALSE(limiter.AddFailure(Client(50), "anna", kStart));
  EXPECT_FALSE(limiter.AddSuccess(Client(50), "anna", kStart));
  EXPECT_TRUE(limiter.AddSuccess(Client(50), "bob", kStart));
  EXPECT_TRUE(limiter.AddSuccess(Client(50), "anna", kStart + 1000));
}

TEST(LoginLimiter, NobodyIsLockedOutOfWhereTheyCameFrom) {
  LoginLimiter limiter(Limits(10, 3));
  ASSERT_TRUE(limiter.AddSuccess(Client(7), "anna", kStart));
  for (uint8_t i = 0; i < 5; ++i) limiter.AddFailure(Client(i), "anna", kStart);
  EXPECT_TRUE(limiter.AddSuccess(Client(7), "anna", kStart));
  EXPECT_TRUE(limiter.AddFailure(Client(7), "anna", kStart));
  EXPECT_FALSE(limiter.AddSuccess(Client(8), "anna", kStart));
  // What was refused made nothing known.
  EXPECT_FALSE(limiter.AddSuccess(Client(8), "anna", kStart));
  // That the network is known to one user is of no use for another.
  for (uint8_t i = 0; i < 5; ++i) limiter.AddFailure(Client(i), "bob", kStart);
  EXPECT_FALSE(limiter.AddSuccess(Client(7), "bob", kStart));
}

TEST(LoginLimiter, ANetworkDoesNotStayKnownForEver) {
  LoginLimiter limiter(Limits(10, 3));
  ASSERT_TRUE(limiter.AddSuccess(Client(7), "anna", kStart));
  const uint64_t later = kStart + LoginLimiter::kKnownMs;
  for (uint8_t i = 0; i < 5; ++i) limiter.AddFailure(Client(i), "anna", later);
  EXPECT_FALSE(limiter.AddSuccess(Client(7), "anna", later));
}

TEST(LoginLimiter, WhoNamesNobodyIsCountedForTheNetworkAlone) {
  LoginLimiter limiter(Limits(2, 1));
  limiter.AddFailure(Client(1), "", kStart);
  limiter.AddFailure(Client(1), "", kStart);
  EXPECT_FALSE(limiter.MayTry(Client(1), kStart));
  EXPECT_TRUE(limiter.AddSuccess(Client(2), "anna", kStart));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
