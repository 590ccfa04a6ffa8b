// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/reply_grammar.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::replies {
namespace {

using E = GrammarError;

TEST(ReplyGrammar, TakesWholeReplies) {
  for (const char* good : {"", "250 OK\r\n", "250\r\n", "250-a\r\n250 b\r\n", "250-\r\n250 b\r\n",
                           "220 x\r\n250-a\tb\r\n250-b\r\n250 c\r\n354 go\r\n"}) {
    const GrammarResult result = CheckReplyStream(good);
    EXPECT_EQ(result.error, E::kNone) << good;
    EXPECT_EQ(result.offset, std::string(good).size());
  }
  EXPECT_EQ(CheckReplyStream("220 x\r\n250-a\r\n250 b\r\n").replies, 2u);
  EXPECT_EQ(CheckReplyStream("220 x\r\n250-a\r\n250 b\r\n").last_code, 250);
}

TEST(ReplyGrammar, RefusesEachFaultByItsName) {
  const struct {
    std::string octets;
    E error;
    size_t offset;
  } cases[] = {
      {"150 x\r\n", E::kCode, 0},
      {"600 x\r\n", E::kCode, 0},
      {"260 x\r\n", E::kCode, 0},
      {"25a x\r\n", E::kCode, 0},
      {"25\r\n", E::kCode, 0},
      {"\r\n", E::kCode, 0},
      {"250_x\r\n", E::kSeparator, 0},
      {"2500 x\r\n", E::kSeparator, 0},
      {"250 \r\n", E::kText, 0},
      {std::string("250 a\0b\r\n", 9), E::kText, 0},
      {"250 a\x7f\r\n", E::kText, 0},
      {"250 \xc3\xbc\r\n", E::kText, 0},
      {"250 a\nb\r\n", E::kLineEnd, 0},
      {"250 a\rb\r\n", E::kLineEnd, 0},
      {"250 a\r\r\n", E::kLineEnd, 0},
      {"250-a\r\n251 b\r\n", E::kMixedCodes, 7},
      {"250 a", E::kUnfinished, 0},
      {"250 a\n", E::kUnfinished, 0},
      {"250-a\r\n", E::kUnfinished, 7},
      {"250 ok\r\n250-a\r\n", E::kUnfinished, 15},
      {"250 " + std::string(507, 'x') + "\r\n", E::kLineTooLong, 0},
  };
  for (const auto& c : cases) {
    const GrammarResult result = CheckReplyStream(c.octets);
    EXPECT_EQ(result.error, c.error) << c.octets;
    EXPECT_EQ(result.offset, c.offset) << c.octets;
  }
  EXPECT_EQ(CheckReplyStream("250 " + std::string(506, 'x') + "\r\n").error, E::kNone);
}

TEST(ReplyGrammar, TakesUtf8WhereItIsToldTo) {
  GrammarOptions options;
  options.utf8 = true;
  EXPECT_EQ(CheckReplyStream("250 \xc3\xbc\r\n", options).error, E::kNone);
  EXPECT_EQ(CheckReplyStream("250 \xfc\r\n", options).error, E::kText);
}

// RFC 2034, where the caller knows that the text is a table's.
TEST(ReplyGrammar, HoldsEnhancedCodesToTheClassAndToAllLines) {
  GrammarOptions options;
  options.enhanced = true;
  EXPECT_EQ(CheckReplyStream("250-2.0.0 a\r\n250 2.0.0 b\r\n", options).error, E::kNone);
  EXPECT_EQ(CheckReplyStream("250 4.0.0 a\r\n", options).error, E::kEnhanced);
  EXPECT_EQ(CheckReplyStream("250-2.0.0 a\r\n250 b\r\n", options).error, E::kEnhanced);
  EXPECT_EQ(CheckReplyStream("250-a\r\n250 2.0.0 b\r\n", options).error, E::kEnhanced);
  EXPECT_EQ(CheckReplyStream("250 1.2.3.4 is an address\r\n", options).error, E::kNone);
  EXPECT_EQ(CheckReplyStream("250 4.0.0 a\r\n").error, E::kNone);
}

}  // namespace
}  // namespace postern::replies
