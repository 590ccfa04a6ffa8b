// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/bdat.h"

#include <algorithm>

#include "fuzz/oracle/content.h"
#include "fuzz/oracle/esmtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

constexpr std::string_view kMostOctets = "9223372036854775807";

}  // namespace

BdatMessage ReferenceBdat(const std::vector<BdatChunk>& chunks, BdatPolicy policy) {
  BdatMessage message;
  std::string sent;
  bool complete = false;  // nothing comes behind it any more
  for (const BdatChunk& chunk : chunks) {
    message.left = chunk.size;
    for (const char c : chunk.octets) {
      --message.left;
      if (chunk.refused) continue;
      sent += c;
      ++message.wire;
    }
    complete = chunk.last && !chunk.refused && message.left == 0;
  }
  if (policy == BdatPolicy::kBinary) {
    message.octets = sent;
    return message;
  }
  for (size_t i = 0; i < sent.size(); ++i) {
    if (sent[i] != '\r' && sent[i] != '\n') {
      message.octets += sent[i];
      continue;
    }
    const bool at_end = i + 1 == sent.size();
    if (sent[i] == '\r' && at_end && !complete) break;  // half a CR LF, or bare: not known yet
    if (sent[i] == '\r' && !at_end && sent[i + 1] == '\n') {
      message.octets += "\r\n";
      ++i;
      continue;
    }
    (sent[i] == '\r' ? message.bare_cr : message.bare_lf) = true;
    if (policy == BdatPolicy::kReject) break;  // nothing behind the first is delivered
    message.octets += "\r\n";
  }
  return message;
}

Finding SameBdat(const BdatMessage& expected, const BdatMessage& got) {
  if (expected.left != got.left) {
    return std::to_string(expected.left) + " octets of the chunk should be left and " +
           std::to_string(got.left) + " are";
  }
  return SameDecoded({expected.octets, expected.wire, expected.bare_cr, expected.bare_lf},
                     {got.octets, got.wire, got.bare_cr, got.bare_lf});
}

Finding BdatArgumentAgrees(std::string_view text, const syntax::BdatArgument& got) {
  const std::string shown = "\"" + Visible(text) + "\": ";
  const size_t space = std::min(text.find(' '), text.size());
  const bool sized = MatchesEsmtp("chunk-size", text.substr(0, space));
  std::string digits(text.substr(0, space));
  digits.erase(0,
               std::min(digits.find_first_not_of('0'), digits.size() - (digits.empty() ? 0 : 1)));
  const bool fits = digits.size() < kMostOctets.size() ||
                    (digits.size() == kMostOctets.size() && digits <= kMostOctets);
  const bool right = MatchesEsmtp("bdat-argument", text) && fits;
  if (got.ok() != right) return shown + (right ? "refused" : "taken");
  // D5: what follows a refused BDAT is skipped by its size where that is known.
  if (got.size_known != (sized && fits)) return shown + "its size is known, or not, wrongly";
  if (got.size_known && std::to_string(got.octets) != digits) {
    return shown + "its size became " + std::to_string(got.octets);
  }
  if (sized && !fits && got.error != syntax::BdatError::kSizeTooBig) {
    return shown + "not refused as too big";
  }
  if (right && got.last != (space != text.size())) return shown + "LAST, or not, wrongly";
  return {};
}

}  // namespace postern::fuzz::oracle
