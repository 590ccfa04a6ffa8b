// SPDX-License-Identifier: Apache-2.0
//
// The client that inetd, systemd (Accept=yes) or Postfix's spawn(8) hands to a program of its own
// on descriptors 0 and 1, and mostly on 2 as well.
//
// Threads: the one that starts and ends the server.
#ifndef POSTERN_HOSTS_POSTERND_INETD_H_
#define POSTERN_HOSTS_POSTERND_INETD_H_

#include <thread>

#include "absl/status/statusor.h"

namespace postern {
namespace posternd {

class InetdClient {
 public:
  InetdClient() = default;
  // Waits until the last octets have gone to a client on pipes; its socket must be closed by then.
  ~InetdClient();
  InetdClient(const InetdClient&) = delete;
  InetdClient& operator=(const InetdClient&) = delete;

  // True if standard error is the client's socket, as inetd and spawn(8) make it.
  static bool HasStandardError();

  // Takes the client off the descriptors, and puts /dev/null in its place everywhere: nothing that
  // is printed may reach a client. Gives a non-blocking socket. Pipes are joined to one by two
  // threads.
  absl::StatusOr<int> Take();

 private:
  std::thread to_client_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_INETD_H_
