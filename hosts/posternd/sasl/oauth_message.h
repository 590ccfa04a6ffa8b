// SPDX-License-Identifier: Apache-2.0
//
// The messages of OAUTHBEARER (RFC 7628) and of XOAUTH2, its forerunner as Google published it.
//
// What it is: readers of the client's first message, and the writer of the server's error.
// What it is not: a judge of tokens.
//
// Threads: pure functions.
#ifndef POSTERN_HOSTS_POSTERND_SASL_OAUTH_MESSAGE_H_
#define POSTERN_HOSTS_POSTERND_SASL_OAUTH_MESSAGE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "hosts/posternd/sasl/secret.h"

namespace postern {
namespace posternd {

struct OauthMessage {
  std::string user;   // whom the client wants to be; may be empty in OAUTHBEARER
  std::string host;   // where the client thinks it is; empty: not said
  uint16_t port = 0;  // the same; 0: not said
  Secret token;       // b64token of RFC 6750 §2.1; empty: the client asks what is wanted (§4.3)
};

// False: no such message. Unknown keys are skipped (RFC 7628 §3.1), a key that comes twice is an
// error, and so is any scheme but Bearer: it is the only one OAUTHBEARER has.
bool ParseOauthBearer(absl::string_view message, OauthMessage* out);
bool ParseXoauth2(absl::string_view message, OauthMessage* out);

// The texts are the operator's; empty ones are left out.
struct OauthError {
  std::string scope;
  std::string openid_configuration;
  bool insufficient_scope = false;  // the token is good, but not for this (RFC 6750 §3.1)
};
// RFC 7628 §3.2.2.
std::string OauthErrorJson(const OauthError& error);
// Google's form of it, which its clients look for: an HTTP status, and the scheme.
std::string Xoauth2ErrorJson(const OauthError& error);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_OAUTH_MESSAGE_H_
