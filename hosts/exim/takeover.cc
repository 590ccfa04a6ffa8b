// SPDX-License-Identifier: Apache-2.0

#include "hosts/exim/takeover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hosts/common/network.h"

namespace postern {
namespace exim {
namespace {

// Where the relay finds what. 0 and 1 are the client, 2 takes what it has to say before it serves.
constexpr int kUpstream = 3;
constexpr int kReady = 4;
constexpr int kFirstOther = 5;
constexpr size_t kMaxComplaint = 2000;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

struct Pair {
  Descriptor here;
  Descriptor there;
};

absl::Status Errno(absl::string_view what) {
  return absl::InternalError(absl::StrCat(what, ": ", strerror(errno)));
}

absl::StatusOr<Pair> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Errno("no pipe");
  return Pair{Descriptor(ends[0]), Descriptor(ends[1])};
}

uint64_t MonotonicMs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

// In the process that becomes posternd; only what may be called between fork and exec.
[[noreturn]] void BecomeRelay(int client, int upstream, int ready, int errors, char* const* command,
                              char* const* environment) {
  // Out of the way first: any of them can lie where another is to go.
  int* const all[] = {&client, &upstream, &ready, &errors};
  for (int* const fd : all) {
    *fd = fcntl(*fd, F_DUPFD_CLOEXEC, 16);
    if (*fd < 0) _exit(127);
  }
  const std::pair<int, int> places[] = {
      {client, 0}, {client, 1}, {errors, 2}, {upstream, kUpstream}, {ready, kReady}};
  for (const auto& [from, to] : places) {
    if (dup2(from, to) < 0) _exit(127);
  }
  // All else is the mail server's: its listening sockets, databases, log files.
  if (close_range(kFirstOther, ~0U, 0) != 0) {
    const long most = sysconf(_SC_OPEN_MAX);
    for (int fd = kFirstOther; fd < most; ++fd) close(fd);
  }
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // The mail server's program is setuid root, and this process runs as its user.
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  umask(027);
  const pid_t self = getpid();
  if (chdir("/") != 0 || write(kReady, &self, sizeof(self)) != sizeof(self)) _exit(127);
  execve(command[0], command, environment);
  const char* const reason = strerror(errno);
  if (write(2, reason, strlen(reason)) < 0) _exit(126);
  _exit(127);
}

// A grandchild, so that nobody here ever has to wait for it.
absl::Status Start(int client, int upstream, int ready, int errors,
                   const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string path = "PATH=/usr/bin:/bin";
  const char* const zone = getenv("TZ");
  std::string time_zone = absl::StrCat("TZ=", zone == nullptr ? "" : zone);
  char* const environment[] = {&path[0], zone == nullptr ? nullptr : &time_zone[0], nullptr};

  const pid_t child = fork();
  if (child < 0) return Errno("no new process");
  if (child == 0) {
    // Its own session: a signal to the mail server's group is not for it.
    setsid();
    const pid_t relay = fork();
    if (relay != 0) _exit(relay < 0 ? 1 : 0);
    BecomeRelay(client, upstream, ready, errors, arguments.data(), environment);
  }
  // Where SIGCHLD is ignored, this waits all the same, and then finds no child.
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return absl::OkStatus();
}

// One line, without what a terminal would obey.
std::string Printable(absl::string_view text) {
  std::string line;
  for (const char c : absl::StripSuffix(text, "\n")) {
    if (c == '\n') {
      absl::StrAppend(&line, "; ");
    } else {
      line.push_back(c >= ' ' && c != '\x7f' ? c : '?');
    }
  }
  absl::string_view rest = line;
  absl::ConsumePrefix(&rest, "posternd: ");
  return std::string(rest);
}

// Until the relay says that it serves. `ready` gives its process id first.
absl::Status WaitUntilReady(int ready, int errors, const std::string& program, int timeout_ms) {
  const uint64_t end = MonotonicMs() + static_cast<uint64_t>(timeout_ms);
  std::string said;
  std::string complaint;
  bool errors_open = true;
  bool late = false;
  for (bool ended = false; !ended;) {
    const uint64_t now = MonotonicMs();
    if (now >= end) {
      late = true;
      break;
    }
    pollfd wait[] = {{ready, POLLIN, 0}, {errors_open ? errors : -1, POLLIN, 0}};
    if (poll(wait, 2, static_cast<int>(end - now)) <= 0) continue;
    char octets[512];
    if (wait[1].revents != 0) {
      const ssize_t n = read(errors, octets, sizeof(octets));
      if (n > 0 && complaint.size() < kMaxComplaint) {
        complaint.append(octets, static_cast<size_t>(n));
      }
      if (n == 0) errors_open = false;
    } else if (wait[0].revents != 0) {
      const ssize_t n = read(ready, octets, sizeof(octets));
      if (n > 0) said.append(octets, static_cast<size_t>(n));
      if (said.size() > sizeof(pid_t)) return absl::OkStatus();
      ended = n == 0;
    }
  }
  if (late && said.size() >= sizeof(pid_t)) {
    pid_t relay = 0;
    memcpy(&relay, said.data(), sizeof(relay));
    kill(relay, SIGKILL);
  }
  return absl::FailedPreconditionError(
      late ? absl::StrCat(program, " is not ready after ", timeout_ms / 1000, " seconds")
      : complaint.empty() ? absl::StrCat(program, " ended before it was ready")
                          : absl::StrCat(program, ": ", Printable(complaint)));
}

bool SameFile(int a, int b) {
  struct stat first;
  struct stat second;
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace

absl::StatusOr<std::vector<int>> FindClient(const std::string& address, uint16_t port) {
  const absl::StatusOr<host::Network> wanted = host::Network::Parse(address);
  if (!wanted.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("'", address, "' is no client's address"));
  }
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return Errno("/proc/self/fd");
  std::vector<int> found;
  while (const dirent* entry = readdir(folder)) {
    char* rest = nullptr;
    const long number = strtol(entry->d_name, &rest, 10);
    if (rest == entry->d_name || *rest != '\0') continue;
    const int fd = static_cast<int>(number);
    sockaddr_storage peer = {};
    socklen_t size = sizeof(peer);
    int type = 0;
    socklen_t type_size = sizeof(type);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM &&
        host::Address::FromSocket(peer) == wanted->address && host::PortOf(peer) == port) {
      found.push_back(fd);
    }
  }
  closedir(folder);
  if (found.size() != 2 || !SameFile(found[0], found[1])) {
    return absl::FailedPreconditionError(
        absl::StrCat("the client ", address, " port ", port,
                     " should be on two descriptors of one socket and is on ",
                     found.empty() ? "none" : absl::StrJoin(found, ", ")));
  }
  return found;
}

absl::Status TakeOver(const std::vector<int>& client, const std::vector<std::string>& command,
                      int timeout_ms) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Errno("no socket");
  Descriptor here(ends[0]);
  Descriptor there(ends[1]);
  absl::StatusOr<Pair> ready = MakePipe();
  if (!ready.ok()) return ready.status();
  absl::StatusOr<Pair> errors = MakePipe();
  if (!errors.ok()) return errors.status();

  std::vector<std::string> whole = command;
  whole.push_back("--inetd");
  whole.push_back(absl::StrCat("--upstream=fd:", kUpstream));
  whole.push_back(absl::StrCat("--ready_fd=", kReady));
  // posternd makes the socket non-blocking, which it then is here too.
  const int modes = fcntl(client.front(), F_GETFL);
  absl::Status status =
      Start(client.front(), there.get(), ready->there.get(), errors->there.get(), whole);
  if (!status.ok()) return status;
  there.Close();
  ready->there.Close();
  errors->there.Close();
  status = WaitUntilReady(ready->here.get(), errors->here.get(), command.front(), timeout_ms);
  if (!status.ok()) {
    if (modes >= 0) fcntl(client.front(), F_SETFL, modes);
    return status;
  }

  for (const int fd : client) {
    const int flags = fcntl(fd, F_GETFD);
    // Both numbers are open, so nothing can be missing for this.
    while (dup2(here.get(), fd) < 0 && (errno == EINTR || errno == EBUSY)) {
    }
    if (flags > 0) fcntl(fd, F_SETFD, flags);
  }
  return absl::OkStatus();
}

}  // namespace exim
}  // namespace postern
