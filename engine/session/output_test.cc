// SPDX-License-Identifier: Apache-2.0

#include "engine/session/output.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace postern::session {
namespace {

// Counts what is held and refuses when told to.
struct Counter {
  size_t held = 0;
  bool refuse = false;
};
wire::Memory CountingMemory(Counter* counter) {
  return {[](void* user, size_t size) -> void* {
            auto* c = static_cast<Counter*>(user);
            if (c->refuse) return nullptr;
            c->held += size;
            return std::malloc(size);
          },
          [](void* user, void* p, size_t size) {
            static_cast<Counter*>(user)->held -= size;
            std::free(p);
          },
          counter};
}

void Put(Output* output, const std::string& octets) {
  ASSERT_TRUE(output->Reserve(octets.size()));
  std::memcpy(output->tail(), octets.data(), octets.size());
  output->Commit(octets.size());
}

TEST(Output, SmallRepliesNeedNoHeap) {
  Counter counter;
  const wire::Memory memory = CountingMemory(&counter);
  Output output(&memory);
  Put(&output, "250 OK\r\n");
  Put(&output, "221 Bye\r\n");
  EXPECT_EQ(output.data(), "250 OK\r\n221 Bye\r\n");
  EXPECT_EQ(counter.held, 0u);
  EXPECT_EQ(output.total(), 17u);
}

TEST(Output, KeepsOrderWhenItMovesToTheHeapAndGivesItBackWhenDrained) {
  Counter counter;
  const wire::Memory memory = CountingMemory(&counter);
  Output output(&memory);
  std::string expected(200, 'a');
  Put(&output, expected);
  const std::string big(5000, 'b');
  Put(&output, big);
  expected += big;
  EXPECT_EQ(output.data(), expected);
  EXPECT_GT(counter.held, 0u);
  output.Consume(4000);
  EXPECT_EQ(output.data(), expected.substr(4000));
  output.Consume(1200);
  EXPECT_EQ(output.size(), 0u);
  EXPECT_EQ(counter.held, 0u);
}

TEST(Output, ReusesConsumedRoomBeforeItAsksForMore) {
  Counter counter;
  const wire::Memory memory = CountingMemory(&counter);
  Output output(&memory);
  Put(&output, std::string(240, 'a'));
  output.Consume(190);
  Put(&output, std::string(200, 'b'));
  EXPECT_EQ(output.data(), std::string(50, 'a') + std::string(200, 'b'));
  EXPECT_EQ(counter.held, 0u);
}

TEST(Output, RefusedMemoryChangesNothing) {
  Counter counter;
  const wire::Memory memory = CountingMemory(&counter);
  Output output(&memory);
  Put(&output, "250 OK\r\n");
  counter.refuse = true;
  EXPECT_FALSE(output.Reserve(5000));
  EXPECT_EQ(output.data(), "250 OK\r\n");
  Put(&output, "x");
  EXPECT_EQ(output.data(), "250 OK\r\nx");
}

}  // namespace
}  // namespace postern::session
