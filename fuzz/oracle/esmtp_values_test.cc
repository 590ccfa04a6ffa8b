// SPDX-License-Identifier: Apache-2.0
//
// engine/syntax's parsers of the extensions' arguments and values against the RFCs' grammar, on
// texts made from right ones: pieces put together at random, and right texts with octets changed,
// left out, doubled and moved; and each comparison given something wrong.

#include "fuzz/oracle/esmtp_values.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/bdat_argument.h"
#include "fuzz/oracle/bdat.h"
#include "fuzz/oracle/esmtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

// Texts to try: made of `pieces`, and of `seeds` changed a little. `check` says whether its text
// was right; enough of both kinds have to come, or the test tests nothing.
void Try(unsigned seed, const std::vector<std::string>& seeds,
         const std::vector<std::string>& pieces,
         const std::function<bool(const std::string&)>& check) {
  std::mt19937 random(seed);
  const auto below = [&random](size_t n) { return n == 0 ? 0 : random() % n; };
  const auto octet = [&]() -> char {
    // Mostly what means something somewhere.
    static const std::string likely = " =;:,+-.@#/[]<>()\"\\%?!~09aAfFzZTtRrNnCc\t\x7F\x80\xC3\xBC";
    return below(8) == 0 ? static_cast<char>(below(256)) : likely[below(likely.size())];
  };
  int right = 0;
  int wrong = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text;
    if (i % 3 == 0) {
      for (size_t n = below(7); n != 0; --n) text += pieces[below(pieces.size())];
    } else {
      text = seeds[below(seeds.size())];
      for (size_t n = below(4); n != 0; --n) {
        const size_t at = below(text.size() + 1);
        switch (below(5)) {
          case 0:
            text.insert(at, 1, octet());
            break;
          case 1:
            if (at < text.size()) text[at] = octet();
            break;
          case 2:
            text.erase(at, 1 + below(3));
            break;
          case 3:
            text.insert(at, pieces[below(pieces.size())]);
            break;
          default:
            text.insert(at, text.substr(below(text.size() + 1), below(12)));
            break;
        }
      }
    }
    (check(text) ? right : wrong) += 1;
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(right, 200);
  EXPECT_GT(wrong, 200);
}

std::string Hex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof(hex), "+%02X", static_cast<unsigned>(static_cast<uint8_t>(c)));
    out += hex;
  }
  return out;
}

TEST(EsmtpValues, BdatArgument) {
  Try(1, {"86 LAST", "100000", "0 last", "9223372036854775807", "9223372036854775808 LAST"},
      {"0", "1", "99", " ", "LAST", "last", "9223372036854775807", "x"},
      [](const std::string& text) {
        EXPECT_EQ(BdatArgumentAgrees(text, syntax::ParseBdatArgument(text)), "");
        return MatchesEsmtp("bdat-argument", text);
      });
}

// What `kind` of value is tried, and the rule of a right one.
void TryValue(unsigned seed, EsmtpValue kind, const char* rule,
              const std::vector<std::string>& seeds, const std::vector<std::string>& pieces) {
  Try(seed, seeds, pieces, [&](const std::string& text) {
    EXPECT_EQ(EsmtpValueAgrees(kind, text), "");
    return MatchesEsmtp(rule, text);
  });
}

TEST(EsmtpValues, Dsn) {
  TryValue(2, EsmtpValue::kRet, "ret-value", {"FULL", "HDRS", "full", "hDrS"},
           {"FULL", "HDRS", ","});
  TryValue(3, EsmtpValue::kNotify, "notify-value",
           {"NEVER", "SUCCESS,FAILURE,DELAY", "delay", ",SUCCESS,,"},
           {"NEVER", "SUCCESS", "failure", "DELAY", ",", ",", " "});
  TryValue(4, EsmtpValue::kEnvid, "envid-value",
           {"QQ314159", "a+20b+09c+2B+3D", std::string(99, 'x'), std::string(97, 'x') + "+41"},
           {"a", "+41", "+0A", "+7E", "+7F", "+", "=", "+09", "+80", "!~"});
  TryValue(5, EsmtpValue::kOrcpt, "orcpt-value",
           {"rfc822;Dana@Ivory.EDU", "x400;/G+3Djohn/", "rfc822;" + std::string(492, 'x')},
           {"rfc822", ";", "a@b", "+41", "+0D", "=", ".", "t"});
}

TEST(EsmtpValues, OrcptOfUtf8) {
  Try(5, {"rfc822;+E7+94+A8@b+C3+BC", "t;+F4+8F+BF+BF", "t;+ED+9F+BF+EE+80+80+C2+80+F0+90+80+80"},
      {"+C3", "+BC", "+E0", "+A0", "+ED", "+9F", "+F0", "+F4", "+8F", "+90", "+C1", "+0A", "a"},
      [](const std::string& text) {
        const std::string value = text.find(';') == std::string::npos ? "t;" + text : text;
        const bool right = MatchesEsmtp("orcpt-value", value, true);
        EXPECT_EQ(syntax::ParseOrcpt(value, true).ok(), right && value.size() <= 500) << value;
        return right;
      });
}

TEST(EsmtpValues, AuthArgument) {
  TryValue(6, EsmtpValue::kAuthArgument, "auth-argument",
           {"PLAIN dGVzdAB0ZXN0ADEyMzQ=", "CRAM-MD5", "EXTERNAL =", "login Zg==", "X_Y Zm8="},
           {"PLAIN", " ", "=", "Zg==", "Zm9v", "ABCDEFGHIJ", "*", "-", "_"});
  TryValue(7, EsmtpValue::kAuthLine, "auth-response",
           {"dGVzdAB0ZXN0ADEyMzQ=", "", "*", "Zg==", "Zm9vYmFy"},
           {"Zm9v", "Zg==", "Zm8=", "*", "=", "A"});
}

TEST(EsmtpValues, AuthParameter) {
  for (const EsmtpValue kind : {EsmtpValue::kAuthParameter, EsmtpValue::kAuthParameterUtf8}) {
    TryValue(8, kind, "attribute-value",
             {"e+3Dmc2@example.com", "<>", "+3C+3E", "+22a+20b+22@[192.0.2.1]", "a@b.example",
              Hex("j\xC3\xBCrgen@example.com"), "j" + Hex("\xC3\xBC") + "rgen@example.com"},
             {"a", "@", "example.com", "<", ">", "+22", "+20", "+0A", "+C3+BC", ".", "+", "+3D"});
  }
}

TEST(EsmtpValues, DeliveryParameters) {
  TryValue(9, EsmtpValue::kDeliverBy, "by-value",
           {"120;R", "-40;NT", "+999999999;rt", "0;N", "000000001;R"},
           {"0", "1", "9", ";", "R", "n", "T", "-", "+", "000"});
  TryValue(10, EsmtpValue::kMtPriority, "priority-value", {"-9", "0", "9", "-1"},
           {"0", "1", "9", "-", "+"});
  TryValue(11, EsmtpValue::kHoldFor, "hold-for-value", {"1", "999999999", "86400"},
           {"0", "1", "99", "000"});
  const std::vector<std::string> pieces = {"2024-02-29", "T",      "23:59:59", "Z",
                                           ".5",         "+01:00", ";R",       "-00:00"};
  TryValue(12, EsmtpValue::kHoldUntil, "hold-until-value",
           {"2008-03-05T19:00:00Z", "2024-02-29t19:00:00.25z", "2008-03-05T19:00:00+00:00"},
           pieces);
  TryValue(13, EsmtpValue::kRrvs, "rrvs-value",
           {"2014-04-03T23:01:00Z", "2014-04-03T23:01:00-08:00;C", "2014-04-03T23:01:00Z;r"},
           pieces);
}

TEST(EsmtpValues, BurlArgument) {
  TryValue(
      14, EsmtpValue::kBurl, "burl-argument",
      {"imap://harry@gryffindor.example.com/outbox;uid=25;urlauth=submit+harry:internal:91 LAST",
       "ldap://[2001:db8::7]/c=GB?objectClass?one", "urn:a:b", "a://u:p@h:80/x//y?q/?",
       "a:/b/c last", "x://[v7.a:b]:1", "h://[1:2:3:4:5:6:1.2.3.4]/"},
      {"a", ":", "/", "//", "?", "@", "%41", "%", "[::1]", "[", "]", "::", "v1.x", "1", " LAST",
       "#"});
}

TEST(EsmtpValues, QueueArguments) {
  const std::vector<std::string> pieces = {"a", "-", ".", ",", "b1", "@", "#", "example.org"};
  TryValue(15, EsmtpValue::kEtrn, "etrn-argument",
           {"sigurd.innosoft.com", "@foo.com", "#uucp", "a.b"}, pieces);
  TryValue(16, EsmtpValue::kAtrn, "atrn-argument",
           {"example.org,example.com", "a.b", "a-b.c1,d.e,f.g"}, pieces);
}

TEST(EsmtpValues, EhloLimits) {
  TryValue(17, EsmtpValue::kEhloLimits, "limits-param",
           {"MAILMAX=10 RCPTMAX=100", "X-FLAG RCPTDOMAINMAX=999999", "RCPTMAX=0"},
           {"MAILMAX", "rcptmax", "=", " ", "1", "0", "999999", ";", "_"});
}

TEST(EsmtpValues, ClientAttributes) {
  const std::vector<std::string> pieces = {
      "NAME=",         "addr=",         "PORT=",        "PROTO=ESMTP", " ",       "HELO=x",
      "[UNAVAILABLE]", "[TEMPUNAVAIL]", "SOURCE=LOCAL", "IDENT=1",     "LOGIN=a", "25",
      "+0A",           "IPV6:::1",      "1.2.3.4",      "+41",         "a",       "DESTADDR="};
  TryValue(18, EsmtpValue::kXclient, "xclient-list",
           {"NAME=spike.example.org ADDR=168.100.189.2", "ADDR=IPV6:2001:db8::1 PORT=25",
            "NAME=[TEMPUNAVAIL] PROTO=esmtp", "LOGIN=a+2Bb DESTADDR=[unavailable] DESTPORT=0"},
           pieces);
  TryValue(19, EsmtpValue::kXforward, "xforward-list",
           {"NAME=spike.example.org ADDR=168.100.189.2 PROTO=ESMTP", "SOURCE=REMOTE IDENT=AB12",
            "ADDR=ipv6:::1 PORT=65535", "ADDR=uucp!node HELO=[1.2.3.4]"},
           pieces);
}

// --- Each comparison is given something wrong.

TEST(EsmtpValuesBite, Dsn) {
  using syntax::DsnError;
  EXPECT_NE(RetAgrees("FULL", DsnError::kUnknownWord), "");
  EXPECT_NE(RetAgrees("HALF", DsnError::kNone), "");
  EXPECT_EQ(NotifyAgrees("SUCCESS,DELAY", DsnError::kNone, 10), "");
  EXPECT_NE(NotifyAgrees("SUCCESS,DELAY", DsnError::kNone, 2), "");
  EXPECT_NE(NotifyAgrees("NEVER,DELAY", DsnError::kNone, 9), "");
  EXPECT_NE(EnvidAgrees("a+0A", DsnError::kNone), "");
  EXPECT_NE(EnvidAgrees(std::string(101, 'x'), DsnError::kNone), "");
  EXPECT_NE(EnvidAgrees(std::string(101, 'x'), DsnError::kBadXtext), "");
  syntax::Orcpt orcpt = syntax::ParseOrcpt("rfc822;a;b");
  EXPECT_EQ(OrcptAgrees("rfc822;a;b", orcpt), "");
  orcpt.addr_type = "rfc822;a";
  orcpt.address = "b";
  EXPECT_NE(OrcptAgrees("rfc822;a;b", orcpt), "");
  EXPECT_NE(OrcptAgrees("rfc822;", orcpt), "");
}

TEST(EsmtpValuesBite, Auth) {
  const std::string_view text = "PLAIN Zg==";
  syntax::AuthArgument argument = syntax::ParseAuthArgument(text);
  EXPECT_EQ(AuthArgumentAgrees(text, argument, true), "");
  EXPECT_NE(AuthArgumentAgrees(text, argument, false), "");
  EXPECT_NE(AuthArgumentAgrees("PLAIN Zg=", argument, true), "");
  argument.mechanism = "LOGIN";
  EXPECT_NE(AuthArgumentAgrees(text, argument, true), "");

  using syntax::AuthLine;
  EXPECT_EQ(AuthLineAgrees("Zg==", AuthLine::kResponse, "f"), "");
  EXPECT_NE(AuthLineAgrees("Zg==", AuthLine::kResponse, "g"), "");
  EXPECT_NE(AuthLineAgrees("Zg==", AuthLine::kBadBase64, ""), "");
  EXPECT_NE(AuthLineAgrees("*", AuthLine::kBadBase64, ""), "");
  EXPECT_NE(AuthLineAgrees("Zh==", AuthLine::kResponse, "f"), "");  // trailing bits

  syntax::AuthParameter parameter;
  syntax::ParseAuthParameter("a+3Db@c.example", false, &parameter);
  EXPECT_EQ(AuthParameterAgrees("a+3Db@c.example", false, parameter), "");
  EXPECT_NE(AuthParameterAgrees("a+0Ab@c.example", false, parameter), "");
  EXPECT_NE(AuthParameterAgrees("a+3Dc@c.example", false, parameter), "");
  parameter.is_null = true;
  EXPECT_NE(AuthParameterAgrees("a+3Db@c.example", false, parameter), "");
}

TEST(EsmtpValuesBite, DeliveryParameters) {
  syntax::DeliverBy by;
  ASSERT_EQ(syntax::ParseDeliverBy("-40;NT", &by), syntax::DeliverByError::kNone);
  EXPECT_EQ(DeliverByAgrees("-40;NT", syntax::DeliverByError::kNone, by), "");
  EXPECT_NE(DeliverByAgrees("-40;N", syntax::DeliverByError::kNone, by), "");
  EXPECT_NE(DeliverByAgrees("40;NT", syntax::DeliverByError::kNone, by), "");
  EXPECT_NE(DeliverByAgrees("-40;RT", syntax::DeliverByError::kNone, by), "");
  EXPECT_NE(DeliverByAgrees("-40;NT", syntax::DeliverByError::kBadValue, by), "");
  EXPECT_NE(MtPriorityAgrees("10", true, 10), "");
  EXPECT_NE(MtPriorityAgrees("-9", true, 9), "");
  EXPECT_NE(HoldForAgrees("0", true, 0), "");
  EXPECT_NE(HoldForAgrees("12", true, 11), "");
  EXPECT_NE(HoldUntilAgrees("2008-03-05T19:00:00+00:00", true), "");
  EXPECT_NE(HoldUntilAgrees("2023-02-29T19:00:00Z", true), "");
  EXPECT_NE(RrvsAgrees("2014-04-03T23:01:00Z;C", false), "");
  EXPECT_NE(RrvsAgrees("2014-04-03T23:01:00Z;X", true), "");
}

TEST(EsmtpValuesBite, Arguments) {
  syntax::BurlArgument burl = syntax::ParseBurlArgument("urn:a LAST");
  EXPECT_EQ(BurlArgumentAgrees("urn:a LAST", burl, false), "");
  EXPECT_NE(BurlArgumentAgrees("urn:a LAST", burl, true), "");
  EXPECT_NE(BurlArgumentAgrees("urn:a", burl, true), "");
  EXPECT_NE(BurlArgumentAgrees("urn:b LAST", burl, false), "");
  burl.scheme = "ur";
  EXPECT_NE(BurlArgumentAgrees("urn:a LAST", burl, false), "");

  syntax::EtrnArgument etrn = syntax::ParseEtrnArgument("@foo.example");
  EXPECT_EQ(EtrnArgumentAgrees("@foo.example", etrn), "");
  EXPECT_NE(EtrnArgumentAgrees("foo.example", etrn), "");
  EXPECT_NE(EtrnArgumentAgrees("@foo", etrn), "");
  etrn.name = "@foo.example";
  EXPECT_NE(EtrnArgumentAgrees("@foo.example", etrn), "");
  EXPECT_NE(AtrnArgumentAgrees("a.b,c.d", "a.b", syntax::QueueError::kNone), "");
  EXPECT_NE(AtrnArgumentAgrees("a.b,c", "a.b,c", syntax::QueueError::kNone), "");
  EXPECT_NE(AtrnArgumentAgrees("a.b", "", syntax::QueueError::kBadName), "");

  syntax::EhloLimits limits;
  ASSERT_TRUE(syntax::ParseEhloLimits("RCPTMAX=7 X=1", &limits));
  EXPECT_EQ(EhloLimitsAgree("RCPTMAX=7 X=1", true, limits), "");
  EXPECT_NE(EhloLimitsAgree("RCPTMAX=8 X=1", true, limits), "");
  EXPECT_NE(EhloLimitsAgree("RCPTMAX=7  X=1", true, limits), "");
  EXPECT_NE(EhloLimitsAgree("MAILMAX=7", true, limits), "");
}

TEST(EsmtpValuesBite, ClientAttributes) {
  const auto xclient = syntax::ClientAttributeVerb::kXclient;
  const std::string_view text = "NAME=a+2Bb ADDR=IPV6:::1";
  syntax::ClientAttributes got;
  syntax::ParseClientAttributes(text, xclient, &got);
  EXPECT_EQ(ClientAttributesAgree(text, xclient, got), "");
  EXPECT_NE(ClientAttributesAgree("NAME=a+2Bc ADDR=IPV6:::1", xclient, got), "");
  EXPECT_NE(ClientAttributesAgree("NAME=a+2Bb", xclient, got), "");
  EXPECT_NE(ClientAttributesAgree("NAME=a+0Ab ADDR=IPV6:::1", xclient, got), "");
  EXPECT_NE(ClientAttributesAgree("NAME=a NAME=a+2Bb ADDR=IPV6:::1", xclient, got), "");
  got.error = syntax::ClientAttributeError::kTwice;
  EXPECT_NE(ClientAttributesAgree(text, xclient, got), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
