// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/closest.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace postern {
namespace host {
namespace {

// Words of people are short; what is longer is no misspelling.
constexpr size_t kLongestWord = 64;

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Closest(absl::string_view word, const std::vector<std::string>& candidates) {
  const absl::string_view shown = word.substr(0, kLongestWord);
  // A third of the word may be wrong, and three letters at the most.
  size_t best = std::min<size_t>(3, (shown.size() + 2) / 3) + 1;
  std::string closest;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(shown, candidate);
    if (distance < best) {
      best = distance;
      closest = candidate;
    }
  }
  return closest;
}

}  // namespace host
}  // namespace postern
