// SPDX-License-Identifier: Apache-2.0
//
// What a gate offers its clients: what it is configured to, less what the server behind it lacks.
//
// Threads: any; pure functions.
#ifndef POSTERN_HOSTS_COMMON_OFFER_H_
#define POSTERN_HOSTS_COMMON_OFFER_H_

#include <string>

#include "hosts/common/upstream/capabilities.h"

namespace postern {
namespace host {

// The rest has no part in what is offered, and may differ from client to client.
upstream::Capabilities ThatMatter(const upstream::Capabilities& capabilities);

// `engine_config`, a serialized postern.v1.EngineConfig, without what `offered` lacks: a client is
// not to be offered what would have to be refused. SIZE stays, with the smaller of both limits.
std::string OfferOnly(const std::string& engine_config, const upstream::Capabilities& offered);

}  // namespace host
}  // namespace postern

#endif  // POSTERN_HOSTS_COMMON_OFFER_H_
