// SPDX-License-Identifier: Apache-2.0
//
// What postern-milter is told by its flags. Every mistake becomes one sentence that names the place
// and the mend. Configuration and table of the engine are files of their own (judge.h).
//
// Threads: ParseArguments and MakeOptions once, at the start.
#ifndef POSTERN_HOSTS_MILTER_OPTIONS_H_
#define POSTERN_HOSTS_MILTER_OPTIONS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/common/network.h"
#include "hosts/milter/judge.h"
#include "hosts/posternd/log.h"

namespace postern {
namespace milter {

// Where the MTA finds us: a path, or an address and port.
struct SocketAddress {
  std::string path;  // empty: `endpoint`
  host::Endpoint endpoint;

  // "unix:PATH" (or local:), "inet:ADDR:PORT" as Postfix writes it, "inet:PORT@ADDR" as Sendmail
  // does, and the like with inet6.
  static absl::StatusOr<SocketAddress> Parse(absl::string_view text);
  // "unix:PATH", "inet:ADDR:PORT"
  std::string ToString() const;
};

// When the engine cannot tell.
enum class OnFailure { kTempfail, kAccept };

struct Options {
  bool help = false;
  bool version = false;
  bool check_config = false;
  SocketAddress socket;
  mode_t socket_mode = 0660;
  std::string socket_group;
  EngineFiles files;
  std::string plugin;
  std::string user;
  OnFailure on_failure = OnFailure::kTempfail;
  bool watch = false;
  uint32_t grace_seconds = 10;
  posternd::Logger::Options log;
};

absl::StatusOr<Options> MakeOptions(const std::vector<std::string>& arguments);

std::string UsageText();

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_OPTIONS_H_
