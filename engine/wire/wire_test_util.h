// SPDX-License-Identifier: Apache-2.0
//
// Helpers of this room's tests: ways to cut an input, readable octets, a heap that can fail.
//
// What it is not: part of the engine. Threads: none.

#ifndef POSTERN_ENGINE_WIRE_WIRE_TEST_UTIL_H_
#define POSTERN_ENGINE_WIRE_WIRE_TEST_UTIL_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/wire/memory.h"

namespace postern::wire {

// The pieces of one input, in order. Each is a heap block of exactly its size, so that
// AddressSanitizer sees a read one octet outside.
class Pieces {
 public:
  // `cuts` ascend; a cut at k ends a piece before octet k.
  Pieces(std::string_view input, const std::vector<size_t>& cuts) {
    size_t begin = 0;
    for (const size_t cut : cuts) {
      Add(input.substr(begin, cut - begin));
      begin = cut;
    }
    Add(input.substr(begin));
  }
  const std::vector<std::string_view>& views() const { return views_; }

 private:
  void Add(std::string_view octets) {
    auto block = std::make_unique<char[]>(octets.size());
    if (!octets.empty()) std::memcpy(block.get(), octets.data(), octets.size());
    views_.emplace_back(block.get(), octets.size());
    blocks_.push_back(std::move(block));
  }
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::string_view> views_;
};

// Calls `run` with the input whole, octet by octet, and cut in two everywhere (R3).
inline void ForEachCut(std::string_view input,
                       const std::function<void(const std::vector<size_t>&)>& run) {
  run({});
  std::vector<size_t> each;
  for (size_t i = 1; i < input.size(); ++i) {
    run({i});
    each.push_back(i);
  }
  run(each);
}

// Calls `run` with every string over `alphabet` of up to `max_length` octets.
inline void ForEachString(std::string_view alphabet, size_t max_length,
                          const std::function<void(const std::string&)>& run) {
  for (size_t length = 0; length <= max_length; ++length) {
    std::vector<size_t> digits(length, 0);
    std::string s(length, alphabet[0]);
    for (;;) {
      run(s);
      size_t i = 0;
      while (i < length && ++digits[i] == alphabet.size()) {
        digits[i] = 0;
        s[i] = alphabet[0];
        ++i;
      }
      if (i == length) break;
      s[i] = alphabet[digits[i]];
    }
  }
}

// Mostly 'a', with octets of `alphabet` strewn in: runs long enough to cross vector borders.
inline std::string RandomOctets(std::mt19937* random, std::string_view alphabet, size_t length,
                                unsigned one_in) {
  std::string s(length, 'a');
  for (char& c : s) {
    if ((*random)() % one_in == 0) c = alphabet[(*random)() % alphabet.size()];
  }
  return s;
}

inline std::vector<size_t> RandomCuts(std::mt19937* random, size_t length) {
  std::vector<size_t> cuts;
  for (size_t at = 0;;) {
    at += 1 + (*random)() % 50;
    if (at >= length) return cuts;
    cuts.push_back(at);
  }
}

inline std::string Visible(std::string_view octets) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string s;
  for (const char c : octets) {
    const auto octet = static_cast<uint8_t>(c);
    if (c == '\r') {
      s += "<CR>";
    } else if (c == '\n') {
      s += "<LF>";
    } else if (octet < 0x20 || octet > 0x7E) {
      s += std::string("<") + kHex[octet >> 4] + kHex[octet & 15] + ">";
    } else {
      s += c;
    }
  }
  return s;
}

// A heap that counts what is out and can refuse.
class CountingMemory {
 public:
  const Memory* memory() const { return &memory_; }
  size_t outstanding() const { return outstanding_; }
  size_t allocations() const { return allocations_; }
  void RefuseAll(bool refuse) { refuse_ = refuse; }

 private:
  static void* Allocate(void* user, size_t size) {
    auto* self = static_cast<CountingMemory*>(user);
    if (self->refuse_) return nullptr;
    ++self->allocations_;
    self->outstanding_ += size;
    return std::malloc(size);
  }
  static void Deallocate(void* user, void* p, size_t size) {
    static_cast<CountingMemory*>(user)->outstanding_ -= size;
    std::free(p);
  }
  size_t outstanding_ = 0;
  size_t allocations_ = 0;
  bool refuse_ = false;
  Memory memory_ = {Allocate, Deallocate, this};
};

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_WIRE_TEST_UTIL_H_
