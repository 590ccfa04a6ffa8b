// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/upstream_offer.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/proto/engine_config.pb.h"
#include "hosts/common/offer.h"

namespace postern {
namespace posternd {

absl::Status UpstreamOffer::Start(const std::string& engine_config, int timeout_ms) {
  return Begin(engine_config, ProbeUpstream(target_, options_, &programs_, timeout_ms));
}

absl::Status UpstreamOffer::StartWith(const std::string& engine_config,
                                      const upstream::Identity& identity, int timeout_ms) {
  absl::StatusOr<BegunUpstream> begun =
      BeginUpstream(target_, options_, identity, &programs_, timeout_ms);
  if (!begun.ok()) return Begin(engine_config, begun.status());
  const upstream::Client& client = *begun->client;
  absl::StatusOr<upstream::Capabilities> asked = client.capabilities();
  if (!client.ready()) {
    asked = absl::UnavailableError(client.closed()
                                       ? std::string(upstream::FailureName(client.failure()))
                                       : "it does not answer in time");
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    begun_ = *std::move(begun);
  }
  return Begin(engine_config, asked);
}

BegunUpstream UpstreamOffer::TakeBegun() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(begun_, BegunUpstream());
}

absl::Status UpstreamOffer::Begin(const std::string& engine_config,
                                  const absl::StatusOr<upstream::Capabilities>& asked) {
  if (!asked.ok()) {
    log_->Warning(absl::StrCat("upstream ", target_.name, ": ", asked.status().message(),
                               "; mail is deferred until it answers, and what hangs on it is "
                               "not offered before"));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  engine_config_ = engine_config;
  if (asked.ok()) offered_ = host::ThatMatter(*asked);
  return PutIntoForce();
}

absl::Status UpstreamOffer::Rebase(const std::string& engine_config) {
  std::lock_guard<std::mutex> lock(mutex_);
  engine_config_ = engine_config;
  return PutIntoForce();
}

void UpstreamOffer::Observe(const upstream::Capabilities& capabilities) {
  const upstream::Capabilities seen = host::ThatMatter(capabilities);
  std::lock_guard<std::mutex> lock(mutex_);
  if (seen == offered_) return;
  offered_ = seen;
  const absl::Status status = PutIntoForce();
  if (!status.ok()) log_->Error(absl::StrCat("upstream ", target_.name, ": ", status.message()));
}

absl::Status UpstreamOffer::PutIntoForce() {
  std::string config = host::OfferOnly(engine_config_, offered_);
  // AUTH is our own affair: passwords are checked here, and the server is told who logged in.
  postern::v1::EngineConfig given;
  postern::v1::EngineConfig offer;
  if (given.ParseFromString(engine_config_) && offer.ParseFromString(config)) {
    offer.mutable_extensions()->set_auth(given.extensions().auth());
    // Of clients that logged in here, to a server that is told who they are: it wants AUTH before
    // BURL, and the user of the URL to be that one (RFC 4468 sections 3.1 and 3.3).
    const bool burl = options_.identity == upstream::IdentityMode::kXclient &&
                      given.extensions().auth() == postern::v1::SWITCH_ON &&
                      offered_.Has(upstream::kBurl) && offered_.Has(upstream::kEightBitMime);
    if (burl) offer.mutable_extensions()->set_burl(given.extensions().burl());
    config = offer.SerializeAsString();
  }
  return host::SetConfig(*plugin_, engine_, config);
}

}  // namespace posternd
}  // namespace postern
