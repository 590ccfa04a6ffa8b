// SPDX-License-Identifier: Apache-2.0
//
// Reading small files; see files.h.

#include "hosts/common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace host {

absl::Status FileError(absl::string_view path, absl::string_view sentence) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", sentence));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  // Non-blocking, so that a FIFO named by mistake does not hang the start.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const int error = errno;
    return FileError(path, absl::StrCat("cannot be opened: ", strerror(error),
                                        error == ENOENT   ? "; check the path"
                                        : error == EACCES ? "; let this user read it"
                                                          : ""));
  }
  struct stat info = {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return FileError(path, "is not a regular file; name a file");
  }
  std::string content;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      close(fd);
      return FileError(path, absl::StrCat("cannot be read: ", strerror(error)));
    }
    if (n == 0) break;
    content.append(buffer, static_cast<size_t>(n));
    if (content.size() > kMaxFileOctets) {
      close(fd);
      return FileError(path, "is larger than 16 MiB; is it the right file?");
    }
  }
  close(fd);
  return content;
}

}  // namespace host
}  // namespace postern
