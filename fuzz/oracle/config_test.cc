// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/config.h"

#include <string>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

session::Config Default() {
  auto config = session::LoadConfig("");
  EXPECT_TRUE(config.ok());
  return *config;
}

TEST(ConfigIsSoundTest, Bites) {
  EXPECT_EQ(ConfigIsSound(Default()), "");
  session::Config wrong = Default();
  wrong.server_name = "a b";
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.enabled &= ~commands::Bit(commands::Extension::kEightBitMime);
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.require_tls = true;
  EXPECT_EQ(ConfigIsSound(wrong), "");
  wrong.enabled &= ~commands::Bit(commands::Extension::kStarttls);
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.limits.message_octets = 65535;
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.limits.recipients = 99;
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.limits.errors = 0;
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.limits.commands_without_progress = 9;
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.limits.line_total_octets = 16383;
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.limits.content_timeout_ms = 0;
  EXPECT_NE(ConfigIsSound(wrong), "");
  wrong = Default();
  wrong.limits.session_timeout_ms = UINT64_MAX;
  EXPECT_NE(ConfigIsSound(wrong), "");
}

TEST(SameConfigTest, SeesEveryField) {
  const session::Config config = Default();
  const auto again = session::LoadConfig(SerializeConfig(config));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(SameConfig(config, *again), "");
  session::Config other = config;
  other.leniency.extra_spaces = true;
  EXPECT_NE(SameConfig(config, other), "");
  other = config;
  ++other.limits.errors;
  EXPECT_NE(SameConfig(config, other), "");
  other = config;
  other.enabled ^= commands::Bit(commands::Extension::kExpn);
  EXPECT_NE(SameConfig(config, other), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
