// SPDX-License-Identifier: Apache-2.0
//
// Values of the extensions' parameters, and arguments of their commands.
//
// Target functions: syntax::ParseRet, ParseNotify, ParseEnvid, ParseOrcpt; ParseAuthArgument,
// DecodeInitialResponse, DecodeAuthLine, ParseAuthParameter; ParseDeliverBy, ParseMtPriority,
// ParseHoldFor, ParseHoldUntil, ParseRrvs; ParseBurlArgument, IsAbsoluteUri; ParseEtrnArgument,
// AtrnIterator; ParseEhloLimits; ParseClientAttributes. BDAT's argument is bdat_decoder's.
//
// Input: which, then the text.
// Oracles: EsmtpValueAgrees (the ABNF of each RFC; parse, print, parse); nothing is read behind the
// text or written past its room (B3); WorkIsLinear (B2).

#include "fuzz/oracle/esmtp_values.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

void Run(Input input) {
  const auto kind = static_cast<oracle::EsmtpValue>(input.Below(oracle::kEsmtpValues));
  Require("EsmtpValueAgrees", oracle::EsmtpValueAgrees(kind, input.Rest()));
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 1500, 60);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
