// SPDX-License-Identifier: Apache-2.0

#include "fuzz/work.h"

#include <gtest/gtest.h>

namespace postern::fuzz {
namespace {

TEST(WorkIsLinear, Bites) {
  EXPECT_EQ(WorkIsLinear(0, 0, 0, 0), "");
  EXPECT_EQ(WorkIsLinear(1300, 100, 300, 10), "");
  EXPECT_NE(WorkIsLinear(1301, 100, 300, 10), "");
  // What is quadratic passes any line, where there are octets enough.
  EXPECT_EQ(WorkIsLinear(uint64_t{10} * 10, 10, 300, 10), "");
  EXPECT_NE(WorkIsLinear(uint64_t{1000} * 1000, 1000, 300, 10), "");
}

}  // namespace
}  // namespace postern::fuzz
