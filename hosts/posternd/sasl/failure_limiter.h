// SPDX-License-Identifier: Apache-2.0
//
// How often somebody may fail to log in. Each failure raises the level of a key by one, and time
// lowers it steadily; at the limit it has to wait. A success lowers nothing: whoever has one
// account could else guess at all others for ever.
//
// A key stands for a client (an IPv4 address or an IPv6 /64 network, as in limits.h), for a user's
// name, or for both together. No clock is read: time is an argument, in milliseconds of any clock
// that does not go backwards.
//
// Memory is bounded: beyond kMaxKeys the one with the lowest level gives way, which lets an
// attacker with that many networks forget itself but never locks out who did not fail.
//
// Threads: any.
#ifndef POSTERN_HOSTS_POSTERND_SASL_FAILURE_LIMITER_H_
#define POSTERN_HOSTS_POSTERND_SASL_FAILURE_LIMITER_H_

#include <array>
#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "hosts/common/network.h"

namespace postern {
namespace posternd {

struct FailureLimits {
  // Failures in a row that are let pass; at least 3 (RFC 4954 §9 wants as many before a connection
  // is dropped). 0: no limit.
  uint32_t burst = 10;
  // In which time one failure is forgotten.
  uint64_t forget_ms = 60000;
};

class FailureLimiter {
 public:
  static constexpr size_t kMaxKeys = 65536;

  // 128 bits. Of a name they are of its SHA-256: nobody finds a name that shares the level of
  // another.
  using Key = std::pair<uint64_t, uint64_t>;
  static Key KeyOf(const host::Address& client);
  static Key KeyOf(absl::string_view name);
  static Key KeyOf(const host::Address& client, absl::string_view name);

  explicit FailureLimiter(const FailureLimits& limits) : limits_(limits) {}
  FailureLimiter(const FailureLimiter&) = delete;
  FailureLimiter& operator=(const FailureLimiter&) = delete;

  // Milliseconds until whom the key stands for may try again; 0: now.
  uint64_t WaitMs(const Key& key, uint64_t now_ms);
  void AddFailure(const Key& key, uint64_t now_ms);

  // Keys that are remembered; for tests and logs.
  size_t keys();

 private:
  struct Shard {
    std::mutex mutex;
    // When the level will be zero: one number that needs no ticking.
    absl::flat_hash_map<Key, uint64_t> empty_at_ms;
  };
  static constexpr size_t kShards = 16;
  Shard& ShardOf(const Key& key);
  static void MakeRoom(Shard* shard, uint64_t now_ms);

  const FailureLimits limits_;
  std::array<Shard, kShards> shards_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_FAILURE_LIMITER_H_
