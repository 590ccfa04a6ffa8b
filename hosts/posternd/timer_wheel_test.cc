// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/timer_wheel.h"

#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace postern {
namespace posternd {
namespace {

TEST(TimerWheelTest, EmptyWheelHasNothingToDo) {
  TimerWheel wheel(12345);
  EXPECT_EQ(wheel.NextMs(), TimerWheel::kNever);
  EXPECT_EQ(wheel.Expire(1000000), nullptr);
}

TEST(TimerWheelTest, NodesComeUpInOrderAndNotEarly) {
  TimerWheel wheel(0);
  TimerNode early, late;
  EXPECT_TRUE(wheel.Schedule(&late, 5000));
  EXPECT_TRUE(wheel.Schedule(&early, 1000));
  EXPECT_EQ(wheel.Expire(999), nullptr);
  EXPECT_EQ(wheel.Expire(1000 + TimerWheel::kTickMs), &early);
  EXPECT_EQ(wheel.Expire(1000 + TimerWheel::kTickMs), nullptr);
  EXPECT_EQ(wheel.Expire(5000 + TimerWheel::kTickMs), &late);
  EXPECT_EQ(wheel.NextMs(), TimerWheel::kNever);
}

TEST(TimerWheelTest, CancelledAndMovedNodesDoNotComeUpAtTheOldTime) {
  TimerWheel wheel(0);
  TimerNode a, b;
  wheel.Schedule(&a, 1000);
  wheel.Schedule(&b, 1000);
  wheel.Cancel(&a);
  wheel.Schedule(&b, 9000);
  EXPECT_FALSE(a.scheduled());
  EXPECT_EQ(wheel.Expire(2000), nullptr);
  EXPECT_EQ(wheel.Expire(9999), &b);
}

TEST(TimerWheelTest, ADeadlineInThePastComesUpAtOnce) {
  TimerWheel wheel(1000000);
  TimerNode node;
  wheel.Schedule(&node, 5);
  EXPECT_EQ(wheel.Expire(1000000), &node);
}

TEST(TimerWheelTest, FarDeadlinesComeUpWithinTheSpanToBeScheduledAgain) {
  TimerWheel wheel(0);
  TimerNode node;
  wheel.Schedule(&node, uint64_t{1} << 40);
  EXPECT_LE(wheel.NextMs(), TimerWheel::kSlots * TimerWheel::kTickMs);
}

TEST(TimerWheelTest, AgreesWithASimpleListOverManyRandomSteps) {
  std::mt19937_64 random(7);
  constexpr size_t kNodes = 200;
  constexpr uint64_t kSpan = (TimerWheel::kSlots - 2) * TimerWheel::kTickMs;
  uint64_t now = 77777;
  TimerWheel wheel(now);
  std::vector<TimerNode> nodes(kNodes);
  std::vector<uint64_t> due(kNodes, TimerWheel::kNever);
  for (int step = 0; step < 20000; ++step) {
    const size_t i = random() % kNodes;
    if (random() % 4 == 0) {
      wheel.Cancel(&nodes[i]);
      due[i] = TimerWheel::kNever;
    } else {
      due[i] = now + random() % kSpan;
      wheel.Schedule(&nodes[i], due[i]);
    }
    now += random() % (random() % 50 == 0 ? 100000 : 300);
    while (TimerNode* node = wheel.Expire(now)) {
      const size_t index = static_cast<size_t>(node - nodes.data());
      ASSERT_LE(due[index], now) << "early";
      due[index] = TimerWheel::kNever;
    }
    for (size_t n = 0; n < kNodes; ++n) {
      if (due[n] != TimerWheel::kNever) {
        ASSERT_TRUE(nodes[n].scheduled());
        ASSERT_GT(due[n] + TimerWheel::kTickMs, now) << "late";
      }
    }
  }
}

}  // namespace
}  // namespace posternd
}  // namespace postern
