// SPDX-License-Identifier: Apache-2.0
//
// One event loop: a thread, its listeners, its connections, one read buffer for them all, and one
// timer for all their deadlines. Idle connections hold no buffer.
//
// Threads: Post, SetPolicy, StopAccepting, NotifyAll, CloseAll, Quit, Now: any. The rest: the
// loop's thread, or before Start.
#ifndef POSTERN_HOSTS_POSTERND_LOOP_H_
#define POSTERN_HOSTS_POSTERND_LOOP_H_

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/uio.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "hosts/common/network.h"
#include "hosts/posternd/auth_service.h"
#include "hosts/posternd/delivery_pool.h"
#include "hosts/posternd/limits.h"
#include "hosts/posternd/log.h"
#include "hosts/posternd/maildir.h"
#include "hosts/posternd/sasl/sasl.h"
#include "hosts/posternd/timer_wheel.h"
#include "hosts/posternd/tls.h"
#include "hosts/posternd/upstream_offer.h"
#include "plugin_api/postern.h"

namespace postern {
namespace posternd {

class Connection;
class UpstreamLink;

// What a reload may change, for connections that come after it. [immutable]
struct Policy {
  std::set<std::string> domains;  // lower case; empty: all
  std::vector<host::Network> proxy_networks;
  std::vector<host::Network> trusted_networks;
  std::shared_ptr<const TlsContext> tls;   // null: no TLS
  std::shared_ptr<const SaslServer> sasl;  // null: no AUTH
  bool auth_without_tls = false;
  bool authenticated_header = false;
  std::string server_name;
  uint32_t max_connections = 0;
  uint32_t max_connections_per_client = 0;
};

// What all loops share; outlives them.
struct Shared {
  const postern_api* api = nullptr;
  postern_engine* engine = nullptr;
  Logger* log = nullptr;
  Maildir* maildir = nullptr;  // null: discard, or upstream
  DeliveryPool* pool = nullptr;
  UpstreamOffer* upstream = nullptr;  // null: no gate
  uint32_t idle_upstreams = 0;        // that a loop stores
  AuthService* auth = nullptr;        // never null once loops run
  // Called on a loop's thread when its last connection is gone; may be empty.
  std::function<void()> on_empty;
  ConnectionLimits limits;
};

class Loop {
 public:
  static constexpr size_t kReadOctets = 256 * 1024;

  // Fails where there are too few descriptors or too little memory.
  static absl::StatusOr<std::unique_ptr<Loop>> Create(int index, Shared* shared,
                                                      std::shared_ptr<const Policy> policy);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Takes over the listening socket.
  void AddListener(int fd, bool tls);
  // Takes over a connected socket.
  void AddConnection(int fd);
  void Start();

  // Runs `task` on the loop's thread, after what was posted before.
  void Post(std::function<void()> task);
  void SetPolicy(std::shared_ptr<const Policy> policy);
  // Whoever is connected by then is let in first: a connection that the kernel has taken already
  // gets its 421 from the session, like the others, and not a reset.
  void StopAccepting();
  void NotifyAll(uint32_t notice);
  void CloseAll();
  // Ends the thread and joins it. All connections must be gone.
  void Quit();

  // For connections.
  event_base* base() { return base_; }
  Shared* shared() { return shared_; }
  const std::shared_ptr<const Policy>& policy() const { return policy_; }
  uint8_t* buffer() { return buffer_.get(); }
  std::vector<iovec>* slices() { return &slices_; }
  uint64_t Now() const;
  void Schedule(TimerNode* node, uint64_t due_ms);
  void Cancel(TimerNode* node) { wheel_.Cancel(node); }
  void Link(Connection* connection);
  void Unlink(Connection* connection);
  void AddLink(UpstreamLink* link) { links_.insert(link); }
  void RemoveLink(UpstreamLink* link) { links_.erase(link); }
  // Connections to the server behind the gate that wait for their next client. False: no room.
  bool StoreIdle(UpstreamLink* link);
  void RemoveIdle(UpstreamLink* link);
  // One that can serve this client, the last stored first; null: none.
  UpstreamLink* TakeIdle(const upstream::Identity& identity);
  // Unique among all loops and, most likely, all runs.
  uint64_t NewId();

 private:
  struct Listener {
    Loop* loop;
    bool tls;
    event socket_event;
  };

  Loop(int index, Shared* shared, std::shared_ptr<const Policy> policy, event_base* base,
       int wake_fd);
  // Takes one connection. False: there is none, or none can be had now.
  bool Accept(const Listener& listener);
  static void OnAccept(int fd, short what, void* listener);
  static void OnWake(int fd, short what, void* loop);
  static void OnTimer(int fd, short what, void* loop);
  static void OnAcceptRetry(int fd, short what, void* loop);
  void ArmTimer();

  const int index_;
  Shared* const shared_;
  std::shared_ptr<const Policy> policy_;
  event_base* const base_;
  std::unique_ptr<uint8_t[]> buffer_;
  std::vector<iovec> slices_;
  TimerWheel wheel_;
  std::list<Listener> listeners_;
  event timer_;
  event accept_retry_;
  event wake_;
  const int wake_fd_;
  Connection* connections_ = nullptr;
  std::set<UpstreamLink*> links_;
  std::vector<UpstreamLink*> idle_;
  uint64_t next_id_ = 0;
  bool closing_ = false;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  std::thread thread_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_LOOP_H_
