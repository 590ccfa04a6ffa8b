// SPDX-License-Identifier: Apache-2.0
//
// Servers that break the rules, go away, or are slow; and hosts that call out of order.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosts/common/upstream/client.h"
#include "hosts/common/upstream/client_test_util.h"

namespace postern::upstream {
namespace {

// ---- Servers that break the rules ----

// The steps of a conversation at each of which something can go wrong, by number. False: there is
// no such step.
bool GoTo(int step, bool bdat, Talk* talk) {
  talk->Connect();
  if (step == 0) return true;
  talk->Say("220 mx.example\r\n");
  if (step == 1) return true;
  talk->Heard();
  talk->Say(bdat ? kChunkingReply : kEhloReply);
  if (step == 2) return true;
  talk->client->Mail(From("<a@example.org>"));
  if (step == 3) return true;
  talk->Heard();
  talk->Say("250 Ok\r\n");
  EXPECT_EQ(talk->Outcome(), "250 Ok");
  if (step == 4) return true;
  talk->client->Rcpt("<b@example.org>", "");
  if (step == 5) return true;
  talk->Heard();
  talk->Say("250 Ok\r\n");
  EXPECT_EQ(talk->Outcome(), "250 Ok");
  if (step == 6) return true;
  talk->client->Data();
  if (!bdat) {
    if (step == 7) return true;
    talk->Heard();
    talk->Say("354 go\r\n");
  }
  EXPECT_TRUE(talk->client->TakeOutcome());
  if (step == 8) return true;
  talk->client->Content("x\r\n");
  if (step == 9) return true;
  talk->Heard();
  talk->client->Finish();
  if (step == 10) return true;
  talk->Heard();
  talk->Say("250 Ok\r\n");
  EXPECT_EQ(talk->Outcome(), "250 Ok");
  if (step == 11) return true;
  talk->client->Quit();
  return step == 12;
}

// A step with a request under way has an outcome now; the others have one for the next request.
std::string Next(int step, Talk* talk) {
  if (step == 2 || step == 11) talk->client->Mail(From("<a@example.org>"));
  if (step == 4) talk->client->Rcpt("<b@example.org>", "");
  if (step == 6) talk->client->Data();
  if (step == 8 || step == 9) {
    talk->client->Content("more\r\n");
    talk->client->Finish();
  }
  return talk->Outcome();
}

TEST(ClientTest, NonsenseAtEveryStepEndsItAndAcceptsNothing) {
  const std::vector<std::string> nonsense = {"HTTP/1.1 400 Bad Request\r\n",
                                             "\r\n",
                                             "250\n",
                                             "250 x\n",
                                             "999 x\r\n",
                                             std::string("220 a\0b\r\n", 9),
                                             std::string(5000, 'x'),
                                             "250-a\r\n251 b\r\n",
                                             "334 \r\n",
                                             "100 x\r\n",
                                             "\x15\x03\x01\x00\x02\x02\x46\r\n"};
  for (const bool bdat : {false, true}) {
    for (int step = 0; step <= 12; ++step) {
      for (const std::string& each : nonsense) {
        for (const size_t cut : {0, 1}) {
          Talk talk(cut);
          if (!GoTo(step, bdat, &talk)) continue;
          talk.Heard();
          talk.Say(each);
          SCOPED_TRACE("step " + std::to_string(step) + (bdat ? " bdat: " : ": ") + each);
          if (step == 12 && talk.client->failure() == Failure::kDropped) continue;
          EXPECT_TRUE(talk.client->closed());
          EXPECT_EQ(talk.client->failure(), Failure::kNonsense);
          EXPECT_EQ(talk.Heard(), "");
          if (step > 1 && step < 12) {
            EXPECT_EQ(Next(step, &talk), "sends nonsense");
          }
        }
      }
    }
  }
}

TEST(ClientTest, AClosedConnectionAtEveryStepAcceptsNothing) {
  for (const bool bdat : {false, true}) {
    for (int step = 0; step <= 11; ++step) {
      for (const bool half_a_reply : {false, true}) {
        Talk talk(0);
        if (!GoTo(step, bdat, &talk)) continue;
        talk.Heard();
        // Not even one that looks like success.
        if (half_a_reply) talk.Say("250-2.0.0 Ok\r\n250 2.0.0 O");
        if (!talk.client->closed()) talk.client->Disconnected();
        EXPECT_TRUE(talk.client->closed());
        EXPECT_EQ(talk.Heard(), "");
        if (step > 1) {
          EXPECT_EQ(Next(step, &talk), "closed the connection") << step;
        }
      }
    }
  }
}

TEST(ClientTest, NoConnectionAtAll) {
  Talk talk(0);
  talk.client = std::make_unique<Client>(talk.options, talk.identity, talk.now);
  talk.client->Disconnected();
  EXPECT_TRUE(talk.client->closed());
  EXPECT_EQ(talk.client->failure(), Failure::kUnavailable);
}

TEST(ClientTest, RepliesToNothingEndTheConnection) {
  for (const bool bdat : {false, true}) {
    for (const int step : {2, 4, 6, 8, 11}) {
      Talk talk(0);
      ASSERT_TRUE(GoTo(step, bdat, &talk));
      talk.Heard();
      talk.Say("250 2.0.0 Ok\r\n");
      EXPECT_EQ(talk.client->failure(), Failure::kNonsense) << step;
      EXPECT_EQ(Next(step, &talk), "sends nonsense") << step;
    }
  }
}

TEST(ClientTest, OctetsThatCameBeforeACommandAreNoReplyToIt) {
  for (const bool bdat : {false, true}) {
    for (const int step : {2, 4, 6, 11}) {
      Talk talk(0);
      ASSERT_TRUE(GoTo(step, bdat, &talk));
      talk.Heard();
      talk.Say("250 2.0");
      EXPECT_FALSE(talk.client->closed());
      EXPECT_EQ(Next(step, &talk), "sends nonsense") << step;
      EXPECT_EQ(talk.Heard(), "");
    }
  }
  // Nor is half a reply that came before the final dot an answer to it.
  Talk talk(0);
  ASSERT_TRUE(GoTo(9, false, &talk));
  talk.Heard();
  talk.Say("250 2.0.0 O");
  talk.client->Finish();
  EXPECT_EQ(talk.Heard(), "");
  EXPECT_EQ(talk.Outcome(), "sends nonsense");
}

TEST(ClientTest, AReplyBeforeTheCommandWasTakenAnswersNothing) {
  for (const bool bdat : {false, true}) {
    for (const int step : {1, 3, 5, 10}) {
      Talk talk(0);
      ASSERT_TRUE(GoTo(step, bdat, &talk));
      EXPECT_NE(talk.Peek(), "");
      // All but its last octet has left.
      talk.client->ConsumeOutput(talk.Peek().size() - 1);
      talk.Say("250 2.0.0 Ok\r\n");
      EXPECT_EQ(talk.client->failure(), Failure::kNonsense) << step;
      if (step > 1) {
        EXPECT_EQ(talk.Outcome(), "sends nonsense");
      }
    }
  }
}

TEST(ClientTest, AReplyThatBeganBeforeTheCommandWasTakenAnswersNothing) {
  for (const bool bdat : {false, true}) {
    for (const int step : {3, 5, 10}) {
      Talk talk(0);
      ASSERT_TRUE(GoTo(step, bdat, &talk));
      talk.Say("2");
      talk.Heard();
      talk.Say("50 2.0.0 Ok\r\n");
      EXPECT_EQ(talk.client->failure(), Failure::kNonsense) << step;
      EXPECT_EQ(talk.Outcome(), "sends nonsense");
    }
  }
}

TEST(ClientTest, ARefusalBeforeTheEndOfContentWasTakenIsTheAnswer) {
  AtEveryCut([](Talk* talk) {
    talk->Start();
    talk->Open();
    talk->Data();
    talk->client->Content("x\r\n");
    talk->client->Finish();
    talk->Say("552 5.3.4 too big\r\n");
    EXPECT_EQ(talk->Outcome(), "552 5.3.4 too big");
    EXPECT_TRUE(talk->client->closed());
    EXPECT_EQ(talk->Heard(), "") << "the end of the content must not follow";
  });
}

TEST(ClientTest, RepliesGivenInAdvanceAnswerNothing) {
  Talk talk(0);
  talk.Connect();
  talk.Say("220 mx.example\r\n250 mx.example\r\n");
  EXPECT_EQ(talk.client->failure(), Failure::kNonsense);
  EXPECT_EQ(talk.Heard(), "");

  Talk identified(0);
  identified.options.identity = IdentityMode::kXclient;
  identified.Connect();
  identified.Say("220 mx.example\r\n");
  identified.Heard();
  identified.Say("250-mx.example\r\n250 XCLIENT ADDR\r\n2");
  EXPECT_EQ(identified.client->failure(), Failure::kNonsense);
  EXPECT_EQ(identified.Heard(), "");
}

TEST(ClientTest, TheReplyBehindTheOneThatWasDueEndsTheConnection) {
  Talk talk(0);
  talk.Start();
  talk.client->Mail(From("<a@example.org>"));
  talk.Heard();
  talk.Say("250 Ok\r\n250 and the next one too\r\n");
  EXPECT_EQ(talk.Outcome(), "250 Ok");
  EXPECT_EQ(talk.Rcpt("<b@example.org>", ""), "sends nonsense");
}

TEST(ClientTest, ClosingWords) {
  // 421 may come at any time, and is told as what it is where a reply was due.
  for (const bool bdat : {false, true}) {
    for (int step = 2; step <= 11; ++step) {
      Talk talk(0);
      if (!GoTo(step, bdat, &talk)) continue;
      talk.Heard();
      talk.Say("421 4.3.2 shutting down\r\n");
      EXPECT_TRUE(talk.client->closed()) << step;
      const bool idle = step == 2 || step == 4 || step == 6 || step == 11;
      EXPECT_EQ(Next(step, &talk), idle ? "closed the connection" : "421 4.3.2 shutting down")
          << step << bdat;
    }
  }
}

TEST(ClientTest, RefusalInTheMiddleOfContentIsTheMessagesAnswer) {
  AtEveryCut([](Talk* talk) {
    talk->Start();
    talk->Open();
    talk->Data();
    talk->client->Content("x\r\n");
    talk->Heard();
    talk->Say("552 5.3.4 too big\r\n");
    EXPECT_TRUE(talk->client->closed());
    talk->client->Content("more\r\n");
    EXPECT_EQ(talk->Heard(), "");
    EXPECT_EQ(talk->client->ContentRoom(), SIZE_MAX);
    talk->client->Finish();
    EXPECT_EQ(talk->Outcome(), "552 5.3.4 too big");
  });
}

TEST(ClientTest, BareNewlinesAreNeverPassedOn) {
  for (const bool bdat : {false, true}) {
    for (const char* content : {"a\nb\r\n", "a\rb\r\n", "\n", "a\r\r\nb", "\n.\r\nMAIL", "a\r"}) {
      Talk talk(0);
      ASSERT_TRUE(GoTo(8, bdat, &talk));
      talk.Heard();
      for (const char* c = content; *c != '\0'; ++c) talk.client->Content({c, 1});
      const std::string sent = talk.Heard();
      for (size_t i = 0; i < sent.size(); ++i) {
        if (sent[i] == '\r') {
          EXPECT_EQ(sent[i + 1], '\n');
        }
        if (sent[i] == '\n') {
          EXPECT_EQ(sent[i - 1], '\r');
        }
      }
      talk.client->Finish();
      EXPECT_EQ(talk.Heard(), "");
      EXPECT_EQ(talk.Outcome(), "bare newline in content");
    }
  }
}

TEST(ClientTest, CommandsCannotBeSmuggledInByArguments) {
  for (const char* path : {"<a@b>\r\nRCPT TO:<c@d>", "<a@b\n>", "a@b", "<", "", "<a\x7F@b>",
                           "<\xC3\xA4@b>", "<a@b> SIZE=1"}) {
    Talk talk(0);
    talk.Start();
    talk.client->Mail(From(path));
    EXPECT_EQ(talk.Heard(), "");
    EXPECT_EQ(talk.Outcome(), "call out of order") << path;
  }
  Talk talk(0);
  talk.Start();
  talk.Open();
  talk.client->Rcpt("<a@b>", " X\r\nDATA");
  EXPECT_EQ(talk.Heard(), "");
  EXPECT_EQ(talk.Outcome(), "call out of order");
}

TEST(ClientTest, CallsOutOfOrderEndItSafely) {
  const std::function<void(Client*)> calls[] = {
      [](Client* client) { client->Mail(From("<a@b>")); },
      [](Client* client) { client->Rcpt("<a@b>", ""); },
      [](Client* client) { client->Data(); },
      [](Client* client) { client->Content("x\r\n"); },
      [](Client* client) { client->Finish(); },
      [](Client* client) { client->Reset(); },
      [](Client* client) { client->Quit(); },
      [](Client* client) { client->Serve(Identity()); },
      [](Client* client) { client->Connected(); },
      [](Client* client) { client->Disconnected(); },
      [](Client* client) { client->ConsumeOutput(1000000); },
  };
  for (const bool bdat : {false, true}) {
    for (int step = 0; step <= 12; ++step) {
      for (const auto& first : calls) {
        for (const auto& second : calls) {
          Talk talk(0);
          if (!GoTo(step, bdat, &talk)) continue;
          first(talk.client.get());
          second(talk.client.get());
          // Whatever it was: it is over, or goes on and ends with the connection.
          talk.client->Disconnected();
          EXPECT_TRUE(talk.client->closed());
          EXPECT_EQ(talk.Heard(), "");
        }
      }
    }
  }
}

// ---- Time and pressure ----

TEST(ClientTest, EachStepHasItsTime) {
  const Timeouts timeouts;
  const struct {
    int step;
    bool bdat;
    uint64_t wait;
  } cases[] = {{0, false, timeouts.greeting},   {1, false, timeouts.command},
               {3, false, timeouts.command},    {5, false, timeouts.command},
               {7, false, timeouts.data},       {10, false, timeouts.termination},
               {10, true, timeouts.termination}};
  for (const auto& each : cases) {
    Talk talk(0);
    ASSERT_TRUE(GoTo(each.step, each.bdat, &talk));
    talk.Heard();
    EXPECT_EQ(talk.client->NextDeadline(), talk.now + each.wait) << each.step;
    talk.client->Tick(talk.now + each.wait - 1);
    EXPECT_FALSE(talk.client->closed());
    talk.client->Tick(talk.now + each.wait);
    EXPECT_TRUE(talk.client->closed());
    EXPECT_EQ(talk.client->failure(), Failure::kTimeout);
    if (each.step > 1) {
      EXPECT_EQ(talk.Outcome(), "timeout");
    }
  }
  for (const int step : {2, 4, 6, 8, 11}) {
    Talk talk(0);
    ASSERT_TRUE(GoTo(step, false, &talk));
    talk.Heard();
    EXPECT_EQ(talk.client->NextDeadline(), Client::kNever) << step;
  }
}

TEST(ClientTest, AServerThatTakesNothingIsGivenUp) {
  Talk talk(0);
  ASSERT_TRUE(GoTo(8, false, &talk));
  talk.Heard();
  talk.client->Content("x\r\n");
  const uint64_t due = talk.now + talk.options.timeouts.block;
  EXPECT_EQ(talk.client->NextDeadline(), due);
  talk.client->Tick(due - 1);
  talk.client->ConsumeOutput(1);
  EXPECT_EQ(talk.client->NextDeadline(), due - 1 + talk.options.timeouts.block);
  talk.client->Tick(due - 1 + talk.options.timeouts.block);
  EXPECT_EQ(talk.client->failure(), Failure::kTimeout);
  EXPECT_EQ(talk.Heard(), "");
  talk.client->Finish();
  EXPECT_EQ(talk.Outcome(), "timeout");
}

TEST(ClientTest, BackPressureBoundsWhatIsHeld) {
  for (const bool bdat : {false, true}) {
    Talk talk(0);
    ASSERT_TRUE(GoTo(8, bdat, &talk));
    talk.Heard();
    // The worst content there is: every line a dot.
    std::string dots;
    while (dots.size() < Client::kOutput) dots += ".\r\n";
    size_t given = 0;
    while (talk.client->ContentRoom() > 0) {
      ASSERT_LE(given, Client::kOutput + Client::kChunk);
      // Pieces may be cut anywhere.
      const size_t size = std::min<size_t>(talk.client->ContentRoom(), 1000);
      talk.client->Content(std::string_view(dots).substr(given % 3, size - size % 3));
      if (size < 3) break;
      given += size - size % 3;
    }
    EXPECT_FALSE(talk.client->closed());
    EXPECT_LE(talk.client->output().size(), Client::kOutput);
    // There is always room for the end.
    if (!bdat) {
      talk.client->Finish();
      EXPECT_FALSE(talk.client->closed());
      const std::string sent = talk.Heard();
      EXPECT_EQ(sent.substr(sent.size() - 5), "\r\n.\r\n");
    }
  }
}

TEST(ClientTest, ItsSizeIsKnown) { EXPECT_LE(sizeof(Client), 60u * 1024); }

}  // namespace
}  // namespace postern::upstream
