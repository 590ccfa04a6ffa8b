// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/bdat_argument.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::syntax {
namespace {

// RFC 3030 §4.
TEST(BdatArgument, TakesTheExamplesOfTheRfc) {
  const BdatArgument last = ParseBdatArgument("86 LAST");
  EXPECT_TRUE(last.ok());
  EXPECT_TRUE(last.last);
  EXPECT_EQ(last.octets, 86u);
  const BdatArgument first = ParseBdatArgument("100000");
  EXPECT_TRUE(first.ok());
  EXPECT_FALSE(first.last);
  EXPECT_EQ(first.octets, 100000u);
  EXPECT_TRUE(ParseBdatArgument("0 LAST").ok());
  EXPECT_TRUE(ParseBdatArgument("324 last").last);
  EXPECT_TRUE(ParseBdatArgument("324 LaSt").last);
}

TEST(BdatArgument, TakesSizesUpToTheGreatestAndNoFurther) {
  EXPECT_EQ(ParseBdatArgument("9223372036854775807").octets, kMaxChunkOctets);
  EXPECT_EQ(ParseBdatArgument("0009223372036854775807 LAST").octets, kMaxChunkOctets);
  EXPECT_EQ(ParseBdatArgument(std::string(400, '0') + "7").octets, 7u);
  for (const char* big :
       {"9223372036854775808", "9223372036854775810", "18446744073709551615",
        "18446744073709551616", "18446744073709551617", "99999999999999999999",
        "184467440737095516150", "9223372036854775808 LAST", "0009223372036854775808"}) {
    const BdatArgument argument = ParseBdatArgument(big);
    EXPECT_EQ(argument.error, BdatError::kSizeTooBig) << big;
    EXPECT_FALSE(argument.size_known) << big;
    EXPECT_FALSE(argument.last) << big;
  }
  EXPECT_EQ(ParseBdatArgument("9223372036854775808").error_offset, 18);
}

TEST(BdatArgument, TellsWhatIsWrongAndWhetherTheSizeIsKnown) {
  const struct {
    const char* in;
    BdatError error;
    int offset;
    bool size_known;
  } kCases[] = {
      {"", BdatError::kNoSize, 0, false},
      {" ", BdatError::kNoSize, 0, false},
      {" 1", BdatError::kNoSize, 0, false},
      {"LAST", BdatError::kNoSize, 0, false},
      {"-1", BdatError::kNoSize, 0, false},
      {"+1", BdatError::kNoSize, 0, false},
      {"1a", BdatError::kBadSize, 1, false},
      {"1.0", BdatError::kBadSize, 1, false},
      {"0x10", BdatError::kBadSize, 1, false},
      {"1\t", BdatError::kBadSize, 1, false},
      {"99999999999999999999a", BdatError::kBadSize, 20, false},
      {"12 ", BdatError::kBadEndMarker, 3, true},
      {"12  LAST", BdatError::kBadEndMarker, 3, true},
      {"12 LAST ", BdatError::kBadEndMarker, 3, true},
      {"12 LASTX", BdatError::kBadEndMarker, 3, true},
      {"12 LAS", BdatError::kBadEndMarker, 3, true},
      {"12 FIRST", BdatError::kBadEndMarker, 3, true},
  };
  for (const auto& c : kCases) {
    const BdatArgument argument = ParseBdatArgument(c.in);
    EXPECT_EQ(argument.error, c.error) << c.in;
    EXPECT_EQ(argument.error_offset, c.offset) << c.in;
    EXPECT_EQ(argument.size_known, c.size_known) << c.in;
    EXPECT_EQ(argument.octets, c.size_known ? 12u : 0u) << c.in;
    EXPECT_FALSE(argument.last) << c.in;
  }
}

}  // namespace
}  // namespace postern::syntax
