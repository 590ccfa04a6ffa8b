// SPDX-License-Identifier: Apache-2.0
//
// The whole session: a dialogue with scripted answers, notices and time, over the C ABI, judged by
// all oracles and by the contract model.
//
// Target functions: session_open to session_close of plugin_api, and all of engine/session,
// engine/commands, engine/wire, engine/syntax and engine/replies behind them.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fuzz/check.h"
#include "fuzz/model/contract.h"
#include "fuzz/session/mutator.h"
#include "fuzz/session/oracles.h"
#include "fuzz/session/run.h"

using postern::fuzz::Cuts;
using postern::fuzz::Dialogue;
using postern::fuzz::Require;
using postern::fuzz::Trace;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed);
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr size_t kMostSingleOctets = 20000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Dialogue dialogue =
      postern::fuzz::ReadDialogue(std::string_view(reinterpret_cast<const char*>(data), size));
  const Trace whole = RunDialogue(dialogue, Cuts::kWhole, false);
  Require("CallsHold", CallsHold(whole));
  Require("RepliesParse", RepliesParse(dialogue.setup, whole));
  Require("NothingAfterClosed", NothingAfterClosed(whole));
  Require("BoundsHold", BoundsHold(whole));
  Require("WorkIsLinear", WorkIsLinear(whole));
  Require("CheckContract", CheckContract(dialogue, whole));

  const Trace lines = RunDialogue(dialogue, Cuts::kLines, false);
  Require("CallsHold", CallsHold(lines));
  Require("RefusalsChangeNothing", RefusalsChangeNothing(lines));
  Require("OneReplyPerLine", OneReplyPerLine(lines));
  Require("ContentIsWhatWasSent", ContentIsWhatWasSent(dialogue.setup, lines));
  Require("SameWhateverCuts", SameWhateverCuts(whole, lines));

  const Trace random = RunDialogue(dialogue, Cuts::kRandom, dialogue.setup.late_output);
  Require("CallsHold", CallsHold(random));
  Require("SameWhateverCuts", SameWhateverCuts(whole, random));
  Require("BoundsHold", BoundsHold(random));

  // A call for each octet is dear. What is longer has been cut at random.
  if (whole.octets_fed > kMostSingleOctets) return 0;
  const Trace single = RunDialogue(dialogue, Cuts::kSingle, false);
  Require("CallsHold", CallsHold(single));
  Require("SameWhateverCuts", SameWhateverCuts(whole, single));
  Require("BoundsHold", BoundsHold(single));
  Require("WorkIsLinear", WorkIsLinear(single));
  return 0;
}

// libFuzzer's own mutations between ours (mutator.h).
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  // For measure_mutator.py alone: what would be without ours.
  static const bool plain = std::getenv("POSTERN_PLAIN_MUTATOR") != nullptr;
  if (plain) return LLVMFuzzerMutate(data, size, max_size);
  return postern::fuzz::MutateDialogue(data, size, max_size, seed, LLVMFuzzerMutate);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_out_size, unsigned int seed);
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_out_size, unsigned int seed) {
  if (std::getenv("POSTERN_PLAIN_MUTATOR") != nullptr) return 0;
  return postern::fuzz::CrossDialogues(data1, size1, data2, size2, out, max_out_size, seed);
}
