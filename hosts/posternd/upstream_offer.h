// SPDX-License-Identifier: Apache-2.0
//
// What a gate offers its clients: what it is configured to, less what the server behind it lacks.
// The server is asked at the start; what it says later, in connections of clients, counts for
// sessions that begin after that.
//
// Threads: any.
#ifndef POSTERN_HOSTS_POSTERND_UPSTREAM_OFFER_H_
#define POSTERN_HOSTS_POSTERND_UPSTREAM_OFFER_H_

#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hosts/common/plugin.h"
#include "hosts/common/upstream/client.h"
#include "hosts/posternd/log.h"
#include "hosts/posternd/upstream_target.h"

namespace postern {
namespace posternd {

class UpstreamOffer {
 public:
  // Borrows `plugin`, `engine` and `log`.
  UpstreamOffer(UpstreamTarget target, const upstream::Options& options, uint32_t max_programs,
                const host::Plugin* plugin, postern_engine* engine, Logger* log)
      : target_(std::move(target)),
        options_(options),
        programs_(max_programs),
        plugin_(plugin),
        engine_(engine),
        log_(log) {}

  const UpstreamTarget& target() const { return target_; }
  const upstream::Options& options() const { return options_; }

  ProgramCount* programs() { return &programs_; }

  // Asks the server, and puts what it offers into force. Without an answer nothing is offered that
  // hangs on the server.
  absl::Status Start(const std::string& engine_config, int timeout_ms);
  // The same in the one connection that there is, or that the only client will use: it was begun,
  // and is kept for whoever takes it first.
  absl::Status StartWith(const std::string& engine_config, const upstream::Identity& identity,
                         int timeout_ms);
  BegunUpstream TakeBegun();
  // Another configuration; it was checked.
  absl::Status Rebase(const std::string& engine_config);
  void Observe(const upstream::Capabilities& capabilities);

 private:
  absl::Status Begin(const std::string& engine_config,
                     const absl::StatusOr<upstream::Capabilities>& asked);
  absl::Status PutIntoForce();  // with the mutex held

  const UpstreamTarget target_;
  const upstream::Options options_;
  ProgramCount programs_;
  const host::Plugin* const plugin_;
  postern_engine* const engine_;
  Logger* const log_;
  std::mutex mutex_;
  std::string engine_config_;
  upstream::Capabilities offered_;
  BegunUpstream begun_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_UPSTREAM_OFFER_H_
