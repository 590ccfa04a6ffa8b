// SPDX-License-Identifier: Apache-2.0
//
// The event loop; see loop.h.

#include "hosts/posternd/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hosts/posternd/connection.h"
#include "hosts/posternd/upstream_link.h"

namespace postern {
namespace posternd {
namespace {

// When descriptors or memory are short, accepting pauses instead of spinning.
constexpr timeval kAcceptPause = {0, 200 * 1000};
// Let in at a stop, per address and loop: what the kernel's queue can hold (listener.cc).
constexpr int kMaxLateConnections = 4096;

uint64_t MonotonicMs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

// The base costs no system call but epoll's own, and nobody else touches it.
event_base* NewBase() {
  event_config* config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  return base;
}

// libevent ends the process where it cannot have its descriptors; so they are counted first.
bool HasDescriptors(int fd) {
  constexpr int kDescriptors = 4;
  std::array<int, kDescriptors> copies;
  bool all = true;
  for (int& copy : copies) {
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    all = all && copy >= 0;
  }
  for (const int copy : copies) {
    if (copy >= 0) close(copy);
  }
  return all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Loop>> Loop::Create(int index, Shared* shared,
                                                   std::shared_ptr<const Policy> policy) {
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  event_base* base = wake_fd >= 0 && HasDescriptors(wake_fd) ? NewBase() : nullptr;
  if (base == nullptr) {
    if (wake_fd >= 0) close(wake_fd);
    return absl::ResourceExhaustedError(
        absl::StrCat("the system has no room for event loop ", index + 1,
                     "; raise the limit of open files (ulimit -n), or have fewer loops with "
                     "--threads="));
  }
  return std::unique_ptr<Loop>(new Loop(index, shared, std::move(policy), base, wake_fd));
}

Loop::Loop(int index, Shared* shared, std::shared_ptr<const Policy> policy, event_base* base,
           int wake_fd)
    : index_(index),
      shared_(shared),
      policy_(std::move(policy)),
      base_(base),
      buffer_(new uint8_t[kReadOctets]),
      wheel_(MonotonicMs()),
      wake_fd_(wake_fd) {
  slices_.reserve(256);
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  // Seconds of the start, then a count, then the loop: no two loops and no two runs share an id.
  next_id_ = (static_cast<uint64_t>(now.tv_sec) << 32) | static_cast<uint64_t>(index_ & 255);
  event_assign(&timer_, base_, -1, 0, &Loop::OnTimer, this);
  event_assign(&accept_retry_, base_, -1, 0, &Loop::OnAcceptRetry, this);
  event_assign(&wake_, base_, wake_fd_, EV_READ | EV_PERSIST, &Loop::OnWake, this);
  event_add(&wake_, nullptr);
}

Loop::~Loop() {
  Quit();
  // Those that still wait for the answer to their goodbye.
  while (!links_.empty()) UpstreamLink::Destroy(*links_.begin());
  for (Listener& listener : listeners_) {
    event_del(&listener.socket_event);
    close(event_get_fd(&listener.socket_event));
  }
  event_del(&wake_);
  event_del(&timer_);
  event_del(&accept_retry_);
  event_base_free(base_);
  close(wake_fd_);
}

void Loop::AddListener(int fd, bool tls) {
  listeners_.emplace_back();
  Listener& listener = listeners_.back();
  listener.loop = this;
  listener.tls = tls;
  event_assign(&listener.socket_event, base_, fd, EV_READ | EV_PERSIST, &Loop::OnAccept, &listener);
  event_add(&listener.socket_event, nullptr);
}

void Loop::AddConnection(int fd) {
  Post([this, fd] {
    sockaddr_storage peer = {};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) peer = {};
    shared_->limits.AddConnection(UINT32_MAX);
    Connection::Accept(this, fd, peer, /*tls=*/false, /*limited=*/false);
  });
}

void Loop::Start() {
  thread_ = std::thread([this] { event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY); });
}

void Loop::Quit() {
  if (!thread_.joinable()) return;
  Post([this] { event_base_loopbreak(base_); });
  thread_.join();
}

void Loop::Post(std::function<void()> task) {
  bool first;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (!first) return;
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  if (write(wake_fd_, &one, sizeof(one)) < 0 && errno != EAGAIN) abort();
}

void Loop::OnWake(int fd, short /*what*/, void* argument) {
  Loop* loop = static_cast<Loop*>(argument);
  uint64_t count;
  if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN) abort();
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard<std::mutex> lock(loop->mutex_);
    tasks.swap(loop->posted_);
  }
  for (std::function<void()>& task : tasks) task();
}

void Loop::SetPolicy(std::shared_ptr<const Policy> policy) {
  Post([this, policy = std::move(policy)] { policy_ = policy; });
}

void Loop::StopAccepting() {
  Post([this] {
    event_del(&accept_retry_);
    for (Listener& listener : listeners_) {
      // Bounded, for clients may come faster than they are let in.
      for (int i = 0; i < kMaxLateConnections && Accept(listener); ++i) {
      }
      event_del(&listener.socket_event);
      close(event_get_fd(&listener.socket_event));
    }
    listeners_.clear();
  });
}

void Loop::NotifyAll(uint32_t notice) {
  Post([this, notice] {
    for (Connection* connection = connections_; connection != nullptr;) {
      Connection* following = connection->next;
      connection->Notify(notice);
      connection = following;
    }
  });
}

void Loop::CloseAll() {
  Post([this] {
    for (Connection* connection = connections_; connection != nullptr;) {
      Connection* following = connection->next;
      connection->ForceClose();
      connection = following;
    }
    closing_ = true;
    while (!idle_.empty()) idle_.back()->EndIdle();
  });
}

bool Loop::Accept(const Listener& listener) {
  sockaddr_storage peer;
  socklen_t size = sizeof(peer);
  int socket;
  do {
    // ECONNABORTED: this one has gone already, others may wait behind it.
    socket = accept4(event_get_fd(&listener.socket_event), reinterpret_cast<sockaddr*>(&peer),
                     &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (socket < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (socket < 0) return false;
  const bool within = shared_->limits.AddConnection(policy_->max_connections);
  Connection::Accept(this, socket, peer, listener.tls, !within);
  return true;
}

// One connection per turn: with a queue of them, sessions that run already are served in between.
void Loop::OnAccept(int /*fd*/, short /*what*/, void* argument) {
  const Listener* listener = static_cast<const Listener*>(argument);
  Loop* loop = listener->loop;
  if (loop->Accept(*listener)) return;
  const int error = errno;
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
    loop->shared_->log->Warning(
        absl::StrCat("cannot accept connections for now: ", strerror(error),
                     error == EMFILE ? "; raise the limit of open files (ulimit -n)" : ""));
    for (Listener& each : loop->listeners_) event_del(&each.socket_event);
    event_add(&loop->accept_retry_, &kAcceptPause);
  }
}

void Loop::OnAcceptRetry(int /*fd*/, short /*what*/, void* argument) {
  Loop* loop = static_cast<Loop*>(argument);
  for (Listener& listener : loop->listeners_) event_add(&listener.socket_event, nullptr);
}

void Loop::OnTimer(int /*fd*/, short /*what*/, void* argument) {
  Loop* loop = static_cast<Loop*>(argument);
  const uint64_t now = loop->Now();
  while (TimerNode* node = loop->wheel_.Expire(now)) Connection::FromTimer(node)->OnTimer(now);
  loop->ArmTimer();
}

void Loop::ArmTimer() {
  const uint64_t due = wheel_.NextMs();
  if (due == TimerWheel::kNever) return;
  const uint64_t now = Now();
  const uint64_t wait = due > now ? due - now : 0;
  // One coarse clock tick more, so that the time has come when the timer has.
  const timeval delay = {static_cast<time_t>((wait + 4) / 1000),
                         static_cast<suseconds_t>((wait + 4) % 1000 * 1000)};
  event_add(&timer_, &delay);
}

uint64_t Loop::Now() const { return MonotonicMs(); }

void Loop::Schedule(TimerNode* node, uint64_t due_ms) {
  if (wheel_.Schedule(node, due_ms)) ArmTimer();
}

bool Loop::StoreIdle(UpstreamLink* link) {
  if (closing_ || idle_.size() >= shared_->idle_upstreams) return false;
  idle_.push_back(link);
  return true;
}

void Loop::RemoveIdle(UpstreamLink* link) {
  idle_.erase(std::remove(idle_.begin(), idle_.end(), link), idle_.end());
}

UpstreamLink* Loop::TakeIdle(const upstream::Identity& identity) {
  for (auto each = idle_.rbegin(); each != idle_.rend(); ++each) {
    UpstreamLink* const link = *each;
    if (!link->CanServe(identity)) continue;
    idle_.erase(std::next(each).base());
    return link;
  }
  return nullptr;
}

void Loop::Link(Connection* connection) {
  connection->next = connections_;
  connection->previous = nullptr;
  if (connections_ != nullptr) connections_->previous = connection;
  connections_ = connection;
}

void Loop::Unlink(Connection* connection) {
  if (connection->previous != nullptr) connection->previous->next = connection->next;
  if (connection->next != nullptr) connection->next->previous = connection->previous;
  if (connections_ == connection) connections_ = connection->next;
  connection->previous = connection->next = nullptr;
  if (connections_ == nullptr && shared_->on_empty) shared_->on_empty();
}

uint64_t Loop::NewId() {
  next_id_ += 256;
  return next_id_;
}

}  // namespace posternd
}  // namespace postern
