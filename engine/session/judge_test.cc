// SPDX-License-Identifier: Apache-2.0
//
// The order of the checks: framing, verb, enabled, sequence, arguments, limits; the first that
// fails decides (500-path contract, "Which code").

#include "engine/session/judge.h"

#include <string>

#include "gtest/gtest.h"

namespace postern::session {
namespace {

using commands::Phase;
using replies::ReplyId;

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    using commands::Bit;
    using commands::Extension;
    config_.enabled = Bit(Extension::kSize) | Bit(Extension::kEightBitMime) |
                      Bit(Extension::kPipelining) | Bit(Extension::kEnhancedStatusCodes) |
                      Bit(Extension::kSmtpUtf8) | Bit(Extension::kStarttls) | Bit(Extension::kHelp);
    view_.config = &config_;
    view_.now = {config_.enabled, true, false, true};
    view_.phase = Phase::kReady;
  }

  Judgement Judge(const std::string& text) {
    text_ = text;
    wire::LineSplitter splitter(&wire::DefaultMemory(), 562);
    wire::Line line;
    size_t used = 0;
    octets_ = text + "\r\n";
    EXPECT_EQ(splitter.Next(octets_, &used, &line), wire::LineStatus::kLine);
    command_ = commands::ParsedCommand();
    return JudgeLine(line, view_, &command_);
  }
  ReplyId ReplyTo(const std::string& text) { return Judge(text).reply; }

  Config config_;
  View view_;
  commands::ParsedCommand command_;
  std::string text_;
  std::string octets_;
};

TEST_F(JudgeTest, FramingComesBeforeTheVerb) {
  EXPECT_EQ(ReplyTo(std::string("XYZ\0", 4)), ReplyId::kNulOctet);
  EXPECT_EQ(ReplyTo("XY\rZ"), ReplyId::kBareCr);
  EXPECT_EQ(ReplyTo("XY\x01Z"), ReplyId::kControlOctet);
  EXPECT_EQ(ReplyTo("NOOP \x7f"), ReplyId::kControlOctet);
  EXPECT_EQ(Judge("NOOP \x7f").octet, 0x7f);
  EXPECT_EQ(ReplyTo(std::string(600, 'x')), ReplyId::kLineTooLong);
}

// F4, §4.3.2: exactly 512 octets are never too long.
TEST_F(JudgeTest, LineOf512OctetsIsNeverTooLong) {
  for (const char* verb : {"NOOP ", "HELP ", "VRFY ", "XXXX ", "RCPT "}) {
    const std::string line = verb + std::string(510 - 5, 'x');
    EXPECT_NE(ReplyTo(line), ReplyId::kLineTooLong) << verb;
    EXPECT_EQ(ReplyTo(line + "x"), ReplyId::kLineTooLong) << verb;
    EXPECT_EQ(Judge(line + "x").limit, 512u);
  }
  const std::string mail = "MAIL FROM:<a@b.example> " + std::string(560 - 24, 'x');
  EXPECT_NE(ReplyTo(mail), ReplyId::kLineTooLong);
  EXPECT_EQ(ReplyTo(mail + "x"), ReplyId::kLineTooLong);
  view_.now.extended = false;
  EXPECT_EQ(ReplyTo(mail), ReplyId::kLineTooLong);
}

TEST_F(JudgeTest, EightBitOnlyInArgumentsUnderSmtpUtf8AndWellFormed) {
  EXPECT_EQ(ReplyTo("NOOP \xc3\xb6"), ReplyId::kUnspecified);
  EXPECT_EQ(ReplyTo("N\xc3\xb6OP"), ReplyId::kEightBitOctet);
  EXPECT_EQ(ReplyTo("NOOP \xc3"), ReplyId::kBadUtf8);
  EXPECT_EQ(ReplyTo("NOOP \xc0\xaf"), ReplyId::kBadUtf8);
  EXPECT_EQ(ReplyTo("NOOP \xed\xa0\x80"), ReplyId::kBadUtf8);
  view_.now.extended = false;
  EXPECT_EQ(ReplyTo("NOOP \xc3\xb6"), ReplyId::kEightBitOctet);
}

// RFC 2033 section 4.1: the greeting of the other protocol is no command at all.
TEST_F(JudgeTest, EachProtocolHasItsOwnGreeting) {
  EXPECT_EQ(ReplyTo("LHLO a.example"), ReplyId::kUnrecognized);
  EXPECT_EQ(ReplyTo("EHLO a.example"), ReplyId::kUnspecified);
  config_.enabled |= commands::Bit(commands::Extension::kLmtp);
  view_.now.enabled = config_.enabled;
  EXPECT_EQ(ReplyTo("LHLO a.example"), ReplyId::kUnspecified);
  EXPECT_EQ(ReplyTo("EHLO a.example"), ReplyId::kUnrecognized);
  EXPECT_EQ(Judge("HELO").rule, Rule::kC500);
  view_.phase = Phase::kStart;
  EXPECT_EQ(ReplyTo("MAIL FROM:<>"), ReplyId::kNeedLhlo);
}

TEST_F(JudgeTest, VerbComesBeforeAllElse) {
  EXPECT_EQ(ReplyTo(""), ReplyId::kEmptyLine);
  EXPECT_EQ(ReplyTo(" \t "), ReplyId::kEmptyLine);
  EXPECT_EQ(ReplyTo("\x20NOOP"), ReplyId::kNotAVerb);
  EXPECT_EQ(ReplyTo("1234"), ReplyId::kNotAVerb);
  EXPECT_EQ(ReplyTo("NOOPX"), ReplyId::kUnrecognized);
  EXPECT_EQ(Judge("BLAH foo").quoted, "BLAH");
}

TEST_F(JudgeTest, EnabledComesBeforeSequenceAndArguments) {
  view_.phase = Phase::kStart;
  EXPECT_EQ(ReplyTo("EXPN"), ReplyId::kCommandDisabled);
  EXPECT_EQ(ReplyTo("TURN now"), ReplyId::kCommandDisabled);
  view_.now.can_starttls = false;
  EXPECT_EQ(ReplyTo("STARTTLS"), ReplyId::kCommandDisabled);
  view_.now.tls = true;
  EXPECT_EQ(ReplyTo("STARTTLS"), ReplyId::kTlsAlreadyActive);
}

TEST_F(JudgeTest, SequenceComesBeforeArguments) {
  view_.phase = Phase::kStart;
  EXPECT_EQ(ReplyTo("MAIL nonsense"), ReplyId::kNeedHelo);
  EXPECT_EQ(ReplyTo("RCPT"), ReplyId::kNeedHelo);
  EXPECT_EQ(ReplyTo("DATA x"), ReplyId::kNeedHelo);
  view_.phase = Phase::kReady;
  EXPECT_EQ(ReplyTo("RCPT nonsense"), ReplyId::kNeedMail);
  EXPECT_EQ(ReplyTo("DATA x"), ReplyId::kNeedMail);
  view_.phase = Phase::kMail;
  EXPECT_EQ(ReplyTo("MAIL nonsense"), ReplyId::kNestedMail);
  EXPECT_EQ(ReplyTo("DATA x"), ReplyId::kNeedRcpt);
  EXPECT_EQ(ReplyTo("STARTTLS x"), ReplyId::kBadSequence);
  view_.phase = Phase::kRcpt;
  EXPECT_EQ(ReplyTo("DATA x"), ReplyId::kArgumentsUnexpected);
  view_.phase = Phase::kRefused;
  EXPECT_EQ(ReplyTo("NOOP"), ReplyId::kGreetingWasRefused);
  EXPECT_EQ(ReplyTo("HELP"), ReplyId::kUnspecified);
  EXPECT_EQ(ReplyTo("QUIT"), ReplyId::kUnspecified);
}

// RFC 3207 §4: 530 to all but NOOP, EHLO, STARTTLS, QUIT; contract C214 adds HELP.
TEST_F(JudgeTest, RequiredTlsRefusesAllButAFewCommands) {
  config_.require_tls = true;
  for (const char* line : {"MAIL FROM:<>", "HELO a.example", "VRFY x", "RSET", "RCPT TO:<a@b.c>"}) {
    EXPECT_EQ(ReplyTo(line), ReplyId::kTlsRequired) << line;
  }
  for (const char* line : {"NOOP", "EHLO a.example", "STARTTLS", "QUIT", "HELP"}) {
    EXPECT_EQ(ReplyTo(line), ReplyId::kUnspecified) << line;
  }
}

TEST_F(JudgeTest, LimitsComeLast) {
  EXPECT_EQ(ReplyTo("MAIL FROM:<> SIZE=52428800"), ReplyId::kUnspecified);
  EXPECT_EQ(ReplyTo("MAIL FROM:<> SIZE=52428801"), ReplyId::kMessageTooLarge);
  EXPECT_EQ(ReplyTo("MAIL FROM:<> SIZE=52428801 FOO"), ReplyId::kParameterUnknown);
  view_.phase = Phase::kRcpt;
  view_.recipients = 999;
  EXPECT_EQ(ReplyTo("RCPT TO:<a@b.example>"), ReplyId::kUnspecified);
  view_.recipients = 1000;
  EXPECT_EQ(ReplyTo("RCPT TO:<a@b.example>"), ReplyId::kTooManyRecipients);
  EXPECT_EQ(ReplyTo("RCPT TO:<a@@b.example>"), ReplyId::kBadForwardPath);
}

}  // namespace
}  // namespace postern::session
