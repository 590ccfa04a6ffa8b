// SPDX-License-Identifier: Apache-2.0
//
// Who may still guess: failures are counted for the client's network and for the user it names.
//
// The network's limit is looked at before anything is done, so a guess beyond it costs nothing. At
// the user's limit right and wrong passwords get one and the same answer, so that guessing from
// many networks gains nothing. Lest an attacker locks a user out that way, a network from which the
// user got in lately is not held to the user's limit.
//
// Threads: any. Memory: FailureLimiter::kMaxKeys of each kind.
#ifndef POSTERN_HOSTS_POSTERND_SASL_LOGIN_LIMITER_H_
#define POSTERN_HOSTS_POSTERND_SASL_LOGIN_LIMITER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "hosts/common/network.h"
#include "hosts/posternd/sasl/failure_limiter.h"

namespace postern {
namespace posternd {

struct LoginLimits {
  FailureLimits client;
  // Higher, since a user has several programs with an old password, and since only networks that
  // are new to the user are held to it.
  FailureLimits user = {100, 600000};
};

class LoginLimiter {
 public:
  // How long a network stays known to a user who got in from there.
  static constexpr uint64_t kKnownMs = uint64_t{30} * 24 * 3600 * 1000;

  explicit LoginLimiter(const LoginLimits& limits)
      : clients_(limits.client), users_(limits.user), known_({1, kKnownMs}) {}

  bool MayTry(const host::Address& client, uint64_t now_ms);
  // `user` as SASLprep gives it; empty: not said.
  bool MayTryUser(const host::Address& client, absl::string_view user, uint64_t now_ms);
  // What came of a try. False: it must not show, because of too many guesses at this user before.
  bool AddFailure(const host::Address& client, absl::string_view user, uint64_t now_ms);
  bool AddSuccess(const host::Address& client, absl::string_view user, uint64_t now_ms);

 private:
  FailureLimiter clients_;
  FailureLimiter users_;
  // A limit of one, used to remember: who has to wait is known.
  FailureLimiter known_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_LOGIN_LIMITER_H_
