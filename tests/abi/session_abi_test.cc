// SPDX-License-Identifier: Apache-2.0
//
// Sessions and inspection through the C table: flags, events, order, ownership, and hosts that are
// older or newer than the plugin (EXAMPLES rules 2, 3, 5, 8, 23).

#include <dlfcn.h>

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

class SessionAbi : public testing::Test {
 protected:
  ~SessionAbi() override {
    api_->engine_release(engine_);
    EXPECT_TRUE(host_.living.empty());
    EXPECT_FALSE(host_.wrong_size);
    EXPECT_EQ(host_.misbehaved(), 0u);
  }
  const postern_api* const api_ = Api();
  CountingHost host_;
  postern_engine* const engine_ = MakeEngine(api_, &host_.host, ConfigWithName("mx.example"));
};

TEST_F(SessionAbi, TellsTheWholeDialogueAsEvents) {
  Driver driver(api_, engine_);
  ASSERT_TRUE(driver.Feed(kLongDialogue)) << driver.failed();
  EXPECT_EQ(driver.trace(),
            "event 1\n"
            "helo <client.example>\n"
            "query 13 <> in <HELP>\n"
            "query 13 <MAIL> in <HELP MAIL>\n"
            "mail <a@example.org> flags=0 size=1000 body=2\n"
            "rcpt <b@example.com> flags=0 accepted=0\n"
            "rcpt <\"c d\"@example.com> flags=20 accepted=1\n"
            "begin 2\n"
            "end 45\n"
            "query 11 <somebody> in <VRFY somebody>\n"
            "mail <> flags=1 size=0 body=0\n"
            "rcpt <Postmaster> flags=2 accepted=0\n"
            "reset 1\n"
            "mail <a@example.org> flags=0 size=0 body=0\n"
            "rcpt <b@example.com> flags=0 accepted=0\n"
            "reset 1\n"
            "error 500 C500\n"
            "error 500 F2\n"
            "error 503 C503\n"
            "mail <a@example.org> flags=0 size=0 body=0\n"
            "rcpt <b@example.com> flags=0 accepted=0\n"
            "begin 1\n"
            "end 0\n"
            "event 16\n"
            "closed 1\n");
  EXPECT_EQ(driver.content(), "Subject: one\r\n\r\n.a line with a dot\r\nthe end\r\n");
  EXPECT_NE(driver.flags() & POSTERN_CLOSING, 0);
}

// R3, through the ABI.
TEST_F(SessionAbi, GivesTheSameHoweverTheOctetsAreCut) {
  Driver whole(api_, engine_);
  ASSERT_TRUE(whole.Feed(kLongDialogue));
  for (const size_t piece : {1, 2, 3, 7, 100}) {
    Driver cut(api_, engine_);
    ASSERT_TRUE(cut.Feed(kLongDialogue, piece));
    EXPECT_EQ(cut.output(), whole.output()) << piece;
    EXPECT_EQ(cut.trace(), whole.trace()) << piece;
    EXPECT_EQ(cut.content(), whole.content()) << piece;
  }
}

TEST_F(SessionAbi, PointsContentIntoTheFedBuffer) {
  Driver driver(api_, engine_);
  ASSERT_TRUE(driver.Feed("EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n"));
  const std::string text = "a line of content\r\n";
  size_t consumed = 0;
  const int32_t flags = api_->session_feed(driver.session(), Octets(text), text.size(), &consumed);
  ASSERT_NE(flags & POSTERN_HAS_EVENT, 0);
  const postern_event* event = nullptr;
  ASSERT_GE(api_->session_next_event(driver.session(), &event), 0);
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(event->type, uint32_t{POSTERN_EVENT_CONTENT});
  EXPECT_EQ(event->struct_size, sizeof(postern_event_content));
  EXPECT_EQ(reinterpret_cast<const postern_event_content*>(event)->data.data, Octets(text));
}

TEST_F(SessionAbi, ReadsTheProxyHeaderFirst) {
  Driver driver(api_, engine_, POSTERN_OPEN_PROXY_HEADER);
  EXPECT_EQ(driver.output(), "");
  ASSERT_TRUE(driver.Feed("PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\nQUIT\r\n", 5));
  EXPECT_EQ(driver.trace(), "proxy v1 family=1 192.0.2.7:4711\nevent 1\nevent 16\nclosed 1\n");
}

TEST_F(SessionAbi, MakesOnlyWantedEventsAndAnswersTheRestByDefault) {
  Driver driver(api_, engine_, 0, 0, uint64_t{1} << POSTERN_EVENT_CLOSED);
  ASSERT_TRUE(driver.Feed("EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nQUIT\r\n"));
  EXPECT_EQ(driver.trace(), "closed 1\n");
  EXPECT_NE(driver.output().find("\r\n550 5.1.1 "), std::string::npos) << driver.output();
}

TEST_F(SessionAbi, AnswersWithOverridesAndReplyIds) {
  Driver driver(api_, engine_);
  ASSERT_TRUE(driver.Feed("EHLO a.example\r\nMAIL FROM:<>\r\n"));
  driver.AnswerWith(POSTERN_EVENT_RCPT, {POSTERN_VERDICT_REJECT, 40, 0, {}, ""});
  driver.ForgetOutput();
  ASSERT_TRUE(driver.Feed("RCPT TO:<a@b.example>\r\n"));
  EXPECT_EQ(driver.output().substr(0, 10), "550 5.7.1 ");
  driver.AnswerWith(POSTERN_EVENT_RCPT,
                    {POSTERN_VERDICT_DEFER, 0, 450, {4, 2, 1}, "one line\nand another"});
  driver.ForgetOutput();
  ASSERT_TRUE(driver.Feed("RCPT TO:<a@b.example>\r\n"));
  EXPECT_EQ(driver.output(), "450-4.2.1 one line\r\n450 4.2.1 and another\r\n");
}

// An open decision whose event was not taken yet can be answered by its number only if the host
// guesses it; RSET is not read before it is, and a disconnect voids it.
TEST_F(SessionAbi, ClosesWithATicketOpen) {
  postern_session_options options = {};
  options.struct_size = sizeof(options);
  postern_session* session = nullptr;
  ASSERT_EQ(api_->session_open(engine_, &options, &session), POSTERN_OK);
  const postern_event* event = nullptr;
  const int32_t flags = api_->session_next_event(session, &event);
  EXPECT_NE(flags & POSTERN_HAS_TICKET, 0);
  api_->session_close(session);
}

TEST_F(SessionAbi, HoldsNoMoreThanPromisedWhenIdle) {
  Driver driver(api_, engine_);
  ASSERT_TRUE(driver.Feed("EHLO a.example\r\n"));
  postern_session_info info = {};
  info.struct_size = sizeof(info);
  ASSERT_EQ(api_->session_info(driver.session(), &info), POSTERN_OK);
  size_t held = 0;
  for (const auto& block : host_.living) held += block.second;
  EXPECT_EQ(info.memory_octets, held);
  EXPECT_LE(held, 1024u);
}

TEST_F(SessionAbi, KeepsTheTableItBeganWith) {
  postern_table* table = nullptr;
  const std::string serialized = TableWithLine(61, "second", "from the second table");
  ASSERT_EQ(api_->table_load(Octets(serialized), serialized.size(), &table, nullptr), POSTERN_OK);
  Driver before(api_, engine_);
  ASSERT_EQ(api_->engine_set_table(engine_, table, nullptr), POSTERN_OK);
  api_->table_release(table);
  Driver after(api_, engine_);
  ASSERT_TRUE(before.Feed("NOOP\r\n"));
  ASSERT_TRUE(after.Feed("NOOP\r\n"));
  EXPECT_EQ(before.output().find("second table"), std::string::npos);
  EXPECT_NE(after.output().find("250 2.0.0 from the second table\r\n"), std::string::npos);
  // A configuration set later leaves the table alone; null puts the default back.
  const std::string config = ConfigWithName("other.example");
  ASSERT_EQ(api_->engine_set_config(engine_, Octets(config), config.size(), nullptr), POSTERN_OK);
  Driver renamed(api_, engine_);
  ASSERT_TRUE(renamed.Feed("NOOP\r\n"));
  EXPECT_EQ(renamed.output().substr(0, 18), "220 other.example ");
  EXPECT_NE(renamed.output().find("second table"), std::string::npos);
  ASSERT_EQ(api_->engine_set_table(engine_, nullptr, nullptr), POSTERN_OK);
  Driver last(api_, engine_);
  ASSERT_TRUE(last.Feed("NOOP\r\n"));
  EXPECT_EQ(last.output().find("second table"), std::string::npos);
}

TEST_F(SessionAbi, KeepsTheOldOnesWhenNewOnesAreRefused) {
  EXPECT_EQ(api_->engine_set_config(engine_, Octets("\xff\xff"), 2, nullptr), POSTERN_E_CONFIG);
  const std::string name = ConfigWithName("not a name");
  EXPECT_EQ(api_->engine_set_config(engine_, Octets(name), name.size(), nullptr), POSTERN_E_CONFIG);
  Driver driver(api_, engine_);
  EXPECT_EQ(driver.output().substr(0, 15), "220 mx.example ");
}

TEST_F(SessionAbi, CutsARefusalBetweenCharacters) {
  const std::string name = ConfigWithName("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 x");
  char whole[512] = "";
  postern_error error = {};
  error.struct_size = sizeof(error);
  error.text = whole;
  error.capacity = sizeof(whole);
  ASSERT_EQ(api_->engine_set_config(engine_, Octets(name), name.size(), &error), POSTERN_E_CONFIG);
  ASSERT_EQ(std::strlen(whole), error.size);
  for (size_t capacity = 1; capacity <= error.size; ++capacity) {
    std::string text(capacity, '#');
    error.text = text.data();
    error.capacity = capacity;
    ASSERT_EQ(api_->engine_set_config(engine_, Octets(name), name.size(), &error),
              POSTERN_E_CONFIG);
    const size_t length = std::strlen(text.c_str());
    ASSERT_LT(length, capacity);
    EXPECT_EQ(text.substr(0, length), std::string(whole).substr(0, length));
    EXPECT_NE(static_cast<unsigned char>(whole[length]) & 0xc0, 0x80) << capacity;
  }
}

// ---- A host of the future: every struct longer than ours, garbage behind what we know ----

template <typename T>
struct Longer {
  T known = {};
  uint8_t future[64];
  Longer() {
    std::memset(future, 0xa5, sizeof(future));
    known.struct_size = sizeof(Longer);
  }
  bool untouched() const {
    for (const uint8_t octet : future) {
      if (octet != 0xa5) return false;
    }
    return true;
  }
};

TEST_F(SessionAbi, ServesAHostOfTheFuture) {
  Longer<postern_host> host;
  host.known = host_.host;
  host.known.struct_size = sizeof(host);
  Longer<postern_error> error;
  postern_engine* engine = nullptr;
  ASSERT_EQ(api_->engine_create(&host.known, nullptr, 0, nullptr, &engine, &error.known),
            POSTERN_OK);
  Longer<postern_session_options> options;
  // Flags and events that this plugin does not know.
  options.known.flags = 0xffff0000u;
  options.known.wanted_events = ~uint64_t{0};
  postern_session* session = nullptr;
  ASSERT_EQ(api_->session_open(engine, &options.known, &session), POSTERN_OK);
  const postern_event* event = nullptr;
  ASSERT_GE(api_->session_next_event(session, &event), 0);
  Longer<postern_answer> answer;
  answer.known.verdict = POSTERN_VERDICT_ACCEPT;
  EXPECT_GE(api_->session_answer(session, event->ticket, &answer.known), 0);
  Longer<postern_session_info> info;
  ASSERT_EQ(api_->session_info(session, &info.known), POSTERN_OK);
  // What was filled is said, so that the rest counts as zero.
  EXPECT_EQ(info.known.struct_size, sizeof(postern_session_info));
  EXPECT_GT(info.known.memory_octets, 0u);
  EXPECT_TRUE(info.untouched());
  Longer<postern_inspect_context> context;
  Longer<postern_verdict> verdict;
  ASSERT_EQ(api_->inspect(engine, &context.known, Octets("FOO"), 3, &verdict.known), POSTERN_OK);
  EXPECT_EQ(verdict.known.code, 500u);
  EXPECT_TRUE(verdict.untouched());
  EXPECT_TRUE(error.untouched());
  api_->session_close(session);
  api_->engine_release(engine);
}

// LMTP: the answers for recipients, as a host of the future lays them out, and as none should.
TEST_F(SessionAbi, TakesAnAnswerForEachRecipient) {
  // Field 8, protocol: LMTP.
  const std::string config = ConfigWithName("mx.example") + std::string("\x40\x02", 2);
  postern_engine* const engine = MakeEngine(api_, &host_.host, config);
  postern_session_options options = {};
  options.struct_size = sizeof(options);
  postern_session* session = nullptr;
  ASSERT_EQ(api_->session_open(engine, &options, &session), POSTERN_OK);
  const std::string octets =
      "LHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@b.example>\r\n"
      "DATA\r\n.\r\n";
  size_t at = 0;
  uint64_t ticket = 0;
  std::string output;
  const auto take_output = [&] {
    const uint8_t* data = nullptr;
    size_t size = 0;
    ASSERT_GE(api_->session_output(session, &data, &size), 0);
    output.append(reinterpret_cast<const char*>(data), size);
    ASSERT_GE(api_->session_output_consumed(session, size), 0);
  };
  while (ticket == 0) {
    const postern_event* event = nullptr;
    ASSERT_GE(api_->session_next_event(session, &event), 0);
    if (event == nullptr) {
      take_output();
      size_t used = 0;
      ASSERT_GE(api_->session_feed(session, Octets(octets) + at, octets.size() - at, &used), 0);
      at += used;
      continue;
    }
    if (event->type == POSTERN_EVENT_HELO) {
      EXPECT_EQ(event->flags, uint32_t{POSTERN_HELO_EXTENDED | POSTERN_HELO_LMTP});
    }
    if (event->type == POSTERN_EVENT_CONTENT_END) {
      ticket = event->ticket;
    } else if (event->ticket != 0) {
      postern_answer accept = {};
      accept.struct_size = sizeof(accept);
      accept.verdict = POSTERN_VERDICT_ACCEPT;
      ASSERT_GE(api_->session_answer(session, event->ticket, &accept), 0);
    }
  }
  take_output();
  output.clear();
  Longer<postern_answer> each[2];
  each[0].known.verdict = POSTERN_VERDICT_ACCEPT;
  each[1].known.verdict = POSTERN_VERDICT_REJECT;
  Longer<postern_answer> answer;
  const auto give = [&](const postern_answer* first, size_t count) {
    answer.known.recipients = first;
    answer.known.recipient_count = count;
    return api_->session_answer(session, ticket, &answer.known);
  };
  EXPECT_EQ(give(nullptr, 2), POSTERN_E_ARGUMENT);
  const auto* const askew = reinterpret_cast<const uint8_t*>(&each[0].known) + 1;
  EXPECT_EQ(give(reinterpret_cast<const postern_answer*>(askew), 2), POSTERN_E_ARGUMENT);
  EXPECT_EQ(give(&each[0].known, 1), POSTERN_E_REPLY);
  each[1].known.struct_size = 8;
  EXPECT_EQ(give(&each[0].known, 2), POSTERN_E_REPLY);
  each[1].known.struct_size = sizeof(each[1]) + 8;
  EXPECT_EQ(give(&each[0].known, 2), POSTERN_E_REPLY);
  each[1].known.struct_size = sizeof(each[1]);
  each[1].known.text = {nullptr, 3};
  EXPECT_EQ(give(&each[0].known, 2), POSTERN_E_REPLY);
  each[1].known.text = {nullptr, 0};
  EXPECT_GE(give(&each[0].known, 2), 0);
  take_output();
  EXPECT_EQ(output.substr(0, 4), "250 ");
  EXPECT_NE(output.find("\r\n554 "), std::string::npos) << output;
  postern_session_info info = {};
  info.struct_size = sizeof(info);
  ASSERT_EQ(api_->session_info(session, &info), POSTERN_OK);
  EXPECT_EQ(info.lmtp, 1u);
  EXPECT_EQ(info.messages, 1u);
  api_->session_close(session);
  api_->engine_release(engine);
  EXPECT_EQ(host_.misbehaved(), 6u);
  host_.log.clear();
}

// A host that knows no event type at all gives the stated default to each: it gets by.
TEST_F(SessionAbi, ServesAHostThatKnowsNoEvent) {
  Driver driver(api_, engine_);
  for (uint32_t type = 0; type < 64; ++type) {
    driver.AnswerWith(type, {POSTERN_VERDICT_DEFAULT, 0, 0, {}, ""});
  }
  ASSERT_TRUE(
      driver.Feed("EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n"
                  "HELP\r\nVRFY x\r\nQUIT\r\n"));
  EXPECT_NE(driver.output().find("550 "), std::string::npos);
  EXPECT_NE(driver.output().find("214 "), std::string::npos);
  EXPECT_NE(driver.output().find("252 "), std::string::npos);
}

// The minor counts additions and decides nothing.
TEST_F(SessionAbi, ServesAHostOfALaterMinor) {
  void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(library, nullptr);
  const auto entry = reinterpret_cast<postern_plugin_v1_fn>(dlsym(library, "postern_plugin_v1"));
  EXPECT_EQ(entry(POSTERN_ABI_VERSION + 7, &host_.host), api_);
  EXPECT_EQ(entry(POSTERN_ABI_MAJOR << 16, &host_.host), api_);
  dlclose(library);
}

// ---- Inspection ----

class InspectAbi : public SessionAbi {
 protected:
  int32_t Inspect(std::string_view line, uint32_t flags = POSTERN_INSPECT_EHLO) {
    postern_inspect_context context = {};
    context.struct_size = sizeof(context);
    context.flags = flags;
    verdict_ = {};
    verdict_.struct_size = sizeof(verdict_);
    verdict_.reply = reply_;
    verdict_.reply_capacity = sizeof(reply_);
    // Of exact size, for sanitizers.
    const std::vector<char> copy(line.begin(), line.end());
    return api_->inspect(engine_, &context, Octets({copy.data(), copy.size()}), copy.size(),
                         &verdict_);
  }
  std::string reply() const { return std::string(reply_, verdict_.reply_size); }

  postern_verdict verdict_ = {};
  char reply_[4096];
};

TEST_F(InspectAbi, GivesTheWordsOfASession) {
  for (const std::string_view line :
       {"FROBNICATE", "", "NOOP\n", "NOOP\rx", "MAIL FROM:<a@b", "RCPT TO:<a@b.example>",
        "MAIL FROM:<a@b.example> FOO=1", "EXPN list", "DATA now", "HELP", "HELP MAIL", "HELP NONE",
        "1234", "NOOP \x01", "NOOP \xc3", "\n"}) {
    Driver driver(api_, engine_);
    ASSERT_TRUE(driver.Feed("EHLO a.example\r\n"));
    driver.ForgetOutput();
    ASSERT_TRUE(driver.Feed(std::string(line) + "\r\n"));
    ASSERT_EQ(Inspect(line), POSTERN_OK) << line;
    EXPECT_EQ(reply(), driver.output()) << line;
    EXPECT_EQ(std::to_string(verdict_.code), driver.output().substr(0, 3)) << line;
    ASSERT_EQ(Inspect(std::string(line) + "\r\n"), POSTERN_OK) << line;
    EXPECT_EQ(reply(), driver.output()) << line;
  }
}

TEST_F(InspectAbi, JudgesLongLinesWithAndWithoutTheirEnd) {
  for (const size_t size : {508, 510, 511, 2040, 2048, 2049, 5000, 20000}) {
    const std::string line = "NOOP " + std::string(size - 5, 'x');
    ASSERT_EQ(Inspect(line), POSTERN_OK) << size;
    EXPECT_EQ(verdict_.code, size + 2 > 512 ? 500u : 0u) << size;
    const std::string without = reply();
    ASSERT_EQ(Inspect(line + "\r\n"), POSTERN_OK) << size;
    EXPECT_EQ(reply(), without) << size;
  }
  ASSERT_EQ(Inspect(std::string(5 << 20, 'x')), POSTERN_OK);
  EXPECT_EQ(verdict_.code, 421u);
  EXPECT_EQ(verdict_.rule, uint32_t{POSTERN_RULE_F5});
}

TEST_F(InspectAbi, LeavesRightLinesToTheHost) {
  const struct {
    const char* line;
    uint32_t flags;
    uint32_t event;
  } kCases[] = {
      {"EHLO a.example", 0, POSTERN_EVENT_HELO},
      {"MAIL FROM:<a@b.example>", POSTERN_INSPECT_EHLO, POSTERN_EVENT_MAIL},
      {"RCPT TO:<a@b.example>", POSTERN_INSPECT_EHLO | POSTERN_INSPECT_MAIL, POSTERN_EVENT_RCPT},
      {"DATA", POSTERN_INSPECT_HELO | POSTERN_INSPECT_MAIL | POSTERN_INSPECT_RCPT,
       POSTERN_EVENT_CONTENT_BEGIN},
      {"VRFY a", POSTERN_INSPECT_HELO, POSTERN_EVENT_VRFY},
      {"RSET", POSTERN_INSPECT_HELO, 0},
      {"RSET", POSTERN_INSPECT_HELO | POSTERN_INSPECT_MAIL, POSTERN_EVENT_RESET},
      {"STARTTLS", POSTERN_INSPECT_EHLO | POSTERN_INSPECT_CAN_STARTTLS, POSTERN_EVENT_STARTTLS},
      {"NOOP", 0, 0},
      {"QUIT", 0, POSTERN_EVENT_QUIT},
  };
  for (const auto& one : kCases) {
    ASSERT_EQ(Inspect(one.line, one.flags), POSTERN_OK) << one.line;
    EXPECT_EQ(verdict_.code, 0u) << one.line;
    EXPECT_EQ(verdict_.reply_size, 0u) << one.line;
    EXPECT_EQ(verdict_.event_type, one.event) << one.line;
  }
}

TEST_F(InspectAbi, WritesNothingWhereTheReplyDoesNotFit) {
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  char reply[8] = "1234567";
  postern_verdict verdict = {};
  verdict.struct_size = sizeof(verdict);
  verdict.reply = reply;
  verdict.reply_capacity = sizeof(reply);
  ASSERT_EQ(api_->inspect(engine_, &context, Octets("FOO"), 3, &verdict), POSTERN_OK);
  EXPECT_EQ(verdict.code, 500u);
  EXPECT_GT(verdict.reply_size, sizeof(reply));
  EXPECT_STREQ(reply, "1234567");
}

}  // namespace
}  // namespace postern::abi_test
