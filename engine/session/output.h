// SPDX-License-Identifier: Apache-2.0
//
// Octets on their way to the client.
//
// What it is: a small queue inside the session, with a heap block only while one reply does not fit
// in it (HELP, a long EHLO). The session stops reading commands while much is waiting, so the queue
// never holds more than one such reply beyond its own size (contract B1).
// What it is not: a formatter; engine/replies writes every octet.
// Threads and lifetime: one owner; data() is borrowed until the next non-const call.

#ifndef POSTERN_ENGINE_SESSION_OUTPUT_H_
#define POSTERN_ENGINE_SESSION_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/wire/memory.h"

namespace postern::session {

class Output {
 public:
  // Enough for the replies of a pipelined MAIL, RCPT, DATA and for an everyday EHLO.
  static constexpr size_t kInline = 256;
  // With more than this waiting no further command is read.
  static constexpr size_t kHighWater = 160;

  explicit Output(const wire::Memory* memory) : memory_(memory) {}
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Where the next reply goes, and how much fits there without Reserve.
  char* tail() { return buffer() + end_; }
  size_t room() const { return capacity() - end_; }
  // Makes room for `octets`; false if the memory gave nothing, and then nothing changed.
  bool Reserve(size_t octets);
  void Commit(size_t octets) {
    end_ += static_cast<uint32_t>(octets);
    total_ += octets;
  }

  std::string_view data() const { return {buffer() + begin_, size()}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return end_ == 0; }
  void Consume(size_t octets) {
    begin_ += static_cast<uint32_t>(octets);
    if (begin_ != end_) return;
    if (heap_ != nullptr) Free();
    begin_ = 0;
    end_ = 0;
  }

  bool AboveHighWater() const { return size() > kHighWater; }
  uint64_t total() const { return total_; }
  size_t memory_octets() const { return heap_size_; }

 private:
  const char* buffer() const { return heap_ != nullptr ? heap_ : inline_; }
  char* buffer() { return heap_ != nullptr ? heap_ : inline_; }
  size_t capacity() const { return heap_ != nullptr ? heap_size_ : kInline; }
  void Free();

  const wire::Memory* memory_;
  char* heap_ = nullptr;
  uint64_t total_ = 0;  // octets ever committed
  uint32_t heap_size_ = 0;
  // Both are 0 where nothing is held.
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  char inline_[kInline];
};

}  // namespace postern::session

#endif  // POSTERN_ENGINE_SESSION_OUTPUT_H_
