// SPDX-License-Identifier: Apache-2.0
//
// One misbehaving host per rule of postern.h: each breaks one, and gets the code that the header
// names, a log line where there is somebody to tell, and a session that goes on as if nothing had
// been asked (EXAMPLES rules 13 to 17).

#include <dlfcn.h>

#include <cstring>
#include <string>

#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

postern_plugin_v1_fn Entry() {
  Api();
  void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_NOLOAD);
  return reinterpret_cast<postern_plugin_v1_fn>(dlsym(library, "postern_plugin_v1"));
}

class MisbehavingHost : public testing::Test {
 protected:
  MisbehavingHost() { host_.keep_freed = true; }
  ~MisbehavingHost() override {
    api_->session_close(session_);
    api_->engine_release(engine_);
    EXPECT_TRUE(host_.living.empty());
    EXPECT_FALSE(host_.wrong_size);
  }

  void SetUp() override {
    engine_ = MakeEngine(api_, &host_.host);
    options_.struct_size = sizeof(options_);
    answer_.struct_size = sizeof(answer_);
    answer_.verdict = POSTERN_VERDICT_ACCEPT;
  }

  void Open() { ASSERT_EQ(api_->session_open(engine_, &options_, &session_), POSTERN_OK); }

  // The open decision's ticket.
  uint64_t Ticket() {
    const postern_event* event = nullptr;
    EXPECT_GE(api_->session_next_event(session_, &event), 0);
    return event == nullptr ? 0 : event->ticket;
  }

  // Past the greeting.
  void Greet() {
    Open();
    ASSERT_GE(api_->session_answer(session_, Ticket(), &answer_), 0);
    TakeOutput();
  }

  std::string TakeOutput() {
    const uint8_t* data = nullptr;
    size_t size = 0;
    EXPECT_EQ(api_->session_output(session_, &data, &size), POSTERN_OK);
    const std::string text(reinterpret_cast<const char*>(data), size);
    EXPECT_GE(api_->session_output_consumed(session_, size), 0);
    return text;
  }

  int32_t Feed(std::string_view octets) {
    size_t consumed = 0;
    return api_->session_feed(session_, Octets(octets), octets.size(), &consumed);
  }

  // The session still does what it is there for.
  void ExpectWorking() {
    ASSERT_GE(Feed("NOOP\r\n"), 0);
    EXPECT_EQ(TakeOutput().substr(0, 4), "250 ");
  }

  const postern_api* const api_ = Api();
  CountingHost host_;
  postern_engine* engine_ = nullptr;
  postern_session* session_ = nullptr;
  postern_session_options options_ = {};
  postern_answer answer_ = {};
};

// ---- Entry ----

TEST_F(MisbehavingHost, OfAnotherMajorIsRefusedAndTold) {
  EXPECT_EQ(Entry()(2u << 16, &host_.host), nullptr);
  EXPECT_EQ(Entry()(0, nullptr), nullptr);
  ASSERT_EQ(host_.log.size(), 1u);
  EXPECT_NE(host_.log[0].find("major"), std::string::npos);
}

TEST_F(MisbehavingHost, WithAShortHostStructIsRefusedAndTold) {
  host_.host.struct_size = offsetof(postern_host, allocate);
  EXPECT_EQ(Entry()(POSTERN_ABI_VERSION, &host_.host), nullptr);
  ASSERT_EQ(host_.log.size(), 1u);
  EXPECT_NE(host_.log[0].find("struct_size"), std::string::npos);
}

TEST_F(MisbehavingHost, WithAStructTooShortForItsLogIsRefusedInSilence) {
  host_.host.struct_size = 4;
  EXPECT_EQ(Entry()(POSTERN_ABI_VERSION, &host_.host), nullptr);
  EXPECT_TRUE(host_.log.empty());
}

// The log is optional for ever: without one there is the code, and nobody to tell.
TEST_F(MisbehavingHost, WithoutALogGetsTheCodeAlone) {
  host_.host.log = nullptr;
  postern_engine* const engine = MakeEngine(api_, &host_.host);
  EXPECT_EQ(Entry()(2u << 16, &host_.host), nullptr);
  EXPECT_EQ(api_->session_open(engine, nullptr, &session_), POSTERN_E_ARGUMENT);
  ASSERT_EQ(api_->session_open(engine, &options_, &session_), POSTERN_OK);
  EXPECT_EQ(api_->session_answer(session_, 99, &answer_), POSTERN_E_TICKET);
  EXPECT_EQ(api_->session_feed(session_, nullptr, 1, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_TRUE(host_.log.empty());
  api_->engine_release(engine);
}

// ---- Tables and engines ----

TEST_F(MisbehavingHost, LoadsATableIntoNothing) {
  EXPECT_EQ(api_->table_load(nullptr, 0, nullptr, nullptr), POSTERN_E_ARGUMENT);
}

TEST_F(MisbehavingHost, LoadsATableFromNullWithASize) {
  postern_table* table = reinterpret_cast<postern_table*>(this);
  EXPECT_EQ(api_->table_load(nullptr, 7, &table, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(table, nullptr);
}

TEST_F(MisbehavingHost, WantsAnErrorTextInAShortStruct) {
  postern_error error = {};
  error.struct_size = 8;
  postern_table* table = nullptr;
  EXPECT_EQ(api_->table_load(nullptr, 0, &table, &error), POSTERN_E_ARGUMENT);
  EXPECT_EQ(table, nullptr);
  EXPECT_EQ(api_->engine_set_table(engine_, nullptr, &error), POSTERN_E_ARGUMENT);
  EXPECT_EQ(host_.misbehaved(), 1u);
}

TEST_F(MisbehavingHost, WantsAnErrorTextWithoutABuffer) {
  postern_error error = {};
  error.struct_size = sizeof(error);
  error.capacity = 100;
  EXPECT_EQ(api_->engine_set_config(engine_, nullptr, 0, &error), POSTERN_E_ARGUMENT);
}

TEST_F(MisbehavingHost, CreatesAnEngineIntoNothing) {
  EXPECT_EQ(api_->engine_create(&host_.host, nullptr, 0, nullptr, nullptr, nullptr),
            POSTERN_E_ARGUMENT);
}

TEST_F(MisbehavingHost, OffersOneHalfOfAnAllocator) {
  host_.host.deallocate = nullptr;
  postern_engine* engine = nullptr;
  EXPECT_EQ(api_->engine_create(&host_.host, nullptr, 0, nullptr, &engine, nullptr),
            POSTERN_E_ARGUMENT);
  EXPECT_EQ(engine, nullptr);
  EXPECT_EQ(host_.misbehaved(), 1u);
}

TEST_F(MisbehavingHost, CreatesAnEngineWithAShortHostStruct) {
  host_.host.struct_size -= 1;
  postern_engine* engine = nullptr;
  EXPECT_EQ(api_->engine_create(&host_.host, nullptr, 0, nullptr, &engine, nullptr),
            POSTERN_E_ARGUMENT);
}

TEST_F(MisbehavingHost, ReleasesATableTwiceAndUsesIt) {
  postern_table* table = nullptr;
  ASSERT_EQ(api_->table_load(nullptr, 0, &table, nullptr), POSTERN_OK);
  api_->table_release(table);
  api_->table_release(table);
  EXPECT_EQ(api_->engine_set_table(engine_, table, nullptr), POSTERN_E_DEAD);
  EXPECT_EQ(host_.misbehaved(), 1u);
  Greet();
  ExpectWorking();
}

TEST_F(MisbehavingHost, ReleasesAnEngineTwiceAndUsesIt) {
  Greet();
  postern_engine* const released = engine_;
  engine_ = nullptr;
  api_->engine_release(released);
  api_->engine_release(released);
  postern_session* session = nullptr;
  EXPECT_EQ(api_->session_open(released, &options_, &session), POSTERN_E_DEAD);
  EXPECT_EQ(session, nullptr);
  EXPECT_EQ(api_->engine_set_table(released, nullptr, nullptr), POSTERN_E_DEAD);
  EXPECT_EQ(api_->engine_set_config(released, nullptr, 0, nullptr), POSTERN_E_DEAD);
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  postern_verdict verdict = {};
  verdict.struct_size = sizeof(verdict);
  EXPECT_EQ(api_->inspect(released, &context, Octets("NOOP"), 4, &verdict), POSTERN_E_DEAD);
  // The session keeps what it needs.
  ExpectWorking();
}

TEST_F(MisbehavingHost, GivesNullForObjects) {
  EXPECT_EQ(api_->session_open(nullptr, &options_, &session_), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->engine_set_table(nullptr, nullptr, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->engine_set_config(nullptr, nullptr, 0, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_tick(nullptr, 1), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_notify(nullptr, 1), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_output_consumed(nullptr, 0), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->inspect(nullptr, nullptr, nullptr, 0, nullptr), POSTERN_E_ARGUMENT);
  // Allowed, and nothing.
  api_->session_close(nullptr);
  api_->engine_release(nullptr);
  api_->table_release(nullptr);
}

// ---- Opening ----

TEST_F(MisbehavingHost, OpensWithNullOptions) {
  EXPECT_EQ(api_->session_open(engine_, nullptr, &session_), POSTERN_E_ARGUMENT);
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(host_.misbehaved(), 1u);
}

TEST_F(MisbehavingHost, OpensWithAShortOptionsStruct) {
  options_.struct_size = offsetof(postern_session_options, client_address);
  EXPECT_EQ(api_->session_open(engine_, &options_, &session_), POSTERN_E_ARGUMENT);
  EXPECT_EQ(host_.misbehaved(), 1u);
}

TEST_F(MisbehavingHost, OpensIntoNothing) {
  EXPECT_EQ(api_->session_open(engine_, &options_, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(host_.misbehaved(), 1u);
}

TEST_F(MisbehavingHost, OpensWithAnAddressOfNull) {
  options_.client_address.size = 9;
  EXPECT_EQ(api_->session_open(engine_, &options_, &session_), POSTERN_E_ARGUMENT);
  EXPECT_EQ(host_.misbehaved(), 1u);
}

// ---- Answers ----

TEST_F(MisbehavingHost, AnswersTwice) {
  Open();
  const uint64_t ticket = Ticket();
  ASSERT_GE(api_->session_answer(session_, ticket, &answer_), 0);
  EXPECT_EQ(api_->session_answer(session_, ticket, &answer_), POSTERN_E_TICKET);
  EXPECT_EQ(host_.misbehaved(), 1u);
  EXPECT_EQ(TakeOutput().substr(0, 4), "220 ");
  ExpectWorking();
}

TEST_F(MisbehavingHost, AnswersWithAWrongTicket) {
  Open();
  const uint64_t ticket = Ticket();
  EXPECT_EQ(api_->session_answer(session_, ticket + 1, &answer_), POSTERN_E_TICKET);
  EXPECT_EQ(api_->session_answer(session_, 0, &answer_), POSTERN_E_TICKET);
  EXPECT_GE(api_->session_answer(session_, ticket, &answer_), 0);
}

TEST_F(MisbehavingHost, AnswersWhatNobodyAsked) {
  Greet();
  EXPECT_EQ(api_->session_answer(session_, 1, &answer_), POSTERN_E_TICKET);
  ExpectWorking();
}

TEST_F(MisbehavingHost, AnswersAfterTheSessionClosed) {
  Open();
  const uint64_t ticket = Ticket();
  ASSERT_GE(api_->session_notify(session_, POSTERN_NOTICE_DISCONNECTED), 0);
  EXPECT_EQ(api_->session_answer(session_, ticket, &answer_), POSTERN_E_TICKET);
}

TEST_F(MisbehavingHost, AnswersAfterTheDeadline) {
  Open();
  const uint64_t ticket = Ticket();
  uint64_t deadline = 0;
  ASSERT_EQ(api_->session_next_deadline(session_, &deadline), POSTERN_OK);
  ASSERT_GE(api_->session_tick(session_, deadline), 0);
  EXPECT_EQ(api_->session_answer(session_, ticket, &answer_), POSTERN_E_TICKET);
}

TEST_F(MisbehavingHost, AnswersWithNull) {
  Open();
  const uint64_t ticket = Ticket();
  EXPECT_EQ(api_->session_answer(session_, ticket, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_GE(api_->session_answer(session_, ticket, &answer_), 0);
}

TEST_F(MisbehavingHost, AnswersWithAShortStruct) {
  Open();
  const uint64_t ticket = Ticket();
  answer_.struct_size = 8;
  EXPECT_EQ(api_->session_answer(session_, ticket, &answer_), POSTERN_E_ARGUMENT);
  answer_.struct_size = sizeof(answer_);
  EXPECT_GE(api_->session_answer(session_, ticket, &answer_), 0);
}

TEST_F(MisbehavingHost, AnswersWithAnUnknownVerdict) {
  Open();
  const uint64_t ticket = Ticket();
  for (const int32_t verdict : {-1, 5, 1 << 30}) {
    answer_.verdict = verdict;
    EXPECT_EQ(api_->session_answer(session_, ticket, &answer_), POSTERN_E_ARGUMENT) << verdict;
  }
  answer_.verdict = POSTERN_VERDICT_ACCEPT;
  EXPECT_GE(api_->session_answer(session_, ticket, &answer_), 0);
}

// R4: a host cannot put CR LF into a reply, nor a code of another class.
class MisbehavingOverride : public MisbehavingHost {
 protected:
  void SetUp() override {
    MisbehavingHost::SetUp();
    Greet();
    ASSERT_GE(Feed("EHLO client.example\r\n"), 0);
    ASSERT_GE(api_->session_answer(session_, Ticket(), &answer_), 0);
    TakeOutput();
    ASSERT_GE(Feed("MAIL FROM:<a@example.org>\r\n"), 0);
    ticket_ = Ticket();
    answer_.verdict = POSTERN_VERDICT_REJECT;
  }

  // The override as it stands is refused; the decision stays open and can still be answered.
  void ExpectRefused() {
    EXPECT_EQ(api_->session_answer(session_, ticket_, &answer_), POSTERN_E_REPLY);
    EXPECT_EQ(host_.misbehaved(), 1u);
    answer_ = {};
    answer_.struct_size = sizeof(answer_);
    answer_.verdict = POSTERN_VERDICT_REJECT;
    answer_.code = 550;
    answer_.text = {Octets("not you"), 7};
    ASSERT_GE(api_->session_answer(session_, ticket_, &answer_), 0);
    const std::string reply = TakeOutput();
    EXPECT_EQ(reply.substr(0, 4), "550 ");
    EXPECT_NE(reply.find("not you\r\n"), std::string::npos);
  }

  uint64_t ticket_ = 0;
};

TEST_F(MisbehavingOverride, WithCrLfInItsText) {
  answer_.code = 550;
  answer_.text = {Octets("no\r\n250 yes"), 11};
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithNulInItsText) {
  answer_.code = 550;
  answer_.text = {Octets(std::string_view("no\0no", 5)), 5};
  ExpectRefused();
}

TEST_F(MisbehavingOverride, OfTheWrongClass) {
  answer_.code = 250;
  answer_.text = {Octets("fine"), 4};
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithACodeThatIsNone) {
  answer_.code = 65536 + 550;
  answer_.text = {Octets("no"), 2};
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithATextAndNoCode) {
  answer_.text = {Octets("no"), 2};
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithAnEnhancedCodeOfAnotherClass) {
  answer_.code = 550;
  answer_.enhanced_class = 2;
  answer_.text = {Octets("no"), 2};
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithALineOver512Octets) {
  const std::string line(600, 'x');
  answer_.code = 550;
  answer_.text = {Octets(line), line.size()};
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithAReplyIdThatIsNone) {
  answer_.reply_id = 100000;
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithAReplyIdOfTheWrongClass) {
  answer_.reply_id = 61;  // NOOP_OK
  ExpectRefused();
}

TEST_F(MisbehavingOverride, WithATextOfNull) {
  answer_.code = 550;
  answer_.text = {nullptr, 5};
  EXPECT_EQ(api_->session_answer(session_, ticket_, &answer_), POSTERN_E_ARGUMENT);
}

// ---- Feeding and draining ----

TEST_F(MisbehavingHost, FeedsWhileATicketIsOpen) {
  Open();
  size_t consumed = 99;
  EXPECT_GE(api_->session_feed(session_, Octets("QUIT\r\n"), 6, &consumed), 0);
  EXPECT_EQ(consumed, 0u);
  const int32_t flags = api_->session_answer(session_, Ticket(), &answer_);
  EXPECT_EQ(flags & POSTERN_CLOSING, 0);
}

// One event at a time: feed stops at each, and takes nothing while one waits.
TEST_F(MisbehavingHost, FeedsWithoutTakingEvents) {
  Greet();
  size_t consumed = 0;
  const std::string_view lines = "FROBNICATE\r\nFROBNICATE\r\n";
  ASSERT_GE(api_->session_feed(session_, Octets(lines), lines.size(), &consumed), 0);
  EXPECT_EQ(consumed, lines.size() / 2);
  for (int i = 0; i < 3; ++i) {
    const int32_t flags = api_->session_feed(session_, Octets("NOOP\r\n"), 6, &consumed);
    EXPECT_NE(flags & POSTERN_HAS_EVENT, 0);
    EXPECT_EQ(consumed, 0u);
  }
  Ticket();
  TakeOutput();
  ExpectWorking();
}

// B1: what the client does not take is not gathered without end.
TEST_F(MisbehavingHost, FeedsWithoutDrainingOutput) {
  Greet();
  std::string lines;
  for (int i = 0; i < 10000; ++i) lines += "NOOP\r\n";
  std::string_view rest = lines;
  for (int i = 0; i < 1000; ++i) {
    size_t consumed = 0;
    const int32_t flags = api_->session_feed(session_, Octets(rest), rest.size(), &consumed);
    ASSERT_GE(flags, 0);
    EXPECT_NE(flags & POSTERN_HAS_OUTPUT, 0);
    rest.remove_prefix(consumed);
  }
  EXPECT_GT(rest.size(), lines.size() / 2) << "it goes on without room";
  size_t held = 0;
  for (const auto& block : host_.living) held += block.second;
  EXPECT_LT(held, 16384u);
  while (!TakeOutput().empty()) continue;
  ExpectWorking();
}

TEST_F(MisbehavingHost, FeedsNullWithASize) {
  Greet();
  size_t consumed = 99;
  EXPECT_EQ(api_->session_feed(session_, nullptr, 5, &consumed), POSTERN_E_ARGUMENT);
  EXPECT_EQ(consumed, 0u);
  EXPECT_EQ(host_.misbehaved(), 1u);
  ExpectWorking();
}

TEST_F(MisbehavingHost, FeedsWithoutConsumed) {
  Greet();
  EXPECT_EQ(api_->session_feed(session_, Octets("NOOP\r\n"), 6, nullptr), POSTERN_E_ARGUMENT);
  ExpectWorking();
}

TEST_F(MisbehavingHost, ConsumesMoreOutputThanThereIs) {
  Greet();
  ASSERT_GE(Feed("NOOP\r\n"), 0);
  EXPECT_EQ(api_->session_output_consumed(session_, 10000), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_output_consumed(session_, SIZE_MAX), POSTERN_E_ARGUMENT);
  EXPECT_EQ(host_.misbehaved(), 2u);
  EXPECT_EQ(TakeOutput().substr(0, 4), "250 ");
}

TEST_F(MisbehavingHost, AsksForResultsIntoNothing) {
  Greet();
  const uint8_t* data = nullptr;
  EXPECT_EQ(api_->session_next_event(session_, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_output(session_, &data, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_output(session_, nullptr, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_next_deadline(session_, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->session_info(session_, nullptr), POSTERN_E_ARGUMENT);
  EXPECT_EQ(host_.misbehaved(), 5u);
  ExpectWorking();
}

TEST_F(MisbehavingHost, WantsInfoInAShortStruct) {
  Greet();
  postern_session_info info = {};
  info.struct_size = offsetof(postern_session_info, fingerprint);
  EXPECT_EQ(api_->session_info(session_, &info), POSTERN_E_ARGUMENT);
  EXPECT_EQ(info.octets_out, 0u);
}

// ---- Notices and time ----

TEST_F(MisbehavingHost, GivesAnUnknownNotice) {
  Greet();
  for (const uint32_t notice : {0u, 6u, 257u, 0xffffffffu}) {
    EXPECT_EQ(api_->session_notify(session_, notice), POSTERN_E_ARGUMENT) << notice;
  }
  ExpectWorking();
}

TEST_F(MisbehavingHost, TellsOfTlsThatNobodyAwaits) {
  Greet();
  EXPECT_EQ(api_->session_notify(session_, POSTERN_NOTICE_TLS_ESTABLISHED), POSTERN_E_STATE);
  EXPECT_EQ(host_.misbehaved(), 1u);
  ExpectWorking();
}

TEST_F(MisbehavingHost, TellsAClosedSessionOfADisconnect) {
  Greet();
  ASSERT_GE(api_->session_notify(session_, POSTERN_NOTICE_DISCONNECTED), 0);
  EXPECT_EQ(api_->session_notify(session_, POSTERN_NOTICE_DISCONNECTED), POSTERN_E_STATE);
  EXPECT_EQ(api_->session_notify(session_, POSTERN_NOTICE_SHUTDOWN), POSTERN_E_STATE);
}

TEST_F(MisbehavingHost, TurnsItsClockBack) {
  options_.now_ms = 1000000;
  Greet();
  EXPECT_GE(api_->session_tick(session_, 5), 0);
  uint64_t deadline = 0;
  EXPECT_EQ(api_->session_next_deadline(session_, &deadline), POSTERN_OK);
  EXPECT_GT(deadline, 1000000u);
  ExpectWorking();
}

// ---- Dead objects ----

TEST_F(MisbehavingHost, CallsOnAClosedSession) {
  Greet();
  postern_session* const closed = session_;
  session_ = nullptr;
  api_->session_close(closed);
  const postern_event* event = nullptr;
  const uint8_t* data = nullptr;
  size_t size = 0;
  uint64_t deadline = 0;
  postern_session_info info = {};
  info.struct_size = sizeof(info);
  EXPECT_EQ(api_->session_feed(closed, Octets("NOOP\r\n"), 6, &size), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_next_event(closed, &event), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_answer(closed, 1, &answer_), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_output(closed, &data, &size), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_output_consumed(closed, 0), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_tick(closed, 1), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_next_deadline(closed, &deadline), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_notify(closed, POSTERN_NOTICE_SHUTDOWN), POSTERN_E_DEAD);
  EXPECT_EQ(api_->session_info(closed, &info), POSTERN_E_DEAD);
  api_->session_close(closed);
}

// ---- Re-entry ----

// A host whose callback calls back into the session that called it.
struct Reentrant {
  const postern_api* api = nullptr;
  postern_session* session = nullptr;
  int32_t feed = 0;
  int32_t calls = 0;

  void Enter() {
    if (session == nullptr) return;
    ++calls;
    size_t consumed = 0;
    feed = api->session_feed(session, Octets("QUIT\r\n"), 6, &consumed);
    api->session_close(session);
  }
};

TEST_F(MisbehavingHost, CallsTheSessionFromItsLog) {
  Reentrant reentrant{api_};
  postern_host host = {};
  host.struct_size = sizeof(host);
  host.user = &reentrant;
  host.log = [](void* user, int32_t, const char*, size_t) {
    static_cast<Reentrant*>(user)->Enter();
  };
  postern_engine* const engine = MakeEngine(api_, &host);
  ASSERT_EQ(api_->session_open(engine, &options_, &session_), POSTERN_OK);
  api_->engine_release(engine);
  reentrant.session = session_;
  EXPECT_EQ(api_->session_answer(session_, 12345, &answer_), POSTERN_E_TICKET);
  EXPECT_EQ(reentrant.calls, 1);
  EXPECT_EQ(reentrant.feed, POSTERN_E_STATE);
  reentrant.session = nullptr;
  ASSERT_GE(api_->session_answer(session_, Ticket(), &answer_), 0);
  TakeOutput();
  ExpectWorking();
}

TEST_F(MisbehavingHost, CallsTheSessionFromItsAllocator) {
  Reentrant reentrant{api_};
  postern_host host = {};
  host.struct_size = sizeof(host);
  host.user = &reentrant;
  host.allocate = [](void* user, size_t size) {
    static_cast<Reentrant*>(user)->Enter();
    return malloc(size);
  };
  host.deallocate = [](void*, void* memory, size_t) { free(memory); };
  postern_engine* const engine = MakeEngine(api_, &host);
  ASSERT_EQ(api_->session_open(engine, &options_, &session_), POSTERN_OK);
  api_->engine_release(engine);
  ASSERT_GE(api_->session_answer(session_, Ticket(), &answer_), 0);
  TakeOutput();
  reentrant.session = session_;
  ASSERT_GE(Feed("NO"), 0);  // a partial line is kept, which takes memory
  reentrant.session = nullptr;
  EXPECT_EQ(reentrant.calls, 1);
  EXPECT_EQ(reentrant.feed, POSTERN_E_STATE);
  ASSERT_GE(Feed("OP\r\n"), 0);
  EXPECT_EQ(TakeOutput().substr(0, 4), "250 ");
}

// ---- Inspection ----

TEST_F(MisbehavingHost, InspectsWithBadArguments) {
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  postern_verdict verdict = {};
  verdict.struct_size = sizeof(verdict);
  EXPECT_EQ(api_->inspect(engine_, nullptr, Octets("NOOP"), 4, &verdict), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->inspect(engine_, &context, nullptr, 4, &verdict), POSTERN_E_ARGUMENT);
  EXPECT_EQ(api_->inspect(engine_, &context, Octets("NOOP"), 4, nullptr), POSTERN_E_ARGUMENT);
  verdict.reply_capacity = 100;
  EXPECT_EQ(api_->inspect(engine_, &context, Octets("NOOP"), 4, &verdict), POSTERN_E_ARGUMENT);
  verdict.reply_capacity = 0;
  verdict.struct_size = 12;
  EXPECT_EQ(api_->inspect(engine_, &context, Octets("NOOP"), 4, &verdict), POSTERN_E_ARGUMENT);
  verdict.struct_size = sizeof(verdict);
  context.struct_size = 4;
  EXPECT_EQ(api_->inspect(engine_, &context, Octets("NOOP"), 4, &verdict), POSTERN_E_ARGUMENT);
  context.struct_size = sizeof(context);
  EXPECT_EQ(host_.misbehaved(), 6u);
  EXPECT_EQ(api_->inspect(engine_, &context, Octets("NOOP"), 4, &verdict), POSTERN_OK);
}

TEST_F(MisbehavingHost, InspectsTwoLinesAtOnce) {
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  postern_verdict verdict = {};
  verdict.struct_size = sizeof(verdict);
  const std::string_view two = "NOOP\r\nRSET\r\n";
  EXPECT_EQ(api_->inspect(engine_, &context, Octets(two), two.size(), &verdict),
            POSTERN_E_ARGUMENT);
  EXPECT_EQ(host_.misbehaved(), 1u);
}

}  // namespace
}  // namespace postern::abi_test
