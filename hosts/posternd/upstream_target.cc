// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/upstream_target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace postern {
namespace posternd {
namespace {

uint64_t MonotonicMs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

// How long a program that was asked has to end, and then for each signal.
constexpr int kProgramEndMs = 1000;

// Until the client is ready or closed, or the time is over.
void Converse(UpstreamSocket* socket, int timeout_ms, upstream::Client* client,
              std::string* failure) {
  const int fd = socket->fd;
  const uint64_t end = MonotonicMs() + static_cast<uint64_t>(timeout_ms);
  if (socket->connected) client->Connected();
  while (!client->ready() && !client->closed()) {
    const uint64_t now = MonotonicMs();
    if (now >= end) break;
    pollfd wait = {fd, POLLIN, 0};
    if (!socket->connected || !client->output().empty()) wait.events |= POLLOUT;
    if (poll(&wait, 1, static_cast<int>(end - now)) <= 0) continue;
    client->Tick(MonotonicMs());
    if (!socket->connected) {
      int error = 0;
      socklen_t size = sizeof(error);
      if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        *failure = strerror(error);
        client->Disconnected();
        break;
      }
      socket->connected = true;
      client->Connected();
    }
    if ((wait.revents & POLLOUT) != 0 && !client->output().empty()) {
      const ssize_t n = send(fd, client->output().data(), client->output().size(), MSG_NOSIGNAL);
      if (n > 0) client->ConsumeOutput(static_cast<size_t>(n));
    }
    if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      char octets[4096];
      const ssize_t n = recv(fd, octets, sizeof(octets), 0);
      if (n > 0) {
        client->Feed({octets, static_cast<size_t>(n)});
      } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        client->Disconnected();
      }
    }
  }
}

}  // namespace

absl::StatusOr<UpstreamTarget> UpstreamTarget::Parse(absl::string_view text) {
  UpstreamTarget target;
  target.name = std::string(text);
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "fd:")) {
    // 0 to 2 are the client's and the log's.
    if (!absl::SimpleAtoi(rest, &target.descriptor) || target.descriptor < 3) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "': write fd:N with the number of a descriptor, 3 or more"));
    }
    return target;
  }
  if (absl::ConsumePrefix(&rest, "exec:")) {
    absl::StatusOr<Program> program = Program::Parse(rest);
    if (!program.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("'", text, "': ", program.status().message()));
    }
    target.program = *std::move(program);
    return target;
  }
  const bool lmtp = absl::ConsumePrefix(&rest, "lmtp");
  if (!lmtp && !absl::ConsumePrefix(&rest, "smtp")) rest = "";
  target.protocol = lmtp ? upstream::Protocol::kLmtp : upstream::Protocol::kSmtp;
  if (absl::ConsumePrefix(&rest, "+unix:")) {
    sockaddr_un unused;
    if (rest.empty() || rest.size() >= sizeof(unused.sun_path)) {
      return absl::InvalidArgumentError(absl::StrCat("'", text, "': the path of a socket has 1 to ",
                                                     sizeof(unused.sun_path) - 1, " octets"));
    }
    target.path = std::string(rest);
    return target;
  }
  if (!absl::ConsumePrefix(&rest, "://")) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text,
                     "' names no server; write smtp://ADDR:PORT, lmtp://ADDR:PORT, smtp+unix:PATH, "
                     "lmtp+unix:PATH, exec:PROGRAM or, with --inetd, fd:N"));
  }
  absl::StatusOr<host::Endpoint> endpoint = host::Endpoint::Parse(rest);
  if (!endpoint.ok()) return endpoint.status();
  if (endpoint->port == 0) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "': nobody listens on port 0"));
  }
  target.endpoint = *endpoint;
  return target;
}

absl::StatusOr<UpstreamSocket> UpstreamTarget::Open(const upstream::Identity& identity,
                                                    ProgramCount* count) const {
  UpstreamSocket opened;
  if (descriptor >= 0) {
    opened.fd = descriptor;
    opened.connected = true;
    return opened;
  }
  if (program.has_value()) {
    auto started = program->Start(identity, count, &opened.fd);
    if (!started.ok()) return started.status();
    opened.program = *std::move(started);
    opened.connected = true;
    return opened;
  }
  sockaddr_storage address = {};
  socklen_t size;
  if (path.empty()) {
    size = endpoint.ToSocket(&address);
  } else {
    auto* const local = reinterpret_cast<sockaddr_un*>(&address);
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path.data(), path.size());
    size = sizeof(sockaddr_un);
  }
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError(strerror(errno));
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    close(fd);
    return absl::UnavailableError(strerror(error));
  }
  opened.fd = fd;
  return opened;
}

absl::Status UpstreamTarget::TakeDescriptor() const {
  if (descriptor < 0) return absl::OkStatus();
  const auto refuse = [this](const char* why) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--upstream=", name, ": descriptor ", descriptor, " is ", why,
        "; it has to be a connected stream socket that the starting program leaves open"));
  };
  struct stat what;
  if (fstat(descriptor, &what) != 0) return refuse("not open");
  int type = 0;
  socklen_t size = sizeof(type);
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    return refuse("no stream socket");
  }
  sockaddr_storage peer;
  size = sizeof(peer);
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return refuse("not connected");
  }
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat other;
    if (fstat(standard, &other) == 0 && other.st_dev == what.st_dev &&
        other.st_ino == what.st_ino) {
      return refuse("the client itself");
    }
  }
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    return refuse("not to be had");
  }
  return absl::OkStatus();
}

upstream::Peer ToPeer(const host::Address& address, uint16_t port) {
  upstream::Peer peer;
  if (address.family == 0) return peer;
  peer.family =
      address.family == AF_INET ? upstream::Peer::Family::kInet : upstream::Peer::Family::kInet6;
  std::copy(address.octets.begin(), address.octets.end(), peer.octets);
  peer.port = port;
  return peer;
}

upstream::Peer PeerAt(int fd, int (*side)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage socket = {};
  socklen_t size = sizeof(socket);
  if (side(fd, reinterpret_cast<sockaddr*>(&socket), &size) != 0) return upstream::Peer();
  return ToPeer(host::Address::FromSocket(socket), host::PortOf(socket));
}

absl::StatusOr<BegunUpstream> BeginUpstream(const UpstreamTarget& target,
                                            const upstream::Options& options,
                                            const upstream::Identity& identity, ProgramCount* count,
                                            int timeout_ms) {
  absl::StatusOr<UpstreamSocket> socket = target.Open(identity, count);
  if (!socket.ok()) return socket.status();
  BegunUpstream begun;
  begun.socket = *std::move(socket);
  begun.client = std::make_unique<upstream::Client>(options, identity, MonotonicMs());
  std::string failure;
  Converse(&begun.socket, timeout_ms, begun.client.get(), &failure);
  return begun;
}

absl::StatusOr<upstream::Capabilities> ProbeUpstream(const UpstreamTarget& target,
                                                     upstream::Options options, ProgramCount* count,
                                                     int timeout_ms) {
  if (options.identity == upstream::IdentityMode::kXclient ||
      options.identity == upstream::IdentityMode::kXforward) {
    options.identity = upstream::IdentityMode::kNone;
  }
  upstream::Identity nobody;
  if (target.program.has_value()) {
    nobody.client.family = nobody.server.family = upstream::Peer::Family::kInet;
    const uint8_t loopback[4] = {127, 0, 0, 1};
    std::copy(std::begin(loopback), std::end(loopback), nobody.client.octets);
    nobody.server = nobody.client;
  }
  absl::StatusOr<UpstreamSocket> socket = target.Open(nobody, count);
  if (!socket.ok()) return socket.status();
  const int fd = socket->fd;
  auto client = std::make_unique<upstream::Client>(options, upstream::Identity(), MonotonicMs());
  std::string failure;
  Converse(&*socket, timeout_ms, client.get(), &failure);
  const bool ready = client->ready();
  if (ready) {
    client->Quit();
    // Goodbye is a courtesy: nobody waits for the answer.
    if (send(fd, client->output().data(), client->output().size(), MSG_NOSIGNAL) < 0) failure = "";
  }
  close(fd);
  if (socket->program != nullptr) socket->program->EndWithin(kProgramEndMs);
  if (ready) return client->capabilities();
  if (failure.empty()) {
    failure = client->closed() ? std::string(upstream::FailureName(client->failure()))
                               : "it does not answer in time";
  }
  return absl::UnavailableError(failure);
}

}  // namespace posternd
}  // namespace postern
