// SPDX-License-Identifier: Apache-2.0

#include "hosts/nginx/link.h"

#include <new>

namespace postern {
namespace nginx {

using upstream::Client;

namespace {

// A server that sends without end is to leave the worker to others now and then.
constexpr int kReadsPerTurn = 8;

}  // namespace

Link* Link::Open(ngx_connection_t* connection, bool connected, const upstream::Options& options,
                 const upstream::Identity& identity, LinkOwner* owner) {
  ngx_pool_t* const pool = ngx_create_pool(256, connection->log);
  void* const place = pool == nullptr ? nullptr : ngx_palloc(pool, sizeof(Link));
  if (place == nullptr) {
    if (pool != nullptr) ngx_destroy_pool(pool);
    ngx_close_connection(connection);
    return nullptr;
  }
  auto* const link = new (place) Link(pool, connection, options, identity, owner);
  // Content comes in pieces as the client sends it, and the last one is not to wait for the ACK of
  // the one before, which servers delay. Without it, it only takes longer.
  sockaddr_storage local;
  socklen_t size = sizeof(local);
  if (getsockname(connection->fd, reinterpret_cast<sockaddr*>(&local), &size) == 0 &&
      local.ss_family != AF_UNIX) {
    ngx_tcp_nodelay(connection);
  }
  if (connected) {
    link->connected_ = true;
    link->connected_at_ = ngx_current_msec;
    link->client_.Connected();
  }
  link->Flush();
  // What came while it was connected is looked at from the loop, not from within the owner's call.
  if (connection->read->ready) {
    ngx_post_event(connection->read, &ngx_posted_events);
  }
  return link;
}

Link::Link(ngx_pool_t* pool, ngx_connection_t* connection, const upstream::Options& options,
           const upstream::Identity& identity, LinkOwner* owner)
    : pool_(pool),
      connection_(connection),
      owner_(owner),
      client_(options, identity, ngx_current_msec) {
  connection->data = this;
  connection->pool = pool;
  connection->read->log = connection->log;
  connection->write->log = connection->log;
  connection->read->handler = &Link::OnRead;
  connection->write->handler = &Link::OnWrite;
}

void Link::Close() {
  if (connection_ == nullptr) return;
  sent_ = connection_->sent;
  ngx_close_connection(connection_);
  connection_ = nullptr;
}

void Link::Destroy() {
  Close();
  ngx_destroy_pool(pool_);
}

void Link::Part() {
  owner_ = nullptr;
  ngx_log_t* const log = ngx_cycle->log;
  pool_->log = log;
  if (connection_ != nullptr) {
    connection_->log = log;
    connection_->read->log = log;
    connection_->write->log = log;
  }
  client_.Quit();
  Flush();
  if (client_.closed() && !in_event_) Destroy();
}

// False: the connection did not come about.
bool Link::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(connection_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = ngx_errno;
  if (error != 0) {
    ngx_connection_error(connection_, error, const_cast<char*>("connect() failed"));
    client_.Disconnected();
    return false;
  }
  connected_ = true;
  connected_at_ = ngx_current_msec;
  client_.Connected();
  return true;
}

void Link::OnWrite(ngx_event_t* event) {
  auto* const connection = static_cast<ngx_connection_t*>(event->data);
  auto* const link = static_cast<Link*>(connection->data);
  link->in_event_ = true;
  link->client_.Tick(ngx_current_msec);
  if (link->connected_ || link->FinishConnect()) link->Flush();
  link->Settle();
}

void Link::OnRead(ngx_event_t* event) {
  auto* const connection = static_cast<ngx_connection_t*>(event->data);
  auto* const link = static_cast<Link*>(connection->data);
  link->in_event_ = true;
  event->timedout = 0;
  link->client_.Tick(ngx_current_msec);
  // worker_shutdown_timeout has run out: nginx closes everything.
  if (connection->close) link->client_.Disconnected();
  if (!link->connected_ && event->ready && !link->client_.closed()) link->FinishConnect();
  if (link->connected_ && !link->client_.closed()) link->Read();
  link->Settle();
}

void Link::Read() {
  // Replies are short; the worker's own buffer may be in use by whoever called us.
  u_char octets[4096];
  for (int turn = 0; connection_->read->ready && !client_.closed(); ++turn) {
    if (turn == kReadsPerTurn) {
      ngx_post_event(connection_->read, &ngx_posted_next_events);
      return;
    }
    const ssize_t n = connection_->recv(connection_, octets, sizeof(octets));
    if (n == NGX_AGAIN) break;
    if (n <= 0) {
      client_.Disconnected();
      return;
    }
    if (heard_at_ == 0) heard_at_ = ngx_current_msec;
    received_ += n;
    client_.Feed({reinterpret_cast<const char*>(octets), static_cast<size_t>(n)});
  }
  if (ngx_handle_read_event(connection_->read, 0) != NGX_OK) client_.Disconnected();
}

void Link::Flush() {
  if (connection_ == nullptr) return;
  while (connected_ && connection_->write->ready && !client_.output().empty()) {
    const auto output = client_.output();
    const ssize_t n = connection_->send(
        connection_, reinterpret_cast<u_char*>(const_cast<char*>(output.data())), output.size());
    if (n == NGX_AGAIN) break;
    if (n <= 0) {
      client_.Disconnected();
      return;
    }
    client_.ConsumeOutput(static_cast<size_t>(n));
  }
  if (connected_ && ngx_handle_write_event(connection_->write, 0) != NGX_OK) {
    client_.Disconnected();
    return;
  }
  Arm();
}

void Link::Arm() {
  const uint64_t due = client_.NextDeadline();
  if (due == Client::kNever) {
    if (connection_->read->timer_set) ngx_del_timer(connection_->read);
    return;
  }
  const uint64_t now = ngx_current_msec;
  ngx_add_timer(connection_->read, due > now ? due - now : 1);
}

void Link::Settle() {
  if (owner_ != nullptr) owner_->OnUpstream();
  Flush();
  in_event_ = false;
  if (!client_.closed()) return;
  Close();
  if (owner_ == nullptr) Destroy();
}

}  // namespace nginx
}  // namespace postern
