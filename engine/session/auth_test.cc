// SPDX-License-Identifier: Apache-2.0
//
// What no transcript can show of AUTH: that no memory goes back to the host with a secret in it,
// and what a session does when there is none for an exchange.

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/proto/engine_config.pb.h"
#include "engine/replies/reply_table.h"
#include "engine/session/session.h"
#include "gtest/gtest.h"

namespace postern::session {
namespace {

// The responses below are all made of this.
constexpr std::string_view kSecret = "hunter2-hunter2-";
constexpr std::string_view kEncoded = "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi1o";  // of three

struct Watch {
  bool leaked = false;
  size_t fail_over = SIZE_MAX;  // larger blocks are refused

  static void* Allocate(void* user, size_t size) {
    return size > static_cast<Watch*>(user)->fail_over ? nullptr : std::malloc(size);
  }
  static void Deallocate(void* user, void* memory, size_t size) {
    const std::string_view octets(static_cast<const char*>(memory), size);
    if (octets.find(kSecret.substr(0, 8)) != std::string_view::npos ||
        octets.find(kEncoded.substr(0, 12)) != std::string_view::npos) {
      static_cast<Watch*>(user)->leaked = true;
    }
    std::free(memory);
  }
};

class AuthTest : public testing::Test {
 protected:
  AuthTest() {
    v1::EngineConfig proto;
    proto.mutable_extensions()->set_auth(v1::SWITCH_ON);
    proto.add_auth_mechanisms("PLAIN");
    auto table = replies::ReplyTable::LoadDefault();
    ground_ = MakeGround(*LoadConfig(proto.SerializeAsString()), *std::move(table));
    Options options;
    options.tls = true;
    session_.emplace(ground_, &memory_, options);
    Drain(Verdict::kAccept);
    Send("EHLO c.example\r\n", Verdict::kAccept);
  }

  void Drain(Verdict verdict) {
    Event event;
    while (session_->NextEvent(&event)) {
      if (event.type == EventType::kAuth) response_ = std::string(event.text);
      last_ = event.type;
      if (event.ticket == 0) continue;
      Answer answer;
      answer.verdict = event.type == EventType::kAuth ? verdict : Verdict::kAccept;
      EXPECT_EQ(session_->AnswerTicket(event.ticket, answer), AnswerResult::kOk);
    }
    output_ += session_->output();
    session_->ConsumeOutput(session_->output().size());
  }
  // In pieces, so that the line goes through the session's own memory.
  void Send(std::string_view octets, Verdict verdict, size_t piece = SIZE_MAX) {
    output_.clear();
    while (!octets.empty()) {
      size_t used = 0;
      session_->Feed(octets.substr(0, piece), &used);
      octets.remove_prefix(used);
      Drain(verdict);
    }
  }
  std::string Response(size_t triples) {
    std::string text;
    for (size_t i = 0; i < triples; ++i) text += kEncoded.substr(0, 44);
    return text;
  }

  Watch watch_;
  const wire::Memory memory_ = {Watch::Allocate, Watch::Deallocate, &watch_};
  std::shared_ptr<const Ground> ground_;
  std::optional<Session> session_;
  std::string output_;
  std::string response_;
  EventType last_ = EventType::kNone;
};

TEST_F(AuthTest, LeavesNoSecretInMemory) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{100}, SIZE_MAX}) {
    Send("AUTH PLAIN " + Response(5) + "\r\n", Verdict::kReject, piece);
    EXPECT_EQ(output_.substr(0, 4), "535 ");
    EXPECT_EQ(response_.substr(0, kSecret.size()), kSecret);
    Send("AUTH PLAIN\r\n", Verdict::kChallenge, piece);
    EXPECT_EQ(output_, "334 \r\n");
    Send(Response(200) + "\r\n", Verdict::kChallenge, piece);
    EXPECT_EQ(response_.size(), 200u * 33);
    Send(Response(3) + "!\r\n", Verdict::kChallenge, piece);
    EXPECT_EQ(output_.substr(0, 4), "501 ");
    // Refused before it is looked at.
    Send("AUTH PLAIN " + Response(5) + " x\r\n", Verdict::kReject, piece);
    EXPECT_EQ(output_.substr(0, 4), "501 ");
    Send("AUTH LOGIN " + Response(5) + "\r\n", Verdict::kReject, piece);
    EXPECT_EQ(output_.substr(0, 4), "504 ");
    session_.reset();
    EXPECT_FALSE(watch_.leaked);
    Options options;
    options.tls = true;
    session_.emplace(ground_, &memory_, options);
    Drain(Verdict::kAccept);
    Send("EHLO c.example\r\n", Verdict::kAccept);
  }
}

TEST_F(AuthTest, LeavesNoSecretWhereTheClientGoes) {
  Send("AUTH PLAIN\r\n", Verdict::kChallenge);
  Send(Response(9), Verdict::kChallenge, 11);
  EXPECT_TRUE(session_->Notify(Notice::kDisconnected));
  Drain(Verdict::kAccept);
  EXPECT_EQ(last_, EventType::kClosed);
  session_.reset();
  EXPECT_FALSE(watch_.leaked);
}

TEST_F(AuthTest, EndsWithoutMemoryForAResponse) {
  Send("AUTH PLAIN\r\n", Verdict::kChallenge);
  watch_.fail_over = 1000;
  Send(Response(100) + "\r\n", Verdict::kAccept);
  EXPECT_EQ(output_.substr(0, 4), "421 ");
  EXPECT_TRUE(session_->closing());
  EXPECT_FALSE(session_->GetInfo().authenticated);
}

TEST_F(AuthTest, EndsWithoutMemoryForAnExchange) {
  watch_.fail_over = 0;
  Send("AUTH PLAIN =\r\n", Verdict::kAccept);
  EXPECT_EQ(output_.substr(0, 4), "421 ");
  EXPECT_TRUE(session_->closing());
}

TEST_F(AuthTest, EndsWithoutMemoryForTheMailboxOfMail) {
  watch_.fail_over = 0;
  Send("MAIL FROM:<a@c.example> AUTH=b@c.example\r\n", Verdict::kAccept);
  EXPECT_EQ(output_.substr(0, 4), "421 ");
  EXPECT_TRUE(session_->closing());
}

}  // namespace
}  // namespace postern::session
