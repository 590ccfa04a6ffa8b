// SPDX-License-Identifier: Apache-2.0
//
// Cuts the octets of command state into lines (RFC 5321 §2.3.8; contract F1-F5, R3).
//
// What it is: the only place that decides where a command line ends. CR LF ends a line, nothing
// else does. It reports what octets a line held (flags) and how long it truly was, and leaves it to
// its caller to judge them. What it is not: a validator, nor a reader of content (see
// data_decoder.h).
//
// Threads and lifetime: one owner at a time. A Line is borrowed until the next call on the
// splitter; it points into the fed buffer where the whole line lay in it, else into the splitter's
// store.

#ifndef POSTERN_ENGINE_WIRE_LINE_SPLITTER_H_
#define POSTERN_ENGINE_WIRE_LINE_SPLITTER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/wire/line_flag.h"
#include "engine/wire/memory.h"
#include "engine/wire/scan.h"

namespace postern::wire {

enum class LineStatus : uint8_t {
  kNeedMore,  // all of the input is consumed, no line ended
  kLine,      // `line` holds a line that ended with CR LF
  kBareLf,  // F2: a LF without a CR before it was just consumed; `line` holds what came before it.
            // The rest of the line, through the next CR LF, is discarded without another report
  kOverTotal,  // F5: the line passed max_total without an end; reported once per line. Octets
               // through the next CR LF are discarded if the caller goes on feeding
  kNoMemory,   // the store could not grow; of the current line nothing was consumed by this call,
               // and the call may be made again with what is left
};

struct Line {
  // The line without its CR LF. Where `length` is greater than the capacity these are its first
  // `capacity` octets (fewer only if the line without its CR LF has fewer).
  std::string_view text;
  uint64_t length = 0;  // octets on the wire, terminator included
  uint8_t flags = 0;    // LineFlag; of the whole line, dropped octets included
};

class LineSplitter {
 public:
  static constexpr size_t kDefaultCapacity = 2048;
  static constexpr uint64_t kDefaultMaxTotal = uint64_t{4} << 20;  // F5
  static constexpr size_t kFirstStore = 128;

  // `memory` is borrowed for the life of the splitter. `capacity` bounds what is kept of one line,
  // and with it the store.
  explicit LineSplitter(const Memory* memory, size_t capacity = kDefaultCapacity,
                        uint64_t max_total = kDefaultMaxTotal);
  ~LineSplitter();
  LineSplitter(const LineSplitter&) = delete;
  LineSplitter& operator=(const LineSplitter&) = delete;

  // Takes octets from `in`, at most through the end of one line, and sets *consumed. Call again
  // with what is left until kNeedMore. *line is set for kLine and kBareLf only. The sequence of
  // results does not depend on how the octets are cut into calls (R3).
  LineStatus Next(std::string_view in, size_t* consumed, Line* line) {
    // The common line is whole in the buffer: it is scanned once and borrowed.
    if (length_ != 0 || in.empty()) return Resume(in, consumed, line);
    const size_t n = in.size() < max_total_ ? in.size() : static_cast<size_t>(max_total_);
    const LineScan scan = kernels_.scan_line(in.data(), n);
    const size_t lf = scan.position;
    if (lf >= n || lf == 0 || in[lf - 1] != '\r') return Finish(in, scan, consumed, line);
    const size_t kept = lf - 1 < capacity_ ? lf - 1 : capacity_;
    line->text = std::string_view(in.data(), kept);
    line->length = lf + 1;
    line->flags = static_cast<uint8_t>(scan.flags);
    *consumed = lf + 1;
    return LineStatus::kLine;
  }

  // After kOverTotal: that line had been reported as kBareLf before.
  bool over_total_after_bare_lf() const { return over_after_bare_lf_; }

  // No part of a line is held and none is being discarded.
  bool AtLineStart() const { return length_ == 0; }

  // Forgets the part of a line that is held or being discarded, e.g. after STARTTLS (B4). The store
  // stays; see ReleaseStore.
  void Reset();

  // Gives the store back unless part of a line is in it. Ends the borrow of the last Line.
  void ReleaseStore();

  // How much is kept of each line from now on. Between lines, or while one is being discarded.
  void SetCapacity(size_t capacity) { capacity_ = static_cast<uint32_t>(capacity); }

  // Overwrites the octets of the store from `from` on, which must hold no part of a line to come:
  // for a line that was a secret. (A store is wiped as a whole before it is given back.)
  void WipeStore(size_t from = 0) {
    if (from < store_size_) Wipe(store_ + from, store_size_ - from);
  }

  // Heap octets held now; never more than the capacity.
  size_t memory_octets() const { return store_size_; }

  size_t capacity() const { return capacity_; }
  uint64_t max_total() const { return max_total_; }

 private:
  enum class Mode : uint8_t {
    kText,         // reading a line
    kDiscard,      // F2: behind a bare LF, up to the next CR LF
    kDiscardOver,  // as kDiscard, and kOverTotal has been reported
  };

  LineStatus Resume(std::string_view in, size_t* consumed, Line* line);
  LineStatus Finish(std::string_view in, LineScan scan, size_t* consumed, Line* line);
  LineStatus Discard(std::string_view in, size_t* consumed);
  LineStatus OverTotal(const char* p, size_t room, size_t* consumed);
  bool Keep(std::string_view octets);
  bool Grow(size_t wanted);
  void EndLine();

  const ScanKernels& kernels_;
  const Memory* memory_;
  char* store_ = nullptr;
  uint64_t max_total_;
  uint64_t length_ = 0;  // octets of the current line consumed so far
  uint32_t capacity_;
  uint32_t store_size_ = 0;
  uint32_t stored_ = 0;  // octets of the current line in the store
  Mode mode_ = Mode::kText;
  uint8_t flags_ = 0;
  bool over_after_bare_lf_ = false;
  bool held_cr_ = false;  // the last octet consumed was a CR: bare or half a terminator
};

static_assert(sizeof(LineSplitter) <= 64, "counted in the memory of an idle session (B1)");

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_LINE_SPLITTER_H_
