// SPDX-License-Identifier: Apache-2.0
//
// One pass sorts up to 64 octets into bit masks; the grammar is then a few operations on whole
// words. An octet's class comes from two table look-ups, one by each half of it: its bit is set in
// both tables only for the octets of that class.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/syntax/plain_path.cc"
#include "engine/syntax/plain_path.h"

#include <cstdint>
#include <cstring>

#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace postern::syntax {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rows of ASCII that hold atext (RFC 5322 §3.2.3), one bit for each set of columns. The first three
// are Let-dig.
//   1: 3x 0-9              2: 4x 6x 1-F            4: 5x 7x 0-A
//   8: 2x ! # $ % & ' * + - /     16: 3x = ?      32: 5x ^ _     64: 6x `     128: 7x { | } ~
constexpr uint8_t kLetDigBits = 7;
alignas(16) constexpr uint8_t kByHighHalf[16] = {0, 0, 8, 1 | 16, 2, 4 | 32, 2 | 64, 4 | 128,
                                                 0, 0, 0, 0,      0, 0,      0,      0};
alignas(16) constexpr uint8_t kByLowHalf[16] = {
    /* 0 */ 1 | 4 | 64,
    /* 1 */ 1 | 2 | 4 | 8,
    /* 2 */ 1 | 2 | 4,
    /* 3 */ 1 | 2 | 4 | 8,
    /* 4 */ 1 | 2 | 4 | 8,
    /* 5 */ 1 | 2 | 4 | 8,
    /* 6 */ 1 | 2 | 4 | 8,
    /* 7 */ 1 | 2 | 4 | 8,
    /* 8 */ 1 | 2 | 4,
    /* 9 */ 1 | 2 | 4,
    /* A */ 2 | 4 | 8,
    /* B */ 2 | 8 | 128,
    /* C */ 2 | 128,
    /* D */ 2 | 8 | 16 | 128,
    /* E */ 2 | 32 | 128,
    /* F */ 2 | 8 | 16 | 32,
};

// One bit per octet, the first in bit 0.
struct Masks {
  uint64_t atext = 0;
  uint64_t let_dig = 0;
  uint64_t dot = 0;
  uint64_t hyphen = 0;
};

#if HWY_TARGET != HWY_SCALAR

template <class D, class M>
HWY_INLINE uint64_t Bits(D d, M mask) {
  alignas(8) uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, mask, bytes);
  uint64_t bits = 0;
  std::memcpy(&bits, bytes, sizeof(bits));
  return bits;
}

// Adds the vector at p, whose first octet is number `shift`. Vectors may overlap.
template <class D>
HWY_INLINE void Sort(D d, const char* p, size_t shift, Masks* masks) {
  const auto v = hn::LoadU(d, reinterpret_cast<const uint8_t*>(p));
  const auto low = hn::And(v, hn::Set(d, uint8_t{15}));
  const auto high = hn::ShiftRight<4>(v);
  const auto classes = hn::And(hn::TableLookupBytes(hn::LoadDup128(d, kByLowHalf), low),
                               hn::TableLookupBytes(hn::LoadDup128(d, kByHighHalf), high));
  const auto zero = hn::Zero(d);
  masks->atext |= Bits(d, hn::Ne(classes, zero)) << shift;
  masks->let_dig |= Bits(d, hn::Ne(hn::And(classes, hn::Set(d, kLetDigBits)), zero)) << shift;
  masks->dot |= Bits(d, hn::Eq(v, hn::Set(d, uint8_t{'.'}))) << shift;
  masks->hyphen |= Bits(d, hn::Eq(v, hn::Set(d, uint8_t{'-'}))) << shift;
}

template <class D>
HWY_INLINE void SortAll(D d, const char* p, size_t n, Masks* masks) {
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) Sort(d, p + i, i, masks);
  if (i < n) Sort(d, p + n - lanes, n - lanes, masks);
}

// The first min(n, 64) octets. False where they are fewer than the smallest vector.
HWY_INLINE bool SortUpTo64(const char* p, size_t n, Masks* masks) {
  if (n > 64) n = 64;
  const hn::CappedTag<uint8_t, 32> wide;
  if (n >= hn::Lanes(wide)) {
    SortAll(wide, p, n, masks);
    return true;
  }
  const hn::CappedTag<uint8_t, 16> narrow;
  if (n < hn::Lanes(narrow)) return false;
  SortAll(narrow, p, n, masks);
  return true;
}

// Bits 0 to `last`.
HWY_INLINE uint64_t Through(size_t last) { return ~uint64_t{0} >> (63 - last); }

#endif  // HWY_TARGET != HWY_SCALAR

bool ScanPlainPath(const char* p, size_t n, PlainPath* path) {
#if HWY_TARGET == HWY_SCALAR
  // Without vectors there is nothing to gain.
  (void)p;
  (void)n;
  (void)path;
  return false;
#else
  Masks masks;
  if (!SortUpTo64(p, n, &masks) || p[0] != '<') return false;

  // The local-part starts at bit 1. The octet behind it counts as a dot, and so does the one before
  // it, so that one test finds empty atoms anywhere.
  const uint64_t local = (masks.atext | masks.dot) >> 1;
  const uint64_t stop = ~local & Through(62);
  if (stop == 0) return false;
  const size_t local_size = hwy::Num0BitsBelowLS1Bit_Nonzero64(stop);
  const size_t at = local_size + 1;
  // All that was sorted may be local-part; then there is no octet behind it.
  if (at >= n || p[at] != '@') return false;
  const uint64_t local_dots = masks.dot >> 1 | uint64_t{1} << local_size;
  if ((local_dots & (masks.dot | 1) & Through(local_size)) != 0) return false;

  const size_t start = at + 1;
  const size_t sorted = n < 64 ? n : 64;
  uint64_t let_dig = 0;
  uint64_t dot = 0;
  uint64_t hyphen = 0;
  uint64_t end = 0;
  if (start < sorted) {
    let_dig = masks.let_dig >> start;
    dot = masks.dot >> start;
    hyphen = masks.hyphen >> start;
    end = ~(let_dig | dot | hyphen) & Through(sorted - start - 1);
  }
  if (end == 0 && n > 64) {
    // The domain reaches beyond what was sorted. At least 64 octets lie before the end of the
    // input.
    const size_t base = n - start >= 64 ? start : n - 64;
    Masks more;
    SortUpTo64(p + base, 64, &more);
    let_dig = more.let_dig >> (start - base);
    dot = more.dot >> (start - base);
    hyphen = more.hyphen >> (start - base);
    end = ~(let_dig | dot | hyphen) & Through(63 - (start - base));
  }
  if (end == 0) return false;
  const size_t size = hwy::Num0BitsBelowLS1Bit_Nonzero64(end);
  // No label, the first and the last included, is empty or has a hyphen at an edge: next to a dot,
  // or to the octets around the domain, there is neither dot nor hyphen. 63 octets are one label at
  // most.
  const uint64_t edges = dot | uint64_t{1} << size;
  const uint64_t behind_edge = dot << 1 | 1;
  const uint64_t wrong = (edges & (dot << 1 | hyphen << 1 | 1)) | (hyphen & behind_edge);
  if ((wrong & Through(size)) != 0) return false;
  if (p[start + size] != '>') return false;
  path->at = at;
  path->close = start + size;
  return true;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace postern::syntax
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace postern::syntax {

HWY_EXPORT(ScanPlainPath);

bool ScanPlainPath(const char* p, size_t n, PlainPath* path) {
  return HWY_DYNAMIC_DISPATCH(ScanPlainPath)(p, n, path);
}

}  // namespace postern::syntax
#endif  // HWY_ONCE
