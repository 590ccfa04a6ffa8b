// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/reply_grammar.h"

#include "engine/syntax/utf8.h"

namespace postern::replies {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Length of "d.ddd.ddd " at the start of `text`, 0 where there is none.
size_t EnhancedLength(std::string_view text) noexcept {
  size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    const size_t begin = at;
    while (at < text.size() && IsDigit(text[at]) && at - begin < 3) ++at;
    if (at == begin || at == text.size()) return 0;
    if (part == 0 && at - begin != 1) return 0;
    if (text[at] != (part == 2 ? ' ' : '.')) return 0;
    ++at;
  }
  return at;
}

GrammarError CheckText(std::string_view text, bool utf8) noexcept {
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet == '\r' || octet == '\n') return GrammarError::kLineEnd;
    if (octet >= 0x80 ? !utf8 : (octet < 0x20 && octet != '\t') || octet == 0x7f) {
      return GrammarError::kText;
    }
  }
  return utf8 && !syntax::IsWellFormedUtf8(text) ? GrammarError::kText : GrammarError::kNone;
}

}  // namespace

GrammarResult CheckReplyStream(std::string_view stream, const GrammarOptions& options) noexcept {
  GrammarResult result;
  const auto fail = [&result](GrammarError error) {
    result.error = error;
    return result;
  };
  bool first = true;  // of a reply
  bool enhanced = false;
  while (result.offset < stream.size()) {
    const std::string_view rest = stream.substr(result.offset);
    const size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return fail(GrammarError::kUnfinished);
    const std::string_view line = rest.substr(0, end);
    // RFC 4954 §4: a challenge is as long as it must be, and may be empty behind its space.
    const bool challenge = line.substr(0, 4) == "334 ";
    if (end + 2 > (challenge ? 12288 : 512)) return fail(GrammarError::kLineTooLong);
    if (line.size() < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '5' ||
        !IsDigit(line[2])) {
      return fail(GrammarError::kCode);
    }
    const auto code =
        static_cast<uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
    if (!first && code != result.last_code) return fail(GrammarError::kMixedCodes);
    result.last_code = code;
    const bool last = line.size() == 3 || line[3] == ' ';
    if (!last && line[3] != '-') return fail(GrammarError::kSeparator);
    if (line.size() > 3) {
      const std::string_view text = line.substr(4);
      if (last && text.empty() && !challenge) return fail(GrammarError::kText);
      const GrammarError error = CheckText(text, options.utf8);
      if (error != GrammarError::kNone) return fail(error);
      const bool has_enhanced = EnhancedLength(text) != 0;
      if (first) enhanced = has_enhanced;
      if (options.enhanced && (has_enhanced != enhanced || (has_enhanced && text[0] != line[0]))) {
        return fail(GrammarError::kEnhanced);
      }
    }
    first = last;
    if (last) ++result.replies;
    result.offset += end + 2;
  }
  if (!first) return fail(GrammarError::kUnfinished);
  return result;
}

}  // namespace postern::replies
