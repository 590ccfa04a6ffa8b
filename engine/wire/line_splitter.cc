// SPDX-License-Identifier: Apache-2.0
//
// The line splitter. See line_splitter.h.
//
// What is not a whole line in one buffer (those are dealt with in the header) goes through Resume
// and Finish, which know about a part of a line in the store, about a CR that ended the previous
// buffer, and about the total.

#include "engine/wire/line_splitter.h"

#include <algorithm>
#include <cstring>

#include "engine/wire/scan.h"

namespace postern::wire {

LineSplitter::LineSplitter(const Memory* memory, size_t capacity, uint64_t max_total)
    : kernels_(ChooseScanKernels()),
      memory_(memory),
      max_total_(max_total),
      capacity_(static_cast<uint32_t>(std::min<size_t>(capacity, UINT32_MAX))) {}

LineSplitter::~LineSplitter() {
  if (store_ == nullptr) return;
  WipeStore();
  memory_->deallocate(memory_->user, store_, store_size_);
}

void LineSplitter::EndLine() {
  length_ = 0;
  stored_ = 0;
  flags_ = 0;
  held_cr_ = false;
  mode_ = Mode::kText;
}

void LineSplitter::Reset() { EndLine(); }

void LineSplitter::ReleaseStore() {
  if (stored_ != 0 || store_ == nullptr) return;
  WipeStore();
  memory_->deallocate(memory_->user, store_, store_size_);
  store_ = nullptr;
  store_size_ = 0;
}

LineStatus LineSplitter::Resume(std::string_view in, size_t* consumed, Line* line) {
  if (in.empty()) {
    *consumed = 0;
    return LineStatus::kNeedMore;
  }
  if (mode_ != Mode::kText) {
    size_t discarded = 0;
    const LineStatus status = Discard(in, &discarded);
    if (status != LineStatus::kLine) {
      *consumed = discarded;
      return status;
    }
    // The discarded line ended without a word (F2): what follows is the next one.
    const LineStatus next = Next(in.substr(discarded), consumed, line);
    *consumed += discarded;
    return next;
  }
  if (held_cr_ && in[0] == '\n' && length_ < max_total_) {
    line->text = std::string_view(store_, stored_);
    line->length = length_ + 1;
    line->flags = flags_;
    *consumed = 1;
    EndLine();
    return LineStatus::kLine;
  }
  const size_t n = static_cast<size_t>(std::min<uint64_t>(in.size(), max_total_ - length_));
  return Finish(in, kernels_.scan_line(in.data(), n), consumed, line);
}

// Goes on in kText with the scan of what of `in` is within the total. A held CR is bare, unless
// `in` is empty or its first octet is past the total.
LineStatus LineSplitter::Finish(std::string_view in, LineScan scan, size_t* consumed, Line* line) {
  const char* const p = in.data();
  const uint64_t room = max_total_ - length_;
  const size_t n = static_cast<size_t>(std::min<uint64_t>(in.size(), room));
  const bool ended = scan.position < n;
  if (!ended && in.size() > room) return OverTotal(p, n, consumed);
  *consumed = 0;
  if (n == 0) return LineStatus::kNeedMore;

  // Of the octets through the LF, or of all, a CR at the end is not text: it is half of the
  // terminator or may become that.
  const size_t end = ended ? scan.position : n;
  const bool cr_at_end = end != 0 && p[end - 1] == '\r';
  const std::string_view octets(p, end - (cr_at_end ? 1 : 0));

  std::string_view text;
  if (length_ == 0 && ended) {
    text = octets.substr(0, capacity_);
  } else {
    if (!Keep(octets)) return LineStatus::kNoMemory;
    text = std::string_view(store_, stored_);
  }
  flags_ = static_cast<uint8_t>(flags_ | scan.flags | (held_cr_ ? kHasBareCr : 0));
  held_cr_ = cr_at_end;
  length_ += ended ? end + 1 : n;
  *consumed = ended ? end + 1 : n;
  if (!ended) return LineStatus::kNeedMore;

  line->text = text;
  line->length = length_;
  line->flags = flags_;
  if (cr_at_end) {
    EndLine();
    return LineStatus::kLine;
  }
  mode_ = Mode::kDiscard;
  stored_ = 0;
  return LineStatus::kBareLf;
}

// Returns kLine where the discarded line ended.
LineStatus LineSplitter::Discard(std::string_view in, size_t* consumed) {
  const char* const p = in.data();
  const bool counting = mode_ == Mode::kDiscard;
  const uint64_t room = counting ? max_total_ - length_ : UINT64_MAX;
  const size_t n = static_cast<size_t>(std::min<uint64_t>(in.size(), room));
  if (n != 0) {
    const size_t lf = held_cr_ && p[0] == '\n' ? 0 : 1 + kernels_.find_cr_lf(p + 1, n - 1);
    if (lf < n) {
      EndLine();
      *consumed = lf + 1;
      return LineStatus::kLine;
    }
  }
  if (in.size() > room) return OverTotal(p, n, consumed);
  if (n != 0) held_cr_ = p[n - 1] == '\r';
  if (counting) length_ += n;
  *consumed = n;
  return LineStatus::kNeedMore;
}

// p[room] is the first octet past the total, and the line did not end before it (F5).
LineStatus LineSplitter::OverTotal(const char* p, size_t room, size_t* consumed) {
  over_after_bare_lf_ = mode_ == Mode::kDiscard;
  const bool after_cr = room != 0 ? p[room - 1] == '\r' : held_cr_;
  *consumed = room + 1;
  if (after_cr && p[room] == '\n') {
    EndLine();
    return LineStatus::kOverTotal;
  }
  mode_ = Mode::kDiscardOver;
  length_ = max_total_ + 1;
  stored_ = 0;
  held_cr_ = p[room] == '\r';
  return LineStatus::kOverTotal;
}

// Appends to the store the held CR, if any, and `octets`, as far as the capacity allows. Changes
// nothing if it returns false.
bool LineSplitter::Keep(std::string_view octets) {
  const size_t left = capacity_ - stored_;
  const size_t cr = std::min<size_t>(held_cr_ ? 1 : 0, left);
  const size_t kept = std::min(octets.size(), left - cr);
  if (cr + kept == 0) return true;
  if (stored_ + cr + kept > store_size_ && !Grow(stored_ + cr + kept)) return false;
  if (cr != 0) store_[stored_] = '\r';
  if (kept != 0) std::memcpy(store_ + stored_ + cr, octets.data(), kept);
  stored_ += static_cast<uint32_t>(cr + kept);
  return true;
}

// `wanted` is at most the capacity.
bool LineSplitter::Grow(size_t wanted) {
  size_t size = std::max<size_t>(store_size_, kFirstStore / 2) * 2;
  while (size < wanted) size *= 2;
  size = std::min<size_t>(size, capacity_);
  auto* grown = static_cast<char*>(memory_->allocate(memory_->user, size));
  if (grown == nullptr) return false;
  if (store_ != nullptr) {
    std::memcpy(grown, store_, stored_);
    // What is being read may be a password (RFC 4954), known as such only once the line is whole.
    WipeStore();
    memory_->deallocate(memory_->user, store_, store_size_);
  }
  store_ = grown;
  store_size_ = static_cast<uint32_t>(size);
  return true;
}

}  // namespace postern::wire
