// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

constexpr absl::string_view kPlaceholders[] = {"client_address", "client_port", "server_address",
                                               "server_port"};

std::string AddressText(const upstream::Peer& peer) {
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.family != upstream::Peer::Family::kNone) {
    inet_ntop(peer.family == upstream::Peer::Family::kInet ? AF_INET : AF_INET6, peer.octets, text,
              sizeof(text));
  }
  return text;
}

// Empty: not known.
std::string ValueOf(absl::string_view placeholder, const upstream::Identity& identity) {
  const upstream::Peer& peer =
      absl::StartsWith(placeholder, "client") ? identity.client : identity.server;
  if (peer.family == upstream::Peer::Family::kNone) return "";
  return absl::EndsWith(placeholder, "port") ? absl::StrCat(peer.port) : AddressText(peer);
}

// The placeholder at the beginning of `text`, braces and all; empty if there is none.
absl::string_view PlaceholderAt(absl::string_view text) {
  if (text.empty() || text.front() != '{') return "";
  const size_t end = text.find('}');
  if (end == absl::string_view::npos) return "";
  const absl::string_view name = text.substr(1, end - 1);
  return std::find(std::begin(kPlaceholders), std::end(kPlaceholders), name) ==
                 std::end(kPlaceholders)
             ? ""
             : text.substr(0, end + 1);
}

absl::Status CheckBraces(absl::string_view word) {
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '{' && word[i] != '}') continue;
    if (i + 1 < word.size() && word[i + 1] == word[i]) {
      ++i;
      continue;
    }
    const absl::string_view placeholder = PlaceholderAt(word.substr(i));
    if (placeholder.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", word,
          "': known in braces are {client_address}, {client_port}, {server_address} and "
          "{server_port}; a brace itself is written twice"));
    }
    i += placeholder.size() - 1;
  }
  return absl::OkStatus();
}

std::vector<std::string> EnvironmentFor(const upstream::Identity& identity) {
  std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PROTO=TCP"};
  const char* zone = getenv("TZ");
  if (zone != nullptr) environment.push_back(absl::StrCat("TZ=", zone));
  const std::pair<const char*, const char*> names[] = {{"TCPREMOTEIP=", "client_address"},
                                                       {"TCPREMOTEPORT=", "client_port"},
                                                       {"TCPLOCALIP=", "server_address"},
                                                       {"TCPLOCALPORT=", "server_port"}};
  for (const auto& [name, placeholder] : names) {
    const std::string value = ValueOf(placeholder, identity);
    if (!value.empty()) environment.push_back(absl::StrCat(name, value));
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Zero or errno. `fd` becomes 0 and 1 of the program.
int Spawn(std::vector<std::string> words, std::vector<std::string> environment, int fd,
          pid_t* pid) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  int error = posix_spawnattr_init(&attributes);
  if (error != 0) return error;
  error = posix_spawn_file_actions_init(&actions);
  if (error == 0) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    const int steps[] = {posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO),
                         posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO),
                         posix_spawn_file_actions_addclosefrom_np(&actions, 3),
                         posix_spawn_file_actions_addchdir_np(&actions, "/")};
    for (const int step : steps) error = error != 0 ? error : step;
    if (error == 0) {
      // The thread waits for the exec alone (vfork(2) semantics), and an error of that comes here.
      error = posix_spawn(pid, words.front().c_str(), &actions, &attributes,
                          Pointers(&words).data(), Pointers(&environment).data());
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawnattr_destroy(&attributes);
  return error;
}

int OpenPidFd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

bool ProgramCount::Add() {
  uint32_t running = running_.load(std::memory_order_relaxed);
  while (running < max_) {
    if (running_.compare_exchange_weak(running, running + 1, std::memory_order_relaxed))
      return true;
  }
  return false;
}

// ---- RunningProgram ----

RunningProgram::~RunningProgram() {
  int status;
  if (!Reap(&status)) {
    kill(pid_, SIGTERM);
    count_->Remove();
  }
  close(ended_fd_);
}

bool RunningProgram::Reap(int* status) {
  if (reaped_) return true;
  const pid_t ended = waitpid(pid_, status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
  reaped_ = true;
  count_->Remove();
  return true;
}

// Until it is reaped its number is nobody else's.
bool RunningProgram::Kill(int signal) { return reaped_ || kill(pid_, signal) == 0; }

void RunningProgram::EndWithin(int timeout_ms) {
  int status;
  pollfd ended = {ended_fd_, POLLIN, 0};
  for (const int signal : {0, SIGTERM, SIGKILL}) {
    if (signal != 0) Kill(signal);
    if (poll(&ended, 1, timeout_ms) == 1 && Reap(&status)) return;
  }
}

// ---- Program ----

absl::StatusOr<Program> Program::Parse(absl::string_view text) {
  Program program;
  std::string word;
  bool quoted = false;
  bool in_word = false;
  for (const char c : text) {
    if (c == '\0') return absl::InvalidArgumentError("a NUL cannot stand in a command");
    if (c == '"') {
      quoted = !quoted;
      in_word = true;
    } else if ((c == ' ' || c == '\t') && !quoted) {
      if (in_word) program.words_.push_back(std::exchange(word, ""));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quoted) return absl::InvalidArgumentError("a double quote has no partner");
  if (in_word) program.words_.push_back(word);
  if (program.words_.empty() || program.words_.front().front() != '/') {
    return absl::InvalidArgumentError(
        "the program is named with its whole path; write exec:/usr/sbin/exim4 -bs");
  }
  for (const std::string& each : program.words_) {
    const absl::Status status = CheckBraces(each);
    if (!status.ok()) return status;
  }
  if (program.words_.front().find_first_of("{}") != std::string::npos) {
    return absl::InvalidArgumentError("the program's path is the same for all clients");
  }
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) program.open_files_ = limit.rlim_cur;
  return program;
}

bool Program::names_client() const {
  return std::any_of(words_.begin(), words_.end(), [](const std::string& word) {
    return absl::StrContains(word, "{client_address}");
  });
}

absl::StatusOr<std::vector<std::string>> Program::WordsFor(
    const upstream::Identity& identity) const {
  std::vector<std::string> words;
  for (const std::string& word : words_) {
    std::string filled;
    for (size_t i = 0; i < word.size(); ++i) {
      const absl::string_view rest = absl::string_view(word).substr(i);
      if (absl::StartsWith(rest, "{{") || absl::StartsWith(rest, "}}")) {
        filled += word[i++];
        continue;
      }
      const absl::string_view placeholder = PlaceholderAt(rest);
      if (placeholder.empty()) {
        filled += word[i];
        continue;
      }
      const std::string value = ValueOf(placeholder.substr(1, placeholder.size() - 2), identity);
      if (value.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat("the client's connection has no address for ", placeholder));
      }
      filled += value;
      i += placeholder.size() - 1;
    }
    words.push_back(std::move(filled));
  }
  return words;
}

absl::StatusOr<std::unique_ptr<RunningProgram>> Program::Start(const upstream::Identity& identity,
                                                               ProgramCount* count, int* fd) const {
  absl::StatusOr<std::vector<std::string>> words = WordsFor(identity);
  if (!words.ok()) return words.status();
  if (!count->Add()) {
    return absl::ResourceExhaustedError(
        absl::StrCat(count->max(), " programs run already (--max_upstream_programs)"));
  }
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    const int error = errno;
    count->Remove();
    return absl::UnavailableError(absl::StrCat("no sockets: ", strerror(error)));
  }
  pid_t pid = -1;
  const int error = Spawn(*std::move(words), EnvironmentFor(identity), pair[1], &pid);
  close(pair[1]);
  if (error != 0) {
    close(pair[0]);
    count->Remove();
    return absl::UnavailableError(
        absl::StrCat(words_.front(), " cannot be started: ", strerror(error)));
  }
  if (open_files_ != 0) {
    rlimit limit = {};
    if (prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) == 0 && open_files_ < limit.rlim_cur) {
      limit.rlim_cur = open_files_;
      prlimit(pid, RLIMIT_NOFILE, &limit, nullptr);
    }
  }
  const int ended_fd = OpenPidFd(pid);
  if (ended_fd < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) {
    const int reason = errno;
    close(pair[0]);
    // One that is not ours to end has lost its connection, and ends by itself.
    if (kill(pid, SIGKILL) == 0) waitpid(pid, nullptr, 0);
    if (ended_fd >= 0) close(ended_fd);
    count->Remove();
    return absl::UnavailableError(
        absl::StrCat(words_.front(), " cannot be watched: ", strerror(reason)));
  }
  *fd = pair[0];
  return std::unique_ptr<RunningProgram>(new RunningProgram(pid, ended_fd, count));
}

}  // namespace posternd
}  // namespace postern
