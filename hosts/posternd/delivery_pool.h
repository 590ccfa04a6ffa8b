// SPDX-License-Identifier: Apache-2.0
//
// Threads for what blocks: fsync and rename of deliveries. Loops hand a job over and go on.
//
// Threads: Submit from any; jobs run on the pool's. Destruction first runs all that was submitted.
#ifndef POSTERN_HOSTS_POSTERND_DELIVERY_POOL_H_
#define POSTERN_HOSTS_POSTERND_DELIVERY_POOL_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace postern {
namespace posternd {

class DeliveryPool {
 public:
  explicit DeliveryPool(int threads);
  ~DeliveryPool();
  DeliveryPool(const DeliveryPool&) = delete;
  DeliveryPool& operator=(const DeliveryPool&) = delete;

  // Each session has at most one job here, so the queue is bounded by the connection limit.
  void Submit(std::function<void()> job);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_DELIVERY_POOL_H_
