// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/domain.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/reference_grammar.h"

namespace postern::syntax {
namespace {

using reference::Rule;

DomainOptions Utf8() {
  DomainOptions options;
  options.utf8 = true;
  return options;
}

// The reference knows no limit on labels.
bool LabelsFit(std::string_view domain) {
  size_t octets = 0;
  size_t points = 0;
  for (const char c : std::string(domain) + ".") {
    if (c == '.') {
      if (octets == points ? octets > 63 : points > 59) return false;
      octets = points = 0;
    } else {
      ++octets;
      if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++points;
    }
  }
  return true;
}

// A heap copy of exact size, so that AddressSanitizer sees a read past either end.
void ExpectAsReference(std::string_view text) {
  const std::vector<char> copy(text.begin(), text.end());
  const std::string_view in(copy.data(), copy.size());
  for (const bool utf8 : {false, true}) {
    DomainOptions options;
    options.utf8 = utf8;
    const DomainResult domain = ParseDomain(in, options);
    const bool expected = in.size() <= kMaxDomainOctets && LabelsFit(in) &&
                          reference::Matches(Rule::kDomain, in, utf8);
    ASSERT_EQ(domain.ok(), expected) << "[" << in << "] utf8=" << utf8;
    ASSERT_LE(domain.error_offset, in.size());
    if (expected) {
      ASSERT_EQ(domain.text, in);
      ASSERT_EQ(domain.has_utf8, !reference::Matches(Rule::kDomain, in, false));
    }
  }
  const DomainResult literal = ParseAddressLiteral(in);
  const bool expected =
      in.size() <= kMaxDomainOctets && reference::Matches(Rule::kAddressLiteral, in, false);
  ASSERT_EQ(literal.ok(), expected) << "[" << in << "]";
  ASSERT_LE(literal.error_offset, in.size());
  if (expected) {
    ASSERT_EQ(literal.text, in);
    ASSERT_TRUE(literal.is_literal);
  }
}

struct Case {
  std::string text;
  DomainError error;
  size_t offset;
};

std::string Labels(size_t octets) {
  std::string domain;
  while (domain.size() < octets) domain += domain.size() % 64 == 63 ? '.' : 'a';
  return domain;
}

TEST(Domain, AcceptsWhatTheRfcShows) {
  for (const char* text :
       {"example.com", "a", "1", "a.b.c", "bar.org", "foo-U.edu", "xn--bcher-kva.example",
        "3com.com", "1.2.3.4", "a--b.c", "EXAMPLE.ORG", "x1-9.y"}) {
    EXPECT_TRUE(ParseDomain(text).ok()) << text;
    EXPECT_FALSE(ParseDomain(text).is_literal);
  }
}

TEST(Domain, SaysWhatIsWrongAndWhere) {
  const Case kCases[] = {
      {"", DomainError::kEmpty, 0},
      {".", DomainError::kEmptyLabel, 0},
      {".a", DomainError::kEmptyLabel, 0},
      {"a.", DomainError::kEmptyLabel, 2},
      {"a..b", DomainError::kEmptyLabel, 2},
      {"-a", DomainError::kHyphenAtEdge, 0},
      {"a-", DomainError::kHyphenAtEdge, 1},
      {"a.b-.c", DomainError::kHyphenAtEdge, 3},
      {"a.-b", DomainError::kHyphenAtEdge, 2},
      {"-", DomainError::kHyphenAtEdge, 0},
      {"a_b", DomainError::kBadOctet, 1},
      {"_a", DomainError::kBadOctet, 0},
      {"a b", DomainError::kBadOctet, 1},
      {std::string("a\0b", 3), DomainError::kBadOctet, 1},
      {"a\r", DomainError::kBadOctet, 1},
      {"b\xC3\xBC"
       "cher.example",
       DomainError::kNeedsUtf8, 1},
      {std::string(63, 'a') + ".b", DomainError::kNone, 0},
      {std::string(64, 'a') + ".b", DomainError::kLabelTooLong, 63},
      {"b." + std::string(64, 'a'), DomainError::kLabelTooLong, 65},
      {Labels(255), DomainError::kNone, 0},
      {Labels(253) + ".aa", DomainError::kTooLong, 255},
  };
  for (const Case& c : kCases) {
    const DomainResult result = ParseDomain(c.text);
    EXPECT_EQ(result.error, c.error) << c.text;
    EXPECT_EQ(result.error_offset, c.offset) << c.text;
    EXPECT_EQ(result.text.empty(), !result.ok());
  }
}

TEST(Domain, TakesUtf8LabelsOnlyWithTheOption) {
  const DomainResult result = ParseDomain(
      "b\xC3\xBC"
      "cher.example",
      Utf8());
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(result.has_utf8);
  EXPECT_FALSE(ParseDomain("bucher.example", Utf8()).has_utf8);
  EXPECT_EQ(ParseDomain("b\xC3.example", Utf8()).error, DomainError::kBadUtf8);
  EXPECT_EQ(ParseDomain("-\xC3\xBC", Utf8()).error, DomainError::kHyphenAtEdge);
  EXPECT_EQ(ParseDomain("\xC3\xBC-", Utf8()).error, DomainError::kHyphenAtEdge);
}

TEST(Domain, BoundsUtf8LabelsByCodePointsSinceTheALabelIsWhatDnsBounds) {
  std::string label;
  for (int i = 0; i < 59; ++i) label += "\xE4\xB8\xAD";
  EXPECT_TRUE(ParseDomain(label, Utf8()).ok());
  EXPECT_EQ(ParseDomain(label + "\xE4\xB8\xAD", Utf8()).error, DomainError::kLabelTooLong);
  EXPECT_EQ(ParseDomain(label + "a", Utf8()).error, DomainError::kLabelTooLong);
  EXPECT_EQ(ParseDomain(label + "a", Utf8()).error_offset, 59 * 3);
}

TEST(Domain, StripsOneTrailingDotOnlyWithTheOption) {
  DomainOptions options;
  options.trailing_dot = true;
  EXPECT_EQ(ParseDomain("example.org.", options).text, "example.org");
  EXPECT_EQ(ParseDomain("example.org", options).text, "example.org");
  EXPECT_EQ(ParseDomain("example.org..", options).error, DomainError::kEmptyLabel);
  EXPECT_EQ(ParseDomain(".", options).error, DomainError::kEmptyLabel);
  EXPECT_EQ(ParseDomain("a.-", options).error, DomainError::kHyphenAtEdge);
  EXPECT_EQ(ParseDomain("a. ", options).error, DomainError::kBadOctet);
  EXPECT_EQ(ParseDomain("a._", options).error, DomainError::kBadOctet);
  EXPECT_TRUE(ParseDomain(Labels(255) + ".", options).ok());
}

TEST(Domain, TakesUnderscoreAsLetDigOnlyWithTheOption) {
  DomainOptions options;
  options.underscore = true;
  for (const char* text : {"_dmarc.example", "HOST_1", "a_", "a.b_c.d", "_"}) {
    EXPECT_TRUE(ParseDomain(text, options).ok()) << text;
    EXPECT_FALSE(ParseDomain(text).ok()) << text;
  }
  EXPECT_FALSE(ParseDomain("-_", options).ok());
  EXPECT_FALSE(ParseDomain(std::string(64, '_'), options).ok());
  options.trailing_dot = true;
  EXPECT_EQ(ParseDomain("a._.", options).text, "a._");
}

TEST(AddressLiteral, AcceptsTheGrammarOfSection413) {
  for (const char* text : {"[1.2.3.4]",
                           "[255.255.255.255]",
                           "[0.0.0.0]",
                           "[001.02.3.000]",
                           "[IPv6:::]",
                           "[IPv6:::1]",
                           "[ipv6:1::]",
                           "[IPV6:1:2:3:4:5:6:7:8]",
                           "[IPv6:2001:db8::1]",
                           "[IPv6:1:2:3:4:5:6::]",
                           "[IPv6:::1:2:3:4:5:6]",
                           "[IPv6:1:2:3:4:5:6:1.2.3.4]",
                           "[IPv6:::1.2.3.4]",
                           "[IPv6:::ffff:1.2.3.4]",
                           "[IPv6:1:2:3:4::1.2.3.4]",
                           "[IPv6:1::2:3:4:1.2.3.4]",
                           "[IPv6:AbCd::0000]",
                           "[tag:x]",
                           "[X-1:a:b@c>d]",
                           "[-a:!]",
                           "[1:.]",
                           "[IPv7:::1]"}) {
    EXPECT_TRUE(ParseAddressLiteral(text).ok()) << text;
    EXPECT_EQ(ParseAddressLiteral(text).text, text);
  }
}

TEST(AddressLiteral, SaysWhatIsWrongAndWhere) {
  const Case kCases[] = {
      {"", DomainError::kEmpty, 0},
      {"1.2.3.4", DomainError::kNotLiteral, 0},
      {"[", DomainError::kUnclosedLiteral, 1},
      {"[1.2.3.4", DomainError::kUnclosedLiteral, 8},
      {"[1.2.3.4 ]", DomainError::kUnclosedLiteral, 8},
      {"[1.2.3.4]x", DomainError::kBadOctet, 9},
      {"[[1.2.3.4]]", DomainError::kBadOctet, 1},
      {"[]", DomainError::kBadGeneralLiteral, 1},
      {"[localhost]", DomainError::kBadGeneralLiteral, 10},
      {"[:x]", DomainError::kBadGeneralLiteral, 1},
      {"[tag:]", DomainError::kBadGeneralLiteral, 5},
      {"[tag-:x]", DomainError::kBadGeneralLiteral, 4},
      {"[256.2.3.4]", DomainError::kBadIpv4, 1},
      {"[1.2.3]", DomainError::kBadIpv4, 6},
      {"[1.2.3.4.5]", DomainError::kBadIpv4, 8},
      {"[1.2..4]", DomainError::kBadIpv4, 5},
      {"[1.2.3.0004]", DomainError::kBadIpv4, 10},
      {"[IPv6:]", DomainError::kBadIpv6, 6},
      {"[IPv6:1:2:3:4:5:6:7]", DomainError::kBadIpv6, 19},
      {"[IPv6:1:2:3:4:5:6:7::]", DomainError::kBadIpv6, 20},
      {"[IPv6:1:2:3:4:5:6:7:8:9]", DomainError::kBadIpv6, 22},
      {"[IPv6:1::2::3]", DomainError::kBadIpv6, 11},
      {"[IPv6:12345::]", DomainError::kBadIpv6, 10},
      {"[IPv6:fe80::1%eth0]", DomainError::kBadIpv6, 13},
      {"[IPv6:x]", DomainError::kBadIpv6, 6},
      {"[\xC3\xBC:x]", DomainError::kBadOctet, 1},
  };
  for (const Case& c : kCases) {
    const DomainResult result = ParseAddressLiteral(c.text);
    EXPECT_EQ(result.error, c.error) << c.text;
    EXPECT_EQ(result.error_offset, c.offset) << c.text;
  }
}

TEST(AddressLiteral, IsBoundedLikeADomain) {
  const std::string longest = "[x:" + std::string(251, 'y') + "]";
  EXPECT_TRUE(ParseAddressLiteral(longest).ok());
  const DomainResult result = ParseAddressLiteral("[x:" + std::string(252, 'y') + "]");
  EXPECT_EQ(result.error, DomainError::kTooLong);
  EXPECT_EQ(result.error_offset, 255);
}

TEST(DomainOrLiteral, LooksAtTheFirstOctet) {
  EXPECT_TRUE(ParseDomainOrLiteral("[1.2.3.4]").is_literal);
  EXPECT_FALSE(ParseDomainOrLiteral("1.2.3.4").is_literal);
  EXPECT_EQ(ParseDomainOrLiteral("").error, DomainError::kEmpty);
}

TEST(DomainAgainstReference, EverySingleOctetSubstitutionInsertionAndCut) {
  const char* const kSeeds[] = {"a.bc-d.e",
                                "xn--a.b1",
                                "[1.20.255.4]",
                                "[IPv6:1:2:3:4:5:6:7:8]",
                                "[IPv6:1::2:3]",
                                "[IPv6:::1.2.3.4]",
                                "[IPv6:1:2:3:4:5:6:1.2.3.4]",
                                "[tag-x:a]b]",
                                "\xC3\xBC.\xE4\xB8\xAD-\xF0\x9F\x93\xA7",
                                "mail-out12.eu-west-1.compute.example.com"};
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

TEST(DomainAgainstReference, EveryShortString) {
  const std::string_view alphabet = "a-.\xC3\xBC[]";
  std::vector<std::string> level = {""};
  for (int length = 0; length <= 5; ++length) {
    std::vector<std::string> next;
    for (const std::string& text : level) {
      ExpectAsReference(text);
      for (const char c : alphabet) next.push_back(text + c);
    }
    level = next;
  }
}

// Dots and hyphens at every pair of places of a long name, as block-wise scanning might miss them.
TEST(DomainAgainstReference, EveryPairOfPlacesInLongNames) {
  for (const size_t length : {15, 16, 17, 33, 64, 65}) {
    for (size_t i = 0; i < length; ++i) {
      for (size_t j = i; j < length && j < i + 3; ++j) {
        for (const char* pair : {"..", ".-", "-.", "._"}) {
          std::string text(length, 'a');
          text[i] = pair[0];
          text[j] = pair[1];
          ExpectAsReference(text);
        }
      }
    }
  }
}

TEST(Ipv6AgainstReference, EveryStringOfGroupsAndColons) {
  for (unsigned length = 0; length <= 16; ++length) {
    for (unsigned bits = 0; bits < 1u << length; ++bits) {
      std::string text;
      for (unsigned i = 0; i < length; ++i) text += (bits >> i & 1) != 0 ? ':' : '1';
      // Groups of up to five digits: EveryHexGroupWidth.
      if (text.find("111") != text.npos || text.find("::::") != text.npos) continue;
      ASSERT_EQ(IsIpv6Addr(text), reference::Matches(Rule::kIpv6, text, false)) << text;
      if (length > 12) continue;
      const std::string tail = text + "1.2.3.4";
      ASSERT_EQ(IsIpv6Addr(tail), reference::Matches(Rule::kIpv6, tail, false)) << tail;
    }
  }
}

TEST(Ipv6AgainstReference, EveryHexGroupWidth) {
  for (const char* form : {"1:2:3:4:5:6:7:%", "%::1", "::%", "1::%:2", "%:2:3:4:5:6:1.2.3.4"}) {
    for (size_t width = 0; width <= 6; ++width) {
      std::string text = form;
      text.replace(text.find('%'), 1, std::string("0aF9e8").substr(0, width));
      EXPECT_EQ(IsIpv6Addr(text), reference::Matches(Rule::kIpv6, text, false)) << text;
    }
  }
}

TEST(Ipv4AgainstReference, EveryShortStringAndEveryNumber) {
  for (int value = 0; value <= 1100; ++value) {
    for (int place = 0; place < 4; ++place) {
      std::string text;
      for (int i = 0; i < 4; ++i) {
        if (i != 0) text += '.';
        text += i == place ? std::to_string(value) : "9";
      }
      EXPECT_EQ(IsIpv4AddressLiteral(text), value <= 255) << text;
    }
  }
  for (unsigned bits = 0; bits < 1u << 14; ++bits) {
    std::string text;
    for (unsigned i = 0; i < 14; ++i) text += (bits >> i & 1) != 0 ? '.' : '2';
    for (size_t length = 5; length <= 14; length += 3) {
      const std::string_view in(text.data(), length);
      ASSERT_EQ(IsIpv4AddressLiteral(in), reference::Matches(Rule::kIpv4, in, false)) << in;
    }
  }
}

}  // namespace
}  // namespace postern::syntax
