// SPDX-License-Identifier: Apache-2.0
//
// The paths and domains that nearly all mail has, in ASCII and without source route (RFC 5321
// §4.1.2), recognised by SIMD: "<" Dot-string or Quoted-string "@" Domain ">".
//
// What it is: a shortcut of ParsePath and ScanDomain. It says yes only to what they take, and then
// gives the same parts; all else, faults included, it leaves to them.
// What it is not: complete. It says no to local-parts of more than 62 octets, to quoted pairs, to
// paths of more than 256 octets and to input of fewer than 8, though they may be right.
//
// Threads: pure; chosen at run time by Highway like the scans of engine/wire. The choice is kept in
// one atomic word, which is constant-initialised: the library must be loadable and unloadable
// without effects.

#ifndef POSTERN_ENGINE_SYNTAX_PLAIN_PATH_H_
#define POSTERN_ENGINE_SYNTAX_PLAIN_PATH_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

struct PlainPath {
  uint32_t at = 0;     // offset of the "@" behind a right local-part; 0 if there is none
  uint32_t close = 0;  // offset of ">" behind a right domain; 0 if it is not plain or not right
};

// The recognisers, compiled for one instruction set. They read p[0, n) only.
struct PlainKernels {
  // p[0] is "<".
  PlainPath (*scan_path)(const char* p, size_t n);
  // Whether all of p[0, n) is a Domain of at most 255 octets.
  bool (*is_domain)(const char* p, size_t n);
};

namespace internal {
// Those of this machine, or such as put them there when they are called first.
extern std::atomic<const PlainKernels*> g_plain_kernels;
}  // namespace internal

// The kernels of this machine, chosen anew. Only tests, which change the machine, need call it.
const PlainKernels& ChoosePlainKernels();

inline const PlainKernels& ChosenPlainKernels() {
  return *internal::g_plain_kernels.load(std::memory_order_relaxed);
}

// `in` begins with "<".
inline PlainPath ScanPlainPath(std::string_view in) {
  return ChosenPlainKernels().scan_path(in.data(), in.size());
}

inline bool IsPlainDomain(std::string_view in) {
  return ChosenPlainKernels().is_domain(in.data(), in.size());
}

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_PLAIN_PATH_H_
