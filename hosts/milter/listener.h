// SPDX-License-Identifier: Apache-2.0
//
// The socket that the MTA connects to. It is opened here and handed to libmilter by its number, as
// Debian's libmilter takes it ("fd:3"): so the kernel's choice of a port is known, and rights and
// group of a path are set before anybody can connect.
//
// Threads: the one that starts and stops the milter.
#ifndef POSTERN_HOSTS_MILTER_LISTENER_H_
#define POSTERN_HOSTS_MILTER_LISTENER_H_

#include <sys/stat.h>

#include <string>

#include "absl/status/statusor.h"
#include "hosts/milter/options.h"

namespace postern {
namespace milter {

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Takes away a path that a milter which is gone has left, and nothing else.
  absl::Status Open(const SocketAddress& address, mode_t mode, const std::string& group);

  int fd() const { return fd_; }
  // With the port that the kernel gave.
  const SocketAddress& address() const { return address_; }

  // Nobody can connect from now on; the number stays one of a listening socket, because libmilter
  // waits on it.
  void Close();

 private:
  absl::Status OpenPath(mode_t mode, const std::string& group);
  absl::Status OpenEndpoint();
  // Makes whoever waits on fd() look up.
  void Poke() const;

  int fd_ = -1;
  SocketAddress address_;
  struct stat made_ = {};  // the path as it was made
  bool closed_ = false;
};

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_LISTENER_H_
