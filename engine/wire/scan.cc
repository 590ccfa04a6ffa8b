// SPDX-License-Identifier: Apache-2.0
//
// The SIMD kernels of scan.h. Compiled once per instruction set by Highway's foreach_target; the
// functions outside HWY_NAMESPACE choose among them at run time.
//
// Vectors are capped at 32 octets: a command line is 10 to 60 octets long, and wider vectors would
// send most lines to the code for the remainder. A remainder shorter than a vector is read by a
// vector that ends where the range ends and overlaps what was scanned already: finding nothing
// there twice costs less than a loop over octets.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/wire/scan.cc"
#include "engine/wire/scan.h"

#include <cstring>

#include "engine/wire/line_flag.h"
#include "engine/wire/scan_tables.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace postern::wire {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::CappedTag<uint8_t, 32>;
using Narrow = hn::CappedTag<uint8_t, 16>;

template <class D>
HWY_INLINE hn::Vec<D> LoadAt(D d, const char* p) {
  return hn::LoadU(d, reinterpret_cast<const uint8_t*>(p));
}

// One octet in all lanes; `table` is the one of kScanTables that holds it.
template <class D>
HWY_INLINE hn::Vec<D> All(D d, char octet, const uint8_t* table) {
#if HWY_HAVE_SCALABLE
  (void)table;
  return hn::Set(d, static_cast<uint8_t>(octet));
#else
  (void)octet;
  return hn::Load(d, table);
#endif
}

template <class D>
HWY_INLINE hn::Vec<D> AllCr(D d) {
  return All(d, '\r', kScanTables.cr);
}
template <class D>
HWY_INLINE hn::Vec<D> AllLf(D d) {
  return All(d, '\n', kScanTables.lf);
}
template <class D>
HWY_INLINE hn::Vec<D> AllDots(D d) {
  return All(d, '.', kScanTables.dot);
}

// One bit per lane, the first lane in bit 0.
template <class D, class M>
HWY_INLINE uint64_t Bits(D d, M mask) {
  // Highway asks for eight octets and writes as many as there are lanes for. Where that is known,
  // compilers make one move of it.
#if !HWY_HAVE_SCALABLE
  if constexpr (hn::MaxLanes(D()) == 32) {
    uint8_t bytes[8];
    hn::StoreMaskBits(d, mask, bytes);
    uint32_t bits;
    std::memcpy(&bits, bytes, sizeof(bits));
    return bits;
  }
#endif
  alignas(8) uint8_t bytes[8] = {};
  const size_t written = hn::StoreMaskBits(d, mask, bytes);
  uint64_t bits = 0;
  std::memcpy(&bits, bytes, sizeof(bits));
  (void)written;
  return bits;
}

// Everything but 0x20-0x7E. The sum moves that range to the lowest signed values, so that one
// signed comparison finds what is outside.
template <class D>
HWY_INLINE hn::Mask<D> NotPrintable(D d, hn::Vec<D> v) {
  const hn::RebindToSigned<D> di;
#if HWY_HAVE_SCALABLE
  const auto shift = hn::Set(d, kPrintableShift);
  const auto end = hn::Set(di, kPrintableEnd);
#else
  const auto shift = hn::Load(d, kScanTables.printable_shift);
  const auto end = hn::Load(di, kScanTables.printable_end);
#endif
  return hn::RebindMask(d, hn::Gt(hn::BitCast(di, hn::Add(v, shift)), end));
}

// Sorts the octets of the vector at p + i that are not printable. Returns whether it holds a LF,
// then with *position set to the first. [0, n) as in ScanLine.
template <class D>
HWY_NOINLINE bool Classify(D d, const char* p, size_t i, size_t n, size_t* flags,
                           size_t* position) {
  const size_t lanes = hn::Lanes(d);
  const auto v = LoadAt(d, p + i);
  const uint64_t all = (uint64_t{1} << lanes) - 1;
  const uint64_t lf = Bits(d, hn::Eq(v, hn::Set(d, uint8_t{'\n'})));
  const uint64_t before = lf != 0 ? (lf - 1) & ~lf : all;

  const uint64_t cr = Bits(d, hn::Eq(v, hn::Set(d, uint8_t{'\r'}))) & before;
  uint64_t followed = lf >> 1;
  // The octet behind the last lane is in memory; behind the end of the range nobody knows yet.
  if (i + lanes >= n || p[i + lanes] == '\n') followed |= uint64_t{1} << (lanes - 1);
  if ((cr & ~followed) != 0) *flags |= kHasBareCr;

  const uint64_t other = Bits(d, NotPrintable(d, v)) & before & ~cr;
  if (other != 0) {
    const uint64_t nul = Bits(d, hn::Eq(v, hn::Zero(d))) & other;
    const uint64_t tab = Bits(d, hn::Eq(v, hn::Set(d, uint8_t{'\t'}))) & other;
    const hn::RebindToSigned<D> di;
    const auto negative = hn::Lt(hn::BitCast(di, v), hn::Zero(di));
    const uint64_t high = Bits(d, hn::RebindMask(d, negative)) & other;
    if (nul != 0) *flags |= kHasNul;
    if (high != 0) *flags |= kHasEightBit;
    if ((other & ~(nul | tab | high)) != 0) *flags |= kHasControl;
  }
  if (lf == 0) return false;
  *position = i + hwy::Num0BitsBelowLS1Bit_Nonzero64(lf);
  return true;
}

// From p + i on: nothing before it counts. The range has a vector's octets.
template <class D>
HWY_INLINE LineScan ScanLineBlocks(D d, const char* p, size_t i, size_t n) {
  const size_t lanes = hn::Lanes(d);
  size_t flags = 0;
  if (i >= n) return {n, 0};
  if (i + lanes > n) i = n - lanes;
  for (;;) {
    const intptr_t first = hn::FindFirstTrue(d, NotPrintable(d, LoadAt(d, p + i)));
    if (first >= 0) {
      size_t position = i + static_cast<size_t>(first);
      // By far the most common: the first octet that is not printable is the CR of the terminator.
      if (HWY_LIKELY(p[position] == '\r' && position + 1 < n && p[position + 1] == '\n')) {
        return {position + 1, flags};
      }
      if (Classify(d, p, i, n, &flags, &position)) return {position, flags};
    }
    i += lanes;
    if (i + lanes <= n) continue;
    if (i >= n) return {n, flags};
    i = n - lanes;
  }
}

LineScan ScanShortLine(const char* p, size_t n) {
  size_t flags = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto octet = static_cast<uint8_t>(p[i]);
    if (octet >= 0x20 && octet < 0x7F) continue;
    if (octet == '\n') return {i, flags};
    if (octet == '\r') {
      if (i + 1 < n && p[i + 1] != '\n') flags |= kHasBareCr;
    } else if (octet == 0) {
      flags |= kHasNul;
    } else if (octet >= 0x80) {
      flags |= kHasEightBit;
    } else if (octet != '\t') {
      flags |= kHasControl;
    }
  }
  return {n, flags};
}

// Any line; the first `i` octets are ordinary text.
HWY_NOINLINE LineScan ScanAnyLine(const char* p, size_t i, size_t n) {
  const Wide wide;
  const Narrow narrow;
  if (n >= hn::Lanes(wide)) return ScanLineBlocks(wide, p, i, n);
  if (n >= hn::Lanes(narrow)) return ScanLineBlocks(narrow, p, i, n);
  return ScanShortLine(p, n);
}

#if HWY_CAP_GE256 && !HWY_HAVE_SCALABLE

// The octets that are not printable among the 64 from p on.
HWY_INLINE uint64_t Odd(const char* p) {
  const Wide wide;
  return Bits(wide, NotPrintable(wide, LoadAt(wide, p))) |
         Bits(wide, NotPrintable(wide, LoadAt(wide, p + 32))) << 32;
}

// The first of them is nearly always the CR of the terminator.
HWY_INLINE LineScan EndAt(const char* p, size_t i, uint64_t odd, size_t n) {
  const size_t first = i + hwy::Num0BitsBelowLS1Bit_Nonzero64(odd);
  if (HWY_LIKELY(p[first] == '\r' && first + 1 < n && p[first + 1] == '\n')) return {first + 1, 0};
  return ScanAnyLine(p, i, n);
}

HWY_NOINLINE LineScan ScanLongLine(const char* p, size_t n) {
  size_t i = 64;
  for (; i + 64 <= n; i += 64) {
    const uint64_t odd = Odd(p + i);
    if (odd != 0) return EndAt(p, i, odd, n);
  }
  return ScanAnyLine(p, i, n);
}

// Fewer than 64 octets, but a vector of the narrow sort at the least. What is read twice is found
// in its first place.
HWY_NOINLINE LineScan ScanShortBuffer(const char* p, size_t n) {
  uint64_t odd;
  if (n >= 32) {
    const Wide wide;
    odd = Bits(wide, NotPrintable(wide, LoadAt(wide, p))) |
          Bits(wide, NotPrintable(wide, LoadAt(wide, p + n - 32))) << (n - 32);
  } else if (n >= 16) {
    const Narrow narrow;
    odd = Bits(narrow, NotPrintable(narrow, LoadAt(narrow, p))) |
          Bits(narrow, NotPrintable(narrow, LoadAt(narrow, p + n - 16))) << (n - 16);
  } else {
    return ScanShortLine(p, n);
  }
  return odd != 0 ? EndAt(p, 0, odd, n) : LineScan{n, 0};
}

LineScan ScanLine(const char* p, size_t n) {
  if (HWY_UNLIKELY(n < 64)) return ScanShortBuffer(p, n);
  const uint64_t odd = Odd(p);
  return HWY_LIKELY(odd != 0) ? EndAt(p, 0, odd, n) : ScanLongLine(p, n);
}

#else

LineScan ScanLine(const char* p, size_t n) { return ScanAnyLine(p, 0, n); }

#endif

// The searches differ only in what they look for at p and just before it.
struct CrLf {
  template <class D>
  static HWY_INLINE hn::Mask<D> Match(D d, const char* p) {
    return hn::And(hn::Eq(LoadAt(d, p - 1), AllCr(d)), hn::Eq(LoadAt(d, p), AllLf(d)));
  }
  static bool MatchOne(const char* p) { return p[-1] == '\r' && p[0] == '\n'; }
};

struct ContentEvent {
  template <class D>
  static HWY_INLINE hn::Mask<D> Match(D d, const char* p) {
    const auto previous = LoadAt(d, p - 1);
    const auto current = LoadAt(d, p);
    const auto lf = AllLf(d);
    const auto bare = hn::Xor(hn::Eq(previous, AllCr(d)), hn::Eq(current, lf));
    const auto dot = hn::And(hn::Eq(previous, lf), hn::Eq(current, AllDots(d)));
    return hn::Or(bare, dot);
  }
  static bool MatchOne(const char* p) {
    return ((p[-1] == '\r') != (p[0] == '\n')) || (p[-1] == '\n' && p[0] == '.');
  }
};

struct DotLine {
  template <class D>
  static HWY_INLINE hn::Mask<D> Match(D d, const char* p) {
    return hn::And(CrLf::Match(d, p - 1), hn::Eq(LoadAt(d, p), AllDots(d)));
  }
  static bool MatchOne(const char* p) { return CrLf::MatchOne(p - 1) && p[0] == '.'; }
};

template <class What, class D>
HWY_INLINE size_t FindBlocks(D d, const char* p, size_t n) {
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  // Lines that all begin with a dot end the search within a few vectors: the wide stride, which has
  // to look twice where it finds something, starts behind those.
  size_t narrow_end = 4 * lanes;
  for (;;) {
    while (i + lanes <= n && i < narrow_end) {
      const intptr_t first = hn::FindFirstTrue(d, What::Match(d, p + i));
      if (first >= 0) return i + static_cast<size_t>(first);
      i += lanes;
    }
    if (i + 4 * lanes > n) {
      narrow_end = n;
      if (i + lanes <= n) continue;
      break;
    }
    do {
      const auto any01 = hn::Or(What::Match(d, p + i), What::Match(d, p + i + lanes));
      const auto any23 =
          hn::Or(What::Match(d, p + i + 2 * lanes), What::Match(d, p + i + 3 * lanes));
      if (!hn::AllFalse(d, hn::Or(any01, any23))) break;
      i += 4 * lanes;
    } while (i + 4 * lanes <= n);
    narrow_end = n;
  }
  if (i >= n) return n;
  i = n - lanes;
  const intptr_t first = hn::FindFirstTrue(d, What::Match(d, p + i));
  return first >= 0 ? i + static_cast<size_t>(first) : n;
}

template <class What>
HWY_INLINE size_t Find(const char* p, size_t n) {
  const Wide wide;
  const Narrow narrow;
  if (n >= hn::Lanes(wide)) return FindBlocks<What>(wide, p, n);
  if (n >= hn::Lanes(narrow)) return FindBlocks<What>(narrow, p, n);
  for (size_t i = 0; i < n; ++i) {
    if (What::MatchOne(p + i)) return i;
  }
  return n;
}

size_t FindCrLf(const char* p, size_t n) { return Find<CrLf>(p, n); }

size_t FindContentEvent(const char* p, size_t n) { return Find<ContentEvent>(p, n); }

size_t FindDotLine(const char* p, size_t n) { return Find<DotLine>(p, n); }

constexpr ScanKernels kKernels = {ScanLine, FindCrLf, FindContentEvent, FindDotLine};

const ScanKernels* Kernels() { return &kKernels; }

}  // namespace HWY_NAMESPACE
}  // namespace postern::wire
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace postern::wire {

HWY_EXPORT(Kernels);

const ScanKernels& ChooseScanKernels() { return *HWY_DYNAMIC_DISPATCH(Kernels)(); }

}  // namespace postern::wire
#endif  // HWY_ONCE
