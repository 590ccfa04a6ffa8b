// SPDX-License-Identifier: Apache-2.0
//
// The server that a gate stands before: how it is written in a flag, and how its socket is made.
//
//   smtp://192.0.2.1:25   lmtp://[2001:db8::1]:24   lmtp+unix:/run/lmtp   smtp+unix:/run/smtp
//
// Names are never resolved: mail does not wait for a DNS that is slow.
//
// Threads: any; a plain value.
#ifndef POSTERN_HOSTS_POSTERND_UPSTREAM_TARGET_H_
#define POSTERN_HOSTS_POSTERND_UPSTREAM_TARGET_H_

#include <cstdint>
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
  std::string path;  // of a Unix socket; empty: endpoint

  static absl::StatusOr<UpstreamTarget> Parse(absl::string_view text);

  // A socket on its way to be connected, non-blocking; negative: errno.
  int Connect() const;
};

// What the server offers, asked in a connection of its own. For the start, when no session waits
// yet: takes `timeout_ms` at the most. A PROXY header is sent if `options` say so, and tells of no
// client; XCLIENT and XFORWARD are not.
absl::StatusOr<upstream::Capabilities> ProbeUpstream(const UpstreamTarget& target,
                                                     upstream::Options options, int timeout_ms);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_UPSTREAM_TARGET_H_
