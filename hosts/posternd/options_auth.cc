// SPDX-License-Identifier: Apache-2.0
//
// Flags and configuration of authentication: passwords, certificates, bearer tokens, and the limits
// of guessing; see options.h.

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hosts/posternd/options_parts.h"

using StringList = std::vector<std::string>;

ABSL_FLAG(std::string, tls_client_ca, "",
          "FILE  authorities, PEM, whose certificates let clients log in (AUTH EXTERNAL)");
ABSL_FLAG(std::string, password_file, "",
          "FILE  who may log in, as posternd-passwd writes it; with it AUTH is offered under TLS");
ABSL_FLAG(bool, require_auth, false, "mail only from those who logged in (submission, RFC 6409)");
ABSL_FLAG(bool, auth_without_tls, false,
          "offer AUTH in the clear too; passwords can be read on the way");
ABSL_FLAG(bool, authenticated_header, false, "write into Received who logged in");
ABSL_FLAG(
    uint32_t, auth_failures_per_client, 0,
    "N  failed logins until an IPv4 address or IPv6 /64 has to wait; 0: no limit (default 10)");
ABSL_FLAG(uint32_t, auth_failures_per_user, 0,
          "N  failed logins until a user can come from known networks only; 0: no limit "
          "(default 100)");
ABSL_FLAG(
    StringList, oauth_keys, {},
    "FILE,...  the token issuer's public keys, PEM or a JSON Web Key Set; with them OAUTHBEARER "
    "and XOAUTH2 are offered under TLS");
ABSL_FLAG(std::string, oauth_issuer, "", "TEXT  \"iss\" of the tokens that are taken");
ABSL_FLAG(std::string, oauth_audience, "", "TEXT  what must be in their \"aud\": this server");
ABSL_FLAG(std::string, oauth_user_claim, "", "NAME  the claim that names the user (default email)");
ABSL_FLAG(std::string, oauth_scope, "", "TEXT  a scope that tokens must have (default: none)");
ABSL_FLAG(StringList, oauth_algorithms, {},
          "NAME,...  signatures that count (default RS256,PS256,ES256,EdDSA)");
ABSL_FLAG(uint32_t, oauth_leeway_seconds, 0,
          "N  how far the issuer's clock may differ from ours (default 30)");
ABSL_FLAG(std::string, oauth_openid_configuration, "",
          "URL  where clients learn how to get a token, told with each refusal (RFC 7628)");

namespace postern {
namespace posternd {
namespace {

// What posternd serves of AUTH.
constexpr const char* kMechanisms[] = {
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "EXTERNAL", "OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN"};

constexpr JwsAlgorithm kDefaultAlgorithms[] = {JwsAlgorithm::kRs256, JwsAlgorithm::kPs256,
                                               JwsAlgorithm::kEs256, JwsAlgorithm::kEdDsa};
// Who needs more has a clock that should be set.
constexpr uint32_t kMaxLeewaySeconds = 600;

// RFC 6749 §3.3: what a scope is made of; a list of them has spaces too.
bool IsScope(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

// What bearer tokens are judged by.
absl::Status LoadOauth(const Arguments& arguments, const v1::PosterndConfig& file,
                       Options* options) {
  const auto text = [&](const char* name, const absl::Flag<std::string>& flag,
                        const std::string& field, const std::string& otherwise) {
    return Choose<std::string>(arguments, name, flag, field, otherwise);
  };
  const auto list = [&](const char* name, const absl::Flag<StringList>& flag,
                        const google::protobuf::RepeatedPtrField<std::string>& field) {
    return Choose(arguments, name, flag, ToList(field), StringList());
  };
  const auto fail = [&](const char* name, absl::string_view sentence) {
    return absl::InvalidArgumentError(
        absl::StrCat(arguments.given.count(name) != 0 || options->config_file.empty()
                         ? absl::StrCat("--", name)
                         : absl::StrCat(options->config_file, ": ", name),
                     ": ", sentence));
  };
  for (std::string& path : list("oauth_keys", FLAGS_oauth_keys, file.oauth_keys())) {
    if (!path.empty()) options->oauth_keys.push_back(std::move(path));
  }
  options->oauth_issuer = text("oauth_issuer", FLAGS_oauth_issuer, file.oauth_issuer(), "");
  options->oauth_audience = text("oauth_audience", FLAGS_oauth_audience, file.oauth_audience(), "");
  options->oauth_user_claim =
      text("oauth_user_claim", FLAGS_oauth_user_claim, file.oauth_user_claim(), "email");
  options->oauth_scope = text("oauth_scope", FLAGS_oauth_scope, file.oauth_scope(), "");
  options->oauth_openid_configuration =
      text("oauth_openid_configuration", FLAGS_oauth_openid_configuration,
           file.oauth_openid_configuration(), "");
  options->oauth_leeway_seconds =
      Choose(arguments, "oauth_leeway_seconds", FLAGS_oauth_leeway_seconds,
             file.oauth_leeway_seconds(), 30u);
  for (const std::string& name :
       list("oauth_algorithms", FLAGS_oauth_algorithms, file.oauth_algorithms())) {
    if (name.empty()) continue;
    const std::optional<JwsAlgorithm> algorithm = FindJwsAlgorithm(name);
    if (!algorithm.has_value()) {
      return fail("oauth_algorithms",
                  absl::StrCat("'", name, "' is not served; ", JwsAlgorithmNames(),
                               " are: signatures with a public key"));
    }
    options->oauth_algorithms.push_back(*algorithm);
  }
  if (options->oauth_algorithms.empty()) {
    options->oauth_algorithms.assign(std::begin(kDefaultAlgorithms), std::end(kDefaultAlgorithms));
  }
  if (options->oauth_leeway_seconds > kMaxLeewaySeconds) {
    return fail("oauth_leeway_seconds",
                absl::StrCat(options->oauth_leeway_seconds, " seconds are too many; ",
                             kMaxLeewaySeconds, " are the most"));
  }
  if (!IsScope(options->oauth_scope)) {
    return fail("oauth_scope", "is one word of ASCII, without spaces, quotes and backslashes");
  }
  const std::string& url = options->oauth_openid_configuration;
  if (!url.empty() && (!absl::StartsWith(url, "https://") || !IsScope(url))) {
    return fail("oauth_openid_configuration", "is not a URL with https (RFC 7628 section 3.2.2)");
  }
  const bool has_keys = !options->oauth_keys.empty();
  for (const auto& [name, value, what] :
       {std::tuple("oauth_issuer", &options->oauth_issuer, "whose tokens are meant"),
        std::tuple("oauth_audience", &options->oauth_audience,
                   "which of the issuer's tokens are for this server")}) {
    if (has_keys && value->empty()) {
      return fail(name, absl::StrCat("is missing; it says ", what));
    }
    if (!has_keys && !value->empty()) {
      return fail(name, "serves nothing without the issuer's keys; give --oauth_keys=FILE");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadAuth(const Arguments& arguments, v1::PosterndConfig* file, Options* options) {
  postern::v1::EngineConfig* const engine = file->mutable_engine();
  const auto place = [&](const char* flag, const char* field) {
    return arguments.given.count(flag) != 0 ? absl::StrCat("--", flag)
                                            : absl::StrCat(options->config_file, ": ", field);
  };
  options->password_file = Choose<std::string>(arguments, "password_file", FLAGS_password_file,
                                               file->password_file(), "");
  options->tls_client_ca = Choose<std::string>(arguments, "tls_client_ca", FLAGS_tls_client_ca,
                                               file->tls_client_ca(), "");
  options->authenticated_header =
      Choose(arguments, "authenticated_header", FLAGS_authenticated_header,
             file->authenticated_header(), false);
  options->auth_failures_per_client =
      Choose(arguments, "auth_failures_per_client", FLAGS_auth_failures_per_client,
             file->auth_failures_per_client(), 10u);
  options->auth_failures_per_user =
      Choose(arguments, "auth_failures_per_user", FLAGS_auth_failures_per_user,
             file->auth_failures_per_user(), 100u);
  engine->set_auth_without_tls(Choose(arguments, "auth_without_tls", FLAGS_auth_without_tls,
                                      engine->auth_without_tls(), false));
  engine->set_require_auth(
      Choose(arguments, "require_auth", FLAGS_require_auth, engine->require_auth(), false));
  options->auth_without_tls = engine->auth_without_tls();
  options->submission = engine->submission();
  options->require_auth = engine->require_auth();
  const absl::Status oauth = LoadOauth(arguments, *file, options);
  if (!oauth.ok()) return oauth;

  for (const std::string& name : engine->auth_mechanisms()) {
    const std::string upper = absl::AsciiStrToUpper(name);
    if (std::find(std::begin(kMechanisms), std::end(kMechanisms), upper) == std::end(kMechanisms)) {
      return absl::InvalidArgumentError(
          absl::StrCat(options->config_file, ": engine.auth_mechanisms: '", name,
                       "' is not served; ", absl::StrJoin(kMechanisms, ", "), " are"));
    }
    options->auth_mechanisms.push_back(upper);
  }
  engine->clear_auth_mechanisms();

  const postern::v1::Switch given = engine->extensions().auth();
  if (!options->tls_client_ca.empty() && options->tls_cert.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(place("tls_client_ca", "tls_client_ca"),
                     ": clients show certificates under TLS only; give --tls_cert=FILE and "
                     "--tls_key=FILE"));
  }
  if (!options->has_auth()) {
    std::string why;
    if (engine->require_auth()) {
      why = place("require_auth", "engine.require_auth");
    } else if (options->has_submission_listeners()) {
      const char* const which =
          options->listen_submission.empty() ? "listen_submissions" : "listen_submission";
      why = place(which, which);
    } else if (engine->submission()) {
      why = absl::StrCat(options->config_file, ": engine.submission");
    } else if (given == postern::v1::SWITCH_ON) {
      why = absl::StrCat(options->config_file, ": engine.extensions.auth");
    }
    if (why.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        why, ": nobody could log in; give --password_file=FILE, or --oauth_keys=FILE"));
  }
  if (options->tls_cert.empty() && !options->auth_without_tls) {
    const char* const name = options->password_file.empty() ? "oauth_keys" : "password_file";
    return absl::InvalidArgumentError(
        absl::StrCat(place(name, name),
                     ": nobody could log in, as that takes TLS; give --tls_cert=FILE and "
                     "--tls_key=FILE, or for a test --auth_without_tls"));
  }
  if (given == postern::v1::SWITCH_OFF && options->has_submission_listeners()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options->config_file,
                     ": engine.extensions.auth is off, so nobody could log in where mail is "
                     "submitted; take it out"));
  }
  if (given == postern::v1::SWITCH_DEFAULT)
    engine->mutable_extensions()->set_auth(postern::v1::SWITCH_ON);
  return absl::OkStatus();
}

}  // namespace posternd
}  // namespace postern
