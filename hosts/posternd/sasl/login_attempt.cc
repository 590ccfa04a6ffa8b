// SPDX-License-Identifier: Apache-2.0
//
// An AUTH and what it counts for; see login_attempt.h.

#include "hosts/posternd/sasl/login_attempt.h"

#include <utility>

namespace postern {
namespace posternd {
namespace {

LoginOutcome OutcomeOf(SaslFailure failure) {
  switch (failure) {
    case SaslFailure::kUnknownMechanism:
      return LoginOutcome::kUnknown;
    case SaslFailure::kNotEncrypted:
      return LoginOutcome::kNeedsTls;
    case SaslFailure::kMalformed:
      return LoginOutcome::kMalformed;
    case SaslFailure::kBadCredentials:
      return LoginOutcome::kRefused;
    case SaslFailure::kNone:
    case SaslFailure::kTemporary:
      break;
  }
  return LoginOutcome::kTemporary;
}

}  // namespace

const char* LoginOutcomeName(LoginOutcome outcome) {
  switch (outcome) {
    case LoginOutcome::kChallenge:
      return "challenge";
    case LoginOutcome::kAccepted:
      return "accepted";
    case LoginOutcome::kRefused:
      return "refused";
    case LoginOutcome::kMalformed:
      return "malformed";
    case LoginOutcome::kUnknown:
      return "unknown mechanism";
    case LoginOutcome::kNeedsTls:
      return "needs tls";
    case LoginOutcome::kTemporary:
      return "temporary failure";
    case LoginOutcome::kLimited:
      return "limited";
  }
  return "unknown";
}

bool LoginAttempt::Start(absl::string_view mechanism, const SaslConnection& connection,
                         uint64_t now_ms, LoginStep* refused) {
  if (!limiter_->MayTry(client_, now_ms)) {
    refused->outcome = LoginOutcome::kLimited;
    return false;
  }
  SaslFailure failure = SaslFailure::kNone;
  exchange_ = server_->Start(mechanism, connection, &failure);
  if (exchange_ != nullptr) return true;
  refused->outcome = OutcomeOf(failure);
  return false;
}

LoginStep LoginAttempt::Step(bool has_response, absl::string_view response, uint64_t now_ms) {
  if (refusal_.has_value()) {
    exchange_->Step(response);
    return *refusal_;
  }
  LoginStep result;
  // Once more: many exchanges may have begun side by side, and each costs a guess only here. The
  // user's limit as well where the user is known: SCRAM proves that a password was right before the
  // exchange is over.
  if (!limiter_->MayTry(client_, now_ms) ||
      !limiter_->MayTryUser(client_, exchange_->Claimed(), now_ms)) {
    result.user = std::string(exchange_->Claimed());
    result.outcome = LoginOutcome::kLimited;
    return result;
  }
  SaslStep step = begun_ ? exchange_->Step(response) : exchange_->Begin(has_response, response);
  begun_ = true;
  switch (step.kind) {
    case SaslStep::Kind::kChallenge:
      result.outcome = LoginOutcome::kChallenge;
      result.challenge = std::move(step.challenge);
      // Counted now: the client might never answer.
      if (step.refused && !limiter_->AddFailure(client_, step.claimed, now_ms)) {
        result = LoginStep();
        result.user = std::move(step.claimed);
        result.outcome = LoginOutcome::kLimited;
      } else if (step.refused) {
        refusal_.emplace();
        refusal_->outcome = LoginOutcome::kRefused;
        refusal_->user = std::move(step.claimed);
        refusal_->why = std::move(step.why);
      }
      break;
    case SaslStep::Kind::kSuccess:
      result.user = std::move(step.identity);
      result.outcome = limiter_->AddSuccess(client_, result.user, now_ms) ? LoginOutcome::kAccepted
                                                                          : LoginOutcome::kLimited;
      break;
    case SaslStep::Kind::kFailure:
      result.user = std::move(step.claimed);
      result.outcome = OutcomeOf(step.failure);
      if (result.outcome == LoginOutcome::kRefused &&
          !limiter_->AddFailure(client_, result.user, now_ms)) {
        result.outcome = LoginOutcome::kLimited;
      }
      break;
  }
  return result;
}

}  // namespace posternd
}  // namespace postern
