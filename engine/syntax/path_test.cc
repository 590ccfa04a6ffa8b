// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/path.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/reference_grammar.h"

namespace postern::syntax {
namespace {

using reference::Rule;

PathOptions Utf8() {
  PathOptions options;
  options.utf8 = true;
  return options;
}

PathResult Parse(std::string_view in, PathKind kind = PathKind::kForwardPath,
                 const PathOptions& options = {}) {
  PathResult result;
  const bool ok = ParsePath(in, kind, options, &result);
  EXPECT_EQ(ok, result.ok());
  return result;
}

// `octets` of domain in labels that fit.
std::string DomainOf(size_t octets) {
  std::string domain;
  while (domain.size() < octets) domain += domain.size() % 50 == 49 ? '.' : 'd';
  if (domain.back() == '.') domain.back() = 'd';
  return domain;
}

struct Case {
  std::string text;
  PathError error;
  size_t offset;
};

TEST(Path, SplitsAMailbox) {
  const PathResult result = Parse("<user+tag@mail.example.com> SIZE=100");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.used, 27u);
  EXPECT_EQ(result.path, "<user+tag@mail.example.com>");
  EXPECT_EQ(result.mailbox, "user+tag@mail.example.com");
  EXPECT_EQ(result.local_part, "user+tag");
  EXPECT_EQ(result.domain, "mail.example.com");
  EXPECT_TRUE(result.source_route.empty());
  EXPECT_FALSE(result.is_null || result.is_postmaster || result.local_is_quoted ||
               result.has_source_route || result.has_utf8 || result.domain_is_literal ||
               result.missing_angle_brackets);
}

// RFC 5321 §4.1.1.3, appendices C and D.
TEST(Path, AcceptsWhatTheRfcShows) {
  for (const char* text : {"<Smith@bar.com>", "<Jones@foo.com>", "<userx@y.foo.org>",
                           "<@hosta.int,@jkl.org:userc@d.bar.org>", "<\"Joe\\,Smith\"@example.com>",
                           "<!#$%&'*+-/=?^_`{|}~@x>", "<\"\"@x>", "<\"a b\"@x>", "<\"@\"@x>",
                           "<\"\\\\\\\"\"@x>", "<\">\"@x>", "<a.b.c@x>", "<u@[1.2.3.4]>",
                           "<u@[IPv6:2001:db8::1]>", "<u@[x:>]>", "<Postmaster@x>"}) {
    const PathResult result = Parse(text);
    EXPECT_TRUE(result.ok()) << text;
    EXPECT_EQ(result.path, text);
  }
}

TEST(Path, KeepsASourceRouteApart) {
  const PathResult result = Parse("<@a.example,@b.example:user@c.example>");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.has_source_route);
  EXPECT_EQ(result.source_route, "@a.example,@b.example");
  EXPECT_EQ(result.mailbox, "user@c.example");
  EXPECT_EQ(result.path, "<@a.example,@b.example:user@c.example>");
}

TEST(Path, TakesTheNullPathInReverseOnly) {
  const PathResult result = Parse("<> BODY=7BIT", PathKind::kReversePath);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.is_null);
  EXPECT_EQ(result.used, 2u);
  EXPECT_EQ(result.path, "<>");
  EXPECT_TRUE(result.mailbox.empty());
  EXPECT_EQ(Parse("<>").error, PathError::kNullForwardPath);
}

TEST(Path, TakesPostmasterWithoutDomainInForwardOnly) {
  for (const char* text : {"<Postmaster>", "<POSTMASTER>", "<postmaster>"}) {
    const PathResult result = Parse(text);
    ASSERT_TRUE(result.ok()) << text;
    EXPECT_TRUE(result.is_postmaster);
    EXPECT_EQ(result.mailbox.size(), 10u);
    EXPECT_EQ(result.local_part, result.mailbox);
    EXPECT_TRUE(result.domain.empty());
    EXPECT_EQ(Parse(text, PathKind::kReversePath).error, PathError::kNoDomain);
  }
  EXPECT_FALSE(Parse("<postmaster@x>").is_postmaster);
  EXPECT_EQ(Parse("<postmaster").error, PathError::kUnclosedAngle);
  for (const char* text : {"<postmaste>", "<postmasterr>", "<\"postmaster\">", "<@x:postmaster>"}) {
    EXPECT_EQ(Parse(text).error, PathError::kNoDomain) << text;
  }
}

TEST(Path, SaysWhatIsWrongAndWhere) {
  const Case kCases[] = {
      {"", PathError::kNoPath, 0},
      {" <a@b>", PathError::kNoPath, 0},
      {"a@b", PathError::kMissingAngleBrackets, 0},
      {">", PathError::kMissingAngleBrackets, 0},
      {"<", PathError::kUnclosedAngle, 1},
      {"<a@b", PathError::kUnclosedAngle, 4},
      {"<a@b SIZE=1>", PathError::kUnclosedAngle, 4},
      {"<a@[1.2.3.4]", PathError::kUnclosedAngle, 12},
      {"<a>", PathError::kNoDomain, 2},
      {"<a", PathError::kNoDomain, 2},
      {"<a@>", PathError::kNoDomain, 3},
      {"<a@", PathError::kNoDomain, 3},
      {"<\"a\">", PathError::kNoDomain, 4},
      {"<@b>", PathError::kEmptyLocalPart, 1},
      {"<@>", PathError::kEmptyLocalPart, 1},
      {"<@a:@b>", PathError::kEmptyLocalPart, 4},
      {"<@a:>", PathError::kEmptyLocalPart, 4},
      {"< a@b>", PathError::kEmptyLocalPart, 1},
      {"<.a@b>", PathError::kBadLocalPart, 1},
      {"<a.@b>", PathError::kBadLocalPart, 3},
      {"<a..b@c>", PathError::kBadLocalPart, 3},
      {"<a b@c>", PathError::kBadLocalPart, 2},
      {"<a(b@c>", PathError::kBadLocalPart, 2},
      {"<a\"b\"@c>", PathError::kBadLocalPart, 2},
      {"<a\\b@c>", PathError::kBadLocalPart, 2},
      {"<<a@b>>", PathError::kBadLocalPart, 1},
      {"<\"a@b>", PathError::kBadQuotedString, 6},
      {"<\"a\"b@c>", PathError::kBadQuotedString, 4},
      {"<\"a\".b@c>", PathError::kBadQuotedString, 4},
      {"<\"a\\", PathError::kBadQuotedString, 4},
      {"<\"a\\\x7F\"@c>", PathError::kBadQuotedString, 4},
      {"<\"\t\"@c>", PathError::kBadQuotedString, 2},
      {"<\"\\\xC3\xBC\"@c>", PathError::kBadQuotedString, 3},
      {"<a@.b>", PathError::kBadDomain, 3},
      {"<a@b.>", PathError::kBadDomain, 5},
      {"<a@b..c>", PathError::kBadDomain, 5},
      {"<a@-b>", PathError::kBadDomain, 3},
      {"<a@b_c>", PathError::kBadDomain, 4},
      {"<a@b@c>", PathError::kBadDomain, 4},
      {"<a@" + std::string(64, 'b') + ">", PathError::kBadDomain, 66},
      {"<a@[1.2.3]>", PathError::kBadAddressLiteral, 9},
      {"<a@[1.2.3.4>", PathError::kBadAddressLiteral, 12},
      {"<a@[1.2.3.4]x>", PathError::kBadAddressLiteral, 12},
      {"<@[1.2.3.4]:a@b>", PathError::kBadSourceRoute, 2},
      {"<@a,b:c@d>", PathError::kBadSourceRoute, 4},
      {"<@a,:c@d>", PathError::kBadSourceRoute, 4},
      {"<@a,@:c@d>", PathError::kBadSourceRoute, 5},
      {"<@a@b>", PathError::kBadSourceRoute, 3},
      {"<@a,@b>", PathError::kBadSourceRoute, 6},
      {"<@a..b:c@d>", PathError::kBadSourceRoute, 4},
      {"<\xC3\xBC@b>", PathError::kNeedsUtf8, 1},
      {"<\"\xC3\xBC\"@b>", PathError::kNeedsUtf8, 2},
      {"<a@\xC3\xBC>", PathError::kNeedsUtf8, 3},
      {"<@\xC3\xBC:a@b>", PathError::kNeedsUtf8, 2},
  };
  for (const Case& c : kCases) {
    const PathResult result = Parse(c.text);
    EXPECT_EQ(result.error, c.error) << c.text << " error " << static_cast<int>(result.error);
    EXPECT_EQ(result.error_offset, c.offset) << c.text;
    EXPECT_EQ(result.used, 0u);
  }
}

TEST(Path, NamesTheFaultOfTheDomain) {
  EXPECT_EQ(Parse("<a@b..c>").domain_error, DomainError::kEmptyLabel);
  EXPECT_EQ(Parse("<a@b_c>").domain_error, DomainError::kBadOctet);
  EXPECT_EQ(Parse("<a@[300.1.1.1]>").domain_error, DomainError::kBadIpv4);
  EXPECT_EQ(Parse("<a@[IPv6:x]>").domain_error, DomainError::kBadIpv6);
  EXPECT_EQ(Parse("<@-a:b@c>").domain_error, DomainError::kHyphenAtEdge);
}

TEST(Path, Utf8OnlyWithTheOption) {
  const std::string text =
      "<@\xC3\xA9.example:\xE5\x95\x86.\xE5\x8A\xA1@b\xC3\xBC"
      "cher.example>";
  const PathResult result = Parse(text, PathKind::kForwardPath, Utf8());
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.has_utf8);
  EXPECT_TRUE(Parse("<\"\xC3\xBC\"@a>", PathKind::kForwardPath, Utf8()).has_utf8);
  EXPECT_TRUE(Parse("<@\xC3\xA9:a@b>", PathKind::kForwardPath, Utf8()).has_utf8);
  EXPECT_FALSE(Parse("<a@b>", PathKind::kForwardPath, Utf8()).has_utf8);
  for (const char* bad :
       {"<\xC3@a>", "<\"\xC3\"@a>", "<a@\xC3>", "<a@b\xED\xA0\x80>", "<@\xC3:a@b>"}) {
    EXPECT_EQ(Parse(bad, PathKind::kForwardPath, Utf8()).error, PathError::kBadUtf8) << bad;
  }
}

// RFC 5321 §4.5.3.1.1-3.
TEST(Path, HoldsTheLimitsToTheOctet) {
  const std::string local64(64, 'l');
  EXPECT_TRUE(Parse("<" + local64 + "@x>").ok());
  PathResult result = Parse("<l" + local64 + "@x>");
  EXPECT_EQ(result.error, PathError::kLocalPartTooLong);
  EXPECT_EQ(result.error_offset, 65);
  EXPECT_TRUE(Parse("<\"" + std::string(62, 'l') + "\"@x>").ok());
  EXPECT_EQ(Parse("<\"" + std::string(63, 'l') + "\"@x>").error, PathError::kLocalPartTooLong);

  EXPECT_TRUE(Parse("<a@" + DomainOf(252) + ">").ok());  // 256 octets of path
  result = Parse("<a@" + DomainOf(253) + ">");
  EXPECT_EQ(result.error, PathError::kPathTooLong);
  EXPECT_EQ(result.error_offset, 256);
  EXPECT_EQ(Parse("<a@" + DomainOf(255) + ">").error, PathError::kPathTooLong);
  result = Parse("<a@" + DomainOf(256) + ">");
  EXPECT_EQ(result.error, PathError::kDomainTooLong);
  EXPECT_EQ(result.error_offset, 258);
  EXPECT_TRUE(Parse("<" + local64 + "@" + DomainOf(189) + ">").ok());
  EXPECT_EQ(Parse("<" + local64 + "@" + DomainOf(190) + ">").error, PathError::kPathTooLong);
  // "[x:" and "]" and the brackets of the path.
  EXPECT_TRUE(Parse("<a@[x:" + std::string(248, 'y') + "]>").ok());
  EXPECT_EQ(Parse("<a@[x:" + std::string(249, 'y') + "]>").error, PathError::kPathTooLong);
  EXPECT_EQ(Parse("<a@[x:" + std::string(252, 'y') + "]>").error, PathError::kDomainTooLong);

  // The route counts.
  EXPECT_TRUE(Parse("<@" + DomainOf(249) + ":a@b>").ok());
  EXPECT_EQ(Parse("<@" + DomainOf(250) + ":a@b>").error, PathError::kPathTooLong);

  // Grammar before limits.
  EXPECT_EQ(Parse("<l" + local64 + ">").error, PathError::kNoDomain);
  EXPECT_EQ(Parse("<l" + local64 + "@b..c>").error, PathError::kBadDomain);
}

TEST(Path, MissingAngleBracketsOnlyWithTheOption) {
  PathOptions options;
  options.allow_missing_angle_brackets = true;
  const PathResult result = Parse("user@x.example SIZE=3", PathKind::kReversePath, options);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.missing_angle_brackets);
  EXPECT_EQ(result.path, "user@x.example");
  EXPECT_EQ(result.mailbox, "user@x.example");
  EXPECT_EQ(result.used, 14u);
  EXPECT_TRUE(Parse("\"a b\"@[1.2.3.4]", PathKind::kForwardPath, options).ok());
  EXPECT_TRUE(Parse("postmaster", PathKind::kForwardPath, options).is_postmaster);
  EXPECT_FALSE(Parse("postmaster>", PathKind::kForwardPath, options).ok());
  EXPECT_FALSE(Parse("<a@b>", PathKind::kForwardPath, options).missing_angle_brackets);
  const Case kCases[] = {
      {"", PathError::kNoPath, 0},
      {" a@b", PathError::kNoPath, 0},
      {"a", PathError::kNoDomain, 1},
      {"a@b>", PathError::kBadDomain, 3},
      {"@a:b@c", PathError::kEmptyLocalPart, 0},
      {"<a@b", PathError::kUnclosedAngle, 4},
      {">", PathError::kEmptyLocalPart, 0},
  };
  for (const Case& c : kCases) {
    const PathResult bad = Parse(c.text, PathKind::kForwardPath, options);
    EXPECT_EQ(bad.error, c.error) << c.text;
    EXPECT_EQ(bad.error_offset, c.offset) << c.text;
  }
  EXPECT_TRUE(Parse("a@" + DomainOf(252), PathKind::kForwardPath, options).ok());
  const PathResult long_path = Parse("a@" + DomainOf(253), PathKind::kForwardPath, options);
  EXPECT_EQ(long_path.error, PathError::kPathTooLong);
  EXPECT_EQ(long_path.error_offset, 254);
}

TEST(Path, StripsATrailingDotOnlyWithTheOption) {
  PathOptions options;
  options.trailing_dot_in_domain = true;
  PathResult result = Parse("<@a.:u@x.example.> X", PathKind::kForwardPath, options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.domain, "x.example");
  EXPECT_EQ(result.mailbox, "u@x.example");
  EXPECT_EQ(result.path, "<@a.:u@x.example.>");
  EXPECT_EQ(Parse("<u@x..>", PathKind::kForwardPath, options).error, PathError::kBadDomain);
  EXPECT_EQ(Parse("<u@.>", PathKind::kForwardPath, options).error, PathError::kBadDomain);
}

// What follows is the caller's, whatever it is.
TEST(Path, StopsBehindTheClosingBracket) {
  EXPECT_EQ(Parse("<a@b>x").used, 5u);
  EXPECT_EQ(Parse("<a@b>>").used, 5u);
  EXPECT_EQ(Parse("<a@b>\xFF").used, 5u);
}

TEST(Mailbox, MatchesTheWholeInput) {
  PathResult result;
  EXPECT_TRUE(ParseMailbox("\"a b\"@x", {}, &result));
  EXPECT_EQ(result.mailbox, "\"a b\"@x");
  EXPECT_EQ(result.used, 7u);
  EXPECT_FALSE(ParseMailbox("", {}, &result));
  EXPECT_EQ(result.error, PathError::kNoPath);
  EXPECT_FALSE(ParseMailbox("a@b ", {}, &result));
  EXPECT_EQ(result.error, PathError::kBadDomain);
  EXPECT_EQ(result.error_offset, 3);
  EXPECT_FALSE(ParseMailbox("<a@b>", {}, &result));
  EXPECT_FALSE(ParseMailbox("postmaster", {}, &result));
}

void ExpectAsReference(std::string_view text) {
  // A heap copy of exact size, so that AddressSanitizer sees a read past either end.
  const std::vector<char> copy(text.begin(), text.end());
  const std::string_view in(copy.data(), copy.size());
  for (const bool utf8 : {false, true}) {
    PathOptions options;
    options.utf8 = utf8;
    for (const PathKind kind : {PathKind::kReversePath, PathKind::kForwardPath}) {
      PathResult result;
      ParsePath(in, kind, options, &result);
      const auto ends = reference::MatchingPrefixes(
          kind == PathKind::kReversePath ? Rule::kReversePath : Rule::kForwardPath, in, utf8);
      ASSERT_EQ(result.ok(), ends.any()) << "[" << in << "] utf8=" << utf8;
      ASSERT_LE(result.error_offset, in.size()) << in;
      if (!result.ok()) continue;
      ASSERT_TRUE(ends.test(result.used)) << in;
      ASSERT_EQ(result.path, in.substr(0, result.used));
      if (result.is_null) continue;
      // The pieces are put together again.
      std::string whole = "<";
      if (result.has_source_route) whole += std::string(result.source_route) + ":";
      whole += std::string(result.mailbox) + ">";
      ASSERT_EQ(result.path, whole);
      ASSERT_TRUE(reference::Matches(Rule::kLocalPart, result.local_part, utf8)) << in;
      ASSERT_EQ(result.local_is_quoted, result.local_part[0] == '"');
      if (result.is_postmaster) continue;
      ASSERT_EQ(result.mailbox, std::string(result.local_part) + "@" + std::string(result.domain));
      ASSERT_TRUE(reference::Matches(
          result.domain_is_literal ? Rule::kAddressLiteral : Rule::kDomain, result.domain, utf8));
      bool eight_bit = false;
      for (const char c : result.path) eight_bit |= (c & 0x80) != 0;
      ASSERT_EQ(result.has_utf8, eight_bit);
    }
    PathResult mailbox;
    ParseMailbox(in, options, &mailbox);
    ASSERT_EQ(mailbox.ok(), reference::Matches(Rule::kMailbox, in, utf8)) << "[" << in << "]";
    ASSERT_LE(mailbox.error_offset, in.size()) << in;
  }
}

TEST(PathAgainstReference, EverySingleOctetSubstitutionInsertionAndCut) {
  const char* const kSeeds[] = {
      "<>",
      "<Postmaster>",
      "<a.b@c-d.e> X=1",
      "<@a,@b.c:d@e>",
      "<\"a\\\\ b\"@c>",
      "<\"\"@c>",
      "<u@[1.2.3.40]>",
      "<u@[IPv6:1::2]>",
      "<\xC3\xBC.x@\xE4\xB8\xAD.d>",
      "<\"\xF0\x9F\x93\xA7\"@[t:x]>",
      "user.name+tag@mail-1.example.com",
  };
  for (const std::string seed : kSeeds) {
    for (size_t at = 0; at <= seed.size(); ++at) {
      ExpectAsReference(seed.substr(0, at));
      for (int c = 0; c < 256; ++c) {
        std::string changed = seed;
        changed.insert(at, 1, static_cast<char>(c));
        ExpectAsReference(changed);
        if (at == seed.size()) continue;
        changed.erase(at + 1, 1);
        ExpectAsReference(changed);
      }
    }
  }
}

TEST(PathAgainstReference, EveryShortString) {
  const std::string_view alphabet = "a@.\"\\<>:,";
  std::vector<std::string> level = {""};
  for (int length = 0; length <= 5; ++length) {
    std::vector<std::string> next;
    for (const std::string& text : level) {
      ExpectAsReference("<" + text + ">");
      ExpectAsReference(text);
      for (const char c : alphabet) next.push_back(text + c);
    }
    level = next;
  }
}

TEST(PathAgainstReference, EveryShortRouteAndQuotedString) {
  for (const std::string_view alphabet : {std::string_view("a@:,"), std::string_view("a\"\\@")}) {
    std::vector<std::string> level = {""};
    for (int length = 0; length <= 6; ++length) {
      std::vector<std::string> next;
      for (const std::string& text : level) {
        ExpectAsReference("<" + text + "@a>");
        for (const char c : alphabet) next.push_back(text + c);
      }
      level = next;
    }
  }
}

TEST(UnquoteLocalPart, GivesTheSemanticForm) {
  const struct {
    std::string sent, meant;
  } kCases[] = {
      {"user", "user"},
      {"\"user\"", "user"},
      {"\"Joe\\,Smith\"", "Joe,Smith"},
      {"\"\"", ""},
      {"\"\\\\\"", "\\"},
      {"\"\\\"\"", "\""},
      {"\"a b\"", "a b"},
      {"", ""},
      {std::string(64, 'x'), std::string(64, 'x')},
      {"a.b", "a.b"},
  };
  for (const auto& c : kCases) {
    std::vector<char> out(kMaxLocalPartOctets);
    const size_t length = UnquoteLocalPart(c.sent, out.data());
    EXPECT_EQ(std::string(out.data(), length), c.meant) << c.sent;
  }
}

TEST(UnquoteLocalPart, NeverWritesMoreThanItsBound) {
  for (const std::string& sent : {std::string(100, 'x'), "\"" + std::string(100, 'x') + "\"",
                                  std::string("\"\\"), std::string("\""), std::string("\"a\\\"")}) {
    std::vector<char> out(kMaxLocalPartOctets);
    EXPECT_LE(UnquoteLocalPart(sent, out.data()), kMaxLocalPartOctets);
  }
}

TEST(NeedsQuoting, IsWhatADotStringCannotHold) {
  for (const char* plain : {"a", "a.b", "!#$%&'*+-/=?^_`{|}~", "\xC3\xBC"}) {
    EXPECT_FALSE(NeedsQuoting(plain)) << plain;
  }
  for (const char* quoted :
       {"", ".", ".a", "a.", "a..b", "a b", "a@b", "a\"", "a\\", "a,b", "a\x01"}) {
    EXPECT_TRUE(NeedsQuoting(quoted)) << quoted;
  }
}

}  // namespace
}  // namespace postern::syntax
