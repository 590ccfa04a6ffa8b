// SPDX-License-Identifier: Apache-2.0
//
// The session as C++ has it: a heap that refuses, a host that takes its output in small parts, a
// clock near its end, tables whose every word depends on the client.
//
// Target functions: session::MakeGround, Session (Feed, NextEvent, AnswerTicket, ConsumeOutput,
// Tick, NextDeadline, Notify, output, has_output, start_tls, closing; with protocol & 4
// SetMechanisms, KeepMechanisms, AnswerChallenge, FeedAuth, KeepMailAuth, SetAttributes), Output
// (Reserve, Consume), BoundReplies::FormatEhlo, FormatOverride.
//
// Input: flags, protocol, cuts, how output is taken, refusals of the heap, a configuration, a table
// (table_input.h), answers, with protocol & 4 what answers say of AUTH, then the octets of the
// client.
// Oracles: SameWhateverCuts (R3) with a heap that gives; RepliesAreStrict (R4, R5) and
// NothingBehindClosed with one that does not; AnswersAreChecked; DeadlineIsAhead; the heap gets
// everything back (B1).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/replies/reply_table.h"
#include "engine/session/config.h"
#include "engine/session/session.h"
#include "fuzz/check.h"
#include "fuzz/heap.h"
#include "fuzz/input.h"
#include "fuzz/oracle/reply.h"
#include "fuzz/table_input.h"

namespace postern::fuzz {
namespace {

using commands::Extension;
using session::AnswerResult;
using session::Event;
using session::EventType;
using session::Verdict;

struct Choices {
  uint8_t flags = 0;
  bool each_recipient = false;  // LMTP's answer behind content
  uint8_t cuts = 0;
  size_t part = 0;  // octets of output that are taken at a time; 0: all
  uint32_t refusals = 0;
  // AUTH is offered, and the peer may tell of clients; each answer has an octet more.
  bool auth = false;
  bool stops_in_auth = false;  // the host goes down before it takes the event
  std::string_view answers;
  std::string_view auth_answers;
  std::string_view octets;
};

// What an answer says of AUTH beside its verdict, right and wrong.
void AddAuth(uint8_t choice, const std::string& text, session::Answer* answer) {
  // RFC 4954 section 4: a challenge that its line has room for, and one octet more; section 3: a
  // list of no more than 400 octets.
  static const auto& too_long = *new std::string(9211, 'x');
  static const auto& long_list = *new std::string(401, 'X');
  switch (choice % 8) {
    case 0:
      return;
    case 1:
      answer->auth_mechanisms = "X-OWN PLAIN";
      return;
    case 2:
      answer->auth_mechanisms = "plain";
      return;
    case 3:
      answer->verdict = Verdict::kChallenge;
      answer->challenge = text;
      return;
    case 4:
      answer->verdict = Verdict::kChallenge;
      answer->challenge = too_long;
      return;
    case 5:
      answer->verdict = Verdict::kChallenge;
      answer->auth_mechanisms = "PLAIN";
      return;
    case 6:
      answer->challenge = "with another verdict";
      return;
    default:
      answer->auth_mechanisms = long_list;
      return;
  }
}

// Answers that differ from recipient to recipient, some in words of their own.
class ForEach final : public session::RecipientAnswers {
 public:
  ForEach(uint32_t count, uint8_t choice) : count_(count), choice_(choice), text_(choice, 'y') {}
  uint32_t count() const override { return count_; }
  session::Answer At(uint32_t recipient) const override {
    const unsigned choice = choice_ + recipient;
    session::Answer answer;
    answer.verdict = static_cast<Verdict>(choice % 4);
    if ((choice >> 2 & 3) == 3) {
      answer.verdict = Verdict::kReject;
      answer.code = 550;
      answer.text = text_;
    }
    return answer;
  }

 private:
  const uint32_t count_;
  const uint8_t choice_;
  const std::string text_;
};

// One session from its first octet to its last.
class Dialogue {
 public:
  Dialogue(const std::shared_ptr<const session::Ground>& ground, const Choices& choices,
           uint32_t refusals, uint8_t cuts, size_t part)
      : choices_(choices), part_(part), heap_(refusals) {
    session::Options options;
    options.can_starttls = (choices.flags & 1) != 0;
    options.trusted = choices.auth;
    options.proxy_header = (choices.flags & 2) != 0;
    options.now_ms = now_ = (choices.flags & 4) != 0 ? UINT64_MAX - 1000 : 0;
    options.client_address = "192.0.2.1";
    session_ = std::make_unique<session::Session>(ground, heap_.memory(), options);
    Drain();
    const Pieces pieces(choices.octets, cuts);
    for (std::string_view piece : pieces.views()) {
      while (!piece.empty() && !session_->closing()) {
        size_t used = 0;
        session_->Feed(piece, &used);
        const size_t before = output_.size() + events_;
        piece.remove_prefix(used);
        if (choices.stops_in_auth && IsAskedAboutAuth()) {
          session_->Notify(session::Notice::kShutdownNow);
        }
        Drain(part_);
        RequireThat(used != 0 || output_.size() + events_ != before, "progress",
                    "nothing is taken and nothing is to be had");
      }
    }
    Drain();
    if ((choices.flags & 8) != 0) {
      now_ = std::max(now_, session_->NextDeadline());
      session_->Tick(now_);
      Drain();
    }
    if ((choices.flags & 16) != 0) {
      session_->Notify(session::Notice::kShutdown);
      Drain();
    }
    closed_ = session_->closing();
    session_.reset();
    RequireThat(heap_.held() == 0, "B1", "the session kept memory");
  }

  const std::string& output() const { return output_; }
  bool closed() const { return closed_; }

 private:
  // All events; of the output all, or with `part` so many octets, so that some is held while more
  // is made.
  void Drain(size_t part = 0) {
    for (;;) {
      Event event;
      if (session_->NextEvent(&event)) {
        ++events_;
        RequireThat(!saw_closed_, "NothingBehindClosed", "an event");
        saw_closed_ = event.type == EventType::kClosed;
        if (event.ticket != 0) Decide(event);
      } else if (session_->has_output()) {
        const std::string_view ready = session_->output();
        const size_t n = part == 0 ? ready.size() : std::min(part, ready.size());
        output_ += ready.substr(0, n);
        session_->ConsumeOutput(n);
        if (part != 0) break;
      } else if (session_->start_tls()) {
        session_->Notify(session::Notice::kTlsEstablished);
      } else {
        break;
      }
    }
    HoldsWhatItSays();
    const uint64_t deadline = session_->NextDeadline();
    RequireThat(session_->closing() || deadline >= now_, "DeadlineIsAhead", "it has passed");
  }

  bool IsAskedAboutAuth() const {
    return (session_->GetInfo().state >> 8 & 0xFF) == static_cast<uint32_t>(EventType::kAuth);
  }

  void HoldsWhatItSays() {
    RequireThat(session_->GetInfo().memory_octets == sizeof(session::Session) + heap_.held(), "B1",
                "it holds something else than it says");
  }

  // The next answer of the script; without one the decision gets its default.
  void Decide(const Event& event) {
    HoldsWhatItSays();
    const uint8_t choice =
        answers_ < choices_.answers.size() ? static_cast<uint8_t>(choices_.answers[answers_++]) : 0;
    session::Answer answer;
    answer.verdict = static_cast<Verdict>(choice & 7);
    const std::string text(choice, 'x');
    const ForEach each(session_->recipients() + (choice == 255 ? 1 : 0), choice);
    switch (choice >> 3 & 3) {
      case 0:
        break;
      case 1:
        answer.reply = replies::ReplyId::kRcptRejected;
        break;
      case 2:
        answer.code = 550;
        answer.text = text;
        break;
      default:
        answer.reply = replies::ReplyId::kRcptRejected;
        answer.code = 550;
        answer.text = text;
        RequireThat(session_->AnswerTicket(event.ticket, answer) != AnswerResult::kOk,
                    "AnswersAreChecked", "a reply and words of its own");
        break;
    }
    if (choices_.each_recipient && event.type == EventType::kContentEnd) {
      answer = {};
      answer.verdict = static_cast<Verdict>(choice & 7);
      answer.recipients = &each;
    }
    if (auth_answers_ < choices_.auth_answers.size()) {
      AddAuth(static_cast<uint8_t>(choices_.auth_answers[auth_answers_++]), text, &answer);
    }
    RequireThat(session_->AnswerTicket(event.ticket + 1, answer) == AnswerResult::kNoTicket,
                "AnswersAreChecked", "a ticket that was never given out");
    if (session_->AnswerTicket(event.ticket, answer) != AnswerResult::kOk) {
      RequireThat(session_->AnswerTicket(event.ticket, Verdict::kDefault) == AnswerResult::kOk,
                  "AnswersAreChecked", "the default is refused");
    }
    RequireThat(session_->AnswerTicket(event.ticket, Verdict::kAccept) == AnswerResult::kNoTicket,
                "AnswersAreChecked", "two answers");
  }

  const Choices& choices_;
  const size_t part_;
  Heap heap_;
  std::unique_ptr<session::Session> session_;
  uint64_t now_ = 0;
  std::string output_;
  size_t events_ = 0;
  size_t answers_ = 0;
  size_t auth_answers_ = 0;
  bool saw_closed_ = false;
  bool closed_ = false;
};

void Run(Input input) {
  Choices choices;
  choices.flags = input.Octet();
  const uint8_t protocol = input.Octet();
  choices.each_recipient = (protocol & 2) != 0;
  choices.auth = (protocol & 4) != 0;
  choices.stops_in_auth = (protocol & 8) != 0;
  choices.cuts = input.Octet();
  choices.part = input.Octet();
  choices.refusals = input.Word();
  auto config = session::LoadConfig((choices.flags & 32) != 0 ? WildConfig(&input) : "");
  if (!config.ok()) config = session::LoadConfig("");
  if ((protocol & 1) != 0) config->enabled |= commands::Bit(commands::Extension::kLmtp);
  if (choices.auth) {
    for (const Extension extension : {Extension::kAuth, Extension::kXclient, Extension::kXforward,
                                      Extension::kEtrn, Extension::kAtrn, Extension::kBurl}) {
      config->enabled |= commands::Bit(extension);
    }
    config->auth_line = session::MakeAuthLine("PLAIN LOGIN");
    config->auth_without_tls = true;
  }
  auto table = replies::ReplyTable::Load((choices.flags & 64) != 0 ? TameTable(&input) : "");
  if (!table.ok()) table = replies::ReplyTable::LoadDefault();
  if ((choices.flags & 128) != 0) config->server_name = input.TakeCounted();
  const auto ground = session::MakeGround(*config, *table);
  if (ground == nullptr) {
    const std::string& name = config->server_name;
    const bool good =
        !name.empty() && name.size() <= replies::kMaxServer &&
        std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127; });
    return RequireThat(!good, "MakeGround", "a good name is refused");
  }
  choices.answers = input.TakeCounted();
  if (choices.auth) choices.auth_answers = input.TakeCounted();
  choices.octets = input.Rest();

  const Dialogue whole(ground, choices, 0, 0, 0);
  const Dialogue cut(ground, choices, 0, choices.cuts, choices.part);
  RequireThat(whole.output() == cut.output() && whole.closed() == cut.closed(), "SameWhateverCuts",
              "the cuts matter");
  oracle::ReplyTerms terms;
  terms.utf8 = true;
  Require("RepliesAreStrict", oracle::RepliesAreStrict(whole.output(), terms));
  if (choices.refusals == 0) return;
  const Dialogue refused(ground, choices, choices.refusals, choices.cuts, choices.part);
  Require("RepliesAreStrict", oracle::RepliesAreStrict(refused.output(), terms));
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
