// SPDX-License-Identifier: Apache-2.0
//
// Lines out of octets, cut in any way, with a heap that refuses now and then.
//
// Target functions: wire::LineSplitter (Next, Resume, Finish, Discard, OverTotal, Keep, Grow,
// ReleaseStore) and the kernels scan_line and find_cr_lf of wire/scan.cc.
//
// Input: capacity, total, cuts, refusals, then the octets of the connection.
// Oracles: SameFraming (F1-F5, R3), bounded store (F5, B1), progress (B3);
// WorkIsLinear (B2).

#include "engine/wire/line_splitter.h"

#include <cstddef>
#include <cstdint>

#include "fuzz/check.h"
#include "fuzz/heap.h"
#include "fuzz/input.h"
#include "fuzz/oracle/framing.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

using oracle::Framing;
using oracle::FramingEvent;

void Add(wire::LineStatus status, const wire::Line& line, bool after_bare_lf, size_t end,
         Framing* framing) {
  FramingEvent event;
  event.end = end;
  if (status == wire::LineStatus::kOverTotal) {
    event.kind = FramingEvent::Kind::kOverTotal;
    event.after_bare_lf = after_bare_lf;
  } else {
    event.kind =
        status == wire::LineStatus::kLine ? FramingEvent::Kind::kLine : FramingEvent::Kind::kBareLf;
    event.text = std::string(line.text);
    event.length = line.length;
    event.nul = (line.flags & wire::kHasNul) != 0;
    event.bare_cr = (line.flags & wire::kHasBareCr) != 0;
    event.control = (line.flags & wire::kHasControl) != 0;
    event.eight_bit = (line.flags & wire::kHasEightBit) != 0;
  }
  framing->events.push_back(event);
}

void Run(Input input) {
  static constexpr size_t kCapacities[] = {2048, 0, 1, 2, 64, 127, 128, 129, 512, 12288};
  static constexpr uint64_t kTotals[] = {4 << 20, 1, 2, 64, 512, 1000, 2050};
  const size_t capacity = kCapacities[input.Below(sizeof(kCapacities) / sizeof(*kCapacities))];
  const uint64_t total = kTotals[input.Below(sizeof(kTotals) / sizeof(*kTotals))];
  const uint8_t cuts = input.Octet();
  const uint8_t refusals = input.Octet();
  Heap heap(refusals);
  const bool release = (refusals & 1) != 0;
  const std::string_view octets = input.Rest();

  Framing got;
  {
    wire::LineSplitter splitter(heap.memory(), capacity, total);
    const Pieces pieces(octets, cuts);
    size_t before = 0;
    size_t idle = 0;
    RequireThat(splitter.capacity() == capacity && splitter.max_total() == total, "bounded store",
                "it has other limits than it was given");
    for (const std::string_view piece : pieces.views()) {
      std::string_view left = piece;
      for (;;) {
        wire::Line line;
        size_t consumed = 0;
        const wire::LineStatus status = splitter.Next(left, &consumed, &line);
        RequireThat(consumed <= left.size(), "progress", "it consumed more than there was");
        left.remove_prefix(consumed);
        RequireThat(splitter.memory_octets() <= capacity && heap.held() == splitter.memory_octets(),
                    "bounded store", "more is held than the capacity, or than it says");
        if (status == wire::LineStatus::kNeedMore) break;
        if (status == wire::LineStatus::kNoMemory) {
          // At most one refusal for each bit of the pattern.
          RequireThat(++idle <= 8, "progress", "it says that there is no memory, again and again");
          continue;
        }
        RequireThat(consumed != 0, "progress", "a line, and nothing was consumed");
        const size_t end = before + static_cast<size_t>(left.data() - piece.data());
        Add(status, line, splitter.over_total_after_bare_lf(), end, &got);
        if (release) splitter.ReleaseStore();
      }
      RequireThat(left.empty(), "progress", "it needs more and has not consumed what is there");
      // Of nothing it makes nothing.
      wire::Line none;
      size_t consumed = 1;
      RequireThat(
          splitter.Next({}, &consumed, &none) == wire::LineStatus::kNeedMore && consumed == 0,
          "progress", "it makes something of nothing");
      before += piece.size();
    }
    got.at_line_start = splitter.AtLineStart();
    splitter.Reset();
    splitter.ReleaseStore();
    RequireThat(heap.held() == 0, "bounded store", "ReleaseStore kept something");
  }
  Require("SameFraming",
          oracle::SameFraming(oracle::ReferenceFraming(octets, capacity, total), got));
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 60);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
