// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace postern::syntax {
namespace {

// By decoding, not by ranges of octets: another way to the same answer.
size_t DecodedLength(const std::string& in) {
  if (in.empty()) return 0;
  const auto octet = [&](size_t i) { return static_cast<uint8_t>(in[i]); };
  size_t length = 0;
  uint32_t point = 0;
  if (octet(0) < 0x80) return 1;
  if ((octet(0) & 0xE0) == 0xC0) {
    length = 2;
    point = octet(0) & 0x1Fu;
  } else if ((octet(0) & 0xF0) == 0xE0) {
    length = 3;
    point = octet(0) & 0x0Fu;
  } else if ((octet(0) & 0xF8) == 0xF0) {
    length = 4;
    point = octet(0) & 0x07u;
  } else {
    return 0;
  }
  if (in.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (octet(i) & 0x3Fu);
  }
  static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kSmallest[length] || point > 0x10FFFF) return 0;
  if (point >= 0xD800 && point <= 0xDFFF) return 0;
  return length;
}

TEST(Utf8, AgreesWithDecodingForEveryTwoOctetsAndTheirTails) {
  static constexpr uint8_t kThird[] = {0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
  for (unsigned pair = 0; pair < 0x10000; ++pair) {
    std::string in;
    in.push_back(static_cast<char>(pair >> 8));
    in.push_back(static_cast<char>(pair));
    ASSERT_EQ(Utf8SequenceLength(in), DecodedLength(in)) << pair;
    for (const uint8_t third : kThird) {
      in.resize(2);
      in.push_back(static_cast<char>(third));
      ASSERT_EQ(Utf8SequenceLength(in), DecodedLength(in)) << pair;
      for (const uint8_t fourth : kThird) {
        in.resize(3);
        in.push_back(static_cast<char>(fourth));
        ASSERT_EQ(Utf8SequenceLength(in), DecodedLength(in)) << pair;
      }
    }
  }
}

TEST(Utf8, RejectsOverlongSurrogateAndTooLargeForms) {
  EXPECT_FALSE(IsWellFormedUtf8("\xC0\xAF"));
  EXPECT_FALSE(IsWellFormedUtf8("\xE0\x80\xAF"));
  EXPECT_FALSE(IsWellFormedUtf8("\xF0\x80\x80\xAF"));
  EXPECT_FALSE(IsWellFormedUtf8("\xED\xA0\x80"));
  EXPECT_FALSE(IsWellFormedUtf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(IsWellFormedUtf8("\xFE"));
  EXPECT_TRUE(IsWellFormedUtf8("\xF4\x8F\xBF\xBF"));
  EXPECT_TRUE(IsWellFormedUtf8("\xED\x9F\xBF\xEE\x80\x80"));
}

TEST(Utf8, FindsOneBadOctetAnywhereInATextOfAnyLength) {
  for (size_t length = 0; length <= 40; ++length) {
    const std::string good(length, 'a');
    EXPECT_TRUE(IsWellFormedUtf8(good));
    for (size_t at = 0; at < length; ++at) {
      std::string bad = good;
      bad[at] = '\x80';
      EXPECT_FALSE(IsWellFormedUtf8(bad));
      EXPECT_EQ(WellFormedUtf8Prefix(bad), at);
      std::string cut = good.substr(0, at) + "\xE2\x82";  // a sequence without its end
      EXPECT_EQ(WellFormedUtf8Prefix(cut), at);
      cut += "\xAC" + good;
      EXPECT_TRUE(IsWellFormedUtf8(cut));
    }
  }
}

TEST(Utf8, ReadsNothingOfNothing) {
  EXPECT_TRUE(IsWellFormedUtf8({}));
  EXPECT_EQ(Utf8SequenceLength({}), 0u);
}

}  // namespace
}  // namespace postern::syntax
