// SPDX-License-Identifier: Apache-2.0
//
// Paths, mailboxes and the words that are like them.
//
// Target functions: syntax::ParsePath (with ScanPlainPath, ScanLocalPart, ScanDomain,
// ScanAddressLiteral), ParseMailbox, UnquoteLocalPart, NeedsQuoting, ParseString,
// ParseQueryArgument.
//
// Input: which function, options, then the text.
// Oracles: PathAgrees, PathIsStable, MailboxAgrees, QuotingIsStable, StringAgrees,
// QueryArgumentAgrees (the ABNF of RFC 5321 and RFC 6531, and the limits of RFC 5321 §4.5.3.1);
// WorkIsLinear (B2).

#include "engine/syntax/path.h"

#include <cstddef>
#include <cstdint>

#include "engine/syntax/word.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/syntax.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

void Path(std::string_view text, syntax::PathKind kind, const syntax::PathOptions& options) {
  syntax::PathResult result;
  const bool ok = syntax::ParsePath(text, kind, options, &result);
  RequireThat(ok == result.ok(), "PathAgrees", "it returns what its result does not say");
  Require("PathAgrees", oracle::PathAgrees(text, kind, options, result));
  if (ok && !result.is_null) {
    Require("QuotingIsStable", oracle::QuotingIsStable(result.local_part));
  }
  if (ok) Require("PathIsStable", oracle::PathIsStable(kind, options, result));
}

void Run(Input input) {
  const unsigned what = input.Below(5);
  const uint8_t bits = input.Octet();
  const std::string_view text = input.Rest();
  syntax::PathOptions options;
  options.utf8 = (bits & 1) != 0;
  options.allow_missing_angle_brackets = (bits & 2) != 0;
  options.trailing_dot_in_domain = (bits & 4) != 0;
  switch (what) {
    case 0:
      return Path(text, syntax::PathKind::kReversePath, options);
    case 1:
      return Path(text, syntax::PathKind::kForwardPath, options);
    case 2: {
      syntax::PathResult result;
      syntax::ParseMailbox(text, options, &result);
      return Require("MailboxAgrees", oracle::MailboxAgrees(text, options, result));
    }
    case 3:
      return Require("StringAgrees", oracle::StringAgrees(text, options.utf8,
                                                          syntax::ParseString(text, options.utf8)));
    default:
      return Require("QueryArgumentAgrees",
                     oracle::QueryArgumentAgrees(text, options.utf8,
                                                 syntax::ParseQueryArgument(text, options.utf8)));
  }
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 12);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
