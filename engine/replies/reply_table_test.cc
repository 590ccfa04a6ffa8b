// SPDX-License-Identifier: Apache-2.0
//
// Loading: each check of DESIGN section 5 refuses the table that breaks it, by its own message.

#include "engine/replies/reply_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_rules.h"

namespace postern::replies {
namespace {

using ::postern::v1::Reply;
using Table = ::postern::v1::ReplyTable;
using ::testing::HasSubstr;
using ::testing::Not;

Reply* AddReply(Table* table, postern::v1::ReplyId id, uint32_t code, const std::string& enhanced,
                const std::string& text) {
  Reply* reply = table->add_replies();
  reply->set_id(id);
  reply->set_code(code);
  reply->set_enhanced_code(enhanced);
  if (!text.empty()) reply->add_text(text);
  return reply;
}

Table One(postern::v1::ReplyId id, uint32_t code, const std::string& enhanced,
          const std::string& text) {
  Table table;
  AddReply(&table, id, code, enhanced, text);
  return table;
}

std::string Problem(const Table& table) {
  const auto loaded = ReplyTable::Load(table.SerializeAsString());
  return loaded.ok() ? std::string("loaded") : std::string(loaded.status().message());
}

Table Default() {
  Table table;
  EXPECT_TRUE(table.ParseFromString(std::string(DefaultTableBytes())));
  return table;
}

TEST(ReplyTable, DefaultLoadsAndIsWhole) {
  const auto table = ReplyTable::LoadDefault();
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ((*table)->name(), "en");
  EXPECT_EQ((*table)->language(), "en");
}

TEST(ReplyTable, EmptyTableIsTheDefault) { EXPECT_EQ(Problem(Table()), "loaded"); }

TEST(ReplyTable, GoodOverrideOfOneEntryLoads) {
  EXPECT_EQ(Problem(One(postern::v1::UNRECOGNIZED, 500, "5.5.1", "What is {verb}? {{x}}")),
            "loaded");
}

TEST(ReplyTable, EveryDefaultEntryHasAnExplanation) {
  const Table table = Default();
  for (const Reply& reply : table.replies()) {
    EXPECT_FALSE(reply.explanation().empty()) << reply.id();
  }
}

TEST(ReplyTable, DefaultReferenceTellsOfEveryCodeAllowedAnywhere) {
  std::vector<uint32_t> told;
  const Table table = Default();
  for (const auto& code : table.codes()) {
    told.push_back(code.code());
    EXPECT_FALSE(code.meaning().empty() || code.seen_when().empty() || code.mend().empty() ||
                 code.differs().empty())
        << code.code();
  }
  for (const ReplyRule* rule = ReplyRulesBegin(); rule != ReplyRulesEnd(); ++rule) {
    for (const uint16_t code : rule->codes) {
      if (code == 0) break;
      EXPECT_NE(std::find(told.begin(), told.end(), code), told.end()) << rule->name << code;
    }
  }
}

TEST(ReplyTable, RefusesCodeThatTheSituationDoesNotAllow) {
  EXPECT_EQ(Problem(One(postern::v1::NEED_RCPT, 550, "5.5.1", "x")),
            "replies[0] NEED_RCPT: code: 550 is not allowed here (RFC 5321 section 4.3.2); use 503 "
            "or 554");
}

TEST(ReplyTable, RefusesCode65736ThatWouldWrapTo200) {
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 65536 + 250, "2.0.0", "x")),
              HasSubstr("is not allowed here"));
}

// C502, RFC 5321 section 4.5.1.
TEST(ReplyTable, NeverAnswersARequiredCommandWith500Or502) {
  for (const uint32_t code : {500u, 502u}) {
    EXPECT_THAT(Problem(One(postern::v1::VRFY_REJECTED, code, "5.5.1", "x")),
                HasSubstr("VRFY_REJECTED: code: a required command is never answered " +
                          std::to_string(code)));
  }
  for (const ReplyRule* rule = ReplyRulesBegin(); rule != ReplyRulesEnd(); ++rule) {
    if (!IsRequiredCommand(rule->situation)) continue;
    EXPECT_FALSE(OverrideCodeAllowed(*rule, 500)) << rule->name;
    EXPECT_FALSE(OverrideCodeAllowed(*rule, 502)) << rule->name;
  }
}

TEST(ReplyTable, RefusesEnhancedClassOtherThanTheFirstDigit) {
  EXPECT_THAT(Problem(One(postern::v1::UNRECOGNIZED, 500, "4.5.1", "x")),
              HasSubstr("enhanced_code: class 4 is not the first digit of code 500"));
}

TEST(ReplyTable, RefusesMalformedEnhancedCode) {
  for (const char* bad : {"5.5", "5.5.1.1", "5.5.1000", "5.1000.1", "x", "5..1", "5.5.01", "5.5.1 ",
                          "3.5.1", " 5.5.1", "5.5."}) {
    EXPECT_THAT(Problem(One(postern::v1::UNRECOGNIZED, 500, bad, "x")),
                HasSubstr("is not class.subject.detail"))
        << bad;
  }
  EXPECT_EQ(Problem(One(postern::v1::UNRECOGNIZED, 500, "5.999.999", "x")), "loaded");
  EXPECT_EQ(Problem(One(postern::v1::UNRECOGNIZED, 500, "5.0.0", "x")), "loaded");
}

// R5.
TEST(ReplyTable, RefusesMissingEnhancedCode) {
  EXPECT_THAT(Problem(One(postern::v1::UNRECOGNIZED, 500, "", "x")),
              HasSubstr("enhanced_code: missing"));
}

TEST(ReplyTable, RefusesEnhancedCodeWhereRfc2034ForbidsOne) {
  EXPECT_THAT(Problem(One(postern::v1::GREETING, 220, "2.0.0", "{server} x")),
              HasSubstr("GREETING: enhanced_code: none may stand"));
  EXPECT_THAT(Problem(One(postern::v1::HELO_OK, 250, "2.0.0", "{server} x")),
              HasSubstr("HELO_OK: enhanced_code: none may stand"));
  EXPECT_THAT(Problem(One(postern::v1::EHLO_OK, 250, "2.0.0", "{server} x")),
              HasSubstr("EHLO_OK: enhanced_code: none may stand"));
  EXPECT_THAT(Problem(One(postern::v1::DATA_START, 354, "3.0.0", "x")),
              HasSubstr("DATA_START: enhanced_code: none may stand"));
}

TEST(ReplyTable, RefusalOfHeloMayGoWithoutEnhancedCode) {
  EXPECT_EQ(Problem(One(postern::v1::HELO_REJECTED, 550, "", "x")), "loaded");
}

TEST(ReplyTable, RefusesUnknownPlaceholderAndNamesThoseKnown) {
  EXPECT_EQ(Problem(One(postern::v1::LINE_TOO_LONG, 500, "5.5.2", "Over {limt}")),
            "replies[0] LINE_TOO_LONG: text line 1: placeholder {limt} is unknown; known here: "
            "{server} {limit}; write {{ for a brace");
}

TEST(ReplyTable, RefusesPlaceholderThatHasNoValueInTheSituation) {
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "{verb} done")),
              HasSubstr("text line 1: placeholder {verb} has no value here; known here: {server}"));
}

TEST(ReplyTable, RefusesUnbalancedBraces) {
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "a {server")),
              HasSubstr("the brace of \"{server\" is not closed"));
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "a {ser{server}")),
              HasSubstr("is not closed"));
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "a } b")),
              HasSubstr("the brace of \"} b\" was never opened"));
}

// R4: nothing that a table says can end a line or leave ASCII.
TEST(ReplyTable, RefusesTextThatIsNotPrintableAscii) {
  for (const char c : std::string("\r\n\0\x7f\x1b", 5)) {
    Table table = One(postern::v1::RSET_OK, 250, "2.0.0", "ok");
    table.mutable_replies(0)->add_text(std::string("ab") + c);
    EXPECT_THAT(Problem(table), HasSubstr("text line 2: octet 0x"));
    EXPECT_THAT(Problem(table), HasSubstr("at column 3 is neither printable ASCII nor HT"));
  }
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "gr\xc3\xbc\xc3\x9f")),
              HasSubstr("octet 0xc3 at column 3 is neither printable ASCII nor HT"));
  EXPECT_EQ(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "a\tb")), "loaded");
}

TEST(ReplyTable, TakesUtf8InUtf8TextOnlyAndNoControls) {
  Table table = One(postern::v1::RSET_OK, 250, "2.0.0", "ok");
  table.mutable_replies(0)->add_utf8_text("gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(Problem(table), "loaded");
  table.mutable_replies(0)->set_utf8_text(0, "a\xc2\x85z");
  EXPECT_THAT(Problem(table), HasSubstr("utf8_text line 1: octet 0xc2 at column 2"));
  table.mutable_replies(0)->set_utf8_text(0, "a\r\nz");
  EXPECT_THAT(Problem(table), HasSubstr("utf8_text line 1: octet 0x0d at column 2"));
}

// protobuf refuses such a string as a whole; the message still names the place.
TEST(ReplyTable, NamesThePlaceOfAStringThatIsNotUtf8) {
  Table table = One(postern::v1::RSET_OK, 250, "2.0.0", "ok");
  AddReply(&table, postern::v1::NOOP_OK, 250, "2.0.0", "ok")->add_utf8_text("gr@@n");
  for (const char* bad : {"\xfc\x80", "\xc0\xaf", "\xed\xa0"}) {
    std::string octets = table.SerializeAsString();
    octets.replace(octets.find("@@"), 2, bad);
    testing::internal::CaptureStderr();
    const auto loaded = ReplyTable::Load(octets);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a library must not log to stderr";
    ASSERT_FALSE(loaded.ok());
    EXPECT_THAT(std::string(loaded.status().message()),
                HasSubstr("replies[1]: field 5 line 1: octet 0x"));
    EXPECT_THAT(std::string(loaded.status().message()),
                HasSubstr("at column 3 is not well-formed"));
  }
}

TEST(ReplyTable, RefusesOctetsThatAreNoTable) {
  for (const std::string& octets :
       {std::string("\xff\xff\xff"), std::string("hello"), std::string("\x22\x7f\x01"),
        std::string("\x22\xff\xff\xff\xff\x0f")}) {
    const auto loaded = ReplyTable::Load(octets);
    ASSERT_FALSE(loaded.ok());
    EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("not a serialized"));
  }
}

TEST(ReplyTable, EveryPrefixOfTheDefaultIsLoadedOrRefusedInWords) {
  const std::string_view octets = DefaultTableBytes();
  for (size_t size = 0; size < octets.size(); size += 97) {
    const auto loaded = ReplyTable::Load(octets.substr(0, size));
    if (loaded.ok()) continue;
    EXPECT_FALSE(loaded.status().message().empty());
  }
}

// Every rendering is at most 512 octets, the longest values included.
TEST(ReplyTable, HoldsLinesTo512OctetsWithTheLongestValues) {
  // "500-" "5.5.2 " text CR LF, and {limit} of 20 digits.
  const size_t room = 512 - 4 - 6 - 2 - 20;
  EXPECT_EQ(
      Problem(One(postern::v1::LINE_TOO_LONG, 500, "5.5.2", std::string(room, 'x') + "{limit}")),
      "loaded");
  EXPECT_THAT(Problem(One(postern::v1::LINE_TOO_LONG, 500, "5.5.2",
                          std::string(room + 1, 'x') + "{limit}")),
              HasSubstr("text line 1: may take 513 octets"));
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "{server} {server}")),
              HasSubstr("shorten it by 11"));
}

TEST(ReplyTable, RefusesTooManyLines) {
  Table table = One(postern::v1::RSET_OK, 250, "2.0.0", "x");
  for (int i = 0; i < 55; ++i) table.mutable_replies(0)->add_text("x");
  EXPECT_EQ(Problem(table), "loaded");
  table.mutable_replies(0)->add_text("x");
  EXPECT_THAT(Problem(table), HasSubstr("RSET_OK: text: 57 lines; at most 56 may stand here"));
}

TEST(ReplyTable, RefusesDuplicatesUnknownIdsAndIdZero) {
  Table table = One(postern::v1::RSET_OK, 250, "2.0.0", "x");
  AddReply(&table, postern::v1::RSET_OK, 250, "2.0.0", "y");
  AddReply(&table, static_cast<postern::v1::ReplyId>(999), 250, "2.0.0", "y");
  AddReply(&table, postern::v1::REPLY_ID_UNSPECIFIED, 250, "2.0.0", "y");
  AddReply(&table, static_cast<postern::v1::ReplyId>(-1), 250, "2.0.0", "y");
  const std::string problem = Problem(table);
  EXPECT_THAT(problem, HasSubstr("replies[1] RSET_OK: id: a second entry for the same id"));
  EXPECT_THAT(problem, HasSubstr("replies[2]: id: 999 is unknown to this version"));
  EXPECT_THAT(problem, HasSubstr("replies[3]: id: missing"));
  EXPECT_THAT(problem, HasSubstr("replies[4]: id: 4294967295 is unknown"));
}

TEST(ReplyTable, RefusesEmptyText) {
  EXPECT_THAT(Problem(One(postern::v1::RSET_OK, 250, "2.0.0", "")),
              HasSubstr("RSET_OK: text: empty; write at least one line"));
  Table table = One(postern::v1::RSET_OK, 250, "2.0.0", "x");
  table.mutable_replies(0)->add_text("");
  EXPECT_THAT(Problem(table), HasSubstr("RSET_OK: text line 2: empty text"));
}

// RFC 5321 sections 4.1.1.1, 4.2.3 and 4.3.1.
TEST(ReplyTable, WantsTheServerNameFirstWhereTheRfcDoes) {
  EXPECT_THAT(Problem(One(postern::v1::GREETING, 220, "", "Welcome to {server}")),
              HasSubstr("GREETING: text line 1: does not begin with the server's name"));
  EXPECT_THAT(Problem(One(postern::v1::GREETING, 220, "", "{server}-ESMTP")),
              HasSubstr("begin it with {server}"));
  EXPECT_EQ(Problem(One(postern::v1::GREETING, 220, "", "{server}")), "loaded");
  for (const ReplyRule* rule = ReplyRulesBegin(); rule != ReplyRulesEnd(); ++rule) {
    const bool wanted = rule->codes[0] == 421 || rule->codes[0] == 221 ||
                        rule->id == ReplyId::kGreeting || rule->id == ReplyId::kLmtpGreeting ||
                        rule->id == ReplyId::kHeloOk || rule->id == ReplyId::kEhloOk;
    EXPECT_EQ(rule->begins_with_server, wanted) << rule->name;
  }
  EXPECT_THAT(Problem(One(postern::v1::QUIT_OK, 221, "2.0.0", "Bye")),
              HasSubstr("QUIT_OK: text line 1: does not begin with the server's name"));
  EXPECT_THAT(Problem(One(postern::v1::SHUTTING_DOWN, 421, "4.3.2", "Bye")),
              HasSubstr("SHUTTING_DOWN: text line 1: does not begin with the server's name"));
}

// C214: HELP lists what is in force.
TEST(ReplyTable, WantsTheCommandsInTheHelpOverview) {
  EXPECT_THAT(Problem(One(postern::v1::HELP_OVERVIEW, 214, "2.0.0", "Help yourself")),
              HasSubstr("HELP_OVERVIEW: text: {commands} stands there 0 times"));
  EXPECT_THAT(Problem(One(postern::v1::HELP_OVERVIEW, 214, "2.0.0", "Try {commands}")),
              HasSubstr("text line 1: {commands} must stand alone on its line"));
  Table table = One(postern::v1::HELP_OVERVIEW, 214, "2.0.0", "{commands}");
  EXPECT_EQ(Problem(table), "loaded");
  table.mutable_replies(0)->add_utf8_text("Hilfe");
  EXPECT_THAT(Problem(table), HasSubstr("utf8_text: {commands} stands there 0 times"));
}

TEST(ReplyTable, RefusesATableThatIsTooLarge) {
  Table table;
  for (int i = 0; i < 600; ++i) table.add_codes()->set_meaning(std::string(2000, 'x'));
  EXPECT_THAT(Problem(table), HasSubstr("octets; at most 1048576 are taken"));
}

TEST(ReplyTable, WantsAWholeTableWhereItExtendsNone) {
  Table table = Default();
  EXPECT_EQ(table.extends(), "none");
  EXPECT_EQ(Problem(table), "loaded");
  table.mutable_replies()->RemoveLast();
  EXPECT_EQ(Problem(table),
            "table: no entry for BURL_NOT_TRUSTED; add one, or let the table extend "
            "\"default\"");
  table.set_extends("default");
  EXPECT_EQ(Problem(table), "loaded");
  table.set_extends("de");
  EXPECT_THAT(Problem(table), HasSubstr("table: extends: \"de\" is unknown"));
}

TEST(ReplyTable, ReportsAllProblemsUpTo20) {
  Table table;
  for (int i = 0; i < 5; ++i) AddReply(&table, postern::v1::REPLY_ID_UNSPECIFIED, 250, "", "x");
  std::string problem = Problem(table);
  EXPECT_EQ(std::count(problem.begin(), problem.end(), '\n'), 4);
  for (int i = 0; i < 30; ++i) AddReply(&table, postern::v1::REPLY_ID_UNSPECIFIED, 250, "", "x");
  problem = Problem(table);
  EXPECT_EQ(std::count(problem.begin(), problem.end(), '\n'), 20);
  EXPECT_THAT(problem, HasSubstr("\nand 15 more"));
}

TEST(ReplyTable, ChecksFooters) {
  Table table;
  auto* footer = table.add_footers();
  footer->set_reply_class(2);
  footer->add_text("x");
  EXPECT_THAT(Problem(table), HasSubstr("footers[0] class 2: reply_class: a footer may stand"));
  footer->set_reply_class(5);
  EXPECT_EQ(Problem(table), "loaded");
  footer->add_text("{verb}");
  EXPECT_THAT(Problem(table), HasSubstr("text line 2: placeholder {verb} has no value here"));
  footer->set_text(1, std::string(497, 'x'));  // 4 + 10 + 497 + 2
  EXPECT_THAT(Problem(table), HasSubstr("may take 513 octets"));
  footer->clear_text();
  EXPECT_THAT(Problem(table), HasSubstr("text: empty"));
  for (int i = 0; i < 9; ++i) footer->add_text("x");
  EXPECT_THAT(Problem(table), HasSubstr("text: 9 lines; at most 8"));
  footer->clear_text();
  footer->add_text("x");
  *table.add_footers() = *footer;
  EXPECT_THAT(Problem(table), HasSubstr("a second footer for the same class"));
}

TEST(ReplyTable, ChecksHelpTopics) {
  Table table;
  auto* topic = table.add_help_topics();
  for (const std::string& bad : {std::string(), std::string("A B"), std::string(41, 'A')}) {
    topic->set_topic(bad);
    EXPECT_THAT(Problem(table), HasSubstr("help_topics[0]: topic: a name is 1 to 40 printable"));
  }
  topic->set_topic("Mail");
  EXPECT_THAT(Problem(table), HasSubstr("help_topics[0] Mail: text: empty"));
  topic->add_text("a\nb");
  EXPECT_THAT(Problem(table), HasSubstr("text line 1: octet 0x0a at column 2"));
  topic->set_text(0, "ab");
  EXPECT_EQ(Problem(table), "loaded");
  *table.add_help_topics() = *topic;
  table.mutable_help_topics(1)->set_topic("MAIL");
  EXPECT_THAT(Problem(table), HasSubstr("help_topics[1] MAIL: topic: a second entry"));
  for (int i = 0; i < 300; ++i) table.add_help_topics();
  EXPECT_THAT(Problem(table), HasSubstr("help_topics: 302 topics; at most 256 are taken"));
}

TEST(ReplyTable, ChecksCodeReferences) {
  Table table;
  auto* code = table.add_codes();
  for (const uint32_t bad : {0u, 199u, 260u, 600u, 999u}) {
    code->set_code(bad);
    EXPECT_THAT(Problem(table), HasSubstr("code: no reply code")) << bad;
  }
  code->set_code(550);
  EXPECT_THAT(Problem(table), HasSubstr("codes[0] 550: meaning: empty"));
  code->set_meaning(std::string(1001, 'x'));
  EXPECT_THAT(Problem(table), HasSubstr("codes[0] 550: meaning: 1001 octets; at most 1000"));
  code->set_meaning("a\nb");
  EXPECT_THAT(Problem(table), HasSubstr("meaning: holds a control character"));
  code->set_meaning("a");
  EXPECT_EQ(Problem(table), "loaded");
  std::string sparse;
  for (int i = 0; i < 30; ++i) sparse += std::string(31, 'x') + " ";
  code->set_meaning(sparse);
  code->set_mend(sparse);
  EXPECT_THAT(Problem(table), HasSubstr("takes 61 lines as a HELP topic; at most 56"));
  code->clear_mend();
  *table.add_codes() = *code;
  EXPECT_THAT(Problem(table), HasSubstr("codes[1] 550: code: a second entry"));
}

TEST(ReplyTable, ChecksNamesAndExplanations) {
  Table table;
  table.set_name(std::string(65, 'x'));
  table.set_language("\x01");
  EXPECT_THAT(Problem(table), HasSubstr("table: name: at most 64 printable ASCII octets"));
  EXPECT_THAT(Problem(table), HasSubstr("table: language: at most 35"));
  table = One(postern::v1::RSET_OK, 250, "2.0.0", "x");
  table.mutable_replies(0)->set_explanation("a\x1b");
  EXPECT_THAT(Problem(table), HasSubstr("explanation: holds a control character"));
  table.mutable_replies(0)->set_explanation(std::string(1001, 'a'));
  EXPECT_THAT(Problem(table), HasSubstr("explanation: 1001 octets; at most 1000 are taken"));
}

// What a table says badly is refused as a whole: the good entries do not count either.
TEST(ReplyTable, OneBadEntryRefusesTheWholeTable) {
  Table table = One(postern::v1::RSET_OK, 250, "2.0.0", "fine");
  AddReply(&table, postern::v1::NOOP_OK, 999, "2.0.0", "bad");
  EXPECT_THAT(Problem(table), HasSubstr("replies[1] NOOP_OK"));
  EXPECT_THAT(Problem(table), Not(HasSubstr("replies[0]")));
}

}  // namespace
}  // namespace postern::replies
