// SPDX-License-Identifier: Apache-2.0
//
// Octets that are wiped before their memory goes back, and comparisons that take no less time the
// sooner they fail.
//
// Threads: plain values.
#ifndef POSTERN_HOSTS_POSTERND_SASL_SECRET_H_
#define POSTERN_HOSTS_POSTERND_SASL_SECRET_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace postern {
namespace posternd {

// A password, token or key. Not copied by accident; std::string's own copies are avoided because
// they would leave octets behind.
class Secret {
 public:
  Secret() = default;
  explicit Secret(absl::string_view octets) : octets_(octets.data(), octets.size()) {}
  // What is moved from may have kept the octets, in its short form.
  explicit Secret(std::string&& octets) : octets_(std::move(octets)) { Wipe(&octets); }
  Secret(Secret&& other) noexcept : octets_(std::move(other.octets_)) { Wipe(&other.octets_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    Wipe(&octets_);
    octets_ = std::move(other.octets_);
    Wipe(&other.octets_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { Wipe(&octets_); }

  absl::string_view view() const { return octets_; }
  const char* c_str() const { return octets_.c_str(); }
  bool empty() const { return octets_.empty(); }

 private:
  static void Wipe(std::string* octets);
  std::string octets_;
};

// Zeros that the compiler does not leave out.
void WipeOctets(void* octets, size_t size);

// The time depends on the lengths alone, which are no secret.
bool EqualSecrets(absl::string_view a, absl::string_view b);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_SECRET_H_
