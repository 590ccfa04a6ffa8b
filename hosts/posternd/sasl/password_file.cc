// SPDX-License-Identifier: Apache-2.0
//
// Reading and asking the password file; see password_file.h.

#include "hosts/posternd/sasl/password_file.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hosts/common/files.h"

namespace postern {
namespace posternd {
namespace {

constexpr size_t kUnknownSaltOctets = 16;

}  // namespace

bool IsUserName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxUserNameOctets || name[0] == '#') return false;
  for (const char c : name) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet <= ' ' || octet == 0x7F || c == ':') return false;
  }
  return SaslPrep(name, /*stored=*/true).view() == name;
}

absl::StatusOr<std::shared_ptr<const PasswordFile>> PasswordFile::Load(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
    return host::FileError(path, "may be read or changed by others; run chmod o= on it");
  }
  absl::StatusOr<std::string> text = host::ReadFile(path);
  if (!text.ok()) return text.status();
  const Secret secret(*std::move(text));
  return Parse(secret.view(), path);
}

absl::StatusOr<std::shared_ptr<const PasswordFile>> PasswordFile::Parse(absl::string_view text,
                                                                        const std::string& path) {
  std::shared_ptr<PasswordFile> file(new PasswordFile());
  std::vector<std::string> names;
  std::string first_scram;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const auto fail = [&](absl::string_view sentence) {
      return host::FileError(absl::StrCat(path, ":", number), sentence);
    };
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) {
      return fail("is not NAME:SECRETS; posternd-passwd NAME writes such a line");
    }
    const absl::string_view name = line.substr(0, colon);
    if (!IsUserName(name)) {
      return fail(
          "begins with no user name: 1 to 255 octets, without spaces and in the form of SASLprep");
    }
    absl::StatusOr<Credential> credential = Credential::Parse(line.substr(colon + 1));
    if (!credential.ok()) {
      return fail(absl::StrCat(credential.status().message(),
                               "; posternd-passwd NAME writes a line with new ones"));
    }
    const bool has_scram = credential->scram().has_value();
    if (!file->users_.emplace(name, *std::move(credential)).second) {
      return fail(absl::StrCat("is the second of user ", name, "; take one of them out"));
    }
    names.emplace_back(name);
    if (!has_scram) continue;
    if (file->scram_users_++ == 0) first_scram = std::string(name);
  }
  // Now that the map moves nothing any more.
  for (const std::string& name : names) file->credentials_.push_back(&file->users_.at(name));
  if (!first_scram.empty()) file->any_scram_ = &*file->users_.at(first_scram).scram();
  if (!names.empty()) {
    file->guess_secret_ =
        Secret(file->users_.at(first_scram.empty() ? names[0] : first_scram).ToText());
  }
  return std::shared_ptr<const PasswordFile>(std::move(file));
}

std::array<unsigned char, 32> PasswordFile::Guess(absl::string_view name) const {
  std::array<unsigned char, 32> octets = {};
  // The text of a credential is a key for nothing else.
  HMAC(EVP_sha256(), guess_secret_.view().data(), static_cast<int>(guess_secret_.view().size()),
       reinterpret_cast<const unsigned char*>(name.data()), name.size(), octets.data(), nullptr);
  return octets;
}

bool PasswordFile::Verify(absl::string_view name, const Secret& password) const {
  const auto found = users_.find(name);
  // Made for known names as well, so that it costs both the same.
  const std::array<unsigned char, 32> guess = Guess(name);
  if (found != users_.end()) return found->second.Verify(password);
  if (!credentials_.empty()) {
    uint64_t number = 0;
    std::memcpy(&number, guess.data() + guess.size() - sizeof(number), sizeof(number));
    static_cast<void>(credentials_[number % credentials_.size()]->Verify(password));
  }
  return false;
}

const ScramKeys* PasswordFile::FindScram(absl::string_view name) const {
  const auto found = users_.find(name);
  if (found == users_.end() || !found->second.scram().has_value()) return nullptr;
  return &*found->second.scram();
}

void PasswordFile::MakeUnknownScram(absl::string_view name, ScramKeys* keys) const {
  const std::array<unsigned char, 32> guess = Guess(name);
  // As long as the salts that others have.
  size_t salt_octets = any_scram_ != nullptr ? any_scram_->salt.size() : kUnknownSaltOctets;
  if (salt_octets > guess.size()) salt_octets = guess.size();
  keys->salt.assign(reinterpret_cast<const char*>(guess.data()), salt_octets);
  keys->iterations = any_scram_ != nullptr ? any_scram_->iterations : kDefaultScramIterations;
  for (Secret* key : {&keys->stored_key, &keys->server_key}) {
    unsigned char octets[kScramKeyOctets] = {};
    RAND_bytes(octets, sizeof(octets));
    *key = Secret(absl::string_view(reinterpret_cast<char*>(octets), sizeof(octets)));
    WipeOctets(octets, sizeof(octets));
  }
}

}  // namespace posternd
}  // namespace postern
