// SPDX-License-Identifier: Apache-2.0
//
// The server that a gate stands before: how it is written in a flag, and how its socket is made.
//
//   smtp://192.0.2.1:25   lmtp://[2001:db8::1]:24   lmtp+unix:/run/lmtp   smtp+unix:/run/smtp
//   fd:5
//
// Names are never resolved: mail does not wait for a DNS that is slow.
//
// fd:5 is a socket that is connected already, and that whoever started us left on descriptor 5: one
// server for one client.
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
#include "hosts/common/network.h"
#include "hosts/common/upstream/capabilities.h"
#include "hosts/common/upstream/client.h"

namespace postern {
namespace posternd {

struct UpstreamTarget {
  std::string name;  // as given, for logs
  upstream::Protocol protocol = upstream::Protocol::kSmtp;
  host::Endpoint endpoint;
  std::string path;     // of a Unix socket; empty: endpoint
  int descriptor = -1;  // not negative: a connected socket, and nothing of the above

  static absl::StatusOr<UpstreamTarget> Parse(absl::string_view text);

  // A socket on its way to be connected, non-blocking; negative: errno. Not for a descriptor.
  int Connect() const;
  // Makes the descriptor ours: non-blocking, and closed in programs that we start. To be called
  // before anything else could have got its number. OK if there is no descriptor.
  absl::Status TakeDescriptor() const;
};

// The address at the other end of a socket, or with getsockname at this one; none if it has none.
upstream::Peer ToPeer(const host::Address& address, uint16_t port);
upstream::Peer PeerAt(int fd, int (*side)(int, sockaddr*, socklen_t*));

// A connection that was begun before there was a loop for it. Its client may be at any step.
struct BegunUpstream {
  int fd = -1;  // negative: none
  std::unique_ptr<upstream::Client> client;
};
// Speaks for `timeout_ms` at the most, or until the client is ready or closed. `fd` is connected.
BegunUpstream BeginUpstream(int fd, const upstream::Options& options,
                            const upstream::Identity& identity, int timeout_ms);

// What the server offers, asked in a connection of its own. For the start, when no session waits
// yet: takes `timeout_ms` at the most. A PROXY header is sent if `options` say so, and tells of no
// client; XCLIENT and XFORWARD are not.
absl::StatusOr<upstream::Capabilities> ProbeUpstream(const UpstreamTarget& target,
                                                     upstream::Options options, int timeout_ms);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_UPSTREAM_TARGET_H_
