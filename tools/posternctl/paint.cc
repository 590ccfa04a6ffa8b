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

// What may not begin a line, and what may not end one, where letters may be parted anywhere: marks
// that close and small kana, and marks that open.
constexpr uint32_t kNoBegin[] = {
    0x3001, 0x3002, 0x3005, 0x3009, 0x300b, 0x300d, 0x300f, 0x3011, 0x3015, 0x3017, 0x3041, 0x3043,
    0x3045, 0x3047, 0x3049, 0x3063, 0x3083, 0x3085, 0x3087, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9,
    0x30c3, 0x30e3, 0x30e5, 0x30e7, 0x30fb, 0x30fc, 0xff01, 0xff09, 0xff0c, 0xff0e, 0xff1a, 0xff1b,
    0xff1f, 0xff3d, 0xff5d, '.',    ',',    ';',    ':',    ')',    '!',    '?'};
constexpr uint32_t kNoEnd[] = {0x3008, 0x300a, 0x300c, 0x300e, 0x3010, 0x3014,
                               0x3016, 0xff08, 0xff3b, 0xff5b, '('};

template <size_t N>
bool IsOneOf(const uint32_t (&letters)[N], uint32_t letter) {
  return std::find(std::begin(letters), std::end(letters), letter) != std::end(letters);
}

size_t WidthOf(uint32_t letter) { return In(kWide, letter) ? 2 : In(kZero, letter) ? 0 : 1; }

// Whether a line may end between two letters: behind a space, and on either side of a letter two
// columns wide.
bool MayPart(uint32_t before, uint32_t after) {
  if (before == ' ') return true;
  return (WidthOf(before) == 2 || WidthOf(after) == 2) && !IsOneOf(kNoBegin, after) &&
         !IsOneOf(kNoEnd, before);
}

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
  size_t last_parting = std::string::npos;  // in `line`
  uint32_t before = 0;
  const auto finish = [&] {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (!line.empty()) lines.push_back(line);
  };
  for (size_t at = 0; at < text.size();) {
    size_t octets = 0;
    const uint32_t letter = Letter(text, at, &octets);
    const std::string one = text.substr(at, octets);
    at += octets;
    if (letter == ' ' && line.empty()) continue;
    const size_t wide = WidthOf(letter);
    const bool parting = !line.empty() && MayPart(before, letter);
    if (columns + wide > width && !line.empty()) {
      // A word that is wider than a line is cut where it stands.
      const size_t cut = parting || letter == ' ' || last_parting == std::string::npos
                             ? line.size()
                             : last_parting;
      const std::string rest = line.substr(cut);
      line.resize(cut);
      finish();
      line = rest;
      columns = DisplayWidth(line);
      last_parting = std::string::npos;
      if (letter == ' ' && line.empty()) continue;
    } else if (parting) {
      last_parting = line.size();
    }
    line += one;
    columns += wide;
    before = letter;
  }
  finish();
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
