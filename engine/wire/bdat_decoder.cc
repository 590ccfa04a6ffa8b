// SPDX-License-Identifier: Apache-2.0
//
// The BDAT content decoder. See bdat_decoder.h.

#include "engine/wire/bdat_decoder.h"

#include <algorithm>

namespace postern::wire {
namespace {

constexpr std::string_view kCrLf = "\r\n";

}  // namespace

void BdatDecoder::Start(BdatContent content) {
  left_ = 0;
  content_octets_ = 0;
  wire_octets_ = 0;
  content_ = content;
  faults_ = 0;
  last_ = false;
  skipping_ = false;
  held_cr_ = false;
}

void BdatDecoder::BeginChunk(uint64_t octets, bool last) {
  left_ = octets;
  last_ = last;
  skipping_ = false;
}

void BdatDecoder::SkipChunk(uint64_t octets) {
  left_ = octets;
  skipping_ = true;
}

// As DataDecoder::Fault.
bool BdatDecoder::Fault(DataFault fault) {
  if (!Delivering()) return false;
  faults_ = static_cast<uint8_t>(faults_ | fault);
  return policy_ == BareNewline::kNormalize;
}

// The first i in [from, in.size()) where in[i-1] is a bare CR or in[i] a bare LF, or in.size();
// from > 0. The kernel also stops at dots behind a LF, which mean nothing here.
size_t BdatDecoder::FindBareNewline(std::string_view in, size_t from) const {
  const char* const p = in.data();
  for (;;) {
    from += kernels_.find_content_event(p + from, in.size() - from);
    if (from >= in.size() || p[from] != '.' || p[from - 1] == '\r') return from;
    ++from;
  }
}

BdatStatus BdatDecoder::Next(std::string_view in, size_t* consumed, std::string_view* slice) {
  const size_t n = static_cast<size_t>(std::min<uint64_t>(in.size(), left_));
  const bool reaches_end = n == left_;
  const char* const p = in.data();
  size_t i = 0;

  const auto account = [&] {
    *consumed = i;
    left_ -= i;
    if (!skipping_) wire_octets_ += i;
  };
  const auto deliver = [&](std::string_view octets) {
    *slice = octets;
    account();
    content_octets_ += octets.size();
    return BdatStatus::kSlice;
  };

  if (skipping_) {
    i = n;
  } else if (content_ == BdatContent::kBinary) {
    i = n;
    if (n != 0) return deliver({p, n});
  } else {
    // Each turn consumes an octet, or settles the held CR and then consumes one, or returns.
    while (i < n) {
      if (!Delivering()) {
        i = n;
        break;
      }
      if (held_cr_) {
        held_cr_ = false;
        if (p[i] == '\n') {
          ++i;
          return deliver(kCrLf);
        }
        if (Fault(kBareCr)) return deliver(kCrLf);
        continue;
      }
      if (p[i] == '\n') {
        ++i;
        if (Fault(kBareLf)) return deliver(kCrLf);
        continue;
      }
      const size_t begin = i;
      i = FindBareNewline({p, n}, i + 1);
      size_t end = i;
      if (p[end - 1] == '\r') {  // bare, or the octet that decides is still to come
        --end;
        held_cr_ = true;
      }
      if (end > begin) return deliver({p + begin, end - begin});
    }
    if (i == n && reaches_end && last_ && held_cr_) {
      held_cr_ = false;
      if (Fault(kBareCr)) return deliver(kCrLf);
    }
  }
  account();
  return left_ == 0 ? BdatStatus::kChunkEnd : BdatStatus::kNeedMore;
}

}  // namespace postern::wire
