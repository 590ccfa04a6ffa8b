// SPDX-License-Identifier: Apache-2.0
//
// An engine made of --config and --table, for trace and bench.
//
// Threads: the main thread.
#ifndef POSTERN_TOOLS_POSTERNCTL_GROUND_H_
#define POSTERN_TOOLS_POSTERNCTL_GROUND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "engine/session/session.h"

namespace postern {
namespace ctl {

// A configuration of posternd brings its table where --table is not given; its server name, or
// --server_name.
absl::StatusOr<std::shared_ptr<const session::Ground>> ReadGround();

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_GROUND_H_
