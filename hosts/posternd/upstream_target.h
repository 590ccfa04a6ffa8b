// SPDX-License-Identifier: Apache-2.0
//
// The server that a gate stands before: how it is written in a flag, and how its socket is made.
//
//   smtp://192.0.2.1:25   lmtp://[2001:db8::1]:24   lmtp+unix:/run/lmtp   smtp+unix:/run/smtp
//   fd:5   exec:/usr/sbin/exim4 -bs
//
// Names are never resolved: mail does not wait for a DNS that is slow.
//
// fd:5 is a socket that is connected already, and that whoever started us left on descriptor 5: one
// server for one client. exec: is a program that is started for each connection (program.h).
//
// Threads: any; a plain value.
#ifndef POSTERN_HOSTS_POSTERND_UPSTREAM_TARGET_H_
#define POSTERN_HOSTS_POSTERND_UPSTREAM_TARGET_H_

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "hosts/common/network.h"
#include "hosts/common/upstream/capabilities.h"
#include "hosts/common/upstream/client.h"
#include "hosts/posternd/program.h"

namespace postern {
namespace posternd {

// A connection on its way, non-blocking.
struct UpstreamSocket {
  int fd = -1;
  bool connected = false;
  std::unique_ptr<RunningProgram> program;  // null: none
};

struct UpstreamTarget {
  std::string name;  // as given, for logs
  upstream::Protocol protocol = upstream::Protocol::kSmtp;
  host::Endpoint endpoint;
  std::string path;     // of a Unix socket; empty: endpoint
  int descriptor = -1;  // not negative: a connected socket, and nothing of the above

  static absl::StatusOr<UpstreamTarget> Parse(absl::string_view text);

  absl::optional<Program> program;  // the same

  // One server serves one client, and is told by how it was connected whose client that is.
  bool knows_client() const {
    return descriptor >= 0 || (program.has_value() && program->names_client());
  }
  bool for_one_client() const { return descriptor >= 0 || program.has_value(); }

  // A descriptor can be had once.
  absl::StatusOr<UpstreamSocket> Open(const upstream::Identity& identity,
                                      ProgramCount* count) const;
  // Makes the descriptor ours: non-blocking, and closed in programs that we start. To be called
  // before anything else could have got its number. OK if there is no descriptor.
  absl::Status TakeDescriptor() const;
};

// The address at the other end of a socket, or with getsockname at this one; none if it has none.
upstream::Peer ToPeer(const host::Address& address, uint16_t port);
upstream::Peer PeerAt(int fd, int (*side)(int, sockaddr*, socklen_t*));

// A connection that was begun before there was a loop for it. Its client may be at any step.
struct BegunUpstream {
  UpstreamSocket socket;
  std::unique_ptr<upstream::Client> client;  // null: none
};
// Speaks for `timeout_ms` at the most, or until the client is ready or closed.
absl::StatusOr<BegunUpstream> BeginUpstream(const UpstreamTarget& target,
                                            const upstream::Options& options,
                                            const upstream::Identity& identity, ProgramCount* count,
                                            int timeout_ms);

// What the server offers, asked in a connection of its own. For the start, when no session waits
// yet: takes `timeout_ms` at the most. A PROXY header is sent if `options` say so, and tells of no
// client; XCLIENT and XFORWARD are not. A program that is told the client's address is told
// 127.0.0.1.
absl::StatusOr<upstream::Capabilities> ProbeUpstream(const UpstreamTarget& target,
                                                     upstream::Options options, ProgramCount* count,
                                                     int timeout_ms);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_UPSTREAM_TARGET_H_
