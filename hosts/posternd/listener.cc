// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets; see listener.h.

#include "hosts/posternd/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

constexpr int kBacklog = 4096;

absl::Status BindError(const host::Endpoint& endpoint, int error) {
  const char* mend = "";
  switch (error) {
    case EADDRINUSE:
      mend = "; another server uses it: stop that one, or choose another port with --listen=";
      break;
    case EACCES:
      mend = "; ports below 1024 need root (with --user=NAME to drop it) or CAP_NET_BIND_SERVICE";
      break;
    case EADDRNOTAVAIL:
      mend = "; this machine does not have that address";
      break;
    case EMFILE:
      mend = "; raise the limit of open files (ulimit -n), or have fewer loops with --threads=";
      break;
    default:
      break;
  }
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", endpoint.ToString(), ": ", strerror(error), mend));
}

void SetOption(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof(on));
}

// A socket bound to the endpoint, not listening yet; negative: -errno.
int BindSocket(const host::Endpoint& endpoint, bool share) {
  sockaddr_storage address;
  const socklen_t size = endpoint.ToSocket(&address);
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  // Connections inherit TCP_NODELAY: a reply is one send, and should leave at once.
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY);
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR);
  if (endpoint.address.family == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  if (share) SetOption(fd, SOL_SOCKET, SO_REUSEPORT);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    const int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

}  // namespace

absl::StatusOr<BoundAddress> Bind(const host::Endpoint& endpoint, bool tls, int loops) {
  BoundAddress bound;
  bound.endpoint = endpoint;
  bound.tls = tls;
  const auto fail = [&](int error) -> absl::Status {
    for (const int fd : bound.sockets) close(fd);
    return BindError(endpoint, error);
  };
  // Bound alone, and only then opened for the others: whoever has the address already, sharing or
  // not, makes this fail.
  const int first = BindSocket(endpoint, false);
  if (first < 0) return fail(-first);
  bound.sockets.push_back(first);
  if (loops > 1) SetOption(first, SOL_SOCKET, SO_REUSEPORT);
  sockaddr_storage address;
  socklen_t size = sizeof(address);
  if (getsockname(first, reinterpret_cast<sockaddr*>(&address), &size) != 0) return fail(errno);
  bound.endpoint.port = host::PortOf(address);
  for (int i = 1; i < loops; ++i) {
    const int fd = BindSocket(bound.endpoint, true);
    if (fd < 0) return fail(-fd);
    bound.sockets.push_back(fd);
  }
  for (const int fd : bound.sockets) {
    if (listen(fd, kBacklog) != 0) return fail(errno);
  }
  return bound;
}

}  // namespace posternd
}  // namespace postern
