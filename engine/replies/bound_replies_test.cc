// SPDX-License-Identifier: Apache-2.0
//
// Formatting: what goes out is exactly what the table says, in the grammar of RFC 5321 section 4.2
// (R4, R5), whatever a client or a host puts into it.

#include "engine/replies/bound_replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_grammar.h"
#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_table.h"

namespace postern::replies {
namespace {

using ::testing::HasSubstr;
using Table = ::postern::v1::ReplyTable;

std::shared_ptr<const BoundReplies> BindTable(const Table& table, bool enhanced = true,
                                              std::string_view server = "mx.example.org") {
  auto loaded = ReplyTable::Load(table.SerializeAsString());
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  if (!loaded.ok()) return nullptr;
  BindOptions options;
  options.server = server;
  options.enhanced_status_codes = enhanced;
  return BoundReplies::Bind(*loaded, options);
}

std::shared_ptr<const BoundReplies> BindDefault(bool enhanced = true,
                                                std::string_view server = "mx.example.org") {
  return BindTable(Table(), enhanced, server);
}

// Formats into a buffer of exactly the size needed, and checks the promises about capacity.
template <typename Format>
std::string Exactly(Format format) {
  const size_t needed = format(nullptr, size_t{0});
  if (needed == 0) return "";
  const std::unique_ptr<char[]> small(new char[needed]);
  std::fill_n(small.get(), needed, '~');
  EXPECT_EQ(format(small.get(), needed - 1), needed);
  EXPECT_EQ(std::string(small.get(), needed), std::string(needed, '~')) << "wrote without room";
  const std::unique_ptr<char[]> exact(new char[needed]);
  EXPECT_EQ(format(exact.get(), needed), needed);
  const std::unique_ptr<char[]> roomy(new char[needed + 65536]);
  EXPECT_EQ(format(roomy.get(), needed + 65536), needed);
  EXPECT_EQ(std::string(exact.get(), needed), std::string(roomy.get(), needed));
  return std::string(exact.get(), needed);
}

std::string Render(const BoundReplies& replies, ReplyId id, const Values& values = Values()) {
  return Exactly(
      [&](char* out, size_t capacity) { return replies.Format(id, values, out, capacity); });
}

std::string RenderTopic(const BoundReplies& replies, std::string_view topic) {
  return Exactly([&](char* out, size_t capacity) {
    return replies.FormatHelpTopic(topic, Values(), out, capacity);
  });
}

std::string RenderOverride(const BoundReplies& replies, ReplyId id, const Override& reply) {
  return Exactly(
      [&](char* out, size_t capacity) { return replies.FormatOverride(id, reply, out, capacity); });
}

void ExpectGrammar(const std::string& octets, bool utf8 = false) {
  GrammarOptions options;
  options.utf8 = utf8;
  options.enhanced = true;
  const GrammarResult result = CheckReplyStream(octets, options);
  EXPECT_EQ(result.error, GrammarError::kNone) << octets.substr(result.offset, 80);
  EXPECT_EQ(result.replies, 1u) << octets;
}

TEST(BoundReplies, MergesCodeEnhancedCodeAndServerName) {
  const auto replies = BindDefault();
  EXPECT_EQ(Render(*replies, ReplyId::kGreeting), "220 mx.example.org ESMTP ready\r\n");
  EXPECT_EQ(Render(*replies, ReplyId::kRsetOk), "250 2.0.0 Reset\r\n");
  EXPECT_EQ(Render(*BindDefault(false), ReplyId::kRsetOk), "250 Reset\r\n");
}

TEST(BoundReplies, FillsInValues) {
  const auto replies = BindDefault();
  Values values;
  values.verb = "FROB";
  values.limit = 512;
  EXPECT_EQ(Render(*replies, ReplyId::kUnrecognized, values),
            "500 5.5.1 Command \"FROB\" is unknown; HELP lists the commands\r\n");
  EXPECT_EQ(Render(*replies, ReplyId::kLineTooLong, values),
            "500 5.5.2 Line exceeds 512 octets; shorten it, see HELP 500\r\n");
  values.limit = UINT64_MAX;
  EXPECT_THAT(Render(*replies, ReplyId::kLineTooLong, values), HasSubstr("18446744073709551615"));
}

TEST(BoundReplies, KnowsCodesAndRefusesUnknownIds) {
  const auto replies = BindDefault();
  EXPECT_EQ(replies->Code(ReplyId::kUnrecognized), 500);
  EXPECT_EQ(replies->Code(ReplyId::kUnspecified), 0);
  for (const int bad : {0, 5, 181 + 1, 65535}) {
    EXPECT_EQ(replies->Code(static_cast<ReplyId>(bad)), 0);
    EXPECT_EQ(Render(*replies, static_cast<ReplyId>(bad)), "");
    EXPECT_EQ(replies->MaxOctets(static_cast<ReplyId>(bad)), 0u);
  }
}

TEST(BoundReplies, BindsOnlyToAServerNameThatCanStandInAReply) {
  const auto table = ReplyTable::LoadDefault();
  ASSERT_TRUE(table.ok());
  BindOptions options;
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\r\nb"),
                                 std::string(256, 'a'), std::string("\xc3\xbc.example")}) {
    options.server = bad;
    EXPECT_EQ(BoundReplies::Bind(*table, options), nullptr) << bad;
  }
  options.server = "[IPv6:2001:db8::1]";
  EXPECT_NE(BoundReplies::Bind(*table, options), nullptr);
  EXPECT_EQ(BoundReplies::Bind(nullptr, options), nullptr);
}

// R4, with every octet there is in every value, the longest server name and no names at all.
TEST(BoundReplies, NothingHostileReachesAnyReply) {
  std::string all_octets;
  for (int i = 0; i < 256; ++i) all_octets += static_cast<char>(i);
  const std::string crlf = "x\r\n250 2.0.0 forged\r\n";
  const std::string long_name(100000, 'y');
  for (const bool enhanced : {true, false}) {
    const auto replies = BindDefault(enhanced, std::string(255, 's'));
    for (const std::string& value :
         {all_octets, crlf, long_name, std::string(), std::string(1, '\0'), std::string("\xff")}) {
      for (const bool utf8 : {false, true}) {
        Values values;
        values.client = values.verb = values.topic = values.parameter = values.octet = value;
        values.commands = value;
        values.limit = UINT64_MAX;
        values.utf8 = utf8;
        for (const ReplyRule* rule = ReplyRulesBegin(); rule != ReplyRulesEnd(); ++rule) {
          const std::string octets = Render(*replies, rule->id, values);
          ExpectGrammar(octets);
          EXPECT_LE(octets.size(), replies->MaxOctets(rule->id)) << rule->name;
          EXPECT_LE(octets.size(), replies->MaxOctets());
        }
        const std::string_view keywords[] = {value, "SIZE 1", value};
        for (size_t count = 0; count <= 3; ++count) {
          ExpectGrammar(Exactly([&](char* out, size_t capacity) {
            return replies->FormatEhlo(values, keywords, count, out, capacity);
          }));
        }
        EXPECT_FALSE(replies->HasHelpTopic(value));
      }
    }
  }
}

TEST(BoundReplies, ReplacesOctetsAndCutsLongValues) {
  const auto replies = BindDefault();
  Values values;
  values.verb = "A\rB\nC\x7f\xc3\xa9\tD";
  EXPECT_THAT(Render(*replies, ReplyId::kUnrecognized, values), HasSubstr("\"A?B?C????D\""));
  const std::string forty(40, 'v');
  values.verb = forty;
  EXPECT_THAT(Render(*replies, ReplyId::kUnrecognized, values), HasSubstr("\"" + forty + "\""));
  const std::string longer = forty + "v";
  values.verb = longer;
  EXPECT_THAT(Render(*replies, ReplyId::kUnrecognized, values),
              HasSubstr("\"" + std::string(37, 'v') + "...\""));
}

// The eight-octet step of the copy agrees with the obvious one, wherever an odd octet stands.
TEST(BoundReplies, ReplacesAnyOctetAtAnyPlace) {
  const auto replies = BindDefault();
  for (size_t at = 0; at < 20; ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string verb(20, 'a');
      verb[at] = static_cast<char>(octet);
      std::string wanted = verb;
      if (octet < 0x20 || octet > 0x7e) wanted[at] = '?';
      Values values;
      values.verb = verb;
      ASSERT_EQ(Render(*replies, ReplyId::kUnrecognized, values),
                "500 5.5.1 Command \"" + wanted + "\" is unknown; HELP lists the commands\r\n");
    }
  }
}

TEST(BoundReplies, WritesEhloWithItsKeywords) {
  const auto replies = BindDefault();
  const std::string_view lines[] = {"SIZE 52428800", "8BITMIME", "HELP"};
  const auto ehlo = [&](size_t count) {
    return Exactly([&](char* out, size_t capacity) {
      return replies->FormatEhlo(Values(), lines, count, out, capacity);
    });
  };
  EXPECT_EQ(ehlo(3),
            "250-mx.example.org Hello\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 HELP\r\n");
  EXPECT_EQ(ehlo(1), "250-mx.example.org Hello\r\n250 SIZE 52428800\r\n");
  EXPECT_EQ(ehlo(0), "250 mx.example.org Hello\r\n");
}

TEST(BoundReplies, WritesEhloOfSeveralLinesBeforeTheKeywords) {
  Table table;
  auto* reply = table.add_replies();
  reply->set_id(postern::v1::EHLO_OK);
  reply->set_code(250);
  reply->add_text("{server} greets {client}");
  reply->add_text("Be brief");
  const auto replies = BindTable(table);
  Values values;
  values.client = "192.0.2.1";
  const std::string_view line = "HELP";
  EXPECT_EQ(Exactly([&](char* out, size_t capacity) {
              return replies->FormatEhlo(values, &line, 1, out, capacity);
            }),
            "250-mx.example.org greets 192.0.2.1\r\n250-Be brief\r\n250 HELP\r\n");
}

// C214.
TEST(BoundReplies, ListsTheCommandsInTheHelpOverview) {
  const auto replies = BindDefault();
  Values values;
  values.commands = "HELO EHLO MAIL";
  const std::string help = Render(*replies, ReplyId::kHelpOverview, values);
  EXPECT_THAT(help, HasSubstr("214-2.0.0   HELO EHLO MAIL\r\n"));
  ExpectGrammar(help);
}

TEST(BoundReplies, WrapsTheCommandsAt72AndEndsTheReplyThere) {
  Table table;
  auto* reply = table.add_replies();
  reply->set_id(postern::v1::HELP_OVERVIEW);
  reply->set_code(214);
  reply->set_enhanced_code("2.0.0");
  reply->add_text("Commands:");
  reply->add_text("  {commands}");
  const auto replies = BindTable(table);
  std::string commands;
  for (int i = 0; i < 30; ++i) commands += "VERB" + std::to_string(10 + i) + " ";
  Values values;
  values.commands = commands;
  const std::string help = Render(*replies, ReplyId::kHelpOverview, values);
  ExpectGrammar(help);
  std::string words;
  size_t begin = help.find("\r\n") + 2;
  while (begin < help.size()) {
    const size_t end = help.find("\r\n", begin);
    EXPECT_LE(end - begin, 72u);
    EXPECT_EQ(help.substr(begin, 12), end + 2 == help.size() ? "214 2.0.0   " : "214-2.0.0   ");
    words += help.substr(begin + 12, end - begin - 12) + " ";
    begin = end + 2;
  }
  EXPECT_EQ(words, commands);
  values.commands = "";
  EXPECT_EQ(Render(*replies, ReplyId::kHelpOverview, values),
            "214-2.0.0 Commands:\r\n214 2.0.0   ?\r\n");
}

TEST(BoundReplies, FindsHelpTopicsWithoutRegardToCase) {
  const auto replies = BindDefault();
  const std::string mail = RenderTopic(*replies, "MAIL");
  EXPECT_THAT(mail, HasSubstr("214-2.0.0 Help on MAIL\r\n214-2.0.0 MAIL FROM:<"));
  EXPECT_EQ(RenderTopic(*replies, "mAiL"), mail);
  EXPECT_EQ(RenderTopic(*replies, "NOSUCH"), "");
  EXPECT_EQ(RenderTopic(*replies, ""), "");
  for (const char* topic : {"HELO", "EHLO", "MAIL", "RCPT",     "DATA", "RSET", "NOOP", "QUIT",
                            "VRFY", "EXPN", "HELP", "STARTTLS", "TURN", "SEND", "SOML", "SAML",
                            "500",  "214",  "550",  "421",      "354",  "555"}) {
    EXPECT_TRUE(replies->HasHelpTopic(topic)) << topic;
    const std::string help = RenderTopic(*replies, topic);
    ExpectGrammar(help);
    EXPECT_LE(help.size(), replies->MaxHelpTopicOctets());
  }
}

TEST(BoundReplies, MakesATopicOfACodeReference) {
  Table table;
  auto* code = table.add_codes();
  code->set_code(550);
  code->set_meaning("Not {taken}.");
  code->set_mend("Mend it.");
  const auto replies = BindTable(table);
  EXPECT_EQ(RenderTopic(*replies, "550"),
            "214-2.0.0 Help on 550\r\n214-2.0.0 5xx Permanent Negative Completion\r\n214-2.0.0 Not "
            "{taken}.\r\n214 2.0.0 Mend it.\r\n");
}

TEST(BoundReplies, OwnTopicStandsBeforeTheCodeReference) {
  Table table;
  auto* topic = table.add_help_topics();
  topic->set_topic("550");
  topic->add_text("Ask {server}.");
  auto* code = table.add_codes();
  code->set_code(550);
  code->set_meaning("Not taken.");
  EXPECT_THAT(RenderTopic(*BindTable(table), "550"),
              HasSubstr("214 2.0.0 Ask mx.example.org.\r\n"));
}

TEST(BoundReplies, PutsTheFooterUnderEachReplyOfItsClass) {
  Table table;
  auto* footer = table.add_footers();
  footer->set_reply_class(5);
  footer->add_text("Ask postmaster@{server}");
  const auto replies = BindTable(table);
  Values values;
  values.verb = "X";
  EXPECT_EQ(Render(*replies, ReplyId::kUnrecognized, values),
            "500-5.5.1 Command \"X\" is unknown; HELP lists the commands\r\n"
            "500 5.5.1 Ask postmaster@mx.example.org\r\n");
  EXPECT_EQ(Render(*replies, ReplyId::kRsetOk), "250 2.0.0 Reset\r\n");
  Override reply;
  reply.code = 550;
  reply.text = "No";
  EXPECT_EQ(RenderOverride(*replies, ReplyId::kRcptRejected, reply),
            "550-5.1.1 No\r\n550 5.1.1 Ask postmaster@mx.example.org\r\n");
}

TEST(BoundReplies, SendsUtf8TextOnlyWhereItMay) {
  Table table;
  auto* reply = table.add_replies();
  reply->set_id(postern::v1::RSET_OK);
  reply->set_code(250);
  reply->set_enhanced_code("2.0.0");
  reply->add_text("Good");
  reply->add_utf8_text("Gr\xc3\xbc\xc3\x9f gott");
  const auto replies = BindTable(table);
  Values values;
  EXPECT_EQ(Render(*replies, ReplyId::kRsetOk, values), "250 2.0.0 Good\r\n");
  values.utf8 = true;
  EXPECT_EQ(Render(*replies, ReplyId::kRsetOk, values), "250 2.0.0 Gr\xc3\xbc\xc3\x9f gott\r\n");
  EXPECT_EQ(Render(*replies, ReplyId::kNoopOk, values), "250 2.0.0 OK\r\n");
}

// --- Replies that a host makes ------------------------------------------------------------------

struct OverrideCase {
  const char* name;
  ReplyId situation;
  uint16_t code;
  std::array<uint16_t, 3> enhanced;
  std::string text;
  bool utf8;
  OverrideError error;
};

TEST(Override, IsHeldToWhatTableEntriesAreHeldTo) {
  using E = OverrideError;
  const auto replies = BindDefault();
  const auto line = [](size_t size) { return std::string(size, 'x'); };
  std::string lines32 = "x";
  for (int i = 0; i < 31; ++i) lines32 += "\nx";
  const OverrideCase cases[] = {
      {"good", ReplyId::kRcptRejected, 550, {5, 1, 1}, "no", false, E::kNone},
      {"other code of the command", ReplyId::kRcptRejected, 551, {5, 1, 6}, "no", false, E::kNone},
      {"unknown id", static_cast<ReplyId>(9), 550, {5, 1, 1}, "no", false, E::kSituation},
      {"EHLO", ReplyId::kEhloOk, 250, {0, 0, 0}, "mx.example.org", false, E::kSituation},
      {"wrong class", ReplyId::kRcptRejected, 250, {2, 0, 0}, "no", false, E::kCode},
      {"not of the command", ReplyId::kRcptRejected, 504, {5, 1, 1}, "no", false, E::kCode},
      {"500 for a required command", ReplyId::kMailRejected, 500, {5, 5, 1}, "no", false, E::kCode},
      {"502 for a required command", ReplyId::kVrfyRejected, 502, {5, 5, 1}, "no", false, E::kCode},
      {"421 for what does not close",
       ReplyId::kRcptDeferred,
       421,
       {4, 0, 0},
       "no",
       false,
       E::kCode},
      {"no code", ReplyId::kRcptRejected, 0, {0, 0, 0}, "no", false, E::kCode},
      {"huge code", ReplyId::kRcptRejected, 65535, {0, 0, 0}, "no", false, E::kCode},
      {"framing is not the host's", ReplyId::kBareLf, 550, {5, 0, 0}, "no", false, E::kCode},
      {"unknown command", ReplyId::kUnrecognized, 550, {5, 7, 1}, "no", false, E::kNone},
      {"host command", ReplyId::kHostCommandOk, 214, {2, 0, 0}, "yes", false, E::kNone},
      {"enhanced class", ReplyId::kRcptRejected, 550, {4, 1, 1}, "no", false, E::kEnhancedClass},
      {"enhanced class 0", ReplyId::kRcptRejected, 550, {0, 1, 1}, "no", false, E::kEnhancedClass},
      {"subject", ReplyId::kRcptRejected, 550, {5, 1000, 1}, "no", false, E::kEnhancedRange},
      {"detail", ReplyId::kRcptRejected, 550, {5, 1, 1000}, "no", false, E::kEnhancedRange},
      {"3yz", ReplyId::kDataStart, 354, {3, 0, 0}, "go", false, E::kEnhancedForbidden},
      {"greeting", ReplyId::kGreetingRefused, 554, {5, 7, 1}, "no", false, E::kEnhancedForbidden},
      {"empty", ReplyId::kRcptRejected, 550, {0, 0, 0}, "", false, E::kTextEmpty},
      {"empty line", ReplyId::kRcptRejected, 550, {0, 0, 0}, "a\n\nb", false, E::kTextEmpty},
      {"LF at the end", ReplyId::kRcptRejected, 550, {0, 0, 0}, "a\n", false, E::kTextEmpty},
      {"CR", ReplyId::kRcptRejected, 550, {0, 0, 0}, "a\r\nb", false, E::kTextNotPrintable},
      {"NUL",
       ReplyId::kRcptRejected,
       550,
       {0, 0, 0},
       std::string(1, '\0'),
       false,
       E::kTextNotPrintable},
      {"UTF-8", ReplyId::kRcptRejected, 550, {0, 0, 0}, "\xc3\xbc", false, E::kTextNotPrintable},
      {"UTF-8 allowed", ReplyId::kRcptRejected, 550, {0, 0, 0}, "\xc3\xbc", true, E::kNone},
      {"overlong", ReplyId::kRcptRejected, 550, {0, 0, 0}, "\xc0\xaf", true, E::kTextNotUtf8},
      {"C1", ReplyId::kRcptRejected, 550, {0, 0, 0}, "\xc2\x85", true, E::kTextNotUtf8},
      {"512", ReplyId::kRcptRejected, 550, {5, 1, 1}, line(500), false, E::kNone},
      {"513", ReplyId::kRcptRejected, 550, {5, 1, 1}, line(501), false, E::kLineTooLong},
      {"513 in line 2",
       ReplyId::kRcptRejected,
       550,
       {5, 1, 1},
       "a\n" + line(501),
       false,
       E::kLineTooLong},
      {"32 lines", ReplyId::kRcptRejected, 550, {5, 1, 1}, lines32, false, E::kNone},
      {"33 lines",
       ReplyId::kRcptRejected,
       550,
       {5, 1, 1},
       lines32 + "\nx",
       false,
       E::kTooManyLines},
      {"greeting without name",
       ReplyId::kGreeting,
       220,
       {0, 0, 0},
       "hi",
       false,
       E::kServerNameMissing},
      {"another name",
       ReplyId::kGreeting,
       220,
       {0, 0, 0},
       "mx.example.org.evil",
       false,
       E::kServerNameMissing},
      {"greeting", ReplyId::kGreeting, 220, {0, 0, 0}, "mx.example.org hi", false, E::kNone},
  };
  for (const OverrideCase& c : cases) {
    Override reply;
    reply.code = c.code;
    reply.enhanced = c.enhanced;
    reply.text = c.text;
    reply.utf8 = c.utf8;
    EXPECT_EQ(replies->CheckOverride(c.situation, reply), c.error) << c.name;
    const std::string octets = RenderOverride(*replies, c.situation, reply);
    if (c.error == E::kNone) {
      ExpectGrammar(octets, c.utf8);
    } else {
      EXPECT_EQ(octets, "") << c.name;
    }
  }
}

TEST(Override, WritesAllLinesWithOneCode) {
  Override reply;
  reply.code = 554;
  reply.enhanced = {5, 7, 26};
  reply.text = "first\nsecond";
  EXPECT_EQ(RenderOverride(*BindDefault(), ReplyId::kContentRejected, reply),
            "554-5.7.26 first\r\n554 5.7.26 second\r\n");
  EXPECT_EQ(RenderOverride(*BindDefault(false), ReplyId::kContentRejected, reply),
            "554-first\r\n554 second\r\n");
}

// R5: where the host gives no enhanced code, there is one all the same.
TEST(Override, ChoosesTheEnhancedCodeThatTheHostLeftOut) {
  const auto replies = BindDefault();
  Override reply;
  reply.text = "x";
  reply.code = 553;
  EXPECT_EQ(RenderOverride(*replies, ReplyId::kRcptRejected, reply), "553 5.1.1 x\r\n");
  reply.code = 452;  // MAILBOX_FULL allows it beside 552, whose 5.2.2 does not fit
  EXPECT_EQ(RenderOverride(*replies, ReplyId::kMailboxFull, reply), "452 4.0.0 x\r\n");
  reply.code = 354;
  EXPECT_EQ(RenderOverride(*replies, ReplyId::kDataStart, reply), "354 x\r\n");
  reply.code = 554;
  EXPECT_EQ(RenderOverride(*replies, ReplyId::kGreetingRefused, reply), "554 x\r\n");
}

}  // namespace
}  // namespace postern::replies
