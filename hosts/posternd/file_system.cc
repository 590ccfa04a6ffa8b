// SPDX-License-Identifier: Apache-2.0
//
// System calls; see file_system.h.

#include "hosts/posternd/file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <vector>

namespace postern {
namespace posternd {
namespace {

constexpr size_t kCopyOctets = 64 * 1024;

}  // namespace

int FileSystem::Create(int directory, const char* name) {
  const int fd =
      openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  return fd < 0 ? -errno : fd;
}

ssize_t FileSystem::Write(int fd, const iovec* slices, int count) {
  const ssize_t n = writev(fd, slices, count);
  return n < 0 ? -errno : n;
}

int FileSystem::Copy(int directory, const char* name, uint64_t skip, int fd) {
  const int from = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (from < 0) return -errno;
  std::vector<char> buffer(kCopyOctets);
  auto at = static_cast<off_t>(skip);
  int error = 0;
  while (error == 0) {
    const ssize_t read = pread(from, buffer.data(), buffer.size(), at);
    if (read == 0) break;
    if (read < 0) {
      if (errno != EINTR) error = -errno;
      continue;
    }
    at += read;
    for (ssize_t done = 0; error == 0 && done < read;) {
      iovec rest = {buffer.data() + done, static_cast<size_t>(read - done)};
      const ssize_t n = Write(fd, &rest, 1);
      if (n == -EINTR) continue;
      // A disk that takes nothing and names no error is full all the same.
      if (n <= 0) error = n < 0 ? static_cast<int>(n) : -ENOSPC;
      if (n > 0) done += n;
    }
  }
  close(from);
  return error;
}

int FileSystem::Sync(int fd) { return fsync(fd) != 0 ? -errno : 0; }

int FileSystem::Close(int fd) { return close(fd) != 0 ? -errno : 0; }

int FileSystem::Rename(int from_directory, const char* from, int to_directory, const char* to) {
  if (renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -errno;
  // A file system without that flag: link never replaces, as Maildir has done it from the start.
  if (linkat(from_directory, from, to_directory, to, 0) != 0) return -errno;
  unlinkat(from_directory, from, 0);
  return 0;
}

int FileSystem::Remove(int directory, const char* name) {
  return unlinkat(directory, name, 0) != 0 ? -errno : 0;
}

FileSystem* FileSystem::System() {
  static FileSystem system;
  return &system;
}

}  // namespace posternd
}  // namespace postern
