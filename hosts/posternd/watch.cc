// SPDX-License-Identifier: Apache-2.0
//
// Watching files; see watch.h.

#include "hosts/posternd/watch.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

constexpr int kLookEveryMs = 2000;
constexpr int kSettleMs = 20;
// A file that never rests is taken as it is after so many looks.
constexpr int kMostLooks = 50;

std::string FolderOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileWatch>> FileWatch::Create(const sigset_t& signals) {
  const int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (inotify < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--watch: the system gives no inotify: ", strerror(errno),
                     "; raise fs.inotify.max_user_instances, or go without --watch"));
  }
  const int taken = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (taken < 0) {
    const int error = errno;
    close(inotify);
    return absl::InvalidArgumentError(
        absl::StrCat("--watch: the system gives no signalfd: ", strerror(error),
                     "; raise the limit of open files, or go without --watch"));
  }
  return std::unique_ptr<FileWatch>(new FileWatch(inotify, taken));
}

FileWatch::~FileWatch() {
  close(inotify_);
  close(signals_);
}

FileWatch::State FileWatch::Look(const std::string& file) {
  struct stat info = {};
  State state;
  if (stat(file.c_str(), &info) != 0) return state;
  constexpr int64_t kBillion = 1000000000;
  state.device = info.st_dev;
  state.number = info.st_ino;
  state.size = info.st_size;
  state.modified_ns = info.st_mtim.tv_sec * kBillion + info.st_mtim.tv_nsec;
  state.changed_ns = info.st_ctim.tv_sec * kBillion + info.st_ctim.tv_nsec;
  return state;
}

void FileWatch::Follow(const std::vector<std::string>& files) {
  std::map<std::string, State> followed;
  std::set<std::string> folders;
  for (const std::string& file : files) {
    if (file.empty()) continue;
    const auto known = files_.find(file);
    followed[file] = known != files_.end() ? known->second : Look(file);
    folders.insert(FolderOf(file));
  }
  files_.swap(followed);
  for (auto watch = folders_.begin(); watch != folders_.end();) {
    if (folders.count(watch->first) != 0) {
      ++watch;
    } else {
      inotify_rm_watch(inotify_, watch->second);
      watch = folders_.erase(watch);
    }
  }
  for (const std::string& folder : folders) {
    if (folders_.count(folder) != 0) continue;
    const int watch = inotify_add_watch(
        inotify_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB);
    // Where it cannot be had, the look every two seconds must do.
    if (watch >= 0) folders_[folder] = watch;
  }
}

bool FileWatch::Changed() {
  bool changed = false;
  for (auto& [file, state] : files_) {
    const State now = Look(file);
    if (now == state) continue;
    state = now;
    changed = true;
  }
  return changed;
}

void FileWatch::DrainEvents() {
  alignas(inotify_event) char buffer[4096];
  while (read(inotify_, buffer, sizeof(buffer)) > 0) {
  }
}

int FileWatch::Wait() {
  bool pending = false;
  int looks = 0;
  for (;;) {
    pollfd ready[2] = {{signals_, POLLIN, 0}, {inotify_, POLLIN, 0}};
    const int count = poll(ready, 2, pending ? kSettleMs : kLookEveryMs);
    if (count < 0 && errno != EINTR) return SIGTERM;
    if (count > 0 && (ready[0].revents & POLLIN) != 0) {
      signalfd_siginfo info = {};
      if (read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
        return static_cast<int>(info.ssi_signo);
      }
    }
    if (count > 0 && (ready[1].revents & POLLIN) != 0) DrainEvents();
    if (Changed()) {
      pending = true;
      if (++looks < kMostLooks) continue;
    }
    // Unchanged for as long as it takes to settle.
    if (pending && (count <= 0 || looks >= kMostLooks)) return 0;
  }
}

}  // namespace posternd
}  // namespace postern
