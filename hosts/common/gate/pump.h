// SPDX-License-Identifier: Apache-2.0
//
// A session, its gate, and the loop that is always right (docs/programmers-guide.md): octets of the
// client and of the upstream server in, octets for both out.
//
// What it is: all that a host needs between two sockets, where it has nothing to add to what the
// gate decides. What it is not: an owner. Session, gate and upstream clients are the host's; it
// makes the connections, and asks gate()->wants_upstream() and TakeReleased() after each call.
//
// Threads and lifetime: the session's owner. Borrows all it is given.
#ifndef POSTERN_HOSTS_COMMON_GATE_PUMP_H_
#define POSTERN_HOSTS_COMMON_GATE_PUMP_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hosts/common/gate/clock.h"
#include "hosts/common/gate/gate.h"
#include "plugin_api/postern.h"

namespace postern::gate {

class Pump {
 public:
  Pump(const postern_api* api, postern_session* session, Gate* gate);
  virtual ~Pump() = default;
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // The first events, before the client has said anything.
  void Start();
  // Takes what can be taken now, and says how much; the rest is to be given again once more() is
  // true.
  size_t FromClient(std::string_view octets);
  // True if FromClient would take octets now.
  bool more() const;
  std::string_view ToClient();
  void ClientTook(size_t octets);
  void ClientGone();

  // After gate()->upstream() was fed, drained, ticked, connected or disconnected, and after Attach
  // or Unavailable.
  void UpstreamMoved();

  // The session's clock; upstream clients have their own. To be told first: an answer counts from
  // the time that the session knows.
  void Tick(uint64_t now_ms);
  uint64_t NextDeadline() const;

  // Send ToClient(), then close.
  bool closing() const { return dead_ || (flags_ & POSTERN_CLOSING) != 0; }
  bool start_tls() const { return (flags_ & POSTERN_START_TLS) != 0; }
  int32_t flags() const { return flags_; }
  Gate* gate() const { return gate_; }

 protected:
  // Every event, before it is handled: for hosts that keep a record.
  virtual void See(const postern_event& /*event*/) {}
  // An event that the gate leaves to the host. True if it was answered with Answer(); else a ticket
  // gets the default.
  virtual bool HandleOther(const postern_event& /*event*/) { return false; }
  void Answer(uint64_t ticket, int32_t verdict);
  void Note(int32_t result);

 private:
  void Drain();

  const postern_api* const api_;
  postern_session* const session_;
  Gate* const gate_;
  SessionClock clock_;
  int32_t flags_ = 0;
  bool dead_ = false;
};

}  // namespace postern::gate

#endif  // POSTERN_HOSTS_COMMON_GATE_PUMP_H_
