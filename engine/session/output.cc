// SPDX-License-Identifier: Apache-2.0

#include "engine/session/output.h"

#include <cstring>

namespace postern::session {

Output::~Output() { Free(); }

void Output::Free() {
  if (heap_ == nullptr) return;
  memory_->deallocate(memory_->user, heap_, heap_size_);
  heap_ = nullptr;
  heap_size_ = 0;
}

bool Output::Reserve(size_t octets) {
  if (room() >= octets) return true;
  const size_t held = size();
  if (begin_ > 0 && capacity() - held >= octets) {
    std::memmove(buffer(), buffer() + begin_, held);
    begin_ = 0;
    end_ = static_cast<uint32_t>(held);
    return true;
  }
  const size_t wanted = held + octets;
  char* const block = static_cast<char*>(memory_->allocate(memory_->user, wanted));
  if (block == nullptr) return false;
  std::memcpy(block, buffer() + begin_, held);
  Free();
  heap_ = block;
  heap_size_ = static_cast<uint32_t>(wanted);
  begin_ = 0;
  end_ = static_cast<uint32_t>(held);
  return true;
}

}  // namespace postern::session
