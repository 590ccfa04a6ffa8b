// SPDX-License-Identifier: Apache-2.0
//
// How many connections there may be, in all and per client. A client is an IPv4 address or an IPv6
// /64 network: whoever has one address there mostly has them all.
//
// Threads: any.
#ifndef POSTERN_HOSTS_POSTERND_LIMITS_H_
#define POSTERN_HOSTS_POSTERND_LIMITS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "hosts/common/network.h"

namespace postern {
namespace posternd {

class ConnectionLimits {
 public:
  // Counts one connection. False: there were `max` of them already, and it is not counted.
  bool AddConnection(uint32_t max);
  void RemoveConnection();
  uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }

  // The same for one client.
  bool AddClient(const host::Address& client, uint32_t max);
  void RemoveClient(const host::Address& client);

 private:
  using Key = std::pair<uint64_t, uint64_t>;
  static Key KeyOf(const host::Address& client);

  struct Shard {
    std::mutex mutex;
    absl::flat_hash_map<Key, uint32_t> clients;
  };
  Shard& ShardOf(const Key& key) {
    return shards_[(key.first ^ (key.first >> 24)) % shards_.size()];
  }

  std::atomic<uint32_t> connections_{0};
  // Loops rarely wait for each other.
  std::array<Shard, 16> shards_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_LIMITS_H_
