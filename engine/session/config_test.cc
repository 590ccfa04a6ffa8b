// SPDX-License-Identifier: Apache-2.0

#include "engine/session/config.h"

#include <string>

#include "engine/proto/engine_config.pb.h"
#include "gtest/gtest.h"

namespace postern::session {
namespace {

using commands::Extension;

std::string ErrorOf(const v1::EngineConfig& proto) {
  const auto config = LoadConfig(proto.SerializeAsString());
  return config.ok() ? "" : std::string(config.status().message());
}

TEST(LoadConfig, EmptyGivesTheDocumentedDefaults) {
  const auto config = LoadConfig("");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->server_name, "localhost");
  EXPECT_EQ(config->limits.message_octets, 52428800u);
  EXPECT_EQ(config->limits.recipients, 1000u);
  EXPECT_EQ(config->limits.errors, 20u);
  EXPECT_EQ(config->limits.line_total_octets, 4194304u);
  EXPECT_EQ(config->limits.command_timeout_ms, 300000u);
  for (const Extension on : {Extension::kSize, Extension::kEightBitMime, Extension::kPipelining,
                             Extension::kEnhancedStatusCodes, Extension::kSmtpUtf8,
                             Extension::kStarttls, Extension::kHelp}) {
    EXPECT_TRUE(config->Enabled(on));
  }
  EXPECT_FALSE(config->Enabled(Extension::kExpn));
  EXPECT_FALSE(config->Enabled(Extension::kAuth));
  EXPECT_EQ(config->bare_newline, wire::BareNewline::kReject);
  EXPECT_FALSE(config->leniency.space_after_colon);
}

TEST(LoadConfig, TakesWhatIsSet) {
  v1::EngineConfig proto;
  proto.set_server_name("mx.example.org");
  proto.mutable_extensions()->set_expn(v1::SWITCH_ON);
  proto.mutable_extensions()->set_help(v1::SWITCH_OFF);
  proto.mutable_limits()->set_recipients(100);
  proto.mutable_leniency()->set_missing_angle_brackets(true);
  proto.set_bare_newline(v1::BARE_NEWLINE_NORMALIZE);
  const auto config = LoadConfig(proto.SerializeAsString());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->server_name, "mx.example.org");
  EXPECT_TRUE(config->Enabled(Extension::kExpn));
  EXPECT_FALSE(config->Enabled(Extension::kHelp));
  EXPECT_EQ(config->limits.recipients, 100u);
  EXPECT_TRUE(config->leniency.missing_angle_brackets);
  EXPECT_EQ(config->bare_newline, wire::BareNewline::kNormalize);
}

TEST(LoadConfig, NamesTheFieldAndTheMendOfEveryProblem) {
  v1::EngineConfig proto;
  proto.set_server_name("not a name");
  proto.mutable_limits()->set_recipients(99);
  proto.mutable_limits()->set_message_octets(1000);
  const std::string error = ErrorOf(proto);
  EXPECT_NE(error.find("server_name: is neither a domain"), std::string::npos) << error;
  EXPECT_NE(error.find("limits.recipients: 99 is out of range; use 100 to"), std::string::npos);
  EXPECT_NE(error.find("limits.message_octets: 1000 is out of range"), std::string::npos);
}

TEST(LoadConfig, RefusesWhatCannotWorkTogether) {
  v1::EngineConfig utf8;
  utf8.mutable_extensions()->set_eightbitmime(v1::SWITCH_OFF);
  EXPECT_EQ(ErrorOf(utf8), "");  // SMTPUTF8 follows by default
  utf8.mutable_extensions()->set_smtputf8(v1::SWITCH_ON);
  EXPECT_NE(ErrorOf(utf8).find("extensions.smtputf8"), std::string::npos);
  v1::EngineConfig tls;
  tls.set_require_tls(true);
  EXPECT_EQ(ErrorOf(tls), "");
  tls.mutable_extensions()->set_starttls(v1::SWITCH_OFF);
  EXPECT_NE(ErrorOf(tls).find("require_tls"), std::string::npos);
}

TEST(LoadConfig, ListsMechanismsAsEhloHasThem) {
  v1::EngineConfig proto;
  proto.mutable_extensions()->set_auth(v1::SWITCH_ON);
  proto.add_auth_mechanisms("SCRAM-SHA-256");
  proto.add_auth_mechanisms("PLAIN");
  const auto config = LoadConfig(proto.SerializeAsString());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->auth_line, "AUTH SCRAM-SHA-256 PLAIN");
  EXPECT_EQ(config->limits.auth_failures, 3u);
  EXPECT_EQ(config->limits.auth_rounds, 10u);
  EXPECT_TRUE(FindMechanism(config->auth_line, "plain"));
  EXPECT_TRUE(FindMechanism(config->auth_line, "SCRAM-SHA-256"));
  for (const char* none : {"", "AUTH", "PLAI", "PLAINS", "SCRAM-SHA", "-256"}) {
    EXPECT_FALSE(FindMechanism(config->auth_line, none)) << none;
  }
  EXPECT_FALSE(FindMechanism("", "PLAIN"));
}

TEST(LoadConfig, RefusesWhatIsNoListOfMechanisms) {
  for (const char* bad : {"", "plain", "PL AIN", "PLAIN=", "A23456789012345678901"}) {
    v1::EngineConfig proto;
    proto.add_auth_mechanisms(bad);
    EXPECT_NE(ErrorOf(proto).find("auth_mechanisms"), std::string::npos) << bad;
  }
  v1::EngineConfig proto;
  proto.add_auth_mechanisms("PLAIN");
  proto.add_auth_mechanisms("PLAIN");
  EXPECT_NE(ErrorOf(proto).find("each once"), std::string::npos);
  v1::EngineConfig required;
  required.set_require_auth(true);
  EXPECT_NE(ErrorOf(required).find("require_auth: needs extensions.auth"), std::string::npos);
  v1::EngineConfig few;
  few.mutable_limits()->set_auth_failures(2);
  EXPECT_NE(ErrorOf(few).find("limits.auth_failures"), std::string::npos);
}

TEST(LoadConfig, RefusesValuesThatAreNoneOfAnEnum) {
  v1::EngineConfig proto;
  proto.set_bare_newline(static_cast<v1::BareNewlinePolicy>(7));
  proto.mutable_extensions()->set_help(static_cast<v1::Switch>(9));
  EXPECT_NE(ErrorOf(proto).find("bare_newline: 7"), std::string::npos);
  EXPECT_NE(ErrorOf(proto).find("extensions.help: 9"), std::string::npos);
}

TEST(LoadConfig, RefusesOctetsThatAreNoMessage) {
  EXPECT_FALSE(LoadConfig("\xff\xff\xff").ok());
  EXPECT_FALSE(LoadConfig(std::string(70000, 'x')).ok());
}

}  // namespace
}  // namespace postern::session
