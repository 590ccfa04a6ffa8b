// SPDX-License-Identifier: Apache-2.0
//
// The default heap: malloc and free. See memory.h.

#include "engine/wire/memory.h"

#include <cstdlib>

namespace postern::wire {
namespace {

void* Allocate(void* /*user*/, size_t size) { return std::malloc(size); }

void Deallocate(void* /*user*/, void* p, size_t /*size*/) { std::free(p); }

constexpr Memory kMalloc = {Allocate, Deallocate, nullptr};

}  // namespace

const Memory& DefaultMemory() { return kMalloc; }

}  // namespace postern::wire
