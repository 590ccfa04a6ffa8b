// SPDX-License-Identifier: Apache-2.0
//
// The time that a session is told, which stands still while the server behind takes no content:
// the host does not listen to the client then, and its silence must not be counted as the client's
// (limits.content_timeout_ms). How long the server may take is upstream::Timeouts' affair.
//
// Threads and lifetime: a plain value of one owner.
#ifndef POSTERN_HOSTS_COMMON_GATE_CLOCK_H_
#define POSTERN_HOSTS_COMMON_GATE_CLOCK_H_

#include <cstdint>

namespace postern::gate {

class SessionClock {
 public:
  // The session's time at `now` of the host's clock; the host asks at the begin of each entry.
  uint64_t At(uint64_t now) {
    if (stands_) behind_ += now - last_;
    last_ = now;
    return now - behind_;
  }
  // At the end of each entry: whether it stands until the next one.
  void Stand(bool stands) { stands_ = stands; }
  // When a deadline of the session is due by the host's clock; UINT64_MAX: none, as things stand.
  uint64_t Due(uint64_t deadline) const {
    return stands_ || deadline > UINT64_MAX - behind_ ? UINT64_MAX : deadline + behind_;
  }

 private:
  uint64_t last_ = 0;
  uint64_t behind_ = 0;
  bool stands_ = false;
};

}  // namespace postern::gate

#endif  // POSTERN_HOSTS_COMMON_GATE_CLOCK_H_
