// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/failure_limiter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace postern {
namespace posternd {
namespace {

FailureLimiter::Key V4(uint32_t address) {
  const uint8_t octets[4] = {static_cast<uint8_t>(address >> 24),
                             static_cast<uint8_t>(address >> 16),
                             static_cast<uint8_t>(address >> 8), static_cast<uint8_t>(address)};
  return FailureLimiter::KeyOf(host::Address::FromOctets(AF_INET, octets));
}

FailureLimiter::Key V6(uint8_t network, uint8_t interface) {
  uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, interface};
  return FailureLimiter::KeyOf(host::Address::FromOctets(AF_INET6, octets));
}

constexpr uint64_t kStart = 1000000;

TEST(FailureLimiter, LetsABurstPassAndThenOneAtATime) {
  FailureLimiter limiter({3, 1000});
  const FailureLimiter::Key client = V4(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limiter.WaitMs(client, kStart), 0u) << i;
    limiter.AddFailure(client, kStart);
  }
  EXPECT_EQ(limiter.WaitMs(client, kStart), 1000u);
  EXPECT_EQ(limiter.WaitMs(client, kStart + 999), 1u);
  EXPECT_EQ(limiter.WaitMs(client, kStart + 1000), 0u);
  limiter.AddFailure(client, kStart + 1000);
  EXPECT_EQ(limiter.WaitMs(client, kStart + 1000), 1000u);
  EXPECT_EQ(limiter.WaitMs(V4(2), kStart), 0u);
}

TEST(FailureLimiter, ForgetsWithTime) {
  FailureLimiter limiter({3, 1000});
  const FailureLimiter::Key client = V4(1);
  for (int i = 0; i < 3; ++i) limiter.AddFailure(client, kStart);
  EXPECT_EQ(limiter.WaitMs(client, kStart + 3000), 0u);
  EXPECT_EQ(limiter.keys(), 0u);
  for (int i = 0; i < 2; ++i) limiter.AddFailure(client, kStart + 3000);
  EXPECT_EQ(limiter.WaitMs(client, kStart + 3000), 0u);
}

TEST(FailureLimiter, TheWaitDoesNotGrowWithoutBound) {
  FailureLimiter limiter({3, 1000});
  for (int i = 0; i < 1000; ++i) limiter.AddFailure(V4(1), kStart);
  EXPECT_EQ(limiter.WaitMs(V4(1), kStart), 1000u);
}

TEST(FailureLimiter, AClientIsAnIpv6Network) {
  FailureLimiter limiter({1, 1000});
  limiter.AddFailure(V6(1, 1), kStart);
  EXPECT_NE(limiter.WaitMs(V6(1, 2), kStart), 0u);
  EXPECT_EQ(limiter.WaitMs(V6(2, 1), kStart), 0u);
}

TEST(FailureLimiter, ANameIsAKeyOfItsOwn) {
  FailureLimiter limiter({1, 1000});
  limiter.AddFailure(FailureLimiter::KeyOf("anna"), kStart);
  EXPECT_NE(limiter.WaitMs(FailureLimiter::KeyOf("anna"), kStart), 0u);
  for (const char* name : {"", "Anna", "anna ", "bob"}) {
    EXPECT_EQ(limiter.WaitMs(FailureLimiter::KeyOf(name), kStart), 0u) << name;
  }
  const uint8_t octets[4] = {192, 0, 2, 1};
  const host::Address client = host::Address::FromOctets(AF_INET, octets);
  EXPECT_NE(FailureLimiter::KeyOf(client, "anna"), FailureLimiter::KeyOf(client));
  EXPECT_NE(FailureLimiter::KeyOf(client, "anna"), FailureLimiter::KeyOf("anna"));
  EXPECT_NE(FailureLimiter::KeyOf(client, "anna"), FailureLimiter::KeyOf(client, "bob"));
}

TEST(FailureLimiter, ZeroIsNoLimit) {
  FailureLimiter limiter({0, 1000});
  for (int i = 0; i < 100; ++i) limiter.AddFailure(V4(1), kStart);
  EXPECT_EQ(limiter.WaitMs(V4(1), kStart), 0u);
  EXPECT_EQ(limiter.keys(), 0u);
}

TEST(FailureLimiter, RemembersSoManyClientsAndNoMore) {
  FailureLimiter limiter({2, 1000000});
  const FailureLimiter::Key first = V4(0xFFFFFFFF);
  limiter.AddFailure(first, kStart);
  limiter.AddFailure(first, kStart);
  for (uint32_t i = 0; i < FailureLimiter::kMaxKeys + 1500; ++i) limiter.AddFailure(V4(i), kStart);
  EXPECT_LE(limiter.keys(), FailureLimiter::kMaxKeys);
  EXPECT_GT(limiter.keys(), FailureLimiter::kMaxKeys / 2);
  // The one at its limit is not among those that gave way.
  EXPECT_NE(limiter.WaitMs(first, kStart), 0u);
}

}  // namespace
}  // namespace posternd
}  // namespace postern
