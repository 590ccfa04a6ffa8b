// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/ehlo_limits.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::syntax {
namespace {

std::string Write(uint32_t mail, uint32_t rcpt, uint32_t domain) {
  std::string out(kMaxEhloLimitsOctets, '#');
  EhloLimits limits;
  limits.mail_max = mail;
  limits.rcpt_max = rcpt;
  limits.rcpt_domain_max = domain;
  out.resize(WriteEhloLimits(limits, out.data()));
  return out;
}

TEST(EhloLimits, WritesWhatIsStated) {
  EXPECT_EQ(Write(0, 0, 0), "");
  EXPECT_EQ(Write(1, 0, 0), "MAILMAX=1");
  EXPECT_EQ(Write(0, 100, 0), "RCPTMAX=100");
  EXPECT_EQ(Write(10, 0, 20), "MAILMAX=10 RCPTDOMAINMAX=20");
  EXPECT_EQ(Write(1000000, 999999, 4294967295u),
            "MAILMAX=999999 RCPTMAX=999999 RCPTDOMAINMAX=999999");
  EXPECT_EQ(Write(1000000, 999999, 4294967295u).size(), kMaxEhloLimitsOctets);
}

TEST(EhloLimits, ReadsWhatItWrites) {
  for (const uint32_t value : {0u, 1u, 9u, 10u, 99999u, 100000u, 999999u}) {
    const std::string text = Write(value, 7, value);
    EhloLimits limits;
    ASSERT_TRUE(ParseEhloLimits(text, &limits)) << text;
    EXPECT_EQ(limits.mail_max, value);
    EXPECT_EQ(limits.rcpt_max, 7u);
    EXPECT_EQ(limits.rcpt_domain_max, value);
  }
}

TEST(EhloLimits, SkipsWhatItDoesNotKnowAndValuesThatDoNotFit) {
  EhloLimits limits;
  ASSERT_TRUE(ParseEhloLimits("rcptmax=5 X-FLAG X_2=a=b MAILMAX=0 RCPTDOMAINMAX=01", &limits));
  EXPECT_EQ(limits.mail_max, 0u);
  EXPECT_EQ(limits.rcpt_max, 5u);
  EXPECT_EQ(limits.rcpt_domain_max, 0u);
  ASSERT_TRUE(ParseEhloLimits("MAILMAX=1000000 MAILMAX=3 MAILMAX=4 RCPTMAX", &limits));
  EXPECT_EQ(limits.mail_max, 3u);
  EXPECT_EQ(limits.rcpt_max, 0u);
}

TEST(EhloLimits, RefusesWhatIsNoList) {
  EhloLimits limits;
  limits.mail_max = 7;
  for (const char* bad : {"", " ", "MAILMAX=", "=1", "MAILMAX=1 ", " MAILMAX=1", "MAILMAX=1  A",
                          "MAIL.MAX=1", "MAILMAX=1;2", "MAILMAX=\xC3\xBC", "MAILMAX=1\t"}) {
    EXPECT_FALSE(ParseEhloLimits(bad, &limits)) << bad;
  }
  EXPECT_EQ(limits.mail_max, 7u);
}

}  // namespace
}  // namespace postern::syntax
