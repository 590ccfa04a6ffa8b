// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/octet_class.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace postern::syntax {
namespace {

std::string Members(uint16_t mask) {
  std::string members;
  for (int c = 0; c < 256; ++c) {
    if (IsOctet(static_cast<char>(c), mask)) members.push_back(static_cast<char>(c));
  }
  return members;
}

constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

TEST(OctetClass, HasTheMembersTheRfcsName) {
  EXPECT_EQ(Members(kAlpha), kLetters);
  EXPECT_EQ(Members(kDigit), "0123456789");
  EXPECT_EQ(Members(kLetDig), std::string("0123456789") + kLetters);
  EXPECT_EQ(Members(kLetDigHyphen), std::string("-0123456789") + kLetters);
  EXPECT_EQ(Members(kHexDigit), "0123456789ABCDEFabcdef");
  EXPECT_EQ(Members(kAtext),
            "!#$%&'*+-/0123456789=?ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~");
}

TEST(OctetClass, LeavesOutOfThePrintableExactlyWhatTheRfcsLeaveOut) {
  const std::string printable = Members(kPrintable);
  EXPECT_EQ(printable.size(), 95u);
  EXPECT_EQ(printable.front(), ' ');
  EXPECT_EQ(printable.back(), '~');
  const auto without = [&](std::string_view excluded) {
    std::string rest;
    for (const char c : printable) {
      if (excluded.find(c) == excluded.npos) rest.push_back(c);
    }
    return rest;
  };
  EXPECT_EQ(Members(kQtextSmtp), without("\"\\"));
  EXPECT_EQ(Members(kDcontent), without(" [\\]"));
  EXPECT_EQ(Members(kEsmtpValue), without(" ="));
  EXPECT_EQ(Members(kXchar), without(" +="));
}

TEST(OctetClass, CountsOctetsOfUtf8) {
  EXPECT_EQ(Members(kEightBit).size(), 128u);
  EXPECT_EQ(Members(kUtf8Tail).size(), 64u);
  EXPECT_EQ(Members(kUtf8Lead).size(), size_t{0xF4 - 0xC2 + 1});
}

TEST(SkipClass, StopsAtTheFirstOctetOutsideForEveryLengthAndPlace) {
  for (size_t length = 0; length <= 20; ++length) {
    for (size_t at = 0; at <= length; ++at) {
      std::string in(length, '7');
      if (at < length) in[at] = 'x';
      const char* const stop = SkipClass<kDigit>(in.data(), in.data() + in.size());
      EXPECT_EQ(static_cast<size_t>(stop - in.data()), at) << length;
    }
  }
}

TEST(SaturatedOffset, StopsAtSixteenBits) {
  EXPECT_EQ(SaturatedOffset(0xFFFF), 0xFFFF);
  EXPECT_EQ(SaturatedOffset(0x10000), 0xFFFF);
  EXPECT_EQ(SaturatedOffset(7), 7);
}

}  // namespace
}  // namespace postern::syntax
