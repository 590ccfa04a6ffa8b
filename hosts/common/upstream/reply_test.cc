// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/upstream/reply.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace postern::upstream {
namespace {

// "250-|one" for each line, "!" where it broke; the last entry tells of a reply cut short.
std::vector<std::string> Parse(const std::string& octets, size_t step) {
  ReplyParser parser;
  std::vector<std::string> found;
  for (size_t at = 0; at < octets.size(); at += step) {
    std::string_view piece = std::string_view(octets).substr(at, step);
    while (!piece.empty()) {
      size_t consumed = 0;
      ReplyParser::Line line;
      const ReplyParser::Status status = parser.Next(piece, &consumed, &line);
      EXPECT_GT(consumed, 0u);
      EXPECT_LE(consumed, piece.size());
      piece.remove_prefix(consumed);
      if (status == ReplyParser::Status::kNeedMore) {
        EXPECT_TRUE(piece.empty());
        continue;
      }
      if (status == ReplyParser::Status::kBroken) {
        if (found.empty() || found.back() != "!") found.push_back("!");
        EXPECT_FALSE(parser.AtReplyStart());
        continue;
      }
      found.push_back((line.first ? "" : "+") + std::to_string(line.code) +
                      (line.last ? " |" : "-|") + std::string(line.text));
    }
  }
  if (!parser.AtReplyStart() && (found.empty() || found.back() != "!")) found.push_back("...");
  return found;
}

void ExpectLines(const std::string& octets, const std::vector<std::string>& lines) {
  for (size_t step = 1; step <= octets.size(); ++step) {
    EXPECT_EQ(Parse(octets, step), lines) << "in pieces of " << step << ": " << octets;
  }
}

TEST(ReplyParserTest, ReadsRepliesHoweverTheyAreCut) {
  ExpectLines("220 mx.example ESMTP\r\n", {"220 |mx.example ESMTP"});
  ExpectLines("250-one\r\n250-\r\n250 two\r\n354 go\r\n",
              {"250-|one", "+250-|", "+250 |two", "354 |go"});
  ExpectLines("250\r\n", {"250 |"});
  ExpectLines("250 \r\n", {"250 |"});
  ExpectLines("550 5.1.1 \xC3\xA4\tx\r\n", {"550 |5.1.1 \xC3\xA4\tx"});
  ExpectLines("250-one\r\n", {"250-|one", "..."});
  ExpectLines("571 blocked\r\n", {"571 |blocked"});
  ExpectLines("25", {"..."});
}

TEST(ReplyParserTest, WhatIsNoReplyBreaksIt) {
  const std::string nul("250 a\0b\r\n", 9);
  for (const std::string& bad :
       std::vector<std::string>{"\r\n", "\n", "25\r\n", "HTTP/1.1 200 OK\r\n", "250 lf\n",
                                "250 cr\rx\r\n", "250 x\r\r\n", nul, "150 x\r\n", "600 x\r\n",
                                "2x0 x\r\n", "25x x\r\n", "250x\r\n", "250_x\r\n", " 250 x\r\n",
                                "\x16\x03\x01\x02\r\n", "250-a\r\n251 b\r\n", "250-a\r\nb\r\n"}) {
    for (size_t step = 1; step <= bad.size(); ++step) {
      const std::vector<std::string> found = Parse(bad + "250 behind it\r\n", step);
      ASSERT_FALSE(found.empty());
      EXPECT_EQ(found.back(), "!") << bad;
    }
  }
}

TEST(ReplyParserTest, LinesAndRepliesHaveAnEnd) {
  const std::string longest = "250 " + std::string(ReplyParser::kMaxLine - 6, 'x') + "\r\n";
  EXPECT_EQ(Parse(longest, 100).size(), 1u);
  EXPECT_EQ(Parse(longest, 100).front().substr(0, 5), "250 |");
  EXPECT_EQ(Parse("250 x" + longest.substr(4), 100), std::vector<std::string>{"!"});
  EXPECT_EQ(Parse(std::string(1 << 20, '2'), 4096), std::vector<std::string>{"!"});

  std::string lines;
  for (size_t i = 0; i < ReplyParser::kMaxReplyLines; ++i) lines += "250-x\r\n";
  EXPECT_EQ(Parse(lines + "250 x\r\n", 64).back(), "+250 |x");
  EXPECT_EQ(Parse(lines + "250-x\r\n250 x\r\n", 64).back(), "!");
}

Reply Make(uint16_t code, const std::vector<std::string>& lines) {
  Reply reply;
  reply.Clear();
  reply.code = code;
  for (const std::string& line : lines) reply.AddLine(line);
  return reply;
}

std::string Enhanced(const Reply& reply) {
  return std::to_string(reply.enhanced[0]) + "." + std::to_string(reply.enhanced[1]) + "." +
         std::to_string(reply.enhanced[2]);
}

TEST(ReplyTest, EnhancedCodesAreTakenOffTheText) {
  Reply reply = Make(550, {"5.1.1 <a@b>: no such user", "5.1.1 ask the postmaster"});
  EXPECT_EQ(Enhanced(reply), "5.1.1");
  EXPECT_EQ(reply.text.view(), "<a@b>: no such user\nask the postmaster");
  reply = Make(250, {"2.0.0"});
  EXPECT_EQ(Enhanced(reply), "2.0.0");
  EXPECT_EQ(reply.text.view(), "");
  // No enhanced codes.
  for (const char* text : {"5.1 x", "5.1.1x", "5.1.1111 x", "x 5.1.1", "1.2.3 x", ".5.1.1 x"}) {
    reply = Make(550, {text});
    EXPECT_EQ(Enhanced(reply), "0.0.0") << text;
    EXPECT_EQ(reply.text.view(), text);
  }
}

TEST(ReplyTest, AnEnhancedCodeOfAnotherClassIsLeftOut) {
  const Reply reply = Make(550, {"2.0.0 all is well", "5.7.1 not at all"});
  EXPECT_EQ(Enhanced(reply), "0.0.0");
  EXPECT_EQ(reply.text.view(), "all is well\nnot at all");
}

TEST(ReplyTest, TextIsPrintableAndFitsAReplyOfOurs) {
  EXPECT_EQ(Make(250, {"a\x01\x7F\xC3\xA4\x1B[31m\tb"}).text.view(),
            "a????"
            "?[31m\tb");
  EXPECT_EQ(Make(250, {"", "  ", "\t", "x", ""}).text.view(), "x");
  EXPECT_EQ(Make(250, {std::string(2000, 'x')}).text.view().size(), Reply::kMaxTextLine);

  const Reply many = Make(250, std::vector<std::string>(100, "x"));
  EXPECT_EQ(many.lines, Reply::kMaxLines);
  EXPECT_TRUE(many.full);
  // A line that does not fit ends the text; a shorter one behind it would tear a hole.
  const Reply large =
      Make(250, {std::string(480, 'a'), std::string(480, 'b'), std::string(480, 'c'),
                 std::string(480, 'd'), std::string(480, 'e'), "short"});
  EXPECT_EQ(large.lines, 4u);
  EXPECT_EQ(large.text.view().size(), 4 * 480u + 3);
}

}  // namespace
}  // namespace postern::upstream
