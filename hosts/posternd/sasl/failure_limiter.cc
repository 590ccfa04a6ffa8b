// SPDX-License-Identifier: Apache-2.0
//
// Counting failures; see failure_limiter.h.

#include "hosts/posternd/sasl/failure_limiter.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {

FailureLimiter::Key FailureLimiter::KeyOf(const host::Address& client) {
  uint64_t prefix = 0;
  std::memcpy(&prefix, client.octets.data(), sizeof(prefix));
  return {prefix, static_cast<uint64_t>(client.family)};
}

FailureLimiter::Key FailureLimiter::KeyOf(absl::string_view name) {
  unsigned char hash[EVP_MAX_MD_SIZE] = {};
  EVP_Digest(name.data(), name.size(), hash, nullptr, EVP_sha256(), nullptr);
  Key key;
  std::memcpy(&key.first, hash, sizeof(key.first));
  std::memcpy(&key.second, hash + sizeof(key.first), sizeof(key.second));
  return key;
}

FailureLimiter::Key FailureLimiter::KeyOf(const host::Address& client, absl::string_view name) {
  const Key network = KeyOf(client);
  return KeyOf(absl::StrCat(network.first, " ", network.second, " ", name));
}

FailureLimiter::Shard& FailureLimiter::ShardOf(const Key& key) {
  // Neighbours are to be spread whichever octets they differ in.
  return shards_[(key.first * 0x9E3779B97F4A7C15) >> 60];
}

uint64_t FailureLimiter::WaitMs(const Key& key, uint64_t now_ms) {
  if (limits_.burst == 0) return 0;
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.empty_at_ms.find(key);
  if (found == shard.empty_at_ms.end()) return 0;
  const uint64_t empty_at = found->second;
  if (empty_at <= now_ms) {
    shard.empty_at_ms.erase(found);
    return 0;
  }
  // The level is (empty_at - now) / forget; below `burst` one may try.
  const uint64_t allowed = (limits_.burst - 1) * limits_.forget_ms;
  const uint64_t level = empty_at - now_ms;
  return level <= allowed ? 0 : level - allowed;
}

void FailureLimiter::AddFailure(const Key& key, uint64_t now_ms) {
  if (limits_.burst == 0) return;
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  if (shard.empty_at_ms.size() >= kMaxKeys / kShards && !shard.empty_at_ms.contains(key)) {
    MakeRoom(&shard, now_ms);
  }
  uint64_t& empty_at = shard.empty_at_ms[key];
  // Exchanges that ran side by side may go past the limit; the wait does not grow without bound.
  const uint64_t most = now_ms + limits_.burst * limits_.forget_ms;
  empty_at = std::min(std::max(empty_at, now_ms) + limits_.forget_ms, most);
}

void FailureLimiter::MakeRoom(Shard* shard, uint64_t now_ms) {
  auto lowest = shard->empty_at_ms.begin();
  for (auto it = shard->empty_at_ms.begin(); it != shard->empty_at_ms.end();) {
    if (it->second <= now_ms) {
      const bool was_lowest = it == lowest;
      shard->empty_at_ms.erase(it++);
      if (was_lowest) lowest = it;
      continue;
    }
    if (it->second < lowest->second) lowest = it;
    ++it;
  }
  if (shard->empty_at_ms.size() >= kMaxKeys / kShards) shard->empty_at_ms.erase(lowest);
}

size_t FailureLimiter::keys() {
  size_t count = 0;
  for (Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    count += shard.empty_at_ms.size();
  }
  return count;
}

}  // namespace posternd
}  // namespace postern
