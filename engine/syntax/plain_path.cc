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

#include "engine/syntax/plain_path_tables.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace postern::syntax {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Without vectors, or with such whose size is not known, there is nothing to gain.
#if HWY_TARGET == HWY_SCALAR || HWY_HAVE_SCALABLE

PlainPath ScanPath(const char* /*p*/, size_t /*n*/) { return {}; }
bool IsDomain(const char* /*p*/, size_t /*n*/) { return false; }

#else

using Wide = hn::CappedTag<uint8_t, 32>;
using Narrow = hn::CappedTag<uint8_t, 16>;

// How many octets one look covers.
constexpr size_t kWindow = 64;
// The longest text with a path or a domain that is not too long.
constexpr size_t kMaxPath = 256;
constexpr size_t kMaxDomain = 255;
// Shorter texts are not worth a copy.
constexpr size_t kShortest = 8;

// One bit per octet, the first in bit 0. Behind the end of the text all are 0, so none is found
// there of what is looked for: dots, and octets that do not belong.
struct Masks {
  uint64_t dot = 0;
  uint64_t not_local = 0;   // neither atext nor dot: ends a Dot-string
  uint64_t not_domain = 0;  // neither Let-dig nor hyphen nor dot: ends a Domain
  uint64_t not_let_dig = 0;
};

template <class D, class M>
HWY_INLINE uint64_t Bits(D d, M mask) {
  // Highway asks for eight octets and writes as many as there are lanes for.
  uint8_t bytes[8];
  hn::StoreMaskBits(d, mask, bytes);
  if constexpr (hn::MaxLanes(D()) == 32) {
    uint32_t bits;
    std::memcpy(&bits, bytes, sizeof(bits));
    return bits;
  } else {
    static_assert(hn::MaxLanes(D()) == 16);
    uint16_t bits;
    std::memcpy(&bits, bytes, sizeof(bits));
    return bits;
  }
}

template <class D>
HWY_INLINE hn::Vec<D> LoadAt(D d, const char* p) {
  return hn::LoadU(d, reinterpret_cast<const uint8_t*>(p));
}

// The classes of the vector at p.
struct SortClasses {
  using Result = Masks;
  template <class D>
  static HWY_INLINE Masks Sort(D d, hn::Vec<D> v) {
    const auto half = hn::Load(d, kPlainTables.low_half);
    // The whole vector is shifted as words: what that brings in from the neighbour is masked away.
    const hn::Repartition<uint16_t, D> words;
    const auto high = hn::And(hn::BitCast(d, hn::ShiftRight<4>(hn::BitCast(words, v))), half);
    const auto classes =
        hn::And(hn::TableLookupBytes(hn::Load(d, kPlainTables.by_low_half), hn::And(v, half)),
                hn::TableLookupBytes(hn::Load(d, kPlainTables.by_high_half), high));
    const auto zero = hn::Zero(d);
    const auto not_let_dig = hn::Eq(hn::And(classes, hn::Load(d, kPlainTables.let_dig)), zero);
    const auto dot = hn::Eq(v, hn::Load(d, kPlainTables.dot));
    const auto hyphen = hn::Eq(v, hn::Load(d, kPlainTables.hyphen));
    Masks masks;
    masks.dot = Bits(d, dot);
    masks.not_local = Bits(d, hn::AndNot(dot, hn::Eq(classes, zero)));
    masks.not_domain = Bits(d, hn::AndNot(hn::Or(dot, hyphen), not_let_dig));
    masks.not_let_dig = Bits(d, not_let_dig);
    return masks;
  }
  static HWY_INLINE void Add(const Masks& more, size_t shift, Masks* masks) {
    masks->dot |= more.dot << shift;
    masks->not_local |= more.not_local << shift;
    masks->not_domain |= more.not_domain << shift;
    masks->not_let_dig |= more.not_let_dig << shift;
  }
  static HWY_INLINE void Drop(size_t shift, Masks* masks) {
    masks->dot >>= shift;
    masks->not_local >>= shift;
    masks->not_domain >>= shift;
    masks->not_let_dig >>= shift;
  }
};

// What is no qtextSMTP: the two octets that end or quote, and all that is not printable ASCII.
struct SortQuoted {
  using Result = uint64_t;
  template <class D>
  static HWY_INLINE uint64_t Sort(D d, hn::Vec<D> v) {
    const hn::RebindToSigned<D> di;
    const auto shifted = hn::BitCast(di, hn::Add(v, hn::Set(d, uint8_t{0x60})));
    const auto odd = hn::Gt(shifted, hn::Set(di, int8_t{0x7E + 0x60 - 0x100}));
    const auto quote = hn::Eq(v, hn::Set(d, uint8_t{'"'}));
    const auto slash = hn::Eq(v, hn::Set(d, uint8_t{'\\'}));
    return Bits(d, hn::Or(hn::RebindMask(d, odd), hn::Or(quote, slash)));
  }
  static HWY_INLINE void Add(uint64_t more, size_t shift, uint64_t* stops) {
    *stops |= more << shift;
  }
  static HWY_INLINE void Drop(size_t shift, uint64_t* stops) { *stops >>= shift; }
};

// Sorts up to 64 octets from p + begin, as far as the text [p, p + n) reaches; a vector fits into
// it. What is shorter than a vector is read by one that ends with the text.
template <class What, class D>
HWY_INLINE typename What::Result SortIn(D d, const char* p, size_t begin, size_t n) {
  constexpr size_t kLanes = hn::MaxLanes(D());
  const size_t left = n - begin < kWindow ? n - begin : kWindow;
  if (left <= kLanes) {
    typename What::Result result = What::Sort(d, LoadAt(d, p + begin + left - kLanes));
    What::Drop(kLanes - left, &result);
    return result;
  }
  typename What::Result result = What::Sort(d, LoadAt(d, p + begin));
  for (size_t i = kLanes; i + kLanes < left; i += kLanes) {
    What::Add(What::Sort(d, LoadAt(d, p + begin + i)), i, &result);
  }
  What::Add(What::Sort(d, LoadAt(d, p + begin + left - kLanes)), left - kLanes, &result);
  return result;
}

// Whether what stands before the lowest bit of `end` and from bit 0 on, all of it Let-dig, hyphens
// and dots, is a Domain but for the length of its labels: the octet before the end or a dot is
// Let-dig, and so is the first one and the one behind a dot.
HWY_INLINE bool LabelsAreRight(const Masks& masks, uint64_t end) {
  const uint64_t end_bit = end & (~end + 1);
  const uint64_t through_end = end ^ (end - 1);
  const uint64_t ends = masks.dot | end_bit;
  const uint64_t starts = masks.dot << 1 | 1;
  // A label that ends at its start has its end where its first octet should be.
  const uint64_t wrong =
      (ends & (masks.not_let_dig << 1 | 1)) | (starts & (masks.not_let_dig | end_bit));
  return (wrong & through_end) == 0;
}

// Where the Domain at p + begin ends; 0 if what stands there is none. Every look but the last ends
// with a dot, so that each begins with a label and finds out that it has 63 octets at most.
template <class D>
HWY_INLINE size_t DomainEnd(D d, const char* p, size_t begin, size_t n) {
  while (begin < n) {
    const Masks masks = SortIn<SortClasses>(d, p, begin, n);
    uint64_t end = masks.not_domain;
    if (HWY_LIKELY(end != 0)) {
      const size_t size = hwy::Num0BitsBelowLS1Bit_Nonzero64(end);
      return LabelsAreRight(masks, end) ? begin + size : 0;
    }
    const size_t left = n - begin;
    if (left < kWindow) {
      // It goes to the end of the text.
      return LabelsAreRight(masks, uint64_t{1} << left) ? n : 0;
    }
    if (masks.dot == 0) return 0;
    const size_t last = 63 - hwy::Num0BitsAboveMS1Bit_Nonzero64(masks.dot);
    if (!LabelsAreRight(masks, uint64_t{1} << last)) return 0;
    begin += last + 1;
  }
  return 0;
}

// The domain of a path whose local-part ended before `at`.
template <class D>
HWY_NOINLINE PlainPath Close(D d, const char* p, size_t at, size_t n) {
  if (n > kMaxPath) n = kMaxPath;
  const size_t end = DomainEnd(d, p, at + 1, n);
  const bool closed = end != 0 && end < n && p[end] == '>';
  return {static_cast<uint32_t>(at), closed ? static_cast<uint32_t>(end) : 0u};
}

template <class D>
HWY_NOINLINE PlainPath ScanQuoted(D d, const char* p, size_t n) {
  // What stands before the text of the Quoted-string is not looked for.
  const uint64_t stops = SortIn<SortQuoted>(d, p, 0, n) & ~uint64_t{3};
  if (stops == 0) return {};
  const size_t quote = hwy::Num0BitsBelowLS1Bit_Nonzero64(stops);
  if (p[quote] != '"' || quote + 1 >= n || p[quote + 1] != '@') return {};
  return Close(d, p, quote + 1, n);
}

// The path at p, of whose first octets `masks` tell; kWindow of them, or all n.
template <class D>
HWY_INLINE PlainPath ScanSorted(D d, const char* p, size_t n, const Masks& masks) {
  // Bit 0 is "<".
  const uint64_t stop = masks.not_local & ~uint64_t{1};
  if (HWY_UNLIKELY(stop == 0)) return {};
  const size_t at = hwy::Num0BitsBelowLS1Bit_Nonzero64(stop);
  if (HWY_UNLIKELY(p[at] != '@')) return {};
  // No atom is empty: what is around the local-part counts as dots, and no two are neighbours.
  const uint64_t at_bit = stop & (~stop + 1);
  const uint64_t through_at = stop ^ (stop - 1);
  const uint64_t dots = masks.dot | at_bit | 1;
  if (HWY_UNLIKELY((dots & (dots << 1) & through_at) != 0)) return {};

  const uint64_t end = masks.not_domain & ~through_at;
  if (HWY_UNLIKELY(end == 0)) {
    // It reaches beyond what was sorted, or there is no end.
    if (n > kWindow) return Close(d, p, at, n);
    return {static_cast<uint32_t>(at), 0};
  }
  const size_t close = hwy::Num0BitsBelowLS1Bit_Nonzero64(end);
  // As in LabelsAreRight: the octet before a dot or the end is Let-dig, and so is the one behind
  // the "@" or a dot. The end itself is not Let-dig.
  const uint64_t close_bit = end & (~end + 1);
  const uint64_t ends = masks.dot | close_bit;
  const uint64_t starts = (masks.dot | at_bit) << 1;
  const uint64_t wrong = (ends & (masks.not_let_dig << 1)) | (starts & masks.not_let_dig);
  const bool right = p[close] == '>' && (wrong & (2 * (close_bit - at_bit))) == 0;
  return {static_cast<uint32_t>(at), right ? static_cast<uint32_t>(close) : 0u};
}

// [p, p + n) in 16 octets, the rest of which are 0 and so in no class; 8 <= n <= 16.
HWY_INLINE void CopyShort(const char* p, size_t n, char* out) {
  std::memset(out, 0, 16);
  uint64_t last;
  std::memcpy(&last, p + n - 8, 8);
  std::memcpy(out, p, 8);
  std::memcpy(out + n - 8, &last, 8);
}

HWY_NOINLINE PlainPath ScanShortestPath(const char* p, size_t n) {
  if (n < kShortest) return {};
  alignas(16) char copy[16];
  CopyShort(p, n, copy);
  const Narrow narrow;
  if (p[1] == '"') return ScanQuoted(narrow, copy, sizeof(copy));
  return ScanSorted(narrow, copy, sizeof(copy), SortClasses::Sort(narrow, LoadAt(narrow, copy)));
}

// Fewer octets than the widest vector has, and no fewer than the narrow one.
HWY_INLINE Masks SortShort(const char* p, size_t n) {
  constexpr size_t kHalf = hn::MaxLanes(Narrow());
#if HWY_CAP_GE256
  // Its first and its last octets side by side in one vector.
  const Wide wide;
  const Narrow narrow;
  const auto both = hn::Combine(wide, LoadAt(narrow, p + n - kHalf), LoadAt(narrow, p));
  const Masks sorted = SortClasses::Sort(wide, both);
  const auto unfold = [n](uint64_t bits) {
    return (bits & 0xffff) | (bits >> kHalf) << (n - kHalf);
  };
  Masks masks;
  masks.dot = unfold(sorted.dot);
  masks.not_local = unfold(sorted.not_local);
  masks.not_domain = unfold(sorted.not_domain);
  masks.not_let_dig = unfold(sorted.not_let_dig);
  return masks;
#else
  static_assert(kHalf == hn::MaxLanes(Wide()));
  return SortIn<SortClasses>(Narrow(), p, 0, n);
#endif
}

HWY_NOINLINE PlainPath ScanShortPath(const char* p, size_t n) {
  if (n < hn::MaxLanes(Narrow())) return ScanShortestPath(p, n);
  if (HWY_UNLIKELY(p[1] == '"')) return ScanQuoted(Narrow(), p, n);
  return ScanSorted(Narrow(), p, n, SortShort(p, n));
}

PlainPath ScanPath(const char* p, size_t n) {
  if (HWY_UNLIKELY(n < hn::MaxLanes(Wide()))) return ScanShortPath(p, n);
  if (HWY_UNLIKELY(p[1] == '"')) return ScanQuoted(Wide(), p, n);
  return ScanSorted(Wide(), p, n, SortIn<SortClasses>(Wide(), p, 0, n));
}

HWY_NOINLINE bool IsShortestDomain(const char* p, size_t n) {
  if (n < kShortest) return false;
  alignas(16) char copy[16];
  CopyShort(p, n, copy);
  return DomainEnd(Narrow(), copy, 0, sizeof(copy)) == n;
}

HWY_NOINLINE bool IsShortDomain(const char* p, size_t n) {
  if (n < hn::MaxLanes(Narrow())) return IsShortestDomain(p, n);
  const Masks masks = SortShort(p, n);
  return masks.not_domain == 0 && LabelsAreRight(masks, uint64_t{1} << n);
}

bool IsDomain(const char* p, size_t n) {
  if (n > kMaxDomain) return false;
  if (n >= hn::MaxLanes(Wide())) return DomainEnd(Wide(), p, 0, n) == n;
  return IsShortDomain(p, n);
}

#endif  // HWY_TARGET == HWY_SCALAR || HWY_HAVE_SCALABLE

constexpr PlainKernels kKernels = {ScanPath, IsDomain};

const PlainKernels* Kernels() { return &kKernels; }

}  // namespace HWY_NAMESPACE
}  // namespace postern::syntax
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace postern::syntax {

HWY_EXPORT(Kernels);

const PlainKernels& ChoosePlainKernels() {
  const PlainKernels* const kernels = HWY_DYNAMIC_DISPATCH(Kernels)();
  internal::g_plain_kernels.store(kernels, std::memory_order_relaxed);
  return *kernels;
}

namespace {

// What stands in for the kernels until the first call; threads that come at once choose alike.
PlainPath ChooseAndScanPath(const char* p, size_t n) {
  return ChoosePlainKernels().scan_path(p, n);
}
bool ChooseAndIsDomain(const char* p, size_t n) { return ChoosePlainKernels().is_domain(p, n); }

constexpr PlainKernels kFirst = {ChooseAndScanPath, ChooseAndIsDomain};

}  // namespace

namespace internal {
std::atomic<const PlainKernels*> g_plain_kernels{&kFirst};
}  // namespace internal

}  // namespace postern::syntax
#endif  // HWY_ONCE
