// SPDX-License-Identifier: Apache-2.0
//
// Connection counts; see limits.h.

#include "hosts/posternd/limits.h"

#include <string.h>
#include <sys/socket.h>

namespace postern {
namespace posternd {

bool ConnectionLimits::AddConnection(uint32_t max) {
  if (connections_.fetch_add(1, std::memory_order_relaxed) < max) return true;
  connections_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void ConnectionLimits::RemoveConnection() { connections_.fetch_sub(1, std::memory_order_relaxed); }

ConnectionLimits::Key ConnectionLimits::KeyOf(const host::Address& client) {
  uint64_t prefix;
  memcpy(&prefix, client.octets.data(), sizeof(prefix));
  return {prefix, static_cast<uint64_t>(client.family)};
}

bool ConnectionLimits::AddClient(const host::Address& client, uint32_t max) {
  const Key key = KeyOf(client);
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  uint32_t& count = shard.clients[key];
  if (count >= max) {
    if (count == 0) shard.clients.erase(key);
    return false;
  }
  ++count;
  return true;
}

void ConnectionLimits::RemoveClient(const host::Address& client) {
  const Key key = KeyOf(client);
  Shard& shard = ShardOf(key);
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.clients.find(key);
  if (found != shard.clients.end() && --found->second == 0) shard.clients.erase(found);
}

}  // namespace posternd
}  // namespace postern
