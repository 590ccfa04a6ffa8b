// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/upstream_link.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "hosts/posternd/connection.h"
#include "hosts/posternd/loop.h"

namespace postern {
namespace posternd {

using upstream::Client;

namespace {

// Well below the five minutes that servers wait for a command (RFC 5321 section 4.5.3.2.7): what is
// stored costs the server a process or a thread.
constexpr uint64_t kIdleMs = 20 * 1000;
// Servers have limits by the connection; none of theirs is to be met by the client of that moment.
constexpr uint32_t kMaxTransactions = 100;
// From the end of its input on; and once more behind each signal.
constexpr uint64_t kProgramEndMs = 5 * 1000;

}  // namespace

UpstreamLink* UpstreamLink::Open(Loop* loop, const UpstreamTarget& target,
                                 const upstream::Options& options,
                                 const upstream::Identity& identity, Connection* owner) {
  // There is only the one that was begun at the start; its number may be another's by now.
  if (target.descriptor >= 0) return nullptr;
  absl::StatusOr<UpstreamSocket> socket =
      target.Open(identity, loop->shared()->upstream->programs());
  if (!socket.ok()) {
    // A program that cannot be started is for the operator to mend.
    if (target.program.has_value()) {
      loop->shared()->log->Warning(
          absl::StrCat("upstream ", target.name, ": ", socket.status().message()));
    }
    return nullptr;
  }
  auto* const link = new UpstreamLink(
      loop, *std::move(socket), std::make_unique<Client>(options, identity, loop->Now()), owner);
  if (link->connected_) {
    link->client_->Connected();
    event_add(&link->read_event_, nullptr);
  } else {
    // A socket is connected when it can be written to.
    event_add(&link->write_event_, nullptr);
    link->writing_ = true;
  }
  link->Flush();
  return link;
}

UpstreamLink* UpstreamLink::Adopt(Loop* loop, BegunUpstream begun, Connection* owner) {
  auto* const link =
      new UpstreamLink(loop, std::move(begun.socket), std::move(begun.client), owner);
  if (link->client_->closed()) {
    link->Finish();
    return link;
  }
  event_add(&link->read_event_, nullptr);
  link->Flush();
  return link;
}

UpstreamLink::UpstreamLink(Loop* loop, UpstreamSocket socket, std::unique_ptr<Client> client,
                           Connection* owner)
    : loop_(loop),
      fd_(socket.fd),
      owner_(owner),
      connected_(socket.connected),
      program_(std::move(socket.program)),
      client_(std::move(client)) {
  event_assign(&read_event_, loop->base(), fd_, EV_READ | EV_PERSIST, &UpstreamLink::OnSocket,
               this);
  event_assign(&write_event_, loop->base(), fd_, EV_WRITE, &UpstreamLink::OnSocket, this);
  event_assign(&timer_, loop->base(), -1, 0, &UpstreamLink::OnTimer, this);
  event_assign(&idle_, loop->base(), -1, 0, &UpstreamLink::OnIdle, this);
  if (program_ != nullptr) {
    event_assign(&program_ended_, loop->base(), program_->ended_fd(), EV_READ,
                 &UpstreamLink::OnProgramEnded, this);
    event_assign(&program_overdue_, loop->base(), -1, 0, &UpstreamLink::OnProgramOverdue, this);
    event_add(&program_ended_, nullptr);
  }
  loop->AddLink(this);
}

UpstreamLink::~UpstreamLink() {
  Close();
  if (program_ != nullptr) {
    event_del(&program_ended_);
    event_del(&program_overdue_);
  }
  loop_->RemoveLink(this);
}

void UpstreamLink::Close() {
  if (fd_ < 0) return;
  event_del(&read_event_);
  event_del(&write_event_);
  event_del(&timer_);
  event_del(&idle_);
  close(fd_);
  fd_ = -1;
}

void UpstreamLink::Part() {
  owner_ = nullptr;
  if (client_->tidy() && client_->transactions() < kMaxTransactions && loop_->StoreIdle(this)) {
    const timeval delay = {kIdleMs / 1000, 0};
    event_add(&idle_, &delay);
    return;
  }
  client_->Quit();
  Flush();
  if (!in_event_) Finish();
}

void UpstreamLink::Reuse(Connection* owner) {
  event_del(&idle_);
  owner_ = owner;
  client_->Tick(loop_->Now());
}

void UpstreamLink::EndIdle() {
  loop_->RemoveIdle(this);
  client_->Quit();
  Flush();
  Finish();
}

void UpstreamLink::OnIdle(int /*fd*/, short /*what*/, void* argument) {
  static_cast<UpstreamLink*>(argument)->EndIdle();
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
  // Content comes in pieces as the client sends it, and the last one is not to wait for the ACK of
  // the one before, which servers delay. Sockets of the file system know no such thing.
  const int on = 1;
  (void)setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
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

// False: nothing was there.
bool UpstreamLink::Read() {
  // Replies are short; the loop's own buffer may be in use by whoever called us.
  char octets[4096];
  const ssize_t n = recv(fd_, octets, sizeof(octets), 0);
  if (n > 0) {
    client_->Feed({octets, static_cast<size_t>(n)});
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    client_->Disconnected();
  }
  return n > 0;
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
  Finish();
}

void UpstreamLink::Finish() {
  if (!client_->closed()) return;
  Close();
  loop_->RemoveIdle(this);
  if (program_ != nullptr) {
    if (next_signal_ == 0) {
      next_signal_ = SIGTERM;
      WaitForProgram(kProgramEndMs);
    }
  } else if (owner_ == nullptr) {
    delete this;
  }
}

// ---- The program ----

void UpstreamLink::WaitForProgram(uint64_t wait_ms) {
  const timeval delay = {static_cast<time_t>(wait_ms / 1000),
                         static_cast<suseconds_t>(wait_ms % 1000 * 1000)};
  event_add(&program_overdue_, &delay);
}

void UpstreamLink::OnProgramEnded(int /*fd*/, short /*what*/, void* argument) {
  auto* const link = static_cast<UpstreamLink*>(argument);
  int status = 0;
  if (!link->program_->Reap(&status)) {
    event_add(&link->program_ended_, nullptr);
    return;
  }
  if (link->loop_->shared()->log->verbose()) {
    LogLine(link->loop_->shared()->log, "program", LogColour::kPlain)
        .Add("pid", static_cast<uint64_t>(link->program_->pid()))
        .Add(WIFSIGNALED(status) ? "signal" : "status",
             static_cast<uint32_t>(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)))
        .Write();
  }
  event_del(&link->program_overdue_);
  link->program_.reset();
  link->in_event_ = true;
  link->client_->Tick(link->loop_->Now());
  // Its last words lie there still. Its own children may hold the other end; they say nothing.
  while (!link->client_->closed() && link->Read()) {
  }
  link->client_->Disconnected();
  link->Settle();
}

void UpstreamLink::OnProgramOverdue(int /*fd*/, short /*what*/, void* argument) {
  auto* const link = static_cast<UpstreamLink*>(argument);
  const bool told = link->program_->Kill(link->next_signal_);
  link->loop_->shared()->log->Warning(absl::StrCat(
      "program ", link->program_->pid(), " does not end, ",
      told ? absl::StrCat("and gets signal ", link->next_signal_) : "and is not ours to end"));
  if (!told) return;
  link->next_signal_ = SIGKILL;
  link->WaitForProgram(kProgramEndMs);
}

}  // namespace posternd
}  // namespace postern
