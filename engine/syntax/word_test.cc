// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/word.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/reference_grammar.h"

namespace postern::syntax {
namespace {

using reference::Rule;

TEST(HeloArgument, TakesDomainAndForEhloAddressLiteral) {
  EXPECT_EQ(ParseHeloArgument("bar.example").text, "bar.example");
  EXPECT_TRUE(ParseHeloArgument("[192.0.2.1]").is_literal);
  HeloOptions helo;
  helo.address_literal = false;
  const HeloResult result = ParseHeloArgument("[192.0.2.1]", helo);
  EXPECT_EQ(result.error, DomainError::kBadOctet);
  EXPECT_EQ(result.error_offset, 0);
  EXPECT_EQ(ParseHeloArgument("").error, DomainError::kEmpty);
  EXPECT_EQ(ParseHeloArgument("a b").error, DomainError::kBadOctet);
  EXPECT_EQ(ParseHeloArgument("a b").error_offset, 1);
  EXPECT_EQ(ParseHeloArgument("b\xC3\xBC").error, DomainError::kNeedsUtf8);
}

TEST(HeloArgument, EachLeniencyAloneAdmitsWhatItNames) {
  HeloOptions options;
  options.underscore = true;
  EXPECT_EQ(ParseHeloArgument("HOST_1", options).text, "HOST_1");
  EXPECT_FALSE(ParseHeloArgument("host.", options).ok());
  options = {};
  options.trailing_dot = true;
  EXPECT_EQ(ParseHeloArgument("host.", options).text, "host");
  EXPECT_FALSE(ParseHeloArgument("HOST_1", options).ok());
  options = {};
  options.utf8 = true;
  EXPECT_TRUE(ParseHeloArgument("b\xC3\xBC", options).has_utf8);
}

TEST(HeloArgument, TakesAnyPrintableTextOnlyWithTheOption) {
  HeloOptions options;
  options.allow_anything = true;
  const HeloResult odd = ParseHeloArgument("my pc (home)", options);
  EXPECT_TRUE(odd.ok());
  EXPECT_TRUE(odd.is_free_form);
  EXPECT_EQ(odd.error_offset, 0);
  EXPECT_EQ(odd.text, "my pc (home)");
  EXPECT_FALSE(ParseHeloArgument("a.example", options).is_free_form);
  EXPECT_FALSE(ParseHeloArgument("", options).ok());
  EXPECT_FALSE(ParseHeloArgument("a\tb", options).ok());
  EXPECT_FALSE(ParseHeloArgument("a\x7F", options).ok());
  EXPECT_FALSE(ParseHeloArgument("a\xC3\xBC", options).ok());
}

TEST(String, IsAtomOrQuotedString) {
  EXPECT_TRUE(ParseString("Smith").ok());
  EXPECT_TRUE(ParseString("\"Joe Smith\"").is_quoted);
  EXPECT_EQ(ParseString("").error, WordError::kEmpty);
  EXPECT_EQ(ParseString("a.b").error, WordError::kBadOctet);
  EXPECT_EQ(ParseString("a.b").error_offset, 1);
  EXPECT_EQ(ParseString("a b").error_offset, 1);
  EXPECT_EQ(ParseString("\"a").error, WordError::kBadQuotedString);
  EXPECT_EQ(ParseString("\"a\"b").error, WordError::kBadQuotedString);
  EXPECT_EQ(ParseString("\xC3\xBC").error, WordError::kNeedsUtf8);
  EXPECT_TRUE(ParseString("\xC3\xBC", true).has_utf8);
  EXPECT_EQ(ParseString("\xC3", true).error, WordError::kBadUtf8);
}

TEST(String, AgreesWithTheReferenceOnEveryShortStringAndSubstitution) {
  const auto check = [](const std::string& text) {
    const std::vector<char> copy(text.begin(), text.end());
    const std::string_view in(copy.data(), copy.size());
    for (const bool utf8 : {false, true}) {
      const WordResult result = ParseString(in, utf8);
      ASSERT_EQ(result.ok(), reference::Matches(Rule::kString, in, utf8)) << "[" << text << "]";
      ASSERT_LE(result.error_offset, in.size());
      const WordResult query = ParseQueryArgument(in, utf8);
      const bool query_expected = reference::Matches(Rule::kLocalPart, in, utf8) ||
                                  reference::Matches(Rule::kMailbox, in, utf8);
      if (in.empty() || in[0] != '<') {
        ASSERT_EQ(query.ok(), query_expected) << "[" << text << "]";
      }
      ASSERT_LE(query.error_offset, in.size());
    }
  };
  std::vector<std::string> level = {""};
  for (int length = 0; length <= 5; ++length) {
    std::vector<std::string> next;
    for (const std::string& text : level) {
      check(text);
      for (const char c : {'a', '"', '\\', '.', '@', ' '}) next.push_back(text + c);
    }
    level = next;
  }
  for (const std::string seed :
       {"ab", "\"a b\"", "\"\\a\"", "\xC3\xBC", "a.b@c.d", "a@[1.2.3.4]"}) {
    for (size_t at = 0; at < seed.size(); ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string changed = seed;
        changed[at] = static_cast<char>(c);
        check(changed);
      }
    }
  }
}

TEST(QueryArgument, TakesUserNamesAndMailboxesWithAndWithoutBrackets) {
  for (const char* text : {"Smith", "john.q.public", "\"Joe Smith\"", "Example-People"}) {
    const WordResult result = ParseQueryArgument(text);
    EXPECT_EQ(result.text, text);
    EXPECT_FALSE(result.is_mailbox);
  }
  EXPECT_TRUE(ParseQueryArgument("user@example.com").is_mailbox);
  EXPECT_EQ(ParseQueryArgument("<user@example.com>").text, "user@example.com");
  EXPECT_EQ(ParseQueryArgument("<user>").text, "user");
  EXPECT_TRUE(ParseQueryArgument("u@[1.2.3.4]").is_mailbox);
}

TEST(QueryArgument, SaysWhatIsWrong) {
  EXPECT_EQ(ParseQueryArgument("").error, WordError::kEmpty);
  EXPECT_EQ(ParseQueryArgument("<>").error, WordError::kBadOctet);
  EXPECT_EQ(ParseQueryArgument("<a").error, WordError::kBadOctet);
  EXPECT_EQ(ParseQueryArgument("a>").error, WordError::kBadOctet);
  EXPECT_EQ(ParseQueryArgument("a b").error, WordError::kBadOctet);
  EXPECT_EQ(ParseQueryArgument("a@").error, WordError::kBadMailbox);
  EXPECT_EQ(ParseQueryArgument("a@[x]").error, WordError::kBadMailbox);
  EXPECT_EQ(ParseQueryArgument("a@b..c").error, WordError::kBadMailbox);
  EXPECT_EQ(ParseQueryArgument("\"a").error, WordError::kBadQuotedString);
  EXPECT_EQ(ParseQueryArgument("\"a\"b").error, WordError::kBadQuotedString);
  EXPECT_EQ(ParseQueryArgument("a@b\xC3\xBC").error, WordError::kNeedsUtf8);
  EXPECT_EQ(ParseQueryArgument("a@b\xC3", true).error, WordError::kBadUtf8);
  EXPECT_EQ(ParseQueryArgument("a@[x:" + std::string(252, 'y') + "]").error,
            WordError::kBadMailbox);
}

// RFC 6531 §3.7.4.2.
TEST(QueryArgument, TakesTheSmtpUtf8ParameterWhereTheExtensionIsInForce) {
  const WordResult result = ParseQueryArgument("\xC3\xBC@example.com smtputf8", true);
  EXPECT_TRUE(result.smtputf8);
  EXPECT_TRUE(result.has_utf8);
  EXPECT_EQ(result.text, "\xC3\xBC@example.com");
  EXPECT_FALSE(ParseQueryArgument("a SMTPUTF8", false).ok());
  EXPECT_FALSE(ParseQueryArgument("a SMTPUTF8=1", true).ok());
  EXPECT_FALSE(ParseQueryArgument("a  SMTPUTF8", true).ok());
  EXPECT_FALSE(ParseQueryArgument("a SMTPUTF8 ", true).ok());
  EXPECT_EQ(ParseQueryArgument("SMTPUTF8", true).text, "SMTPUTF8");
}

TEST(Text, IsAnythingPrintable) {
  EXPECT_TRUE(ParseText("").ok());
  EXPECT_EQ(ParseText("keep alive\t(7)").text, "keep alive\t(7)");
  EXPECT_EQ(ParseText("a\x01").error, WordError::kBadOctet);
  EXPECT_EQ(ParseText("a\x7F").error_offset, 1);
  EXPECT_EQ(ParseText("a\xC3\xBC").error, WordError::kNeedsUtf8);
  EXPECT_TRUE(ParseText("a\xC3\xBC", true).has_utf8);
  EXPECT_EQ(ParseText("a\xC3", true).error, WordError::kBadUtf8);
}

}  // namespace
}  // namespace postern::syntax
