// SPDX-License-Identifier: Apache-2.0
//
// The layout of postern.h is the published one, in every language, without hidden padding
// (EXAMPLES rules 6, 21, 22).

#include "tests/abi/layout.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace {

// The golden lines, without the comment above them.
std::string Golden() {
  std::ifstream file("tests/abi/layout_pins.inc");
  std::string lines;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("POSTERN_PIN_", 0) == 0) lines += line + "\n";
  }
  return lines;
}

#if UINTPTR_MAX == 0xffffffffffffffffu
TEST(Layout, IsTheGoldenOneInC99) {
  ASSERT_FALSE(Golden().empty());
  EXPECT_EQ(postern_layout_c99(), Golden()) << "tests/abi/update.sh, if this is an addition";
}
#endif

TEST(Layout, IsTheSameInC11) { EXPECT_STREQ(postern_layout_c11(), postern_layout_c99()); }

TEST(Layout, IsTheSameInCxx17) { EXPECT_STREQ(postern_layout_cxx17(), postern_layout_c99()); }

// Also finds a member that nobody pinned: the octets would be padding.
TEST(Layout, HasNoHiddenPaddingAndNoUnpinnedMember) {
  std::istringstream lines(postern_layout_c99());
  std::string type;
  unsigned size = 0;
  unsigned end = 0;
  int structs = 0;
  const auto finish = [&] {
    if (type.empty()) return;
    EXPECT_EQ(end, size) << type;
  };
  for (std::string line; std::getline(lines, line);) {
    char name[128];
    char member[128];
    unsigned a = 0;
    unsigned b = 0;
    if (std::sscanf(line.c_str(), "POSTERN_PIN_SIZE(%127[^,], %u)", name, &a) == 2) {
      finish();
      type = name;
      size = a;
      end = 0;
      ++structs;
    } else {
      ASSERT_EQ(std::sscanf(line.c_str(), "POSTERN_PIN_MEMBER(%127[^,], %127[^,], %u, %u)", name,
                            member, &a, &b),
                4)
          << line;
      EXPECT_EQ(a, end) << name << "." << member;
      end = a + b;
    }
  }
  finish();
  EXPECT_GE(structs, 20);
}

}  // namespace
