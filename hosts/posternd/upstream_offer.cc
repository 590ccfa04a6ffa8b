// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/upstream_offer.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

// The rest has no part in what is offered, and may differ from client to client.
upstream::Capabilities ThatMatter(const upstream::Capabilities& capabilities) {
  upstream::Capabilities matter;
  matter.extensions =
      capabilities.extensions &
      (upstream::kEightBitMime | upstream::kSmtpUtf8 | upstream::kChunking | upstream::kBinaryMime |
       upstream::kDsn | upstream::kDeliverBy | upstream::kMtPriority | upstream::kRequireTls);
  matter.size_limit = capabilities.size_limit;
  return matter;
}

}  // namespace

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
  if (probed.ok()) offered_ = ThatMatter(*probed);
  return PutIntoForce();
}

absl::Status UpstreamOffer::Rebase(const std::string& engine_config) {
  std::lock_guard<std::mutex> lock(mutex_);
  engine_config_ = engine_config;
  return PutIntoForce();
}

void UpstreamOffer::Observe(const upstream::Capabilities& capabilities) {
  const upstream::Capabilities seen = ThatMatter(capabilities);
  std::lock_guard<std::mutex> lock(mutex_);
  if (seen == offered_) return;
  offered_ = seen;
  const absl::Status status = PutIntoForce();
  if (!status.ok()) log_->Error(absl::StrCat("upstream ", target_.name, ": ", status.message()));
}

absl::Status UpstreamOffer::PutIntoForce() {
  return host::SetConfig(*plugin_, engine_, OfferOnly(engine_config_, offered_));
}

}  // namespace posternd
}  // namespace postern
