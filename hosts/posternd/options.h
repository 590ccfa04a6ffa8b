// SPDX-License-Identifier: Apache-2.0
//
// What posternd is told: flags, and the configuration file that flags override. Every mistake
// becomes one sentence that names the place and the mend.
//
// It looks at no certificate, table, or directory: those who use them do.
//
// Threads: ParseArguments once, at the start; LoadOptions at any time (again on SIGHUP).
#ifndef POSTERN_HOSTS_POSTERND_OPTIONS_H_
#define POSTERN_HOSTS_POSTERND_OPTIONS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "hosts/common/network.h"
#include "hosts/common/text_proto.h"
#include "hosts/common/upstream/identity.h"
#include "hosts/posternd/log.h"
#include "hosts/posternd/sasl/jws.h"
#include "hosts/posternd/upstream_target.h"

namespace postern {
namespace posternd {

struct Arguments {
  bool help = false;
  bool version = false;
  // Names of the flags given; their values are in the flags themselves.
  std::set<std::string> given;
};

// Takes --name=value, --name value, --switch and --noswitch; list flags may be repeated.
absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& arguments);

struct Options {
  std::vector<host::Endpoint> listen;
  std::vector<host::Endpoint> listen_tls;
  // Where mail is submitted (RFC 6409), in the clear and with TLS (RFC 8314).
  std::vector<host::Endpoint> listen_submission;
  std::vector<host::Endpoint> listen_submissions;
  bool submission = false;    // engine.submission: everywhere
  bool require_auth = false;  // engine.require_auth
  std::vector<host::Network> proxy_networks;
  std::vector<host::Network> trusted_networks;
  std::string maildir;  // empty with discard or upstream
  bool discard = false;
  absl::optional<UpstreamTarget> upstream_target;
  upstream::IdentityMode upstream_identity = upstream::IdentityMode::kNone;
  uint32_t idle_upstreams = 0;
  uint32_t max_upstream_programs = 0;
  bool inetd = false;
  int ready_fd = -1;              // negative: nobody waits
  std::set<std::string> domains;  // lower case; empty: all
  std::string tls_cert;
  std::string tls_key;
  // Authentication; see docs/posternd.md.
  std::string password_file;
  std::string tls_client_ca;
  std::vector<std::string> auth_mechanisms;  // upper case; empty: all that can be served
  bool auth_without_tls = false;
  bool authenticated_header = false;
  uint32_t auth_failures_per_client = 0;  // 0: no limit
  uint32_t auth_failures_per_user = 0;    // 0: no limit
  std::string table;
  std::string plugin;
  std::string user;
  std::string server_name;
  uint32_t max_connections = 0;
  uint32_t max_connections_per_client = 0;
  uint32_t threads = 0;
  uint32_t delivery_threads = 0;
  uint32_t grace_seconds = 0;
  bool watch = false;
  Logger::Options log;
  std::string config_file;
  // Bearer tokens; empty keys: none are taken.
  std::vector<std::string> oauth_keys;
  std::string oauth_issuer;
  std::string oauth_audience;
  std::string oauth_user_claim;
  std::string oauth_scope;
  std::vector<JwsAlgorithm> oauth_algorithms;
  uint32_t oauth_leeway_seconds = 0;
  std::string oauth_openid_configuration;

  bool has_submission_listeners() const {
    return !listen_submission.empty() || !listen_submissions.empty();
  }
  bool has_auth() const {
    return !password_file.empty() || !tls_client_ca.empty() || !oauth_keys.empty();
  }

  // Serialized postern.v1.EngineConfig, server_name included; without auth_mechanisms, because each
  // connection is given its own.
  std::string engine_config;
};

absl::StatusOr<Options> LoadOptions(const Arguments& arguments,
                                    const host::TextProtoSchema& schema);

// The schema of configuration and tables that the program carries.
const host::TextProtoSchema& Schema();

std::string UsageText();

// Lower case of ASCII letters: how domains are compared (RFC 5321 section 2.4).
std::string AsciiLower(absl::string_view text);

// "example.org." is another spelling of "example.org" (RFC 1034 section 3.1); clients may use it
// where the engine's leniency lets them.
absl::string_view WithoutFinalDot(absl::string_view domain);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_OPTIONS_H_
