// SPDX-License-Identifier: Apache-2.0
//
// A heap for fuzz targets: counts what is held and refuses where the input says so.
//
// What it is: a wire::Memory, and the same as the allocator of postern_host. What it is not: faster
// or safer than malloc, which it calls.
//
// Threads and lifetime: one owner; outlives what was allocated from it.

#ifndef POSTERN_FUZZ_HEAP_H_
#define POSTERN_FUZZ_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/wire/memory.h"

namespace postern::fuzz {

class Heap {
 public:
  // The n-th allocation is refused if bit n of `refusals` is set.
  explicit Heap(uint32_t refusals) : refusals_(refusals), memory_{Allocate, Deallocate, this} {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  const wire::Memory* memory() const { return &memory_; }
  size_t held() const { return held_; }
  size_t most() const { return most_; }
  uint32_t refused() const { return refused_; }

  static void* Allocate(void* user, size_t size) {
    auto* heap = static_cast<Heap*>(user);
    const bool refuse = (heap->refusals_ & 1) != 0;
    heap->refusals_ >>= 1;
    if (refuse) {
      ++heap->refused_;
      return nullptr;
    }
    heap->held_ += size;
    if (heap->held_ > heap->most_) heap->most_ = heap->held_;
    return std::malloc(size);
  }
  static void Deallocate(void* user, void* p, size_t size) {
    static_cast<Heap*>(user)->held_ -= size;
    std::free(p);
  }

 private:
  uint32_t refusals_;
  uint32_t refused_ = 0;
  size_t held_ = 0;
  size_t most_ = 0;
  wire::Memory memory_;
};

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_HEAP_H_
