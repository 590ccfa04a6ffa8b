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
  const absl::StatusOr<upstream::Capabilities> probed =
      ProbeUpstream(target_, options_, timeout_ms);
  if (!probed.ok()) {
    log_->Warning(absl::StrCat("upstream ", target_.name, ": ", probed.status().message(),
                               "; mail is deferred until it answers, and what hangs on it is "
                               "not offered before"));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  engine_config_ = engine_config;
  if (probed.ok()) offered_ = host::ThatMatter(*probed);
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
    // Of clients that logged in here, to a server that lets the gate speak for them.
    const bool burl = given.extensions().auth() == postern::v1::SWITCH_ON &&
                      offered_.Has(upstream::kBurl) && offered_.Has(upstream::kEightBitMime);
    if (burl) offer.mutable_extensions()->set_burl(given.extensions().burl());
    config = offer.SerializeAsString();
  }
  return host::SetConfig(*plugin_, engine_, config);
}

}  // namespace posternd
}  // namespace postern
