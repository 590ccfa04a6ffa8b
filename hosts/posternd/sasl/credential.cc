// SPDX-License-Identifier: Apache-2.0
//
// Hashes by libcrypt, keys by OpenSSL, SASLprep by GNU SASL; see credential.h.

#include "hosts/posternd/sasl/credential.h"

#include <crypt.h>
#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace postern {
namespace posternd {
namespace {

constexpr absl::string_view kScramPrefix = "SCRAM-SHA-256$";
// RFC 5802 asks for none; shorter ones repeat.
constexpr size_t kMinSaltOctets = 8;

// The text of an error of OpenSSL's would say nothing that an operator can use.
absl::Status CryptoError() { return absl::InternalError("OpenSSL cannot derive keys"); }

// Base64 in its one form.
bool DecodeExactly(absl::string_view text, std::string* octets) {
  return absl::Base64Unescape(text, octets) && absl::Base64Escape(*octets) == text;
}

// HMAC-SHA-256, into a secret of kScramKeyOctets.
bool Hmac(absl::string_view key, absl::string_view text, unsigned char* out) {
  unsigned int size = 0;
  return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), out,
              &size) != nullptr &&
         size == kScramKeyOctets;
}

// RFC 5802 §3.
bool DeriveKeys(absl::string_view password, absl::string_view salt, uint32_t iterations,
                Secret* stored_key, Secret* server_key) {
  unsigned char salted[kScramKeyOctets] = {};
  unsigned char client[kScramKeyOctets] = {};
  unsigned char stored[kScramKeyOctets] = {};
  unsigned char server[kScramKeyOctets] = {};
  const absl::string_view salted_view(reinterpret_cast<char*>(salted), sizeof(salted));
  const bool good = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                                      reinterpret_cast<const unsigned char*>(salt.data()),
                                      static_cast<int>(salt.size()), static_cast<int>(iterations),
                                      EVP_sha256(), sizeof(salted), salted) == 1 &&
                    Hmac(salted_view, "Client Key", client) &&
                    Hmac(salted_view, "Server Key", server) &&
                    EVP_Digest(client, sizeof(client), stored, nullptr, EVP_sha256(), nullptr) == 1;
  if (good) {
    *stored_key = Secret(absl::string_view(reinterpret_cast<char*>(stored), sizeof(stored)));
    *server_key = Secret(absl::string_view(reinterpret_cast<char*>(server), sizeof(server)));
  }
  for (unsigned char* key : {salted, client, stored, server}) WipeOctets(key, kScramKeyOctets);
  return good;
}

// crypt_data holds the password and what is made of it.
struct CryptRoom {
  CryptRoom() : data(new crypt_data()) {}
  ~CryptRoom() { WipeOctets(data.get(), sizeof(crypt_data)); }
  std::unique_ptr<crypt_data> data;
};

// Empty if crypt cannot.
Secret Crypt(const Secret& password, const char* setting) {
  CryptRoom room;
  const char* hash =
      crypt_rn(password.c_str(), setting, room.data.get(), static_cast<int>(sizeof(crypt_data)));
  return hash == nullptr ? Secret() : Secret(absl::string_view(hash));
}

bool IsPrintableAscii(absl::string_view text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

Secret SaslPrep(absl::string_view text, bool stored) {
  // Printable ASCII is its own form (RFC 4013 §2). The library need not see it: it wipes nothing.
  if (IsPrintableAscii(text)) return Secret(text);
  if (text.find('\0') != absl::string_view::npos) return Secret();
  const Secret terminated(text);
  char* prepared = nullptr;
  const auto flags = static_cast<Gsasl_saslprep_flags>(stored ? 0 : GSASL_ALLOW_UNASSIGNED);
  if (gsasl_saslprep(terminated.c_str(), flags, &prepared, nullptr) != GSASL_OK) return Secret();
  Secret result{absl::string_view(prepared)};
  WipeOctets(prepared, std::strlen(prepared));
  gsasl_free(prepared);
  return result;
}

absl::StatusOr<Credential> Credential::Parse(absl::string_view text) {
  Credential result;
  for (const absl::string_view field : absl::StrSplit(text, ' ')) {
    if (!absl::StartsWith(field, kScramPrefix)) {
      if (result.has_crypt()) return absl::InvalidArgumentError("has two password hashes");
      Secret hash(field);
      if (field.empty() || field[0] != '$' || !IsPrintableAscii(field) ||
          crypt_checksalt(hash.c_str()) == CRYPT_SALT_INVALID) {
        return absl::InvalidArgumentError("has a password hash that crypt(5) does not know");
      }
      if (crypt_checksalt(hash.c_str()) != CRYPT_SALT_OK) {
        return absl::InvalidArgumentError(
            "has a password hash of a kind that is no longer safe (crypt(5))");
      }
      result.crypt_ = std::move(hash);
      continue;
    }
    if (result.scram_.has_value()) return absl::InvalidArgumentError("has two lots of SCRAM keys");
    // ITERATIONS:SALT$STOREDKEY:SERVERKEY
    const std::vector<absl::string_view> halves =
        absl::StrSplit(field.substr(kScramPrefix.size()), '$');
    ScramKeys keys;
    std::string stored;
    std::string server;
    bool good = halves.size() == 2;
    if (good) {
      const std::vector<absl::string_view> first = absl::StrSplit(halves[0], ':');
      const std::vector<absl::string_view> second = absl::StrSplit(halves[1], ':');
      good = first.size() == 2 && second.size() == 2 &&
             absl::SimpleAtoi(first[0], &keys.iterations) && DecodeExactly(first[1], &keys.salt) &&
             DecodeExactly(second[0], &stored) && DecodeExactly(second[1], &server) &&
             keys.salt.size() >= kMinSaltOctets && stored.size() == kScramKeyOctets &&
             server.size() == kScramKeyOctets;
    }
    keys.stored_key = Secret(std::move(stored));
    keys.server_key = Secret(std::move(server));
    if (!good) {
      return absl::InvalidArgumentError(
          "has SCRAM keys that are not SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY");
    }
    if (keys.iterations < kMinScramIterations || keys.iterations > kMaxScramIterations) {
      return absl::InvalidArgumentError(absl::StrCat("has SCRAM keys of ", keys.iterations,
                                                     " iterations; ", kMinScramIterations, " to ",
                                                     kMaxScramIterations, " may be"));
    }
    result.scram_ = std::move(keys);
  }
  return result;
}

absl::StatusOr<Credential> Credential::MakeCrypt(const Secret& password) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  // The method and cost the system prefers, with a salt by the kernel.
  if (crypt_gensalt_rn(nullptr, 0, nullptr, 0, setting, sizeof(setting)) == nullptr) {
    return absl::InternalError("crypt has no salt");
  }
  if (password.view().size() >= CRYPT_MAX_PASSPHRASE_SIZE) {
    return absl::InvalidArgumentError(
        absl::StrCat("the password is longer than ", CRYPT_MAX_PASSPHRASE_SIZE - 1, " octets"));
  }
  Credential result;
  result.crypt_ = Crypt(password, setting);
  if (!result.has_crypt()) return absl::InternalError("crypt cannot hash the password");
  return result;
}

absl::StatusOr<Credential> Credential::MakeScram(const Secret& password, uint32_t iterations,
                                                 absl::string_view salt) {
  ScramKeys keys;
  keys.iterations = iterations;
  keys.salt = std::string(salt);
  if (!DeriveKeys(password.view(), salt, iterations, &keys.stored_key, &keys.server_key)) {
    return CryptoError();
  }
  Credential result;
  result.scram_ = std::move(keys);
  return result;
}

Credential Credential::Join(Credential crypt, Credential scram) {
  crypt.scram_ = std::move(scram.scram_);
  return crypt;
}

std::string Credential::ToText() const {
  std::string text(crypt_.view());
  if (scram_.has_value()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", kScramPrefix, scram_->iterations, ":",
                    absl::Base64Escape(scram_->salt), "$",
                    absl::Base64Escape(scram_->stored_key.view()), ":",
                    absl::Base64Escape(scram_->server_key.view()));
  }
  return text;
}

bool Credential::Verify(const Secret& password) const {
  if (password.empty()) return false;
  if (has_crypt()) {
    const Secret hash = Crypt(password, crypt_.c_str());
    return !hash.empty() && EqualSecrets(hash.view(), crypt_.view());
  }
  if (!scram_.has_value()) return false;
  Secret stored_key;
  Secret server_key;
  return DeriveKeys(password.view(), scram_->salt, scram_->iterations, &stored_key, &server_key) &&
         EqualSecrets(stored_key.view(), scram_->stored_key.view());
}

}  // namespace posternd
}  // namespace postern
