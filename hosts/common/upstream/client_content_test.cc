// SPDX-License-Identifier: Apache-2.0
//
// Content by BDAT, and the replies of LMTP.

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosts/common/upstream/client.h"
#include "hosts/common/upstream/client_test_util.h"

namespace postern::upstream {
namespace {

// ---- LMTP ----

TEST(ClientTest, LmtpFoldsTheRepliesOfItsRecipients) {
  const struct {
    std::vector<std::string> replies;
    const char* outcome;
  } cases[] = {
      {{"250 one", "250 two", "250 three"}, "250 one"},
      {{"250 one", "550 5.2.2 two", "250 three"}, "550 5.2.2 two"},
      {{"550 one", "250 two", "451 three"}, "451 three"},
      {{"452 one", "250 two", "451 three"}, "452 one"},
      {{"552 one", "550 two", "551 three"}, "552 one"},
      {{"250-one\r\n250 and more", "250 two", "452 4.2.2 full\r\n"}, "452 4.2.2 full"},
  };
  for (const auto& each : cases) {
    AtEveryCut([&each](Talk* talk) {
      StartLmtp(talk, "250 lmtp.example\r\n");
      talk->Open(3);
      talk->Data();
      talk->client->Finish();
      EXPECT_EQ(talk->Heard(), ".\r\n");
      for (const std::string& reply : each.replies) {
        EXPECT_EQ(talk->Outcome(), "(none)");
        talk->Say(reply.back() == '\n' ? reply : reply + "\r\n");
      }
      EXPECT_EQ(talk->Outcome(), each.outcome);
      EXPECT_TRUE(talk->client->ready());
    });
  }
}

TEST(ClientTest, LmtpThatDiesAmongItsRepliesHasAcceptedNothing) {
  for (const bool says_so : {true, false}) {
    Talk talk(0);
    StartLmtp(&talk, "250 lmtp.example\r\n");
    talk.Open(3);
    talk.Data();
    talk.client->Finish();
    talk.Heard();
    talk.Say("250 one\r\n");
    if (says_so) {
      talk.Say("421 4.3.0 dying\r\n");
      EXPECT_EQ(talk.Outcome(), "421 4.3.0 dying");
    } else {
      talk.client->Disconnected();
      EXPECT_EQ(talk.Outcome(), "closed the connection");
    }
    EXPECT_TRUE(talk.client->closed());
  }
}

TEST(ClientTest, LmtpHasNoHelo) {
  Talk talk(0);
  talk.options.protocol = Protocol::kLmtp;
  talk.Connect();
  talk.Say("220 x\r\n");
  talk.Heard();
  talk.Say("500 what?\r\n");
  EXPECT_TRUE(talk.client->closed());
  EXPECT_EQ(talk.Heard(), "");
}

// ---- BDAT ----

TEST(ClientTest, OneMessageByBdat) {
  AtEveryCut([](Talk* talk) {
    talk->Start(kChunkingReply);
    talk->Open();
    talk->client->Data();
    EXPECT_EQ(talk->Outcome(), "354");
    EXPECT_EQ(talk->Heard(), "");
    talk->client->Content("Subject: x\r\n\r\n.dot\r");
    talk->client->Content("\n..\r\n");
    EXPECT_EQ(talk->Heard(), "");
    talk->client->Finish();
    EXPECT_EQ(talk->Heard(), "BDAT 24 LAST\r\nSubject: x\r\n\r\n.dot\r\n..\r\n");
    talk->Say("250 2.0.0 Ok: 24 octets\r\n");
    EXPECT_EQ(talk->Outcome(), "250 2.0.0 Ok: 24 octets");
    EXPECT_TRUE(talk->client->ready());
    talk->Open();
    talk->client->Data();
    EXPECT_EQ(talk->Outcome(), "354");
    talk->client->Finish();
    EXPECT_EQ(talk->Heard(), "BDAT 0 LAST\r\n");
  });
}

// RFC 3030 section 3: newlines of any kind, and none at the end.
TEST(ClientTest, BinaryContentGoesOctetForOctet) {
  AtEveryCut([](Talk* talk) {
    talk->Start("250-mx.example\r\n250-CHUNKING\r\n250 BINARYMIME\r\n");
    EXPECT_TRUE(talk->client->CanTakeBinary());
    MailArguments mail = From("<a@example.org>");
    mail.body = Body::kBinaryMime;
    EXPECT_EQ(talk->Mail(mail, "250 2.1.0 Ok\r\n"), "250 2.1.0 Ok");
    EXPECT_EQ(talk->heard, "MAIL FROM:<a@example.org> BODY=BINARYMIME\r\n");
    EXPECT_EQ(talk->Rcpt("<b@example.org>", "250 2.1.5 Ok\r\n"), "250 2.1.5 Ok");
    talk->client->Data();
    EXPECT_EQ(talk->Outcome(), "354");
    const std::string content("\n.\r\r\n\0\xff.\r\n.\r", 12);
    talk->client->Content(std::string_view(content).substr(0, 3));
    talk->client->Content(std::string_view(content).substr(3));
    talk->client->Finish();
    EXPECT_EQ(talk->Heard(), "BDAT 12 LAST\r\n" + content);
    talk->Say("250 2.0.0 Ok\r\n");
    EXPECT_EQ(talk->Outcome(), "250 2.0.0 Ok");
    // The next one has lines again.
    talk->Open();
    talk->client->Data();
    EXPECT_EQ(talk->Outcome(), "354");
    talk->client->Content("a\nb");
    EXPECT_EQ(talk->client->failure(), Failure::kBareNewline);
  });
}

TEST(ClientTest, BinaryContentIsKeptFromServersThatCannotTakeIt) {
  for (const char* const reply :
       {"250-mx.example\r\n250 BINARYMIME\r\n", kChunkingReply, "250 mx.example\r\n"}) {
    Talk talk(0);
    talk.Start(reply);
    EXPECT_FALSE(talk.client->CanTakeBinary());
    MailArguments mail = From("<a@example.org>");
    mail.body = Body::kBinaryMime;
    talk.client->Mail(mail);
    EXPECT_EQ(talk.client->failure(), Failure::kMisuse) << reply;
  }
}

TEST(ClientTest, ChunkingCanBeSwitchedOff) {
  Talk talk(0);
  talk.options.chunking = false;
  talk.Start(kChunkingReply);
  talk.Open();
  talk.Data();
}

// Content of `size` octets, in lines; gives what BDAT must have carried.
std::string Fill(Talk* talk, size_t size, std::string* wire, const std::string& reply,
                 size_t most_under_way) {
  std::string content;
  while (content.size() < size) content += "0123456789012345678901234567890123456789\r\n";
  size_t under_way = 0;
  std::string_view left = content;
  std::string pending;
  while (!left.empty()) {
    const size_t room = talk->client->ContentRoom();
    if (room > 0) {
      const std::string_view piece = left.substr(0, std::min<size_t>(room, 5000));
      talk->client->Content(piece);
      left.remove_prefix(piece.size());
    }
    pending += talk->Heard();
    for (size_t at = pending.find("BDAT "); at != std::string::npos; at = pending.find("BDAT ")) {
      const size_t end = pending.find("\r\n", at);
      const size_t length = std::stoul(pending.substr(at + 5));
      EXPECT_EQ(at, 0u);
      *wire += pending.substr(end + 2, length);
      pending.erase(0, end + 2 + length);
      ++under_way;
    }
    EXPECT_LE(under_way, most_under_way);
    if (room == 0) {
      EXPECT_GT(under_way, 0u) << "it takes nothing and waits for nothing";
      if (under_way == 0) break;
      talk->Say(reply);
      --under_way;
    }
  }
  while (under_way > 0) {
    talk->Say(reply);
    --under_way;
  }
  return content;
}

TEST(ClientTest, ChunksWaitForTheirReplies) {
  for (const bool pipelining : {false, true}) {
    Talk talk(0);
    talk.Start(pipelining ? kPipeliningReply : kChunkingReply);
    talk.Open();
    talk.client->Data();
    EXPECT_EQ(talk.Outcome(), "354");
    std::string wire;
    const std::string content = Fill(&talk, 20 * Client::kChunk + 77, &wire, "250 2.0.0 chunk\r\n",
                                     pipelining ? Client::kMaxChunksUnderWay : 1);
    talk.client->Finish();
    const std::string last = talk.Heard();
    const size_t end = last.find(" LAST\r\n");
    ASSERT_NE(end, std::string::npos);
    wire += last.substr(end + 7);
    EXPECT_EQ(wire, content);
    talk.Say("250 2.0.0 Ok\r\n");
    EXPECT_EQ(talk.Outcome(), "250 2.0.0 Ok");
  }
}

// Up to the first chunk, which is sealed and waits in the output, and so is the second where both
// may be under way.
void SealOne(Talk* talk, const std::string& ehlo) {
  talk->Start(ehlo);
  talk->Open();
  talk->client->Data();
  EXPECT_EQ(talk->Outcome(), "354");
  const std::string line = std::string(1022, 'x') + "\r\n";
  for (size_t i = 0; i < 16; ++i) talk->client->Content(line);
}

// As with commands: what a server says before it has the whole of a chunk is no reply to it. Such
// replies, one too many, would in the end let an earlier one stand for the message's.
TEST(ClientTest, RepliesBeforeAChunkAnswerNothing) {
  for (const char* ehlo : {kChunkingReply, kPipeliningReply}) {
    // Half a reply while none is due, and the only chunk behind it.
    Talk half(0);
    half.Start(ehlo);
    half.Open();
    half.client->Data();
    EXPECT_EQ(half.Outcome(), "354");
    half.client->Content("x\r\n");
    half.Say("25");
    half.client->Finish();
    EXPECT_EQ(half.Outcome(), "sends nonsense");
    EXPECT_EQ(half.Heard(), "");

    // The chunk has not left but for its last octet.
    Talk early(0);
    SealOne(&early, ehlo);
    ASSERT_EQ(early.Peek().substr(0, 5), "BDAT ");
    early.client->ConsumeOutput(early.Peek().size() - 1);
    early.Say("250 2.0.0 chunk\r\n");
    EXPECT_EQ(early.client->failure(), Failure::kNonsense);

    // A refusal may be early.
    Talk refused(0);
    SealOne(&refused, ehlo);
    refused.client->ConsumeOutput(refused.Peek().size() - 1);
    refused.Say("552 5.3.4 too big\r\n");
    refused.Heard();
    refused.client->Finish();
    EXPECT_EQ(refused.Outcome(), "552 5.3.4 too big");

    // Two for one: the second was there before the last chunk.
    Talk twice(0);
    SealOne(&twice, ehlo);
    twice.Heard();
    twice.client->Content("x\r\n");
    if (ehlo == std::string(kChunkingReply)) {
      twice.client->Finish();
      EXPECT_EQ(twice.Heard(), "") << "the last chunk waits for the reply to the one before";
    }
    twice.Say("250 2.0.0 chunk\r\n250 2.0.0 chunk\r\n");
    EXPECT_EQ(twice.client->failure(), Failure::kNonsense);
    EXPECT_EQ(twice.Heard(), "");
  }
}

TEST(ClientTest, ARefusedChunkRefusesTheMessage) {
  for (const bool pipelining : {false, true}) {
    AtEveryCut([pipelining](Talk* talk) {
      talk->Start(pipelining ? kPipeliningReply : kChunkingReply);
      talk->Open();
      talk->client->Data();
      EXPECT_EQ(talk->Outcome(), "354");
      const std::string line = std::string(1022, 'x') + "\r\n";
      for (size_t i = 0; i < 32; ++i) {
        if (talk->client->ContentRoom() >= line.size()) talk->client->Content(line);
        talk->Heard();
      }
      talk->Say("552 5.3.4 too big\r\n");
      if (pipelining) talk->Say("503 5.5.1 and this one\r\n");
      // The rest is taken and dropped.
      EXPECT_EQ(talk->client->ContentRoom(), SIZE_MAX);
      talk->client->Content(line);
      EXPECT_EQ(talk->Heard(), "");
      talk->client->Finish();
      EXPECT_EQ(talk->Outcome(), "552 5.3.4 too big");
      EXPECT_EQ(talk->Heard(), "RSET\r\n");
      talk->Say("250 Ok\r\n");
      EXPECT_TRUE(talk->client->ready());
    });
  }
}

TEST(ClientTest, ARefusedChunkWhileOthersAreUnderWay) {
  Talk talk(0);
  talk.Start(kPipeliningReply);
  talk.Open();
  talk.client->Data();
  EXPECT_EQ(talk.Outcome(), "354");
  const std::string line = std::string(1022, 'x') + "\r\n";
  for (size_t i = 0; i < 48; ++i) {
    talk.client->Content(line);
    talk.Heard();
  }
  talk.Say("451 4.3.0 no\r\n");
  talk.client->Finish();
  EXPECT_EQ(talk.Outcome(), "451 4.3.0 no");
  // Two more replies are due before RSET's can be told from them.
  EXPECT_EQ(talk.Heard(), "");
  EXPECT_FALSE(talk.client->ready());
  talk.Say("503 5.5.1 no\r\n503 5.5.1 no\r\n");
  EXPECT_EQ(talk.Heard(), "RSET\r\n");
  talk.Say("250 Ok\r\n");
  EXPECT_TRUE(talk.client->ready());
}

TEST(ClientTest, ARefusedLastChunkIsFollowedByReset) {
  AtEveryCut([](Talk* talk) {
    talk->Start(kChunkingReply);
    talk->Open();
    talk->client->Data();
    EXPECT_EQ(talk->Outcome(), "354");
    talk->client->Content("x\r\n");
    talk->client->Finish();
    talk->Heard();
    talk->Say("554 5.6.0 no\r\n");
    EXPECT_EQ(talk->Outcome(), "554 5.6.0 no");
    EXPECT_EQ(talk->Heard(), "RSET\r\n");
  });
}

TEST(ClientTest, ResetInsideBdatKeepsTheConnection) {
  for (const bool under_way : {false, true}) {
    AtEveryCut([under_way](Talk* talk) {
      talk->Start(kChunkingReply);
      talk->Open();
      talk->client->Data();
      EXPECT_EQ(talk->Outcome(), "354");
      const std::string line = std::string(1022, 'x') + "\r\n";
      for (size_t i = 0; i < (under_way ? 20u : 2u); ++i) talk->client->Content(line);
      talk->Heard();
      talk->client->Reset();
      if (under_way) {
        EXPECT_EQ(talk->Heard(), "");
        talk->Say("250 chunk\r\n");
      }
      EXPECT_EQ(talk->Heard(), "RSET\r\n");
      talk->Say("250 Ok\r\n");
      EXPECT_TRUE(talk->client->ready());
      EXPECT_EQ(talk->Outcome(), "(none)");
    });
  }
}

TEST(ClientTest, AChunkDoesNotWaitForEver) {
  Talk talk(0);
  talk.Start(kChunkingReply);
  talk.Open();
  talk.client->Data();
  EXPECT_EQ(talk.Outcome(), "354");
  EXPECT_EQ(talk.client->NextDeadline(), Client::kNever);
  talk.client->Content("slow\r\n");
  EXPECT_EQ(talk.client->NextDeadline(), talk.now + talk.options.timeouts.chunk);
  talk.client->Tick(talk.now + talk.options.timeouts.chunk - 1);
  EXPECT_EQ(talk.Heard(), "");
  talk.client->Tick(talk.now + talk.options.timeouts.chunk);
  EXPECT_EQ(talk.Heard(), "BDAT 6\r\nslow\r\n");
}

TEST(ClientTest, LmtpByBdatHasRepliesPerRecipientForTheLastChunkAlone) {
  Talk talk(0);
  StartLmtp(&talk, kChunkingReply);
  talk.Open(2);
  talk.client->Data();
  EXPECT_EQ(talk.Outcome(), "354");
  talk.client->Content("x\r\n");
  talk.client->Tick(talk.now + talk.options.timeouts.chunk);
  EXPECT_EQ(talk.Heard(), "BDAT 3\r\nx\r\n");
  talk.Say("250 chunk\r\n");
  talk.client->Finish();
  EXPECT_EQ(talk.Heard(), "BDAT 0 LAST\r\n");
  talk.Say("250 one\r\n");
  EXPECT_EQ(talk.Outcome(), "(none)");
  talk.Say("250 two\r\n");
  EXPECT_EQ(talk.Outcome(), "250 one");
}

}  // namespace
}  // namespace postern::upstream
