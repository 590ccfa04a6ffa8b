// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/verdict.h"

#include "gtest/gtest.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::oracle {
namespace {

class SameVerdictTest : public testing::Test {
 protected:
  SameVerdictTest() {
    inspected_.code = 500;
    inspected_.reply_id = 100;
    inspected_.rule = POSTERN_RULE_C500;
    inspected_.event_type = POSTERN_EVENT_ERROR;
    inspected_.reply = "500 5.5.1 No\r\n";
    session_.event_types = {POSTERN_EVENT_ERROR};
    session_.errors = {{100, 500, POSTERN_RULE_C500}};
    session_.output = inspected_.reply;
  }
  Inspected inspected_;
  SessionDid session_;
};

TEST_F(SameVerdictTest, FindsNothingWhereBothAgree) {
  EXPECT_EQ(SameVerdict(inspected_, session_), "");
  inspected_ = {};
  inspected_.event_type = POSTERN_EVENT_MAIL;
  session_ = {};
  session_.event_types = {POSTERN_EVENT_MAIL};
  EXPECT_EQ(SameVerdict(inspected_, session_), "");
}

TEST_F(SameVerdictTest, FindsAnotherCodeRuleOrReply) {
  session_.errors[0].code = 501;
  EXPECT_NE(SameVerdict(inspected_, session_), "");
  session_.errors[0] = {101, 500, POSTERN_RULE_C500};
  EXPECT_NE(SameVerdict(inspected_, session_), "");
  session_.errors[0] = {100, 500, POSTERN_RULE_F2};
  EXPECT_NE(SameVerdict(inspected_, session_), "");
}

TEST_F(SameVerdictTest, FindsOtherWords) {
  session_.output = "500 5.5.1 no\r\n";
  EXPECT_NE(SameVerdict(inspected_, session_), "");
}

TEST_F(SameVerdictTest, FindsARefusalThatOneOfThemDoesNotKnow) {
  session_.errors.clear();
  EXPECT_NE(SameVerdict(inspected_, session_), "");
  Inspected right;
  session_.errors = {{100, 500, POSTERN_RULE_C500}};
  EXPECT_NE(SameVerdict(right, session_), "");
}

TEST_F(SameVerdictTest, FindsAnEventThatDoesNotCome) {
  Inspected right;
  right.event_type = POSTERN_EVENT_MAIL;
  SessionDid nothing;
  EXPECT_NE(SameVerdict(right, nothing), "");
}

TEST_F(SameVerdictTest, HelpIsAnsweredFromTheTableByBoth) {
  inspected_.code = 214;
  inspected_.event_type = POSTERN_EVENT_HELP;
  session_.errors.clear();
  session_.event_types = {POSTERN_EVENT_HELP};
  EXPECT_NE(SameVerdict(inspected_, session_), "");
  session_.decided_help = true;
  EXPECT_EQ(SameVerdict(inspected_, session_), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
