// SPDX-License-Identifier: Apache-2.0
//
// The layout and the constants of postern.h are the published ones, in every language, without
// hidden padding, and nothing of the header is left unpinned (EXAMPLES rules 6, 13, 21, 22).

#include "tests/abi/layout.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace {

std::string Read(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

// What the first group of `pattern` matches, anywhere in `text`.
std::set<std::string> FindAll(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    found.insert((*at)[1]);
  }
  return found;
}

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
    } else if (line.rfind("POSTERN_PIN_CONSTANT(", 0) != 0) {
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

TEST(Layout, HasNoUnpinnedStructAndNoUnpinnedConstant) {
  const std::string header = Read("plugin_api/postern.h");
  const std::string pins = Golden();
  const std::set<std::string> structs = FindAll(header, "typedef struct (\\w+) \\{");
  EXPECT_GE(structs.size(), 20u);
  EXPECT_EQ(FindAll(pins, "POSTERN_PIN_SIZE\\((\\w+),"), structs);
  const std::set<std::string> constants = FindAll(header, "\\b(POSTERN_[A-Z0-9_]+) = -?[0-9]");
  EXPECT_GE(constants.size(), 100u);
  EXPECT_EQ(FindAll(pins, "POSTERN_PIN_CONSTANT\\((\\w+),"), constants);
}

// Rule 21: a pure-C program uses every function of the table.
TEST(Layout, OfTheTableIsCalledWholeByThePureCHost) {
  const std::set<std::string> data = {"struct_size", "abi_version", "version"};
  const std::string host = Read("tests/abi/all_calls_test.c");
  const std::set<std::string> called = FindAll(host, "api->(\\w+)\\(");
  const std::set<std::string> members =
      FindAll(Golden(), "POSTERN_PIN_MEMBER\\(postern_api, (\\w+),");
  EXPECT_GT(members.size(), 20u);
  for (const std::string& member : members) {
    EXPECT_EQ(called.count(member), 1 - data.count(member)) << member;
  }
}

}  // namespace
