// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/reply_text.h"

#include <algorithm>
#include <utility>

#include "engine/syntax/utf8.h"

namespace postern::replies {

TextError SplitText(std::string_view line, std::vector<TextPiece>* pieces, std::string* what) {
  pieces->clear();
  TextPiece piece;
  size_t at = 0;
  while (at < line.size()) {
    const size_t brace = line.find_first_of("{}", at);
    piece.literal.append(line.substr(at, brace - at));
    if (brace == std::string_view::npos) break;
    if (brace + 1 < line.size() && line[brace + 1] == line[brace]) {
      piece.literal += line[brace];
      at = brace + 2;
      continue;
    }
    if (line[brace] == '}') {
      *what = line.substr(brace);
      return TextError::kStrayBrace;
    }
    const size_t end = line.find_first_of("{}", brace + 1);
    if (end == std::string_view::npos || line[end] == '{') {
      *what = line.substr(brace);
      return TextError::kUnclosedBrace;
    }
    const std::string_view name = line.substr(brace + 1, end - brace - 1);
    if (!FindPlaceholder(name, &piece.value)) {
      *what = name;
      return TextError::kUnknownPlaceholder;
    }
    piece.has_value = true;
    pieces->push_back(std::exchange(piece, TextPiece()));
    at = end + 1;
  }
  pieces->push_back(std::move(piece));
  return TextError::kNone;
}

size_t LongestRendering(const std::vector<TextPiece>& pieces) {
  size_t octets = 0;
  for (const TextPiece& piece : pieces) {
    octets += piece.literal.size();
    if (piece.has_value) octets += LongestValue(piece.value);
  }
  return octets;
}

std::string EscapeBraces(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '{' || c == '}') escaped += c;
    escaped += c;
  }
  return escaped;
}

std::vector<std::string> WrapText(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (true) {
    const size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return lines;
    text.remove_prefix(begin);
    size_t cut = text.size();
    if (cut > width) {
      cut = text.rfind(' ', width);
      if (cut == std::string_view::npos) cut = width;
    }
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut);
  }
}

bool IsPrintableAscii(char c) { return c >= 0x20 && c <= 0x7e; }
bool IsTextOctet(char c) { return IsPrintableAscii(c) || c == '\t'; }

size_t FindBadUtf8Text(std::string_view text) {
  const size_t well_formed = syntax::WellFormedUtf8Prefix(text);
  for (size_t i = 0; i < well_formed; ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x20 || octet == 0x7f) return i;
    // U+0080 to U+009F; the next octet is there, since the text is well-formed up to here.
    if (octet == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return i;
  }
  return well_formed;
}

}  // namespace postern::replies
