// SPDX-License-Identifier: Apache-2.0
//
// One connection to the server behind the gate: a socket and the client that speaks on it.
//
// It belongs to a Connection until that one parts with it; then it says goodbye by itself, waits a
// moment for the answer, and is gone. A program that was started for it has then seen the end of
// its input, and is given time to end by itself. Or it is stored in its loop, for the next client.
//
// Lifetime: owns itself. Gone when the socket is closed, its program has ended and no Connection
// holds it, or with its loop.
// Threads: its loop's.
#ifndef POSTERN_HOSTS_POSTERND_UPSTREAM_LINK_H_
#define POSTERN_HOSTS_POSTERND_UPSTREAM_LINK_H_

#include <event2/event_struct.h>

#include <cstdint>
#include <memory>

#include "hosts/common/upstream/client.h"
#include "hosts/posternd/upstream_target.h"

namespace postern {
namespace posternd {

class Connection;
class Loop;

class UpstreamLink {
 public:
  // Null if there is no socket to be had, nobody listens, or the program cannot be started.
  static UpstreamLink* Open(Loop* loop, const UpstreamTarget& target,
                            const upstream::Options& options, const upstream::Identity& identity,
                            Connection* owner);

  // One that was begun elsewhere; takes over its socket. Calls `owner` only from the loop.
  static UpstreamLink* Adopt(Loop* loop, BegunUpstream begun, Connection* owner);

  upstream::Client* client() { return client_.get(); }
  // The owner will not be called again. May be called from within the owner's call. A connection
  // that another client can use is kept for it for a while, where that is wanted.
  void Part();
  // For the loop's store of them: gives it a new owner, or ends it.
  bool CanServe(const upstream::Identity& identity) const { return client_->CanServe(identity); }
  void Reuse(Connection* owner);
  void EndIdle();
  // Sends what the client has to say, and looks at its deadlines. Calls nobody.
  void Flush();
  // At the end of the loop: closes it whatever it waits for.
  static void Destroy(UpstreamLink* link) { delete link; }

 private:
  UpstreamLink(Loop* loop, UpstreamSocket socket, std::unique_ptr<upstream::Client> client,
               Connection* owner);
  ~UpstreamLink();

  static void OnSocket(int fd, short what, void* link);
  static void OnTimer(int fd, short what, void* link);
  static void OnIdle(int fd, short what, void* link);
  static void OnProgramEnded(int fd, short what, void* link);
  static void OnProgramOverdue(int fd, short what, void* link);
  bool Read();
  bool FinishConnect();
  // Tells the owner, and ends this object if nobody needs it any more: the last act of every entry.
  void Settle();
  void Close();
  // Closes what is over, and ends this object where all of it is.
  void Finish();
  void WaitForProgram(uint64_t wait_ms);

  Loop* const loop_;
  int fd_;
  Connection* owner_;
  bool connected_ = false;
  bool writing_ = false;
  bool in_event_ = false;  // Settle() comes
  uint64_t deadline_ = upstream::Client::kNever;
  event read_event_;
  event write_event_;
  event timer_;
  event idle_;
  std::unique_ptr<RunningProgram> program_;  // null: none, or it has ended
  int next_signal_ = 0;                      // for a program that does not end; 0: it has time yet
  event program_ended_;
  event program_overdue_;
  const std::unique_ptr<upstream::Client> client_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_UPSTREAM_LINK_H_
