// SPDX-License-Identifier: Apache-2.0
//
// Runs transcripts on the engine's own session class.

#include <cstdlib>
#include <utility>

#include "engine/replies/reply_table.h"
#include "engine/session/config.h"
#include "tests/transcripts/driver.h"

namespace postern::transcripts {
namespace {

void* Allocate(void* user, size_t size) {
  auto* use = static_cast<MemoryUse*>(user);
  use->now += size;
  if (use->now > use->peak) use->peak = use->now;
  return std::malloc(size);
}

void Deallocate(void* user, void* memory, size_t size) {
  static_cast<MemoryUse*>(user)->now -= size;
  std::free(memory);
}

session::Options ToOptions(const OpenOptions& from) {
  session::Options options;
  options.tls = from.tls;
  options.can_starttls = from.can_starttls;
  options.proxy_header = from.proxy_header;
  options.trusted = from.trusted;
  options.submission = from.submission;
  options.unix_ms = from.unix_ms;
  options.wanted_events = from.wanted_events;
  options.client_address = from.client_address;
  return options;
}

session::Answer ToAnswer(const Attempt& attempt) {
  session::Answer answer;
  answer.verdict = attempt.verdict;
  answer.reply = static_cast<replies::ReplyId>(attempt.reply);
  answer.code = attempt.code;
  for (size_t i = 0; i < 3; ++i) answer.enhanced[i] = attempt.enhanced[i];
  answer.text = attempt.text;
  answer.challenge = attempt.challenge;
  answer.auth_mechanisms = attempt.mechanisms;
  answer.octets = attempt.octets;
  return answer;
}

class Recipients : public session::RecipientAnswers {
 public:
  explicit Recipients(const std::vector<Attempt>& attempts) : attempts_(attempts) {}
  uint32_t count() const override { return static_cast<uint32_t>(attempts_.size()); }
  session::Answer At(uint32_t recipient) const override { return ToAnswer(attempts_[recipient]); }

 private:
  const std::vector<Attempt>& attempts_;
};

class SessionDriver : public Driver {
 public:
  SessionDriver(std::shared_ptr<const session::Ground> ground, const OpenOptions& options,
                MemoryUse* use)
      : memory_{Allocate, Deallocate, use},
        session_(std::move(ground), &memory_, ToOptions(options)) {}

  size_t Feed(std::string_view octets) override {
    size_t consumed = 0;
    session_.Feed(octets, &consumed);
    return consumed;
  }

  bool NextEvent(Happening* happening) override {
    if (!session_.NextEvent(&happening->event)) return false;
    if (happening->event.type == session::EventType::kProxyHeader) {
      happening->proxy = session_.proxy_header();
    }
    happening->extra = session::Extra();
    if (happening->event.extra != nullptr) happening->extra = *happening->event.extra;
    return true;
  }

  session::AnswerResult Answer(uint64_t ticket, const Attempt& attempt) override {
    session::Answer answer = ToAnswer(attempt);
    const Recipients recipients(attempt.recipients);
    if (!attempt.recipients.empty()) answer.recipients = &recipients;
    return session_.AnswerTicket(ticket, answer);
  }

  std::string_view Output() override { return session_.output(); }
  void ConsumeOutput(size_t octets) override { session_.ConsumeOutput(octets); }
  void Tick(uint64_t now_ms) override { session_.Tick(now_ms); }
  uint64_t NextDeadline() override { return session_.NextDeadline(); }
  bool Notify(session::Notice notice) override { return session_.Notify(notice); }
  bool HasTicket() override { return session_.has_ticket(); }
  bool StartTls() override { return session_.start_tls(); }
  bool Closing() override { return session_.closing(); }
  session::Info GetInfo() override { return session_.GetInfo(); }

 private:
  const wire::Memory memory_;
  session::Session session_;
};

class SessionDriverFactory : public DriverFactory {
 public:
  explicit SessionDriverFactory(std::shared_ptr<const session::Ground> ground)
      : ground_(std::move(ground)) {}

  std::unique_ptr<Driver> Open(const OpenOptions& options, MemoryUse* use) override {
    return std::make_unique<SessionDriver>(ground_, options, use);
  }

 private:
  std::shared_ptr<const session::Ground> ground_;
};

}  // namespace

std::unique_ptr<DriverFactory> MakeSessionDriverFactory(const Transcript& transcript,
                                                        std::string* error) {
  auto config = session::LoadConfig(transcript.config);
  if (!config.ok()) {
    *error = std::string(config.status().message());
    return nullptr;
  }
  auto table = transcript.table.empty() ? replies::ReplyTable::LoadDefault()
                                        : replies::ReplyTable::Load(transcript.table);
  if (!table.ok()) {
    *error = std::string(table.status().message());
    return nullptr;
  }
  auto ground = session::MakeGround(*std::move(config), *std::move(table));
  if (ground == nullptr) {
    *error = "table and configuration do not go together";
    return nullptr;
  }
  return std::make_unique<SessionDriverFactory>(std::move(ground));
}

}  // namespace postern::transcripts
