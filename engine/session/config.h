// SPDX-License-Identifier: Apache-2.0
//
// The configuration of an engine, checked: engine_config.proto with every default filled in.
//
// What it is: a plain value that sessions read. What it is not: a place for anything that changes
// while a session runs; a session keeps the configuration that it began with.
// Threads and lifetime: immutable once loaded. Loading allocates and returns absl::Status.

#ifndef POSTERN_ENGINE_SESSION_CONFIG_H_
#define POSTERN_ENGINE_SESSION_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/commands/parse.h"
#include "engine/wire/data_decoder.h"

namespace postern::session {

// docs/defaults.md lists these with their replies.
struct Limits {
  uint64_t message_octets = uint64_t{50} << 20;  // RFC 1870
  uint32_t recipients = 1000;                    // RFC 5321 §4.5.3.1.8 demands at least 100
  uint32_t errors = 20;                          // R6
  uint32_t commands_without_progress = 100;
  uint64_t line_total_octets = uint64_t{4} << 20;  // F5
  // §4.5.3.2, milliseconds.
  uint64_t command_timeout_ms = 300'000;
  uint64_t content_timeout_ms = 180'000;
  uint64_t decision_timeout_ms = 300'000;
  uint64_t content_decision_timeout_ms = 600'000;
  uint64_t session_timeout_ms = 0;  // none
  // RFC 9422; 0: none.
  uint32_t transactions = 0;
  uint32_t recipient_domains = 0;  // told, and the host's to count
  uint32_t auth_failures = 3;      // RFC 4954 §9 wants no less
  uint32_t auth_rounds = 10;       // challenges of one exchange
};

inline constexpr size_t kMaxBurlImapOctets = 200;
// Of extra_ehlo_keywords. With them the reply to EHLO stays below 8 KiB.
inline constexpr size_t kMaxExtraKeywords = 16;
inline constexpr size_t kMaxExtraKeywordOctets = 200;

struct Config {
  std::string server_name = "localhost";
  uint32_t enabled = 0;  // commands::Bit()s of the extensions turned on
  commands::Leniency leniency;
  Limits limits;
  wire::BareNewline bare_newline = wire::BareNewline::kReject;
  bool require_tls = false;
  bool offer_unknown_commands = false;
  std::string mt_priority_profile;
  uint32_t deliverby_min_s = 0;
  uint32_t hold_max_s = 2'592'000;  // RFC 4865; 30 days
  bool submission = false;          // RFC 6409, of all sessions
  bool offer_unknown_parameters = false;
  std::vector<std::string> extra_ehlo_keywords;  // whole lines, of extensions of the host's own
  bool require_auth = false;
  bool auth_without_tls = false;
  std::string burl_imap;  // behind BURL in the reply to EHLO
  std::string auth_line;  // "AUTH PLAIN LOGIN", as EHLO lists it; empty: no mechanism

  bool Enabled(commands::Extension extension) const {
    return (enabled & commands::Bit(extension)) != 0;
  }
};

// "AUTH" and a list of mechanisms, separated by single spaces, as the reply to EHLO has it. Empty
// where a name is none (RFC 4422 §3.1), stands there twice, or the line gets too long.
std::string MakeAuthLine(std::string_view mechanisms);
// Whether such a line has `name`, in any case (RFC 4954 §8).
bool FindMechanism(std::string_view auth_line, std::string_view name);

// Parses and checks a serialized postern.v1.EngineConfig; empty gives the defaults.
// InvalidArgumentError with one line per problem, each naming the field and the mend.
absl::StatusOr<Config> LoadConfig(std::string_view serialized);

}  // namespace postern::session

#endif  // POSTERN_ENGINE_SESSION_CONFIG_H_
