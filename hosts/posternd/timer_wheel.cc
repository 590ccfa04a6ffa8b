// SPDX-License-Identifier: Apache-2.0
//
// The timer wheel; see timer_wheel.h.

#include "hosts/posternd/timer_wheel.h"

namespace postern {
namespace posternd {

TimerWheel::TimerWheel(uint64_t now_ms) : now_(now_ms / kTickMs) {
  for (TimerNode& slot : slots_) slot.previous = slot.next = &slot;
}

bool TimerWheel::Schedule(TimerNode* node, uint64_t due_ms) {
  const uint64_t first = FirstTick();
  if (node->scheduled()) Unlink(node);
  // Rounded up: never early but by the wheel's span.
  uint64_t tick = due_ms / kTickMs + (due_ms % kTickMs != 0);
  if (tick < now_) tick = now_;
  if (tick >= now_ + kSlots) tick = now_ + kSlots - 1;
  node->tick = tick;
  TimerNode* slot = SlotOf(tick);
  node->next = slot;
  node->previous = slot->previous;
  slot->previous->next = node;
  slot->previous = node;
  filled_[tick % kSlots / 64] |= uint64_t{1} << (tick % 64);
  return tick < first;
}

void TimerWheel::Cancel(TimerNode* node) {
  if (node->scheduled()) Unlink(node);
}

void TimerWheel::Unlink(TimerNode* node) {
  node->previous->next = node->next;
  node->next->previous = node->previous;
  node->next = node->previous = nullptr;
  const TimerNode* slot = SlotOf(node->tick);
  if (slot->next == slot) {
    filled_[node->tick % kSlots / 64] &= ~(uint64_t{1} << (node->tick % 64));
  }
}

uint64_t TimerWheel::FirstTick() const {
  for (uint64_t offset = 0; offset < kSlots;) {
    const uint64_t index = (now_ + offset) % kSlots;
    const uint64_t rest = filled_[index / 64] >> (index % 64);
    if (rest != 0) {
      const uint64_t found = offset + static_cast<uint64_t>(__builtin_ctzll(rest));
      // Bits of the first word that lie before now_ come up again one turn later.
      if (found < kSlots) return now_ + found;
    }
    offset += 64 - index % 64;
  }
  // The part of the first word before now_.
  const uint64_t index = now_ % kSlots;
  const uint64_t before = filled_[index / 64] & ((uint64_t{1} << (index % 64)) - 1);
  if (before != 0) {
    return now_ - index % 64 + kSlots + static_cast<uint64_t>(__builtin_ctzll(before));
  }
  return kNever;
}

TimerNode* TimerWheel::Expire(uint64_t now_ms) {
  const uint64_t tick = now_ms / kTickMs;
  const uint64_t first = FirstTick();
  if (first == kNever || first > tick) {
    if (tick > now_) now_ = tick;
    return nullptr;
  }
  now_ = first;
  TimerNode* node = SlotOf(first)->next;
  Unlink(node);
  return node;
}

uint64_t TimerWheel::NextMs() const {
  const uint64_t first = FirstTick();
  return first == kNever ? kNever : first * kTickMs;
}

}  // namespace posternd
}  // namespace postern
