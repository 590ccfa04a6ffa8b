// SPDX-License-Identifier: Apache-2.0
//
// The session calls: the host's structs in, the engine's session, ABI events out.
//
// What it is: a thin edge. The engine decides; here it is checked that the call may be made, and
// structs are turned into one another. No call allocates (but session_open), locks or reads a
// clock.
//
// Threads: [owner-thread], SessionOpen [any-thread]. A session holds its host's callbacks, its
// configuration and its table, so the engine may be released before it.

#include <cstddef>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "engine/session/session.h"
#include "plugin_api/adapter_calls.h"
#include "plugin_api/adapter_edge.h"
#include "plugin_api/adapter_event.h"
#include "plugin_api/adapter_host.h"
#include "plugin_api/adapter_objects.h"

using postern::plugin::EventStorage;
using postern::plugin::Host;
using postern::session::Session;

// One block from the host's allocator holds all of it.
struct postern_session {
  postern_session(std::shared_ptr<const Host> its_host,
                  std::shared_ptr<const postern::session::Ground> ground,
                  const postern::session::Options& options)
      : host(std::move(its_host)), engine(std::move(ground), &host->memory, options) {}

  // First, so that `life` lies behind the two words that allocators write into freed blocks.
  std::shared_ptr<const Host> host;
  uint32_t life = 0;
  uint8_t calling = 0;  // Calling
  Session engine;
  EventStorage event = {};
};

namespace postern::plugin {
namespace {

static_assert(sizeof(postern_session) <= 1024, "the promise for an idle session (B1)");
static_assert(alignof(postern_session) <= alignof(std::max_align_t));

// What `life` holds. Close wipes it, so that a call behind it is told from a right one as long as
// nobody else was given the memory; that is all that can be checked without a register.
constexpr uint32_t kLiving = 0x504f5354;  // "POST"
constexpr uint32_t kBroken = 0x44454144;  // an invariant broke; only close is allowed
constexpr uint32_t kClosed = 0;

enum Calling : uint8_t { kNotCalling = 0, kInCall = 1, kInLog = 2 };

using session::Answer;
using session::AnswerResult;
using session::Notice;

static_assert(static_cast<int>(session::Verdict::kDefault) == POSTERN_VERDICT_DEFAULT);
static_assert(static_cast<int>(session::Verdict::kAccept) == POSTERN_VERDICT_ACCEPT);
static_assert(static_cast<int>(session::Verdict::kReject) == POSTERN_VERDICT_REJECT);
static_assert(static_cast<int>(session::Verdict::kDefer) == POSTERN_VERDICT_DEFER);
static_assert(static_cast<int>(session::Verdict::kDisconnect) == POSTERN_VERDICT_DISCONNECT);
static_assert(static_cast<int>(session::Verdict::kChallenge) == POSTERN_VERDICT_CHALLENGE);
static_assert(static_cast<int>(Notice::kTlsEstablished) == POSTERN_NOTICE_TLS_ESTABLISHED);
static_assert(static_cast<int>(Notice::kTlsFailed) == POSTERN_NOTICE_TLS_FAILED);
static_assert(static_cast<int>(Notice::kDisconnected) == POSTERN_NOTICE_DISCONNECTED);
static_assert(static_cast<int>(Notice::kShutdown) == POSTERN_NOTICE_SHUTDOWN);
static_assert(static_cast<int>(Notice::kShutdownNow) == POSTERN_NOTICE_SHUTDOWN_NOW);
static_assert(Session::kNoDeadline == UINT64_MAX);

static_assert(static_cast<int>(Session::kHasEvent) == POSTERN_HAS_EVENT);
static_assert(static_cast<int>(Session::kHasOutput) == POSTERN_HAS_OUTPUT);
static_assert(static_cast<int>(Session::kHasTicket) == POSTERN_HAS_TICKET);
static_assert(static_cast<int>(Session::kStartTls) == POSTERN_START_TLS);
static_assert(static_cast<int>(Session::kClosing) == POSTERN_CLOSING);

inline int32_t Flags(const Session& session) { return static_cast<int32_t>(session.status()); }

// A broken rule: told to the host, and the code. The log callback is a host callback like others,
// so a call out of it is re-entry; that one is not logged, or it would never end.
int32_t Misbehaved(postern_session* session, std::string_view call, std::string_view what,
                   int32_t code) {
  if (session->calling == kInLog) return code;
  const uint8_t before = session->calling;
  session->calling = kInLog;
  session->host->Misbehaved(call, what);
  session->calling = before;
  return code;
}

// Why no call may be made on `session` now.
int32_t Refused(postern_session* session, std::string_view call) {
  if (session == nullptr) return POSTERN_E_ARGUMENT;
  if (session->life != kLiving) return POSTERN_E_DEAD;
  return Misbehaved(session, call, "called from inside a callback", POSTERN_E_STATE);
}

// Runs `body` on a session that may be called (B3). Nothing in the engine throws on this path; if
// something does, it is an invariant that broke, and the session is dead.
template <typename Body>
inline int32_t Run(postern_session* session, std::string_view call, Body&& body) noexcept {
  if (session == nullptr || session->life != kLiving || session->calling != kNotCalling) {
    return Refused(session, call);
  }
  session->calling = kInCall;
  int32_t result;
  try {
    result = body(session->engine);
  } catch (...) {
    session->life = kBroken;
    result = POSTERN_E_INTERNAL;
  }
  session->calling = kNotCalling;
  return result;
}

// Behind the last member that is looked at for AUTH, for recipients, and for BURL.
constexpr size_t kWithMechanisms =
    offsetof(postern_answer, auth_mechanisms) + sizeof(postern_answer::auth_mechanisms);
constexpr size_t kWithRecipients =
    offsetof(postern_answer, recipient_count) + sizeof(postern_answer::recipient_count);
constexpr size_t kWithOctets = offsetof(postern_answer, octets) + sizeof(postern_answer::octets);

// An answer that is nothing but a verdict, as nearly all are. What is looked at was in the struct
// from the first, or its size says that it is there.
bool IsBareVerdict(const postern_answer* answer) {
  return answer != nullptr && answer->struct_size >= kFirstSize<postern_answer> &&
         (answer->reply_id | answer->code) == 0 && answer->text.size == 0 &&
         answer->verdict != POSTERN_VERDICT_CHALLENGE &&
         (answer->struct_size < kWithMechanisms ||
          (answer->challenge.size | answer->auth_mechanisms.size) == 0) &&
         (answer->struct_size < kWithRecipients || answer->recipient_count == 0) &&
         (answer->struct_size < kWithOctets || answer->octets == 0);
}

// A valid answer of the host in the engine's type.
Answer Inside(const postern_answer& ours) {
  Answer inside;
  inside.verdict = static_cast<session::Verdict>(ours.verdict);
  // Numbers that the engine's narrower types cannot hold name no reply.
  const bool fits = ours.reply_id < replies::kReplyIdLimit && ours.code <= 999;
  if (fits) {
    inside.reply = static_cast<replies::ReplyId>(ours.reply_id);
    inside.code = static_cast<uint16_t>(ours.code);
  }
  inside.enhanced = {ours.enhanced_class, ours.enhanced_subject, ours.enhanced_detail};
  inside.text = View(ours.text);
  inside.challenge = View(ours.challenge);
  inside.auth_mechanisms = View(ours.auth_mechanisms);
  inside.octets = ours.octets;
  if (!fits) {
    // Any override without a code is refused; the ticket and the verdict are judged before it.
    inside.code = 0;
    inside.text = std::string_view("?");
  }
  return inside;
}

// The answers for recipients, where the host has them: no copy of them all is made.
class Recipients : public session::RecipientAnswers {
 public:
  // The size of a struct is known from the answer around them.
  Recipients(const postern_answer* around, const postern_answer* first, size_t count)
      : first_(reinterpret_cast<const uint8_t*>(first)),
        stride_(around->struct_size),
        count_(count > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(count)) {}

  bool AreThere() const {
    return first_ != nullptr && stride_ % alignof(postern_answer) == 0 &&
           reinterpret_cast<uintptr_t>(first_) % alignof(postern_answer) == 0;
  }
  uint32_t count() const override { return count_; }
  Answer At(uint32_t recipient) const override {
    const auto* const theirs =
        reinterpret_cast<const postern_answer*>(first_ + size_t{recipient} * stride_);
    postern_answer ours;
    if (theirs->struct_size <= stride_ && CopyIn(theirs, &ours) && IsValid(ours.text)) {
      return Inside(ours);
    }
    // No answer: one that is refused.
    Answer none;
    none.text = std::string_view("?");
    return none;
  }

 private:
  const uint8_t* const first_;
  const size_t stride_;
  const uint32_t count_;
};

// What the host is told of an answer that was not taken.
int32_t Refusal(postern_session* session, std::string_view call, AnswerResult result) {
  switch (result) {
    case AnswerResult::kOk:
      break;
    case AnswerResult::kNoTicket:
      return Misbehaved(session, call, "no such open decision", POSTERN_E_TICKET);
    case AnswerResult::kBadVerdict:
      return Misbehaved(session, call, "unknown verdict", POSTERN_E_ARGUMENT);
    case AnswerResult::kBadReply:
      return Misbehaved(session, call, "the reply does not fit the decision", POSTERN_E_REPLY);
  }
  return POSTERN_E_INTERNAL;
}

}  // namespace

int32_t SessionOpen(postern_engine* engine, const postern_session_options* options,
                    postern_session** session) noexcept {
  constexpr std::string_view kCall = "session_open";
  if (session != nullptr) *session = nullptr;
  if (engine == nullptr) return POSTERN_E_ARGUMENT;
  std::shared_ptr<const session::Ground> ground;
  std::shared_ptr<const Host> host;
  if (!FindGround(engine, &ground, &host)) return POSTERN_E_DEAD;
  postern_session_options ours;
  if (session == nullptr) {
    host->Misbehaved(kCall, "session is null");
    return POSTERN_E_ARGUMENT;
  }
  if (!CopyIn(options, &ours)) {
    host->Misbehaved(kCall, "options is null, or its struct_size below the first published one");
    return POSTERN_E_ARGUMENT;
  }
  if (!IsValid(ours.client_address)) {
    host->Misbehaved(kCall, "client_address has a size and no data");
    return POSTERN_E_ARGUMENT;
  }
  session::Options inside;
  inside.tls = (ours.flags & POSTERN_OPEN_TLS) != 0;
  inside.can_starttls = (ours.flags & POSTERN_OPEN_CAN_STARTTLS) != 0;
  inside.proxy_header = (ours.flags & POSTERN_OPEN_PROXY_HEADER) != 0;
  inside.trusted = (ours.flags & POSTERN_OPEN_TRUSTED) != 0;
  inside.submission = (ours.flags & POSTERN_OPEN_SUBMISSION) != 0;
  inside.now_ms = ours.now_ms;
  inside.unix_ms = ours.unix_ms;
  inside.wanted_events = ours.wanted_events;
  inside.client_address = View(ours.client_address);
  const wire::Memory& memory = host->memory;
  void* const block = memory.allocate(memory.user, sizeof(postern_session));
  if (block == nullptr) return POSTERN_E_MEMORY;
  // Kept by the frame, so that a constructor that throws leaves the allocator to us.
  const std::shared_ptr<const Host> keep = host;
  try {
    *session = new (block) postern_session(std::move(host), std::move(ground), inside);
  } catch (...) {
    keep->memory.deallocate(keep->memory.user, block, sizeof(postern_session));
    return POSTERN_E_INTERNAL;
  }
  (*session)->life = kLiving;
  return POSTERN_OK;
}

int32_t SessionFeed(postern_session* session, const uint8_t* data, size_t size,
                    size_t* consumed) noexcept {
  if (consumed != nullptr) *consumed = 0;
  return Run(session, "session_feed", [=](Session& engine) {
    if (consumed == nullptr || (data == nullptr && size > 0)) {
      return Misbehaved(session, "session_feed", "consumed is null, or data is null with a size",
                        POSTERN_E_ARGUMENT);
    }
    engine.Feed(View(data, size), consumed);
    return Flags(engine);
  });
}

int32_t SessionNextEvent(postern_session* session, const postern_event** event) noexcept {
  if (event != nullptr) *event = nullptr;
  return Run(session, "session_next_event", [=](Session& engine) {
    if (event == nullptr) {
      return Misbehaved(session, "session_next_event", "event is null", POSTERN_E_ARGUMENT);
    }
    const Session::Pending* const pending = engine.TakePending();
    if (pending != nullptr) *event = StoreEvent(engine, *pending, &session->event);
    return Flags(engine);
  });
}

int32_t SessionAnswer(postern_session* session, uint64_t ticket,
                      const postern_answer* answer) noexcept {
  constexpr std::string_view kCall = "session_answer";
  return Run(session, kCall, [=](Session& engine) {
    if (IsBareVerdict(answer)) {
      const AnswerResult result =
          engine.AnswerTicket(ticket, static_cast<session::Verdict>(answer->verdict));
      if (result == AnswerResult::kOk) return Flags(engine);
      return Refusal(session, kCall, result);
    }
    postern_answer ours;
    if (!CopyIn(answer, &ours)) {
      return Misbehaved(session, kCall,
                        "answer is null, or its struct_size below the first published one",
                        POSTERN_E_ARGUMENT);
    }
    if (!IsValid(ours.text) || !IsValid(ours.challenge) || !IsValid(ours.auth_mechanisms)) {
      return Misbehaved(session, kCall, "text, challenge or auth_mechanisms: a size and no data",
                        POSTERN_E_ARGUMENT);
    }
    Answer inside = Inside(ours);
    const Recipients recipients(answer, ours.recipients, ours.recipient_count);
    if (ours.recipient_count != 0) {
      if (!recipients.AreThere()) {
        return Misbehaved(session, kCall, "recipients is null or out of line, and has a count",
                          POSTERN_E_ARGUMENT);
      }
      inside.recipients = &recipients;
    }
    const AnswerResult result = engine.AnswerTicket(ticket, inside);
    if (result == AnswerResult::kOk) return Flags(engine);
    return Refusal(session, kCall, result);
  });
}

int32_t SessionOutput(postern_session* session, const uint8_t** data, size_t* size) noexcept {
  if (data != nullptr) *data = nullptr;
  if (size != nullptr) *size = 0;
  return Run(session, "session_output", [=](Session& engine) {
    if (data == nullptr || size == nullptr) {
      return Misbehaved(session, "session_output", "data or size is null", POSTERN_E_ARGUMENT);
    }
    const std::string_view output = engine.output();
    *data = reinterpret_cast<const uint8_t*>(output.data());
    *size = output.size();
    return int32_t{POSTERN_OK};
  });
}

int32_t SessionOutputConsumed(postern_session* session, size_t size) noexcept {
  return Run(session, "session_output_consumed", [=](Session& engine) {
    if (size > engine.output().size()) {
      return Misbehaved(session, "session_output_consumed", "more than there was",
                        POSTERN_E_ARGUMENT);
    }
    engine.ConsumeOutput(size);
    return Flags(engine);
  });
}

int32_t SessionTick(postern_session* session, uint64_t now_ms) noexcept {
  return Run(session, "session_tick", [=](Session& engine) {
    engine.Tick(now_ms);
    return Flags(engine);
  });
}

int32_t SessionNextDeadline(postern_session* session, uint64_t* deadline_ms) noexcept {
  return Run(session, "session_next_deadline", [=](Session& engine) {
    if (deadline_ms == nullptr) {
      return Misbehaved(session, "session_next_deadline", "deadline_ms is null",
                        POSTERN_E_ARGUMENT);
    }
    *deadline_ms = engine.NextDeadline();
    return int32_t{POSTERN_OK};
  });
}

int32_t SessionNotify(postern_session* session, uint32_t notice) noexcept {
  return Run(session, "session_notify", [=](Session& engine) {
    if (notice < POSTERN_NOTICE_TLS_ESTABLISHED || notice > POSTERN_NOTICE_SHUTDOWN_NOW) {
      return Misbehaved(session, "session_notify", "unknown notice", POSTERN_E_ARGUMENT);
    }
    if (!engine.Notify(static_cast<Notice>(notice))) {
      return Misbehaved(session, "session_notify", "not in this state", POSTERN_E_STATE);
    }
    return Flags(engine);
  });
}

int32_t SessionInfo(postern_session* session, postern_session_info* info) noexcept {
  return Run(session, "session_info", [=](Session& engine) {
    if (info == nullptr || info->struct_size < kFirstSize<postern_session_info>) {
      return Misbehaved(session, "session_info",
                        "info is null, or its struct_size below the first published one",
                        POSTERN_E_ARGUMENT);
    }
    const session::Info inside = engine.GetInfo();
    postern_session_info ours = {};
    ours.struct_size = sizeof(ours);
    ours.state = inside.state;
    ours.errors = inside.errors;
    ours.recipients = inside.recipients;
    ours.tls = inside.tls ? 1 : 0;
    ours.extended = inside.extended ? 1 : 0;
    ours.octets_in = inside.octets_in;
    ours.octets_out = inside.octets_out;
    ours.lines = inside.lines;
    ours.messages = inside.messages;
    // The engine counts itself; the rest is what lies around it here.
    ours.memory_octets = inside.memory_octets + sizeof(postern_session) - sizeof(Session);
    ours.fingerprint = inside.fingerprint;
    ours.lmtp = inside.lmtp ? 1 : 0;
    ours.authenticated = inside.authenticated ? 1 : 0;
    CopyOut(ours, info);
    return int32_t{POSTERN_OK};
  });
}

void SessionClose(postern_session* session) noexcept {
  if (session == nullptr) return;
  if (session->life != kLiving && session->life != kBroken) return;
  if (session->calling != kNotCalling) {
    // Its frames are still on the stack: better a leak than a session that goes while it runs.
    Misbehaved(session, "session_close", "called from inside a callback", POSTERN_E_STATE);
    return;
  }
  // The host's memory functions run below; what they call with this session is refused.
  session->life = kClosed;
  const std::shared_ptr<const Host> host = session->host;
  session->~postern_session();
  host->memory.deallocate(host->memory.user, session, sizeof(postern_session));
}

}  // namespace postern::plugin
