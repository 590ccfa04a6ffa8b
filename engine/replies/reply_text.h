// SPDX-License-Identifier: Apache-2.0
//
// One line of table text: literal text and placeholders in braces. `{{` stands for `{` and `}}` for
// `}`. It knows neither ids nor limits; it is used when a table is loaded and bound, never on the
// octet path.
//
// Threads: pure functions.

#ifndef POSTERN_ENGINE_REPLIES_REPLY_TEXT_H_
#define POSTERN_ENGINE_REPLIES_REPLY_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/replies/reply_rules.h"

namespace postern::replies {

struct TextPiece {
  std::string literal;     // before the placeholder
  bool has_value = false;  // false only in the last piece
  Placeholder value = Placeholder::kServer;
};

enum class TextError { kNone, kUnclosedBrace, kStrayBrace, kUnknownPlaceholder };

// Splits a line. On an error, `what` gets the placeholder's name or the text from the brace on.
TextError SplitText(std::string_view line, std::vector<TextPiece>* pieces, std::string* what);

// The line's longest rendering without code and CR LF.
size_t LongestRendering(const std::vector<TextPiece>& pieces);

// Writes a brace twice, so that free text is taken as it stands.
std::string EscapeBraces(std::string_view text);

// Cuts free text into lines of at most `width` octets, between words where there are any.
std::vector<std::string> WrapText(std::string_view text, size_t width);

// Strings and whole numbers, one behind the other. (absl::StrCat does not take std::string_view
// where Abseil was built with a string_view of its own, as Debian's is.)
template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::string whole;
  const auto append = [&whole](const auto& part) {
    if constexpr (std::is_integral_v<std::decay_t<decltype(part)>>) {
      whole += std::to_string(part);
    } else {
      whole += std::string_view(part);
    }
  };
  (append(parts), ...);
  return whole;
}

bool IsPrintableAscii(char c);
// Printable ASCII and HT, RFC 5321 section 4.2's textstring.
bool IsTextOctet(char c);
// Offset of the first octet that is not well-formed UTF-8 or belongs to a control character (HT is
// none here; U+0080 to U+009F are); text.size() where there is none.
size_t FindBadUtf8Text(std::string_view text);

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_TEXT_H_
