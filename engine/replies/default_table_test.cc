// SPDX-License-Identifier: Apache-2.0
//
// Every octet that the default table can send, against the committed default_table.golden, so that
// a change of wording is seen in review. The file's first lines tell how to write it anew.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "engine/replies/render_table.h"

namespace postern::replies {
namespace {

TEST(DefaultTable, RendersAsTheGoldenFileSays) {
  std::ifstream in("engine/replies/default_table.golden", std::ios::binary);
  ASSERT_TRUE(in) << "run from the workspace's root";
  const std::string golden((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::istringstream wanted_lines(golden);
  std::istringstream got_lines(RenderDefaultTable());
  std::string wanted;
  std::string got;
  for (int line = 1; std::getline(wanted_lines, wanted); ++line) {
    ASSERT_TRUE(std::getline(got_lines, got)) << "line " << line;
    ASSERT_EQ(got, wanted) << "line " << line;
  }
  EXPECT_FALSE(std::getline(got_lines, got)) << got;
}

}  // namespace
}  // namespace postern::replies
