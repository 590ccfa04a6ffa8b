// SPDX-License-Identifier: Apache-2.0
//
// The comparisons find nothing where the engine is right, and each thing that is made wrong.

#include "fuzz/oracle/command.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

using commands::Body;
using commands::Fault;
using commands::ParsedCommand;
using commands::Verb;

class CommandAgreesTest : public testing::Test {
 protected:
  CommandAgreesTest() {
    context_.now.enabled = ~commands::Bit(commands::Extension::kHostParameters);
    context_.now.extended = true;
    context_.leniency = &strict_;
  }
  ParsedCommand Parse(std::string_view line) {
    std::string_view rest;
    verb_ = commands::FindVerb(commands::SplitVerb(commands::StripTrailingSpace(line), &rest));
    ParsedCommand command;
    commands::ParseArguments(verb_, rest, context_, &command);
    return command;
  }
  Finding Check(std::string_view line, const ParsedCommand& command) {
    return CommandAgrees(line, verb_, context_, command);
  }

  const commands::Leniency strict_;
  commands::ParseContext context_;
  Verb verb_ = Verb::kUnknown;
};

TEST_F(CommandAgreesTest, FindsNothingWhereAllIsWell) {
  for (const std::string_view line : {"EHLO mx.example",
                                      "HELO [127.0.0.1] \t",
                                      "EHLO",
                                      "EHLO a b",
                                      "EHLO\ta",
                                      "MAIL FROM:<a@b> SIZE=99999999999999999999 BODY=7BIT",
                                      "MAIL FROM:<>",
                                      "MAIL FROM:",
                                      "MAIL FROM: <>",
                                      "MAIL FROM:a@b",
                                      "MAIL FROM:<a>",
                                      "MAIL FROM:<a@b> X",
                                      "MAIL FROM:<a@b> =",
                                      "MAIL FROM:<a@b> SIZE=1 size=2",
                                      "MAIL FROM:<a@b> BODY=BINARYMIME",
                                      "MAIL FROM:<a@b>X",
                                      "MAIL FROM:<\xC3\xA9@b>",
                                      "MAIL FROM:<\xC3\xA9@b> SMTPUTF8",
                                      "MAIL FROM:<a@b> RET=FULL ENVID=a+2Bb BY=1;RT MT-PRIORITY=-9",
                                      "MAIL FROM:<a@b> RET=X",
                                      "MAIL FROM:<a@b> ENVID=a ENVID=a",
                                      "MAIL FROM:<a@b> REQUIRETLS",
                                      "MAIL FROM:<a@b> BY=0;R",
                                      "RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb",
                                      "RCPT TO:<a@b> RRVS=2014-04-03T23:01:00Z;C",
                                      "RCPT TO:<a@b> ORCPT=utf-8;\xC3\xA9+2B",
                                      "RCPT TO:<a@b> ORCPT=rfc822;\xC3\xA9",
                                      "MAIL FROM:<a@b> HOLDFOR=60",
                                      "MAIL FROM:<a@b> HOLDFOR=0",
                                      "MAIL FROM:<a@b> HOLDUNTIL=2014-04-03T23:01:00.5Z SIZE=1",
                                      "MAIL FROM:<a@b> HOLDUNTIL=2014-04-31T23:01:00Z",
                                      "RCPT TO:<a@b> RRVS=2014-02-30T23:01:00Z",
                                      "RCPT TO:<a@b> NOTIFY=NEVER,DELAY",
                                      "MAIL TO:<a@b>",
                                      "RCPT TO:<postmaster>",
                                      "RCPT TO:<>",
                                      "RCPT TO:<a@b> SIZE=1",
                                      "RCPT TO:<\xC3\xA9@b>",
                                      "VRFY a",
                                      "VRFY",
                                      "VRFY <a@b> SMTPUTF8",
                                      "EXPN a b",
                                      "HELP",
                                      "HELP me",
                                      "NOOP \x01",
                                      "DATA",
                                      "DATA x",
                                      "QUIT ",
                                      "RSET\tx",
                                      "STARTTLS",
                                      "AUTH",
                                      "AUTH PLAIN",
                                      "auth plain AAAA",
                                      "AUTH PLAIN =",
                                      "AUTH  PLAIN",
                                      "AUTH PLAIN  =",
                                      "AUTH PLAIN a b",
                                      "AUTH A23456789012345678901",
                                      "AUTH P.LAIN",
                                      "AUTH\tPLAIN",
                                      "MAIL FROM:<a@b> AUTH=<>",
                                      "MAIL FROM:<a@b> AUTH=c+40d SIZE=1",
                                      "MAIL FROM:<a@b> AUTH=+0A",
                                      "MAIL FROM:<a@b> AUTH",
                                      "MAIL FROM:<a@b> AUTH=<> AUTH=<>",
                                      "TURN x"}) {
    EXPECT_EQ(Check(line, Parse(line)), "") << line;
  }
  const std::string too_long = "MAIL FROM:<" + std::string(65, 'l') + "@b>";
  EXPECT_EQ(Check(too_long, Parse(too_long)), "");
}

TEST_F(CommandAgreesTest, FindsAWrongFault) {
  const std::string_view lines[] = {"MAIL FROM:<a@b>", "MAIL FROM:<a@b> X", "EHLO", "DATA x",
                                    "VRFY a b"};
  for (const std::string_view line : lines) {
    ParsedCommand command = Parse(line);
    command.fault = command.fault == Fault::kNone ? Fault::kBadParameter : Fault::kNone;
    EXPECT_NE(Check(line, command), "") << line;
  }
}

TEST_F(CommandAgreesTest, FindsAWrongMeaning) {
  const std::string_view line = "MAIL FROM:<a@b> SIZE=5 BODY=8BITMIME SMTPUTF8";
  const ParsedCommand right = Parse(line);
  ASSERT_EQ(Check(line, right), "");
  ParsedCommand wrong = right;
  wrong.size = 50;
  EXPECT_NE(Check(line, wrong), "");
  wrong = right;
  wrong.body = Body::k7Bit;
  EXPECT_NE(Check(line, wrong), "");
  wrong = right;
  wrong.smtputf8 = false;
  EXPECT_NE(Check(line, wrong), "");
  wrong = right;
  wrong.parameters = "";
  EXPECT_NE(Check(line, wrong), "");
  wrong = right;
  wrong.path.domain_size = 0;
  EXPECT_NE(Check(line, wrong), "");
  wrong = right;
  wrong.argument = "a";
  EXPECT_NE(Check(line, wrong), "");
  wrong = right;
  wrong.verb = Verb::kRcpt;
  EXPECT_NE(Check(line, wrong), "");
  ParsedCommand helo = Parse("EHLO [1.2.3.4]");
  helo.argument_is_literal = false;
  EXPECT_NE(Check("EHLO [1.2.3.4]", helo), "");
}

TEST_F(CommandAgreesTest, FindsAComplaintAboutTheWrongParameter) {
  const std::string_view line = "MAIL FROM:<a@b> SIZE=5 X=1";
  ParsedCommand command = Parse(line);
  EXPECT_EQ(Check(line, command), "");
  command.complaint = "SIZE";
  EXPECT_NE(Check(line, command), "");
  command.complaint = "";
  EXPECT_NE(Check(line, command), "");
}

TEST_F(CommandAgreesTest, ParametersForTheHost) {
  context_.now.enabled = ~uint32_t{0};
  std::string many = "MAIL FROM:<a@b>";
  for (int i = 0; i < 64; ++i) many += " X" + std::to_string(i);
  for (const std::string& line :
       {std::string("MAIL FROM:<a@b> X=1 SIZE=5 y"), std::string("MAIL FROM:<a@b> X=1 x"),
        std::string("RCPT TO:<a@b> SIZE=5 NOTIFY=NEVER"), std::string("MAIL FROM:<a@b> X="),
        std::string("MAIL FROM:<a@b> X=1 RET=Y"), many, many + " X64"}) {
    EXPECT_EQ(Check(line, Parse(line)), "") << line;
  }
  const std::string_view line = "MAIL FROM:<a@b> X=1";
  ParsedCommand wrong = Parse(line);
  wrong.given = 0;
  EXPECT_NE(Check(line, wrong), "");
}

TEST_F(CommandAgreesTest, WhatIsInForceDecides) {
  const std::string_view line = "MAIL FROM:<a@b> SIZE=5";
  const ParsedCommand command = Parse(line);
  ASSERT_EQ(Check(line, command), "");
  context_.now.extended = false;
  EXPECT_NE(Check(line, command), "");
}

TEST(VerbAgreesTest, Bites) {
  EXPECT_EQ(VerbAgrees("mail x", Verb::kMail, "mail", " x"), "");
  EXPECT_EQ(VerbAgrees("MAILX", Verb::kUnknown, "MAILX", ""), "");
  EXPECT_NE(VerbAgrees("MAILX", Verb::kMail, "MAILX", ""), "");
  EXPECT_NE(VerbAgrees("MAIL x", Verb::kUnknown, "MAIL", " x"), "");
  EXPECT_NE(VerbAgrees("MAIL x", Verb::kMail, "MAIL", "x"), "");
  EXPECT_NE(VerbAgrees("MAIL x", Verb::kMail, "MAIL ", "x"), "");
}

TEST_F(CommandAgreesTest, LeniencyThatNarrowsOrChangesIsFound) {
  const ParsedCommand strict = Parse("MAIL FROM:<a@b>");
  ParsedCommand lenient = strict;
  EXPECT_EQ(LeniencyOnlyWidens(strict, lenient), "");
  lenient.fault = Fault::kBadPath;
  EXPECT_NE(LeniencyOnlyWidens(strict, lenient), "");
  lenient = strict;
  lenient.path = Parse("MAIL FROM:<c@d>").path;
  EXPECT_NE(LeniencyOnlyWidens(strict, lenient), "");
  lenient = strict;
  lenient.argument = "x";
  EXPECT_NE(LeniencyOnlyWidens(strict, lenient), "");
  ParsedCommand refused = strict;
  refused.fault = Fault::kBadPath;
  EXPECT_EQ(LeniencyOnlyWidens(refused, lenient), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
