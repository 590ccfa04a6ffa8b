// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/reply.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

TEST(RepliesAreStrictTest, TakesReplies) {
  EXPECT_EQ(RepliesAreStrict("", {}), "");
  EXPECT_EQ(RepliesAreStrict("250-a\r\n250-SIZE\r\n250 HELP\r\n354 go\r\n", {}), "");
  ReplyTerms terms;
  terms.one = true;
  terms.code = 550;
  terms.enhanced = true;
  EXPECT_EQ(RepliesAreStrict("550-5.1.1 a\r\n550 5.1.1 b\r\n", terms), "");
}

TEST(RepliesAreStrictTest, Bites) {
  for (const std::string_view bad :
       {"250 a", "250 a\n", "250 a\r\n\r\n", "250-a\r\n", "250-a\r\n251 b\r\n", "25 a\r\n",
        "650 a\r\n", "250_a\r\n", "250 a\x01\r\n", "250 \xC3\xA9\r\n", "250 a\rb\r\n"}) {
    EXPECT_NE(RepliesAreStrict(bad, {}), "") << bad;
  }
  EXPECT_EQ(RepliesAreStrict("250 " + std::string(506, 'a') + "\r\n", {}), "");
  EXPECT_NE(RepliesAreStrict("250 " + std::string(507, 'a') + "\r\n", {}), "");

  ReplyTerms terms;
  terms.one = true;
  EXPECT_NE(RepliesAreStrict("", terms), "");
  EXPECT_NE(RepliesAreStrict("250 a\r\n250 b\r\n", terms), "");
  terms.code = 250;
  EXPECT_EQ(RepliesAreStrict("250 a\r\n", terms), "");
  EXPECT_NE(RepliesAreStrict("251 a\r\n", terms), "");
  terms.enhanced = true;
  EXPECT_EQ(RepliesAreStrict("250 2.0.0 a\r\n", terms), "");
  for (const std::string_view bad :
       {"250 a\r\n", "250 5.0.0 a\r\n", "250-2.0.0 a\r\n250 b\r\n", "250 2.0 a\r\n", "250\r\n",
        "250 2.0.1000 a\r\n", "250 2..0 a\r\n"}) {
    EXPECT_NE(RepliesAreStrict(bad, terms), "") << bad;
  }
  terms = {};
  terms.utf8 = true;
  EXPECT_EQ(RepliesAreStrict("250 \xC3\xA9\r\n", terms), "");
  EXPECT_NE(RepliesAreStrict("250 \xC3\r\n", terms), "");
}

TEST(OnlyPrintableCameThroughTest, Bites) {
  EXPECT_EQ(OnlyPrintableCameThrough("250 a\r\n", ""), "");
  EXPECT_NE(OnlyPrintableCameThrough("250 a\tb\r\n", ""), "");
  EXPECT_NE(OnlyPrintableCameThrough("250 a\rb\r\n", ""), "");
  EXPECT_NE(OnlyPrintableCameThrough("250 \xC3\xA9\r\n", ""), "");
  EXPECT_EQ(OnlyPrintableCameThrough("250 \xC3\xA9\r\n", "\xC3\xA9"), "");
  EXPECT_NE(OnlyPrintableCameThrough("250 \xC3\xA9\xC3\xAA\r\n", "\xC3\xA9"), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
