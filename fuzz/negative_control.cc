// SPDX-License-Identifier: Apache-2.0
//
// A target that must fail. A job that was built without its sanitizer, or whose reports are
// swallowed, finds nothing for ever; this shows that it would have.
//
// Target functions: none.
//
// Input: one octet names the fault: 'a' reads behind a heap block (AddressSanitizer), 'l' loses one
// (LeakSanitizer), 'u' overflows a signed integer (UndefinedBehaviorSanitizer), 'm' decides by
// memory that was never set (MemorySanitizer), 'o' contradicts an oracle (no sanitizer is needed).
// Any other does nothing.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "fuzz/check.h"

namespace {

volatile int sink;
// So that no compiler knows the value, and none warns.
volatile int one = 1;

void ReadBehindBlock() {
  const auto block = std::make_unique<int[]>(4);
  sink = block[static_cast<size_t>(3 + one)];
}

void LoseBlock() {
  auto* volatile block = static_cast<char*>(std::malloc(static_cast<size_t>(7 * one)));
  sink = block != nullptr ? 1 : 0;
  block = nullptr;
}

void OverflowInteger() {
  int number = INT32_MAX;
  number += one;
  sink = number;
}

void DecideByUnsetMemory() {
  auto* volatile block = static_cast<int*>(std::malloc(sizeof(int)));
  int* const plain = block;
  if (plain != nullptr && plain[one - 1] == 12345) sink = 1;
  std::free(plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  switch (data[0]) {
    case 'a':
      ReadBehindBlock();
      break;
    case 'l':
      LoseBlock();
      break;
    case 'u':
      OverflowInteger();
      break;
    case 'm':
      DecideByUnsetMemory();
      break;
    case 'o':
      postern::fuzz::RequireThat(one == 0, "negative control", "it must be found");
      break;
    default:
      break;
  }
  return 0;
}
