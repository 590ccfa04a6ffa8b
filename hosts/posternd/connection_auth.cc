// SPDX-License-Identifier: Apache-2.0
//
// The connection's authentication: what EHLO offers, and an AUTH from the event to the answer.
//
// A step that takes long goes to a thread of the AuthService with the whole exchange; the ticket
// stays open, so the session takes nothing meanwhile, and the loop serves the others. What of a
// response passes through here is wiped: the copy that goes with the step, the read buffer, and
// OpenSSL's.

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hosts/posternd/connection.h"

namespace postern {
namespace posternd {
namespace {

// ReplyIds of reply_table.proto.
constexpr uint32_t kAuthMechanismUnknown = 207;
constexpr uint32_t kAuthNeedsTls = 209;
constexpr uint32_t kAuthMalformed = 214;

absl::string_view ToView(const postern_bytes& bytes) {
  return absl::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

postern_bytes ToBytes(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// What a step that is no challenge and no success is answered with.
struct Refusal {
  int32_t verdict;
  uint32_t reply_id;  // 0: the verdict's own
};
Refusal RefusalFor(LoginOutcome outcome) {
  switch (outcome) {
    case LoginOutcome::kMalformed:
      return {POSTERN_VERDICT_REJECT, kAuthMalformed};
    case LoginOutcome::kUnknown:
      return {POSTERN_VERDICT_REJECT, kAuthMechanismUnknown};
    case LoginOutcome::kNeedsTls:
      return {POSTERN_VERDICT_REJECT, kAuthNeedsTls};
    case LoginOutcome::kTemporary:
    case LoginOutcome::kLimited:
      return {POSTERN_VERDICT_DEFER, 0};
    default:
      return {POSTERN_VERDICT_REJECT, 0};
  }
}

const char* EndReason(uint32_t reason) {
  switch (reason) {
    case POSTERN_AUTH_END_CANCELLED:
      return "cancelled";
    case POSTERN_AUTH_END_BAD_BASE64:
      return "bad base64";
    case POSTERN_AUTH_END_TOO_LONG:
      return "line too long";
    case POSTERN_AUTH_END_CLOSED:
      return "closed";
    case POSTERN_AUTH_END_ROUNDS:
      return "too many rounds";
    case POSTERN_AUTH_END_TIMEOUT:
      return "timeout";
    default:
      return "ended";
  }
}

}  // namespace

SaslConnection Connection::DescribeForSasl() const {
  SaslConnection connection;
  connection.tls = tls_ != nullptr;
  if (tls_ != nullptr) {
    connection.tls_exporter = tls_->ChannelExporter();
    connection.tls_unique = tls_->ChannelUnique();
    connection.external_identity =
        std::string(SaslPrep(tls_->ClientName(), /*stored=*/false).view());
  }
  return connection;
}

// Where there are addresses for submission, port 25 is for servers, which have no password here,
// and is no place to guess at them (RFC 8314 section 3.3).
bool Connection::OffersAuth() const {
  return policy_->sasl != nullptr && (submission_ || !policy_->auth_in_submission_alone);
}

void Connection::OnHelo(const postern_event_helo& event) {
  extended_ = (event.event.flags & POSTERN_HELO_EXTENDED) != 0;
  lmtp_ = (event.event.flags & POSTERN_HELO_LMTP) != 0;
  helo_ = std::string(ToView(event.name));
  if (!OffersAuth()) return Answer(event.event.ticket, POSTERN_VERDICT_ACCEPT);
  SaslConnection connection = DescribeForSasl();
  // In the clear the engine lists none of them unless it is told to; the list is there so that it
  // can say that TLS is what lacks.
  if (tls_ == nullptr && !policy_->auth_without_tls) connection.tls = true;
  const std::string mechanisms = absl::StrJoin(policy_->sasl->Mechanisms(connection), " ");
  if (tls_ != nullptr && user_.empty()) tls_->WipeWhatWasRead(true);
  postern_answer answer = {};
  answer.struct_size = sizeof(answer);
  answer.verdict = POSTERN_VERDICT_ACCEPT;
  answer.auth_mechanisms = ToBytes(mechanisms);
  const int32_t result = api().session_answer(session_, event.event.ticket, &answer);
  // A configuration that has AUTH switched off takes no list.
  if (result == POSTERN_E_REPLY) return Answer(event.event.ticket, POSTERN_VERDICT_ACCEPT);
  Note(result);
}

void Connection::OnAuth(const postern_event_auth& event) {
  const uint64_t ticket = event.event.ticket;
  const bool has_response = (event.event.flags & POSTERN_AUTH_HAS_RESPONSE) != 0;
  const uint64_t now = loop_->Now();
  if ((event.event.flags & POSTERN_AUTH_FIRST) != 0) {
    login_.reset();
    mechanism_ = std::string(ToView(event.mechanism));
    LoginStep refused;
    refused.outcome = LoginOutcome::kUnknown;
    if (policy_->sasl != nullptr) {
      login_ =
          std::make_unique<LoginAttempt>(policy_->sasl, loop_->shared()->auth->limiter(), client_);
      if (!login_->Start(mechanism_, DescribeForSasl(), now, &refused)) login_.reset();
    }
    if (login_ == nullptr) return AnswerAuth(ticket, nullptr, refused);
  }
  if (login_ == nullptr) return Answer(ticket, POSTERN_VERDICT_DEFER);
  if (!login_->IsSlow(has_response)) {
    const LoginStep step = login_->Step(has_response, ToView(event.response), now);
    return AnswerAuth(ticket, std::move(login_), step);
  }
  auto job = std::make_shared<AuthJob>();
  job->connection = this;
  job->ticket = ticket;
  job->attempt = std::move(login_);
  job->has_response = has_response;
  job->response = Secret(ToView(event.response));
  const bool taken = loop_->shared()->auth->Submit([job, loop = loop_] {
    if (!job->cancelled.load(std::memory_order_acquire)) {
      job->step = job->attempt->Step(job->has_response, job->response.view(), loop->Now());
    }
    job->response = Secret();
    loop->Post([job] { job->connection->OnAuthChecked(job); });
  });
  // Too many wait: that is nobody's password.
  if (!taken) return AnswerAuth(ticket, nullptr, LoginStep());
  auth_job_ = std::move(job);
  ++auth_jobs_;
}

void Connection::OnAuthChecked(const std::shared_ptr<AuthJob>& job) {
  --auth_jobs_;
  if (auth_job_ == job && phase_ != Phase::kClosed) {
    // The loop slept; the session is to know how long. Was it too long, then it ends the exchange.
    TickSession(loop_->Now());
    DrainEvents();
    if (auth_job_ == job) {
      auth_job_.reset();
      AnswerAuth(job->ticket, std::move(job->attempt), job->step);
    }
    DrainEvents();
    Advance();
    ProcessHeldInput();
  }
  Settle();
}

void Connection::AnswerAuth(uint64_t ticket, std::unique_ptr<LoginAttempt> attempt,
                            const LoginStep& step) {
  if (step.outcome == LoginOutcome::kChallenge) {
    login_ = std::move(attempt);
    postern_answer answer = {};
    answer.struct_size = sizeof(answer);
    answer.verdict = POSTERN_VERDICT_CHALLENGE;
    answer.challenge = ToBytes(step.challenge);
    return Note(api().session_answer(session_, ticket, &answer));
  }
  LogAuth(LoginOutcomeName(step.outcome), step.user, step.why);
  if (step.outcome != LoginOutcome::kAccepted) {
    ++errors_;
    const Refusal refusal = RefusalFor(step.outcome);
    return Answer(ticket, refusal.verdict, refusal.reply_id);
  }
  postern_answer answer = {};
  answer.struct_size = sizeof(answer);
  answer.verdict = POSTERN_VERDICT_ACCEPT;
  const int32_t result = api().session_answer(session_, ticket, &answer);
  Note(result);
  // Whom the session takes for nobody is nobody here.
  if (result < 0) return;
  user_ = step.user;
  if (tls_ != nullptr) tls_->WipeWhatWasRead(false);
  if (gate_ == nullptr) return;
  if (!gate_->identity()->login.Assign(user_)) gate_->identity()->login.Clear();
  // A connection that an earlier transaction was on was told of nobody.
  gate_->Abandon();
  SettleGate();
}

// The session ended the exchange without us.
void Connection::OnAuthEnd(const postern_event_auth_end& event) {
  const LoginStep* const refusal = login_ == nullptr ? nullptr : login_->refusal();
  if (refusal != nullptr) {
    LogAuth(LoginOutcomeName(refusal->outcome), refusal->user, refusal->why);
  } else {
    LogAuth(EndReason(event.reason), "", "");
  }
  CancelAuth();
}

void Connection::CancelAuth() {
  login_.reset();
  if (auth_job_ == nullptr) return;
  auth_job_->cancelled.store(true, std::memory_order_release);
  auth_job_.reset();
}

// The session began anew, for STARTTLS or for another client.
void Connection::ForgetLogin() {
  user_.clear();
  if (gate_ != nullptr) gate_->identity()->login.Clear();
}

void Connection::LogAuth(absl::string_view outcome, absl::string_view user, absl::string_view why) {
  const bool good = outcome == LoginOutcomeName(LoginOutcome::kAccepted);
  LogLine line(loop_->shared()->log, "auth", good ? LogColour::kGood : LogColour::kWarning);
  line.Add("id", absl::StrCat(absl::Hex(id_)))
      .Add("client", ClientName())
      .Add("mechanism", mechanism_.empty() ? "-" : mechanism_);
  if (!user.empty()) line.Add("user", user);
  line.Add("outcome", outcome);
  if (!why.empty()) line.Add("why", why);
  line.Write();
}

// Until somebody has logged in, any octet outside a transaction may be of a password, half a line
// of AUTH among them.
void Connection::WipeIfSecret(uint8_t* data, size_t size) {
  if (policy_->sasl != nullptr && user_.empty() && transaction_ == nullptr) WipeOctets(data, size);
}

}  // namespace posternd
}  // namespace postern
