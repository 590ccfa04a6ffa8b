// SPDX-License-Identifier: Apache-2.0
//
// Text for terminals: colour where it is wanted, columns and paragraphs that know how wide letters
// are. UTF-8 throughout.
//
// Threads: pure, but for what FromFlag reads of the environment.
#ifndef POSTERN_TOOLS_POSTERNCTL_PAINT_H_
#define POSTERN_TOOLS_POSTERNCTL_PAINT_H_

#include <stdio.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace postern {
namespace ctl {

class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}

  // By --color, NO_COLOR, TERM, and whether `stream` is a terminal.
  static absl::StatusOr<Paint> FromFlag(FILE* stream);

  bool on() const { return on_; }
  std::string Bold(const std::string& text) const { return In("1", text); }
  std::string Dim(const std::string& text) const { return In("2", text); }
  std::string Red(const std::string& text) const { return In("31", text); }
  std::string Green(const std::string& text) const { return In("32", text); }
  std::string Yellow(const std::string& text) const { return In("33", text); }
  std::string Blue(const std::string& text) const { return In("34", text); }
  std::string Cyan(const std::string& text) const { return In("36", text); }
  // By the first digit of a reply code.
  std::string OfCode(unsigned code, const std::string& text) const;

 private:
  std::string In(const char* colour, const std::string& text) const;

  bool on_;
};

// Columns of `stream`'s terminal, 60 to 100; 80 where it is none.
size_t TerminalWidth(FILE* stream);

// Columns that UTF-8 text takes: East Asian wide letters take two, combining marks none.
size_t DisplayWidth(const std::string& text);

// Paragraph in lines of at most `width` columns. Text without spaces (Japanese, Chinese) is cut
// between letters.
std::vector<std::string> WrapColumns(const std::string& text, size_t width);

// Spaces behind the text up to `width` columns.
std::string Pad(const std::string& text, size_t width);

// Octets that came from outside, harmless for a terminal: what is no printable ASCII becomes \r,
// \n,
// \t, \0 or \xHH.
std::string Visible(const std::string& octets);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_PAINT_H_
