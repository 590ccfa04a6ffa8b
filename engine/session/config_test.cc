// SPDX-License-Identifier: Apache-2.0

#include "engine/session/config.h"

#include <string>
#include <vector>

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
                             Extension::kStarttls, Extension::kHelp, Extension::kDsn}) {
    EXPECT_TRUE(config->Enabled(on));
  }
  for (const Extension off :
       {Extension::kExpn, Extension::kAuth, Extension::kRequireTls, Extension::kDeliverBy,
        Extension::kMtPriority, Extension::kRrvs, Extension::kLimits, Extension::kEtrn,
        Extension::kAtrn, Extension::kBurl}) {
    EXPECT_FALSE(config->Enabled(off));
  }
  EXPECT_EQ(config->limits.transactions, 0u);
  EXPECT_EQ(config->limits.recipient_domains, 0u);
  EXPECT_EQ(config->deliverby_min_s, 0u);
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

TEST(LoadConfig, TakesWhatDeliveryExtensionsNeed) {
  v1::EngineConfig proto;
  proto.mutable_limits()->set_transactions(999999);
  proto.mutable_limits()->set_recipient_domains(1);
  proto.set_mt_priority_profile("A-Profile_1.of.twent");
  proto.set_deliverby_min_s(999999999);
  const auto config = LoadConfig(proto.SerializeAsString());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->limits.transactions, 999999u);
  EXPECT_EQ(config->limits.recipient_domains, 1u);
  EXPECT_EQ(config->mt_priority_profile, "A-Profile_1.of.twent");
  EXPECT_EQ(config->deliverby_min_s, 999999999u);
  proto.mutable_limits()->set_transactions(1000000);
  EXPECT_NE(ErrorOf(proto).find("limits.transactions: 1000000 is out of range"), std::string::npos);
  proto.mutable_limits()->set_transactions(0);
  proto.set_deliverby_min_s(1000000000);
  EXPECT_NE(ErrorOf(proto).find("deliverby_min_s: 1000000000 is out"), std::string::npos);
  proto.set_deliverby_min_s(0);
  for (const char* profile : {"two words", "a-profile-of-twentyone", "x=y", "p\r\n250 X"}) {
    proto.set_mt_priority_profile(profile);
    EXPECT_NE(ErrorOf(proto).find("mt_priority_profile: is no profile"), std::string::npos);
  }
}

TEST(LoadConfig, AtrnAndBurlNeedWhatTheyRestOn) {
  v1::EngineConfig proto;
  v1::Extensions* const extensions = proto.mutable_extensions();
  extensions->set_etrn(v1::SWITCH_ON);
  ASSERT_TRUE(LoadConfig(proto.SerializeAsString()).ok());
  extensions->set_atrn(v1::SWITCH_ON);
  EXPECT_NE(ErrorOf(proto).find("extensions.atrn: needs extensions.auth"), std::string::npos);
  extensions->clear_atrn();
  extensions->set_burl(v1::SWITCH_ON);
  EXPECT_NE(ErrorOf(proto).find("extensions.burl: needs"), std::string::npos);
  extensions->set_auth(v1::SWITCH_ON);
  extensions->set_atrn(v1::SWITCH_ON);
  EXPECT_TRUE(LoadConfig(proto.SerializeAsString()).ok());
  extensions->set_eightbitmime(v1::SWITCH_OFF);
  EXPECT_NE(ErrorOf(proto).find("extensions.burl: needs"), std::string::npos);
  extensions->clear_eightbitmime();
  proto.set_protocol(v1::PROTOCOL_LMTP);
  EXPECT_NE(ErrorOf(proto).find("etrn, atrn and burl are not for it"), std::string::npos);
}

// RFC 4468 §3.5.
TEST(LoadConfig, TakesWhatEhloMayTellOfBurl) {
  v1::EngineConfig proto;
  for (const char* good : {"", "imap", "imap://mail.example", "imap imap://[2001:db8::1]:143"}) {
    proto.set_burl_imap(good);
    const auto config = LoadConfig(proto.SerializeAsString());
    ASSERT_TRUE(config.ok()) << good;
    EXPECT_EQ(config->burl_imap, good);
  }
  for (const std::string& bad :
       {std::string("pop"), std::string("imap "), std::string(" imap"), std::string("imap  imap"),
        std::string("imap://"), std::string("imap://a/b"), std::string("imap://a?b"),
        std::string("imap\r\n250 X"), "imap://" + std::string(194, 'a')}) {
    proto.set_burl_imap(bad);
    EXPECT_NE(ErrorOf(proto).find("burl_imap: is imap"), std::string::npos) << bad;
  }
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

TEST(LoadConfig, SubmissionNeedsAuth) {
  v1::EngineConfig proto;
  proto.set_submission(true);
  EXPECT_NE(ErrorOf(proto).find("submission: needs extensions.auth"), std::string::npos);
  proto.mutable_extensions()->set_auth(v1::SWITCH_ON);
  EXPECT_EQ(ErrorOf(proto), "");
  EXPECT_TRUE(LoadConfig(proto.SerializeAsString())->Enabled(commands::Extension::kAuthFirst));
  proto.set_protocol(v1::PROTOCOL_LMTP);
  EXPECT_NE(ErrorOf(proto).find("submission: is of SMTP"), std::string::npos);
}

TEST(LoadConfig, BoundsHolds) {
  v1::EngineConfig proto;
  EXPECT_EQ(LoadConfig(proto.SerializeAsString())->hold_max_s, 2592000u);
  proto.set_hold_max_s(999999999);
  EXPECT_EQ(LoadConfig(proto.SerializeAsString())->hold_max_s, 999999999u);
  proto.set_hold_max_s(1000000000);
  EXPECT_NE(ErrorOf(proto).find("hold_max_s: 1000000000 is out of range"), std::string::npos);
}

TEST(LoadConfig, ChecksEhloLinesOfTheHost) {
  for (const std::string& good :
       std::vector<std::string>{"XHOST", "x-1 a=b !~", "8BIT", std::string(200, 'X')}) {
    v1::EngineConfig proto;
    proto.add_extra_ehlo_keywords(good);
    const auto config = LoadConfig(proto.SerializeAsString());
    ASSERT_TRUE(config.ok()) << good;
    ASSERT_EQ(config->extra_ehlo_keywords.size(), 1u);
    EXPECT_EQ(config->extra_ehlo_keywords[0], good);
  }
  for (const std::string& bad :
       std::vector<std::string>{"", " X", "X ", "X  a", "-X", "X_Y", "X\r\n250 Y", "X \x7f",
                                "X a\tb", "X\xC3\xA9", std::string(201, 'X')}) {
    v1::EngineConfig proto;
    proto.add_extra_ehlo_keywords(bad);
    EXPECT_NE(ErrorOf(proto), "") << bad;
  }
  for (const char* ours : {"SIZE 5", "size", "Mt-Priority", "XCLIENT"}) {
    v1::EngineConfig proto;
    proto.add_extra_ehlo_keywords(ours);
    EXPECT_NE(ErrorOf(proto).find("is a keyword of Postern's own"), std::string::npos) << ours;
  }
  v1::EngineConfig twice;
  twice.add_extra_ehlo_keywords("XHOST 1");
  twice.add_extra_ehlo_keywords("xhost 2");
  EXPECT_NE(ErrorOf(twice).find("xhost is there twice"), std::string::npos);
  v1::EngineConfig many;
  for (int i = 0; i < 17; ++i) many.add_extra_ehlo_keywords("X" + std::to_string(i));
  EXPECT_NE(ErrorOf(many).find("17 are too many"), std::string::npos);
  many.mutable_extra_ehlo_keywords()->RemoveLast();
  EXPECT_EQ(ErrorOf(many), "");
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

// RFC 2033 section 5.
TEST(LoadConfig, LmtpNeedsPipeliningAndEnhancedCodes) {
  v1::EngineConfig proto;
  EXPECT_FALSE(LoadConfig(proto.SerializeAsString())->Enabled(Extension::kLmtp));
  proto.set_protocol(v1::PROTOCOL_LMTP);
  EXPECT_EQ(ErrorOf(proto), "");
  EXPECT_TRUE(LoadConfig(proto.SerializeAsString())->Enabled(Extension::kLmtp));
  proto.mutable_limits()->set_recipients(10001);
  EXPECT_NE(ErrorOf(proto).find("limits.recipients: 10001 is out of range with lmtp"),
            std::string::npos);
  proto.mutable_limits()->set_recipients(10000);
  proto.mutable_extensions()->set_pipelining(v1::SWITCH_OFF);
  EXPECT_NE(ErrorOf(proto).find("protocol: lmtp needs"), std::string::npos);
  proto.mutable_extensions()->set_pipelining(v1::SWITCH_ON);
  proto.mutable_extensions()->set_enhancedstatuscodes(v1::SWITCH_OFF);
  EXPECT_NE(ErrorOf(proto).find("protocol: lmtp needs"), std::string::npos);
  proto.set_protocol(static_cast<v1::Protocol>(3));
  EXPECT_NE(ErrorOf(proto).find("protocol: 3 is no protocol"), std::string::npos);
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
