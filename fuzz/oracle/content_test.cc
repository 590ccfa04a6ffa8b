// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/content.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

using namespace std::string_view_literals;

TEST(ReferenceContentTest, DotsAndTheEnd) {
  const Content content = ReferenceContent("a\r\n..b\r\n.c\r\n.\r\nQUIT\r\n", false);
  EXPECT_TRUE(content.ended);
  EXPECT_EQ(content.octets, "a\r\n.b\r\nc\r\n");
  EXPECT_EQ(content.wire, 15u);
  EXPECT_FALSE(content.bare_cr || content.bare_lf);
  const Content empty = ReferenceContent(".\r\nx", false);
  EXPECT_TRUE(empty.ended);
  EXPECT_EQ(empty.octets, "");
  EXPECT_EQ(empty.wire, 3u);
}

TEST(ReferenceContentTest, NothingElseEnds) {  // D1
  for (const std::string_view octets :
       {"a\n.\nb"sv, "a\n.\r\nb"sv, "a\r.\rb"sv, "a\r\n.\nb"sv, "a\r\n.\rb"sv, "a\r.\r\nb"sv,
        "a\r\n\0.\r\nb"sv, "a\r\n.\0\r\nb"sv, "a\r\n..\r\nb"sv, "a\r\n. \r\nb"sv}) {
    EXPECT_FALSE(ReferenceContent(octets, true).ended) << Visible(octets);
  }
}

TEST(ReferenceContentTest, BareLineEnds) {  // D3
  Content content = ReferenceContent("a\nb\rc\r\n.\r\n", true);
  EXPECT_EQ(content.octets, "a\r\nb\r\nc\r\n");
  EXPECT_TRUE(content.bare_cr && content.bare_lf);
  content = ReferenceContent("a\nb\rc\r\n.\r\n", false);
  EXPECT_EQ(content.octets, "a");
  EXPECT_TRUE(content.ended);
  EXPECT_TRUE(content.bare_lf);
  EXPECT_FALSE(content.bare_cr);
  // A dot behind a bare LF is no leading dot.
  EXPECT_EQ(ReferenceContent("a\n.b", true).octets, "a\r\n.b");
}

TEST(ReferenceContentTest, WhatIsNotKnownYetIsNotDelivered) {
  EXPECT_EQ(ReferenceContent("a\r", true).octets, "a");
  EXPECT_FALSE(ReferenceContent("a\r", true).bare_cr);
  EXPECT_EQ(ReferenceContent("a\r\n.", true).octets, "a\r\n");
  EXPECT_EQ(ReferenceContent("a\r\n.\r", true).octets, "a\r\n");
}

TEST(EncodeContentTest, DecodesToItself) {
  const std::string clean = CleanContent(".a\n\r..\r\r\nb");
  EXPECT_EQ(clean, ".a\r\n\r\n..\r\n\r\nb\r\n");
  const std::string wire = EncodeContent(clean);
  EXPECT_EQ(wire, "..a\r\n\r\n...\r\n\r\nb\r\n.\r\n");
  EXPECT_EQ(ReferenceContent(wire, false).octets, clean);
}

TEST(SameContentTest, Bites) {
  const Content right = ReferenceContent("a\r\nb\r\n.\r\n", false);
  EXPECT_EQ(SameContent(right, right), "");
  Content wrong = right;
  wrong.ended = false;
  EXPECT_NE(SameContent(right, wrong), "");
  wrong = right;
  --wrong.wire;
  EXPECT_NE(SameContent(right, wrong), "");
  wrong = right;
  wrong.octets += "\n";
  EXPECT_NE(SameContent(right, wrong), "");
  wrong = right;
  wrong.octets[0] = 'b';
  EXPECT_NE(SameContent(right, wrong), "");
  wrong = right;
  wrong.bare_cr = true;
  EXPECT_NE(SameContent(right, wrong), "");
  wrong = right;
  wrong.bare_lf = true;
  EXPECT_NE(SameContent(right, wrong), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
