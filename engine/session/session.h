// SPDX-License-Identifier: Apache-2.0
//
// One SMTP server session (RFC 5321 §3, §4): octets in, replies and events out.
//
// What it is: the state machine between wire, commands and replies. It decides what the contract
// decides, asks the host for the rest and waits for the answer as a state.
// What it is not: a reader of sockets or clocks; a store of recipients or content (they belong to
// the host); a parser (commands/, syntax/); a writer of texts (replies/).
//
// Threads and lifetime: one owner at a time, any thread. It holds its Ground (configuration and
// replies) until it dies. `memory` must outlive it.

#ifndef POSTERN_ENGINE_SESSION_SESSION_H_
#define POSTERN_ENGINE_SESSION_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "engine/commands/parse.h"
#include "engine/replies/bound_replies.h"
#include "engine/session/config.h"
#include "engine/session/event.h"
#include "engine/session/judge.h"
#include "engine/session/output.h"
#include "engine/wire/bdat_decoder.h"
#include "engine/wire/data_decoder.h"
#include "engine/wire/line_splitter.h"
#include "engine/wire/memory.h"
#include "engine/wire/proxy_header.h"

namespace postern::session {

// What sessions of one engine share. Immutable.
struct Ground {
  Config config;
  std::shared_ptr<const replies::BoundReplies> replies;
  size_t line_capacity = 0;
  // The replies to EHLO without and with STARTTLS in force, and with TLS up, and the same with AUTH
  // in force, which is all that they depend on; empty where the table's words depend on the client.
  std::string ehlo[6];
};

// Binds `table` to the configuration. Null where `table` is null or the server name unusable.
std::shared_ptr<const Ground> MakeGround(Config config,
                                         std::shared_ptr<const replies::ReplyTable> table);

struct Options {
  bool tls = false;
  bool can_starttls = false;
  bool proxy_header = false;
  bool trusted = false;     // the peer may tell of clients: XCLIENT, XFORWARD
  bool submission = false;  // RFC 6409, also where the configuration does not make all so
  uint64_t now_ms = 0;
  uint64_t unix_ms = 0;        // at the same time, since 1970; 0: not known
  uint64_t wanted_events = 0;  // bits (1 << EventType); 0: all
  std::string_view client_address;
};

struct Info {
  uint32_t state = 0;
  uint32_t errors = 0;
  uint32_t recipients = 0;
  bool tls = false;
  bool extended = false;
  bool authenticated = false;
  uint64_t octets_in = 0;
  uint64_t octets_out = 0;
  uint64_t lines = 0;
  uint64_t messages = 0;
  uint64_t memory_octets = 0;
  uint64_t fingerprint = 0;
  commands::Phase phase = commands::Phase::kStart;
  bool content = false;   // octets that come now are content
  bool chunk = false;     // or of a chunk of BDAT, read or skipped
  bool exchange = false;  // or of responses of AUTH
  bool lmtp = false;
};

class Session {
 public:
  static constexpr size_t kMaxClientAddress = 63;
  // One more than a reply shows, so that what is cut is seen to be (replies::kMaxWordValue).
  static constexpr size_t kMaxWord = replies::kMaxWordValue + 1;
  static constexpr uint64_t kNoDeadline = UINT64_MAX;

  Session(std::shared_ptr<const Ground> ground, const wire::Memory* memory, const Options& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes octets up to the next event, or until output must be drained, or all.
  void Feed(std::string_view in, size_t* consumed);

  // False if there is none. Slices in *event are borrowed until the next call.
  bool NextEvent(Event* event);

  AnswerResult AnswerTicket(uint64_t ticket, const Answer& answer);
  // The same where there is nothing to it but the verdict.
  AnswerResult AnswerTicket(uint64_t ticket, Verdict verdict);

  std::string_view output() const { return output_.data(); }
  bool has_output() const { return !output_.empty(); }
  void ConsumeOutput(size_t octets) { output_.Consume(octets); }

  void Tick(uint64_t now_ms);
  uint64_t NextDeadline() const;

  // False where the state does not allow the notice.
  bool Notify(Notice notice);

  // NextEvent in parts, for whoever makes structs of its own of them: an event on its way, null if
  // there is none, and what it refers to. All is borrowed until the next call.
  struct Pending {
    EventType type;
    uint8_t reason;
    Rule rule;
    uint16_t code;
    replies::ReplyId reply;
  };
  // Part of the line that the pending event is about.
  struct Span {
    uint16_t offset = 0;
    uint16_t size = 0;
  };
  // At most one event at a time has a payload: Feed stops behind it. Which members mean something
  // depends on the event's type, as in Event.
  struct Payload {
    const char* base = nullptr;  // line, or content octets
    uint64_t size = 0;           // of what `base` points at
    uint64_t number = 0;
    uint32_t flags = 0;
    uint32_t count = 0;
    Span path, mailbox, local_part, domain, parameters, text;

    std::string_view whole() const { return {base, static_cast<size_t>(size)}; }
    std::string_view Part(Span span) const {
      return span.size == 0 ? std::string_view() : std::string_view(base + span.offset, span.size);
    }
  };
  const Pending* TakePending() {
    if (event_count_ == 0) return nullptr;
    const Pending* const pending = &events_[event_first_];
    event_first_ = static_cast<uint8_t>((event_first_ + 1) % kMaxPending);
    --event_count_;
    return pending;
  }
  const Payload& payload() const { return payload_; }
  // Of kMail and kRcpt, as in Event.
  const Extra* extra() const { return extra_; }
  // What the pending kAuth event is about.
  struct AuthParts {
    std::string_view mechanism;  // in upper case
    std::string_view response;   // decoded; wiped when the decision is taken
    uint32_t round = 0;
    uint32_t flags = 0;
  };
  AuthParts auth_parts() const;
  // The mailbox that the pending kMail event's AUTH= names (RFC 4954 §5); empty for "<>" and for
  // none.
  std::string_view mail_auth() const;
  uint64_t TicketOf(const Pending& pending) const {
    return pending.type == decision_ ? ticket_ : 0;
  }
  uint32_t recipients() const { return recipients_; }
  uint64_t content_octets() const {
    return phase_ == commands::Phase::kChunks ? chunk_.content_octets() : decoder_.content_octets();
  }
  // kContentBegin: what is known of the content, as EventFlags.
  uint32_t content_flags() const {
    if (verb_ != commands::Verb::kBdat) return 0;
    return kContentBdat | (chunk_last_ ? kContentLast : 0u) | (binary_ ? kContentBinary : 0u);
  }
  // kBurl: EventFlags.
  uint32_t burl_flags() const {
    return (phase_ != commands::Phase::kChunks ? kBurlFirst : 0u) | (chunk_last_ ? kBurlLast : 0u) |
           (binary_ ? kBurlBinary : 0u);
  }
  // kContentBegin, kChunkEnd: octets of the chunk, and of all chunks so far, as sent. 0 with DATA.
  uint64_t chunk_octets() const { return verb_ == commands::Verb::kBdat ? chunk_octets_ : 0; }
  uint64_t chunk_total() const { return chunk_.wire_octets(); }

  bool has_event() const { return event_count_ > 0; }
  bool has_ticket() const { return decision_ != EventType::kNone; }
  bool start_tls() const { return mode_ == Mode::kTlsHandshake; }
  bool closing() const { return mode_ == Mode::kClosed; }
  // What a host wants to know behind each call, in one number.
  enum Status : uint32_t {
    kHasEvent = 1,
    kHasOutput = 2,
    kHasTicket = 4,
    kStartTls = 8,
    kClosing = 16,
  };
  uint32_t status() const {
    return uint32_t{event_count_ != 0} * kHasEvent | uint32_t{!output_.empty()} * kHasOutput |
           uint32_t{has_ticket()} * kHasTicket | kModeStatus[static_cast<int>(mode_)];
  }
  const wire::ProxyHeader& proxy_header() const { return proxy_->header(); }
  Info GetInfo() const;

 private:
  enum class Mode : uint8_t {
    kProxyHeader,
    kCommand,
    kContent,
    kTlsHandshake,
    kClosed,
    kChunk,
    kAuth
  };

  // Octets of a reply stand behind it.
  struct HeldReply {
    uint32_t size;
    uint16_t code;
  };

  static constexpr uint8_t kModeStatus[] = {0, 0, 0, kStartTls, kClosing, 0, 0};

  // A closing reply makes three at the most (error, reset, closed), QUIT as many.
  static constexpr size_t kMaxPending = 4;

  // session.cc
  View MakeView() const {
    View view;
    view.now.enabled = enabled_;
    view.now.can_starttls = can_starttls_;
    view.now.tls = tls_;
    view.now.extended = extended_;
    view.now.authenticated = authenticated_;
    view.leniency = &ground_->config.leniency;
    view.smtputf8_transaction = smtputf8_;
    view.config = &ground_->config;
    view.clock = &clock_;
    view.recipients = recipients_;
    view.transactions = transactions_;
    view.phase = phase_;
    return view;
  }
  size_t FeedProxyHeader(std::string_view in);
  size_t FeedCommand(std::string_view in);
  size_t FeedContent(std::string_view in);
  void TakeSlice(std::string_view slice, uint64_t octets);
  bool Wanted(EventType type) const { return (wanted_ >> static_cast<int>(type) & 1) != 0; }
  void Push(EventType type, uint8_t reason = 0) {
    if (!Wanted(type) || event_count_ == kMaxPending) return;
    Pending& event = events_[(event_first_ + event_count_) % kMaxPending];
    event = {type, reason, Rule::kNone, 0, replies::ReplyId::kUnspecified};
    ++event_count_;
  }
  // The octets that it pointed at may be gone.
  void ForgetPayload() {
    payload_.base = nullptr;
    payload_.size = 0;
  }
  void LineWithoutEnd();
  void PushError(replies::ReplyId reply, Rule rule, uint16_t code);
  void EndTransaction(ResetReason reason);
  void Close(CloseReason reason);
  uint64_t ModeTimeout() const;

  // execute.cc: what right and wrong lines do
  void HandleLine(const wire::Line& line) {
    commands::ParsedCommand command;
    const Judgement judgement = JudgeLine(line, MakeView(), &command);
    if (judgement.reply == replies::ReplyId::kUnspecified) {
      Execute(command, line);
    } else {
      Refuse(judgement, line);
    }
  }
  void HandleBareLf(const wire::Line& line);
  void Execute(const commands::ParsedCommand& command, const wire::Line& line);
  void ExecuteEnvelope(const commands::ParsedCommand& command, const wire::Line& line);
  void SetPathPayload(const commands::ParsedCommand& command, const wire::Line& line);
  bool SetExtra(const commands::ParsedCommand& command);
  bool SetAttributes(const commands::ParsedCommand& command);
  bool MakeExtra(size_t octets);
  void FreeExtra();
  void BecomeClient();
  void SetTextPayload(std::string_view text, const wire::Line& line);
  void Refuse(const Judgement& judgement, const wire::Line& line);
  void RefuseAlone(const Judgement& judgement, uint32_t times = 1);
  void FinishContent();
  bool CountCommand(bool progress) {
    if (progress) return true;
    return ++commands_ <= ground_->config.limits.commands_without_progress || TooManyCommands();
  }
  bool TooManyCommands();

  // chunks.cc: BDAT and BURL
  size_t FeedChunk(std::string_view in);
  void BeginChunk(const commands::ParsedCommand& command);
  void RefuseChunk(const Judgement& judgement, const wire::Line& line, size_t verb_octets);
  void ReadChunk();
  void SkipChunk(uint64_t octets, bool last, replies::ReplyId reply, Rule rule);
  void FinishChunk();
  void FinishSkippedChunk();
  void FailChunks(ResetReason reason);
  void EndChunks(bool last);
  void SettleFirstChunk(bool accepted, replies::ReplyId reply, const Answer* answer);
  void BeginUrl(const commands::ParsedCommand& command, const wire::Line& line);
  void RefuseUrl(const Judgement& judgement, std::string_view rest);
  void SettleUrl(replies::ReplyId reply, const Answer* answer);
  void FailUrl(ResetReason reason);
  bool HoldReply(replies::ReplyId situation, const Answer& answer);
  void DropHeldReply();
  // auth.cc: the exchange of AUTH (RFC 4954 §4), and AUTH= of MAIL
  struct AuthBlock;
  std::string_view AuthLine() const;
  void SetOffer();
  bool SetMechanisms(std::string_view mechanisms);
  void KeepMechanisms();
  void DropMechanisms();
  void ExecuteAuth(const commands::ParsedCommand& command, const wire::Line& line);
  size_t FeedAuth(std::string_view in);
  void HandleAuthLine(const wire::Line& line);
  void FailAuth(const Judgement& judgement, AuthEnd reason);
  void EndAuth();
  bool MakeAuthBlock(size_t capacity, AuthBlock** block);
  void DropAuthBlock();
  size_t AuthOctets() const;
  void Challenge(std::string_view challenge);
  AnswerResult AnswerChallenge(uint64_t ticket, const Answer& answer);
  AnswerResult CheckMechanisms(EventType type, Verdict verdict, const Answer& answer) const;
  bool CountAuthFailure();
  bool KeepMailAuth(const commands::ParsedCommand& command);

  // parameters.cc: parameters that the host may know
  struct AskedLine;
  void AskOfParameters(const commands::ParsedCommand& command, const wire::Line& line);
  void AskOfNextParameter();
  void FreeAsked();
  size_t AskedOctets() const;
  uint32_t ParametersAsked() const;

  // recipients.cc: LMTP, where a message has a reply for each of its recipients
  bool lmtp() const { return ground_->config.Enabled(commands::Extension::kLmtp); }
  // Replies that are due behind the content, by DATA or BDAT LAST.
  uint32_t FinalReplies() const { return lmtp() ? recipients_ : 1; }
  AnswerResult AnswerRecipients(uint64_t ticket, const Answer& answer);
  Answer AnswerOf(const Answer& whole, uint32_t recipient) const;
  void SettleRecipients(const Answer& answer);
  bool Repeat(size_t from, uint32_t times);

  // answer.cc: decisions
  void Decide(EventType type);
  void CloseDecision();
  replies::ReplyId DefaultReply(EventType type, Verdict verdict) const;
  bool MayReply(EventType type, Verdict verdict, const Answer& answer) const;
  void Settle(EventType type, Verdict verdict, replies::ReplyId reply, const Answer* answer);
  void SettleParameter(Verdict verdict, replies::ReplyId reply, const Answer* answer);
  void RefuseForErrors(EventType type);
  void SettleByDefault(EventType type);
  void Apply(EventType type, bool accepted);
  void ExpireDecision();
  void FinishShutdown();

  // reply.cc: the ways a reply gets into the output
  bool Reply(replies::ReplyId id, bool utf8 = false);
  // A reply that is ready.
  bool Append(std::string_view reply) {
    if (reply.size() > output_.room()) return AppendLong(reply);
    std::memcpy(output_.tail(), reply.data(), reply.size());
    output_.Commit(reply.size());
    return true;
  }
  bool AppendLong(std::string_view reply);
  bool ReplyWith(replies::ReplyId id, const replies::Values& values);
  bool ReplyOverride(replies::ReplyId situation, const Answer& answer, bool utf8);
  bool MayBeUtf8(EventType type, uint16_t code) const;
  bool ReplyEhlo();
  bool ReplyChallenge(std::string_view challenge);
  bool ReplyHelp();
  bool CountError(uint16_t code);
  template <typename Formatter>
  bool Write(Formatter&& format);
  replies::Values MakeValues() const;
  replies::Values ValuesFor(replies::ReplyId id, bool utf8) const;

  std::shared_ptr<const Ground> ground_;
  const wire::Memory* memory_;
  uint64_t wanted_;
  Clock clock_;
  uint64_t mark_ms_;  // last progress: what the deadlines count from
  uint64_t octets_in_ = 0;
  uint64_t lines_ = 0;
  uint64_t messages_ = 0;
  uint64_t ticket_ = 0;  // of the last decision

  wire::ProxyHeaderParser* proxy_ =
      nullptr;              // only while a header is awaited or its event borrowed
  Extra* extra_ = nullptr;  // only while an event with such parameters is being decided
  // The line whose parameters the host is asked of, until MAIL or RCPT is decided; else null.
  AskedLine* asked_ = nullptr;
  // The exchange of AUTH, or the AUTH= of the MAIL that is being decided; else null.
  AuthBlock* auth_ = nullptr;
  // The mechanisms that the host gave for this connection; else null. As Config::auth_line.
  AuthBlock* mechanisms_ = nullptr;
  wire::LineSplitter splitter_;
  // Content comes by DATA or by BDAT: the first from the beginning of content on, the second from
  // the first chunk on that is read or skipped.
  union {
    wire::DataDecoder decoder_;
    wire::BdatDecoder chunk_;
  };
  uint64_t chunk_octets_ = 0;  // of the chunk that BDAT named last, or that BURL fetched
  // The host's words for a chunk that is being skipped, ready to go out behind it; a block of
  // memory_, null if they are the table's.
  HeldReply* held_ = nullptr;

  uint32_t enabled_;  // Conditions::enabled, without what the peer may not use
  uint32_t auth_failures_ = 0;
  uint32_t errors_ = 0;
  uint32_t commands_ = 0;  // without progress
  uint32_t recipients_ = 0;
  uint32_t transactions_ = 0;  // accepted

  Mode mode_ = Mode::kCommand;
  commands::Phase phase_ = commands::Phase::kStart;
  EventType decision_ = EventType::kNone;
  commands::Verb verb_ = commands::Verb::kUnknown;  // of the command that is being answered
  bool trusted_;                                    // the peer, by the host
  bool submission_;                                 // RFC 6409
  bool can_starttls_;
  bool tls_;
  bool extended_ = false;
  bool authenticated_ = false;
  bool smtputf8_ = false;          // of the transaction
  bool pending_smtputf8_ = false;  // of the MAIL, VRFY or EXPN that is being decided
  bool transaction_open_ = false;  // the host accepted MAIL and has not been told of an end
  bool binary_ = false;            // BODY=BINARYMIME, of the last transaction
  bool over_size_ = false;         // D4
  bool injected_ = false;          // B4: octets in the clear behind STARTTLS
  bool shutdown_ = false;

  bool turned_ = false;  // ATRN was accepted: what is not read yet is the host's

  // The chunk that is being read, or fetched. With a reply it is skipped, and that is said behind
  // it; a rule of kNone tells that it is the host's.
  bool chunk_last_ = false;
  bool chunk_octet_owed_ = false;  // Feed has said one octet less than it took
  Rule chunk_rule_ = Rule::kNone;
  replies::ReplyId chunk_reply_ = replies::ReplyId::kUnspecified;

  uint8_t event_count_ = 0;
  uint8_t event_first_ = 0;
  uint8_t word_size_ = 0;
  uint8_t client_size_ = 0;
  Pending events_[kMaxPending];
  Payload payload_;
  char word_[kMaxWord];  // verb or topic of the open decision, for its reply
  char client_[kMaxClientAddress + 1];
  Output output_;
};

static_assert(sizeof(Session) <= 900, "an idle session stays below 1 KiB with its adapter (B1)");

}  // namespace postern::session

#endif  // POSTERN_ENGINE_SESSION_SESSION_H_
