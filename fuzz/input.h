// SPDX-License-Identifier: Apache-2.0
//
// Takes a fuzz input apart: leading octets choose configuration, cuts and answers; what is left is
// what the client sends.
//
// What it is: a reader from the front, so that a seed is its choices and then plain text that a
// person can read and write. An input that ends early reads as zeros, and zeros are the usual case
// (defaults, whole input, accept): every octet string is an input, and the same one always means
// the same. What it is not: a source of randomness.
//
// Threads and lifetime: one owner; views borrow the input.

#ifndef POSTERN_FUZZ_INPUT_H_
#define POSTERN_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace postern::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : octets_(reinterpret_cast<const char*>(data), size) {}
  explicit Input(std::string_view octets) : octets_(octets) {}

  bool empty() const { return octets_.empty(); }
  size_t size() const { return octets_.size(); }

  uint8_t Octet() {
    if (octets_.empty()) return 0;
    const auto octet = static_cast<uint8_t>(octets_[0]);
    octets_.remove_prefix(1);
    return octet;
  }
  // Big-endian.
  uint16_t Short() {
    const unsigned high = Octet();
    return static_cast<uint16_t>(high << 8 | Octet());
  }
  uint32_t Word() {
    const uint32_t high = Short();
    return high << 16 | Short();
  }
  uint64_t Long() {
    const uint64_t high = Word();
    return high << 32 | Word();
  }
  // 0 to n - 1, from one octet; n is 1 to 256.
  unsigned Below(unsigned n) { return Octet() % n; }

  // The next n octets, or what is left of them.
  std::string_view Take(size_t n) {
    const std::string_view taken = octets_.substr(0, n);
    octets_.remove_prefix(taken.size());
    return taken;
  }
  // One octet of length and that many octets.
  std::string_view TakeCounted() { return Take(Octet()); }
  std::string_view Rest() { return Take(octets_.size()); }

 private:
  std::string_view octets_;
};

// How an input is cut into reads, from one octet of it: 0 is whole, 1 is octet by octet, every
// other value is a sequence of lengths of its own.
class Cutter {
 public:
  explicit Cutter(uint8_t choice) : choice_(choice), state_(choice * 2654435761u + 1u) {}

  // How many of the `left` octets come next; at least 1 unless nothing is left.
  size_t Next(size_t left) {
    if (choice_ == 0 || left <= 1) return left;
    if (choice_ == 1) return 1;
    state_ = state_ * 1664525u + 1013904223u;
    // Mostly short: what breaks at a cut breaks at one near a CR, a dot, a LF. Some long ones, so
    // that the vector loops have a run.
    const unsigned bits = state_ >> 24;
    const size_t length = (bits & 7) == 0 ? 1 + (state_ >> 12 & 0xFF) : 1 + (bits >> 3 & 7);
    return length < left ? length : left;
  }

 private:
  uint8_t choice_;
  uint32_t state_;
};

// The pieces of an input, each a heap block of exactly its size, so that AddressSanitizer sees a
// read that goes on behind the end of a piece.
class Pieces {
 public:
  Pieces(std::string_view octets, uint8_t cuts) {
    Cutter cutter(cuts);
    while (!octets.empty()) {
      const size_t n = cutter.Next(octets.size());
      auto block = std::make_unique<char[]>(n);
      for (size_t i = 0; i < n; ++i) block[i] = octets[i];
      views_.emplace_back(block.get(), n);
      blocks_.push_back(std::move(block));
      octets.remove_prefix(n);
    }
  }
  const std::vector<std::string_view>& views() const { return views_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::string_view> views_;
};

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_INPUT_H_
