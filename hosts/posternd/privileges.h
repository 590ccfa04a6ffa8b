// SPDX-License-Identifier: Apache-2.0
//
// Giving up root: groups, group and user, for good.
//
// Threads: before any other thread is started.
#ifndef POSTERN_HOSTS_POSTERND_PRIVILEGES_H_
#define POSTERN_HOSTS_POSTERND_PRIVILEGES_H_

#include <string>

#include "absl/status/status.h"

namespace postern {
namespace posternd {

// Becomes `user` and makes sure that there is no way back.
absl::Status BecomeUser(const std::string& user);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_PRIVILEGES_H_
