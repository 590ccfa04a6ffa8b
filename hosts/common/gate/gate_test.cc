// SPDX-License-Identifier: Apache-2.0
//
// The gate over the real plugin: what the client is told, and what the MTA hears.

#include "hosts/common/gate/gate.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosts/common/gate/gate_test_util.h"

namespace postern::gate {
namespace {

constexpr char kContent[] = "Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n";  // as a client sends it
constexpr char kPlain[] = "Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n";

void Greet(Bench* bench) {
  bench->Open();
  EXPECT_EQ(bench->TakeReply().substr(0, 4), "220 ");
  EXPECT_EQ(bench->Ask("EHLO client.example").substr(0, 3), "250");
}

std::string Deliver(Bench* bench, const std::string& content = kContent) {
  EXPECT_EQ(bench->Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
  EXPECT_EQ(bench->Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
  EXPECT_EQ(bench->Ask("DATA").substr(0, 3), "354");
  return bench->Ask(content + ".");
}

std::vector<Pieces> AllPieces() {
  return {{}, {1, 1, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {3, 2, 5}};
}

TEST(GateTest, AMessageGoesThroughAsItIs) {
  for (const Pieces& pieces : AllPieces()) {
    for (const bool bdat : {false, true}) {
      Bench bench(pieces);
      if (bdat) bench.mail.keywords.push_back("CHUNKING");
      Greet(&bench);
      EXPECT_EQ(bench.mail.connections, 0u) << "a client that sends no mail costs nothing";
      EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
      ASSERT_EQ(bench.mail.accepted.size(), 1u);
      EXPECT_EQ(bench.mail.accepted[0].from, "<a@example.org>");
      EXPECT_EQ(bench.mail.accepted[0].to, std::vector<std::string>{"<b@example.org>"});
      EXPECT_EQ(bench.mail.accepted[0].content, kPlain);
      EXPECT_EQ(bench.Ask("QUIT").substr(0, 3), "221");
      EXPECT_EQ(bench.mail.heard.back(), "QUIT");
    }
  }
}

// However the client sends it, the MTA gets it as it can take it.
TEST(GateTest, AMessageInChunksGoesThroughAsItIs) {
  const std::string content = kPlain;
  for (const Pieces& pieces : AllPieces()) {
    for (const bool bdat : {false, true}) {
      Bench bench(pieces);
      if (bdat) bench.mail.keywords.push_back("CHUNKING");
      Greet(&bench);
      EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
      EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
      bench.Send("BDAT 15\r\n" + content.substr(0, 15));
      EXPECT_EQ(bench.TakeReply().substr(0, 4), "250 ");
      const std::string rest = content.substr(15);
      bench.Send("BDAT " + std::to_string(rest.size()) + " LAST\r\n" + rest);
      EXPECT_EQ(bench.TakeReply(), "250 2.0.0 queued\r\n");
      ASSERT_EQ(bench.mail.accepted.size(), 1u);
      EXPECT_EQ(bench.mail.accepted[0].content, kPlain);
      EXPECT_EQ(bench.mail.complaint, "");
    }
  }
}

// RFC 3030 section 3: BINARYMIME only to a server that has it, and CHUNKING with it.
TEST(GateTest, BinaryContentGoesOctetForOctetOrNotAtAll) {
  const std::string content("\n.\r\n\r\0\xff\r\n.\r\n\r", 13);
  for (const Pieces& pieces : AllPieces()) {
    for (const bool can : {false, true}) {
      Bench bench(pieces);
      bench.mail.keywords.push_back("CHUNKING");
      if (can) bench.mail.keywords.push_back("BINARYMIME");
      Greet(&bench);
      const std::string mail = bench.Ask("MAIL FROM:<a@example.org> BODY=BINARYMIME");
      EXPECT_EQ(mail.substr(0, 3), can ? "250" : "451");
      if (!can) {
        EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
        continue;
      }
      EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
      bench.Send("BDAT 6\r\n" + content.substr(0, 6));
      EXPECT_EQ(bench.TakeReply().substr(0, 4), "250 ");
      bench.Send("BDAT 7 LAST\r\n" + content.substr(6));
      EXPECT_EQ(bench.TakeReply(), "250 2.0.0 queued\r\n");
      ASSERT_EQ(bench.mail.accepted.size(), 1u);
      EXPECT_EQ(bench.mail.accepted[0].content, content);
      EXPECT_EQ(bench.mail.complaint, "");
    }
  }
}

TEST(GateTest, OneConnectionServesManyTransactions) {
  Bench bench;
  Greet(&bench);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
  EXPECT_EQ(bench.mail.accepted.size(), 5u);
  EXPECT_EQ(bench.mail.connections, 1u);
}

TEST(GateTest, AnIdleConnectionThatTheMtaClosedIsMadeAnew) {
  for (const bool noticed : {true, false}) {
    Bench bench;
    Greet(&bench);
    EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    if (noticed) {
      bench.KillMta();
      bench.mta_runs = true;
    } else {
      // It closes just as MAIL comes, with words or without.
      bench.mail.fault_at = bench.mail.replies;
      bench.mail.fault = Fault::kClosed;
    }
    EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    EXPECT_EQ(bench.mail.connections, 2u);
    EXPECT_EQ(bench.mail.accepted.size(), 2u);
  }
}

// Nobody's mail was deferred, and so there is nothing for an operator to be alarmed at.
TEST(GateTest, AnIdleConnectionThatTheMtaClosedIsNoFailure) {
  for (const bool transaction : {false, true}) {
    Bench bench;
    Greet(&bench);
    EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    if (transaction) {
      EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
    }
    bench.HalfCloseMta();
    EXPECT_EQ(bench.upstream(), nullptr);
    EXPECT_EQ(bench.gate()->last_failure(),
              transaction ? upstream::Failure::kClosed : upstream::Failure::kNone);
    if (transaction) {
      EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>").substr(0, 3), "450");
    }
    EXPECT_EQ(bench.Ask("RSET").substr(0, 3), "250");
    EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    EXPECT_EQ(bench.gate()->last_failure(), upstream::Failure::kNone);
  }
}

TEST(GateTest, AServerThatBreaksOffIsAFailure) {
  for (const char* verb : {"MAIL", "RCPT", "."}) {
    Bench bench;
    bench.mail.replies_to = {{verb, "421 4.3.2 closing"}};
    Greet(&bench);
    bench.Ask("MAIL FROM:<a@example.org>");
    bench.Ask("RCPT TO:<b@example.org>");
    if (*verb == '.') {
      EXPECT_EQ(bench.Ask("DATA").substr(0, 3), "354");
      EXPECT_EQ(bench.Ask("x\r\n.").substr(0, 3), "451");
    }
    EXPECT_EQ(bench.gate()->last_failure(), upstream::Failure::kClosed) << verb;
  }
}

TEST(GateTest, ItIsTriedAnewOnceAndNotForEver) {
  Bench bench;
  Greet(&bench);
  EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
  bench.KillMta();
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>").substr(0, 3), "451");
  EXPECT_EQ(bench.gate()->last_failure(), upstream::Failure::kUnavailable);
}

TEST(GateTest, TheMtasWordsReachTheClient) {
  Bench bench;
  bench.mail.replies_to = {{"MAIL FROM:<grey@", "450-4.2.0 come back\r\n450 4.2.0 in a minute"},
                           {"MAIL FROM:<spam@", "550 5.7.1 listed by example.net"},
                           {"RCPT TO:<no@", "550 5.1.1 <no@example.org>: no such user"},
                           {"RCPT TO:<fwd@", "251 2.1.5 will forward"},
                           {"RCPT TO:<plain@", "250 no code"},
                           {"RCPT TO:<eight@", "550 5.1.1 gibt es nicht: \xC3\xA4"},
                           {"RCPT TO:<long@", "550 5.1.1 " + std::string(1500, 'x')}};
  Greet(&bench);
  EXPECT_EQ(bench.Ask("MAIL FROM:<grey@example.org>"),
            "450-4.2.0 come back\r\n450 4.2.0 in a minute\r\n");
  EXPECT_EQ(bench.Ask("MAIL FROM:<spam@example.org>"), "550 5.7.1 listed by example.net\r\n");
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
  EXPECT_EQ(bench.Ask("RCPT TO:<no@example.org>"), "550 5.1.1 <no@example.org>: no such user\r\n");
  EXPECT_EQ(bench.Ask("RCPT TO:<fwd@example.org>"), "251 2.1.5 will forward\r\n");
  EXPECT_EQ(bench.Ask("RCPT TO:<plain@example.org>").substr(0, 10), "250 2.1.5 ");
  EXPECT_EQ(bench.Ask("RCPT TO:<eight@example.org>"), "550 5.1.1 gibt es nicht: ??\r\n");
  EXPECT_EQ(bench.Ask("RCPT TO:<long@example.org>"),
            "550 5.1.1 " + std::string(upstream::Reply::kMaxTextLine, 'x') + "\r\n");
}

TEST(GateTest, WhatMayNotStandThereKeepsItsClass) {
  const struct {
    const char* reply;
    const char* told;  // as it begins
  } cases[] = {
      {"571 5.7.1 blocked", "554 5.7.1 blocked\r\n"},
      {"454 4.7.1 Relay access denied", "451 4.7.1 Relay access denied\r\n"},
      {"599 no enhanced code", "554 5."},
      {"233 2.1.5 yes", "250 2.1.5 yes\r\n"},
      // No words: the table's.
      {"550", "550 5."},
      {"550 \t", "550 5."},
      // The server's goodbye is not the session's.
      {"421 4.3.2 closing", "450 4."},
  };
  for (const auto& each : cases) {
    Bench bench;
    bench.mail.replies_to = {{"RCPT", each.reply}};
    Greet(&bench);
    EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
    const std::string told = bench.Ask("RCPT TO:<b@example.org>");
    EXPECT_EQ(told.substr(0, std::string(each.told).size()), each.told) << each.reply;
    EXPECT_FALSE(bench.pump()->closing());
    EXPECT_EQ(bench.misbehaved, "");
  }
}

// The table's words for a refused recipient are "No such recipient here", which it did not say.
TEST(GateTest, ARefusalWithoutWordsKeepsItsCode) {
  const struct {
    const char* says;
    const char* told;
  } cases[] = {{"552", "552 5.0.0 Refused\r\n"},
               {"552 5.2.2", "552 5.2.2 Refused\r\n"},
               {"452 \t", "452 4.0.0 Not now, try again later\r\n"},
               {"550-\r\n550 ", "550 5.0.0 Refused\r\n"},
               {"550 mailbox full", "550 5.0.0 mailbox full\r\n"},
               {"250", "250 2.1.5 Recipient accepted\r\n"}};
  for (const auto& each : cases) {
    Bench bench;
    bench.mail.replies_to = {{"RCPT", each.says}};
    Greet(&bench);
    EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
    EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), each.told) << each.says;
    EXPECT_EQ(bench.misbehaved, "");
  }
}

TEST(GateTest, PipelinedCommandsAreAnsweredInOrderByTheMta) {
  for (const Pieces& pieces : AllPieces()) {
    Bench bench(pieces);
    bench.mail.replies_to = {{"RCPT TO:<no@", "550 5.1.1 unknown"},
                             {"RCPT TO:<full@", "452 4.2.2 full"}};
    Greet(&bench);
    bench.Send(
        "MAIL FROM:<a@example.org>\r\nRCPT TO:<no@example.org>\r\nHELP\r\n"
        "RCPT TO:<yes@example.org>\r\nXYZZY\r\nRCPT TO:<full@example.org>\r\nNOOP\r\nDATA\r\n");
    EXPECT_EQ(bench.TakeReply(), "250 2.1.0 Ok\r\n");
    EXPECT_EQ(bench.TakeReply(), "550 5.1.1 unknown\r\n");
    EXPECT_EQ(bench.TakeReply().substr(0, 3), "214");
    EXPECT_EQ(bench.TakeReply(), "250 2.1.5 Ok\r\n");
    EXPECT_EQ(bench.TakeReply().substr(0, 3), "500");
    EXPECT_EQ(bench.TakeReply(), "452 4.2.2 full\r\n");
    EXPECT_EQ(bench.TakeReply().substr(0, 3), "250");
    EXPECT_EQ(bench.TakeReply().substr(0, 3), "354");
    EXPECT_EQ(bench.TakeReply(), "");
    bench.Send(std::string(kContent) + ".\r\nQUIT\r\n");
    EXPECT_EQ(bench.TakeReply(), "250 2.0.0 queued\r\n");
    EXPECT_EQ(bench.TakeReply().substr(0, 3), "221");
    ASSERT_EQ(bench.mail.accepted.size(), 1u);
    EXPECT_EQ(bench.mail.accepted[0].to, std::vector<std::string>{"<yes@example.org>"});
  }
}

TEST(GateTest, ABurstWithTheBodyInIt) {
  for (const Pieces& pieces : AllPieces()) {
    Bench bench(pieces);
    bench.Open();
    bench.Send(
        "EHLO c.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" +
        std::string(kContent) + ".\r\nMAIL FROM:<c@example.org>\r\nRCPT TO:<d@example.org>" +
        "\r\nDATA\r\n.\r\nQUIT\r\n");
    std::string codes;
    for (std::string reply = bench.TakeReply(); !reply.empty(); reply = bench.TakeReply()) {
      codes += reply.substr(0, 3) + " ";
    }
    EXPECT_EQ(codes, "220 250 250 250 354 250 250 250 354 250 221 ");
    ASSERT_EQ(bench.mail.accepted.size(), 2u);
    EXPECT_EQ(bench.mail.accepted[0].content, kPlain);
    EXPECT_EQ(bench.mail.accepted[1].content, "");
  }
}

TEST(GateTest, ARefusedDataLeavesTheTransactionOpen) {
  Bench bench;
  bench.mail.replies_to = {{"DATA", "451 4.3.0 policy server is asleep"}};
  Greet(&bench);
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
  EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
  EXPECT_EQ(bench.Ask("DATA"), "451 4.3.0 policy server is asleep\r\n");
  bench.mail.replies_to.clear();
  EXPECT_EQ(bench.Ask("DATA").substr(0, 3), "354");
  EXPECT_EQ(bench.Ask("x\r\n."), "250 2.0.0 queued\r\n");
}

TEST(GateTest, ResetsReachTheMta) {
  for (const char* command : {"RSET", "EHLO again.example", "HELO again.example"}) {
    Bench bench;
    Greet(&bench);
    EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
    EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
    EXPECT_EQ(bench.Ask(command).substr(0, 3), "250");
    EXPECT_EQ(bench.mail.heard.back(), "RSET") << command;
    EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    EXPECT_EQ(bench.mail.accepted.size(), 1u);
    EXPECT_EQ(bench.mail.connections, 1u);
  }
}

TEST(GateTest, SmugglingGetsNowhere) {
  for (const char* smuggled :
       {"a\n.\n", "a\n.\r\n", "a\r.\r\n", "a\r\n.\n", "a\r\n.\r", "a\r.\r", "\n.\r\n"}) {
    for (const bool bdat : {false, true}) {
      Bench bench;
      if (bdat) bench.mail.keywords.push_back("CHUNKING");
      Greet(&bench);
      EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
      EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
      EXPECT_EQ(bench.Ask("DATA").substr(0, 3), "354");
      bench.Send("Subject: x\r\n\r\n" + std::string(smuggled) +
                 "MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nhi\r\n.\r\n");
      const std::string reply = bench.TakeReply();
      EXPECT_EQ(reply.substr(0, 1), "5") << reply;
      EXPECT_EQ(bench.mail.accepted.size(), 0u);
      for (const std::string& line : bench.mail.heard) {
        EXPECT_EQ(line.find("evil"), std::string::npos);
      }
      // The session goes on.
      EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    }
  }
}

TEST(GateTest, NormalizedNewlinesGoOutWhole) {
  // bare_newline: BARE_NEWLINE_NORMALIZE
  Bench bench(Pieces{7, 11, 13}, std::string("\x28\x02", 2));
  Greet(&bench);
  std::string content;
  std::string expected;
  for (int i = 0; i < 8000; ++i) {
    content += "\r\n";
    content += i % 2 == 0 ? "\r" : "x\n";
    expected += i % 2 == 0 ? "\r\n\r\n" : "\r\nx\r\n";
  }
  // A CR before the CR LF that ends the content stands alone too.
  EXPECT_EQ(Deliver(&bench, content + "\r\n"), "250 2.0.0 queued\r\n");
  ASSERT_EQ(bench.mail.accepted.size(), 1u);
  EXPECT_EQ(bench.mail.accepted[0].content, expected + "\r\n");
}

TEST(GateTest, IdentityCommandsOfClientsStayOutside) {
  Bench bench;
  bench.options.identity = upstream::IdentityMode::kXclient;
  bench.mail.keywords.push_back("XCLIENT ADDR NAME");
  bench.mail.keywords.push_back("XFORWARD ADDR NAME");
  Greet(&bench);
  // Known to the engine, and off unless the host trusts its client.
  for (const char* line : {"XCLIENT ADDR=192.0.2.1", "XFORWARD ADDR=192.0.2.1"}) {
    EXPECT_EQ(bench.Ask(line).substr(0, 3), "502") << line;
  }
  EXPECT_EQ(bench.Ask("PROXY TCP4 192.0.2.1 192.0.2.2 1 2").substr(0, 3), "500");
  EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
  size_t xclient = 0;
  for (const std::string& line : bench.mail.heard) {
    EXPECT_EQ(line.find("192.0.2.1"), std::string::npos);
    if (line.compare(0, 7, "XCLIENT") == 0) ++xclient;
  }
  EXPECT_EQ(xclient, 1u);
}

TEST(GateTest, ANewNameIsToldAnew) {
  Bench bench;
  bench.options.identity = upstream::IdentityMode::kXclient;
  bench.mail.keywords.push_back("XCLIENT ADDR HELO");
  Greet(&bench);
  EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
  EXPECT_EQ(bench.Ask("EHLO other.example").substr(0, 3), "250");
  EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
  EXPECT_EQ(bench.mail.connections, 1u);
  std::string told;
  for (const std::string& line : bench.mail.heard) {
    if (line.compare(0, 7, "XCLIENT") == 0) told += line + "\n";
  }
  EXPECT_EQ(told,
            "XCLIENT ADDR=[UNAVAILABLE] HELO=client.example\n"
            "XCLIENT ADDR=[UNAVAILABLE] HELO=other.example\n");
}

// An engine_config with ETRN, and BURL with what it needs.
std::string QueueConfig() {
  return std::string(
      "\x12\x08\x60\x01\x98\x01\x01\xa8\x01\x01"  // extensions: auth, etrn and burl on
      "\x58\x01"                                  // auth_without_tls
      "\x62\x05PLAIN",
      19);
}

TEST(GateTest, EtrnGoesToTheMtaAndItsAnswerBack) {
  for (const Pieces& pieces : AllPieces()) {
    Bench bench(pieces, QueueConfig());
    bench.mail.keywords.push_back("ETRN");
    bench.mail.replies_to["ETRN @pending"] = "253 14 pending messages started";
    bench.mail.replies_to["ETRN other"] = "459 4.7.1 Node not allowed: nobody knows it";
    bench.mail.replies_to["ETRN broken"] = "458 4.3.0 Unable to queue messages";
    bench.mail.replies_to["ETRN odd"] = "450 4.7.1 Try again";
    bench.mail.replies_to["ETRN none"] = "550 5.7.1 not you";
    Greet(&bench);
    EXPECT_EQ(bench.mail.connections, 0u);
    EXPECT_EQ(bench.Ask("ETRN client.example"), "250 2.5.0 Queuing started\r\n");
    EXPECT_EQ(bench.mail.heard.back(), "ETRN client.example");
    EXPECT_EQ(bench.Ask("ETRN @pending.example"), "253 2.5.0 14 pending messages started\r\n");
    EXPECT_EQ(bench.Ask("ETRN other.example"), "459 4.7.1 Node not allowed: nobody knows it\r\n");
    EXPECT_EQ(bench.Ask("ETRN broken.example"), "458 4.3.0 Unable to queue messages\r\n");
    EXPECT_EQ(bench.Ask("ETRN odd.example"), "458 4.7.1 Try again\r\n");
    EXPECT_EQ(bench.Ask("ETRN none.example"), "459 4.5.0 not you\r\n");
    EXPECT_EQ(bench.Ask("ETRN #queue"), "250 2.5.0 Queuing started\r\n");
    EXPECT_EQ(bench.mail.heard.back(), "ETRN #queue");
    EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    EXPECT_EQ(bench.Ask("ETRN client.example"), "250 2.5.0 Queuing started\r\n");
    EXPECT_EQ(bench.mail.connections, 1u);
    EXPECT_EQ(bench.mail.complaint, "");
    EXPECT_EQ(bench.misbehaved, "");
  }
}

TEST(GateTest, EtrnWithoutAServerIsDeferred) {
  Bench bench({}, QueueConfig());
  Greet(&bench);
  EXPECT_EQ(bench.Ask("ETRN client.example").substr(0, 10), "458 4.5.0 ") << "it has no ETRN";
  bench.mail.keywords.push_back("ETRN");
  bench.KillMta();
  EXPECT_EQ(bench.Ask("ETRN client.example").substr(0, 10), "458 4.5.0 ");
  bench.mta_runs = true;
  EXPECT_EQ(bench.Ask("ETRN client.example"), "250 2.5.0 Queuing started\r\n");
  // Idle connections are closed by servers; the command is said again on a new one.
  bench.mail.fault_at = bench.mail.replies;
  bench.mail.fault = Fault::kClosed;
  EXPECT_EQ(bench.Ask("ETRN client.example"), "250 2.5.0 Queuing started\r\n");
  EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
}

TEST(GateTest, BurlGoesToTheMtaAmongTheChunks) {
  for (const Pieces& pieces : AllPieces()) {
    for (const bool pipelining : {false, true}) {
      Bench bench(pieces, QueueConfig());
      if (!pipelining) bench.mail.keywords.clear();
      for (const char* keyword : {"8BITMIME", "CHUNKING", "BURL imap"}) {
        bench.mail.keywords.emplace_back(keyword);
      }
      Greet(&bench);
      EXPECT_EQ(bench.Ask("BURL imap://mail.example/a LAST").substr(0, 3), "530");
      EXPECT_EQ(bench.Ask("AUTH PLAIN AGEAYg==").substr(0, 3), "235");
      const auto envelope = [&bench] {
        EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
        EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
      };
      envelope();
      EXPECT_EQ(bench.Ask("BURL imap://mail.example/a LAST"), "250 2.0.0 queued\r\n");
      envelope();
      bench.Send("BDAT 4\r\nab\r\n");
      EXPECT_EQ(bench.TakeReply().substr(0, 4), "250 ");
      EXPECT_EQ(bench.Ask("BURL imap://mail.example/b"), "250 2.5.0 fetched\r\n");
      bench.Send("BDAT 4\r\ncd\r\n");
      EXPECT_EQ(bench.TakeReply().substr(0, 4), "250 ");
      EXPECT_EQ(bench.Ask("BURL imap://mail.example/c LAST"), "250 2.0.0 queued\r\n");
      envelope();
      EXPECT_EQ(bench.Ask("BURL imap://mail.example/d"), "250 2.5.0 fetched\r\n");
      bench.Send("BDAT 4 LAST\r\nef\r\n");
      EXPECT_EQ(bench.TakeReply(), "250 2.0.0 queued\r\n");
      // A refusal is the end of the transaction, for all three.
      bench.mail.replies_to["BURL"] = "554 5.6.6 IMAP URL resolution failed";
      for (const char* command :
           {"BURL imap://mail.example/e", "BURL imap://mail.example/f LAST"}) {
        envelope();
        EXPECT_EQ(bench.Ask(command), "554 5.6.6 IMAP URL resolution failed\r\n");
        if (bench.Ask("RSET").substr(0, 3) != "250") ADD_FAILURE();
      }
      bench.mail.replies_to.clear();
      bench.mail.replies_to["."] = "554 5.7.1 spam";
      envelope();
      EXPECT_EQ(bench.Ask("BURL imap://mail.example/g LAST"), "554 5.7.1 spam\r\n");
      ASSERT_EQ(bench.mail.accepted.size(), 3u);
      EXPECT_EQ(bench.mail.accepted[0].content, "<imap://mail.example/a>");
      EXPECT_EQ(bench.mail.accepted[1].content,
                "ab\r\n<imap://mail.example/b>cd\r\n<imap://mail.example/c>");
      EXPECT_EQ(bench.mail.accepted[2].content, "<imap://mail.example/d>ef\r\n");
      EXPECT_EQ(bench.mail.complaint, "");
      EXPECT_EQ(bench.misbehaved, "");
    }
  }
}

// A chunk that the MTA refuses is known at the BURL behind it, which never goes out.
TEST(GateTest, BurlBehindARefusedChunkIsRefusedWithIt) {
  for (const char* command : {"BURL imap://mail.example/b", "BURL imap://mail.example/b LAST"}) {
    Bench bench({}, QueueConfig());
    for (const char* keyword : {"CHUNKING", "BURL imap"}) bench.mail.keywords.emplace_back(keyword);
    Greet(&bench);
    EXPECT_EQ(bench.Ask("AUTH PLAIN AGEAYg==").substr(0, 3), "235");
    EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
    EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
    bench.mail.replies_to["BDAT"] = "452 4.3.1 no room";
    bench.Send("BDAT 4\r\nab\r\n");
    EXPECT_EQ(bench.TakeReply().substr(0, 4), "250 ");
    EXPECT_EQ(bench.Ask(command), "452 4.3.1 no room\r\n");
    for (const std::string& line : bench.mail.heard) EXPECT_NE(line.substr(0, 4), "BURL");
    bench.mail.replies_to.clear();
    EXPECT_EQ(bench.Ask("RSET").substr(0, 3), "250");
    EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    EXPECT_EQ(bench.mail.complaint, "");
  }
}

// Whatever goes wrong at whatever reply: nothing is accepted that the MTA has not, and the session
// goes on.
TEST(GateTest, FaultsAroundBurlAndEtrnLoseNothing) {
  for (int fault = 1; fault <= static_cast<int>(Fault::kPermanent); ++fault) {
    for (size_t at = 0; at < 12; ++at) {
      SCOPED_TRACE(std::to_string(fault) + " at " + std::to_string(at));
      Bench bench({}, QueueConfig());
      for (const char* keyword : {"CHUNKING", "BURL imap", "ETRN"}) {
        bench.mail.keywords.emplace_back(keyword);
      }
      bench.mail.fault = static_cast<Fault>(fault);
      bench.mail.fault_at = at;
      Greet(&bench);
      EXPECT_EQ(bench.Ask("AUTH PLAIN AGEAYg==").substr(0, 3), "235");
      size_t told = 0;
      for (const char* line :
           {"ETRN client.example", "MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>",
            "BURL imap://mail.example/a", "BURL imap://mail.example/b LAST"}) {
        std::string reply = bench.Ask(line);
        if (reply.empty()) {
          bench.Wait(700000);
          reply = bench.TakeReply();
        }
        ASSERT_NE(reply, "") << line;
        if (line[0] == 'B' && line[std::string_view(line).size() - 1] == 'T' && reply[0] == '2') {
          ++told;
        }
      }
      EXPECT_LE(told, bench.mail.accepted.size());
      EXPECT_EQ(bench.misbehaved, "");
      bench.Ask("RSET");
      bench.mail.fault_at = SIZE_MAX;
      EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
    }
  }
}

TEST(GateTest, XforwardIsSaidForEachMessage) {
  Bench bench;
  bench.options.identity = upstream::IdentityMode::kXforward;
  bench.mail.keywords.push_back("XFORWARD HELO");
  Greet(&bench);
  std::string told;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
  for (const std::string& line : bench.mail.heard) {
    if (line[0] == 'X' || line[0] == 'M') told += line + "\n";
  }
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    expected += "XFORWARD HELO=client.example\nMAIL FROM:<a@example.org>\n";
  }
  EXPECT_EQ(told, expected);
}

TEST(GateTest, ByProxyHeaderAClientWithoutAnAddressIsDeferred) {
  Bench bench;
  bench.options.identity = upstream::IdentityMode::kProxy1;
  Greet(&bench);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>").substr(0, 3), "451");
    EXPECT_EQ(bench.gate()->last_failure(), upstream::Failure::kNoAddress);
  }
  for (const std::string& line : bench.mail.heard) EXPECT_NE(line[0], 'M');
}

TEST(GateTest, WithoutXclientNothingIsAccepted) {
  Bench bench;
  bench.options.identity = upstream::IdentityMode::kXclient;
  Greet(&bench);
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>").substr(0, 3), "451");
  EXPECT_EQ(bench.gate()->last_failure(), upstream::Failure::kIdentity);
}

TEST(GateTest, WhatTheMtaDoesNotOfferIsTriedAgainLater) {
  Bench bench;
  bench.mail.keywords = {};
  Greet(&bench);
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org> BODY=8BITMIME").substr(0, 3), "451");
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org> SMTPUTF8").substr(0, 3), "451");
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org> BODY=7BIT SIZE=100"), "250 2.1.0 Ok\r\n");
  EXPECT_EQ(bench.mail.heard.back(), "MAIL FROM:<a@example.org>");
  // Parameters as well: the front offered DSN, so 5yz would return a message for a fault of ours.
  EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org> NOTIFY=NEVER").substr(0, 3), "450");
  EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
  EXPECT_EQ(bench.Ask("RSET").substr(0, 3), "250");
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org> RET=HDRS").substr(0, 3), "451");
  // And the connection serves on.
  EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");
  EXPECT_EQ(bench.mail.connections, 1u);
}

TEST(GateTest, ParametersAndPathsAreHandedOn) {
  Bench bench;
  Greet(&bench);
  EXPECT_EQ(bench.Ask("MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8"), "250 2.1.0 Ok\r\n");
  EXPECT_EQ(bench.mail.heard.back(), "MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8");
  EXPECT_EQ(bench.Ask("RCPT TO:<@relay.example:\"a b\"@example.org>"), "250 2.1.5 Ok\r\n");
  EXPECT_EQ(bench.mail.heard.back(), "RCPT TO:<\"a b\"@example.org>");
  EXPECT_EQ(bench.Ask("RCPT TO:<Postmaster>"), "250 2.1.5 Ok\r\n");
  EXPECT_EQ(bench.mail.heard.back(), "RCPT TO:<Postmaster>");
  EXPECT_EQ(bench.Ask("RCPT TO:<\xC3\xA4@example.org>"), "250 2.1.5 Ok\r\n");
}

TEST(GateTest, LmtpBehindSmtp) {
  Bench bench;
  bench.options.protocol = upstream::Protocol::kLmtp;
  bench.mail.lmtp = true;
  bench.mail.replies_to = {{".<full@", "452 4.2.2 mailbox full"}, {".<gone@", "550 5.1.1 gone"}};
  Greet(&bench);
  const struct {
    std::vector<std::string> to;
    const char* told;
  } cases[] = {{{"a", "b"}, "250 2.0.0 queued\r\n"},
               {{"a", "full"}, "452 4.2.2 mailbox full\r\n"},
               {{"gone", "a"}, "550 5.1.1 gone\r\n"},
               {{"gone", "full"}, "452 4.2.2 mailbox full\r\n"}};
  for (const auto& each : cases) {
    EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
    for (const std::string& to : each.to) {
      EXPECT_EQ(bench.Ask("RCPT TO:<" + to + "@example.org>"), "250 2.1.5 Ok\r\n");
    }
    EXPECT_EQ(bench.Ask("DATA").substr(0, 3), "354");
    EXPECT_EQ(bench.Ask("x\r\n."), each.told);
  }
}

TEST(GateTest, RefusalsToBegin) {
  // Of the gate: the client is not to blame.
  Bench bench;
  bench.mail.fault_at = 0;
  bench.mail.fault = Fault::kPermanent;
  Greet(&bench);
  EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>").substr(0, 3), "451");
  EXPECT_EQ(bench.gate()->last_failure(), upstream::Failure::kRefused);
  // The next one is tried afresh.
  EXPECT_EQ(Deliver(&bench), "250 2.0.0 queued\r\n");

  // Of the client, which the PROXY header has named.
  Bench proxied;
  proxied.options.identity = upstream::IdentityMode::kProxy1;
  proxied.identity.client.family = upstream::Peer::Family::kInet;
  proxied.mail.fault_at = 0;
  proxied.mail.fault = Fault::kPermanent;
  Greet(&proxied);
  EXPECT_EQ(proxied.Ask("MAIL FROM:<a@example.org>"), "550 5.7.1 never\r\n");
}

TEST(GateTest, BackPressureReachesTheClient) {
  for (const bool bdat : {false, true}) {
    Bench bench;
    if (bdat) bench.mail.keywords.push_back("CHUNKING");
    Greet(&bench);
    EXPECT_EQ(bench.Ask("MAIL FROM:<a@example.org>"), "250 2.1.0 Ok\r\n");
    EXPECT_EQ(bench.Ask("RCPT TO:<b@example.org>"), "250 2.1.5 Ok\r\n");
    EXPECT_EQ(bench.Ask("DATA").substr(0, 3), "354");
    std::string content;
    while (content.size() < (1u << 20)) content += ".line\r\nanother one\r\n";
    std::string wire;
    for (size_t i = 0; i < content.size(); ++i) {
      if (content[i] == '.') wire += '.';
      wire += content[i];
    }
    bench.mta_listens = false;
    bench.Send(wire + ".\r\n");
    EXPECT_GT(bench.unsent(), wire.size() - 100 * 1024);
    EXPECT_EQ(bench.gate()->ClientRoom(), 0u);
    EXPECT_LE(bench.most_held, upstream::Client::kOutput);
    bench.mta_listens = true;
    bench.Turn();
    EXPECT_EQ(bench.TakeReply(), "250 2.0.0 queued\r\n");
    ASSERT_EQ(bench.mail.accepted.size(), 1u);
    EXPECT_EQ(bench.mail.accepted[0].content, content);
  }
}

}  // namespace
}  // namespace postern::gate
