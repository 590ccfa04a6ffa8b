// SPDX-License-Identifier: Apache-2.0
//
// What is stored of one user's password: a hash by the system's crypt (yescrypt and whatever else
// crypt(5) calls fit for new passwords), the keys of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677), or
// both. Neither lets the password be read; with the hash alone there is no SCRAM.
//
// As text: secrets of one user stand behind each other with a space between, each in the form that
// is in use elsewhere:
//   $y$j9T$...                                        crypt(5)
//   SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY  base64, as RFC 5803 and PostgreSQL have it
//
// Threads: plain values; Verify takes a good part of a second where the hash is a crypt one: not
// for an event loop.
#ifndef POSTERN_HOSTS_POSTERND_SASL_CREDENTIAL_H_
#define POSTERN_HOSTS_POSTERND_SASL_CREDENTIAL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/posternd/sasl/secret.h"

namespace postern {
namespace posternd {

// RFC 7677 §4 wants 4096 at least.
inline constexpr uint32_t kMinScramIterations = 4096;
// More than that would let a password file stall a client, and us where PLAIN is checked by it.
inline constexpr uint32_t kMaxScramIterations = 10000000;
inline constexpr uint32_t kDefaultScramIterations = 65536;
inline constexpr size_t kScramKeyOctets = 32;

struct ScramKeys {
  uint32_t iterations = 0;
  std::string salt;
  Secret stored_key;  // kScramKeyOctets
  Secret server_key;  // kScramKeyOctets
};

// SASLprep (RFC 4013): the one form of a name or password, however it was typed. Empty if the text
// has none, or is empty. `stored` forbids code points that Unicode has not assigned yet, as the RFC
// wants it for what is kept (§2.5).
Secret SaslPrep(absl::string_view text, bool stored);

class Credential {
 public:
  // The text form. Errors are sentences without the secret.
  static absl::StatusOr<Credential> Parse(absl::string_view text);

  // New ones, of a password that SaslPrep takes.
  static absl::StatusOr<Credential> MakeCrypt(const Secret& password);
  static absl::StatusOr<Credential> MakeScram(const Secret& password, uint32_t iterations,
                                              absl::string_view salt);
  // The one with the secrets of both.
  static Credential Join(Credential crypt, Credential scram);

  std::string ToText() const;

  // `password` has gone through SaslPrep.
  bool Verify(const Secret& password) const;

  const std::optional<ScramKeys>& scram() const { return scram_; }
  bool has_crypt() const { return !crypt_.empty(); }

 private:
  Secret crypt_;
  std::optional<ScramKeys> scram_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_CREDENTIAL_H_
