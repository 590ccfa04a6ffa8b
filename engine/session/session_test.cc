// SPDX-License-Identifier: Apache-2.0
//
// What the transcripts (tests/transcripts) cannot say: tickets, borrowed slices, memory,
// back-pressure and the independence of cuts on generated dialogues.

#include "engine/session/session.h"

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "engine/replies/reply_table.h"
#include "gtest/gtest.h"

namespace postern::session {
namespace {

using replies::ReplyId;

std::shared_ptr<const Ground> DefaultGround(Config config = LoadConfig("").value()) {
  auto table = replies::ReplyTable::LoadDefault();
  EXPECT_TRUE(table.ok()) << table.status();
  config.server_name = "mx.example.org";
  return MakeGround(std::move(config), *table);
}

// Drives a session as a host does and writes down all that comes out.
struct Driver {
  explicit Driver(std::shared_ptr<const Ground> ground, Options options = {},
                  const wire::Memory* memory = &wire::DefaultMemory())
      : session(std::move(ground), memory, options) {
    Settle();
  }

  void Settle() {
    do {
      Event event;
      while (session.NextEvent(&event)) Take(event);
      out += session.output();
      session.ConsumeOutput(session.output().size());
    } while (session.has_event());
  }

  void Take(const Event& event) {
    if (event.type == EventType::kContent) {
      content += event.text;
      return;
    }
    log += std::to_string(static_cast<int>(event.type)) + ":" + std::to_string(event.reason) + ":" +
           std::to_string(event.code) + " " + std::string(event.mailbox) + "\n";
    if (event.ticket == 0) return;
    Answer answer;
    if (event.type == EventType::kRcpt || event.type == EventType::kContentEnd) {
      answer.verdict = Verdict::kAccept;
    }
    EXPECT_EQ(session.AnswerTicket(event.ticket, answer), AnswerResult::kOk);
  }

  void Feed(std::string_view in) {
    while (!in.empty()) {
      size_t used = 0;
      session.Feed(in, &used);
      in.remove_prefix(used);
      const bool moved = used > 0 || session.has_event() || !session.output().empty();
      Settle();
      if (!moved) break;
    }
  }

  Session session;
  std::string out;
  std::string log;
  std::string content;
};

TEST(Session, CarriesAMessage) {
  Driver driver(DefaultGround());
  driver.Feed(
      "EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
      "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(driver.content, "Subject: x\r\n\r\n.dot\r\n");
  EXPECT_NE(driver.out.find("354"), std::string::npos);
  EXPECT_TRUE(driver.session.closing());
  EXPECT_EQ(driver.session.GetInfo().messages, 1u);
}

TEST(Session, TakesNothingWhileADecisionIsOpen) {
  Session session(DefaultGround(), &wire::DefaultMemory(), Options());
  Event event;
  ASSERT_TRUE(session.NextEvent(&event));
  EXPECT_EQ(event.type, EventType::kConnect);
  size_t used = 1;
  session.Feed("NOOP\r\n", &used);
  EXPECT_EQ(used, 0u);
  EXPECT_EQ(session.AnswerTicket(event.ticket + 1, Answer()), AnswerResult::kNoTicket);
  EXPECT_EQ(session.AnswerTicket(event.ticket, Answer()), AnswerResult::kOk);
  EXPECT_EQ(session.AnswerTicket(event.ticket, Answer()), AnswerResult::kNoTicket);
  session.Feed("NOOP\r\n", &used);
  EXPECT_EQ(used, 6u);
}

TEST(Session, RefusesABadOverrideAndKeepsTheDecisionOpen) {
  Session session(DefaultGround(), &wire::DefaultMemory(), Options());
  Event event;
  ASSERT_TRUE(session.NextEvent(&event));
  Answer answer;
  answer.verdict = Verdict::kReject;
  answer.code = 554;
  answer.text = "mx.example.org no\r\n250 yes";
  EXPECT_EQ(session.AnswerTicket(event.ticket, answer), AnswerResult::kBadReply);
  answer.code = 250;
  answer.text = "mx.example.org no";
  EXPECT_EQ(session.AnswerTicket(event.ticket, answer), AnswerResult::kBadReply);
  answer.code = 554;
  EXPECT_EQ(session.AnswerTicket(event.ticket, answer), AnswerResult::kOk);
  EXPECT_EQ(session.output(), "554 mx.example.org no\r\n");
}

// A decision is an event with a ticket: one that is void before it was taken is not told at all.
TEST(Session, AVoidDecisionIsNoEvent) {
  for (const Notice notice : {Notice::kDisconnected, Notice::kShutdownNow}) {
    Options options;
    options.proxy_header = true;
    Session session(DefaultGround(), &wire::DefaultMemory(), options);
    size_t used = 0;
    session.Feed("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", &used);
    EXPECT_TRUE(session.has_ticket());
    EXPECT_TRUE(session.Notify(notice));
    Event event;
    ASSERT_TRUE(session.NextEvent(&event));
    EXPECT_EQ(event.type, EventType::kProxyHeader);
    ASSERT_TRUE(session.NextEvent(&event));
    EXPECT_EQ(event.type, EventType::kClosed);
    EXPECT_FALSE(session.NextEvent(&event));
  }
}

// B1: no input makes a session hold more than this.
TEST(Session, MemoryHasACeiling) {
  const auto ground = DefaultGround();
  Driver driver(ground);
  const size_t ceiling =
      sizeof(Session) + ground->line_capacity + ground->replies->MaxOctets() + Output::kInline;
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string octets;
    const size_t size = random() % 2000;
    for (size_t j = 0; j < size; ++j)
      octets += static_cast<char>("HELPehlo \r\n\0a.<>@:"[random() % 18]);
    driver.Feed(octets);
    ASSERT_LE(driver.session.GetInfo().memory_octets, ceiling);
  }
}

// The reply that there is no memory for is not told of, and nothing comes behind `closed`.
TEST(Session, ClosedIsTheLastEventWithoutMemoryForARefusal) {
  // A postern.v1.ReplyTable with a footer for class 5: one line does not fit into what a session
  // holds by itself.
  const std::string line(200, 'x');
  const std::string text = "\x12" + std::string{'\xc8', '\x01'} + line;
  const std::string footer = std::string{'\x08', '\x05'} + text + text;
  const std::string serialized = "\x32" + std::string{'\x98', '\x03'} + footer;
  ASSERT_EQ(footer.size(), 0x198u);
  auto table = replies::ReplyTable::Load(serialized);
  ASSERT_TRUE(table.ok()) << table.status();
  const auto ground = MakeGround(LoadConfig("").value(), *table);
  const wire::Memory none = {[](void*, size_t) -> void* { return nullptr; },
                             [](void*, void*, size_t) {}, nullptr};
  for (const std::string_view octets : {"FROB\r\n", "HELP nothing\r\n", "NOOP\n"}) {
    Driver driver(ground, Options(), &none);
    driver.Feed(octets);
    EXPECT_TRUE(driver.session.closing());
    const std::string closed = std::to_string(static_cast<int>(EventType::kClosed)) + ":" +
                               std::to_string(static_cast<int>(CloseReason::kMemory)) + ":0 \n";
    ASSERT_GE(driver.log.size(), closed.size());
    EXPECT_EQ(driver.log.substr(driver.log.size() - closed.size()), closed) << octets;
    EXPECT_EQ(driver.log.find("15:"), std::string::npos) << octets;
    EXPECT_NE(driver.out.find("\r\n421 "), std::string::npos) << octets;
  }
}

TEST(Session, StopsReadingWhileOutputIsNotDrained) {
  Driver driver(DefaultGround());
  std::string many;
  for (int i = 0; i < 90; ++i) many += "NOOP\r\n";
  size_t used = 0;
  driver.session.Feed(many, &used);
  EXPECT_LT(used, many.size());
  EXPECT_LE(driver.session.output().size(), Output::kInline);
  driver.Feed(std::string_view(many).substr(used));
  size_t replies = 0;
  for (size_t at = 0; (at = driver.out.find("\r\n", at)) != std::string::npos; at += 2) ++replies;
  EXPECT_EQ(replies, 91u);  // the greeting too
}

// R3 on generated dialogues: any cut gives the same replies, events, content and state.
TEST(Session, CutsDoNotMatter) {
  const char* const kPieces[] = {"EHLO a.example\r\n",
                                 "HELO a.example\r\n",
                                 "MAIL FROM:<a@b.example>\r\n",
                                 "RCPT TO:<c@d.example>\r\n",
                                 "DATA\r\n",
                                 "\r\n.\r\n",
                                 ".\r\n",
                                 "text\r\n",
                                 "\n",
                                 "\r",
                                 ".",
                                 "\r\n",
                                 "RSET\r\n",
                                 "NOOP\n",
                                 "HELP\r\n",
                                 "BAD\r\n",
                                 "VRFY x\r\n",
                                 "x",
                                 "MAIL FROM:<x>\r\n",
                                 "QUIT x\r\n",
                                 "\0"};
  Config config = LoadConfig("").value();
  config.limits.errors = 1000;
  config.limits.commands_without_progress = 1000;
  config.limits.message_octets = 40;
  const auto strict = DefaultGround(config);
  config.bare_newline = wire::BareNewline::kNormalize;
  const auto normalizing = DefaultGround(config);
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::string octets = "EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n";
    for (int i = 0; i < 40; ++i) {
      const size_t piece = random() % (sizeof(kPieces) / sizeof(kPieces[0]));
      octets += kPieces[piece][0] == '\0' ? std::string(1, '\0') : std::string(kPieces[piece]);
    }
    const auto& ground = round % 2 == 0 ? strict : normalizing;
    Driver whole(ground);
    whole.Feed(octets);
    Driver single(ground);
    for (const char octet : octets) single.Feed(std::string_view(&octet, 1));
    Driver cut(ground);
    for (size_t at = 0; at < octets.size();) {
      const size_t size = 1 + random() % 9;
      cut.Feed(std::string_view(octets).substr(at, size));
      at += size;
    }
    for (const Driver* other : {&single, &cut}) {
      ASSERT_EQ(whole.out, other->out);
      ASSERT_EQ(whole.log, other->log);
      ASSERT_EQ(whole.content, other->content);
      ASSERT_EQ(whole.session.GetInfo().fingerprint, other->session.GetInfo().fingerprint);
    }
  }
}

TEST(Session, DeadlineOfACommandLineIsNotPushedOutByItsOctets) {
  Options options;
  options.now_ms = 1000;
  Driver driver(DefaultGround(), options);
  EXPECT_EQ(driver.session.NextDeadline(), 301000u);
  driver.session.Tick(200000);
  driver.Feed("NOO");
  EXPECT_EQ(driver.session.NextDeadline(), 301000u);
  driver.Feed("P\r\n");
  EXPECT_EQ(driver.session.NextDeadline(), 500000u);
  driver.session.Tick(500000);
  driver.Settle();
  EXPECT_TRUE(driver.session.closing());
  EXPECT_NE(driver.out.find("421 4.4.2"), std::string::npos) << driver.out;
}

// B4: octets in the clear behind STARTTLS are dropped, and nothing from before TLS is known after
// it.
TEST(Session, StarttlsIsACliff) {
  Options options;
  options.can_starttls = true;
  Session session(DefaultGround(), &wire::DefaultMemory(), options);
  Event event;
  ASSERT_TRUE(session.NextEvent(&event));
  session.AnswerTicket(event.ticket, Answer());
  const std::string_view in = "EHLO a.example\r\nSTARTTLS\r\nMAIL FROM:<evil@a.example>\r\n";
  std::string_view rest = in;
  bool injected = false;
  for (int i = 0; i < 10 && !rest.empty(); ++i) {
    size_t used = 0;
    session.Feed(rest, &used);
    rest.remove_prefix(used);
    while (session.NextEvent(&event)) {
      Answer answer;
      answer.verdict = Verdict::kAccept;
      if (event.ticket != 0) session.AnswerTicket(event.ticket, answer);
      injected |= event.type == EventType::kError && event.rule == Rule::kB4;
    }
    session.ConsumeOutput(session.output().size());
  }
  EXPECT_TRUE(injected);
  EXPECT_TRUE(session.start_tls());
  EXPECT_TRUE(session.Notify(Notice::kTlsEstablished));
  EXPECT_FALSE(session.GetInfo().extended);
  size_t used = 0;
  session.Feed("MAIL FROM:<a@b.example>\r\n", &used);
  EXPECT_EQ(session.output().substr(0, 9), "503 5.5.1");
}

TEST(Session, UnwantedDecisionsGetTheStatedDefault) {
  Options options;
  options.wanted_events = uint64_t{1} << static_cast<int>(EventType::kClosed);
  Session session(DefaultGround(), &wire::DefaultMemory(), options);
  size_t used = 0;
  const std::string_view in = "EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nQUIT\r\n";
  std::string_view rest = in;
  std::string out;
  while (!rest.empty()) {
    session.Feed(rest, &used);
    rest.remove_prefix(used);
    out += session.output();
    session.ConsumeOutput(session.output().size());
    if (session.has_event()) break;
  }
  EXPECT_NE(out.find("550 5.1.1"), std::string::npos) << out;
  EXPECT_TRUE(session.closing());
}

std::shared_ptr<const Ground> LmtpGround() {
  Config config = LoadConfig("").value();
  config.enabled |= commands::Bit(commands::Extension::kLmtp);
  return DefaultGround(std::move(config));
}

std::string ManyRecipients(int count) {
  std::string octets = "LHLO a.example\r\nMAIL FROM:<>\r\n";
  for (int i = 0; i < count; ++i) octets += "RCPT TO:<a@b.example>\r\n";
  return octets + "DATA\r\nx\r\n.\r\n";
}

// RFC 2033 section 4.2.
TEST(Session, LmtpRepliesForEachRecipient) {
  Driver driver(LmtpGround());
  driver.Feed(ManyRecipients(500));
  const size_t begin = driver.out.find("354 ");
  ASSERT_NE(begin, std::string::npos);
  size_t replies = 0;
  for (size_t at = begin; (at = driver.out.find("\r\n250 2.0.0 ", at)) != std::string::npos; ++at) {
    ++replies;
  }
  EXPECT_EQ(replies, 500u);
  const Info info = driver.session.GetInfo();
  EXPECT_TRUE(info.lmtp);
  EXPECT_EQ(info.messages, 1u);
  EXPECT_EQ(info.memory_octets, sizeof(Session));
}

class Alternating : public RecipientAnswers {
 public:
  explicit Alternating(uint32_t count) : count_(count) {}
  uint32_t count() const override { return count_; }
  Answer At(uint32_t recipient) const override {
    Answer answer;
    answer.verdict = recipient % 2 == 0 ? Verdict::kAccept : Verdict::kReject;
    return answer;
  }

 private:
  const uint32_t count_;
};

// Without memory for the replies the session is over, and nothing is said that is not meant.
TEST(Session, LmtpWithoutMemoryForTheReplies) {
  struct Switch {
    bool off = false;
  };
  for (const bool alike : {true, false}) {
    Switch memory_switch;
    const wire::Memory memory = {[](void* user, size_t size) -> void* {
                                   return static_cast<Switch*>(user)->off ? nullptr
                                                                          : std::malloc(size);
                                 },
                                 [](void*, void* p, size_t) { std::free(p); }, &memory_switch};
    Session session(LmtpGround(), &memory, Options());
    std::string octets = ManyRecipients(20);
    std::string out;
    std::string log;
    for (std::string_view in = octets; !in.empty() || session.has_event();) {
      Event event;
      while (session.NextEvent(&event)) {
        log += std::to_string(static_cast<int>(event.type)) + " ";
        if (event.ticket == 0) continue;
        Answer answer;
        answer.verdict = Verdict::kAccept;
        const Alternating recipients(20);
        if (event.type == EventType::kContentEnd) {
          memory_switch.off = true;
          if (!alike) answer.recipients = &recipients;
        }
        ASSERT_EQ(session.AnswerTicket(event.ticket, answer), AnswerResult::kOk);
      }
      out += session.output();
      session.ConsumeOutput(session.output().size());
      size_t used = 0;
      session.Feed(in, &used);
      in.remove_prefix(used);
    }
    EXPECT_TRUE(session.closing());
    const std::string end = out.substr(out.find("354 "));
    EXPECT_EQ(end.find("554"), std::string::npos) << end;
    EXPECT_EQ(log.substr(log.size() - 6), " 9 17 ") << log;
  }
}

TEST(Session, EveryAllocationMayFail) {
  struct Failing {
    int left;
    int held = 0;
  };
  for (int allowed = 0; allowed < 6; ++allowed) {
    Failing failing{allowed};
    const wire::Memory memory = {[](void* user, size_t size) -> void* {
                                   auto* f = static_cast<Failing*>(user);
                                   if (f->left-- <= 0) return nullptr;
                                   ++f->held;
                                   return std::malloc(size);
                                 },
                                 [](void* user, void* p, size_t) {
                                   --static_cast<Failing*>(user)->held;
                                   std::free(p);
                                 },
                                 &failing};
    {
      Driver driver(DefaultGround(), Options(), &memory);
      for (const char octet : std::string_view("EHLO a.example\r\nHELP\r\nHELP 500\r\nNOOP\r\n")) {
        driver.Feed(std::string_view(&octet, 1));
      }
      EXPECT_TRUE(allowed >= 2 || driver.session.closing()) << allowed;
    }
    EXPECT_EQ(failing.held, 0) << allowed;
  }
}

}  // namespace
}  // namespace postern::session
