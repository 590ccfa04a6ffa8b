// SPDX-License-Identifier: Apache-2.0
//
// A reader of replies that is slow and obvious. See reply_oracle.h.

#include "tests/transcripts/reply_oracle.h"

#include "tests/transcripts/transcript.h"

namespace postern::transcripts {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "x.y.z " at the start of `text`: RFC 2034 section 4; without leading zeros, RFC 3463 section 2.
std::string EnhancedCode(std::string_view text) {
  size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    const size_t start = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    const size_t digits = at - start;
    if (digits == 0 || digits > (part == 0 ? 1u : 3u)) return {};
    if (digits > 1 && text[start] == '0') return {};
    if (part < 2) {
      if (at == text.size() || text[at] != '.') return {};
      ++at;
    }
  }
  if (at == text.size() || text[at] != ' ') return {};
  return std::string(text.substr(0, at));
}

bool ContinuesUtf8(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

bool ReadReplies(std::string_view output, bool utf8, std::vector<SeenReply>* replies,
                 std::string* error) {
  SeenReply reply;
  while (!output.empty()) {
    const size_t end = output.find("\r\n");
    if (end == std::string_view::npos) {
      *error = "output ends without CR LF: " + Visible(output, true);
      return false;
    }
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(end + 2);
    const auto fail = [&](const char* reason) {
      *error = std::string(reason) + ": " + Visible(line, true);
      return false;
    };
    // RFC 4954 §4: a challenge may be longer, and may be nothing behind the space.
    const bool challenge = line.substr(0, 4) == "334 ";
    const size_t most = challenge ? 12288 : 512;
    if (line.size() + 2 > most) return fail("reply line over 512 octets");
    if (line.size() < (challenge ? 4u : 5u) || line[0] < '2' || line[0] > '5' || line[1] < '0' ||
        line[1] > '5' || !IsDigit(line[2])) {
      return fail("no reply code with text behind it");
    }
    if (line[3] != ' ' && line[3] != '-') return fail("neither SP nor - behind the code");
    for (size_t i = 4; i < line.size(); ++i) {
      const unsigned char octet = static_cast<unsigned char>(line[i]);
      if (octet == '\t' || (octet >= 0x20 && octet < 0x7f)) continue;
      if (!utf8 || octet < 0x80) return fail("octet that no reply text may hold");
      const size_t more = octet >= 0xf0 ? 3 : octet >= 0xe0 ? 2 : 1;
      if (octet < 0xc2 || octet > 0xf4) return fail("bad UTF-8");
      for (size_t k = 0; k < more; ++k) {
        if (++i == line.size() || !ContinuesUtf8(line[i])) return fail("bad UTF-8");
      }
    }
    const uint16_t code =
        static_cast<uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
    const std::string enhanced = EnhancedCode(line.substr(4));
    if (reply.lines.empty()) {
      reply.code = code;
      reply.enhanced = enhanced;
    } else if (reply.code != code) {
      return fail("two codes in one reply");
    }
    reply.enhanced_everywhere = reply.enhanced_everywhere && reply.enhanced == enhanced;
    reply.lines.emplace_back(line);
    if (line[3] == ' ') {
      replies->push_back(reply);
      reply = SeenReply();
    }
  }
  if (!reply.lines.empty()) {
    *error = "the last reply has no last line: " + reply.lines.back();
    return false;
  }
  return true;
}

std::string EnhancedFault(const SeenReply& reply, bool enabled, bool greeting_or_helo) {
  const std::string& first = reply.lines.front();
  if (!enabled) return reply.enhanced.empty() ? "" : "enhanced code not in force: " + first;
  if (greeting_or_helo) return "";
  if (reply.code / 100 == 3) {
    return reply.enhanced.empty() ? "" : "enhanced code in a 3yz reply: " + first;
  }
  if (reply.enhanced.empty()) return "no enhanced code: " + first;
  if (!reply.enhanced_everywhere) return "not the same enhanced code on all lines: " + first;
  if (reply.enhanced[0] != first[0]) return "enhanced class is not the code's: " + first;
  return "";
}

}  // namespace postern::transcripts
