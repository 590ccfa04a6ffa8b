// SPDX-License-Identifier: Apache-2.0
//
// Deadlines of many connections at the price of a linked list each: a wheel of slots a quarter of a
// second apart. A deadline beyond the wheel's span is put into its last slot, so a node may come up
// early: whoever owns it looks at the real deadline and schedules it again. It never comes up more
// than one slot late.
//
// Threads: one, the loop's.
#ifndef POSTERN_HOSTS_POSTERND_TIMER_WHEEL_H_
#define POSTERN_HOSTS_POSTERND_TIMER_WHEEL_H_

#include <array>
#include <cstdint>

namespace postern {
namespace posternd {

struct TimerNode {
  TimerNode* previous = nullptr;
  TimerNode* next = nullptr;
  uint64_t tick = 0;  // when it comes up, in slots since the clock's zero

  bool scheduled() const { return next != nullptr; }
};

class TimerWheel {
 public:
  static constexpr uint64_t kTickMs = 256;
  static constexpr uint64_t kSlots = 1024;
  static constexpr uint64_t kNever = UINT64_MAX;

  explicit TimerWheel(uint64_t now_ms);

  // Moves the node if it is scheduled already. True: it is now the first of all to come up.
  bool Schedule(TimerNode* node, uint64_t due_ms);
  void Cancel(TimerNode* node);

  // Takes the next node whose time has come out of the wheel, or null.
  TimerNode* Expire(uint64_t now_ms);

  // When Expire is to be called next; kNever for an empty wheel.
  uint64_t NextMs() const;

 private:
  TimerNode* SlotOf(uint64_t tick) { return &slots_[tick % kSlots]; }
  void Unlink(TimerNode* node);
  // First tick at or after now_ whose slot is not empty.
  uint64_t FirstTick() const;

  uint64_t now_;  // all slots before this tick are empty
  std::array<TimerNode, kSlots> slots_;
  std::array<uint64_t, kSlots / 64> filled_ = {};
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_TIMER_WHEEL_H_
