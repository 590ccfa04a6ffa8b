// SPDX-License-Identifier: Apache-2.0
//
// Failures by network and by user; see login_limiter.h.

#include "hosts/posternd/sasl/login_limiter.h"

namespace postern {
namespace posternd {

bool LoginLimiter::MayTry(const host::Address& client, uint64_t now_ms) {
  return clients_.WaitMs(FailureLimiter::KeyOf(client), now_ms) == 0;
}

bool LoginLimiter::MayTryUser(const host::Address& client, absl::string_view user,
                              uint64_t now_ms) {
  return user.empty() || users_.WaitMs(FailureLimiter::KeyOf(user), now_ms) == 0 ||
         known_.WaitMs(FailureLimiter::KeyOf(client, user), now_ms) != 0;
}

bool LoginLimiter::AddFailure(const host::Address& client, absl::string_view user,
                              uint64_t now_ms) {
  const bool shows = MayTryUser(client, user, now_ms);
  clients_.AddFailure(FailureLimiter::KeyOf(client), now_ms);
  if (!user.empty()) users_.AddFailure(FailureLimiter::KeyOf(user), now_ms);
  return shows;
}

bool LoginLimiter::AddSuccess(const host::Address& client, absl::string_view user,
                              uint64_t now_ms) {
  if (!MayTryUser(client, user, now_ms)) return false;
  known_.AddFailure(FailureLimiter::KeyOf(client, user), now_ms);
  return true;
}

}  // namespace posternd
}  // namespace postern
