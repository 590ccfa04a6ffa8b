// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/upstream_link.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "hosts/posternd/connection.h"
#include "hosts/posternd/loop.h"

namespace postern {
namespace posternd {

using upstream::Client;

UpstreamLink* UpstreamLink::Open(Loop* loop, const UpstreamTarget& target,
                                 const upstream::Options& options,
                                 const upstream::Identity& identity, Connection* owner) {
  const int fd = target.Connect();
  if (fd < 0) return nullptr;
  auto* const link =
      new UpstreamLink(loop, fd, std::make_unique<Client>(options, identity, loop->Now()), owner);
  // A socket is connected when it can be written to.
  event_add(&link->write_event_, nullptr);
  link->writing_ = true;
  link->Flush();
  return link;
}

UpstreamLink* UpstreamLink::Adopt(Loop* loop, BegunUpstream begun, Connection* owner) {
  auto* const link = new UpstreamLink(loop, begun.fd, std::move(begun.client), owner);
  link->connected_ = true;
  if (link->client_->closed()) {
    link->Close();
    return link;
  }
  event_add(&link->read_event_, nullptr);
  link->Flush();
  return link;
}

UpstreamLink::UpstreamLink(Loop* loop, int fd, std::unique_ptr<Client> client, Connection* owner)
    : loop_(loop), fd_(fd), owner_(owner), client_(std::move(client)) {
  event_assign(&read_event_, loop->base(), fd, EV_READ | EV_PERSIST, &UpstreamLink::OnSocket, this);
  event_assign(&write_event_, loop->base(), fd, EV_WRITE, &UpstreamLink::OnSocket, this);
  event_assign(&timer_, loop->base(), -1, 0, &UpstreamLink::OnTimer, this);
  loop->AddLink(this);
}

UpstreamLink::~UpstreamLink() {
  Close();
  loop_->RemoveLink(this);
}

void UpstreamLink::Close() {
  if (fd_ < 0) return;
  event_del(&read_event_);
  event_del(&write_event_);
  event_del(&timer_);
  close(fd_);
  fd_ = -1;
}

void UpstreamLink::Part() {
  owner_ = nullptr;
  client_->Quit();
  Flush();
  if (client_->closed() && !in_event_) delete this;
}

// False: the connection did not come about.
bool UpstreamLink::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    client_->Disconnected();
    return false;
  }
  connected_ = true;
  client_->Connected();
  event_add(&read_event_, nullptr);
  return true;
}

void UpstreamLink::OnSocket(int /*fd*/, short what, void* argument) {
  auto* const link = static_cast<UpstreamLink*>(argument);
  link->in_event_ = true;
  link->client_->Tick(link->loop_->Now());
  if ((what & EV_WRITE) != 0) {
    link->writing_ = false;
    if (link->connected_ || link->FinishConnect()) link->Flush();
  }
  if ((what & EV_READ) != 0 && !link->client_->closed()) link->Read();
  link->Settle();
}

void UpstreamLink::OnTimer(int /*fd*/, short /*what*/, void* argument) {
  auto* const link = static_cast<UpstreamLink*>(argument);
  link->in_event_ = true;
  link->deadline_ = Client::kNever;
  link->client_->Tick(link->loop_->Now());
  link->Settle();
}

void UpstreamLink::Read() {
  // Replies are short; the loop's own buffer may be in use by whoever called us.
  char octets[4096];
  const ssize_t n = recv(fd_, octets, sizeof(octets), 0);
  if (n > 0) {
    client_->Feed({octets, static_cast<size_t>(n)});
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    client_->Disconnected();
  }
}

void UpstreamLink::Flush() {
  if (fd_ < 0) return;
  while (connected_ && !writing_ && !client_->output().empty()) {
    const ssize_t n = send(fd_, client_->output().data(), client_->output().size(), MSG_NOSIGNAL);
    if (n > 0) {
      client_->ConsumeOutput(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      event_add(&write_event_, nullptr);
      writing_ = true;
    } else if (errno != EINTR) {
      client_->Disconnected();
    }
  }
  const uint64_t due = client_->NextDeadline();
  if (due == Client::kNever || due == deadline_) return;
  deadline_ = due;
  const uint64_t now = loop_->Now();
  const uint64_t wait = (due > now ? due - now : 0) + 4;  // a tick of the coarse clock more
  const timeval delay = {static_cast<time_t>(wait / 1000),
                         static_cast<suseconds_t>(wait % 1000 * 1000)};
  event_add(&timer_, &delay);
}

void UpstreamLink::Settle() {
  if (owner_ != nullptr) owner_->OnUpstream();
  Flush();
  in_event_ = false;
  if (!client_->closed()) return;
  Close();
  if (owner_ == nullptr) delete this;
}

}  // namespace posternd
}  // namespace postern
