// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/reply.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace postern {
namespace milter {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Octets of "5.1.1" at the beginning of `text`; 0 if there is none.
size_t EnhancedLength(absl::string_view text) {
  size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return 0;
    const size_t begin = at;
    while (at < text.size() && at - begin < 3 && IsDigit(text[at])) ++at;
    if (at == begin || (part == 0 && at != 1)) return 0;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

}  // namespace

bool ParseReply(absl::string_view octets, Reply* reply) {
  *reply = Reply();
  bool last = false;
  while (!octets.empty()) {
    const size_t end = octets.find("\r\n");
    if (last || end == absl::string_view::npos || end < 3) return false;
    absl::string_view line = octets.substr(0, end);
    octets.remove_prefix(end + 2);
    for (size_t i = 0; i < 3; ++i) {
      if (!IsDigit(line[i])) return false;
    }
    const absl::string_view code = line.substr(0, 3);
    if (reply->code.empty()) reply->code = std::string(code);
    if (code != reply->code) return false;
    last = line.size() == 3 || line[3] == ' ';
    if (!last && line[3] != '-') return false;
    line.remove_prefix(line.size() == 3 ? 3 : 4);
    const size_t enhanced = EnhancedLength(line);
    if (enhanced > 0 && line[0] == code[0]) {
      if (reply->lines.empty()) reply->enhanced = std::string(line.substr(0, enhanced));
      // The same on each line (RFC 2034 section 4); anything else is text.
      if (line.substr(0, enhanced) == reply->enhanced) {
        line.remove_prefix(enhanced);
        absl::ConsumePrefix(&line, " ");
      }
    }
    reply->lines.emplace_back(line);
  }
  return last;
}

std::vector<std::string> FitForMilter(std::vector<std::string> lines) {
  while (lines.size() > kMaxReplyLines) {
    size_t shortest = 0;
    for (size_t i = 1; i + 1 < lines.size(); ++i) {
      if (lines[i].size() + lines[i + 1].size() <
          lines[shortest].size() + lines[shortest + 1].size()) {
        shortest = i;
      }
    }
    absl::StrAppend(&lines[shortest], " ", lines[shortest + 1]);
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(shortest) + 1);
  }
  for (std::string& line : lines) {
    std::string doubled = absl::StrReplaceAll(line, {{"%", "%%"}});
    if (doubled.size() > kMaxReplyLineOctets) {
      doubled = absl::StrReplaceAll(line, {{"%", ""}});
      if (doubled.size() > kMaxReplyLineOctets) doubled.resize(kMaxReplyLineOctets);
    }
    line = std::move(doubled);
  }
  return lines;
}

}  // namespace milter
}  // namespace postern
