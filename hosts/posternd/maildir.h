// SPDX-License-Identifier: Apache-2.0
//
// Durable delivery into a Maildir. A message is written to tmp/ as it arrives; Commit() makes it
// durable and visible:
//
//   fsync(tmp/NAME)  ->  rename to new/NAME  ->  fsync(new/)
//
// Only after all three may the client be told 250: then no crash loses the message. Until the
// rename there is nothing in new/, and after it the file is whole: no crash leaves a part there.
// Concurrent commits share one fsync of new/.
//
// The content is what the client sent, CR LF included, behind the fields of trace_header.h.
//
// Threads: Maildir: any. IncomingMessage: one at a time, it may move between threads.
#ifndef POSTERN_HOSTS_POSTERND_MAILDIR_H_
#define POSTERN_HOSTS_POSTERND_MAILDIR_H_

#include <sys/uio.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/posternd/file_system.h"

namespace postern {
namespace posternd {

class Maildir;

// A message that is being received. Destroyed before Commit succeeded, it leaves nothing behind.
class IncomingMessage {
 public:
  ~IncomingMessage();
  IncomingMessage(const IncomingMessage&) = delete;
  IncomingMessage& operator=(const IncomingMessage&) = delete;

  // All slices, in order. After a failure every further call fails too. Returns 0 or -errno.
  int Append(iovec* slices, int count);

  // Appends what `other`, not committed yet, holds behind its first `skip` octets. Blocks. As
  // above.
  int Copy(const IncomingMessage& other, uint64_t skip);

  // Blocks. 0: the message is in new/, for ever. Else -errno: it is not there. With `cancelled` set
  // before the rename, gives up with -ECANCELED.
  int Commit(const std::atomic<bool>& cancelled);

  const std::string& name() const { return name_; }
  uint64_t octets() const { return octets_; }
  int error() const { return error_; }

 private:
  friend class Maildir;
  IncomingMessage(Maildir* maildir, std::string name, int fd)
      : maildir_(maildir), name_(std::move(name)), fd_(fd) {}

  int CloseFile();

  Maildir* maildir_;
  std::string name_;
  int fd_;
  bool in_tmp_ = true;
  int error_ = 0;
  uint64_t octets_ = 0;
};

class Maildir {
 public:
  // Makes the directories where they are missing (durably) and opens them; then removes from tmp/
  // what is no delivery in progress any more: files of our own naming whose process is gone, and
  // whatever is older than 36 hours.
  static absl::StatusOr<std::unique_ptr<Maildir>> Open(
      const std::string& path, FileSystem* file_system = FileSystem::System());

  ~Maildir();
  Maildir(const Maildir&) = delete;
  Maildir& operator=(const Maildir&) = delete;

  // `result` is set to 0 or -errno; null when it is not 0.
  std::unique_ptr<IncomingMessage> Create(int* result);

  const std::string& path() const { return path_; }
  // Files that Open removed from tmp/.
  int removed_at_start() const { return removed_; }

 private:
  friend class IncomingMessage;
  Maildir(std::string path, FileSystem* file_system);

  void RemoveStale();
  // Makes all renames that happened before the call durable.
  int SyncNew();

  const std::string path_;
  FileSystem* const file_system_;
  std::string host_name_;
  int tmp_ = -1;
  int new_ = -1;
  int removed_ = 0;
  std::atomic<uint64_t> sequence_{0};

  // Group synchronisation: round N makes durable what was renamed before round N began.
  std::mutex mutex_;
  std::condition_variable round_over_;
  uint64_t rounds_begun_ = 0;
  uint64_t rounds_over_ = 0;
  // Rounds fail one by one; whoever was in a failed one must be told, so the last failure stays.
  uint64_t last_failed_round_ = 0;
  int last_failure_ = 0;
};

// If `name` is a name that Create() gives, on that host: the id of the process, else 0.
int ProcessOfName(absl::string_view name, absl::string_view host_name);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_MAILDIR_H_
