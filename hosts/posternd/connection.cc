// SPDX-License-Identifier: Apache-2.0
//
// The connection's socket side: reading, writing, TLS, deadlines, the end. What the session's
// events mean is in connection_events.cc.

#include "hosts/posternd/connection.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hosts/posternd/upstream_link.h"

namespace postern {
namespace posternd {
namespace {

constexpr uint64_t kNever = TimerWheel::kNever;
// The engine's deadlines begin with the greeting; the handshake before it has its own.
constexpr uint64_t kHandshakeMs = 60 * 1000;
// After the last reply the client's octets are read for a moment and dropped: closing with unread
// input would make the kernel cut the reply off with a reset (RFC 1122 section 4.2.2.13).
constexpr uint64_t kLingerMs = 2000;
// A client that does not even take its last reply.
constexpr uint64_t kLastReplyMs = 10 * 1000;
// One TLS client may not keep the loop for itself.
constexpr int kTlsReadsPerTurn = 16;

}  // namespace

Connection::Connection(Loop* loop, int fd, const sockaddr_storage& peer, bool tls, bool limited)
    : loop_(loop),
      policy_(loop->policy()),
      fd_(fd),
      implicit_tls_(tls),
      limited_(limited),
      counted_(!limited),
      client_counted_(false),
      proxied_(false),
      extended_(false),
      lmtp_(false),
      reading_(false),
      writing_(false),
      start_tls_(false),
      broken_(false),
      relayed_(false),
      fresh_only_(false),
      ended_(false),
      client_port_(host::PortOf(peer)),
      client_(host::Address::FromSocket(peer)),
      deadline_(kNever),
      own_deadline_(kNever),
      opened_ms_(loop->Now()),
      id_(loop->NewId()) {
  event_assign(&read_event_, loop->base(), fd, EV_READ | EV_PERSIST, &Connection::OnSocket, this);
  timer_.owner = this;
  loop->Link(this);
}

Connection::~Connection() {
  loop_->Unlink(this);
  loop_->Cancel(&timer_);
}

Connection* Connection::FromTimer(TimerNode* node) { return static_cast<Timer*>(node)->owner; }

void Connection::Accept(Loop* loop, int fd, const sockaddr_storage& peer, bool tls, bool limited) {
  Connection* connection = new Connection(loop, fd, peer, tls, limited);
  connection->proxied_ =
      host::ContainsAddress(connection->policy_->proxy_networks, connection->client_);
  // Over the limit a plain client is told so; the others would cost a dialogue first.
  if ((limited && (tls || connection->proxied_)) || !connection->OpenSession()) {
    connection->Close(limited ? "connection limit" : "out of memory");
    connection->Settle();
    return;
  }
  if (tls) {
    connection->own_deadline_ = connection->opened_ms_ + kHandshakeMs;
    connection->phase_ = connection->proxied_ ? Phase::kProxyBeforeTls : Phase::kHandshake;
  }
  connection->DrainEvents();
  connection->Advance();
  if (connection->phase_ != Phase::kClosed) connection->ResumeReading();
  connection->Settle();
}

bool Connection::OpenSession() {
  postern_session_options options = {};
  options.struct_size = sizeof(options);
  if (implicit_tls_) options.flags |= POSTERN_OPEN_TLS;
  if (policy_->tls != nullptr && !implicit_tls_) options.flags |= POSTERN_OPEN_CAN_STARTTLS;
  if (proxied_) options.flags |= POSTERN_OPEN_PROXY_HEADER;
  // Who is behind a proxy is not known yet, and is not trusted for being there.
  if (!proxied_ && host::ContainsAddress(policy_->trusted_networks, client_)) {
    options.flags |= POSTERN_OPEN_TRUSTED;
  }
  options.now_ms = opened_ms_;
  for (const uint32_t type :
       {POSTERN_EVENT_CONNECT, POSTERN_EVENT_PROXY_HEADER, POSTERN_EVENT_HELO,
        POSTERN_EVENT_STARTTLS, POSTERN_EVENT_MAIL, POSTERN_EVENT_RCPT, POSTERN_EVENT_CONTENT_BEGIN,
        POSTERN_EVENT_CONTENT, POSTERN_EVENT_CONTENT_END, POSTERN_EVENT_RESET, POSTERN_EVENT_ERROR,
        POSTERN_EVENT_XCLIENT, POSTERN_EVENT_XFORWARD, POSTERN_EVENT_CLOSED, POSTERN_EVENT_AUTH,
        POSTERN_EVENT_AUTH_END}) {
    options.wanted_events |= uint64_t{1} << type;
  }
  const std::string address = client_.ToString();
  options.client_address.data = reinterpret_cast<const uint8_t*>(address.data());
  options.client_address.size = address.size();
  if (api().session_open(loop_->shared()->engine, &options, &session_) < 0) return false;
  if (loop_->shared()->upstream != nullptr) OpenGate();
  return true;
}

// ---- Entries from the loop: each ends with Settle() ----

void Connection::OnSocket(int /*fd*/, short what, void* argument) {
  Connection* connection = static_cast<Connection*>(argument);
  if ((what & EV_WRITE) != 0) {
    connection->writing_ = false;
    if (connection->phase_ == Phase::kHandshake) {
      connection->ContinueHandshake();
    } else if (connection->phase_ == Phase::kOpen) {
      connection->Advance();
      connection->ProcessHeldInput();
    }
  }
  if ((what & EV_READ) != 0 && connection->phase_ != Phase::kClosed) connection->HandleReadable();
  connection->Settle();
}

void Connection::OnTimer(uint64_t now) {
  if (phase_ != Phase::kClosed && now >= deadline_) {
    if (now >= own_deadline_) {
      Close(phase_ == Phase::kHandshake || phase_ == Phase::kProxyBeforeTls ? "tls timeout" : "");
    } else if (session_ != nullptr) {
      Note(api().session_tick(session_, now));
      DrainEvents();
      SettleGate();
      Advance();
      ProcessHeldInput();
    }
  }
  Settle();
}

void Connection::Notify(uint32_t notice) {
  if (session_ != nullptr && phase_ != Phase::kLinger) {
    Note(api().session_notify(session_, notice));
    DrainEvents();
    Advance();
  }
  Settle();
}

void Connection::ForceClose() {
  Close("");
  Settle();
}

void Connection::Settle() {
  EndWithTheOnlyServer();
  if (phase_ == Phase::kClosed) {
    if (deliveries_ == 0 && auth_jobs_ == 0) delete this;
    return;
  }
  uint64_t due = kNever;
  if (phase_ != Phase::kLinger && session_ != nullptr) {
    api().session_next_deadline(session_, &due);
  }
  deadline_ = std::min(due, own_deadline_);
  // A node that comes up too early is put back; that is cheaper than moving it at every command.
  if (deadline_ != kNever &&
      (!timer_.scheduled() || deadline_ / TimerWheel::kTickMs + 1 < timer_.tick)) {
    loop_->Schedule(&timer_, deadline_);
  }
}

// ---- Reading ----

bool Connection::Waiting() const {
  return (flags_ & POSTERN_HAS_TICKET) != 0 || writing_ || !held_.empty() || ClientRoom() == 0;
}

void Connection::PauseReading() {
  if (!reading_) return;
  event_del(&read_event_);
  reading_ = false;
}

void Connection::ResumeReading() {
  if (!reading_) {
    event_add(&read_event_, nullptr);
    reading_ = true;
  }
  // The socket will not report what TLS has read ahead already.
  if (tls_ != nullptr && phase_ == Phase::kOpen && tls_->HasPending()) {
    event_active(&read_event_, EV_READ, 0);
  }
}

void Connection::HandleReadable() {
  switch (phase_) {
    case Phase::kProxyBeforeTls:
      return ReadProxyHeader();
    case Phase::kHandshake:
      return ContinueHandshake();
    case Phase::kLinger:
      return ReadLingering();
    case Phase::kOpen:
      // Reading is switched off only when octets really come: most clients wait for the reply, and
      // that saves two system calls per message.
      if (Waiting()) return PauseReading();
      return tls_ != nullptr ? ReadTls() : ReadPlain();
    case Phase::kClosed:
      return;
  }
}

void Connection::ReadPlain() {
  // No more than goes through the gate: what does not would have to be kept.
  const size_t room = std::min(Loop::kReadOctets, ClientRoom());
  const ssize_t n = recv(fd_, loop_->buffer(), room, 0);
  if (n > 0) {
    Process(loop_->buffer(), static_cast<size_t>(n));
    return WipeIfSecret(loop_->buffer(), static_cast<size_t>(n));
  }
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  Close("");
}

void Connection::ReadTls() {
  for (int turn = 0; turn < kTlsReadsPerTurn; ++turn) {
    size_t n = 0;
    switch (tls_->Read(loop_->buffer(), Loop::kReadOctets, &n)) {
      case TlsResult::kDone:
        Process(loop_->buffer(), n);
        WipeIfSecret(loop_->buffer(), n);
        if (phase_ != Phase::kOpen || Waiting()) return;
        break;
      case TlsResult::kWantRead:
        return;
      case TlsResult::kWantWrite:
        return ArmWrite();
      case TlsResult::kClosed:
      case TlsResult::kFailed:
        return Close("");
    }
  }
  event_active(&read_event_, EV_READ, 0);
}

// The header comes in the clear, and what follows it belongs to TLS: so it is looked at first, and
// only what the session took is taken from the socket.
void Connection::ReadProxyHeader() {
  const ssize_t n = recv(fd_, loop_->buffer(), Loop::kReadOctets, MSG_PEEK);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return Close("");
  size_t consumed = 0;
  Note(api().session_tick(session_, loop_->Now()));
  Note(api().session_feed(session_, loop_->buffer(), static_cast<size_t>(n), &consumed));
  if (consumed != 0 && recv(fd_, loop_->buffer(), consumed, 0) != static_cast<ssize_t>(consumed)) {
    return Close("");
  }
  DrainEvents();
  if (connect_ticket_ != 0) return BeginHandshake();
  Advance();
  // Nothing taken, nothing decided: the session cannot go on with these octets.
  if (phase_ != Phase::kClosed && consumed == 0) Close("proxy");
}

void Connection::ReadLingering() {
  const ssize_t n = recv(fd_, loop_->buffer(), Loop::kReadOctets, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) Close("");
}

void Connection::Process(const uint8_t* data, size_t size) {
  Note(api().session_tick(session_, loop_->Now()));
  if ((flags_ & POSTERN_HAS_EVENT) != 0) DrainEvents();
  size_t offset = 0;
  while (offset < size && phase_ == Phase::kOpen && !broken_ &&
         (flags_ & (POSTERN_CLOSING | POSTERN_HAS_TICKET)) == 0) {
    if (ClientRoom() == 0) SettleGate();
    const size_t room = ClientRoom();
    if (room == 0) break;
    size_t consumed = 0;
    Note(api().session_feed(session_, data + offset, std::min(size - offset, room), &consumed));
    offset += consumed;
    const bool event = (flags_ & POSTERN_HAS_EVENT) != 0;
    if (event) DrainEvents();
    if (start_tls_) {
      // B4: what came in the clear behind STARTTLS is neither a command nor TLS. The session drops
      // it; what it does not take is dropped here.
      if (offset < size) {
        api().session_feed(session_, data + offset, size - offset, &consumed);
      }
      offset = size;
      break;
    }
    // Neither octets nor events: it wants room for its output.
    if (consumed == 0 && !event && ((flags_ & POSTERN_HAS_OUTPUT) == 0 || !FlushOutput())) break;
  }
  WriteContent();
  SettleGate();
  Advance();
  if (phase_ == Phase::kOpen && offset < size) held_.assign(data + offset, data + size);
}

void Connection::ProcessHeldInput() {
  while (phase_ == Phase::kOpen && !writing_ && (flags_ & POSTERN_HAS_TICKET) == 0 &&
         ClientRoom() > 0) {
    if (held_.empty()) return ResumeReading();
    std::vector<uint8_t> input;
    input.swap(held_);
    Process(input.data(), input.size());
    WipeIfSecret(input.data(), input.size());
    // The session takes nothing and says neither why nor that it is closing: a fault of its own.
    if (held_.size() == input.size() && !writing_ && phase_ == Phase::kOpen &&
        (flags_ & POSTERN_HAS_TICKET) == 0 && ClientRoom() > 0) {
      return Close("session stuck");
    }
  }
}

// ---- Writing ----

bool Connection::FlushOutput() {
  if (writing_) return false;
  // The session's flags tell whether there is output; asking is for the case that they are old.
  while ((flags_ & POSTERN_HAS_OUTPUT) != 0) {
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (api().session_output(session_, &data, &size) < 0) {
      broken_ = true;
      return false;
    }
    if (size == 0) {
      flags_ &= ~POSTERN_HAS_OUTPUT;
      break;
    }
    size_t sent = 0;
    if (tls_ != nullptr) {
      switch (tls_->Write(data, size, &sent)) {
        case TlsResult::kDone:
          break;
        case TlsResult::kWantRead:
        case TlsResult::kWantWrite:
          ArmWrite();
          return false;
        case TlsResult::kClosed:
        case TlsResult::kFailed:
          Close("");
          return false;
      }
    } else {
      const ssize_t n = send(fd_, data, size, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) {
        ArmWrite();
        return false;
      }
      if (n < 0) {
        Close("");
        return false;
      }
      sent = static_cast<size_t>(n);
    }
    Note(api().session_output_consumed(session_, sent));
    if (broken_) return false;
  }
  return true;
}

void Connection::ArmWrite() {
  if (write_event_ == nullptr) {
    write_event_ = std::make_unique<event>();
    event_assign(write_event_.get(), loop_->base(), fd_, EV_WRITE, &Connection::OnSocket, this);
  }
  event_add(write_event_.get(), nullptr);
  writing_ = true;
}

void Connection::Advance() {
  if (phase_ == Phase::kClosed || phase_ == Phase::kLinger) return;
  if (phase_ != Phase::kOpen) {
    // Nothing may be sent in the clear where TLS is expected, a farewell neither.
    if (broken_ || (flags_ & POSTERN_CLOSING) != 0) Close("");
    return;
  }
  const bool flushed = FlushOutput();
  if (phase_ == Phase::kClosed) return;
  if (broken_) return Close("internal error");
  if (!flushed) {
    if ((flags_ & POSTERN_CLOSING) != 0 && own_deadline_ == kNever) {
      own_deadline_ = loop_->Now() + kLastReplyMs;
    }
    return;
  }
  if (start_tls_) {
    held_.clear();
    own_deadline_ = loop_->Now() + kHandshakeMs;
    return BeginHandshake();
  }
  if ((flags_ & POSTERN_CLOSING) != 0) BeginLinger();
}

// ---- TLS ----

void Connection::BeginHandshake() {
  phase_ = Phase::kHandshake;
  ContinueHandshake();
}

void Connection::ContinueHandshake() {
  if (writing_) return;
  if (tls_ == nullptr && policy_->tls != nullptr) tls_ = TlsStream::Create(*policy_->tls, fd_);
  const TlsResult result = tls_ == nullptr ? TlsResult::kFailed : tls_->Handshake();
  if (result == TlsResult::kWantRead) return;
  if (result == TlsResult::kWantWrite) return ArmWrite();
  if (result != TlsResult::kDone) {
    if (start_tls_) {
      start_tls_ = false;
      Note(api().session_notify(session_, POSTERN_NOTICE_TLS_FAILED));
      DrainEvents();
    }
    return Close("tls failed");
  }
  phase_ = Phase::kOpen;
  own_deadline_ = kNever;
  if (start_tls_) {
    start_tls_ = false;
    // Nothing from before is known any more (RFC 3207 section 4.2).
    ForgetLogin();
    Note(api().session_notify(session_, POSTERN_NOTICE_TLS_ESTABLISHED));
  } else if (connect_ticket_ != 0) {
    OnConnect(std::exchange(connect_ticket_, 0));
  }
  DrainEvents();
  Advance();
  if (phase_ == Phase::kOpen) ResumeReading();
}

// ---- The end ----

void Connection::BeginLinger() {
  // After QUIT, and for those turned away before they said anything, there is nothing to read.
  if (closed_reason_ == POSTERN_CLOSED_QUIT || closed_reason_ == POSTERN_CLOSED_DISCONNECTED ||
      closed_reason_ == POSTERN_CLOSED_PROXY || limited_) {
    return Close("");
  }
  if (tls_ != nullptr) tls_->Shutdown();
  if (shutdown(fd_, SHUT_WR) != 0) return Close("");
  held_ = {};
  phase_ = Phase::kLinger;
  own_deadline_ = loop_->Now() + kLingerMs;
  ResumeReading();
}

void Connection::Close(absl::string_view reason) {
  if (phase_ == Phase::kClosed) return;
  const bool lingered = phase_ == Phase::kLinger;
  phase_ = Phase::kClosed;
  if (session_ != nullptr) {
    if (!broken_ && closed_reason_ == 0) {
      Note(api().session_notify(session_, POSTERN_NOTICE_DISCONNECTED));
    }
    DrainEvents();
    // What the session did not tell the end of, by its own fault.
    if (open_delivery_ != nullptr) OnReset(POSTERN_RESET_CLOSED);
    CancelAuth();
    transaction_.reset();
    if (gate_ != nullptr) {
      gate_->Abandon();
      SettleGate();
      // Begun before the first MAIL, which never came.
      if (link_ != nullptr) std::exchange(link_, nullptr)->Part();
    }
  }
  // Also for those who got no session at all: each connection leaves its line.
  LogSession(reason);
  if (session_ != nullptr) {
    api().session_close(session_);
    session_ = nullptr;
  }
  if (tls_ != nullptr && !lingered) tls_->Shutdown();
  tls_.reset();
  if (reading_) event_del(&read_event_);
  if (writing_) event_del(write_event_.get());
  reading_ = writing_ = false;
  close(fd_);
  fd_ = -1;
  WipeIfSecret(held_.data(), held_.size());
  held_ = {};
  if (client_counted_) loop_->shared()->limits.RemoveClient(client_);
  if (counted_) loop_->shared()->limits.RemoveConnection();
  client_counted_ = counted_ = false;
}

void Connection::Note(int32_t result) {
  if (result >= 0) {
    flags_ = result;
    if (gate_ != nullptr) gate_->NoteFlags(result);
    if ((result & POSTERN_START_TLS) != 0) start_tls_ = true;
  } else if (result <= POSTERN_E_DEAD) {
    broken_ = true;
    flags_ = 0;
  }
}

}  // namespace posternd
}  // namespace postern
