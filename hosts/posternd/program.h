// SPDX-License-Identifier: Apache-2.0
//
// A server that is a program: started for each connection, with one end of a pair of sockets as its
// descriptors 0 and 1, as inetd does it. exim4 -bs and sendmail -bs are such programs.
//
//   exec:/usr/sbin/exim4 -bs -oMa {client_address}.{client_port}
//
// There is no shell. Words are what stands between blanks; blanks within double quotes belong to
// their word. {client_address}, {client_port}, {server_address} and {server_port} become what the
// client's connection says: digits, letters a-f, dots and colons, so that no client can make an
// option or a second word of them. {{ and }} are braces.
//
// What the program finds: descriptors 0, 1 and 2 and no others, no blocked or ignored signals, a
// session of its own (Ctrl-C is not for it), the folder "/", and as its environment PATH, TZ, and
// TCPREMOTEIP and so on as tcpserver(1) has them.
//
// Threads: any. A RunningProgram has one owner.
#ifndef POSTERN_HOSTS_POSTERND_PROGRAM_H_
#define POSTERN_HOSTS_POSTERND_PROGRAM_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/common/upstream/identity.h"

namespace postern {
namespace posternd {

// How many programs there are. Outlives them.
class ProgramCount {
 public:
  explicit ProgramCount(uint32_t max) : max_(max) {}
  bool Add();
  void Remove() { running_.fetch_sub(1, std::memory_order_relaxed); }
  uint32_t max() const { return max_; }
  uint32_t running() const { return running_.load(std::memory_order_relaxed); }

 private:
  const uint32_t max_;
  std::atomic<uint32_t> running_{0};
};

class RunningProgram {
 public:
  // One that still runs is told to end (SIGTERM), and is nobody's from then on.
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  pid_t pid() const { return pid_; }
  // Readable once it has ended.
  int ended_fd() const { return ended_fd_; }
  // True if it has ended; then nothing of it is left. *status as wait(2) has it.
  bool Reap(int* status);
  // False: it is not ours to end, as it has become somebody else's (a set-user-ID program).
  bool Kill(int signal);
  // Waits so long for its end, and then makes one.
  void EndWithin(int timeout_ms);

 private:
  friend class Program;
  RunningProgram(pid_t pid, int ended_fd, ProgramCount* count)
      : pid_(pid), ended_fd_(ended_fd), count_(count) {}

  const pid_t pid_;
  const int ended_fd_;
  ProgramCount* const count_;
  bool reaped_ = false;
};

class Program {
 public:
  // `text` is what stands behind "exec:".
  static absl::StatusOr<Program> Parse(absl::string_view text);

  const std::vector<std::string>& words() const { return words_; }
  // It is told who the client is.
  bool names_client() const;

  // The words for a client. Fails where an address is asked for that is not known.
  absl::StatusOr<std::vector<std::string>> WordsFor(const upstream::Identity& identity) const;
  // *fd: our end, connected and non-blocking. Returns as soon as the program runs, or cannot.
  absl::StatusOr<std::unique_ptr<RunningProgram>> Start(const upstream::Identity& identity,
                                                        ProgramCount* count, int* fd) const;

 private:
  std::vector<std::string> words_;
  // The limit of open files that a program is given: what it was before we raised ours.
  uint64_t open_files_ = 0;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_PROGRAM_H_
