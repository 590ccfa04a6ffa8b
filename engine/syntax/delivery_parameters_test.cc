// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/delivery_parameters.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::syntax {
namespace {

TEST(DeliverBy, TakesTheExamplesOfTheRfc) {  // RFC 2852 §6
  DeliverBy by;
  ASSERT_EQ(ParseDeliverBy("120;R", &by), DeliverByError::kNone);
  EXPECT_EQ(by.seconds, 120);
  EXPECT_EQ(by.mode, ByMode::kReturn);
  EXPECT_FALSE(by.trace);
  ASSERT_EQ(ParseDeliverBy("-40;nT", &by), DeliverByError::kNone);
  EXPECT_EQ(by.seconds, -40);
  EXPECT_EQ(by.mode, ByMode::kNotify);
  EXPECT_TRUE(by.trace);
  ASSERT_EQ(ParseDeliverBy("+999999999;rt", &by), DeliverByError::kNone);
  EXPECT_EQ(by.seconds, 999999999);
  ASSERT_EQ(ParseDeliverBy("-999999999;N", &by), DeliverByError::kNone);
  EXPECT_EQ(by.seconds, -999999999);
  ASSERT_EQ(ParseDeliverBy("0;N", &by), DeliverByError::kNone);
  ASSERT_EQ(ParseDeliverBy("000000001;R", &by), DeliverByError::kNone);
  EXPECT_EQ(by.seconds, 1);
}

TEST(DeliverBy, RefusesWhatTheGrammarDoesNotHave) {
  DeliverBy by;
  by.seconds = 7;
  for (const char* bad :
       {"",     ";",    ";R",   "1",    "1;",    "1;X",   "1;RN",         "1;TR",         "1;RTT",
        "1;T",  "1R",   "+;R",  "-;N",  "+-1;N", "--1;N", "1234567890;N", "0000000001;N", "1.5;N",
        "1;R;", "1;;R", " 1;R", "1;R ", "1 ;R",  "0x1;N"}) {
    EXPECT_EQ(ParseDeliverBy(bad, &by), DeliverByError::kBadValue) << bad;
  }
  for (const char* past : {"0;R", "-1;R", "+0;r", "-0;RT", "000000000;R"}) {
    EXPECT_EQ(ParseDeliverBy(past, &by), DeliverByError::kNotPositive) << past;
  }
  EXPECT_EQ(by.seconds, 7);
}

// RFC 6710 §7: of all strings of up to three octets exactly nineteen.
TEST(MtPriority, TakesNineteenStrings) {
  const std::string alphabet = "0123456789+- a;\n";
  int taken = 0;
  int sum = 0;
  int8_t priority = 0;
  const auto count = [&](const std::string& text) {
    if (!ParseMtPriority(text, &priority)) return;
    ++taken;
    EXPECT_EQ(text, std::to_string(priority));
    sum += priority;
  };
  count("");
  for (const char a : alphabet) {
    count({a});
    for (const char b : alphabet) {
      count({a, b});
      for (const char c : alphabet) count({a, b, c});
    }
  }
  EXPECT_EQ(taken, 19);
  EXPECT_EQ(sum, 0);
}

TEST(HoldFor, TakesOneToNineDigitsWithoutAZeroInFront) {  // RFC 4865 §3
  uint32_t seconds = 0;
  EXPECT_TRUE(ParseHoldFor("1", &seconds));
  EXPECT_EQ(seconds, 1u);
  EXPECT_TRUE(ParseHoldFor("999999999", &seconds));
  EXPECT_EQ(seconds, 999999999u);
  for (const char* bad : {"", "0", "01", "1000000000", "+1", "-1", "1 ", " 1", "1s", "1.0"}) {
    EXPECT_FALSE(ParseHoldFor(bad, &seconds)) << bad;
  }
  EXPECT_EQ(seconds, 999999999u);
}

TEST(HoldUntil, TakesUtcAlone) {  // RFC 4865 §3
  DateTime time;
  ASSERT_TRUE(ParseHoldUntil("2008-03-05T19:00:00Z", &time));
  EXPECT_EQ(time.unix_seconds, 1204743600);
  EXPECT_TRUE(ParseHoldUntil("2008-03-05t19:00:00.5z", &time));
  for (const char* bad : {"", "2008-03-05T19:00:00", "2008-03-05T19:00:00+00:00",
                          "2008-03-05T19:00:00-00:00", "2008-03-05T19:00:00+01:00",
                          "2008-02-30T19:00:00Z", "1204743600", "2008-03-05T19:00:00Z;R"}) {
    EXPECT_FALSE(ParseHoldUntil(bad, &time)) << bad;
  }
}

TEST(Rrvs, ReadsTimeAndAction) {  // RFC 7293 §3.1
  Rrvs rrvs;
  ASSERT_TRUE(ParseRrvs("2014-04-03T23:01:00Z", &rrvs));
  EXPECT_EQ(rrvs.valid_since.unix_seconds, 1396566060);
  EXPECT_EQ(rrvs.no_support_action, RrvsAction::kUnstated);
  ASSERT_TRUE(ParseRrvs("2014-04-03T23:01:00-08:00;C", &rrvs));
  EXPECT_EQ(rrvs.valid_since.offset_minutes, -480);
  EXPECT_EQ(rrvs.no_support_action, RrvsAction::kContinue);
  ASSERT_TRUE(ParseRrvs("2014-04-03T23:01:00Z;r", &rrvs));
  EXPECT_EQ(rrvs.no_support_action, RrvsAction::kReject);
  for (const char* bad :
       {"", ";R", "2014-04-03T23:01:00Z;", "2014-04-03T23:01:00Z;X", "2014-04-03T23:01:00Z;RC",
        "2014-04-03T23:01:00Z;R;C", "2014-04-03T23:01:00.5Z", "2014-04-03T23:01:00.0Z;R",
        "2014-04-03", "2014-04-03T23:01:00Z ;R"}) {
    EXPECT_FALSE(ParseRrvs(bad, &rrvs)) << bad;
  }
  EXPECT_EQ(rrvs.no_support_action, RrvsAction::kReject);
}

}  // namespace
}  // namespace postern::syntax
