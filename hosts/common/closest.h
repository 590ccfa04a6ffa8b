// SPDX-License-Identifier: Apache-2.0
//
// The known word that an unknown one was probably meant to be, for "did you mean".
//
// Threads: pure functions.
#ifndef POSTERN_HOSTS_COMMON_CLOSEST_H_
#define POSTERN_HOSTS_COMMON_CLOSEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace postern {
namespace host {

// The candidate with the fewest letters inserted, left out or exchanged; empty if none is near. Of
// equals the first.
std::string Closest(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace host
}  // namespace postern

#endif  // POSTERN_HOSTS_COMMON_CLOSEST_H_
