// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/framing.h"

#include <string>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

using Kind = FramingEvent::Kind;

TEST(ReferenceFraming, OnlyCrLfEndsALine) {
  const Framing framing = ReferenceFraming("NOOP\r\na\rb\r\n", 100, 1000);
  ASSERT_EQ(framing.events.size(), 2u);
  EXPECT_EQ(framing.events[0].kind, Kind::kLine);
  EXPECT_EQ(framing.events[0].text, "NOOP");
  EXPECT_EQ(framing.events[0].length, 6u);
  EXPECT_EQ(framing.events[0].end, 6u);
  EXPECT_FALSE(framing.events[0].bare_cr);
  EXPECT_EQ(framing.events[1].text, "a\rb");
  EXPECT_TRUE(framing.events[1].bare_cr);
  EXPECT_TRUE(framing.at_line_start);
}

TEST(ReferenceFraming, ABareLfIsReportedAtOnceAndSwallowsTheRestOfItsLine) {
  const Framing framing = ReferenceFraming("A\nB\nC\r\nD\r\n", 100, 1000);
  ASSERT_EQ(framing.events.size(), 2u);
  EXPECT_EQ(framing.events[0].kind, Kind::kBareLf);
  EXPECT_EQ(framing.events[0].text, "A");
  EXPECT_EQ(framing.events[0].end, 2u);
  EXPECT_EQ(framing.events[1].kind, Kind::kLine);
  EXPECT_EQ(framing.events[1].text, "D");
}

TEST(ReferenceFraming, ACrBeforeTheBareLfsLineDoesNotJoinWithIt) {
  // LF LF after CR LF: the first LF is bare, the CR before belongs to the line before.
  const Framing framing = ReferenceFraming("\r\n\n\r\n", 100, 1000);
  ASSERT_EQ(framing.events.size(), 2u);
  EXPECT_EQ(framing.events[1].kind, Kind::kBareLf);
}

TEST(ReferenceFraming, WhatALineHeld) {
  const Framing framing = ReferenceFraming(std::string("\0\x01\x7F\x80\t\r\n", 7), 100, 1000);
  ASSERT_EQ(framing.events.size(), 1u);
  EXPECT_TRUE(framing.events[0].nul);
  EXPECT_TRUE(framing.events[0].control);
  EXPECT_TRUE(framing.events[0].eight_bit);
  const Framing tab = ReferenceFraming("\t\r\n", 100, 1000);
  EXPECT_FALSE(tab.events[0].control);
}

TEST(ReferenceFraming, KeepsNoMoreThanItsCapacityAndCountsAll) {
  const Framing framing = ReferenceFraming("abcdef\r\n", 3, 1000);
  EXPECT_EQ(framing.events[0].text, "abc");
  EXPECT_EQ(framing.events[0].length, 8u);
}

TEST(ReferenceFraming, PassingTheTotalIsReportedOnce) {
  const Framing framing = ReferenceFraming("abcdefgh\r\nx\r\n", 3, 4);
  ASSERT_EQ(framing.events.size(), 2u);
  EXPECT_EQ(framing.events[0].kind, Kind::kOverTotal);
  EXPECT_EQ(framing.events[0].end, 5u);
  EXPECT_FALSE(framing.events[0].after_bare_lf);
  EXPECT_EQ(framing.events[1].text, "x");

  const Framing after = ReferenceFraming("a\nbcdefgh", 3, 4);
  ASSERT_EQ(after.events.size(), 2u);
  EXPECT_TRUE(after.events[1].after_bare_lf);
  EXPECT_FALSE(after.at_line_start);
}

TEST(ReferenceFraming, ALineOfTheTotalIsNotOverIt) {
  EXPECT_EQ(ReferenceFraming("ab\r\n", 3, 4).events[0].kind, Kind::kLine);
  // The LF of its end is the octet too many: reported, and the line is over.
  const Framing framing = ReferenceFraming("abc\r\nx\r\n", 3, 4);
  ASSERT_EQ(framing.events.size(), 2u);
  EXPECT_EQ(framing.events[0].kind, Kind::kOverTotal);
  EXPECT_EQ(framing.events[1].text, "x");
}

// The oracle bites: each way of being wrong is a finding.
class SameFramingTest : public testing::Test {
 protected:
  const Framing right_ = ReferenceFraming("A\nB\r\nC\r\n", 100, 1000);
  Framing wrong_ = right_;
};

TEST_F(SameFramingTest, FindsNothingWhereAllIsWell) { EXPECT_EQ(SameFraming(right_, wrong_), ""); }
TEST_F(SameFramingTest, FindsALineThatALfEnded) {
  wrong_.events[0].kind = Kind::kLine;
  EXPECT_NE(SameFraming(right_, wrong_), "");
}
TEST_F(SameFramingTest, FindsAReportThatCameLate) {
  wrong_.events[0].end = 5;
  EXPECT_NE(SameFraming(right_, wrong_), "");
}
TEST_F(SameFramingTest, FindsWhatWasSwallowedOrMadeUp) {
  wrong_.events.pop_back();
  EXPECT_NE(SameFraming(right_, wrong_), "");
  wrong_ = right_;
  wrong_.events.push_back(right_.events[1]);
  EXPECT_NE(SameFraming(right_, wrong_), "");
}
TEST_F(SameFramingTest, FindsOtherTextLengthOrFlags) {
  wrong_.events[1].text = "D";
  EXPECT_NE(SameFraming(right_, wrong_), "");
  wrong_ = right_;
  ++wrong_.events[1].length;
  EXPECT_NE(SameFraming(right_, wrong_), "");
  wrong_ = right_;
  wrong_.events[1].bare_cr = true;
  EXPECT_NE(SameFraming(right_, wrong_), "");
}
TEST_F(SameFramingTest, FindsAPartOfALineThatIsForgotten) {
  wrong_.at_line_start = false;
  EXPECT_NE(SameFraming(right_, wrong_), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
