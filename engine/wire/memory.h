// SPDX-License-Identifier: Apache-2.0
//
// The heap of an engine session, as the host gives it.
//
// What it is: three words (allocate, deallocate, user) through which every heap octet of a session
// goes, so that a host can bound it, count it, or make it fail on purpose.
// What it is not: a general allocator. There is no realloc and no alignment argument; `allocate`
// returns storage aligned for std::max_align_t.
//
// Threads and lifetime: a Memory outlives every object that was given its address. The functions
// are called only from inside calls on such an object, so they need to be thread-safe only if the
// host shares one Memory between sessions on several threads. They must not throw.

#ifndef POSTERN_ENGINE_WIRE_MEMORY_H_
#define POSTERN_ENGINE_WIRE_MEMORY_H_

#include <cstddef>

namespace postern::wire {

struct Memory {
  // Returns `size` octets (size > 0), or null: every caller copes with null.
  void* (*allocate)(void* user, size_t size);
  // `p` is what allocate returned (never null), `size` what was asked for then.
  void (*deallocate)(void* user, void* p, size_t size);
  void* user;
};

// malloc and free. Thread-safe; lives as long as the program.
const Memory& DefaultMemory();

// Overwrites what was secret, in a way that no compiler leaves out.
void Wipe(void* p, size_t size);

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_MEMORY_H_
