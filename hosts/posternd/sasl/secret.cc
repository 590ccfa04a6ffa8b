// SPDX-License-Identifier: Apache-2.0
//
// Wiping and comparing, by OpenSSL; see secret.h.

#include "hosts/posternd/sasl/secret.h"

#include <openssl/crypto.h>

namespace postern {
namespace posternd {

void Secret::Wipe(std::string* octets) {
  // All of what the string has room for: it may have been longer.
  octets->resize(octets->capacity());
  OPENSSL_cleanse(&(*octets)[0], octets->size());
  octets->clear();
}

void WipeOctets(void* octets, size_t size) { OPENSSL_cleanse(octets, size); }

bool EqualSecrets(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace posternd
}  // namespace postern
