// SPDX-License-Identifier: Apache-2.0
//
// The public keys of whoever issues tokens, from files.
//
// A file is PEM (one or more of PUBLIC KEY, RSA PUBLIC KEY, CERTIFICATE, of which the key alone is
// taken) or JSON: a JWK or a set of them (RFC 7517), as issuers publish it. Of a set, keys that
// serve something else are left out (RFC 7517 §5): other types and curves, "use" or "key_ops"
// without verifying, and RSA keys of a size that is not served. A private or symmetric key is a
// mistake and refused: it is a secret, and has no business in this file.
//
// Threads: TokenKeys [immutable]; a reload makes others.
#ifndef POSTERN_HOSTS_POSTERND_SASL_TOKEN_KEYS_H_
#define POSTERN_HOSTS_POSTERND_SASL_TOKEN_KEYS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/posternd/sasl/jws.h"

namespace postern {
namespace posternd {

struct TokenKey {
  std::string id;                        // "kid"; empty: none
  std::optional<JwsAlgorithm> only_for;  // "alg": that one alone
  KeyPtr key;
};

class TokenKeys {
 public:
  // So that a token without "kid" costs little.
  static constexpr size_t kMaxKeys = 64;

  // All keys of all files. A file that others may write to is refused. Errors name the file, the
  // line or the key, the reason and the mend.
  static absl::StatusOr<std::shared_ptr<const TokenKeys>> Load(
      const std::vector<std::string>& paths);
  // The same from one text; `path` is for the errors.
  static absl::StatusOr<std::shared_ptr<const TokenKeys>> Parse(absl::string_view text,
                                                                const std::string& path);

  // Those that may have signed what names `id`: the ones of that id, else the ones without any. An
  // empty one names none: all of them.
  std::vector<const TokenKey*> Find(absl::string_view id) const;

  size_t size() const { return keys_.size(); }

 private:
  TokenKeys() = default;
  absl::Status Add(absl::string_view text, const std::string& path);
  absl::Status Add(TokenKey key, const std::string& place);
  absl::Status AddPem(absl::string_view text, const std::string& path);
  absl::Status AddJson(absl::string_view text, const std::string& path);

  std::vector<TokenKey> keys_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_TOKEN_KEYS_H_
