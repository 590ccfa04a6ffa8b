// SPDX-License-Identifier: Apache-2.0
//
// One AUTH of one client, from the command to its end: the SASL exchange with the limits of
// guessing around it, in terms of what the client is told.
//
// Threads and lifetime: one owner at a time. Start on the event loop; Step may be handed to another
// thread with the whole object, and has to be where IsSlow says so. What it was made from may be
// replaced by a reload meanwhile: it keeps its own. The limiter outlives it.
#ifndef POSTERN_HOSTS_POSTERND_SASL_LOGIN_ATTEMPT_H_
#define POSTERN_HOSTS_POSTERND_SASL_LOGIN_ATTEMPT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "hosts/common/network.h"
#include "hosts/posternd/sasl/login_limiter.h"
#include "hosts/posternd/sasl/sasl.h"

namespace postern {
namespace posternd {

enum class LoginOutcome {
  kChallenge,
  kAccepted,   // 235
  kRefused,    // 535
  kMalformed,  // 501
  kUnknown,    // 504
  kNeedsTls,   // 538
  kTemporary,  // 454
  kLimited,    // 454: too many failures before
};

// "accepted", "refused", ...: for the log.
const char* LoginOutcomeName(LoginOutcome outcome);

struct LoginStep {
  LoginOutcome outcome = LoginOutcome::kTemporary;
  std::string challenge;
  // Who the client is, or, where it was not let in, says to be; any octets, empty if not known.
  std::string user;
  // Why it was not let in, where there is more to say; a few words for the log.
  std::string why;
};

class LoginAttempt {
 public:
  LoginAttempt(std::shared_ptr<const SaslServer> server, LoginLimiter* limiter,
               const host::Address& client)
      : server_(std::move(server)), limiter_(limiter), client_(client) {}
  LoginAttempt(const LoginAttempt&) = delete;
  LoginAttempt& operator=(const LoginAttempt&) = delete;

  // False: *refused is what the client is told, and there is nothing to be gone on with.
  bool Start(absl::string_view mechanism, const SaslConnection& connection, uint64_t now_ms,
             LoginStep* refused);
  // Whether the next step, with or without a message of the client, may take long.
  bool IsSlow(bool has_response) const { return has_response && exchange_->IsSlow(); }
  // The initial response or its lack, then each response. Not after anything but a challenge.
  LoginStep Step(bool has_response, absl::string_view response, uint64_t now_ms);
  // Not null once the client is refused, if only a challenge could say so (RFC 7628 §3.2.3): then
  // it was counted, and this is what came of the attempt, however the client takes its leave.
  const LoginStep* refusal() const { return refusal_.has_value() ? &*refusal_ : nullptr; }

 private:
  const std::shared_ptr<const SaslServer> server_;
  LoginLimiter* const limiter_;
  const host::Address client_;
  std::unique_ptr<SaslExchange> exchange_;
  bool begun_ = false;
  std::optional<LoginStep> refusal_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_LOGIN_ATTEMPT_H_
