// SPDX-License-Identifier: Apache-2.0
//
// The password file: who may log in.
//
// One user a line, NAME:SECRETS (credential.h); empty lines and lines that begin with "#" mean
// nothing. A name is in the form that SASLprep gives it and has no colon, space or control octet.
// posternd-passwd writes such lines.
//
// Threads: PasswordFile [immutable]; a reload makes another one, and exchanges go on with theirs.
#ifndef POSTERN_HOSTS_POSTERND_SASL_PASSWORD_FILE_H_
#define POSTERN_HOSTS_POSTERND_SASL_PASSWORD_FILE_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/posternd/sasl/credential.h"

namespace postern {
namespace posternd {

inline constexpr size_t kMaxUserNameOctets = 255;

// Whether a name may stand in the file as it is.
bool IsUserName(absl::string_view name);

class PasswordFile {
 public:
  // A file that others than its owner and group may read is refused. Errors name file, line, reason
  // and mend.
  static absl::StatusOr<std::shared_ptr<const PasswordFile>> Load(const std::string& path);
  // The same from text; `path` is for the errors.
  static absl::StatusOr<std::shared_ptr<const PasswordFile>> Parse(absl::string_view text,
                                                                   const std::string& path);

  // Name and password have gone through SaslPrep. An unknown name costs as much as a known one:
  // the password is then checked against the credential of a user that hangs on the name, for
  // nothing. So where users have hashes of different cost, names that nobody has differ in the same
  // way. Slow, as Credential::Verify.
  bool Verify(absl::string_view name, const Secret& password) const;

  // The keys of the user; null if there are none.
  const ScramKeys* FindScram(absl::string_view name) const;

  // For a user without keys: always the same salt and number of iterations, as if there were keys,
  // after a restart too. *keys has others each time, which no password fits.
  void MakeUnknownScram(absl::string_view name, ScramKeys* keys) const;

  size_t users() const { return users_.size(); }
  bool has_scram() const { return scram_users_ != 0; }

 private:
  PasswordFile() = default;
  // 256 bits of a name that only who knows the file can compute.
  std::array<unsigned char, 32> Guess(absl::string_view name) const;

  absl::flat_hash_map<std::string, Credential> users_;
  size_t scram_users_ = 0;
  // Of the secrets of the first user who has keys, or of the first: nothing that would have to be
  // kept elsewhere, and the same as long as that user has this password.
  Secret guess_secret_;
  // In the order of the file.
  std::vector<const Credential*> credentials_;
  const ScramKeys* any_scram_ = nullptr;  // the first
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_PASSWORD_FILE_H_
