// SPDX-License-Identifier: Apache-2.0
//
// The grammars against lines that the RFCs print, and against lines that are a step beside them.

#include "fuzz/oracle/smtp_grammar.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

Dialect Everything() {
  Dialect dialect;
  dialect.smtputf8 = dialect.size = dialect.eight_bit = true;
  return dialect;
}

class SmtpGrammarTest : public testing::Test {
 protected:
  void Takes(std::string_view rule, std::string_view octets) {
    EXPECT_TRUE(grammar_->Matches(rule, octets)) << rule << " should take " << octets;
  }
  void Refuses(std::string_view rule, std::string_view octets) {
    EXPECT_FALSE(grammar_->Matches(rule, octets)) << rule << " should refuse " << octets;
  }
  const SmtpGrammar* grammar_ = &SmtpGrammar::For(Dialect());
};

TEST_F(SmtpGrammarTest, EveryRuleCompiles) {
  for (const bool all : {false, true}) {
    const SmtpGrammar& grammar = SmtpGrammar::For(all ? Everything() : Dialect());
    for (const char* rule :
         {"Reverse-path", "Forward-path", "rcpt-path", "Domain", "address-literal",
          "Mailbox",      "esmtp-params", "ehlo",      "helo",   "mail",
          "rcpt",         "mail-any",     "rcpt-any",  "data",   "rset",
          "quit",         "vrfy",         "expn",      "help",   "noop",
          "starttls",     "verb",         "Replies"}) {
      EXPECT_FALSE(grammar.Matches(rule, "\x01")) << rule;
    }
  }
}

TEST_F(SmtpGrammarTest, CommandLines) {
  // RFC 5321 appendix D.
  Takes("ehlo", "EHLO bar.com\r\n");
  Takes("mail", "MAIL FROM:<Smith@bar.com>\r\n");
  Takes("rcpt", "RCPT TO:<Jones@foo.com>\r\n");
  Takes("data", "DATA\r\n");
  Takes("quit", "QUIT\r\n");
  Takes("vrfy", "VRFY Crispin\r\n");
  Takes("expn", "EXPN Example-People\r\n");
  Takes("rset", "rSeT \t\r\n");
  Takes("noop", "NOOP  any, thing\r\n");
  Takes("help", "HELP\r\n");
  Takes("ehlo", "EHLO [IPv6:2001:db8::1]\r\n");
  Takes("rcpt", "RCPT TO:<postMASTER>\r\n");
  Refuses("ehlo", "EHLO\r\n");
  Refuses("ehlo", "EHLO  bar.com\r\n");
  Refuses("ehlo", "EHLO bar_com\r\n");
  Refuses("mail", "MAIL FROM: <Smith@bar.com>\r\n");
  Refuses("mail", "MAIL FROM:Smith@bar.com\r\n");
  Refuses("mail", "MAIL FROM:<Smith@bar.com>\n");
  Refuses("mail", "MAIL FROM:<Smith@bar.com>");
  Refuses("rcpt", "RCPT TO:<>\r\n");
  Refuses("rcpt", "RCPT TO:<a@b> X=1\r\n");
  Takes("rcpt-any", "RCPT TO:<a@b> X=1\r\n");
  Refuses("data", "DATA x\r\n");
  Refuses("vrfy", "VRFY\r\n");
  Refuses("vrfy", "VRFY a b\r\n");
  Refuses("help", "HELPME\r\n");
}

TEST_F(SmtpGrammarTest, ParametersAreThoseInForce) {
  const std::string_view line = "MAIL FROM:<a@b> SIZE=12 body=8bitmime\r\n";
  Refuses("mail", line);
  Takes("mail-any", line);
  Dialect dialect;
  dialect.size = true;
  EXPECT_FALSE(SmtpGrammar::For(dialect).Matches("mail", line));
  dialect.eight_bit = true;
  EXPECT_TRUE(SmtpGrammar::For(dialect).Matches("mail", line));
  EXPECT_FALSE(SmtpGrammar::For(dialect).Matches("mail", "MAIL FROM:<a@b> SIZE=\r\n"));
  EXPECT_FALSE(SmtpGrammar::For(dialect).Matches("mail", "MAIL FROM:<a@b> SMTPUTF8\r\n"));
  EXPECT_TRUE(SmtpGrammar::For(Everything()).Matches("mail", "MAIL FROM:<a@b> SMTPUTF8\r\n"));
  EXPECT_FALSE(SmtpGrammar::For(Everything())
                   .Matches("mail", "MAIL FROM:<a@b> SIZE=123456789012345678901\r\n"));
}

TEST_F(SmtpGrammarTest, Paths) {
  Takes("Reverse-path", "<>");
  Refuses("Forward-path", "<>");
  // RFC 5321 §3.3, appendix C.
  Takes("Forward-path", "<@hosta.int,@jkl.org:userc@d.bar.org>");
  Refuses("Forward-path", "<@hosta.int:>");
  Refuses("Forward-path", "<@hosta.int,jkl.org:userc@d.bar.org>");
  Takes("Path", "<\"Joe\\,Smith\"@example.org>");
  Takes("Path", "<\"\"@example.org>");
  Takes("Path", "<\"a b>@\"@[IPv6:::]>");
  Refuses("Path", "<a..b@example.org>");
  Refuses("Path", "<.a@example.org>");
  Refuses("Path", "<a@example..org>");
  Refuses("Path", "<a@-example.org>");
  Refuses("Path", "<a@example-.org>");
  Refuses("Path", "<a@example.org.>");
  Refuses("Path", "<a>");
  Refuses("Path", "<\"a\"b@c>");
  Takes("Domain", std::string(63, 'a'));
  Refuses("Domain", std::string(64, 'a'));
}

TEST_F(SmtpGrammarTest, AddressLiterals) {
  Takes("address-literal", "[123.255.37.2]");
  Takes("address-literal", "[001.000.1.0]");
  Refuses("address-literal", "[256.0.0.1]");
  Refuses("address-literal", "[1.2.3]");
  Refuses("address-literal", "[1.2.3.4.5]");
  Refuses("address-literal", "[0001.2.3.4]");
  Takes("address-literal", "[x-y:any!thing]");
  Refuses("address-literal", "[x-:y]");
  Refuses("address-literal", "[x:]");
  Refuses("address-literal", "[x:[]");
  // The tag IPv6 has its own form.
  Refuses("address-literal", "[IPv6:zzz]");
  Refuses("address-literal", "[ipV6:1:2]");
  for (const char* tag : {"IPv4", "IPx6", "IXv6", "XPv6", "IPv66", "PIPv6", "IPv", "6", "-Pv6"}) {
    Takes("address-literal", "[" + std::string(tag) + ":zzz]");
  }
}

TEST_F(SmtpGrammarTest, Ipv6) {
  for (const char* good :
       {"1:2:3:4:5:6:7:8", "::", "::1", "1::", "1::2", "1:2:3:4:5:6::", "::1:2:3:4:5:6",
        "1:2:3::4:5:6", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4", "1:2:3:4::1.2.3.4", "::1:2:3:4:1.2.3.4",
        "1:2::3:4:1.2.3.4", "abcd:ef01::FFFF"}) {
    Takes("IPv6-addr", good);
  }
  for (const char* bad :
       {"", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
        "1:2:3:4:5:6:7::", "1:2:3:4::5:6:7", "::1:2:3:4:5:6:7", "12345::", "1:2:3:4:5:1.2.3.4",
        "1:2:3::4:5:1.2.3.4", "1:2:3:4:5::1.2.3.4", "1.2.3.4", "::g", "1:", ":1", "::1.2.3"}) {
    Refuses("IPv6-addr", bad);
  }
}

TEST_F(SmtpGrammarTest, Utf8OnlyWhereItIsInForce) {
  const std::string_view path = "<\xC3\xA9@\xC3\xA9.example>";
  Refuses("Path", path);
  const SmtpGrammar& utf8 = SmtpGrammar::For(Everything());
  EXPECT_TRUE(utf8.Matches("Path", path));
  EXPECT_TRUE(utf8.Matches("Path", "<\"\xF0\x9F\x98\x80\"@a>"));
  EXPECT_FALSE(utf8.Matches("Path", "<\"\\\xC3\xA9\"@a>"));  // quoted-pairSMTP is not extended
  EXPECT_FALSE(utf8.Matches("Path", "<\xC0\xAF@a>"));        // overlong
  EXPECT_FALSE(utf8.Matches("Path", "<\xED\xA0\x80@a>"));    // surrogate
  EXPECT_FALSE(utf8.Matches("Path", "<\xF4\x90\x80\x80@a>"));
  EXPECT_FALSE(utf8.Matches("Path", "<\xC3@a>"));
  std::string label;
  for (int i = 0; i < 59; ++i) label += "\xC3\xA9";
  EXPECT_TRUE(utf8.Matches("Domain", label));
  EXPECT_FALSE(utf8.Matches("Domain", label + "a"));
  EXPECT_TRUE(utf8.Matches("vrfy", "VRFY \xC3\xA9 smtputf8\r\n"));
  EXPECT_TRUE(utf8.Matches("noop", "NOOP \xC3\xA9\r\n"));
}

TEST_F(SmtpGrammarTest, PartsOfAMailbox) {
  const auto parts = grammar_->SplitMailbox("\"a@b\"@[x:c@d]");
  EXPECT_EQ(parts.local_part, "\"a@b\"");
  EXPECT_EQ(parts.domain, "[x:c@d]");
  EXPECT_EQ(SmtpGrammar::MailboxOfPath("<@a,@b:c@d>"), "c@d");
  EXPECT_EQ(SmtpGrammar::SourceRouteOfPath("<@a,@b:c@d>"), "@a,@b");
  EXPECT_EQ(SmtpGrammar::SourceRouteOfPath("<c@d>"), "");
}

TEST_F(SmtpGrammarTest, Limits) {
  const std::string local64(64, 'l');
  const std::string label = std::string(61, 'd') + ".";
  EXPECT_TRUE(grammar_->PathFits("<" + local64 + "@d>"));
  EXPECT_FALSE(grammar_->PathFits("<" + local64 + "l@d>"));
  EXPECT_FALSE(grammar_->PathFits("<\"" + local64 + "\"@d>"));
  const std::string domain = label + label + label + std::string(63, 'd');  // 249
  EXPECT_TRUE(grammar_->PathFits("<llll@" + domain + ">"));
  EXPECT_FALSE(grammar_->PathFits("<lllll@" + domain + ">"));
  EXPECT_TRUE(grammar_->PathFits("llll@" + domain));
  EXPECT_FALSE(grammar_->PathFits("lllll@" + domain));
  EXPECT_TRUE(grammar_->PathFits("<>"));
}

TEST_F(SmtpGrammarTest, Replies) {
  Takes("Replies", "");
  Takes("Replies", "250-a\r\n250 b\r\n354 c\r\n");
  Takes("Replies", "250\r\n250-\r\n250\r\n");
  Refuses("Replies", "250-a\r\n");
  Refuses("Replies", "250 a\n");
  Refuses("Replies", "250 a\rb\r\n");
  Refuses("Replies", "150 a\r\n");
  Refuses("Replies", "260 a\r\n");
  Refuses("Replies", "250 \r\n");
  Refuses("Replies", "250 \xC3\xA9\r\n");
  EXPECT_TRUE(SmtpGrammar::For(Everything()).Matches("Replies", "250 \xC3\xA9\r\n"));
}

TEST(MatchesValueTest, Xtext) {
  EXPECT_TRUE(MatchesValue("xtext", ""));
  EXPECT_TRUE(MatchesValue("xtext", "a+2Bb"));
  EXPECT_FALSE(MatchesValue("xtext", "a+2bb"));
  EXPECT_FALSE(MatchesValue("xtext", "a=b"));
  EXPECT_FALSE(MatchesValue("xtext", "+2"));
}

TEST(MatchesValueTest, Base64) {
  for (const char* good : {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmFy"}) {  // RFC 4648 §10
    EXPECT_TRUE(MatchesValue("base64-value", good)) << good;
  }
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "====", "Zg==Zg==", "Zm9 "}) {
    EXPECT_FALSE(MatchesValue("base64-value", bad)) << bad;
  }
}

TEST(MatchesValueTest, DateTime) {
  EXPECT_TRUE(MatchesValue("date-time", "1985-04-12T23:20:50.52Z"));  // RFC 3339 §5.8
  EXPECT_TRUE(MatchesValue("date-time", "1996-12-19t16:39:57-08:00"));
  EXPECT_TRUE(MatchesValue("date-time", "1990-12-31T23:59:60Z"));
  EXPECT_FALSE(MatchesValue("date-time", "1990-13-31T23:59:60Z"));
  EXPECT_FALSE(MatchesValue("date-time", "1990-12-31 23:59:60Z"));
  EXPECT_FALSE(MatchesValue("date-time", "1990-12-31T24:00:00Z"));
  EXPECT_FALSE(MatchesValue("date-time", "1990-12-31T23:59:59"));
  EXPECT_FALSE(MatchesValue("date-time", "1990-12-31T23:59:59.Z"));
}

}  // namespace
}  // namespace postern::fuzz::oracle
