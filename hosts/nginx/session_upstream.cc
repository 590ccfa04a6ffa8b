// SPDX-License-Identifier: Apache-2.0
//
// The server's side of a session: which server of the group, by nginx's own balancers; another one
// where it does not begin; and nginx's account of it ($upstream_addr and its kin, max_fails).

#include <new>

#include "hosts/nginx/link.h"
#include "hosts/nginx/session.h"

namespace postern {
namespace nginx {
namespace {

// A client can have a new connection made with every HELO; nginx's account of them has an end.
constexpr ngx_uint_t kMostStates = 16;

using upstream::Client;
using upstream::Failure;

u_char* WriteUpstream(ngx_log_t* log, u_char* buffer, size_t room) {
  const auto* const s = static_cast<const ngx_stream_session_t*>(log->data);
  if (s->upstream == nullptr || s->upstream->peer.name == nullptr) return buffer;
  return ngx_snprintf(buffer, room, ", upstream: \"%V\"", s->upstream->peer.name);
}

// That the server is to blame for, or what lies before it.
bool IsFault(Failure failure, bool began) {
  switch (failure) {
    case Failure::kUnavailable:
    case Failure::kTimeout:
    case Failure::kNonsense:
    case Failure::kIdentity:
      return true;
    case Failure::kClosed:
    case Failure::kRefused:
      // Later it may have been idle for too long, or be restarted: the next connection tells.
      return !began;
    default:
      return false;
  }
}

// The server would not begin because of the client, whom it was told about: its reply is for it.
bool SpeaksToClient(const Client& client) {
  return client.failure() == Failure::kRefused && client.speaks_for_client() &&
         client.reply().code != 421;
}

}  // namespace

void Session::SettleUpstream() {
  for (;;) {
    if (link_ != nullptr) {
      link_->Flush();
      if (attached_) UpstreamMoved();
    }
    if (gate()->TakeReleased() != nullptr) {
      PartWithLink();
      continue;
    }
    if (!gate()->wants_upstream()) {
      if (link_ != nullptr && !attached_) PartWithLink();
      break;
    }
    if (link_ == nullptr) {
      if (Connect()) continue;
      gate()->Unavailable();
      UpstreamMoved();
      continue;
    }
    Client* const client = link_->client();
    if (client->ready()) {
      config_.engine->Observe(client->capabilities());
    } else if (!client->closed()) {
      break;
    } else if (!SpeaksToClient(*client) && NextPeer()) {
      continue;
    }
    attached_ = true;
    gate()->Attach(client, /*used=*/false);
    UpstreamMoved();
  }
  const Failure failure = gate()->last_failure();
  if (failure != Failure::kNone && failure != told_failure_) {
    record_.failure = failure;
    const std::string_view name = upstream::FailureName(failure);
    ngx_log_error(NGX_LOG_ERR, c_->log, 0, "postern: mail is deferred, upstream: %*s", name.size(),
                  name.data());
  }
  told_failure_ = failure;
}

bool Session::Connect() {
  if (s_->upstream == nullptr) {
    s_->upstream =
        static_cast<ngx_stream_upstream_t*>(ngx_pcalloc(c_->pool, sizeof(ngx_stream_upstream_t)));
    s_->upstream_states = ngx_array_create(c_->pool, 1, sizeof(ngx_stream_upstream_state_t));
    if (s_->upstream == nullptr || s_->upstream_states == nullptr) return false;
    s_->log_handler = &WriteUpstream;
    ngx_peer_connection_t* const peer = &s_->upstream->peer;
    peer->log = c_->log;
    peer->log_error = NGX_ERROR_ERR;
    peer->type = SOCK_STREAM;
    s_->upstream->start_sec = ngx_time();
    s_->upstream->upstream = config_.upstream;
  }
  ngx_stream_upstream_t* const u = s_->upstream;
  if (config_.upstream->peer.init(s_, config_.upstream) != NGX_OK) return false;
  u->peer.start_time = ngx_current_msec;
  if (config_.tries != 0 && u->peer.tries > config_.tries) u->peer.tries = config_.tries;
  return TryPeer();
}

// A connection to the next server that takes one.
bool Session::TryPeer() {
  ngx_stream_upstream_t* const u = s_->upstream;
  for (;;) {
    if (s_->upstream_states->nelts < kMostStates) {
      u->state = static_cast<ngx_stream_upstream_state_t*>(ngx_array_push(s_->upstream_states));
      if (u->state == nullptr) return false;
    }
    ngx_memzero(u->state, sizeof(*u->state));
    u->start_time = ngx_current_msec;
    u->state->connect_time = static_cast<ngx_msec_t>(-1);
    u->state->first_byte_time = static_cast<ngx_msec_t>(-1);
    u->state->response_time = static_cast<ngx_msec_t>(-1);
    const ngx_int_t rc = ngx_event_connect_peer(&u->peer);
    u->state->peer = u->peer.name;
    if (rc == NGX_BUSY) {
      ngx_log_error(NGX_LOG_ERR, c_->log, 0, "no live upstreams");
      return false;
    }
    if (rc == NGX_DECLINED) {
      FreePeer(true);
      if (u->peer.tries == 0) return false;
      continue;
    }
    if (rc != NGX_ERROR) {
      ngx_connection_t* const connection = u->peer.connection;
      u->peer.connection = nullptr;
      link_ = Link::Open(connection, rc != NGX_AGAIN, *config_.options, *gate()->identity(), this);
      attached_ = false;
    }
    if (link_ == nullptr) {
      FreePeer(false);
      return false;
    }
    return true;
  }
}

// The server did not begin. False: there is no other, and what this one said stands.
bool Session::NextPeer() {
  const std::string_view name = upstream::FailureName(link_->client()->failure());
  ngx_log_error(NGX_LOG_ERR, c_->log, 0, "postern: upstream does not begin: %*s", name.size(),
                name.data());
  FreePeer(true);
  if (s_->upstream->peer.tries == 0) return false;
  PartWithLink();
  if (TryPeer()) return true;
  gate()->Unavailable();
  UpstreamMoved();
  return true;
}

void Session::FreePeer(bool failed) {
  ngx_peer_connection_t* const peer = &s_->upstream->peer;
  if (peer->free == nullptr || peer->sockaddr == nullptr) return;
  peer->free(peer, peer->data, failed ? NGX_PEER_FAILED : 0);
  peer->sockaddr = nullptr;
}

void Session::NoteState() {
  ngx_stream_upstream_t* const u = s_->upstream;
  u->state->response_time = ngx_current_msec - u->start_time;
  u->state->bytes_sent = link_->sent();
  u->state->bytes_received = link_->received();
  if (link_->connected_at() != 0) {
    u->state->connect_time = link_->connected_at() - u->start_time;
  }
  if (link_->heard_at() != 0) u->state->first_byte_time = link_->heard_at() - u->start_time;
}

void Session::PartWithLink() {
  NoteState();
  FreePeer(IsFault(link_->client()->failure(), attached_));
  link_->Part();
  link_ = nullptr;
  attached_ = false;
}

}  // namespace nginx
}  // namespace postern
