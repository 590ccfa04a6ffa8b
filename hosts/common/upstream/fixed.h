// SPDX-License-Identifier: Apache-2.0
//
// Octets in place, of a size known when the program is compiled: the client of an upstream server
// allocates nothing, so that a host knows what a connection costs and can put it into memory of its
// own kind.
//
// Threads and lifetime: plain values of one owner.
#ifndef POSTERN_HOSTS_COMMON_UPSTREAM_FIXED_H_
#define POSTERN_HOSTS_COMMON_UPSTREAM_FIXED_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace postern::upstream {

// A short text. What does not fit is not taken.
template <size_t N>
class FixedText {
 public:
  static_assert(N <= UINT16_MAX, "the size is 16 bits");

  // False if there is no room: nothing changed then.
  bool Assign(std::string_view text) {
    if (text.size() > N) return false;
    size_ = static_cast<uint16_t>(text.size());
    if (!text.empty()) std::memcpy(octets_, text.data(), text.size());
    return true;
  }
  bool Append(std::string_view text) {
    if (text.size() > N - size_) return false;
    if (!text.empty()) std::memcpy(octets_ + size_, text.data(), text.size());
    size_ = static_cast<uint16_t>(size_ + text.size());
    return true;
  }
  void Clear() { size_ = 0; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {octets_, size_}; }

 private:
  uint16_t size_ = 0;
  char octets_[N];
};

// A queue of octets: appended at the end, taken from the front, one piece in memory.
template <size_t N>
class FixedQueue {
 public:
  std::string_view view() const { return {octets_ + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t room() const { return N - size(); }
  void Clear() { begin_ = end_ = 0; }

  // The caller has asked for room() before.
  void Append(std::string_view octets) {
    if (octets.empty()) return;
    if (octets.size() > N - end_) {
      std::memmove(octets_, octets_ + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    std::memcpy(octets_ + end_, octets.data(), octets.size());
    end_ += octets.size();
  }
  void Consume(size_t octets) {
    begin_ += octets;
    if (begin_ == end_) Clear();
  }

 private:
  size_t begin_ = 0;
  size_t end_ = 0;
  char octets_[N];
};

}  // namespace postern::upstream

#endif  // POSTERN_HOSTS_COMMON_UPSTREAM_FIXED_H_
