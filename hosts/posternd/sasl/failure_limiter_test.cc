// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/failure_limiter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace postern {
namespace posternd {
namespace {

host::Address V4(uint32_t address) {
  const uint8_t octets[4] = {static_cast<uint8_t>(address >> 24),
                             static_cast<uint8_t>(address >> 16),
                             static_cast<uint8_t>(address >> 8), static_cast<uint8_t>(address)};
  return host::Address::FromOctets(AF_INET, octets);
}

host::Address V6(uint8_t network, uint8_t interface) {
  uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, interface};
  return host::Address::FromOctets(AF_INET6, octets);
}

constexpr uint64_t kStart = 1000000;

TEST(FailureLimiter, LetsABurstPassAndThenOneAtATime) {
  FailureLimiter limiter({3, 1000});
  const host::Address client = V4(1);
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
  const host::Address client = V4(1);
  for (int i = 0; i < 3; ++i) limiter.AddFailure(client, kStart);
  EXPECT_EQ(limiter.WaitMs(client, kStart + 3000), 0u);
  EXPECT_EQ(limiter.clients(), 0u);
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

TEST(FailureLimiter, ZeroIsNoLimit) {
  FailureLimiter limiter({0, 1000});
  for (int i = 0; i < 100; ++i) limiter.AddFailure(V4(1), kStart);
  EXPECT_EQ(limiter.WaitMs(V4(1), kStart), 0u);
  EXPECT_EQ(limiter.clients(), 0u);
}

TEST(FailureLimiter, RemembersSoManyClientsAndNoMore) {
  FailureLimiter limiter({2, 1000000});
  const host::Address first = V4(0xFFFFFFFF);
  limiter.AddFailure(first, kStart);
  limiter.AddFailure(first, kStart);
  for (uint32_t i = 0; i < FailureLimiter::kMaxClients + 1500; ++i)
    limiter.AddFailure(V4(i), kStart);
  EXPECT_LE(limiter.clients(), FailureLimiter::kMaxClients);
  EXPECT_GT(limiter.clients(), FailureLimiter::kMaxClients / 2);
  // The one at its limit is not among those that gave way.
  EXPECT_NE(limiter.WaitMs(first, kStart), 0u);
}

}  // namespace
}  // namespace posternd
}  // namespace postern
