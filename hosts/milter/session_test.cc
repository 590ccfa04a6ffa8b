// SPDX-License-Identifier: Apache-2.0
//
// What a milter finds, without an MTA: replies taken apart and made to fit, commands judged,
// content cut anywhere.

#include "hosts/milter/session.h"

#include <array>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "hosts/milter/content.h"
#include "hosts/milter/judge.h"
#include "hosts/milter/reply.h"

namespace postern {
namespace milter {
namespace {

using Lines = std::vector<std::string>;

TEST(ReplyTest, IsTakenApart) {
  Reply reply;
  ASSERT_TRUE(ParseReply("550-5.1.1 one\r\n550-5.1.1 \r\n550 5.1.1 5.1.2 three\r\n", &reply));
  EXPECT_EQ(reply.code, "550");
  EXPECT_EQ(reply.enhanced, "5.1.1");
  EXPECT_EQ(reply.lines, (Lines{"one", "", "5.1.2 three"}));
  EXPECT_TRUE(reply.IsRefusal());

  ASSERT_TRUE(ParseReply("250 ok\r\n", &reply));
  EXPECT_EQ(reply.enhanced, "");
  EXPECT_EQ(reply.lines, Lines{"ok"});
  EXPECT_FALSE(reply.IsRefusal());
  // No enhanced code: of another class, or no three numbers.
  ASSERT_TRUE(ParseReply("550 4.1.1 text\r\n", &reply));
  EXPECT_EQ(reply.lines, Lines{"4.1.1 text"});
  ASSERT_TRUE(ParseReply("550 5.1 text\r\n", &reply));
  EXPECT_EQ(reply.lines, Lines{"5.1 text"});
  ASSERT_TRUE(ParseReply("550 5.1.1\r\n", &reply));
  EXPECT_EQ(reply.enhanced, "5.1.1");
  EXPECT_EQ(reply.lines, Lines{""});
}

TEST(ReplyTest, WhatIsNoReplyIsTold) {
  Reply reply;
  for (const char* octets :
       {"", "550 x", "550 x\r", "55\r\n", "5x0 a\r\n", "550-a\r\n", "550-a\r\n551 b\r\n",
        "550 a\r\n550 b\r\n", "550_a\r\n", "550 a\r\nnonsense"}) {
    EXPECT_FALSE(ParseReply(octets, &reply)) << octets;
  }
}

TEST(ReplyTest, PercentIsDoubled) {
  EXPECT_EQ(FitForMilter({"100% of %s", "%%"}), (Lines{"100%% of %%s", "%%%%"}));
}

TEST(ReplyTest, LinesBeyondThoseOfLibmilterAreJoinedAndNoneIsLost) {
  for (const size_t count : {size_t{1}, kMaxReplyLines, kMaxReplyLines + 1, size_t{60}}) {
    Lines lines;
    for (size_t i = 0; i < count; ++i) lines.push_back(absl::StrCat("line ", i));
    const Lines fitted = FitForMilter(lines);
    EXPECT_EQ(fitted.size(), std::min(count, kMaxReplyLines));
    EXPECT_EQ(absl::StrJoin(fitted, " "), absl::StrJoin(lines, " "));
  }
}

TEST(ReplyTest, NoLineIsLongerThanLibmilterTakes) {
  const std::string percents(490, '%');
  EXPECT_EQ(FitForMilter({percents})[0].size(), 980u);
  EXPECT_EQ(FitForMilter({percents + "%x"})[0], "x");
  for (const std::string& line : FitForMilter(Lines(200, std::string(500, 'x')))) {
    EXPECT_LE(line.size(), kMaxReplyLineOctets);
  }
}

class JudgeTest : public testing::Test {
 protected:
  static std::shared_ptr<const Judge> MakeJudge(const EngineFiles& files = EngineFiles()) {
    EngineFiles named = files;
    named.hostname = "mx.example";
    const absl::StatusOr<host::Plugin> plugin = host::Plugin::Load("plugin_api/libpostern.so");
    EXPECT_TRUE(plugin.ok()) << plugin.status();
    postern_host host = {};
    host.struct_size = sizeof(host);
    absl::StatusOr<std::shared_ptr<const Judge>> judge = Judge::Create(*plugin, named, host);
    EXPECT_TRUE(judge.ok()) << judge.status();
    return *judge;
  }

  static std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(testing::TempDir(), "/", name);
    FILE* const file = fopen(path.c_str(), "we");
    EXPECT_NE(file, nullptr);
    fputs(text.c_str(), file);
    fclose(file);
    return path;
  }
};

class SessionTest : public JudgeTest {
 protected:
  Finding Mail(std::vector<const char*> arguments, const Macros& macros = Macros()) {
    arguments.push_back(nullptr);
    return session_.Mail(arguments.data(), macros);
  }
  Finding Rcpt(std::vector<const char*> arguments) {
    arguments.push_back(nullptr);
    return session_.Rcpt(arguments.data(), Macros());
  }
  static std::string Code(const Finding& finding) {
    return finding.failed ? "failed" : finding.reply.code;
  }

  Session session_{MakeJudge(), 1, "192.0.2.7"};
};

TEST_F(SessionTest, GoodCommandsAreNoFinding) {
  EXPECT_EQ(Code(session_.Helo("client.example", Macros())), "");
  EXPECT_EQ(Code(session_.Helo("[192.0.2.7]", Macros())), "");
  EXPECT_EQ(Code(Mail({"<a@example.net>", "SIZE=100", "body=8bitmime", "RET=HDRS"})), "");
  EXPECT_EQ(Code(Rcpt({"<b@example.org>", "NOTIFY=NEVER"})), "");
  EXPECT_EQ(Code(session_.Data(Macros())), "");
  EXPECT_EQ(Code(session_.EndOfHeader()), "");
  EXPECT_EQ(Code(session_.EndOfMessage()), "");
  EXPECT_EQ(session_.messages(), 1u);
  // What the engine leaves off by itself and an MTA may offer.
  Macros sent_by_friend;
  sent_by_friend.tls = true;
  sent_by_friend.authenticated = true;
  EXPECT_EQ(Code(Mail({"<a@example.net>", "BY=120;R", "AUTH=<>"}, sent_by_friend)), "");
  EXPECT_EQ(session_.refused(), 0u);
}

TEST_F(SessionTest, WhatIsWrongIsRefusedByTheTable) {
  session_.Helo("client.example", Macros());
  EXPECT_EQ(Code(Mail({"a@example.net"})), "501");
  EXPECT_EQ(Code(Mail({"<a@example.net>", "SIZE=x"})), "501");
  EXPECT_EQ(Code(Mail({"<a@example.net>", "FROB"})), "555");
  EXPECT_EQ(Code(Mail({"<a@example.net>", "SIZE=999999999999"})), "552");
  EXPECT_EQ(Code(Mail({"<\xc3\xa4@example.net>"})), "550");
  EXPECT_EQ(Code(Mail({"<a@example.net>", "SMTPUTF8"})), "");
  EXPECT_EQ(Code(Rcpt({"<b..c@example.org>"})), "501");
  EXPECT_EQ(Code(Rcpt({"<\xc3\xa4@example.org>"})), "");
  EXPECT_EQ(Code(Mail({"<a@example.net>"})), "");
  EXPECT_EQ(Code(Rcpt({"<\xc3\xa4@example.org>"})), "553") << "SMTPUTF8 is of one transaction";
  EXPECT_EQ(Code(session_.Unknown("XYZZY", Macros())), "500");
  EXPECT_EQ(Code(session_.Unknown("", Macros())), "500");
  EXPECT_EQ(Code(session_.Unknown("FROB\x01", Macros())), "500");
  EXPECT_EQ(Code(session_.Unknown("EXPN list", Macros())), "502");
  EXPECT_EQ(Code(session_.Unknown("HELP", Macros())), "502") << "no milter can send 214";
  EXPECT_EQ(session_.refused(), 12u);
}

TEST_F(SessionTest, ABadNameIsToldWithMailUntilAGoodOneComes) {
  EXPECT_EQ(Code(Mail({"<a@example.net>"})), "503");
  EXPECT_EQ(Code(session_.Helo("under_score", Macros())), "501");
  const Finding finding = Mail({"<a@example.net>"});
  EXPECT_EQ(Code(finding), "501");
  EXPECT_EQ(finding.rule, uint32_t{POSTERN_RULE_C501});
  EXPECT_EQ(Code(session_.Unknown("XYZZY", Macros())), "500");
  EXPECT_EQ(Code(session_.Helo("client.example", Macros())), "");
  EXPECT_EQ(Code(Mail({"<a@example.net>"})), "");
}

TEST_F(SessionTest, HelpThatIsSwitchedOnIsLeftToTheMta) {
  EngineFiles files;
  files.config = WriteFile("help.textproto", "extensions { help: SWITCH_ON }\n");
  Session session(MakeJudge(files), 1, "");
  const Finding finding = session.Unknown("HELP", Macros());
  EXPECT_EQ(Code(finding), "");
  EXPECT_FALSE(finding.refused());
}

TEST_F(SessionTest, ContentWithoutItsCommandsIsReadAllTheSame) {
  // An MTA may leave steps out.
  EXPECT_EQ(Code(session_.Body("x\ry")), "");
  EXPECT_EQ(Code(session_.EndOfMessage()), "554");
  EXPECT_EQ(Code(session_.EndOfMessage()), "");
  session_.Abort();
  EXPECT_EQ(Code(session_.Header("Subject", " x")), "");
}

class ContentTest : public JudgeTest {
 protected:
  // What is found of this body, cut at random places.
  static Finding Read(const std::shared_ptr<const Judge>& judge, absl::string_view body,
                      std::mt19937* random) {
    std::unique_ptr<Content> content = Content::Begin(judge);
    EXPECT_NE(content, nullptr);
    content->Header("Subject", " x\n folded\r\n\tagain");
    content->EndOfHeader();
    while (!body.empty()) {
      const size_t size = random == nullptr ? body.size() : (*random)() % (body.size() + 1);
      content->Body(body.substr(0, size));
      body.remove_prefix(size);
    }
    return content->End();
  }
};

TEST_F(ContentTest, DotsAndMissingLineEndsAreNoFault) {
  const std::shared_ptr<const Judge> judge = MakeJudge();
  for (const char* body : {"", ".", "..", ".\r\n", ".\r\n.\r\n", "a\r\n.\r\nb", "a\r\n..b\r\n.",
                           "a", "\r\n\r\n", "\xff\x80"}) {
    const Finding finding = Read(judge, body, nullptr);
    EXPECT_FALSE(finding.failed) << body;
    EXPECT_EQ(finding.reply.code, "250") << body;
  }
}

TEST_F(ContentTest, BareNewlinesAreRefusedInBodyAndHeader) {
  const std::shared_ptr<const Judge> judge = MakeJudge();
  for (const char* body : {"a\rb", "a\nb", "\n", "\r", "a\n.\n", "a\n.\r\nb", "a\r\n.\nb", "a\r.\r",
                           "a\r\r\n", "\r\n.\r", "a\r"}) {
    const Finding finding = Read(judge, body, nullptr);
    EXPECT_EQ(finding.reply.code, "554") << body;
    EXPECT_EQ(finding.rule, uint32_t{POSTERN_RULE_D3}) << body;
  }
  for (const char* value : {" a\rb", " a\nb", " a\n", " a\r\n\r b"}) {
    std::unique_ptr<Content> content = Content::Begin(judge);
    content->Header("Subject", value);
    content->EndOfHeader();
    EXPECT_EQ(content->End().reply.code, "554") << value;
  }
}

// The engine counts content octets: one that was lost or added by the stuffing of dots would move
// the limit.
TEST_F(ContentTest, EveryOctetCountsOnceHoweverItIsCut) {
  EngineFiles files;
  files.config = WriteFile("limit.textproto", "limits { message_octets: 65536 }\n");
  const std::shared_ptr<const Judge> judge = MakeJudge(files);
  // "Subject: x CR LF folded CR LF again CR LF CR LF"
  const size_t header = 9 + 1 + 2 + 7 + 2 + 6 + 2 + 2;
  std::mt19937 random(1);
  for (int round = 0; round < 40; ++round) {
    std::string body;
    while (body.size() < 65536 - header - 8) {
      static constexpr std::array<const char*, 4> kPieces = {".", "\r\n", "\r\n.", "text"};
      body += kPieces[random() % kPieces.size()];
    }
    body += std::string(65536 - header - body.size() - 2, 'x') + "\r\n";
    EXPECT_EQ(Read(judge, body, &random).reply.code, "250");
    EXPECT_EQ(Read(judge, "y" + body, &random).reply.code, "552");
  }
}

TEST_F(ContentTest, TheFindingIsTheSameHoweverItIsCut) {
  const std::shared_ptr<const Judge> judge = MakeJudge();
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    std::string body;
    for (size_t size = random() % 24; body.size() < size;) body += "\r\n.\rx\n\r\n"[random() % 8];
    const Finding whole = Read(judge, body, nullptr);
    const Finding cut = Read(judge, body, &random);
    ASSERT_FALSE(whole.failed);
    ASSERT_EQ(whole.reply.code, cut.reply.code) << body;
    ASSERT_EQ(whole.rule, cut.rule);
    // The slow and obvious reading: nothing but CR LF pairs.
    bool bare = false;
    for (size_t i = 0; i < body.size(); ++i) {
      if (body[i] == '\r') {
        if (i + 1 < body.size() && body[i + 1] == '\n') {
          ++i;
        } else {
          bare = true;
        }
      } else if (body[i] == '\n') {
        bare = true;
      }
    }
    ASSERT_EQ(whole.reply.code, bare ? "554" : "250") << body;
  }
}

TEST_F(JudgeTest, NormalizeLeavesBareNewlinesToTheMta) {
  EngineFiles files;
  files.config = WriteFile("normalize.textproto", "bare_newline: BARE_NEWLINE_NORMALIZE\n");
  std::unique_ptr<Content> content = Content::Begin(MakeJudge(files));
  content->EndOfHeader();
  content->Body("a\rb\n");
  EXPECT_EQ(content->End().reply.code, "250");
}

TEST_F(JudgeTest, DemandsOfTlsAndAuthAreMadeOfMailAndNotOfContent) {
  EngineFiles files;
  files.config = WriteFile("demands.textproto", "require_tls: true require_auth: true\n");
  const std::shared_ptr<const Judge> judge = MakeJudge(files);
  EXPECT_NE(Content::Begin(judge), nullptr);
  Session session(judge, 1, "");
  session.Helo("client.example", Macros());
  const char* const sender[] = {"<a@example.net>", nullptr};
  EXPECT_EQ(session.Mail(sender, Macros()).reply.code, "530");
  Macros macros;
  macros.tls = true;
  EXPECT_EQ(session.Mail(sender, macros).reply.code, "530");
  macros.authenticated = true;
  EXPECT_EQ(session.Mail(sender, macros).reply.code, "");
}

TEST_F(JudgeTest, SubmissionIsOfMailAndNotOfContent) {
  EngineFiles files;
  files.config = WriteFile("submission.textproto", "submission: true\n");
  const std::shared_ptr<const Judge> judge = MakeJudge(files);
  EXPECT_NE(Content::Begin(judge), nullptr);
}

TEST_F(JudgeTest, WhatIsWrongInFilesIsToldByPlace) {
  const absl::StatusOr<host::Plugin> plugin = host::Plugin::Load("plugin_api/libpostern.so");
  ASSERT_TRUE(plugin.ok());
  postern_host host = {};
  host.struct_size = sizeof(host);
  const auto complaint = [&](const EngineFiles& files) {
    EngineFiles named = files;
    named.hostname = "mx.example";
    const absl::StatusOr<std::shared_ptr<const Judge>> judge = Judge::Create(*plugin, named, host);
    return judge.ok() ? std::string() : std::string(judge.status().message());
  };
  EngineFiles files;
  files.table = WriteFile("bad_table.textproto",
                          "name: \"x\"\nreplies { id: UNRECOGNIZED code: 250 text: \"x\" }\n");
  EXPECT_TRUE(absl::StartsWith(complaint(files), absl::StrCat(files.table, ":2: ")))
      << complaint(files);
  files = EngineFiles();
  files.config = WriteFile("bad_config.textproto", "\nlimits { recipients: 7 }\n");
  EXPECT_TRUE(absl::StartsWith(complaint(files), absl::StrCat(files.config, ":2: ")))
      << complaint(files);
  files.config = WriteFile("no_config.textproto", "frob: 7\n");
  EXPECT_TRUE(absl::StartsWith(complaint(files), files.config)) << complaint(files);
  files.config = WriteFile("codes.textproto", "extensions { enhancedstatuscodes: SWITCH_OFF }\n");
  EXPECT_TRUE(absl::StrContains(complaint(files), "leave it on")) << complaint(files);
  files.config = WriteFile("lmtp.textproto", "protocol: PROTOCOL_LMTP\n");
  EXPECT_TRUE(absl::StrContains(complaint(files), "protocol: milters")) << complaint(files);
  files = EngineFiles();
  files.server_name = "not a name";
  EXPECT_TRUE(absl::StartsWith(complaint(files), "--server_name: ")) << complaint(files);
  files.server_name = "";
  files.table = "/nonexistent";
  EXPECT_TRUE(absl::StartsWith(complaint(files), "/nonexistent: ")) << complaint(files);
}

}  // namespace
}  // namespace milter
}  // namespace postern
