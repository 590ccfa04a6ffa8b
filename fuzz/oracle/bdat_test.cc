// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/bdat.h"

#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

BdatChunk Chunk(std::string_view octets, bool last = false, bool refused = false,
                uint64_t to_come = 0) {
  return {octets.size() + to_come, last, refused, std::string(octets)};
}

TEST(ReferenceBdatTest, ChunksArePutTogether) {
  const BdatMessage message =
      ReferenceBdat({Chunk("a\r\n.\r\n"), Chunk(""), Chunk("..b\r\n", true)}, BdatPolicy::kReject);
  EXPECT_EQ(message.octets, "a\r\n.\r\n..b\r\n");  // no dot means anything
  EXPECT_EQ(message.wire, 11u);
  EXPECT_EQ(message.left, 0u);
  EXPECT_FALSE(message.bare_cr || message.bare_lf);
}

TEST(ReferenceBdatTest, RefusedChunksAreCountedAndDropped) {  // D5
  const BdatMessage message = ReferenceBdat(
      {Chunk("a"), Chunk("QUIT\r\n", true, true), Chunk("b", true)}, BdatPolicy::kReject);
  EXPECT_EQ(message.octets, "ab");
  EXPECT_EQ(message.wire, 2u);
  EXPECT_EQ(ReferenceBdat({Chunk("ab", false, true, 5)}, BdatPolicy::kReject).left, 5u);
}

TEST(ReferenceBdatTest, BareLineEnds) {  // D3
  BdatMessage message = ReferenceBdat({Chunk("a\nb\rc", true)}, BdatPolicy::kNormalize);
  EXPECT_EQ(message.octets, "a\r\nb\r\nc");
  EXPECT_TRUE(message.bare_cr && message.bare_lf);
  message = ReferenceBdat({Chunk("a\nb\rc", true)}, BdatPolicy::kReject);
  EXPECT_EQ(message.octets, "a");
  EXPECT_TRUE(message.bare_lf && !message.bare_cr);
  message = ReferenceBdat({Chunk("a\nb\rc\r", true)}, BdatPolicy::kBinary);
  EXPECT_EQ(message.octets, "a\nb\rc\r");
  EXPECT_FALSE(message.bare_cr || message.bare_lf);
}

TEST(ReferenceBdatTest, LineEndsGoOnBeyondAChunk) {
  EXPECT_EQ(ReferenceBdat({Chunk("a\r")}, BdatPolicy::kNormalize).octets, "a");
  EXPECT_EQ(ReferenceBdat({Chunk("a\r"), Chunk("\nb")}, BdatPolicy::kReject).octets, "a\r\nb");
  // Nothing comes behind LAST; something may where a chunk that says so was refused.
  EXPECT_TRUE(ReferenceBdat({Chunk("a\r", true)}, BdatPolicy::kReject).bare_cr);
  EXPECT_FALSE(ReferenceBdat({Chunk("a\r"), Chunk("x", true, true)}, BdatPolicy::kReject).bare_cr);
  EXPECT_FALSE(ReferenceBdat({Chunk("a\r", true, false, 1)}, BdatPolicy::kReject).bare_cr);
}

TEST(SameBdatTest, Bites) {
  const BdatMessage right =
      ReferenceBdat({Chunk("a\nb\r\n", false, false, 3)}, BdatPolicy::kNormalize);
  EXPECT_EQ(SameBdat(right, right), "");
  BdatMessage wrong = right;
  wrong.left = 0;
  EXPECT_NE(SameBdat(right, wrong), "");
  wrong = right;
  ++wrong.wire;
  EXPECT_NE(SameBdat(right, wrong), "");
  wrong = right;
  wrong.octets = "a\nb\r\n";
  EXPECT_NE(SameBdat(right, wrong), "");
  wrong = right;
  wrong.bare_lf = false;
  EXPECT_NE(SameBdat(right, wrong), "");
  wrong = right;
  wrong.bare_cr = true;
  EXPECT_NE(SameBdat(right, wrong), "");
}

TEST(BdatArgumentAgreesTest, TheParserAgrees) {
  for (const std::string_view text :
       {"86 LAST", "0", "000 last", "9223372036854775807", "9223372036854775808",
        "18446744073709551621 LAST", "", " ", "x", "1x", "-1", "1 ", "1  LAST", "1 LASTLY", " 1"}) {
    EXPECT_EQ(BdatArgumentAgrees(text, syntax::ParseBdatArgument(text)), "") << text;
  }
}

TEST(BdatArgumentAgreesTest, Bites) {
  const auto wrong = [](std::string_view text, auto change) {
    syntax::BdatArgument got = syntax::ParseBdatArgument(text);
    change(&got);
    return BdatArgumentAgrees(text, got);
  };
  EXPECT_NE(wrong("5 LAST", [](auto* got) { got->error = syntax::BdatError::kBadSize; }), "");
  EXPECT_NE(wrong("x", [](auto* got) { got->error = syntax::BdatError::kNone; }), "");
  EXPECT_NE(wrong("5 LAST", [](auto* got) { got->last = false; }), "");
  EXPECT_NE(wrong("5 LAST", [](auto* got) { got->octets = 6; }), "");
  EXPECT_NE(wrong("5 LOST", [](auto* got) { got->size_known = false; }), "");
  // The count wraps: 2^64 + 5.
  const auto wrap = [](auto* got) {
    got->error = syntax::BdatError::kNone;
    got->size_known = true;
    got->octets = 5;
  };
  EXPECT_NE(wrong("18446744073709551621", wrap), "");
  EXPECT_NE(
      wrong("18446744073709551621", [](auto* got) { got->error = syntax::BdatError::kBadSize; }),
      "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
