// SPDX-License-Identifier: Apache-2.0
//
// Worker threads; see delivery_pool.h.

#include "hosts/posternd/delivery_pool.h"

#include <utility>

namespace postern {
namespace posternd {

DeliveryPool::DeliveryPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back(&DeliveryPool::Run, this);
}

DeliveryPool::~DeliveryPool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void DeliveryPool::Submit(std::function<void()> job) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void DeliveryPool::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace posternd
}  // namespace postern
