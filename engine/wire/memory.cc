// SPDX-License-Identifier: Apache-2.0
//
// The default heap: malloc and free. See memory.h.

#include "engine/wire/memory.h"

#include <cstdlib>
#include <cstring>

namespace postern::wire {
namespace {

void* Allocate(void* /*user*/, size_t size) { return std::malloc(size); }

void Deallocate(void* /*user*/, void* p, size_t /*size*/) { std::free(p); }

constexpr Memory kMalloc = {Allocate, Deallocate, nullptr};

}  // namespace

const Memory& DefaultMemory() { return kMalloc; }

void Wipe(void* p, size_t size) {
  std::memset(p, 0, size);
  // Whoever reads this memory next is unknown to the compiler, so the stores stay.
  __asm__ __volatile__("" : : "r"(p) : "memory");
}

}  // namespace postern::wire
