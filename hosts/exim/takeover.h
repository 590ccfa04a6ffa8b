// SPDX-License-Identifier: Apache-2.0
//
// Puts posternd between the client and the process that has the client's socket: a new process owns
// the socket, and this one finds an AF_UNIX socket under the same descriptors. It knows nothing of
// Exim; module.cc does, and refuses where this could not be right.
//
// The relay is posternd itself, executed: an address space that has nothing of the mail server's
// memory and keys, and no descriptor of its but the client. It is in a session of its own and child
// of nobody here. It ends when either side does, and this process then reads end-of-file.
//
// Nothing is changed before posternd has said that it serves: it has read its configuration, table
// and certificate. A refusal leaves the descriptors as they were.
//
// Threads: one; the process forks.
#ifndef POSTERN_HOSTS_EXIM_TAKEOVER_H_
#define POSTERN_HOSTS_EXIM_TAKEOVER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace postern {
namespace exim {

// The two descriptors, for reading and for writing, of the one socket whose peer is that; a refusal
// if they are not there, are more, or are two sockets.
absl::StatusOr<std::vector<int>> FindClient(const std::string& address, uint16_t port);

// `command`: posternd's path and its options, to which those that name the descriptors are added.
absl::Status TakeOver(const std::vector<int>& client, const std::vector<std::string>& command,
                      int timeout_ms);

}  // namespace exim
}  // namespace postern

#endif  // POSTERN_HOSTS_EXIM_TAKEOVER_H_
