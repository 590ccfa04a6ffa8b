// SPDX-License-Identifier: Apache-2.0
//
// Durable Maildir delivery; see maildir.h.

#include "hosts/posternd/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace postern {
namespace posternd {
namespace {

constexpr int64_t kStaleSeconds = 36 * 60 * 60;

// The Maildir format writes '/' and ':' of a host name in octal.
std::string EscapedHostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "localhost";
  std::string escaped;
  for (const char* c = name; *c != '\0'; ++c) {
    if (*c == '/') {
      escaped += "\\057";
    } else if (*c == ':') {
      escaped += "\\072";
    } else {
      escaped += *c;
    }
  }
  return escaped;
}

absl::Status DirectoryError(const std::string& path, int error) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": cannot be used as a Maildir: ", strerror(error),
                   error == EACCES || error == EPERM || error == EROFS
                       ? "; choose with --maildir= a directory that this user can write"
                       : "; choose another directory with --maildir="));
}

// A new directory is durable when the directory that holds it is synchronised.
absl::Status SyncDirectory(const std::string& path, FileSystem* file_system) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return DirectoryError(path, errno);
  const int result = file_system->Sync(fd);
  close(fd);
  return result < 0 ? DirectoryError(path, -result) : absl::OkStatus();
}

// Like `mkdir -p`, durable.
absl::Status MakeDirectory(const std::string& path, FileSystem* file_system) {
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0) {
    return S_ISDIR(info.st_mode) ? absl::OkStatus() : DirectoryError(path, ENOTDIR);
  }
  size_t end = path.size();
  while (end > 1 && path[end - 1] == '/') --end;
  const size_t slash = path.rfind('/', end - 1);
  const std::string parent = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  if (parent != "." && parent != "/") {
    absl::Status status = MakeDirectory(parent, file_system);
    if (!status.ok()) return status;
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return DirectoryError(path, errno);
  return SyncDirectory(parent, file_system);
}

}  // namespace

// SECONDS.M<microseconds>P<process>Q<sequence>.HOST
int ProcessOfName(absl::string_view name, absl::string_view host_name) {
  const size_t m = name.find(".M");
  const size_t p = name.find('P');
  const size_t q = name.find('Q');
  const size_t dot = q == absl::string_view::npos ? q : name.find('.', q);
  if (m == absl::string_view::npos || p == absl::string_view::npos ||
      dot == absl::string_view::npos || !(m + 2 < p && p + 1 < q)) {
    return 0;
  }
  uint64_t seconds, micros, process, sequence;
  if (!absl::SimpleAtoi(name.substr(0, m), &seconds) ||
      !absl::SimpleAtoi(name.substr(m + 2, p - m - 2), &micros) ||
      !absl::SimpleAtoi(name.substr(p + 1, q - p - 1), &process) ||
      !absl::SimpleAtoi(name.substr(q + 1, dot - q - 1), &sequence) || process == 0 ||
      process > INT32_MAX || name.substr(dot + 1) != host_name) {
    return 0;
  }
  return static_cast<int>(process);
}

Maildir::Maildir(std::string path, FileSystem* file_system)
    : path_(std::move(path)), file_system_(file_system), host_name_(EscapedHostName()) {}

Maildir::~Maildir() {
  if (tmp_ >= 0) close(tmp_);
  if (new_ >= 0) close(new_);
}

absl::StatusOr<std::unique_ptr<Maildir>> Maildir::Open(const std::string& path,
                                                       FileSystem* file_system) {
  std::unique_ptr<Maildir> maildir(new Maildir(path, file_system));
  for (const char* sub : {"tmp", "new", "cur"}) {
    absl::Status status = MakeDirectory(absl::StrCat(path, "/", sub), file_system);
    if (!status.ok()) return status;
  }
  const std::pair<const char*, int*> opened[] = {{"tmp", &maildir->tmp_}, {"new", &maildir->new_}};
  for (const auto& [sub, fd] : opened) {
    const std::string directory = absl::StrCat(path, "/", sub);
    *fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) return DirectoryError(directory, errno);
    if (access(directory.c_str(), W_OK | X_OK) != 0) return DirectoryError(directory, errno);
  }
  maildir->RemoveStale();
  return maildir;
}

void Maildir::RemoveStale() {
  // A descriptor of its own: fdopendir takes it over.
  const int fd = openat(tmp_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = fd < 0 ? nullptr : fdopendir(fd);
  if (directory == nullptr) {
    if (fd >= 0) close(fd);
    return;
  }
  const int64_t now = time(nullptr);
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const int process = ProcessOfName(entry->d_name, host_name_);
    // Our own id means a predecessor that had it: this process has not delivered anything yet.
    bool stale = process != 0 && (process == getpid() || (kill(process, 0) != 0 && errno == ESRCH));
    struct stat info = {};
    if (!stale && fstatat(tmp_, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
      stale = S_ISREG(info.st_mode) && now - info.st_mtime > kStaleSeconds;
    }
    if (stale && file_system_->Remove(tmp_, entry->d_name) == 0) ++removed_;
  }
  closedir(directory);
}

std::unique_ptr<IncomingMessage> Maildir::Create(int* result) {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  std::string name =
      absl::StrFormat("%d.M%06dP%dQ%d.%s", int64_t{now.tv_sec}, now.tv_nsec / 1000, getpid(),
                      sequence_.fetch_add(1, std::memory_order_relaxed), host_name_);
  const int fd = file_system_->Create(tmp_, name.c_str());
  if (fd < 0) {
    *result = fd;
    return nullptr;
  }
  *result = 0;
  return std::unique_ptr<IncomingMessage>(new IncomingMessage(this, std::move(name), fd));
}

int Maildir::SyncNew() {
  std::unique_lock<std::mutex> lock(mutex_);
  // A round that runs already may have begun before our rename, so only the next one counts.
  const uint64_t needed = rounds_begun_ + 1;
  // Its failure counts all the same: the kernel reports a write error once only, so the success of
  // the next round would prove nothing about what this one failed to write.
  const uint64_t first_that_counts = rounds_begun_ != rounds_over_ ? rounds_begun_ : needed;
  while (rounds_over_ < needed) {
    if (rounds_begun_ != rounds_over_) {
      round_over_.wait(lock);
      continue;
    }
    const uint64_t round = ++rounds_begun_;
    lock.unlock();
    const int result = file_system_->Sync(new_);
    lock.lock();
    rounds_over_ = round;
    if (result < 0) {
      last_failed_round_ = round;
      last_failure_ = result;
    }
    round_over_.notify_all();
  }
  return last_failed_round_ >= first_that_counts ? last_failure_ : 0;
}

IncomingMessage::~IncomingMessage() {
  CloseFile();
  if (in_tmp_) maildir_->file_system_->Remove(maildir_->tmp_, name_.c_str());
}

int IncomingMessage::CloseFile() {
  if (fd_ < 0) return 0;
  return maildir_->file_system_->Close(std::exchange(fd_, -1));
}

int IncomingMessage::Append(iovec* slices, int count) {
  while (error_ == 0 && count > 0) {
    const ssize_t n = maildir_->file_system_->Write(fd_, slices, count);
    if (n == -EINTR) continue;
    if (n < 0) {
      error_ = static_cast<int>(n);
      break;
    }
    octets_ += static_cast<uint64_t>(n);
    size_t done = static_cast<size_t>(n);
    while (count > 0 && done >= slices->iov_len) {
      done -= slices->iov_len;
      ++slices;
      --count;
    }
    if (count > 0) {
      slices->iov_base = static_cast<char*>(slices->iov_base) + done;
      slices->iov_len -= done;
      // A disk that takes nothing and names no error is full all the same.
      if (n == 0) error_ = -ENOSPC;
    }
  }
  return error_;
}

int IncomingMessage::Copy(const IncomingMessage& other, uint64_t skip) {
  if (error_ == 0) error_ = other.error_;
  if (error_ == 0) {
    error_ = maildir_->file_system_->Copy(maildir_->tmp_, other.name_.c_str(), skip, fd_);
  }
  if (error_ == 0) octets_ += other.octets_ - skip;
  return error_;
}

int IncomingMessage::Commit(const std::atomic<bool>& cancelled) {
  FileSystem* file_system = maildir_->file_system_;
  if (error_ != 0) return error_;
  // Every error counts for the whole message, close included (NFS, quota).
  error_ = file_system->Sync(fd_);
  const int closed = CloseFile();
  if (error_ == 0) error_ = closed;
  if (error_ == 0 && cancelled.load(std::memory_order_acquire)) error_ = -ECANCELED;
  if (error_ != 0) return error_;
  error_ = file_system->Rename(maildir_->tmp_, name_.c_str(), maildir_->new_, name_.c_str());
  if (error_ != 0) return error_;
  in_tmp_ = false;
  error_ = maildir_->SyncNew();
  // Nobody will be told 250 for it, so it should not stay either. If it does: a message that is
  // there twice is allowed, a lost one is not.
  if (error_ != 0) file_system->Remove(maildir_->new_, name_.c_str());
  return error_;
}

}  // namespace posternd
}  // namespace postern
