// SPDX-License-Identifier: Apache-2.0
//
// Mechanisms without crypto of their own, and the choice among all; see sasl.h.

#include "hosts/posternd/sasl/sasl.h"

#include <gsasl.h>

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace postern {
namespace posternd {
namespace {

// More than any message of these mechanisms needs; tokens are the longest.
constexpr size_t kMaxMessageOctets = 12288;
constexpr size_t kMaxClaimedOctets = 255;

enum class Needs { kPasswords, kScram, kScramPlus, kCertificate, kTokens };

struct Mechanism {
  absl::string_view name;
  Needs needs;
  bool plaintext;  // what it sends could be used by whoever reads it
};

// Strongest first.
constexpr Mechanism kMechanisms[] = {
    {"SCRAM-SHA-256-PLUS", Needs::kScramPlus, false},
    {"SCRAM-SHA-256", Needs::kScram, false},
    {"EXTERNAL", Needs::kCertificate, false},
    {"OAUTHBEARER", Needs::kTokens, true},
    {"XOAUTH2", Needs::kTokens, true},
    {"PLAIN", Needs::kPasswords, true},
    {"LOGIN", Needs::kPasswords, true},
};

// RFC 4616.
class PlainExchange : public SaslExchange {
 public:
  explicit PlainExchange(const SaslServer& server) : SaslExchange(server) {}
  bool IsSlow() const override { return true; }

 protected:
  SaslStep OnMessage(absl::string_view message) override {
    // [authzid] NUL authcid NUL passwd
    const size_t first = message.find('\0');
    const size_t second = first == absl::string_view::npos ? first : message.find('\0', first + 1);
    if (second == absl::string_view::npos) return Failure(SaslFailure::kMalformed);
    const absl::string_view authzid = message.substr(0, first);
    const absl::string_view name = message.substr(first + 1, second - first - 1);
    const absl::string_view password = message.substr(second + 1);
    if (name.empty() || password.empty() || password.find('\0') != absl::string_view::npos) {
      return Failure(SaslFailure::kMalformed, name);
    }
    return CheckPassword(authzid, name, password);
  }
};

// Has no standard; as everybody does it: two questions, whose text clients ignore but some want to
// see. An initial response answers the first one.
class LoginExchange : public SaslExchange {
 public:
  explicit LoginExchange(const SaslServer& server) : SaslExchange(server) {}
  bool IsSlow() const override { return has_name_; }

 protected:
  SaslStep OnBegin() override { return Challenge("Username:"); }
  SaslStep OnMessage(absl::string_view message) override {
    if (message.empty() || message.find('\0') != absl::string_view::npos) {
      return Failure(SaslFailure::kMalformed, name_);
    }
    if (!has_name_) {
      has_name_ = true;
      name_ = std::string(message);
      return Challenge("Password:");
    }
    return CheckPassword("", name_, message);
  }

 private:
  bool has_name_ = false;
  std::string name_;
};

// RFC 4422 appendix A: the identity is in the client's certificate, and the message says whom the
// client wants to be, if anybody else.
class ExternalExchange : public SaslExchange {
 public:
  ExternalExchange(const SaslServer& server, std::string identity)
      : SaslExchange(server), identity_(std::move(identity)) {}

 protected:
  SaslStep OnMessage(absl::string_view message) override {
    if (message.find('\0') != absl::string_view::npos) return Failure(SaslFailure::kMalformed);
    if (!message.empty() && SaslPrep(message, /*stored=*/false).view() != identity_) {
      return Failure(SaslFailure::kBadCredentials, message);
    }
    return Success(identity_);
  }

 private:
  const std::string identity_;
};

// RFC 7628, and XOAUTH2. What the client says of host and port is not looked at (§3.2): by which
// name and port clients reach this server, through proxies and the like, is not configured
// anywhere, and a bearer token says by its audience for whom it is.
class OauthExchange : public SaslExchange {
 public:
  OauthExchange(const SaslServer& server, bool xoauth2) : SaslExchange(server), xoauth2_(xoauth2) {}
  bool IsSlow() const override { return !refused_; }

 protected:
  SaslStep OnMessage(absl::string_view message) override {
    // The answer to our error: ^A (RFC 7628 §3.2.3), or nothing in XOAUTH2. Whatever it is, this is
    // the end.
    if (refused_) return Failure(SaslFailure::kBadCredentials, user_);
    OauthMessage parsed;
    const bool good =
        xoauth2_ ? ParseXoauth2(message, &parsed) : ParseOauthBearer(message, &parsed);
    if (!good) return Failure(SaslFailure::kMalformed);
    // As tokens name users and failures are counted.
    user_ = std::string(SaslPrep(parsed.user, /*stored=*/false).view());
    const bool named = !parsed.user.empty();
    TokenFinding finding;
    if (parsed.token.empty()) {
      finding.why = "no token";  // RFC 7628 §4.3: asks what is wanted
    } else {
      finding = tokens().Check(parsed.token.view());
    }
    if (finding.verdict == TokenVerdict::kTemporary) {
      return Failure(SaslFailure::kTemporary, user_);
    }
    // Nobody may act for somebody else here, and nobody's token is nobody's.
    if (finding.verdict == TokenVerdict::kValid &&
        (finding.identity.empty() || (named && user_ != finding.identity))) {
      finding.verdict = TokenVerdict::kInvalid;
      finding.why = finding.identity.empty() ? "names no user" : "the token is another user's";
    }
    if (finding.verdict == TokenVerdict::kValid) return Success(finding.identity);
    if (!named) user_ = finding.identity;
    if (named && user_.empty()) user_ = parsed.user;
    refused_ = true;
    OauthError error = options().oauth_error;
    error.insufficient_scope = finding.verdict == TokenVerdict::kInsufficientScope;
    SaslStep step = Challenge(xoauth2_ ? Xoauth2ErrorJson(error) : OauthErrorJson(error));
    step.refused = true;
    step.claimed = Failure(SaslFailure::kBadCredentials, user_).claimed;
    step.why = std::move(finding.why);
    return step;
  }

 private:
  const bool xoauth2_;
  bool refused_ = false;
  std::string user_;
};

}  // namespace

SaslStep SaslExchange::Challenge(absl::string_view text) {
  SaslStep step;
  step.kind = SaslStep::Kind::kChallenge;
  step.challenge = std::string(text);
  return step;
}

SaslStep SaslExchange::Success(absl::string_view identity) {
  SaslStep step;
  step.kind = SaslStep::Kind::kSuccess;
  step.identity = std::string(identity);
  return step;
}

SaslStep SaslExchange::Failure(SaslFailure failure, absl::string_view claimed) {
  SaslStep step;
  step.failure = failure;
  step.claimed = std::string(claimed.substr(0, kMaxClaimedOctets));
  return step;
}

SaslStep SaslExchange::CheckPassword(absl::string_view authzid, absl::string_view name,
                                     absl::string_view password) const {
  const Secret prepared_name = SaslPrep(name, /*stored=*/false);
  const Secret prepared_password = SaslPrep(password, /*stored=*/false);
  // A name that nobody can have is not told from one that nobody has (RFC 4954 §4 fails both).
  const bool good = users().Verify(prepared_name.view(), prepared_password);
  // Nobody may act for somebody else here. Looked at last, so that it tells nothing of passwords.
  const bool itself =
      authzid.empty() || SaslPrep(authzid, /*stored=*/false).view() == prepared_name.view();
  if (!good || !itself || prepared_name.empty()) {
    // In the one form, so that failures are counted for the user whatever way it was written.
    return Failure(SaslFailure::kBadCredentials,
                   prepared_name.empty() ? name : prepared_name.view());
  }
  return Success(prepared_name.view());
}

SaslStep SaslExchange::Done(SaslStep step) {
  done_ = step.kind != SaslStep::Kind::kChallenge;
  return step;
}

SaslStep SaslExchange::Begin(bool has_initial_response, absl::string_view initial_response) {
  if (has_initial_response) return Step(initial_response);
  if (done_) return Failure(SaslFailure::kMalformed);
  return Done(OnBegin());
}

SaslStep SaslExchange::Step(absl::string_view message) {
  if (done_ || message.size() > kMaxMessageOctets) {
    return Done(Failure(SaslFailure::kMalformed));
  }
  return Done(OnMessage(message));
}

std::unique_ptr<SaslServer> SaslServer::Create(SaslOptions options,
                                               std::shared_ptr<const PasswordFile> users,
                                               std::shared_ptr<const TokenChecker> tokens) {
  std::unique_ptr<SaslServer> server(new SaslServer());
  if (gsasl_init(&server->gsasl_) != GSASL_OK) return nullptr;
  SetScramCallback(server->gsasl_);
  server->options_ = std::move(options);
  server->users_ = std::move(users);
  server->tokens_ = std::move(tokens);
  return server;
}

SaslServer::~SaslServer() {
  if (gsasl_ != nullptr) gsasl_done(gsasl_);
}

bool SaslServer::Offers(absl::string_view name, const SaslConnection& connection,
                        bool* needs_tls) const {
  *needs_tls = false;
  const auto* const mechanism = std::find_if(std::begin(kMechanisms), std::end(kMechanisms),
                                             [name](const Mechanism& m) { return m.name == name; });
  if (mechanism == std::end(kMechanisms) ||
      (!options_.only.empty() && !absl::c_linear_search(options_.only, name))) {
    return false;
  }
  switch (mechanism->needs) {
    case Needs::kPasswords:
      if (users_ == nullptr || users_->users() == 0) return false;
      break;
    case Needs::kScramPlus:
      if (connection.tls_exporter.empty() && connection.tls_unique.empty()) return false;
      [[fallthrough]];
    case Needs::kScram:
      if (users_ == nullptr || !users_->has_scram()) return false;
      break;
    case Needs::kCertificate:
      if (connection.external_identity.empty()) return false;
      break;
    case Needs::kTokens:
      if (tokens_ == nullptr) return false;
      break;
  }
  *needs_tls = mechanism->plaintext && !connection.tls && !options_.plaintext_without_tls;
  return !*needs_tls;
}

std::vector<std::string> SaslServer::Mechanisms(const SaslConnection& connection) const {
  std::vector<std::string> names;
  bool needs_tls = false;
  for (const Mechanism& mechanism : kMechanisms) {
    if (Offers(mechanism.name, connection, &needs_tls)) names.emplace_back(mechanism.name);
  }
  return names;
}

std::unique_ptr<SaslExchange> SaslServer::Start(absl::string_view mechanism,
                                                const SaslConnection& connection,
                                                SaslFailure* failure) const {
  const std::string name = absl::AsciiStrToUpper(mechanism);
  bool needs_tls = false;
  if (!Offers(name, connection, &needs_tls)) {
    *failure = needs_tls ? SaslFailure::kNotEncrypted : SaslFailure::kUnknownMechanism;
    return nullptr;
  }
  *failure = SaslFailure::kNone;
  if (name == "PLAIN") return std::make_unique<PlainExchange>(*this);
  if (name == "LOGIN") return std::make_unique<LoginExchange>(*this);
  if (name == "EXTERNAL") {
    return std::make_unique<ExternalExchange>(*this, connection.external_identity);
  }
  if (name == "OAUTHBEARER" || name == "XOAUTH2") {
    return std::make_unique<OauthExchange>(*this, name == "XOAUTH2");
  }
  std::unique_ptr<SaslExchange> scram =
      MakeScramExchange(*this, name == "SCRAM-SHA-256-PLUS", connection);
  if (scram == nullptr) *failure = SaslFailure::kTemporary;
  return scram;
}

}  // namespace posternd
}  // namespace postern
