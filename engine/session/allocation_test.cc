// SPDX-License-Identifier: Apache-2.0
//
// A session in its steady state asks nobody for memory: neither its host's allocator nor operator
// new, whatever the lines are, as long as each comes whole and its reply fits in the session.
//
// A program of its own, because it counts every operator new.

#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "engine/replies/reply_table.h"
#include "engine/session/session.h"
#include "gtest/gtest.h"

namespace {

size_t g_news = 0;

void* CountedNew(size_t size) {
  ++g_news;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

void* operator new(size_t size) {
  void* const block = CountedNew(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return CountedNew(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return CountedNew(size); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
void operator delete[](void* block, size_t) noexcept { std::free(block); }

namespace postern::session {
namespace {

struct Counter {
  size_t blocks = 0;

  static void* Allocate(void* user, size_t size) {
    ++static_cast<Counter*>(user)->blocks;
    return std::malloc(size);
  }
  static void Deallocate(void* /*user*/, void* block, size_t /*size*/) { std::free(block); }
};

std::shared_ptr<const Ground> MakeDefaultGround() {
  auto table = replies::ReplyTable::LoadDefault();
  EXPECT_TRUE(table.ok());
  Config config = LoadConfig("").value();
  config.limits.errors = 1'000'000;
  config.limits.commands_without_progress = 1'000'000;
  return MakeGround(std::move(config), *table);
}

void Settle(Session* session, size_t* replied) {
  Event event;
  do {
    while (session->NextEvent(&event)) {
      if (event.ticket == 0) continue;
      // HELP's and VRFY's answers are the table's.
      const bool by_default = event.type == EventType::kVrfy || event.type == EventType::kHelp;
      ASSERT_EQ(
          session->AnswerTicket(event.ticket, by_default ? Verdict::kDefault : Verdict::kAccept),
          AnswerResult::kOk);
    }
    *replied += session->output().size();
    session->ConsumeOutput(session->output().size());
  } while (session->has_event());
}

void Feed(Session* session, std::string_view in, size_t* replied) {
  while (!in.empty()) {
    size_t used = 0;
    session->Feed(in, &used);
    in.remove_prefix(used);
    Settle(session, replied);
  }
}

TEST(Allocation, NoneInTheSteadyState) {
  const auto ground = MakeDefaultGround();
  Counter counter;
  const wire::Memory memory = {Counter::Allocate, Counter::Deallocate, &counter};
  Options options;
  options.can_starttls = true;
  options.client_address = "192.0.2.1";
  Session session(ground, &memory, options);
  size_t replied = 0;
  Settle(&session, &replied);

  const std::string_view parts[] = {
      "EHLO mail.client.example\r\n",
      "HELO [IPv6:2001:db8::1]\r\n",
      "EHLO client.example\r\n",
      "MAIL FROM:<alice@client.example> SIZE=1000 BODY=8BITMIME SMTPUTF8\r\n"
      "RCPT TO:<\"quoted one\"@server.example>\r\nRCPT TO:<someone@[192.0.2.200]>\r\n"
      "RCPT TO:<@route.example:j\xc3\xb6rg@server.example>\r\nDATA\r\n",
      "Subject: none\r\n\r\n..dots\r\nand text\r\n.\r\n",
      "NOOP\r\nRSET\r\nVRFY smith\r\nEXPN list\r\n",
      "GET / HTTP/1.1\r\n\r\n\x16\x03\x01\r\nRCPT TO:<a b@c>\r\nMAIL FROM:<a@b> "
      "FOO=BAR\r\nTURN\r\n",
      "MAIL FROM:<a..b@c>\r\nDATA now\r\nbare\nLF\r\nbare\rCR\r\n\xff\r\n",
      "MAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nDATA\r\n",
      "bare\nLF\r\n.\r\n",
  };
  // Once for all that is made on first use.
  for (const std::string_view part : parts) Feed(&session, part, &replied);
  const size_t blocks = counter.blocks;
  const size_t news = g_news;
  const size_t before = replied;
  for (int i = 0; i < 100; ++i) {
    for (const std::string_view part : parts) Feed(&session, part, &replied);
  }
  EXPECT_EQ(g_news, news);
  EXPECT_EQ(counter.blocks, blocks);
  // It was not silent meanwhile, and not closed.
  EXPECT_GT(replied - before, size_t{100 * 1000});
  EXPECT_FALSE(session.closing());
  EXPECT_EQ(session.GetInfo().messages, 101u);
}

}  // namespace
}  // namespace postern::session
