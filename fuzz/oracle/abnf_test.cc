// SPDX-License-Identifier: Apache-2.0
//
// The reader and the matcher against examples worked out by hand, section by section of RFC 5234.

#include "fuzz/oracle/abnf.h"

#include <memory>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

using namespace std::string_view_literals;

class AbnfTest : public testing::Test {
 protected:
  bool Matches(std::string_view text, std::string_view octets, std::string_view rule = "r") {
    Abnf abnf;
    std::string error;
    EXPECT_TRUE(abnf.Read(text, &error)) << error;
    const auto matcher = abnf.Compile(rule, &error);
    EXPECT_NE(matcher, nullptr) << error;
    return matcher != nullptr && matcher->Matches(octets);
  }
  std::string ReadError(std::string_view text) {
    Abnf abnf;
    std::string error;
    return abnf.Read(text, &error) ? "" : error;
  }
  std::string CompileError(std::string_view text, std::string_view rule = "r") {
    Abnf abnf;
    std::string error;
    EXPECT_TRUE(abnf.Read(text, &error)) << error;
    return abnf.Compile(rule, &error) != nullptr ? "" : error;
  }
};

TEST_F(AbnfTest, StringsIgnoreCase) {  // §2.3
  EXPECT_TRUE(Matches("r = \"aBc\"\n", "AbC"));
  EXPECT_TRUE(Matches("r = %i\"aBc\"\n", "AbC"));
  EXPECT_FALSE(Matches("r = \"aBc\"\n", "ab"));
  EXPECT_FALSE(Matches("r = \"aBc\"\n", "abcd"));
  EXPECT_TRUE(Matches("r = \"@[\"\n", "@["));
  EXPECT_FALSE(Matches("r = \"@[\"\n", "`{"));  // only letters have case
  EXPECT_TRUE(Matches("r = \"\"\n", ""));
}

TEST_F(AbnfTest, StringsAreSensitiveOnRequest) {  // RFC 7405
  EXPECT_TRUE(Matches("r = %s\"aBc\"\n", "aBc"));
  EXPECT_FALSE(Matches("r = %s\"aBc\"\n", "abc"));
}

TEST_F(AbnfTest, Values) {  // §2.3, §3.4
  EXPECT_TRUE(Matches("r = %d13.10\n", "\r\n"));
  EXPECT_FALSE(Matches("r = %d13.10\n", "\n"));
  EXPECT_TRUE(Matches("r = %x61\n", "a"));
  EXPECT_FALSE(Matches("r = %x61\n", "A"));
  EXPECT_TRUE(Matches("r = %b1100001\n", "a"));
  EXPECT_TRUE(Matches("r = %x30-39\n", "5"));
  EXPECT_FALSE(Matches("r = %x30-39\n", "/"));
  EXPECT_FALSE(Matches("r = %x30-39\n", ":"));
  EXPECT_TRUE(Matches("r = %x00\n", "\0"sv));
  EXPECT_TRUE(Matches("r = %xFF\n", "\xFF"));
}

TEST_F(AbnfTest, ConcatenationBindsStrongerThanChoice) {  // §3.10
  EXPECT_TRUE(Matches("r = \"a\" \"b\" / \"c\" \"d\"\n", "ab"));
  EXPECT_TRUE(Matches("r = \"a\" \"b\" / \"c\" \"d\"\n", "cd"));
  EXPECT_FALSE(Matches("r = \"a\" \"b\" / \"c\" \"d\"\n", "abd"));
  EXPECT_TRUE(Matches("r = \"a\" (\"b\" / \"c\") \"d\"\n", "acd"));
  EXPECT_FALSE(Matches("r = \"a\" (\"b\" / \"c\") \"d\"\n", "ab"));
}

TEST_F(AbnfTest, Repetition) {  // §3.6-3.8
  EXPECT_TRUE(Matches("r = *\"a\"\n", ""));
  EXPECT_TRUE(Matches("r = *\"a\"\n", "aaaa"));
  EXPECT_FALSE(Matches("r = 1*\"a\"\n", ""));
  EXPECT_TRUE(Matches("r = 2*3\"a\"\n", "aa"));
  EXPECT_TRUE(Matches("r = 2*3\"a\"\n", "aaa"));
  EXPECT_FALSE(Matches("r = 2*3\"a\"\n", "a"));
  EXPECT_FALSE(Matches("r = 2*3\"a\"\n", "aaaa"));
  EXPECT_TRUE(Matches("r = *2\"a\"\n", "aa"));
  EXPECT_FALSE(Matches("r = *2\"a\"\n", "aaa"));
  EXPECT_TRUE(Matches("r = 3\"a\"\n", "aaa"));
  EXPECT_FALSE(Matches("r = 3\"a\"\n", "aa"));
  EXPECT_FALSE(Matches("r = 3\"a\"\n", "aaaa"));
  EXPECT_TRUE(Matches("r = [\"a\"]\n", ""));
  EXPECT_TRUE(Matches("r = [\"a\" \"b\"]\n", "ab"));
  EXPECT_FALSE(Matches("r = [\"a\" \"b\"]\n", "a"));
  EXPECT_TRUE(Matches("r = 0\"a\"\n", ""));
  EXPECT_FALSE(Matches("r = 0\"a\"\n", "a"));
}

TEST_F(AbnfTest, RulesIgnoreCaseAndStandInAnyOrder) {  // §2.1
  EXPECT_TRUE(Matches("r = Let-Dig\nLET-DIG = %x61\n", "a", "R"));
}

TEST_F(AbnfTest, ChoicesCanBeAddedLater) {  // §3.3
  const std::string_view text = "r = \"a\"\nr =/ \"b\"\nr =/ \"c\" \"d\"\n";
  EXPECT_TRUE(Matches(text, "a"));
  EXPECT_TRUE(Matches(text, "b"));
  EXPECT_TRUE(Matches(text, "cd"));
  EXPECT_FALSE(Matches(text, "d"));
}

TEST_F(AbnfTest, CommentsAndContinuedLines) {  // §3.9
  EXPECT_TRUE(Matches("; before\n\nr = \"a\" ; first\n      \"b\" ; \"c\"\n; behind\n", "ab"));
  EXPECT_TRUE(Matches("r = \"a\"\r\n  / \"b\"\r\ns = r\r\n", "b", "s"));
  EXPECT_TRUE(Matches("r = \"a\" / ; one\n    ; alone\n    \"b\"", "b"));
  EXPECT_TRUE(Matches("r = \"a;b\" ; c\n", "a;b"));
}

TEST_F(AbnfTest, NeitherOrderNorGreedPlaysAPart) {
  // A matcher that takes the first or the longest fails here.
  EXPECT_TRUE(Matches("r = (\"a\" / \"ab\") \"c\"\n", "abc"));
  EXPECT_TRUE(Matches("r = *\"a\" \"a\"\n", "aaa"));
  EXPECT_TRUE(Matches("r = *(\"a\" / \"-\") \"a\"\n", "a-a-a"));
  EXPECT_FALSE(Matches("r = *(\"a\" / \"-\") \"a\"\n", "a-a-"));
  EXPECT_TRUE(Matches("r = *(*\"a\") \"b\"\n", "aaab"));
  EXPECT_TRUE(Matches("r = *([\"a\"] [\"b\"])\n", "babab"));
  EXPECT_TRUE(Matches("r = 2(1*2\"a\")\n", "aaaa"));
  EXPECT_FALSE(Matches("r = 2(1*2\"a\")\n", "aaaaa"));
}

TEST_F(AbnfTest, PrefixesAreAllOfThem) {
  Abnf abnf;
  std::string error;
  ASSERT_TRUE(abnf.Read("r = \"a\" *(\",a\")\n", &error)) << error;
  const auto matcher = abnf.Compile("r", &error);
  ASSERT_NE(matcher, nullptr) << error;
  const std::vector<bool> prefixes = matcher->Prefixes("a,a,b");
  EXPECT_EQ(prefixes, (std::vector<bool>{false, true, false, true, false, false}));
}

TEST_F(AbnfTest, WorkIsBounded) {
  // A backtracking matcher would not come back from this.
  const std::string octets = std::string(2000, 'a') + "b";
  EXPECT_FALSE(Matches("r = *(*(*\"a\" *\"a\") *\"a\") \"c\"\n", octets));
}

TEST_F(AbnfTest, MoreSetsOfStatesThanAreRemembered) {
  // Whether the fourteenth octet from the end is an "a" takes 2^14 sets to know.
  Abnf abnf;
  std::string error;
  ASSERT_TRUE(abnf.Read("r = *(\"a\" / \"b\") \"a\" 13(\"a\" / \"b\")\n", &error)) << error;
  const auto matcher = abnf.Compile("r", &error);
  ASSERT_NE(matcher, nullptr) << error;
  std::string octets;
  uint32_t random = 1;
  for (int i = 0; i < 20000; ++i) {
    random = random * 1664525 + 1013904223;
    octets += (random >> 31) != 0 ? 'a' : 'b';
  }
  const std::vector<bool> prefixes = matcher->Prefixes(octets);
  for (size_t n = 0; n <= octets.size(); ++n) {
    EXPECT_EQ(prefixes[n], n >= 14 && octets[n - 14] == 'a') << n;
  }
}

TEST_F(AbnfTest, WhatIsWrongIsSaid) {
  EXPECT_NE(ReadError("r = <prose>\n").find("prose"), std::string::npos);
  EXPECT_NE(ReadError("r = \"a\"\nr = \"b\"\n").find("line 2"), std::string::npos);
  EXPECT_NE(ReadError("r =/ \"b\"\n"), "");
  EXPECT_NE(ReadError("r = (\"a\"\n"), "");
  EXPECT_NE(ReadError("r = [\"a\"\n"), "");
  EXPECT_NE(ReadError("r = \"a\n"), "");
  EXPECT_NE(ReadError("r = %x100\n"), "");
  EXPECT_NE(ReadError("r = %q1\n"), "");
  EXPECT_NE(ReadError("r = %x\n"), "");
  EXPECT_NE(ReadError("r = %x39-30\n"), "");
  EXPECT_NE(ReadError("r = 3*2\"a\"\n"), "");
  EXPECT_NE(ReadError("r = \"a\" / \n"), "");
  EXPECT_NE(ReadError("r = \n"), "");
  EXPECT_NE(ReadError("r = \"a\" )\n"), "");
  EXPECT_NE(ReadError("r \"a\"\n"), "");
  EXPECT_NE(ReadError("1 = \"a\"\n"), "");
  EXPECT_NE(CompileError("r = s\n").find("no rule s"), std::string::npos);
  EXPECT_NE(CompileError("r = s\ns = \"a\" [r]\n").find("itself"), std::string::npos);
  EXPECT_NE(CompileError("r = 1000s\ns = 1000t\nt = 1000\"a\"\n").find("big"), std::string::npos);
}

}  // namespace
}  // namespace postern::fuzz::oracle
