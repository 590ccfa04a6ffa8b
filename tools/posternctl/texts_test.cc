// SPDX-License-Identifier: Apache-2.0
//
// The tool's small parts: columns, JSON, flags, dialogues, leaks, translations, HTML text.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "tools/posternctl/command_line.h"
#include "tools/posternctl/dialogue.h"
#include "tools/posternctl/findings.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/html_page.h"
#include "tools/posternctl/json.h"
#include "tools/posternctl/languages.h"
#include "tools/posternctl/leaks.h"
#include "tools/posternctl/merged_table.h"
#include "tools/posternctl/paint.h"
#include "tools/posternctl/translation.h"

namespace postern {
namespace ctl {

// main.cc has the program's.
const std::vector<Command>& Commands() {
  static const auto* const commands = new std::vector<Command>{
      {"look", "FILE", "looks.", "", "", {"json", "answer", "seconds"}, 1, 2, nullptr}};
  return *commands;
}

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Paint, ColoursOnlyWhereItIsOn) {
  EXPECT_EQ(Paint(true).Red("x"), "\033[31mx\033[0m");
  EXPECT_EQ(Paint(false).Red("x"), "x");
  EXPECT_EQ(Paint(true).Red(""), "");
}

TEST(Paint, CountsColumnsOfWideAndCombiningLetters) {
  EXPECT_EQ(DisplayWidth("Zürich"), 6u);
  EXPECT_EQ(DisplayWidth("返信"), 4u);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1u);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2u);
  EXPECT_EQ(Pad("返", 4), "返  ");
}

TEST(Paint, WrapsBetweenWordsAndBetweenWideLetters) {
  EXPECT_THAT(WrapColumns("one two  three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(WrapColumns("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(WrapColumns("返信符号表", 4), ElementsAre("返信", "符号", "表"));
  // No mark that closes and no long vowel begins a line, no bracket that opens ends one, and a word
  // between wide letters stays whole.
  EXPECT_THAT(WrapColumns("返信。次", 4), ElementsAre("返", "信。", "次"));
  EXPECT_THAT(WrapColumns("符コード", 4), ElementsAre("符", "コー", "ド"));
  EXPECT_THAT(WrapColumns("返「次」", 4), ElementsAre("返", "「次", "」"));
  EXPECT_THAT(WrapColumns("返信EHLO送", 6), ElementsAre("返信", "EHLO送"));
  EXPECT_THAT(WrapColumns("  ", 4), IsEmpty());
  // Nothing is lost, whatever the width.
  const std::string text = "The line is no command: unknown, or not to be read as a line at all.";
  for (size_t width = 8; width < 90; ++width) {
    std::string joined;
    for (const std::string& line : WrapColumns(text, width)) {
      EXPECT_LE(DisplayWidth(line), width);
      joined += (joined.empty() ? "" : " ") + line;
    }
    EXPECT_EQ(joined, text) << width;
  }
}

TEST(Paint, MakesOctetsVisible) {
  EXPECT_EQ(Visible(std::string("a\r\n\t\0\x1b\\\xff", 8)), "a\\r\\n\\t\\0\\x1B\\\\\\xFF");
  EXPECT_EQ(Visible(std::string(40, 'x') + "\r\n"), "{x*40}\\r\\n");
}

TEST(Json, WritesNestedValuesAndEscapes) {
  JsonWriter json;
  json.BeginObject().Field("a\"b", "c\n\x01").Key("list").BeginList().Number(-1).Bool(true);
  json.BeginObject().EndObject().EndList().Texts("none", {}).EndObject();
  EXPECT_EQ(json.Done(),
            "{\n  \"a\\\"b\": \"c\\n\\u0001\",\n  \"list\": [\n    -1,\n    true,\n    {}\n  ],\n"
            "  \"none\": []\n}\n");
}

TEST(Json, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(JsonString("a\xff\xc3\xa4"), "\"a\xef\xbf\xbd\xc3\xa4\"");
}

TEST(CommandLine, TakesFlagsInEveryForm) {
  const Command& command = Commands()[0];
  const auto parsed = ParseInvocation(
      command, {"a", "--seconds=2", "--answer", "x=y", "--answer=z=w", "--json", "--", "--b"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->arguments, ElementsAre("a", "--b"));
  EXPECT_THAT(absl::GetFlag(FLAGS_answer), ElementsAre("x=y", "z=w"));
  EXPECT_TRUE(absl::GetFlag(FLAGS_json));
  ASSERT_TRUE(ParseInvocation(command, {"-", "--nojson"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_json));
  EXPECT_TRUE(ParseInvocation(command, {"--help"})->help);
}

TEST(CommandLine, RefusesWithTheMend) {
  const Command& command = Commands()[0];
  const auto why = [&](const std::vector<std::string>& arguments) {
    return std::string(ParseInvocation(command, arguments).status().message());
  };
  EXPECT_EQ(why({"--jsn", "a"}),
            "unknown flag --jsn of look; did you mean --json? posternctl look --help lists its "
            "flags");
  // A flag of another command is unknown here.
  EXPECT_THAT(why({"--html", "a"}), HasSubstr("unknown flag --html of look"));
  EXPECT_THAT(why({"--seconds=x", "a"}), HasSubstr("--seconds=x: this is not a number"));
  EXPECT_THAT(why({"a", "--seconds"}), HasSubstr("--seconds needs a value"));
  EXPECT_THAT(why({}), HasSubstr("look takes FILE; name what is missing"));
  EXPECT_THAT(why({"a", "b", "c"}), HasSubstr("leave out c"));
}

TEST(Dialogue, PlainLinesGetTheirLineEnd) {
  const auto dialogue = ReadDialogue("f", "NOOP\r\nC:x\n\nQUIT", false);
  ASSERT_TRUE(dialogue.ok());
  EXPECT_THAT(dialogue->pieces, ElementsAre("NOOP\r\n", "C:x\r\n", "\r\n", "QUIT\r\n"));
}

TEST(Dialogue, TheRfcsFormTakesTheClientsLines) {
  const auto dialogue = ReadDialogue(
      "f",
      "# title\nO: tls client=::1\nS: 220 hi\nC: EHLO a\nC: {a*3}\\0\\x41\\n\nA: rcpt reject "
      "RELAY_DENIED\nW: 500\n",
      false);
  ASSERT_TRUE(dialogue.ok()) << dialogue.status();
  EXPECT_THAT(dialogue->pieces, ElementsAre("EHLO a\r\n", std::string("aaa\0A\n", 6)));
  EXPECT_TRUE(dialogue->tls);
  EXPECT_EQ(dialogue->client, "::1");
  ASSERT_THAT(dialogue->answers.at(session::EventType::kRcpt), SizeIs(1));
  EXPECT_EQ(dialogue->answers.at(session::EventType::kRcpt)[0].reply,
            replies::ReplyId::kRelayDenied);
}

TEST(Dialogue, RawOctetsStay) {
  const auto dialogue = ReadDialogue("f", "C: a\\n\nb", true);
  ASSERT_TRUE(dialogue.ok());
  EXPECT_THAT(dialogue->pieces, ElementsAre("C: a\\n\n", "b"));
}

TEST(Dialogue, NamesFileAndLineOfWhatIsMalformed) {
  for (const char* bad :
       {"C: \\q", "C: {a*", "C: {a*x}", "C: \\x4", "C: x\\", "O: proxy_header\nC: x",
        "C: x\nA: rcpt", "C: x\nA: rcpt refuse", "C: x\nA: mial reject"}) {
    const auto dialogue = ReadDialogue("f", bad, false);
    ASSERT_FALSE(dialogue.ok()) << bad;
    EXPECT_THAT(std::string(dialogue.status().message()), HasSubstr("f:")) << bad;
  }
}

TEST(Dialogue, EveryEventAndRuleHasAName) {
  for (int i = 1; i < session::kEventTypeLimit; ++i) {
    const auto type = static_cast<session::EventType>(i);
    EXPECT_EQ(EventOfName(NameOfEvent(type)), type);
  }
  EXPECT_EQ(NameOfRule(session::Rule::kC500), "C500");
  EXPECT_EQ(NameOfRule(session::Rule::kNone), "");
}

v1::ReplyTable OneText(v1::ReplyId id, const std::string& text) {
  v1::ReplyTable table;
  v1::Reply* reply = table.add_replies();
  reply->set_id(id);
  reply->add_text(text);
  return table;
}

TEST(Leaks, FindsVersionsProductsUsersAndPlaces) {
  const std::pair<v1::ReplyId, const char*> leaks[] = {
      {v1::GREETING, "{server} ESMTP Exim"}, {v1::GREETING, "{server} ready, version 2"},
      {v1::GREETING, "{server} 4.94.2-deb"}, {v1::QUIT_OK, "{server} on FreeBSD"},
      {v1::NOOP_OK, "192.168.0.1"},          {v1::NOOP_OK, "see /etc/mail"},
      {v1::RCPT_REJECTED, "Quota exceeded"}, {v1::RCPT_REJECTED, "account disabled"},
      {v1::VRFY_OK, "user exists"},
  };
  for (const auto& [id, text] : leaks) {
    EXPECT_THAT(FindLeaks(OneText(id, text)), SizeIs(1)) << text;
  }
}

TEST(Leaks, LeavesHarmlessTextsAlone) {
  const std::pair<v1::ReplyId, const char*> harmless[] = {
      {v1::NOOP_OK, "RFC 5321 section 4.5.3.1, sections 2.3.8 and 4.2"},
      {v1::NOOP_OK, "from 192.0.2.1 or 198.51.100.7 with 5.7.1"},
      {v1::NOOP_OK, "Command is full of sound"},  // about no user
      {v1::UNRECOGNIZED, "Command {verb} does not exist, see HELP"},
      {v1::RCPT_REJECTED, "No such recipient here"},
  };
  for (const auto& [id, text] : harmless) {
    EXPECT_THAT(FindLeaks(OneText(id, text)), IsEmpty()) << text;
  }
}

v1::ReplyTable Default() { return DefaultTable(); }

TEST(Translation, TheOriginalIsWhole) {
  EXPECT_THAT(CompareTranslation(Default(), Default()), IsEmpty());
}

TEST(Translation, ALostIdCodeTopicOrEnhancedCodeIsTold) {
  const v1::ReplyTable original = Default();
  v1::ReplyTable translation = original;
  translation.mutable_replies()->DeleteSubrange(5, 1);
  translation.mutable_codes()->DeleteSubrange(0, 1);
  translation.mutable_help_topics()->DeleteSubrange(1, 1);
  translation.mutable_enhanced_codes()->DeleteSubrange(2, 1);
  translation.mutable_classes()->DeleteSubrange(3, 1);
  translation.mutable_subjects()->DeleteSubrange(0, 1);
  EXPECT_THAT(
      CompareTranslation(original, translation),
      ElementsAre("table: no entry for HELO_REJECTED; add it", "table: no help topic EHLO; add it",
                  "table: no reference of code 211; add it", "table: no words for class 5; add it",
                  "table: no words for second digit 0; add it",
                  "table: no reference of enhanced code X.1.1; add it"));
}

TEST(Translation, ALostPlaceholderOrFieldIsTold) {
  const v1::ReplyTable original = Default();
  v1::ReplyTable translation = original;
  for (v1::Reply& reply : *translation.mutable_replies()) {
    if (reply.id() == v1::UNRECOGNIZED) *reply.mutable_text(0) = "{{verb}}";
    if (reply.id() == v1::LINE_TOO_LONG) reply.add_utf8_text("¿");
    if (reply.id() == v1::NOOP_OK) reply.clear_explanation();
    if (reply.id() == v1::RCPT_REJECTED) reply.set_code(553);
  }
  translation.mutable_codes(1)->clear_use_when();
  translation.mutable_codes(1)->mutable_neighbours()->DeleteSubrange(0, 1);
  translation.mutable_codes(2)->set_meaning("Готово");
  const std::vector<std::string> problems = CompareTranslation(original, translation);
  EXPECT_THAT(problems, Contains(HasSubstr("UNRECOGNIZED: text: {verb} of the original is lost")));
  EXPECT_THAT(problems, Contains(HasSubstr("LINE_TOO_LONG: utf8_text: {limit} of the original")));
  EXPECT_THAT(problems, Contains(HasSubstr("NOOP_OK: explanation: empty")));
  EXPECT_THAT(problems, Contains(HasSubstr("RCPT_REJECTED: code: 553 5.1.1 where the original has "
                                           "550 5.1.1")));
  EXPECT_THAT(problems, Contains(HasSubstr("214: use_when: empty")));
  EXPECT_THAT(problems, Contains(HasSubstr("214: neighbours: no 211")));
  EXPECT_THAT(problems, Contains(HasSubstr("220: HELP 220 cannot tell it")));
  EXPECT_THAT(problems, SizeIs(7));
}

TEST(Translation, HelpThatNobodyCouldTellIsTold) {
  const v1::ReplyTable original = Default();
  v1::ReplyTable translation = original;
  translation.mutable_replies(0)->set_explanation("Сеанс открыт");
  translation.mutable_enhanced_codes(0)->set_mend("Ничего");
  EXPECT_THAT(CompareTranslation(original, translation),
              ElementsAre(HasSubstr("table: extends: HELP cannot tell GREETING and 1 more")));
  translation.set_extends("default");
  EXPECT_THAT(CompareTranslation(original, translation), IsEmpty());
}

TEST(Findings, TakesProblemsOfTheEngineApart) {
  SourceFile file;
  file.path = "f";
  file.parsed.places = {{"replies[3]", {10, 1}}, {"replies[3].text[1]", {14, 3}}};
  const Finding finding = FromProblem(file, "replies[3] NOOP_OK: text line 2: a: b; and; mend it");
  EXPECT_EQ(finding.entry, "replies[3] NOOP_OK");
  EXPECT_EQ(finding.field, "text line 2");
  EXPECT_EQ(finding.why, "a: b; and");
  EXPECT_EQ(finding.mend, "mend it");
  EXPECT_EQ(finding.line, 14);
  // A field that is missing is where its entry is.
  EXPECT_EQ(FromProblem(file, "replies[3] NOOP_OK: enhanced_code: missing; add it").line, 10);
  EXPECT_EQ(FromProblem(file, "table: no entry for BARE_LF; add one").line, 0);
}

TEST(MergedTable, OwnEntriesStandOverTheDefaults) {
  v1::ReplyTable own = OneText(v1::NOOP_OK, "Nothing");
  own.mutable_replies(0)->set_code(250);
  own.mutable_replies(0)->set_enhanced_code("2.0.0");
  const auto table = MergedTable::Make(own, "mx.example");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->Render(replies::ReplyId::kNoopOk, false), ElementsAre("250 2.0.0 Nothing"));
  EXPECT_TRUE(table->IsOwn(static_cast<uint32_t>(replies::ReplyId::kNoopOk)));
  EXPECT_FALSE(table->IsOwn(static_cast<uint32_t>(replies::ReplyId::kRsetOk)));
  EXPECT_THAT(table->Render(replies::ReplyId::kEhloOk, false), Contains("250-SIZE 52428800"));
  EXPECT_EQ(table->FindEnhanced("4.1.1")->code(), "X.1.1");
  EXPECT_EQ(table->FindEnhanced("5.7.8")->code(), "5.7.8");
  EXPECT_EQ(table->FindEnhanced("4.7.8"), nullptr);
  EXPECT_FALSE(MergedTable::Make(own, "not a name").ok());
}

// Every situation of the engine's rules has its words, so that render leaves none out.
TEST(MergedTable, EverySituationIsShown) {
  for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
       rule != replies::ReplyRulesEnd(); ++rule) {
    EXPECT_THAT(Situations(), Contains(testing::Field(&SituationName::situation, rule->situation)))
        << rule->name;
  }
}

// The captions of a table go over the default's; a value is never read as a placeholder.
TEST(MergedTable, CaptionsAreTheTablesOwnOrTheDefaults) {
  v1::ReplyTable own;
  v1::Caption* caption = own.add_captions();
  caption->set_name("page_title");
  caption->set_text("{server} sagt {server} {etwas} {");
  const auto table = MergedTable::Make(own, "mx.example");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->Caption("page_title", {{"server", "{etwas}"}}),
            "{etwas} sagt {etwas} {etwas} {");
  EXPECT_EQ(table->Caption("when_seen"), "When seen");
}

// What the program asks for is there; a name without a caption would be shown as it is.
TEST(MergedTable, TheDefaultTableHasEveryCaption) {
  std::set<std::string> names;
  for (const v1::Caption& caption : DefaultTable().captions()) names.insert(caption.name());
  for (const SituationName& situation : Situations()) {
    EXPECT_THAT(names, Contains("situation_" + situation.name));
    EXPECT_THAT(names, Contains("about_" + situation.name));
  }
  const auto table = MergedTable::Make({}, "mx.example");
  ASSERT_TRUE(table.ok()) << table.status();
  const std::string page = HtmlPage(*table);
  for (const char* part : {">page_", "\"page_", ">situation_", ">about_", ">utf8_"}) {
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  }
}

TEST(MergedTable, FillsTheServerIntoTopicsInUtf8) {
  v1::ReplyTable own;
  v1::HelpTopic* topic = own.add_help_topics();
  topic->set_topic("SUPPORT");
  topic->add_text("write to {server}");
  topic->add_utf8_text("schreibt an {server} für {{Hilfe}}");
  const auto table = MergedTable::Make(own, "mx.example");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->Utf8Topic(own.help_topics(0)),
              ElementsAre("schreibt an mx.example für {Hilfe}"));
}

TEST(MergedTable, Titles) {
  EXPECT_EQ(TitleOf("RCPT_REJECTED"), "RCPT rejected");
  EXPECT_EQ(TitleOf("MAILBOX_FULL"), "Mailbox full");
  EXPECT_EQ(TitleOf("BARE_LF"), "Bare LF");
  EXPECT_EQ(TitleOf("BAD_UTF8"), "Bad UTF-8");
}

TEST(Html, TextIsNoMarkup) {
  EXPECT_EQ(HtmlText("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
}

}  // namespace
}  // namespace ctl
}  // namespace postern
