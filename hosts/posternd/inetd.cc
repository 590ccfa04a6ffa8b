// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/inetd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

bool SameFile(int a, int b) {
  struct stat first;
  struct stat second;
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// Until the one ends or the other is gone. Closes neither.
void Copy(int from, int to) {
  char octets[16384];
  for (;;) {
    const ssize_t n = read(from, octets, sizeof(octets));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    for (ssize_t sent = 0; sent < n;) {
      const ssize_t m = write(to, octets + sent, static_cast<size_t>(n - sent));
      if (m < 0 && errno == EINTR) continue;
      if (m <= 0) return;
      sent += m;
    }
  }
}

}  // namespace

InetdClient::~InetdClient() {
  if (to_client_.joinable()) to_client_.join();
}

bool InetdClient::HasStandardError() {
  struct stat what;
  return fstat(STDERR_FILENO, &what) == 0 && S_ISSOCK(what.st_mode) &&
         SameFile(STDIN_FILENO, STDERR_FILENO);
}

absl::StatusOr<int> InetdClient::Take() {
  struct stat what;
  if (fstat(STDIN_FILENO, &what) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--inetd: descriptor 0 is closed: ", strerror(errno)));
  }
  if (S_ISSOCK(what.st_mode)) {
    // inetd would start one program behind the other, none of which takes the client.
    int type = 0;
    int listens = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
      return absl::InvalidArgumentError("--inetd: descriptor 0 is no stream socket");
    }
    size = sizeof(listens);
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) {
      return absl::InvalidArgumentError(
          "--inetd: descriptor 0 is the listening socket and not a client; write nowait in "
          "inetd.conf, Accept=yes in a systemd socket");
    }
  }
  const bool quiet =
      SameFile(STDIN_FILENO, STDERR_FILENO) || SameFile(STDOUT_FILENO, STDERR_FILENO);
  const int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  const int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (in < 0 || out < 0 || null < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--inetd: descriptors 0 and 1 cannot be taken: ", strerror(errno)));
  }
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  if (quiet) dup2(null, STDERR_FILENO);
  close(null);
  int client = in;
  if (S_ISSOCK(what.st_mode)) {
    close(out);
  } else {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      return absl::InvalidArgumentError(absl::StrCat("--inetd: no socket: ", strerror(errno)));
    }
    client = pair[0];
    const int inside = pair[1];
    std::thread([in, inside] {
      Copy(in, inside);
      shutdown(inside, SHUT_WR);
    }).detach();
    to_client_ = std::thread([inside, out] {
      Copy(inside, out);
      close(out);
    });
  }
  const int flags = fcntl(client, F_GETFL);
  if (flags < 0 || fcntl(client, F_SETFL, flags | O_NONBLOCK) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("--inetd: descriptor 0: ", strerror(errno)));
  }
  return client;
}

}  // namespace posternd
}  // namespace postern
