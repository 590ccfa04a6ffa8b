// SPDX-License-Identifier: Apache-2.0
//
// BDAT commands and the chunks behind them, cut in any way, one message after another.
//
// Target functions: syntax::ParseBdatArgument; wire::BdatDecoder (Start, BeginChunk, SkipChunk,
// Next, Fault, FindBareNewline) and the kernel find_content_event of wire/scan.cc.
//
// Input: policy, cuts, then what a client sends without the word BDAT: the argument and LF, its
// octets, the next argument, and so on. "!" before an argument: the command is refused. An empty
// argument: RSET.
// Oracles: BdatArgumentAgrees (RFC 3030 §2); SameBdat (D2, D3, D5, R3) at the end of every read, so
// that nothing is held back but a CR (D4); progress (B3);
// WorkIsLinear (B2).

#include "engine/wire/bdat_decoder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/bdat_argument.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/bdat.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

using oracle::BdatChunk;
using oracle::BdatMessage;
using oracle::BdatPolicy;
using wire::BdatStatus;

// Comparing at every read of a long input would be quadratic.
constexpr int kComparisons = 64;
// What may lie behind a chunk in the same read, to be left alone.
constexpr size_t kBehind = 16;

bool IsIn(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

class Messages {
 public:
  explicit Messages(BdatPolicy policy)
      : decoder_(policy == BdatPolicy::kNormalize ? wire::BareNewline::kNormalize
                                                  : wire::BareNewline::kReject),
        policy_(policy) {
    Begin();
  }

  void Begin() {
    decoder_.Start(policy_ == BdatPolicy::kBinary ? wire::BdatContent::kBinary
                                                  : wire::BdatContent::kLines);
    chunks_.clear();
    got_ = {};
  }

  // Feeds one chunk; *octets loses what belonged to it. False if more of it is to come.
  bool Chunk(BdatChunk chunk, uint8_t cuts, std::string_view* octets) {
    if (chunk.refused) {
      decoder_.SkipChunk(chunk.size);
    } else {
      decoder_.BeginChunk(chunk.size, chunk.last);
    }
    const size_t here = static_cast<size_t>(std::min<uint64_t>(chunk.size, octets->size()));
    const std::string_view own = octets->substr(0, here);
    const Pieces pieces(octets->substr(0, here + kBehind), cuts);
    chunks_.push_back(chunk);
    std::string* const came = &chunks_.back().octets;
    bool ended = false;
    // Once without octets: a chunk may have none.
    ended = Read({}, chunk.refused, came);
    Compare();
    for (const std::string_view piece : pieces.views()) {
      if (ended) break;
      ended = Read(piece, chunk.refused, came);
      Compare();
    }
    Require("SameBdat", oracle::SameBdat(oracle::ReferenceBdat(chunks_, policy_), got_));
    RequireThat(*came == own, "D5", "a chunk took octets that are not its own");
    octets->remove_prefix(here);
    if (!ended) return false;
    size_t consumed = 7;
    std::string_view slice;
    RequireThat(decoder_.Next("x", &consumed, &slice) == BdatStatus::kChunkEnd && consumed == 0,
                "D5", "octets behind the chunk are taken for it");
    return true;
  }

 private:
  bool Read(std::string_view left, bool refused, std::string* came) {
    for (;;) {
      size_t consumed = 0;
      std::string_view slice;
      const BdatStatus status = decoder_.Next(left, &consumed, &slice);
      RequireThat(consumed <= left.size(), "progress", "it consumed more than there was");
      const std::string_view taken = left.substr(0, consumed);
      left.remove_prefix(consumed);
      came->append(taken);
      if (!refused) got_.wire += consumed;
      got_.left = decoder_.chunk_left();
      got_.bare_cr = (decoder_.faults() & wire::kBareCr) != 0;
      got_.bare_lf = (decoder_.faults() & wire::kBareLf) != 0;
      switch (status) {
        case BdatStatus::kSlice:
          RequireThat(!slice.empty(), "progress", "an empty slice");
          // A held CR that turns out to be bare makes a slice and takes nothing.
          RequireThat(consumed != 0 || slice == "\r\n", "progress", "a slice of nothing");
          RequireThat(slice == "\r\n" || IsIn(slice, taken), "borrowing",
                      "a slice that is not in what was consumed");
          RequireThat(!refused, "D5", "octets of a refused chunk are delivered");
          got_.octets += slice;
          RequireThat(decoder_.content_octets() == got_.octets.size(), "counting",
                      "content_octets");
          break;
        case BdatStatus::kNeedMore:
          RequireThat(left.empty(), "progress", "it needs more and has not taken what is there");
          RequireThat(got_.left != 0, "progress", "it needs more of a chunk that is complete");
          return false;
        case BdatStatus::kChunkEnd:
          RequireThat(decoder_.wire_octets() == got_.wire, "counting", "wire_octets");
          return true;
      }
    }
  }

  void Compare() {
    if (++compared_ > kComparisons) return;
    Require("SameBdat", oracle::SameBdat(oracle::ReferenceBdat(chunks_, policy_), got_));
  }

  wire::BdatDecoder decoder_;
  const BdatPolicy policy_;
  std::vector<BdatChunk> chunks_;  // of this message
  BdatMessage got_;
  int compared_ = 0;
};

void Run(Input input) {
  static constexpr BdatPolicy kPolicies[] = {BdatPolicy::kReject, BdatPolicy::kNormalize,
                                             BdatPolicy::kBinary};
  Messages messages(kPolicies[input.Below(3)]);
  const uint8_t cuts = input.Octet();
  std::string_view octets = input.Rest();
  while (!octets.empty()) {
    std::string_view line = octets.substr(0, octets.find('\n'));
    octets.remove_prefix(std::min(octets.size(), line.size() + 1));
    if (line.empty()) {
      messages.Begin();
      continue;
    }
    BdatChunk chunk;
    chunk.refused = line[0] == '!';
    if (chunk.refused) line.remove_prefix(1);
    // A block of exactly its size, as in Pieces.
    const Pieces block(line, 0);
    const std::string_view text = block.views().empty() ? std::string_view() : block.views()[0];
    const syntax::BdatArgument argument = syntax::ParseBdatArgument(text);
    Require("BdatArgumentAgrees", oracle::BdatArgumentAgrees(text, argument));
    // How many octets follow is not known: a session ends here.
    if (!argument.size_known) return;
    chunk.size = argument.octets;
    chunk.last = argument.last;
    chunk.refused = chunk.refused || !argument.ok();
    if (!messages.Chunk(chunk, cuts, &octets)) return;
    if (chunk.last && !chunk.refused) messages.Begin();
  }
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 30);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
