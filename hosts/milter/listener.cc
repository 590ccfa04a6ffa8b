// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace milter {
namespace {

constexpr int kBacklog = 1024;

absl::Status SocketError(const SocketAddress& address, absl::string_view what, int error,
                         absl::string_view mend) {
  return absl::InvalidArgumentError(
      absl::StrCat("--socket=", address.ToString(), ": ", what, ": ", strerror(error), "; ", mend));
}

sockaddr_un ToUnix(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path, path.data(), path.size());  // SocketAddress::Parse bounds it
  return name;
}

// Whether somebody answers there.
bool Answers(const sockaddr_un& name) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  const bool answers = connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 ||
                       errno != ECONNREFUSED;
  close(fd);
  return answers;
}

}  // namespace

absl::Status Listener::Open(const SocketAddress& address, mode_t mode, const std::string& group) {
  address_ = address;
  const int family = address.path.empty() ? address.endpoint.address.family : AF_UNIX;
  fd_ = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return SocketError(address_, "no socket can be had", errno, "raise the limits");
  absl::Status status = address.path.empty() ? OpenEndpoint() : OpenPath(mode, group);
  if (status.ok() && listen(fd_, kBacklog) != 0) {
    status = SocketError(address_, "cannot listen", errno, "name another");
  }
  if (!status.ok()) {
    close(fd_);
    fd_ = -1;
  }
  return status;
}

absl::Status Listener::OpenEndpoint() {
  const int on = 1;
  setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_storage name = {};
  const socklen_t size = address_.endpoint.ToSocket(&name);
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&name), size) != 0) {
    return SocketError(address_, "cannot be bound", errno, "name a free address and port");
  }
  socklen_t bound = sizeof(name);
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &bound) == 0) {
    address_.endpoint.port = host::PortOf(name);
  }
  return absl::OkStatus();
}

absl::Status Listener::OpenPath(mode_t mode, const std::string& group) {
  gid_t gid = static_cast<gid_t>(-1);
  if (!group.empty()) {
    const struct group* const entry = getgrnam(group.c_str());
    if (entry == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--socket_group=", group, ": there is no such group; name another"));
    }
    gid = entry->gr_gid;
  }
  const sockaddr_un name = ToUnix(address_.path);
  struct stat there = {};
  if (lstat(address_.path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) {
      return SocketError(address_, "this file is no socket", EEXIST, "name another path");
    }
    if (Answers(name)) {
      return SocketError(address_, "somebody serves there", EADDRINUSE, "stop it first");
    }
    unlink(address_.path.c_str());
  }
  // Made with its rights, and nobody can connect before listen(). Changed by its name they could be
  // those of another file, where the folder is somebody else's.
  const mode_t before = umask(~mode & 0777);
  const int bound = bind(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  const int error = errno;
  umask(before);
  if (bound != 0) {
    return SocketError(address_, "cannot be made", error,
                       "name a path in a folder that is there and can be written to");
  }
  if (!group.empty() && lchown(address_.path.c_str(), static_cast<uid_t>(-1), gid) != 0) {
    return SocketError(address_, "cannot be given to the group", errno,
                       "start as root, or leave --socket_group out");
  }
  lstat(address_.path.c_str(), &made_);
  return absl::OkStatus();
}

void Listener::Close() {
  if (fd_ < 0 || closed_) return;
  closed_ = true;
  const int silent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  // A name of the kernel's choice, which nobody is told.
  if (silent >= 0 &&
      bind(silent, reinterpret_cast<const sockaddr*>(&name), sizeof(sa_family_t)) == 0 &&
      listen(silent, 1) == 0) {
    dup3(silent, fd_, O_CLOEXEC);
  }
  if (silent >= 0) close(silent);
  // libmilter still waits on what was there, and with it the address lives on.
  Poke();
  if (address_.path.empty()) return;
  struct stat there = {};
  if (lstat(address_.path.c_str(), &there) == 0 && there.st_dev == made_.st_dev &&
      there.st_ino == made_.st_ino) {
    unlink(address_.path.c_str());
  }
}

void Listener::Poke() const {
  sockaddr_storage name = {};
  socklen_t size = 0;
  if (address_.path.empty()) {
    size = address_.endpoint.ToSocket(&name);
  } else {
    const sockaddr_un path = ToUnix(address_.path);
    memcpy(&name, &path, sizeof(path));
    size = sizeof(path);
  }
  const int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  // Whether it comes to a connection or not.
  if (connect(fd, reinterpret_cast<const sockaddr*>(&name), size) != 0) errno = 0;
  close(fd);
}

}  // namespace milter
}  // namespace postern
