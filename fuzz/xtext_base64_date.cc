// SPDX-License-Identifier: Apache-2.0
//
// The encodings of values.
//
// Target functions: syntax::DecodeXtext, EncodeXtext, DecodeBase64, EncodeBase64, ParseDateTime,
// DaysFromCivil.
//
// Input: which function, room for the result, then the text.
// Oracles: the ABNF of RFC 3461 §4, RFC 4954 §8, RFC 3339 §5.6; decode then encode and encode then
// decode are the identity; the calendar counted day by day; nothing is written past the room that
// was given; WorkIsLinear (B2).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/syntax/base64.h"
#include "engine/syntax/date_time.h"
#include "engine/syntax/xtext.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/date.h"
#include "fuzz/oracle/smtp_grammar.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

using oracle::MatchesValue;

// A block of exactly `size` octets.
struct Room {
  explicit Room(size_t room_size) : size(room_size), octets(std::make_unique<char[]>(room_size)) {}
  std::string_view view(size_t n) const { return {octets.get(), n}; }
  size_t size;
  std::unique_ptr<char[]> octets;
};

std::string DecodedXtext(std::string_view text) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '+') {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(value(text[i + 1]) * 16 + value(text[i + 2]));
    i += 2;
  }
  return decoded;
}

void Xtext(std::string_view text, size_t room_size) {
  const bool right = MatchesValue("xtext", text);
  const std::string expected = right ? DecodedXtext(text) : "";
  const Room room(room_size);
  size_t length = 0;
  const syntax::XtextError error = syntax::DecodeXtext(text, room.octets.get(), room.size, &length);
  const bool fits = expected.size() <= room.size;
  RequireThat((error == syntax::XtextError::kNone) == (right && fits), "xtext", Visible(text));
  if (right && !fits) {
    RequireThat(error == syntax::XtextError::kOutputTooBig, "xtext too big", Visible(text));
  }
  if (right && fits) RequireThat(room.view(length) == expected, "xtext decoded", Visible(text));

  // Any octets can be encoded, in the least room and in no less.
  const size_t encoded = syntax::EncodedXtextLength(text);
  const Room whole(encoded);
  RequireThat(syntax::EncodeXtext(text, whole.octets.get(), whole.size, &length) &&
                  length == encoded && MatchesValue("xtext", whole.view(length)) &&
                  DecodedXtext(whole.view(length)) == text,
              "xtext encoded", Visible(text));
  if (encoded != 0) {
    const Room less(encoded - 1);
    RequireThat(!syntax::EncodeXtext(text, less.octets.get(), less.size, &length), "xtext room",
                Visible(text));
  }
}

void Base64(std::string_view text, size_t room_size) {
  const bool right = MatchesValue("base64-value", text);
  const Room room(room_size);
  size_t length = 0;
  const syntax::Base64Error error =
      syntax::DecodeBase64(text, room.octets.get(), room.size, &length);
  if (!right) RequireThat(error != syntax::Base64Error::kNone, "base64 taken", Visible(text));
  size_t decoded = text.size() / 4 * 3;
  if (right && !text.empty()) {
    if (text.back() == '=') --decoded;
    if (text[text.size() - 2] == '=') --decoded;
  }
  if (right) {
    RequireThat((error == syntax::Base64Error::kNone) == (decoded <= room.size), "base64 refused",
                Visible(text));
  }
  if (error == syntax::Base64Error::kNone) {
    // One encoding for each octet string: encoding again gives the very text.
    const Room again(syntax::EncodedBase64Length(length));
    size_t encoded = 0;
    RequireThat(
        length == decoded &&
            syntax::EncodeBase64(room.view(length), again.octets.get(), again.size, &encoded) &&
            again.view(encoded) == text,
        "base64 decoded and encoded", Visible(text));
  }

  const Room encoded(syntax::EncodedBase64Length(text.size()));
  RequireThat(syntax::EncodeBase64(text, encoded.octets.get(), encoded.size, &length) &&
                  length == encoded.size && MatchesValue("base64-value", encoded.view(length)),
              "base64 encoded", Visible(text));
  // In place: `out` may be where `in` is.
  size_t back = 0;
  RequireThat(syntax::DecodeBase64(encoded.view(length), encoded.octets.get(), encoded.size,
                                   &back) == syntax::Base64Error::kNone &&
                  encoded.view(back) == text,
              "base64 encoded and decoded", Visible(text));
  if (encoded.size != 0) {
    const Room less(encoded.size - 1);
    RequireThat(!syntax::EncodeBase64(text, less.octets.get(), less.size, &length), "base64 room",
                Visible(text));
  }
}

void Run(Input input) {
  const unsigned what = input.Below(3);
  const size_t room = input.Octet();
  const std::string_view text = input.Rest();
  switch (what) {
    case 0:
      // A few sizes at the text's own, the others as they come.
      return Xtext(text, room < 4 ? text.size() - (text.size() < room ? 0 : room) : room);
    case 1:
      return Base64(text, room < 4 ? text.size() - (text.size() < room ? 0 : room) : room);
    default: {
      syntax::DateTime got;
      const bool taken = syntax::ParseDateTime(text, &got);
      return Require("DateTimeAgrees", oracle::DateTimeAgrees(text, taken, got));
    }
  }
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 20);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
