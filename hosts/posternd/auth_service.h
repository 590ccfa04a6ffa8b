// SPDX-License-Identifier: Apache-2.0
//
// What all connections share of authentication: the limits of guessing, and the threads that check
// passwords. Those are not the threads of the deliveries, so that guessing slows down nobody's
// mail; they are few, because a check takes a processor (and with yescrypt some MiB) for as long as
// it lasts; and beyond kMaxWaiting nothing is taken, so that whoever waits is answered in time.
//
// Threads: any. The threads start with the first job: a server without logins has none.
#ifndef POSTERN_HOSTS_POSTERND_AUTH_SERVICE_H_
#define POSTERN_HOSTS_POSTERND_AUTH_SERVICE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "hosts/posternd/delivery_pool.h"
#include "hosts/posternd/sasl/login_limiter.h"

namespace postern {
namespace posternd {

class AuthService {
 public:
  // Half a minute's work for a thread where a check takes an eighth of a second.
  static constexpr int kMaxWaiting = 256;

  AuthService(const LoginLimits& limits, int threads) : limiter_(limits), threads_(threads) {}
  ~AuthService() { Finish(); }
  AuthService(const AuthService&) = delete;
  AuthService& operator=(const AuthService&) = delete;

  LoginLimiter* limiter() { return &limiter_; }

  // Runs `job` on one of the threads. False: too many wait already, or it is over; it is not run.
  bool Submit(std::function<void()> job);
  // Runs all that was taken, and takes nothing from then on. So the loops that jobs report to can
  // be ended after it, though they still may call Submit.
  void Finish();

 private:
  LoginLimiter limiter_;
  const int threads_;
  std::atomic<int> waiting_{0};
  std::mutex mutex_;
  bool finished_ = false;
  std::unique_ptr<DeliveryPool> pool_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_AUTH_SERVICE_H_
