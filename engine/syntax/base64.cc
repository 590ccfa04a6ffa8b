// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/base64.h"

#include <array>

namespace postern::syntax {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0x80;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  for (uint8_t& value : values) value = kNoDigit;
  for (uint8_t i = 0; i < 64; ++i) values[static_cast<uint8_t>(kAlphabet[i])] = i;
  return values;
}

constexpr std::array<uint8_t, 256> kValues = MakeValues();

uint32_t Value(char c) { return kValues[static_cast<uint8_t>(c)]; }

uint32_t Octet(char c) { return static_cast<uint8_t>(c); }

}  // namespace

Base64Error DecodeBase64(std::string_view in, char* out, size_t capacity, size_t* length) {
  if (in.size() % 4 != 0) return Base64Error::kBadLength;
  size_t padding = 0;
  if (!in.empty() && in.back() == '=') padding = in[in.size() - 2] == '=' ? 2 : 1;
  const size_t decoded = in.size() / 4 * 3 - padding;
  if (decoded > capacity) return Base64Error::kOutputTooBig;

  const size_t whole = in.size() - (padding != 0 ? 4 : 0);
  size_t written = 0;
  for (size_t i = 0; i < whole; i += 4) {
    const uint32_t a = Value(in[i]);
    const uint32_t b = Value(in[i + 1]);
    const uint32_t c = Value(in[i + 2]);
    const uint32_t d = Value(in[i + 3]);
    if (((a | b | c | d) & kNoDigit) != 0) return Base64Error::kBadOctet;
    const uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    out[written] = static_cast<char>(bits >> 16);
    out[written + 1] = static_cast<char>(bits >> 8);
    out[written + 2] = static_cast<char>(bits);
    written += 3;
  }
  if (padding != 0) {
    const uint32_t a = Value(in[whole]);
    const uint32_t b = Value(in[whole + 1]);
    const uint32_t c = padding == 1 ? Value(in[whole + 2]) : 0;
    if (((a | b | c) & kNoDigit) != 0) return Base64Error::kBadOctet;
    // RFC 4648 §3.5.
    if ((padding == 1 ? c & 3 : b & 15) != 0) return Base64Error::kTrailingBits;
    const uint32_t bits = a << 18 | b << 12 | c << 6;
    out[written++] = static_cast<char>(bits >> 16);
    if (padding == 1) out[written++] = static_cast<char>(bits >> 8);
  }
  *length = written;
  return Base64Error::kNone;
}

bool EncodeBase64(std::string_view in, char* out, size_t capacity, size_t* length) {
  const size_t encoded = EncodedBase64Length(in.size());
  if (encoded > capacity) return false;
  size_t i = 0;
  for (; in.size() - i >= 3; i += 3) {
    const uint32_t bits = Octet(in[i]) << 16 | Octet(in[i + 1]) << 8 | Octet(in[i + 2]);
    *out++ = kAlphabet[bits >> 18];
    *out++ = kAlphabet[bits >> 12 & 63];
    *out++ = kAlphabet[bits >> 6 & 63];
    *out++ = kAlphabet[bits & 63];
  }
  const size_t left = in.size() - i;
  if (left != 0) {
    const uint32_t bits = Octet(in[i]) << 16 | (left == 2 ? Octet(in[i + 1]) << 8 : 0);
    *out++ = kAlphabet[bits >> 18];
    *out++ = kAlphabet[bits >> 12 & 63];
    *out++ = left == 2 ? kAlphabet[bits >> 6 & 63] : '=';
    *out++ = '=';
  }
  *length = encoded;
  return true;
}

}  // namespace postern::syntax
