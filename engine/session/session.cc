// SPDX-License-Identifier: Apache-2.0
//
// Feeding, time and notices. What lines do is in execute.cc, decisions in answer.cc, replies in
// reply.cc.

#include "engine/session/session.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "engine/replies/reply_table.h"
#include "engine/session/ehlo_lines.h"

namespace postern::session {

using commands::Extension;
using commands::Phase;
using replies::ReplyId;

namespace {

// Milliseconds on a clock that may be near its end: saturates instead of wrapping.
uint64_t After(uint64_t start, uint64_t wait) {
  return wait > Session::kNoDeadline - start ? Session::kNoDeadline : start + wait;
}

// FNV-1a over one number; the fingerprint needs no more than equality.
void Mix(uint64_t* hash, uint64_t value) {
  for (int i = 0; i < 8; ++i) {
    *hash = (*hash ^ (value >> (8 * i) & 0xff)) * 0x100000001b3u;
  }
}

}  // namespace

std::shared_ptr<const Ground> MakeGround(Config config,
                                         std::shared_ptr<const replies::ReplyTable> table) {
  auto ground = std::make_shared<Ground>();
  replies::BindOptions bind;
  bind.server = config.server_name;
  bind.enhanced_status_codes = config.Enabled(commands::Extension::kEnhancedStatusCodes);
  ground->replies = replies::BoundReplies::Bind(std::move(table), bind);
  if (ground->replies == nullptr) return nullptr;
  ground->line_capacity = commands::GreatestLineLimit(config.enabled);
  if (!ground->replies->Fixed(ReplyId::kEhloOk, false).empty()) {
    for (const int state : {0, 1, 2, 3, 4, 5}) {
      commands::Conditions now = {config.enabled, state % 3 == 1, state % 3 == 2, true};
      if (state < 3) now.enabled &= ~commands::Bit(commands::Extension::kAuth);
      now.enabled &= ~(commands::kForTrusted | commands::Bit(Extension::kFutureRelease));
      EhloLines lines;
      lines.Fill(now, config, {}, config.auth_line);
      std::string& reply = ground->ehlo[state];
      const auto format = [&](char* out, size_t capacity) {
        return ground->replies->FormatEhlo({}, lines.lines, lines.count, out, capacity);
      };
      reply.resize(format(nullptr, 0));
      format(reply.data(), reply.size());
    }
  }
  ground->config = std::move(config);
  return ground;
}

Session::Session(std::shared_ptr<const Ground> ground, const wire::Memory* memory,
                 const Options& options)
    : ground_(std::move(ground)),
      memory_(memory),
      wanted_(options.wanted_events == 0 ? ~uint64_t{0} : options.wanted_events),
      clock_{options.now_ms, options.now_ms, options.unix_ms},
      mark_ms_(options.now_ms),
      splitter_(memory, ground_->line_capacity, ground_->config.limits.line_total_octets),
      decoder_(ground_->config.bare_newline),
      enabled_(ground_->config.enabled),
      trusted_(options.trusted),
      submission_(options.submission || ground_->config.submission),
      can_starttls_(options.can_starttls),
      tls_(options.tls),
      output_(memory) {
  client_size_ = static_cast<uint8_t>(std::min(options.client_address.size(), kMaxClientAddress));
  if (client_size_ > 0) std::memcpy(client_, options.client_address.data(), client_size_);
  SetOffer();
  if (options.proxy_header) {
    mode_ = Mode::kProxyHeader;
    void* const place = memory_->allocate(memory_->user, sizeof(wire::ProxyHeaderParser));
    if (place == nullptr) {
      Close(CloseReason::kMemory);
      return;
    }
    proxy_ = new (place) wire::ProxyHeaderParser(memory_);
    return;
  }
  Decide(EventType::kConnect);
}

Session::~Session() {
  DropHeldReply();
  FreeExtra();
  FreeAsked();
  DropAuthBlock();
  DropMechanisms();
  if (proxy_ != nullptr) {
    proxy_->~ProxyHeaderParser();
    memory_->deallocate(memory_->user, proxy_, sizeof(wire::ProxyHeaderParser));
  }
}

size_t Session::FeedProxyHeader(std::string_view in) {
  size_t used = 0;
  switch (proxy_->Next(in, &used)) {
    case wire::ProxyStatus::kNeedMore:
      break;
    case wire::ProxyStatus::kDone:
      mode_ = Mode::kCommand;
      mark_ms_ = clock_.now_ms;
      Push(EventType::kProxyHeader);
      Decide(EventType::kConnect);
      break;
    case wire::ProxyStatus::kInvalid:
      // Whoever sent this is no SMTP client: no reply (proxy-protocol.txt §5).
      Close(CloseReason::kProxy);
      break;
    case wire::ProxyStatus::kNoMemory:
      Close(CloseReason::kMemory);
      break;
  }
  return used;
}

__attribute__((always_inline)) inline size_t Session::FeedCommand(std::string_view in) {
  size_t used = 0;
  wire::Line line;
  switch (splitter_.Next(in, &used, &line)) {
    case wire::LineStatus::kNeedMore:
      break;
    case wire::LineStatus::kLine:
      ++lines_;
      mark_ms_ = clock_.now_ms;
      HandleLine(line);
      break;
    case wire::LineStatus::kBareLf:
      ++lines_;
      mark_ms_ = clock_.now_ms;
      HandleBareLf(line);
      break;
    case wire::LineStatus::kOverTotal:
      LineWithoutEnd();
      break;
    case wire::LineStatus::kNoMemory:
      Reply(ReplyId::kOutOfMemory);
      Close(CloseReason::kMemory);
      break;
  }
  return used;
}

void Session::LineWithoutEnd() {
  payload_ = Payload();
  // F5. A line that had its one reply for a bare LF gets no second one (R1, F2).
  if (splitter_.over_total_after_bare_lf()) {
    PushError(ReplyId::kUnspecified, Rule::kF5, 0);
  } else {
    const ReplyId id = ReplyId::kLineWithoutEnd;
    if (Reply(id)) PushError(id, Rule::kF5, ground_->replies->Code(id));
  }
  Close(CloseReason::kLine);
}

void Session::Feed(std::string_view in, size_t* consumed) {
  size_t used = 0;
  while (!has_event() && !has_ticket()) {
    if (mode_ == Mode::kClosed) {
      // Nothing is read behind 221 or 421 (R1); behind ATRN by the host.
      if (!turned_) used = in.size();
      break;
    }
    if (used == in.size() || output_.AboveHighWater()) break;
    const std::string_view rest = in.substr(used);
    switch (mode_) {
      case Mode::kCommand:
        used += FeedCommand(rest);
        break;
      case Mode::kContent:
        used += FeedContent(rest);
        break;
      case Mode::kChunk:
        used += FeedChunk(rest);
        break;
      case Mode::kProxyHeader:
        used += FeedProxyHeader(rest);
        break;
      case Mode::kTlsHandshake:
        // B4, CVE-2011-0411: what came in the clear behind STARTTLS is dropped unread.
        used = in.size();
        if (!injected_) {
          injected_ = true;
          payload_ = Payload();
          PushError(ReplyId::kUnspecified, Rule::kB4, 0);
        }
        break;
      case Mode::kAuth:
        used += FeedAuth(rest);
        break;
      case Mode::kClosed:
        break;
    }
  }
  if (mode_ == Mode::kChunk) used -= chunk_octet_owed_ ? 1 : 0;
  octets_in_ += used;
  *consumed = used;
}

// The next octets of content, with which there are `octets`.
void Session::TakeSlice(std::string_view slice, uint64_t octets) {
  const uint64_t limit = ground_->config.limits.message_octets;
  if (octets > limit && !over_size_) {
    // D4: the limit cuts the slice, so what the host gets does not depend on the cuts (R3).
    over_size_ = true;
    slice.remove_suffix(static_cast<size_t>(std::min<uint64_t>(octets - limit, slice.size())));
  } else if (over_size_) {
    slice = {};
  }
  if (!slice.empty() && Wanted(EventType::kContent)) {
    payload_.base = slice.data();
    payload_.size = slice.size();
    Push(EventType::kContent);
  }
}

size_t Session::FeedContent(std::string_view in) {
  size_t used = 0;
  std::string_view slice;
  mark_ms_ = clock_.now_ms;
  switch (decoder_.Next(in, &used, &slice)) {
    case wire::DataStatus::kNeedMore:
      break;
    case wire::DataStatus::kSlice:
      TakeSlice(slice, decoder_.content_octets());
      break;
    case wire::DataStatus::kEnd:
      FinishContent();
      break;
  }
  // Told as soon as it is known, so that the host can drop what it holds.
  if (transaction_open_ && mode_ == Mode::kContent &&
      (over_size_ ||
       (decoder_.faults() != 0 && ground_->config.bare_newline == wire::BareNewline::kReject))) {
    EndTransaction(ResetReason::kContentRefused);
  }
  return used;
}

void Session::PushError(ReplyId reply, Rule rule, uint16_t code) {
  if (!Wanted(EventType::kError)) return;
  Push(EventType::kError);
  Pending& event = events_[(event_first_ + event_count_ - 1) % kMaxPending];
  event.reply = reply;
  event.rule = rule;
  event.code = code;
}

void Session::EndTransaction(ResetReason reason) {
  if (transaction_open_) {
    transaction_open_ = false;
    Push(EventType::kReset, static_cast<uint8_t>(reason));
  }
}

void Session::Close(CloseReason reason) {
  if (mode_ == Mode::kClosed) return;
  bool exchange = mode_ == Mode::kAuth || decision_ == EventType::kAuth;
  mode_ = Mode::kClosed;
  // A decision that was not taken yet is void, and without its ticket no event either.
  if (has_ticket() && event_count_ > 0 &&
      events_[(event_first_ + event_count_ - 1) % kMaxPending].type == decision_) {
    --event_count_;
    // Nor is the end told of an exchange whose beginning was not.
    if (exchange && auth_parts().round == 0) exchange = false;
  }
  decision_ = EventType::kNone;
  FreeExtra();
  FreeAsked();
  if (exchange) Push(EventType::kAuthEnd, static_cast<uint8_t>(AuthEnd::kClosed));
  DropAuthBlock();
  EndTransaction(ResetReason::kClosed);
  if (reason == CloseReason::kQuit) Push(EventType::kQuit);
  Push(EventType::kClosed, static_cast<uint8_t>(reason));
}

bool Session::NextEvent(Event* event) {
  const Pending* const pending = TakePending();
  if (pending == nullptr) return false;
  *event = Event();
  event->type = pending->type;
  event->reason = pending->reason;
  event->reply = pending->reply;
  event->code = pending->code;
  event->rule = pending->rule;
  event->ticket = TicketOf(*pending);
  switch (pending->type) {
    case EventType::kMail:
    case EventType::kRcpt:
      event->flags = payload_.flags;
      event->path = payload_.Part(payload_.path);
      event->mailbox = payload_.Part(payload_.mailbox);
      event->local_part = payload_.Part(payload_.local_part);
      event->domain = payload_.Part(payload_.domain);
      event->parameters = payload_.Part(payload_.parameters);
      event->number = payload_.number;
      event->count = payload_.count;
      event->extra = extra_;
      if (pending->type == EventType::kMail) event->auth = mail_auth();
      break;
    case EventType::kAuth: {
      const AuthParts parts = auth_parts();
      event->flags = parts.flags;
      event->mechanism = parts.mechanism;
      event->text = parts.response;
      event->count = parts.round;
      break;
    }
    case EventType::kHelo:
      event->flags = payload_.flags;
      event->text = payload_.Part(payload_.text);
      break;
    case EventType::kVrfy:
    case EventType::kExpn:
    case EventType::kHelp:
    case EventType::kUnknown:
    case EventType::kXclient:
    case EventType::kXforward:
      event->text = payload_.Part(payload_.text);
      event->line = payload_.whole();
      event->extra = extra_;
      break;
    case EventType::kEtrn:
    case EventType::kAtrn:
      event->flags = payload_.flags;
      event->text = payload_.Part(payload_.text);
      event->line = payload_.whole();
      break;
    case EventType::kBurl:
      event->flags = burl_flags();
      event->text = payload_.Part(payload_.text);
      event->line = payload_.whole();
      event->total = chunk_total();
      event->count = recipients_;
      break;
    case EventType::kParameter:
      event->flags = payload_.flags;
      event->text = payload_.Part(payload_.text);
      event->parameters = payload_.Part(payload_.parameters);
      event->count = payload_.count;
      break;
    case EventType::kContent:
      event->text = payload_.whole();
      break;
    case EventType::kContentBegin:
      event->count = recipients_;
      event->flags = content_flags();
      event->number = chunk_octets();
      break;
    case EventType::kChunkEnd:
      event->number = chunk_octets();
      event->total = chunk_total();
      break;
    case EventType::kContentEnd:
      event->number = content_octets();
      break;
    case EventType::kError:
      if (payload_.base != nullptr) event->line = payload_.whole();
      break;
    default:
      break;
  }
  return true;
}

uint64_t Session::ModeTimeout() const {
  const Limits& limits = ground_->config.limits;
  if (decision_ == EventType::kContentEnd) return limits.content_decision_timeout_ms;
  if (decision_ != EventType::kNone) return limits.decision_timeout_ms;
  const bool content = mode_ == Mode::kContent || mode_ == Mode::kChunk;
  return content ? limits.content_timeout_ms : limits.command_timeout_ms;
}

uint64_t Session::NextDeadline() const {
  if (mode_ == Mode::kClosed) return kNoDeadline;
  uint64_t deadline = After(mark_ms_, ModeTimeout());
  const uint64_t whole = ground_->config.limits.session_timeout_ms;
  // The host's turn is not the client's fault: the session deadline waits for an open decision.
  if (whole != 0 && !has_ticket()) deadline = std::min(deadline, After(clock_.opened_ms, whole));
  return deadline;
}

void Session::Tick(uint64_t now_ms) {
  clock_.now_ms = std::max(clock_.now_ms, now_ms);
  if (clock_.now_ms < NextDeadline()) return;
  if (has_ticket()) {
    ExpireDecision();
    return;
  }
  // RFC 5321 §4.5.3.2.7. In content state, during a handshake or before the greeting no reply would
  // be read as one, but 421 may come at any time; in the clear behind STARTTLS it may not.
  if (mode_ == Mode::kCommand || mode_ == Mode::kContent || mode_ == Mode::kChunk ||
      mode_ == Mode::kAuth) {
    Reply(ReplyId::kClientTimeout);
  }
  Close(CloseReason::kTimeout);
}

bool Session::Notify(Notice notice) {
  switch (notice) {
    case Notice::kTlsEstablished:
      if (mode_ != Mode::kTlsHandshake) return false;
      // RFC 3207 §4.2: what was known before TLS is dropped (B4).
      mode_ = Mode::kCommand;
      mark_ms_ = clock_.now_ms;
      tls_ = true;
      extended_ = false;
      authenticated_ = false;
      DropMechanisms();
      SetOffer();
      phase_ = Phase::kStart;
      recipients_ = 0;
      smtputf8_ = false;
      splitter_.Reset();
      if (shutdown_) FinishShutdown();
      return true;
    case Notice::kTlsFailed:
      if (mode_ == Mode::kClosed) return false;
      Close(CloseReason::kTls);
      return true;
    case Notice::kDisconnected:
      if (mode_ == Mode::kClosed) return false;
      output_.Consume(output_.size());
      Close(CloseReason::kDisconnected);
      return true;
    case Notice::kShutdown:
      if (mode_ == Mode::kClosed) return false;
      shutdown_ = true;
      if (mode_ == Mode::kTlsHandshake || mode_ == Mode::kProxyHeader) {
        Close(CloseReason::kShutdown);
      } else if ((mode_ == Mode::kCommand || mode_ == Mode::kAuth) && !transaction_open_ &&
                 !has_ticket()) {
        Reply(ReplyId::kShuttingDown);
        Close(CloseReason::kShutdown);
      }
      return true;
    case Notice::kShutdownNow:
      if (mode_ == Mode::kClosed) return false;
      if (mode_ != Mode::kTlsHandshake && mode_ != Mode::kProxyHeader) {
        Reply(ReplyId::kShuttingDown);
      }
      Close(CloseReason::kShutdown);
      return true;
  }
  return false;
}

Info Session::GetInfo() const {
  Info info;
  info.errors = errors_;
  info.recipients = recipients_;
  info.tls = tls_;
  info.extended = extended_;
  info.lmtp = lmtp();
  info.authenticated = authenticated_;
  info.octets_in = octets_in_;
  info.octets_out = output_.total();
  info.lines = lines_;
  info.messages = messages_;
  info.phase = phase_;
  info.content = mode_ == Mode::kContent;
  info.chunk = mode_ == Mode::kChunk;
  info.exchange = mode_ == Mode::kAuth;
  info.memory_octets = sizeof(Session) + splitter_.memory_octets() + output_.memory_octets();
  if (extra_ != nullptr) info.memory_octets += extra_->octets;
  info.memory_octets += AuthOctets() + AskedOctets();
  if (proxy_ != nullptr) {
    info.memory_octets += sizeof(wire::ProxyHeaderParser) + proxy_->memory_octets();
  }
  if (held_ != nullptr) info.memory_octets += sizeof(HeldReply) + held_->size;
  info.state = static_cast<uint32_t>(mode_) | static_cast<uint32_t>(phase_) << 4 |
               static_cast<uint32_t>(decision_) << 8 | uint32_t{tls_} << 16 |
               uint32_t{extended_} << 17 | uint32_t{transaction_open_} << 18 |
               uint32_t{smtputf8_} << 19 | uint32_t{shutdown_} << 20 |
               uint32_t{authenticated_} << 21;
  uint64_t hash = 0xcbf29ce484222325u;
  Mix(&hash, info.state);
  Mix(&hash, recipients_);
  Mix(&hash, can_starttls_);
  Mix(&hash, mode_ == Mode::kContent && over_size_);
  // Where there is no limit they decide nothing.
  Mix(&hash, ground_->config.limits.transactions == 0 ? 0 : transactions_);
  Mix(&hash, mode_ == Mode::kContent ? decoder_.faults() : 0);
  Mix(&hash, splitter_.AtLineStart());
  // How content may come, once there is a transaction that it can come to.
  Mix(&hash, phase_ == Phase::kMail && binary_);
  if (mode_ == Mode::kChunk) {
    Mix(&hash, static_cast<uint64_t>(chunk_reply_));
    Mix(&hash, chunk_reply_ == ReplyId::kUnspecified && !transaction_open_);
    Mix(&hash, chunk_last_);
  }
  // What EHLO lists; and in an exchange, how far it has come.
  Mix(&hash, enabled_);
  Mix(&hash, mechanisms_ != nullptr);
  Mix(&hash, ParametersAsked());
  Mix(&hash, mode_ == Mode::kAuth ? auth_parts().round : 0);
  info.fingerprint = hash;
  return info;
}

}  // namespace postern::session
