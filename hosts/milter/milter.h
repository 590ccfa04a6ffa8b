// SPDX-License-Identifier: Apache-2.0
//
// The milter of this process: libmilter's callbacks over sessions (session.h), replies set through
// it, start and stop. libmilter knows one filter a process, and so there is one Milter.
//
// libmilter (8.17) runs a pool of threads: callbacks of one session come one after the other, on
// any thread of it. It takes SIGHUP for an order to stop, from a thread of its own that waits for
// signals; that thread is kept asleep (milter.cc), and signals are the main thread's.
//
// It is not stopped by smfi_stop(): that waits for a lock which the listener, told to stop, takes
// away (ThreadSanitizer). Where no session is left, nothing is to be stopped, and the process ends.
//
// Threads and lifetime: Start, SetJudge and Refuse on the main thread. Lives until the process
// ends.
#ifndef POSTERN_HOSTS_MILTER_MILTER_H_
#define POSTERN_HOSTS_MILTER_MILTER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "hosts/milter/judge.h"
#include "hosts/milter/listener.h"
#include "hosts/milter/options.h"
#include "hosts/milter/session.h"
#include "hosts/posternd/log.h"

namespace postern {
namespace milter {

class Milter {
 public:
  Milter(Listener* listener, posternd::Logger* log, OnFailure on_failure)
      : listener_(listener), log_(log), on_failure_(on_failure) {}
  Milter(const Milter&) = delete;
  Milter& operator=(const Milter&) = delete;

  absl::Status Start(std::shared_ptr<const Judge> judge);
  // For connections of the MTA from now on.
  void SetJudge(std::shared_ptr<const Judge> judge);
  uint64_t sessions() const { return sessions_.load(); }
  // libmilter gave up by itself; SIGTERM was raised then.
  bool gave_up() const { return gave_up_.load(); }
  // No new connections.
  void Refuse() { listener_->Close(); }

  // For the callbacks.
  std::unique_ptr<Session> NewSession(std::string client);
  void EndSession(std::unique_ptr<Session> session) noexcept;
  posternd::Logger* log() const { return log_; }
  OnFailure on_failure() const { return on_failure_; }

 private:
  Listener* const listener_;
  posternd::Logger* const log_;
  const OnFailure on_failure_;
  std::mutex mutex_;
  std::shared_ptr<const Judge> judge_;
  std::atomic<uint64_t> next_id_{1};
  std::atomic<uint64_t> sessions_{0};
  std::atomic<bool> gave_up_{false};
};

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_MILTER_H_
