// SPDX-License-Identifier: Apache-2.0
//
// --watch: tells when one of the files that a reload reads was changed. It looks at the folders
// that they lie in (inotify), so that a file replaced by rename, as editors and deployments do, is
// seen as well as one that was written; and it looks at the files themselves every two seconds, for
// file systems that tell nothing and for folders that were replaced.
//
// It reads no file and judges nothing: a change is what the file system shows (device, number,
// size, times), whatever stands in it.
//
// Threads: the main thread.
#ifndef POSTERN_HOSTS_POSTERND_WATCH_H_
#define POSTERN_HOSTS_POSTERND_WATCH_H_

#include <signal.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace postern {
namespace posternd {

class FileWatch {
 public:
  // `signals` are blocked in all threads; Wait takes them.
  static absl::StatusOr<std::unique_ptr<FileWatch>> Create(const sigset_t& signals);

  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // From now on these are looked at, as they are now. Empty names are left out.
  void Follow(const std::vector<std::string>& files);

  // Waits for a signal, and gives it, or for a change, and gives 0. A burst of changes is one: it
  // waits until the files stayed as they are for 20 ms.
  int Wait();

 private:
  FileWatch(int inotify, int signals) : inotify_(inotify), signals_(signals) {}

  // What tells one state of a file from another; all zero where there is none.
  struct State {
    uint64_t device = 0;
    uint64_t number = 0;
    int64_t size = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;

    bool operator==(const State& other) const {
      return device == other.device && number == other.number && size == other.size &&
             modified_ns == other.modified_ns && changed_ns == other.changed_ns;
    }
  };
  static State Look(const std::string& file);
  bool Changed();
  void DrainEvents();

  const int inotify_;
  const int signals_;
  std::map<std::string, State> files_;
  std::map<std::string, int> folders_;  // watch descriptors
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_WATCH_H_
