// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets: for each address one per loop, and the kernel spreads connections over them
// (SO_REUSEPORT). The address itself is taken exclusively first, so a second server on it fails
// instead of sharing it.
//
// Threads: the one that starts the server.
#ifndef POSTERN_HOSTS_POSTERND_LISTENER_H_
#define POSTERN_HOSTS_POSTERND_LISTENER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "hosts/common/network.h"

namespace postern {
namespace posternd {

struct BoundAddress {
  host::Endpoint endpoint;  // with the port that the kernel gave
  bool tls = false;
  bool submission = false;   // RFC 6409; Bind leaves it
  std::vector<int> sockets;  // one per loop
};

// Binds and listens. On failure everything is closed and the sentence names address and mend.
absl::StatusOr<BoundAddress> Bind(const host::Endpoint& endpoint, bool tls, int loops);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_LISTENER_H_
