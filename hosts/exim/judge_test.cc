// SPDX-License-Identifier: Apache-2.0

#include "hosts/exim/judge.h"

#include <stdlib.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace postern {
namespace exim {
namespace {

std::string Plugin() {
  return absl::StrCat(getenv("TEST_SRCDIR"), "/postern/plugin_api/libpostern.so");
}

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(getenv("TEST_TMPDIR"), "/", name);
  std::ofstream(path) << text;
  return path;
}

absl::StatusOr<std::unique_ptr<Judge>> Make(std::vector<std::string> arguments) {
  arguments.push_back("plugin=" + Plugin());
  arguments.push_back("server_name=mx.example");
  absl::StatusOr<Settings> settings = Settings::Parse(arguments);
  if (!settings.ok()) return settings.status();
  return Judge::Create(*settings);
}

postern_inspect_context Context(uint32_t flags) {
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  context.flags = flags;
  return context;
}

TEST(SettingsTest, MistakesAreNamed) {
  for (const auto& [argument, complaint] : std::vector<std::pair<std::string, std::string>>{
           {"tabel=/x", "did you mean 'table=...'?"},
           {"/etc/table", "is no setting"},
           {"table=table.textproto", "write the whole path"},
           {"plugin=", "write the whole path"}}) {
    const absl::StatusOr<Settings> settings = Settings::Parse({argument});
    ASSERT_FALSE(settings.ok()) << argument;
    EXPECT_TRUE(absl::StrContains(settings.status().message(), complaint)) << settings.status();
  }
}

TEST(JudgeTest, ALineThatIsRightHasNoMessage) {
  const auto judge = Make({});
  ASSERT_TRUE(judge.ok()) << judge.status();
  const uint32_t greeted = POSTERN_INSPECT_EHLO;
  for (const auto& [flags, line] : std::vector<std::pair<uint32_t, std::string>>{
           {0, "EHLO client.example"},
           {greeted, "MAIL FROM:<a@example.net> SIZE=100"},
           {greeted | POSTERN_INSPECT_MAIL, "RCPT TO:<b@example.org>"},
           {greeted | POSTERN_INSPECT_MAIL | POSTERN_INSPECT_RCPT, "DATA"},
           {greeted, "VRFY b"}}) {
    EXPECT_EQ((*judge)->Check(Context(flags), line).value(), "") << line;
  }
}

TEST(JudgeTest, TheMessageIsTheTables) {
  const std::string table =
      WriteFile("table.textproto",
                "extends: \"default\"\nreplies { id: BAD_REVERSE_PATH code: 501 "
                "enhanced_code: \"5.1.7\" text: \"one\" "
                "text: \"two\" }\n");
  const auto judge = Make({"table=" + table});
  ASSERT_TRUE(judge.ok()) << judge.status();
  EXPECT_EQ((*judge)->Check(Context(POSTERN_INSPECT_EHLO), "MAIL FROM:<a b>").value(),
            "501 5.1.7 one\ntwo");
  EXPECT_TRUE(absl::StartsWith((*judge)->Check(Context(0), "MAIL FROM:<>").value(), "503 5.5.1 "));
}

TEST(JudgeTest, EtrnHasTheClassThatEximTakes) {
  const auto judge = Make({});
  ASSERT_TRUE(judge.ok()) << judge.status();
  EXPECT_TRUE(absl::StartsWith(
      (*judge)->Check(Context(POSTERN_INSPECT_EHLO), "etrn example.org").value(), "458 4.5.1 "));
}

TEST(JudgeTest, FilesThatAreWrongAreNamed) {
  for (const auto& [setting, complaint] : std::vector<std::pair<std::string, std::string>>{
           {"table=/nowhere/table.textproto", "/nowhere/table.textproto"},
           {"table=" + WriteFile("bad.textproto", "replies { id: NOPE }\n"), "bad.textproto"},
           {"table=" +
                WriteFile("code.textproto",
                          "extends: \"default\"\nreplies { id: NOOP_OK code: 550 enhanced_code: "
                          "\"5.0.0\" text: \"x\" }\n"),
            "code.textproto: replies[0] NOOP_OK"},
           {"config=" + WriteFile("config.textproto", "limits { recipients: 1 }\n"),
            "config.textproto: "}}) {
    const auto judge = Make({setting});
    ASSERT_FALSE(judge.ok()) << setting;
    EXPECT_TRUE(absl::StrContains(judge.status().message(), complaint)) << judge.status();
  }
}

TEST(ToMessageTest, CodesStandOnce) {
  EXPECT_EQ(ToMessage("501-5.5.4 one\r\n501 5.5.4 two\r\n"), "501 5.5.4 one\ntwo");
  EXPECT_EQ(ToMessage("500 plain\r\n"), "500 plain");
  EXPECT_EQ(ToMessage("500-5.5.x one\r\n500 5.5.x two\r\n"), "500 5.5.x one\n5.5.x two");
  EXPECT_EQ(ToMessage("421 4.7.0 \r\n"), "421 4.7.0 ");
  EXPECT_EQ(ToMessage("500\r\n"), "500 ");
  EXPECT_EQ(ToMessage(""), "");
}

TEST(ToMessageTest, NoLineIsLongerThanEximLeavesAlone) {
  std::string words;
  for (int i = 0; i < 60; ++i) absl::StrAppend(&words, i == 0 ? "" : " ", "w", i, ":");
  const std::string message = ToMessage(absl::StrCat("550 5.7.1 ", words, "\r\n"));
  std::string joined;
  for (const absl::string_view line : absl::StrSplit(message, '\n')) {
    EXPECT_LE(line.size(), 74u) << line;
    absl::StrAppend(&joined, joined.empty() ? "" : " ", line);
  }
  EXPECT_EQ(joined, "550 5.7.1 " + words);
}

TEST(ToMessageTest, AWordThatIsTooLongIsNotCut) {
  const std::string word(100, 'x');
  EXPECT_EQ(ToMessage("550 5.7.1 a " + word + " b\r\n"), "550 5.7.1 a\n" + word + "\nb");
  EXPECT_EQ(ToMessage("550 5.7.1 " + word + "\r\n"), "550 5.7.1 " + word);
}

}  // namespace
}  // namespace exim
}  // namespace postern
