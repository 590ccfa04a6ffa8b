// SPDX-License-Identifier: Apache-2.0
//
// The client's side: reading, writing, TLS, deadlines, the end. The server's side is in
// session_upstream.cc.

#include "hosts/nginx/session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <new>

#include "hosts/nginx/link.h"
#include "hosts/nginx/memory.h"

namespace postern {
namespace nginx {
namespace {

constexpr uint64_t kNever = UINT64_MAX;
constexpr size_t kReadOctets = 32 * 1024;
// One client may not keep the worker for itself.
constexpr int kReadsPerTurn = 16;
// After the last reply the client's octets are read for a moment and dropped: closing with unread
// input would make the kernel cut the reply off with a reset (RFC 1122 section 4.2.2.13).
constexpr uint64_t kLingerMs = 2000;
// A client that does not even take its last reply.
constexpr uint64_t kLastReplyMs = 10 * 1000;

u_char* g_buffer = nullptr;

upstream::Peer ToPeer(const sockaddr* address) {
  upstream::Peer peer;
  if (address == nullptr) return peer;
  if (address->sa_family == AF_INET) {
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address);
    peer.family = upstream::Peer::Family::kInet;
    ngx_memcpy(peer.octets, &v4.sin_addr, sizeof(v4.sin_addr));
    peer.port = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address);
    peer.port = ntohs(v6.sin6_port);
    const auto* const octets = reinterpret_cast<const uint8_t*>(&v6.sin6_addr);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      peer.family = upstream::Peer::Family::kInet;
      ngx_memcpy(peer.octets, octets + 12, 4);
    } else {
      peer.family = upstream::Peer::Family::kInet6;
      ngx_memcpy(peer.octets, octets, 16);
    }
  }
  return peer;
}

// For error.log: printable ASCII as it is, the rest as \xHH, cut.
size_t Escape(const postern_bytes& line, u_char* out, size_t room) {
  u_char* p = out;
  for (size_t i = 0; i < line.size && static_cast<size_t>(p - out) + 4 <= room; ++i) {
    const u_char octet = line.data[i];
    if (octet >= 0x20 && octet < 0x7f && octet != '"' && octet != '\\') {
      *p++ = octet;
    } else {
      p = ngx_sprintf(p, "\\x%02Xd", static_cast<ngx_int_t>(octet));
    }
  }
  return static_cast<size_t>(p - out);
}

ngx_stream_ssl_conf_t* TlsConfig(ngx_stream_session_t* s) {
  return static_cast<ngx_stream_ssl_conf_t*>(
      ngx_stream_get_module_srv_conf(s, ngx_stream_ssl_module));
}

// What ngx_stream_ssl_module asks of a client's certificate after its handshake.
bool Verified(ngx_connection_t* c, const ngx_stream_ssl_conf_t& tls) {
  if (tls.verify == 0) return true;
  const long result = SSL_get_verify_result(c->ssl->connection);
  if (result != X509_V_OK && (tls.verify != 3 || !ngx_ssl_verify_error_optional(result))) {
    ngx_log_error(NGX_LOG_INFO, c->log, 0, "client SSL certificate verify error: (%l:%s)", result,
                  X509_verify_cert_error_string(result));
    ngx_ssl_remove_cached_session(c->ssl->session_ctx, SSL_get0_session(c->ssl->connection));
    return false;
  }
  if (tls.verify != 1) return true;
  X509* const certificate = SSL_get_peer_certificate(c->ssl->connection);
  if (certificate == nullptr) {
    ngx_log_error(NGX_LOG_INFO, c->log, 0, "client sent no required SSL certificate");
    ngx_ssl_remove_cached_session(c->ssl->session_ctx, SSL_get0_session(c->ssl->connection));
    return false;
  }
  X509_free(certificate);
  return true;
}

}  // namespace

bool Session::MakeBuffer(ngx_cycle_t* cycle) {
  g_buffer = static_cast<u_char*>(ngx_palloc(cycle->pool, kReadOctets));
  return g_buffer != nullptr;
}

Session* Session::Of(ngx_stream_session_t* s) {
  return static_cast<Session*>(ngx_stream_get_module_ctx(s, ngx_stream_postern_module));
}

Session::Session(ngx_stream_session_t* s, const ServerConfig& config, postern_session* session,
                 gate::Gate* its_gate)
    : Pump(&config.engine->api(), session, its_gate),
      s_(s),
      c_(s->connection),
      config_(config),
      api_(config.engine->api()),
      session_(session),
      own_deadline_(kNever) {}

void Session::Begin(ngx_stream_session_t* s) {
  ngx_connection_t* const c = s->connection;
  const auto& config = *static_cast<const ServerConfig*>(
      ngx_stream_get_module_srv_conf(s, ngx_stream_postern_module));
  const auto& core = *static_cast<const ngx_stream_core_srv_conf_t*>(
      ngx_stream_get_module_srv_conf(s, ngx_stream_core_module));
  if (c->type != SOCK_STREAM) {
    ngx_log_error(NGX_LOG_ERR, c->log, 0, "postern: SMTP does not go over UDP");
    return ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
  }
  c->log->action = const_cast<char*>("serving SMTP");
  const PoolScope scope(c->pool);

  postern_session_options options = {};
  options.struct_size = sizeof(options);
  if (c->ssl != nullptr) {
    options.flags |= POSTERN_OPEN_TLS;
  } else if (config.can_starttls) {
    options.flags |= POSTERN_OPEN_CAN_STARTTLS;
  }
  options.now_ms = ngx_current_msec;
  options.wanted_events = gate::Gate::WantedEvents() | uint64_t{1} << POSTERN_EVENT_STARTTLS |
                          uint64_t{1} << POSTERN_EVENT_ERROR;
  options.client_address.data = c->addr_text.data;
  options.client_address.size = c->addr_text.len;
  postern_session* session = nullptr;
  void* const place = ngx_palloc(c->pool, sizeof(Session));
  void* const gate_place = ngx_palloc(c->pool, sizeof(gate::Gate));
  if (place == nullptr || gate_place == nullptr ||
      ngx_connection_local_sockaddr(c, nullptr, 0) != NGX_OK ||
      (core.tcp_nodelay != 0 && c->sockaddr->sa_family != AF_UNIX &&
       ngx_tcp_nodelay(c) != NGX_OK) ||
      config.engine->api().session_open(config.engine->engine(), &options, &session) < 0) {
    return ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
  }
  upstream::Identity identity;
  identity.client = ToPeer(c->sockaddr);
  identity.server = ToPeer(c->local_sockaddr);
  auto* const its_gate = new (gate_place) gate::Gate(&config.engine->api(), session, identity);
  auto* const self = new (place) Session(s, config, session, its_gate);
  ngx_stream_set_ctx(s, self, ngx_stream_postern_module);
  c->read->handler = &Session::OnRead;
  c->write->handler = &Session::OnWrite;
  // What a preread phase has read already.
  if (c->buffer != nullptr && c->buffer->pos < c->buffer->last) {
    self->held_ = c->buffer->pos;
    self->held_size_ = static_cast<size_t>(c->buffer->last - c->buffer->pos);
    self->held_room_ = 0;
  }
  self->Start();
  self->Run();
  self->Settle();
}

// ---- Entries from the loop: each ends with Settle() ----

void Session::OnRead(ngx_event_t* event) {
  auto* const c = static_cast<ngx_connection_t*>(event->data);
  Session* const self = Of(static_cast<ngx_stream_session_t*>(c->data));
  const PoolScope scope(c->pool);
  event->timedout = 0;
  self->turns_ = 0;
  if (self->phase_ == Phase::kLinger) {
    self->Linger();
  } else {
    self->Tick(ngx_current_msec);
    if (c->close) {
      // worker_shutdown_timeout has run out, and nginx closes everything.
      self->Note(self->api_.session_notify(self->session_, POSTERN_NOTICE_SHUTDOWN_NOW));
      self->UpstreamMoved();
      self->Flush();
      self->phase_ = Phase::kClosed;
    }
    self->Run();
  }
  self->Settle();
}

void Session::OnWrite(ngx_event_t* event) {
  auto* const c = static_cast<ngx_connection_t*>(event->data);
  Session* const self = Of(static_cast<ngx_stream_session_t*>(c->data));
  if (self->phase_ != Phase::kOpen) return;
  const PoolScope scope(c->pool);
  self->Tick(ngx_current_msec);
  self->Run();
  self->Settle();
}

void Session::OnHandshake(ngx_connection_t* c) {
  Session* const self = Of(static_cast<ngx_stream_session_t*>(c->data));
  const PoolScope scope(c->pool);
  self->Tick(ngx_current_msec);
  self->FinishTls();
  self->Run();
  self->Settle();
}

void Session::OnUpstream() {
  const PoolScope scope(c_->pool);
  // An answer counts from the time that the session knows.
  Tick(ngx_current_msec);
  UpstreamMoved();
  Run();
  Settle();
}

// ---- Octets ----

void Session::Run() {
  SettleUpstream();
  while (phase_ == Phase::kOpen) {
    NoteMessage();
    if (!Flush()) {
      if (closing() && own_deadline_ == kNever) own_deadline_ = ngx_current_msec + kLastReplyMs;
      break;
    }
    if (closing()) return BeginLinger();
    if (start_tls()) {
      StartTls();
      continue;
    }
    if (!more()) break;
    if (held_size_ > 0 ? !Feed(held_, held_size_) : !Read()) break;
    SettleUpstream();
  }
  if (phase_ == Phase::kOpen && (ngx_handle_read_event(c_->read, 0) != NGX_OK ||
                                 ngx_handle_write_event(c_->write, 0) != NGX_OK)) {
    phase_ = Phase::kClosed;
  }
}

// True if all is sent.
bool Session::Flush() {
  for (std::string_view output = ToClient(); !output.empty(); output = ToClient()) {
    const ssize_t n =
        c_->send(c_, reinterpret_cast<u_char*>(const_cast<char*>(output.data())), output.size());
    if (n == NGX_AGAIN || n == 0) {
      if (ngx_handle_write_event(c_->write, 0) != NGX_OK) phase_ = Phase::kClosed;
      return false;
    }
    if (n < 0) {
      phase_ = Phase::kClosed;
      return false;
    }
    record_.sent.See(reinterpret_cast<const uint8_t*>(output.data()), static_cast<size_t>(n));
    ClientTook(static_cast<size_t>(n));
  }
  return true;
}

// False: no more can be read now.
bool Session::Read() {
  if (!c_->read->ready) return false;
  if (++turns_ > kReadsPerTurn) {
    ngx_post_event(c_->read, &ngx_posted_next_events);
    return false;
  }
  // No more than goes through the gate: what does not would have to be kept.
  const size_t room = std::min(kReadOctets, gate()->ClientRoom());
  const ssize_t n = c_->recv(c_, g_buffer, room);
  if (n == NGX_AGAIN) return false;
  if (n <= 0) {
    phase_ = Phase::kClosed;
    return false;
  }
  s_->received += n;
  return Feed(g_buffer, static_cast<size_t>(n));
}

// Keeps what is not taken. False: the session is at a loss, and ends.
bool Session::Feed(u_char* data, size_t size) {
  const size_t taken = FromClient({reinterpret_cast<const char*>(data), size});
  if (closing() || start_tls()) {
    // B4: what came in the clear behind STARTTLS is neither a command nor TLS.
    held_size_ = 0;
    return true;
  }
  const size_t rest = size - taken;
  if (rest > 0 && taken == 0 && more()) {
    ngx_log_error(NGX_LOG_ALERT, c_->log, 0, "postern: the session takes nothing");
    phase_ = Phase::kClosed;
    return false;
  }
  if (data == held_) {
    held_ += taken;
    held_size_ = rest;
    return true;
  }
  if (rest > held_room_) {
    u_char* const block = static_cast<u_char*>(AllocateApart(c_->pool, rest));
    if (block == nullptr) {
      phase_ = Phase::kClosed;
      return false;
    }
    if (block_ != nullptr) ngx_pfree(c_->pool, block_);
    block_ = block;
    held_room_ = rest;
  }
  held_ = block_;
  held_size_ = rest;
  if (rest > 0) ngx_memcpy(held_, data + taken, rest);
  return true;
}

// ---- TLS ----

void Session::StartTls() {
  phase_ = Phase::kHandshake;
  ngx_stream_ssl_conf_t* const tls = TlsConfig(s_);
  own_deadline_ = ngx_current_msec + tls->handshake_timeout;
  c_->log->action = const_cast<char*>("SSL handshaking");
  if (ngx_ssl_create_connection(&tls->ssl, c_, 0) == NGX_OK && ngx_ssl_handshake(c_) == NGX_AGAIN) {
    c_->ssl->handler = &Session::OnHandshake;
    return;
  }
  FinishTls();
}

void Session::FinishTls() {
  if (phase_ != Phase::kHandshake) return;
  const bool done = c_->ssl != nullptr && c_->ssl->handshaked && Verified(c_, *TlsConfig(s_));
  Note(api_.session_notify(session_,
                           done ? POSTERN_NOTICE_TLS_ESTABLISHED : POSTERN_NOTICE_TLS_FAILED));
  UpstreamMoved();
  phase_ = done ? Phase::kOpen : Phase::kClosed;
  own_deadline_ = kNever;
  c_->log->action = const_cast<char*>("serving SMTP");
  c_->read->handler = &Session::OnRead;
  c_->write->handler = &Session::OnWrite;
}

// ---- The end ----

void Session::BeginLinger() {
  phase_ = Phase::kClosed;
  // After QUIT there is nothing to read.
  if (record_.closed == POSTERN_CLOSED_QUIT || record_.closed == POSTERN_CLOSED_DISCONNECTED) {
    return;
  }
  if (c_->ssl != nullptr) {
    SSL_shutdown(c_->ssl->connection);
    ERR_clear_error();
    c_->ssl->no_send_shutdown = 1;
    c_->ssl->no_wait_shutdown = 1;
  }
  if (shutdown(c_->fd, SHUT_WR) != 0) return;
  phase_ = Phase::kLinger;
  own_deadline_ = ngx_current_msec + kLingerMs;
  Linger();
}

void Session::Linger() {
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    const ssize_t n = recv(c_->fd, g_buffer, kReadOctets, 0);
    if (n > 0) continue;
    if (n < 0 && (ngx_socket_errno == NGX_EAGAIN || ngx_socket_errno == NGX_EINTR)) {
      c_->read->ready = 0;
      if (ngx_handle_read_event(c_->read, 0) == NGX_OK) return;
    }
    phase_ = Phase::kClosed;
    return;
  }
  ngx_post_event(c_->read, &ngx_posted_next_events);
}

void Session::Settle() {
  if (phase_ != Phase::kClosed) {
    uint64_t due = own_deadline_;
    if (phase_ == Phase::kOpen) due = std::min(due, NextDeadline());
    if (own_deadline_ <= ngx_current_msec) {
      phase_ = Phase::kClosed;
    } else if (due == kNever) {
      if (c_->read->timer_set) ngx_del_timer(c_->read);
      return;
    } else {
      ngx_add_timer(c_->read, due > ngx_current_msec ? due - ngx_current_msec : 1);
      return;
    }
  }
  // First, so that what is open upstream is not taken for late.
  gate()->Abandon();
  if (record_.closed == 0) ClientGone();
  SettleUpstream();
  NoteMessage();
  api_.session_close(session_);
  session_ = nullptr;
  ngx_stream_finalize_session(s_, NGX_STREAM_OK);
}

// ---- Events ----

void Session::See(const postern_event& event) {
  switch (event.type) {
    case POSTERN_EVENT_MAIL: {
      // One that was refused in its middle is decided as it ends, and this may be in the same read.
      if (content_) TellMessage();
      const auto& path = reinterpret_cast<const postern_event_mail&>(event).reverse_path;
      sender_.Assign({reinterpret_cast<const char*>(path.data), std::min<size_t>(path.size, 320)});
      break;
    }
    case POSTERN_EVENT_CONTENT_BEGIN:
      recipients_ = reinterpret_cast<const postern_event_content_begin&>(event).recipients;
      break;
    case POSTERN_EVENT_CONTENT_END:
      content_ = true;
      break;
    case POSTERN_EVENT_CLOSED:
      record_.closed = reinterpret_cast<const postern_event_closed&>(event).reason;
      break;
    default:
      break;
  }
}

bool Session::HandleOther(const postern_event& event) {
  switch (event.type) {
    case POSTERN_EVENT_STARTTLS:
      Answer(event.ticket, POSTERN_VERDICT_ACCEPT);
      return true;
    case POSTERN_EVENT_ERROR:
      OnError(reinterpret_cast<const postern_event_error&>(event));
      return true;
    default:
      return false;
  }
}

void Session::OnError(const postern_event_error& event) {
  ++record_.errors;
  record_.rule = event.rule;
  if (event.rule < record_.rules.size()) record_.rules.set(event.rule);
  if (c_->log->log_level < NGX_LOG_INFO) return;
  u_char line[200];
  const size_t size = Escape(event.line, line, sizeof(line));
  ngx_log_error(NGX_LOG_INFO, c_->log, 0, "postern: refused with %uD by rule %s: \"%*s\"",
                event.code, event.rule == 0 ? "-" : api_.rule_name(event.rule), size, line);
}

// Once the upstream server has decided about content.
void Session::NoteMessage() {
  if (content_ && (flags() & POSTERN_HAS_TICKET) == 0) TellMessage();
}

void Session::TellMessage() {
  content_ = false;
  const uint16_t code = gate()->last_code();
  record_.upstream_code = code;
  if (code / 100 == 2) ++record_.messages;
  const char* const verdict = code / 100 == 2   ? "relayed"
                              : code / 100 == 5 ? "refused"
                                                : "deferred";
  const std::string_view sender = sender_.view();
  ngx_log_error(NGX_LOG_INFO, c_->log, 0,
                "postern: message from %*s for %uD recipients %s, upstream says %uD", sender.size(),
                sender.data(), recipients_, verdict, static_cast<uint32_t>(code));
}

}  // namespace nginx
}  // namespace postern
