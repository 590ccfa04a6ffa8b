// SPDX-License-Identifier: Apache-2.0
//
// The threads that check passwords; see auth_service.h.

#include "hosts/posternd/auth_service.h"

#include <utility>

namespace postern {
namespace posternd {

bool AuthService::Submit(std::function<void()> job) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (finished_ || waiting_.load(std::memory_order_relaxed) >= kMaxWaiting) return false;
  waiting_.fetch_add(1, std::memory_order_relaxed);
  if (pool_ == nullptr) pool_ = std::make_unique<DeliveryPool>(threads_);
  pool_->Submit([this, job = std::move(job)] {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    job();
  });
  return true;
}

void AuthService::Finish() {
  std::unique_ptr<DeliveryPool> pool;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finished_ = true;
    pool = std::move(pool_);
  }
}

}  // namespace posternd
}  // namespace postern
