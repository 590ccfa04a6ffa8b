// SPDX-License-Identifier: Apache-2.0

#include "engine/commands/parse.h"

#include <memory>
#include <string>

#include "engine/commands/envelope.h"
#include "gtest/gtest.h"

namespace postern::commands {
namespace {

constexpr uint32_t kAll = 0xffffffff & ~Bit(Extension::kHostParameters);

class ParseTest : public testing::Test {
 protected:
  // Keeps the line: the command borrows it.
  const ParsedCommand& Parse(const std::string& line) {
    line_ = line;
    command_ = ParsedCommand();
    std::string_view rest;
    const Verb verb = FindVerb(SplitVerb(StripTrailingSpace(line_), &rest));
    EXPECT_NE(verb, Verb::kUnknown) << line;
    EXPECT_EQ(ParseArguments(verb, rest, context_, &command_), command_.fault);
    return command_;
  }
  Fault FaultOf(const std::string& line) { return Parse(line).fault; }

  ParseTest() {
    context_.now = {kAll, true, false, true};
    context_.leniency = &leniency_;
  }

  Leniency leniency_;
  ParseContext context_;
  std::string line_;
  ParsedCommand command_;
};

// RFC 3030 §2. Whether the size is known decides what becomes of the octets behind (D5).
TEST_F(ParseTest, BdatTellsAnUnknownSizeFromABadEnd) {
  EXPECT_EQ(FaultOf("BDAT 5"), Fault::kNone);
  EXPECT_EQ(command_.size, 5u);
  EXPECT_EQ(FaultOf("bdat 9223372036854775807 last"), Fault::kNone);
  EXPECT_EQ(command_.size, 9223372036854775807u);
  EXPECT_EQ(FaultOf("BDAT 5 LST"), Fault::kBadArgument);
  EXPECT_EQ(FaultOf("BDAT 9223372036854775808"), Fault::kChunkSizeUnknown);
  EXPECT_EQ(FaultOf("BDAT"), Fault::kChunkSizeUnknown);
  EXPECT_EQ(FaultOf("BDAT\t5"), Fault::kChunkSizeUnknown);
  EXPECT_EQ(FaultOf("BDAT  5"), Fault::kChunkSizeUnknown);
  leniency_.extra_spaces = true;
  EXPECT_EQ(FaultOf("BDAT  5 LAST"), Fault::kNone);
}

// Postfix's XCLIENT_README and XFORWARD_README.
TEST_F(ParseTest, ClientAttributesAreReadWhole) {
  EXPECT_EQ(FaultOf("XCLIENT NAME=a ADDR=192.0.2.1"), Fault::kNone);
  EXPECT_EQ(command_.argument, "NAME=a ADDR=192.0.2.1");
  EXPECT_EQ(FaultOf("xforward ident=1 source=local"), Fault::kNone);
  EXPECT_EQ(FaultOf("XCLIENT"), Fault::kArgumentMissing);
  EXPECT_EQ(FaultOf("XCLIENT IDENT=1"), Fault::kBadArgument);
  EXPECT_EQ(FaultOf("XFORWARD LOGIN=a"), Fault::kBadArgument);
  EXPECT_EQ(FaultOf("XCLIENT  NAME=a"), Fault::kBadArgument);
  leniency_.extra_spaces = true;
  EXPECT_EQ(FaultOf("XCLIENT  NAME=a"), Fault::kNone);
}

// RFC 1985 §5, RFC 2645 §5.2.1.
TEST_F(ParseTest, QueuesAreNamedByDomains) {
  EXPECT_EQ(FaultOf("ETRN a.example"), Fault::kNone);
  EXPECT_EQ(command_.argument, "a.example");
  EXPECT_EQ(command_.etrn, syntax::EtrnKind::kNode);
  EXPECT_EQ(FaultOf("etrn @a.example"), Fault::kNone);
  EXPECT_EQ(command_.argument, "a.example");
  EXPECT_EQ(command_.etrn, syntax::EtrnKind::kSubdomains);
  EXPECT_EQ(FaultOf("ETRN #uucp"), Fault::kNone);
  EXPECT_EQ(command_.etrn, syntax::EtrnKind::kQueue);
  EXPECT_EQ(FaultOf("ETRN"), Fault::kArgumentMissing);
  for (const char* line :
       {"ETRN a", "ETRN\ta.example", "ETRN  a.example", "ETRN a.example b.example", "ATRN a",
        "ATRN a.example,", "ATRN\ta.example", "ATRN  a.example"}) {
    EXPECT_EQ(FaultOf(line), Fault::kBadArgument) << line;
  }
  EXPECT_EQ(FaultOf("ATRN"), Fault::kNone);
  EXPECT_EQ(command_.argument, "");
  EXPECT_EQ(FaultOf("ATRN a.example,b.example"), Fault::kNone);
  EXPECT_EQ(command_.argument, "a.example,b.example");
  leniency_.extra_spaces = true;
  EXPECT_EQ(FaultOf("ETRN  a.example"), Fault::kNone);
  EXPECT_EQ(FaultOf("ATRN  a.example"), Fault::kNone);
}

// RFC 4468 §3.5.
TEST_F(ParseTest, BurlNamesAUrl) {
  EXPECT_EQ(FaultOf("BURL imap://mail.example/x;uid=1"), Fault::kNone);
  EXPECT_EQ(command_.argument, "imap://mail.example/x;uid=1");
  EXPECT_FALSE(command_.last);
  EXPECT_EQ(FaultOf("burl cid:a@b last"), Fault::kNone);
  EXPECT_EQ(command_.argument, "cid:a@b");
  EXPECT_TRUE(command_.last);
  EXPECT_EQ(FaultOf("BURL"), Fault::kArgumentMissing);
  for (const char* line :
       {"BURL x", "BURL a:b LASTLY", "BURL a:b  LAST", "BURL\ta:b", "BURL LAST"}) {
    EXPECT_EQ(FaultOf(line), Fault::kBadArgument) << line;
  }
  EXPECT_TRUE(SaysLast(" no url LAST"));
  EXPECT_TRUE(SaysLast(" last"));
  EXPECT_FALSE(SaysLast("LAST"));
  EXPECT_FALSE(SaysLast(" a:b"));
}

TEST_F(ParseTest, SplitsTheVerbAtSpaceOrTab) {
  std::string_view rest;
  EXPECT_EQ(SplitVerb("MAIL FROM:<>", &rest), "MAIL");
  EXPECT_EQ(rest, " FROM:<>");
  EXPECT_EQ(SplitVerb("MAIL\tFROM:<>", &rest), "MAIL");
  EXPECT_EQ(SplitVerb("NOOP", &rest), "NOOP");
  EXPECT_EQ(rest, "");
}

// C501, RFC 5321 §4.3.2 at 501.
TEST_F(ParseTest, CommandsWithoutArgumentsRefuseThem) {
  for (const char* verb : {"DATA", "RSET", "QUIT", "STARTTLS"}) {
    EXPECT_EQ(FaultOf(verb), Fault::kNone) << verb;
    EXPECT_EQ(FaultOf(std::string(verb) + " x"), Fault::kArgumentsUnexpected) << verb;
    // §4.1.1: trailing white space should be tolerated.
    EXPECT_EQ(FaultOf(std::string(verb) + " \t "), Fault::kNone) << verb;
  }
}

TEST_F(ParseTest, CommandsWithArgumentsDemandThem) {
  for (const char* verb : {"HELO", "EHLO", "MAIL", "RCPT", "VRFY", "EXPN"}) {
    EXPECT_EQ(FaultOf(verb), Fault::kArgumentMissing) << verb;
    EXPECT_EQ(FaultOf(std::string(verb) + " "), Fault::kArgumentMissing) << verb;
  }
  EXPECT_EQ(FaultOf("HELP"), Fault::kNone);
  EXPECT_EQ(FaultOf("NOOP"), Fault::kNone);
}

TEST_F(ParseTest, HeloTakesDomainOrLiteral) {
  EXPECT_EQ(Parse("EHLO client.example").argument, "client.example");
  EXPECT_FALSE(command_.argument_is_literal);
  EXPECT_EQ(Parse("EHLO [192.0.2.1]").argument, "[192.0.2.1]");
  EXPECT_TRUE(command_.argument_is_literal);
  EXPECT_EQ(FaultOf("EHLO my_host"), Fault::kBadHeloName);
  EXPECT_EQ(FaultOf("EHLO  client.example"), Fault::kBadHeloName);
  EXPECT_EQ(FaultOf("EHLO\tclient.example"), Fault::kBadArgument);
  leniency_.underscore_in_helo = true;
  EXPECT_EQ(FaultOf("EHLO my_host"), Fault::kNone);
  leniency_.extra_spaces = true;
  EXPECT_EQ(FaultOf("EHLO  client.example"), Fault::kNone);
  EXPECT_EQ(FaultOf("EHLO what is this"), Fault::kBadHeloName);
  leniency_.any_helo_argument = true;
  EXPECT_EQ(FaultOf("EHLO what is this"), Fault::kNone);
}

TEST_F(ParseTest, MailGivesThePartsOfThePath) {
  Parse("mail from:<@relay.example:\"a b\"@[192.0.2.1]> SIZE=1000 BODY=8BITMIME");
  EXPECT_EQ(command_.fault, Fault::kNone);
  EXPECT_EQ(command_.path.path(), "<@relay.example:\"a b\"@[192.0.2.1]>");
  EXPECT_EQ(command_.path.mailbox(), "\"a b\"@[192.0.2.1]");
  EXPECT_EQ(command_.path.local_part(), "\"a b\"");
  EXPECT_EQ(command_.path.domain(), "[192.0.2.1]");
  EXPECT_TRUE(command_.path.local_is_quoted);
  EXPECT_TRUE(command_.path.domain_is_literal);
  EXPECT_TRUE(command_.path.has_source_route);
  EXPECT_EQ(command_.parameters, "SIZE=1000 BODY=8BITMIME");
  EXPECT_EQ(command_.size, 1000u);
  EXPECT_EQ(command_.body, Body::k8BitMime);
  EXPECT_TRUE(Parse("MAIL FROM:<>").path.is_null);
  EXPECT_TRUE(Parse("RCPT TO:<postmaster>").path.is_postmaster);
}

TEST_F(ParseTest, PathFaultsAreToldApart) {
  EXPECT_EQ(FaultOf("MAIL FROM:"), Fault::kBadPath);
  EXPECT_EQ(FaultOf("MAIL FROM:a@b.example"), Fault::kPathWithoutBrackets);
  EXPECT_EQ(FaultOf("MAIL FROM: <a@b.example>"), Fault::kPathAfterSpace);
  EXPECT_EQ(FaultOf("MAIL FROM:<a>"), Fault::kPathWithoutDomain);
  EXPECT_EQ(FaultOf("MAIL FROM:<" + std::string(65, 'a') + "@b.example>"), Fault::kPathTooLong);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example>x"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL TO:<a@b.example>"), Fault::kBadArgument);
  EXPECT_EQ(FaultOf("MAIL  FROM:<a@b.example>"), Fault::kBadArgument);
  EXPECT_EQ(FaultOf("RCPT TO:<>"), Fault::kBadPath);
}

TEST_F(ParseTest, EachLeniencyAllowsItsOwnDeviationOnly) {
  const char* const deviations[] = {"MAIL FROM: <a@b.example>", "MAIL FROM:a@b.example",
                                    "MAIL FROM:<a@b.example.>", "MAIL  FROM:<a@b.example>"};
  bool Leniency::* const switches[] = {&Leniency::space_after_colon,
                                       &Leniency::missing_angle_brackets,
                                       &Leniency::trailing_dot_in_domain, &Leniency::extra_spaces};
  for (size_t i = 0; i < 4; ++i) {
    leniency_ = Leniency();
    leniency_.*switches[i] = true;
    for (size_t j = 0; j < 4; ++j) {
      EXPECT_EQ(FaultOf(deviations[j]) == Fault::kNone, i == j) << deviations[j] << " " << i;
    }
  }
}

TEST_F(ParseTest, ParametersAreKnownInForceAndOnce) {
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> FOO=1"), Fault::kParameterUnknown);
  EXPECT_EQ(command_.complaint, "FOO");
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> SIZE=1 size=2"), Fault::kParameterRepeated);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> SIZE"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> SIZE=x"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> SIZE=123456789012345678901"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> BODY=9BIT"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> BODY=BINARYMIME"), Fault::kNone);
  EXPECT_EQ(command_.body, Body::kBinaryMime);
  context_.now.enabled = kAll & ~Bit(Extension::kChunking);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> BODY=BINARYMIME"), Fault::kParameterNotInForce);
  context_.now.enabled = kAll;
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> SMTPUTF8=yes"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> =1"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("RCPT TO:<a@b.example> SIZE=1"), Fault::kParameterUnknown);
  context_.now.extended = false;
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> SIZE=1"), Fault::kParameterNotInForce);
}

// RFC 4865 §3. Whether one of both is there, and for how long, is for the judge.
TEST_F(ParseTest, HoldsAreRead) {
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> HOLDFOR=60"), Fault::kNone);
  EXPECT_EQ(command_.given, kGivenHoldFor);
  EXPECT_EQ(command_.extras.hold_for, 60u);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> SIZE=1 holduntil=1970-01-01T00:01:00Z"), Fault::kNone);
  EXPECT_EQ(command_.given, kGivenHoldUntil);
  EXPECT_EQ(command_.extras.hold_until, 60);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> HOLDUNTIL=1970-01-01T00:01:00.000000001Z"), Fault::kNone);
  EXPECT_EQ(command_.extras.hold_until, 61);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> HOLDFOR=0"), Fault::kBadParameter);
  EXPECT_EQ(command_.complaint, "HOLDFOR=0");
  EXPECT_EQ(FaultOf("RCPT TO:<a@b> HOLDFOR=60"), Fault::kParameterUnknown);
}

// offer_unknown_parameters: taken if right in form and there once, and found again in their order.
TEST_F(ParseTest, UnknownParametersMayBeTheHosts) {
  context_.now.enabled = kAll | Bit(Extension::kHostParameters);
  leniency_.extra_spaces = true;
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b>  X-ONE=1 SIZE=5 RET=FULL  x2 NOTIFY=NEVER "), Fault::kNone);
  EXPECT_EQ(command_.given, kGivenUnknown | kGivenRet);
  syntax::Parameter parameter;
  std::string_view rest(command_.parameters.data() - 1, command_.parameters.size() + 1);
  ASSERT_TRUE(TakeUnknownParameter(Verb::kMail, context_, &rest, &parameter));
  EXPECT_EQ(parameter.keyword, "X-ONE");
  EXPECT_EQ(parameter.value, "1");
  ASSERT_TRUE(TakeUnknownParameter(Verb::kMail, context_, &rest, &parameter));
  EXPECT_EQ(parameter.keyword, "x2");
  EXPECT_FALSE(parameter.has_value);
  // RCPT's.
  ASSERT_TRUE(TakeUnknownParameter(Verb::kMail, context_, &rest, &parameter));
  EXPECT_EQ(parameter.keyword, "NOTIFY");
  EXPECT_FALSE(TakeUnknownParameter(Verb::kMail, context_, &rest, &parameter));
  EXPECT_EQ(FaultOf("RCPT TO:<a@b> SIZE=5 X=1 X1 size"), Fault::kParameterRepeated);
  EXPECT_EQ(command_.complaint, "size");
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> X=1 x=1"), Fault::kParameterRepeated);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> X=1 X-=1 XX"), Fault::kNone);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> X=1 SIZE=x"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> X="), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> SIZE=1"), Fault::kNone);
  EXPECT_EQ(command_.given & kGivenUnknown, 0);
  context_.now.extended = false;
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> X=1"), Fault::kParameterUnknown);
}

// The shortcut for usual parameters against the iterator, which a second space sends them to. The
// line stands in a block of its very size, so that sanitizers see every read beyond it.
TEST_F(ParseTest, UsualParametersMeanWhatTheGrammarSays) {
  leniency_.extra_spaces = true;
  const auto parse = [this](const std::string& text, ParsedCommand* command) {
    const std::unique_ptr<char[]> block(new char[text.size()]);
    text.copy(block.get(), text.size());
    *command = ParsedCommand();
    ParseMail({block.get(), text.size()}, context_, command);
    // Not to be looked at once the block is gone.
    const std::string complaint(command->complaint);
    command->complaint = {};
    return complaint;
  };
  const auto compare = [&](const std::string& parameters) {
    ParsedCommand usual;
    ParsedCommand any;
    const std::string usual_complaint = parse(" FROM:<> " + parameters, &usual);
    const std::string any_complaint = parse(" FROM:<>  " + parameters, &any);
    ASSERT_EQ(usual.fault, any.fault) << parameters;
    ASSERT_EQ(usual_complaint, any_complaint) << parameters;
    if (usual.fault != Fault::kNone) return;
    ASSERT_EQ(usual.size, any.size) << parameters;
    ASSERT_EQ(usual.body, any.body) << parameters;
    ASSERT_EQ(usual.smtputf8, any.smtputf8) << parameters;
  };
  for (const std::string seed :
       {"SIZE=1234567 BODY=8BITMIME SMTPUTF8", "smtputf8 body=7bit size=0", "BODY=7BIT SIZE=10",
        "SIZE=99999999 SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "SIZE=1"}) {
    compare(seed);
    for (size_t i = 0; i < seed.size(); ++i) {
      compare(seed.substr(0, i));
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = seed;
        changed[i] = static_cast<char>(octet);
        compare(changed);
        changed.insert(i, 1, seed[i]);
        compare(changed);
      }
    }
  }
  std::string digits;
  for (size_t size = 0; size <= 25; ++size) {
    compare("SIZE=" + digits);
    compare("SIZE=" + digits + " BODY=7BIT");
    compare("BODY=7BIT SIZE=" + digits + " ");
    digits += static_cast<char>('0' + (size * 7 + 9) % 10);
  }
}

TEST_F(ParseTest, DeliveryParametersAreTakenApart) {
  Parse("MAIL FROM:<a@b.example> ret=hdrs ENVID=a+2Bb SIZE=1 by=-5;nt MT-PRIORITY=-3");
  EXPECT_EQ(command_.fault, Fault::kNone);
  EXPECT_EQ(command_.given, kGivenRet | kGivenEnvid | kGivenBy | kGivenPriority);
  EXPECT_EQ(command_.extras.dsn_return, syntax::DsnReturn::kHeaders);
  EXPECT_EQ(std::string_view(command_.extras.envid), "a+2Bb");
  EXPECT_EQ(command_.extras.by_seconds, -5);
  EXPECT_EQ(command_.extras.by_mode, syntax::ByMode::kNotify);
  EXPECT_TRUE(command_.extras.by_trace);
  EXPECT_EQ(command_.extras.priority, -3);
  EXPECT_EQ(command_.size, 1u);
  Parse("RCPT TO:<a@b.example> NOTIFY=delay,success ORCPT=x;y RRVS=1970-01-01T00:00:09Z;c");
  EXPECT_EQ(command_.fault, Fault::kNone);
  EXPECT_EQ(command_.given, kGivenNotify | kGivenOrcpt | kGivenRrvs);
  EXPECT_EQ(command_.extras.notify, syntax::kNotifyDelay | syntax::kNotifySuccess);
  EXPECT_EQ(std::string_view(command_.extras.orcpt_type), "x");
  EXPECT_EQ(std::string_view(command_.extras.orcpt), "y");
  EXPECT_EQ(command_.extras.rrvs, 9);
  EXPECT_EQ(command_.extras.rrvs_action, syntax::RrvsAction::kContinue);
  EXPECT_EQ(Parse("MAIL FROM:<a@b.example> SIZE=1").given, 0);
}

// Keywords of more than eight octets, of which a word holds no more: each octet counts.
TEST_F(ParseTest, LongKeywordsAreComparedWhole) {
  const std::string keyword = "mt-priority";
  for (size_t i = 0; i < keyword.size(); ++i) {
    for (int octet = 0x21; octet < 0x7f; ++octet) {
      std::string changed = keyword;
      changed[i] = static_cast<char>(octet);
      const Fault fault = FaultOf("MAIL FROM:<a@b.example> " + changed + "=1");
      const bool same = octet == keyword[i] || (octet | 0x20) == keyword[i];
      const bool letter = keyword[i] != '-';
      EXPECT_EQ(fault == Fault::kNone, letter ? same : octet == '-') << changed;
    }
  }
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> MT-PRIORIT=1"), Fault::kParameterUnknown);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> MT-PRIORITYY=1"), Fault::kParameterUnknown);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> REQUIRETLS"), Fault::kParameterNotInForce);
  context_.now.tls = true;
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> REQUIRETLS"), Fault::kNone);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b.example> REQUIRETLS=1"), Fault::kBadParameter);
}

TEST_F(ParseTest, EveryVerbIsFoundInAnyCaseAndNothingElse) {
  for (size_t i = 1; i < kVerbCount; ++i) {
    const Command& command = GetCommand(static_cast<Verb>(i));
    const std::string name(command.name);
    for (size_t bits = 0; bits < size_t{1} << name.size(); ++bits) {
      std::string any = name;
      for (size_t k = 0; k < any.size(); ++k) {
        if ((bits >> k & 1) != 0) any[k] = static_cast<char>(any[k] | 0x20);
      }
      for (const char* rest : {"", " x", "\tx"}) {
        const std::string line = any + rest;
        const TakenVerb taken = TakeVerb(line);
        EXPECT_EQ(taken.verb, command.verb) << line;
        EXPECT_EQ(taken.name, any);
        EXPECT_EQ(taken.rest, rest);
      }
      EXPECT_EQ(TakeVerb(any + "x").verb, Verb::kUnknown);
    }
    for (size_t k = 0; k < name.size(); ++k) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = name;
        changed[k] = static_cast<char>(octet);
        if ((octet | 0x20) == (name[k] | 0x20) && octet >= 'A') continue;
        const Verb verb = TakeVerb(changed).verb;
        // Verbs may differ in one letter.
        if (verb == Verb::kUnknown) continue;
        if (changed[k] >= 'a' && changed[k] <= 'z') changed[k] = static_cast<char>(octet - 0x20);
        EXPECT_EQ(changed, GetCommand(verb).name);
      }
    }
  }
}

TEST_F(ParseTest, SizeBeyond64BitsIsWellFormedAndGreatest) {
  EXPECT_EQ(Parse("MAIL FROM:<> SIZE=99999999999999999999").size, UINT64_MAX);
  EXPECT_EQ(command_.fault, Fault::kNone);
}

// RFC 6531 §3.4.
TEST_F(ParseTest, NonAsciiPathNeedsTheParameter) {
  EXPECT_EQ(FaultOf("MAIL FROM:<j\xc3\xb6rg@b.example>"), Fault::kNonAsciiPath);
  EXPECT_EQ(FaultOf("MAIL FROM:<j\xc3\xb6rg@b.example> SMTPUTF8"), Fault::kNone);
  EXPECT_EQ(FaultOf("RCPT TO:<j\xc3\xb6rg@b.example>"), Fault::kNonAsciiPath);
  context_.smtputf8_transaction = true;
  EXPECT_EQ(FaultOf("RCPT TO:<j\xc3\xb6rg@b.example>"), Fault::kNone);
}

TEST_F(ParseTest, QueriesKeepTheirText) {
  EXPECT_EQ(Parse("VRFY smith").argument, "smith");
  EXPECT_EQ(Parse("HELP mail").argument, "mail");
  EXPECT_EQ(Parse("NOOP anything at all").fault, Fault::kNone);
}

// RFC 4954 §4, §8.
TEST_F(ParseTest, AuthIsAMechanismAndPerhapsAResponse) {
  EXPECT_EQ(Parse("AUTH PLAIN").fault, Fault::kNone);
  EXPECT_EQ(command_.argument, "PLAIN");
  EXPECT_TRUE(command_.parameters.empty());
  EXPECT_EQ(Parse("auth scram-sha-256 = ").fault, Fault::kNone);
  EXPECT_EQ(command_.argument, "scram-sha-256");
  EXPECT_EQ(command_.parameters, "=");
  EXPECT_EQ(FaultOf("AUTH"), Fault::kArgumentMissing);
  for (const char* line : {"AUTH  PLAIN", "AUTH PLAIN  =", "AUTH PLAIN a b", "AUTH PL.AIN",
                           "AUTH\tPLAIN", "AUTH A23456789012345678901"}) {
    EXPECT_EQ(FaultOf(line), Fault::kBadAuthArgument) << line;
  }
  leniency_.extra_spaces = true;
  EXPECT_EQ(FaultOf("AUTH  PLAIN"), Fault::kNone);
}

// RFC 4954 §5.
TEST_F(ParseTest, AuthOfMailIsAMailboxInXtext) {
  EXPECT_EQ(Parse("MAIL FROM:<a@b> AUTH=e+3Dmc2@example.com").auth, AuthParameter::kMailbox);
  EXPECT_EQ(Parse("MAIL FROM:<a@b> auth=<>").auth, AuthParameter::kNull);
  EXPECT_EQ(Parse("MAIL FROM:<a@b>").auth, AuthParameter::kNone);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> AUTH=<> AUTH=<>"), Fault::kParameterRepeated);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> AUTH=+3d"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> AUTH"), Fault::kBadParameter);
  EXPECT_EQ(FaultOf("RCPT TO:<a@b> AUTH=<>"), Fault::kParameterUnknown);
  context_.now.enabled &= ~Bit(Extension::kAuth);
  EXPECT_EQ(FaultOf("MAIL FROM:<a@b> AUTH=<>"), Fault::kParameterNotInForce);
}

}  // namespace
}  // namespace postern::commands
