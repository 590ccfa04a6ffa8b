// SPDX-License-Identifier: Apache-2.0
//
// The system calls that a durable delivery is made of, behind an interface so that tests can make
// each of them fail in turn. Results are >= 0, or -errno.
//
// Threads: any.
#ifndef POSTERN_HOSTS_POSTERND_FILE_SYSTEM_H_
#define POSTERN_HOSTS_POSTERND_FILE_SYSTEM_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace postern {
namespace posternd {

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // O_CREAT | O_EXCL for writing, mode 0600.
  virtual int Create(int directory, const char* name);
  virtual ssize_t Write(int fd, const iovec* slices, int count);
  // What stands in the file `name` behind its first `skip` octets, to the end of `fd`. 0 or -errno.
  virtual int Copy(int directory, const char* name, uint64_t skip, int fd);
  virtual int Sync(int fd);
  virtual int Close(int fd);
  // Never replaces a file that is there already.
  virtual int Rename(int from_directory, const char* from, int to_directory, const char* to);
  virtual int Remove(int directory, const char* name);

  // The real one.
  static FileSystem* System();
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_FILE_SYSTEM_H_
