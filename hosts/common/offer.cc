// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/offer.h"

#include <algorithm>
#include <cstdint>

#include "engine/proto/engine_config.pb.h"

namespace postern {
namespace host {
namespace {

// The engine's own default (docs/defaults.md), and the least that it takes.
constexpr uint64_t kDefaultMessageOctets = 52428800;
constexpr uint64_t kLeastMessageOctets = 65536;

}  // namespace

upstream::Capabilities ThatMatter(const upstream::Capabilities& capabilities) {
  upstream::Capabilities matter;
  matter.extensions =
      capabilities.extensions &
      (upstream::kEightBitMime | upstream::kSmtpUtf8 | upstream::kChunking | upstream::kBinaryMime |
       upstream::kEtrn | upstream::kBurl | upstream::kDsn | upstream::kDeliverBy |
       upstream::kMtPriority | upstream::kFutureRelease | upstream::kRequireTls);
  matter.size_limit = capabilities.size_limit;
  return matter;
}

std::string OfferOnly(const std::string& engine_config, const upstream::Capabilities& offered) {
  v1::EngineConfig config;
  // It came out of a message of this type.
  if (!config.ParseFromString(engine_config)) return engine_config;
  v1::Extensions* const extensions = config.mutable_extensions();
  if (!offered.Has(upstream::kEightBitMime)) {
    extensions->set_eightbitmime(v1::SWITCH_OFF);
    extensions->set_smtputf8(v1::SWITCH_OFF);
  }
  if (!offered.Has(upstream::kSmtpUtf8)) extensions->set_smtputf8(v1::SWITCH_OFF);
  // A message that came by BDAT goes on by BDAT alone as it is: DATA would give it a CR LF at its
  // end (RFC 5321 section 4.1.1.4), and cannot carry BINARYMIME (RFC 3030 section 3).
  if (!offered.Has(upstream::kChunking)) extensions->set_chunking(v1::SWITCH_OFF);
  if (!offered.Has(upstream::kChunking) || !offered.Has(upstream::kBinaryMime) ||
      !offered.Has(upstream::kEightBitMime)) {
    extensions->set_binarymime(v1::SWITCH_OFF);
  }
  // Parameters go on only to a server that has their extension. RRVS is none of those that go on.
  if (!offered.Has(upstream::kDsn)) extensions->set_dsn(v1::SWITCH_OFF);
  if (!offered.Has(upstream::kDeliverBy)) extensions->set_deliverby(v1::SWITCH_OFF);
  if (!offered.Has(upstream::kMtPriority)) extensions->set_mt_priority(v1::SWITCH_OFF);
  // It holds the message for the longest time of its own, and refuses what is beyond that.
  if (!offered.Has(upstream::kFutureRelease)) extensions->set_futurerelease(v1::SWITCH_OFF);
  if (!offered.Has(upstream::kRequireTls)) extensions->set_requiretls(v1::SWITCH_OFF);
  extensions->set_rrvs(v1::SWITCH_OFF);
  // The exchange of AUTH is with whoever checks passwords, and the gate hands on none of it.
  extensions->set_auth(v1::SWITCH_OFF);
  // Nor can it be turned round, and what needs AUTH goes with it.
  extensions->set_atrn(v1::SWITCH_OFF);
  extensions->set_burl(v1::SWITCH_OFF);
  if (!offered.Has(upstream::kEtrn)) extensions->set_etrn(v1::SWITCH_OFF);
  if (offered.size_limit != 0) {
    const uint64_t own = config.limits().message_octets();
    config.mutable_limits()->set_message_octets(std::max(
        kLeastMessageOctets, std::min(own == 0 ? kDefaultMessageOctets : own, offered.size_limit)));
  }
  return config.SerializeAsString();
}

}  // namespace host
}  // namespace postern
