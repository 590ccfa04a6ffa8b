// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/date.h"

#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

TEST(DateTimeAgreesTest, KnownDates) {
  syntax::DateTime got;
  got.is_utc = true;
  got.unix_seconds = 0;
  EXPECT_EQ(DateTimeAgrees("1970-01-01T00:00:00Z", true, got), "");
  got.unix_seconds = 951782400;  // `date -u -d 2000-02-29 +%s`
  EXPECT_EQ(DateTimeAgrees("2000-02-29T00:00:00Z", true, got), "");
  got.unix_seconds = -62167219200;
  EXPECT_EQ(DateTimeAgrees("0000-01-01T00:00:00Z", true, got), "");
  EXPECT_EQ(DateTimeAgrees("1900-02-29T00:00:00Z", false, got), "");
  // A leap second is the last second of a month in UTC.
  got.unix_seconds = 1493596800;
  EXPECT_EQ(DateTimeAgrees("2017-04-30T23:59:60Z", true, got), "");
  EXPECT_EQ(DateTimeAgrees("2017-04-29T23:59:60Z", false, got), "");
  EXPECT_EQ(DateTimeAgrees("2017-04-30T22:59:60Z", false, got), "");
}

TEST(DateTimeAgreesTest, Bites) {
  const std::string_view in = "1996-12-19T16:39:57.25-08:00";
  syntax::DateTime right;
  ASSERT_TRUE(syntax::ParseDateTime(in, &right));
  EXPECT_EQ(DateTimeAgrees(in, true, right), "");
  EXPECT_NE(DateTimeAgrees(in, false, right), "");
  EXPECT_NE(DateTimeAgrees("1996-12-19T16:39:57.25-0800", true, right), "");
  syntax::DateTime wrong = right;
  ++wrong.unix_seconds;
  EXPECT_NE(DateTimeAgrees(in, true, wrong), "");
  wrong = right;
  ++wrong.nanoseconds;
  EXPECT_NE(DateTimeAgrees(in, true, wrong), "");
  wrong = right;
  wrong.offset_minutes = 480;
  EXPECT_NE(DateTimeAgrees(in, true, wrong), "");
  wrong = right;
  wrong.is_utc = true;
  EXPECT_NE(DateTimeAgrees(in, true, wrong), "");
  wrong = right;
  wrong.offset_unknown = true;
  EXPECT_NE(DateTimeAgrees(in, true, wrong), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
