// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/paint.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/posternctl/flags.h"

namespace postern {
namespace ctl {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// Unicode's East Asian Width W and F, as far as letters of living languages go.
constexpr Range kWide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},  {0x3400, 0x4dbf}, {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f}, {0xff00, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x20000, 0x3fffd}};
constexpr Range kZero[] = {{0x0300, 0x036f}, {0x200b, 0x200f}, {0xfe00, 0xfe0f}};

template <size_t N>
bool In(const Range (&ranges)[N], uint32_t letter) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& r) { return letter >= r.first && letter <= r.last; });
}

// The letter that begins at `at`, and its octets. What is no UTF-8 counts as one column an octet.
uint32_t Letter(const std::string& text, size_t at, size_t* octets) {
  const auto octet = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = octet(at);
  size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  uint32_t letter = size == 1 ? first : first & (0xffu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((octet(at + i) & 0xc0) != 0x80) {
      *octets = 1;
      return first;
    }
    letter = letter << 6 | (octet(at + i) & 0x3f);
  }
  *octets = size;
  return letter;
}

size_t WidthOf(uint32_t letter) { return In(kWide, letter) ? 2 : In(kZero, letter) ? 0 : 1; }

}  // namespace

absl::StatusOr<Paint> Paint::FromFlag(FILE* stream) {
  const std::string wanted = absl::GetFlag(FLAGS_color);
  if (wanted == "always") return Paint(true);
  if (wanted == "never") return Paint(false);
  if (wanted != "auto") {
    return absl::InvalidArgumentError(
        absl::StrCat("--color=", wanted, ": write auto, always or never"));
  }
  const char* no_colour = getenv("NO_COLOR");
  const char* term = getenv("TERM");
  return Paint(isatty(fileno(stream)) != 0 && (no_colour == nullptr || no_colour[0] == '\0') &&
               (term == nullptr || std::string(term) != "dumb"));
}

std::string Paint::OfCode(unsigned code, const std::string& text) const {
  switch (code / 100) {
    case 2:
      return Green(text);
    case 3:
      return Cyan(text);
    case 4:
      return Yellow(text);
    default:
      return Red(text);
  }
}

std::string Paint::In(const char* colour, const std::string& text) const {
  if (!on_ || text.empty()) return text;
  return absl::StrCat("\033[", colour, "m", text, "\033[0m");
}

size_t TerminalWidth(FILE* stream) {
  winsize size = {};
  if (isatty(fileno(stream)) == 0 || ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 ||
      size.ws_col == 0) {
    return 80;
  }
  return std::clamp<size_t>(size.ws_col, 60, 100);
}

size_t DisplayWidth(const std::string& text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    size_t octets = 0;
    width += WidthOf(Letter(text, at, &octets));
    at += octets;
  }
  return width;
}

std::vector<std::string> WrapColumns(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  size_t columns = 0;
  size_t last_space = std::string::npos;  // in `line`
  for (size_t at = 0; at < text.size();) {
    size_t octets = 0;
    const uint32_t letter = Letter(text, at, &octets);
    const size_t wide = WidthOf(letter);
    if (letter == ' ' && line.empty()) {
      at += octets;
      continue;
    }
    if (columns + wide > width && !line.empty()) {
      std::string rest;
      // Between words; but two columns wide letters may be cut anywhere.
      if (letter != ' ' && last_space != std::string::npos && wide != 2) {
        rest = line.substr(last_space + 1);
        line.resize(last_space);
      }
      lines.push_back(line);
      line = rest;
      columns = DisplayWidth(line);
      last_space = std::string::npos;
      if (letter == ' ' && line.empty()) {
        at += octets;
        continue;
      }
    }
    if (letter == ' ') last_space = line.size();
    line.append(text, at, octets);
    columns += wide;
    at += octets;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string Pad(const std::string& text, size_t width) {
  const size_t columns = DisplayWidth(text);
  return columns >= width ? text : text + std::string(width - columns, ' ');
}

namespace {

std::string VisibleOctet(char c) {
  switch (c) {
    case '\r':
      return "\\r";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\0':
      return "\\0";
    case '\\':
      return "\\\\";
    default:
      break;
  }
  const unsigned octet = static_cast<unsigned char>(c);
  if (octet >= 0x20 && octet < 0x7f) return std::string(1, c);
  return absl::StrFormat("\\x%02X", octet);
}

}  // namespace

std::string Visible(const std::string& octets) {
  constexpr size_t kShortestRun = 32;
  std::string out;
  for (size_t i = 0; i < octets.size();) {
    size_t end = octets.find_first_not_of(octets[i], i);
    if (end == std::string::npos) end = octets.size();
    const std::string one = VisibleOctet(octets[i]);
    if (end - i >= kShortestRun) {
      absl::StrAppend(&out, "{", one, "*", end - i, "}");
      i = end;
    } else {
      out += one;
      ++i;
    }
  }
  return out;
}

}  // namespace ctl
}  // namespace postern
