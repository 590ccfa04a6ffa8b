// SPDX-License-Identifier: Apache-2.0
//
// SASL on the server's side (RFC 4422), as SMTP's AUTH wants it (RFC 4954): which mechanisms there
// are, and one exchange step by step.
//
// SCRAM's mechanics and crypto are GNU SASL's. PLAIN, LOGIN and EXTERNAL are read here: in them a
// password or a name lies as it is, and a library that does not wipe what it frees would leave
// passwords in memory. OAUTHBEARER and XOAUTH2, which the library does not have, are read in
// oauth_message.h; a TokenChecker (token_judge.h) judges the tokens.
//
// Messages are octets: base64, "=", "*" and line lengths are the engine's (engine/syntax/auth.h).
// A mechanism's last words to the client go out as one more challenge, which the client answers
// with nothing, because a success reply of SMTP carries no data (RFC 4954 §4).
//
// Threads: SaslServer [any thread]; SaslExchange: one owner at a time. A step that checks a
// password takes a good part of a second: it belongs into a thread that may wait
// (SaslExchange::IsSlow).
#ifndef POSTERN_HOSTS_POSTERND_SASL_SASL_H_
#define POSTERN_HOSTS_POSTERND_SASL_SASL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hosts/posternd/sasl/oauth_message.h"
#include "hosts/posternd/sasl/password_file.h"

struct Gsasl;
struct Gsasl_session;

namespace postern {
namespace posternd {

enum class TokenVerdict {
  kValid,
  kInvalid,
  kInsufficientScope,  // RFC 6750 §3.1: valid, but not for this
  kTemporary,          // whoever would know cannot be asked now
};

struct TokenFinding {
  TokenVerdict verdict = TokenVerdict::kInvalid;
  // Whose token it is, in the form of SASLprep; if it is not valid all the same if that is certain,
  // else empty.
  std::string identity;
  // Why it is not valid: a few words for the log, none of them the token's.
  std::string why;
};

// Judges OAuth tokens.
class TokenChecker {
 public:
  virtual ~TokenChecker() = default;
  // [any thread], may wait.
  virtual TokenFinding Check(absl::string_view token) const = 0;
};

// What the host knows of a connection when AUTH comes.
struct SaslConnection {
  bool tls = false;
  // Octets of tls-exporter (RFC 9266) or tls-unique (RFC 5929); empty: there are none, and no
  // mechanism with channel binding.
  std::string tls_exporter;
  std::string tls_unique;
  // Whom the client's certificate names, as the host reads it; empty: no EXTERNAL.
  std::string external_identity;
};

struct SaslOptions {
  // Mechanisms that hand over a password or a token as it is, without TLS: for a host whose
  // network is private (RFC 4954 §4: not the default).
  bool plaintext_without_tls = false;
  // Names, in upper case, of those that alone are to be offered; empty: all.
  std::vector<std::string> only;
  OauthError oauth_error;
};

enum class SaslFailure {
  kNone,
  kUnknownMechanism,  // 504 5.5.4: none of that name is offered on this connection
  kNotEncrypted,      // 538 5.7.11: it would be with TLS
  kMalformed,         // 501 5.5.2: no message of this mechanism, or one too many
  kBadCredentials,    // 535 5.7.8
  kTemporary,         // 454 4.7.0
};

struct SaslStep {
  enum class Kind { kChallenge, kSuccess, kFailure };
  Kind kind = Kind::kFailure;
  std::string challenge;  // kChallenge: for the client; may be empty
  std::string identity;   // kSuccess: who the client is
  SaslFailure failure = SaslFailure::kNone;
  // kFailure, or refused: whom it said to be, 255 octets at most, any of them; in the form of
  // SASLprep where it has one
  std::string claimed;
  // kChallenge: the client is refused already, and this is the mechanism's way to tell it so; what
  // comes is its leave, and kBadCredentials.
  bool refused = false;
  // Of a refusal: why, where the mechanism has more to say than that it is one; for the log.
  std::string why;
};

class SaslExchange;

class SaslServer {
 public:
  // `users` may be null: no mechanism with passwords. `tokens` may be null: none with tokens. Null
  // if GNU SASL cannot start.
  static std::unique_ptr<SaslServer> Create(SaslOptions options,
                                            std::shared_ptr<const PasswordFile> users,
                                            std::shared_ptr<const TokenChecker> tokens);
  ~SaslServer();
  SaslServer(const SaslServer&) = delete;
  SaslServer& operator=(const SaslServer&) = delete;

  // What is offered on this connection, strongest first: the words behind AUTH in the EHLO reply.
  std::vector<std::string> Mechanisms(const SaslConnection& connection) const;

  // Begins an exchange, to be gone on with by Step. `mechanism` in any case. Null and *failure if
  // there is none of that name here. The server outlives the exchange.
  std::unique_ptr<SaslExchange> Start(absl::string_view mechanism, const SaslConnection& connection,
                                      SaslFailure* failure) const;

 private:
  friend class SaslExchange;
  SaslServer() = default;
  bool Offers(absl::string_view mechanism, const SaslConnection& connection, bool* needs_tls) const;

  SaslOptions options_;
  std::shared_ptr<const PasswordFile> users_;
  std::shared_ptr<const TokenChecker> tokens_;
  Gsasl* gsasl_ = nullptr;
};

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;
  SaslExchange(const SaslExchange&) = delete;
  SaslExchange& operator=(const SaslExchange&) = delete;

  // The first step: with the initial response of the client if there was one.
  SaslStep Begin(bool has_initial_response, absl::string_view initial_response);
  // Each further message of the client. After a success or failure every step is kMalformed.
  SaslStep Step(absl::string_view message);

  // Whether the next step may take long.
  virtual bool IsSlow() const { return false; }
  // Whom the client said to be in a message before; empty where that is not known.
  virtual absl::string_view Claimed() const { return ""; }

 protected:
  explicit SaslExchange(const SaslServer& server) : server_(server) {}
  // `begin`: no message was there yet.
  virtual SaslStep OnBegin() { return Challenge(""); }
  virtual SaslStep OnMessage(absl::string_view message) = 0;

  static SaslStep Challenge(absl::string_view text);
  static SaslStep Success(absl::string_view identity);
  static SaslStep Failure(SaslFailure failure, absl::string_view claimed = "");

  // Parts of the server that mechanisms need.
  const PasswordFile& users() const { return *server_.users_; }
  const TokenChecker& tokens() const { return *server_.tokens_; }
  const SaslOptions& options() const { return server_.options_; }
  Gsasl* gsasl() const { return server_.gsasl_; }

  // Name and password as they came in.
  SaslStep CheckPassword(absl::string_view authzid, absl::string_view name,
                         absl::string_view password) const;

 private:
  SaslStep Done(SaslStep step);
  const SaslServer& server_;
  bool done_ = false;
};

// scram_exchange.cc: what the library asks goes there, and an exchange; null if there is no memory.
void SetScramCallback(Gsasl* gsasl);
std::unique_ptr<SaslExchange> MakeScramExchange(const SaslServer& server, bool plus,
                                                const SaslConnection& connection);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_SASL_H_
