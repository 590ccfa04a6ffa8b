// SPDX-License-Identifier: Apache-2.0
//
// A mutator that knows what a dialogue is: setup octets, lines, and marks (dialogue.h).
//
// What it is: inserts, deletes, swaps, duplicates and splices lines, breaks and mends their ends,
// stretches them to the limits, puts marks between them; every so often the fuzzing engine's own
// mutation instead. fuzz/README.md has the gain as measured. What it is not: a generator of valid
// dialogues only.
//
// Threads: pure functions of data and seed, but for `fallback`.

#ifndef POSTERN_FUZZ_SESSION_MUTATOR_H_
#define POSTERN_FUZZ_SESSION_MUTATOR_H_

#include <cstddef>
#include <cstdint>

namespace postern::fuzz {

using Mutate = size_t (*)(uint8_t* data, size_t size, size_t max_size);

size_t MutateDialogue(uint8_t* data, size_t size, size_t max_size, uint32_t seed, Mutate fallback);

// Lines of two dialogues in one.
size_t CrossDialogues(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size,
                      uint8_t* out, size_t max_size, uint32_t seed);

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_SESSION_MUTATOR_H_
