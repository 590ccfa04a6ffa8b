// SPDX-License-Identifier: Apache-2.0
//
// Content behind DATA, cut in any way, one message after another.
//
// Target functions: wire::DataDecoder (Start, Next, Fault, Skip) and the kernels
// find_content_event, find_dot_line of wire/scan.cc.
//
// Input: policy and mode, cuts, then the octets behind DATA.
// Oracles: SameContent (D1-D3, R3) at the end of every read, so that nothing is held back (D4);
// encode then decode is the identity; progress (B3);
// WorkIsLinear (B2).

#include "engine/wire/data_decoder.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/content.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

using wire::BareNewline;
using wire::DataStatus;

bool IsIn(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// Feeds one message; *octets loses what belonged to it. The cuts are those of this message.
void Message(wire::DataDecoder* decoder, BareNewline policy, uint8_t cuts,
             std::string_view* octets) {
  const bool normalize = policy == BareNewline::kNormalize;
  const Pieces pieces(*octets, cuts);
  oracle::Content got;
  size_t compared = 0;
  for (const std::string_view piece : pieces.views()) {
    std::string_view left = piece;
    bool more = true;
    while (more) {
      size_t consumed = 0;
      std::string_view slice;
      const DataStatus status = decoder->Next(left, &consumed, &slice);
      RequireThat(consumed <= left.size(), "progress", "it consumed more than there was");
      const std::string_view taken = left.substr(0, consumed);
      left.remove_prefix(consumed);
      got.wire += consumed;
      switch (status) {
        case DataStatus::kSlice:
          RequireThat(!slice.empty(), "progress", "an empty slice");
          // A held CR that turns out to be bare makes a slice and takes nothing.
          RequireThat(consumed != 0 || slice == "\r\n", "progress", "a slice of nothing");
          RequireThat(slice == "\r\n" || IsIn(slice, taken), "borrowing",
                      "a slice that is not in what was consumed");
          got.octets += slice;
          break;
        case DataStatus::kNeedMore:
          RequireThat(left.empty(), "progress", "it needs more and has not taken what is there");
          more = false;
          break;
        case DataStatus::kEnd:
          got.ended = true;
          more = false;
          break;
      }
    }
    got.bare_cr = (decoder->faults() & wire::kBareCr) != 0;
    got.bare_lf = (decoder->faults() & wire::kBareLf) != 0;
    RequireThat(decoder->wire_octets() == got.wire, "counting", "wire_octets");
    RequireThat(decoder->content_octets() == got.octets.size(), "counting", "content_octets");
    // Comparing at every octet of a long input would be quadratic.
    if (++compared <= 64 || got.ended) {
      const size_t fed = got.ended ? octets->size() : got.wire;
      Require("SameContent", oracle::SameContent(
                                 oracle::ReferenceContent(octets->substr(0, fed), normalize), got));
    }
    if (got.ended) break;
  }
  Require("SameContent", oracle::SameContent(oracle::ReferenceContent(*octets, normalize), got));
  octets->remove_prefix(got.wire);
  if (!got.ended) return;
  size_t consumed = 7;
  std::string_view slice;
  RequireThat(decoder->Next("x", &consumed, &slice) == DataStatus::kEnd && consumed == 0, "D1",
              "octets behind the end are taken for content");
}

void Run(Input input) {
  const uint8_t bits = input.Octet();
  const BareNewline policy = (bits & 1) != 0 ? BareNewline::kNormalize : BareNewline::kReject;
  const uint8_t cuts = input.Octet();
  std::string_view octets = input.Rest();
  wire::DataDecoder decoder(policy);
  if ((bits & 2) == 0) {
    while (!octets.empty()) {
      decoder.Start();
      Message(&decoder, policy, cuts, &octets);
    }
    return;
  }
  const std::string content = oracle::CleanContent(octets);
  const std::string wire = oracle::EncodeContent(content);
  std::string_view left = wire;
  Message(&decoder, policy, cuts, &left);
  RequireThat(left.empty() && decoder.faults() == 0, "encode then decode", "it does not end");
  RequireThat(oracle::ReferenceContent(wire, false).octets == content, "encode then decode",
              "the reference decoder itself is wrong");
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 40);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
