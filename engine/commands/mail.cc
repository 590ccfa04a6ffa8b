// SPDX-License-Identifier: Apache-2.0
//
// The parameters of MAIL: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531).

#include "engine/commands/envelope.h"

namespace postern::commands {
namespace {

constexpr Word kSizeIs("size=");
constexpr Word kBodyIs("body=");
constexpr Word kSmtpUtf8("smtputf8");
constexpr Word k8BitMime("8bitmime");
constexpr Word k7Bit("7bit");

// One to seven digits at p, and where they end; null for none and for more. All eight octets of a
// word are looked at at once (SIZE may be asked for on every MAIL).
const char* TakeUsualSize(const char* begin, const char* p, const char* end, uint64_t* size) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  const uint64_t values = LoadUpTo8(begin, p, end) ^ kOnes * '0';
  // The high bit of each octet that is no digit; above the first of them a carry may set more.
  const uint64_t others = (values | (values + kOnes * 0x76)) & (kOnes * 0x80);
  if (others == 0) return nullptr;
  const unsigned bits = static_cast<unsigned>(__builtin_ctzll(others)) - 7;
  if (bits == 0) return nullptr;
  // With zeros before it, then in pairs, in fours, and in eights.
  uint64_t digits = values << (64 - bits);
  digits = digits * 10 + (digits >> 8);
  constexpr uint64_t kPairs = 0x000000ff000000ffu;
  *size = ((digits & kPairs) * (100 + (uint64_t{1000000} << 32)) +
           (digits >> 16 & kPairs) * (1 + (uint64_t{10000} << 32))) >>
          32;
  return p + bits / 8;
}

}  // namespace

std::string_view TakeUsualMailParameters(std::string_view rest, const ParseContext& context,
                                         uint32_t* seen, ParsedCommand* command) {
  const char* const begin = rest.data();
  const char* const end = begin + rest.size();
  const char* p = begin;
  // What may be taken, and is not yet, as Bit()s: here each has a parameter of its own.
  uint32_t taken = 0;
  uint32_t open = context.now.extended ? AllInForce(context.now) : 0;
  while (p != end && *p == ' ') {
    const char* next = p + 1;
    const uint64_t word = LoadUpTo8(begin, next, end);
    uint32_t bit;
    if (kSizeIs.Begins(word)) {
      bit = Bit(Extension::kSize);
      next = TakeUsualSize(begin, next + kSizeIs.size, end, &command->size);
      if (next == nullptr) break;
    } else if (kBodyIs.Begins(word)) {
      bit = Bit(Extension::kEightBitMime);
      next += kBodyIs.size;
      const uint64_t value = LoadUpTo8(begin, next, end);
      if (k8BitMime.Begins(value)) {
        command->body = Body::k8BitMime;
        next += k8BitMime.size;
      } else if (k7Bit.Begins(value)) {
        command->body = Body::k7Bit;
        next += k7Bit.size;
      } else {
        break;
      }
    } else if (kSmtpUtf8.Begins(word)) {
      bit = Bit(Extension::kSmtpUtf8);
      next += kSmtpUtf8.size;
      command->smtputf8 = true;
    } else {
      break;
    }
    // What was put into the command for one that may not be taken goes with the fault that follows.
    if ((open & bit) == 0 || (next != end && *next != ' ')) break;
    open ^= bit;
    taken |= bit;
    p = next;
  }
  if (p != end) {
    *seen = (taken / Bit(Extension::kSize) & 1) << kSizeRow |
            (taken / Bit(Extension::kEightBitMime) & 1) << kBodyRow |
            (taken / Bit(Extension::kSmtpUtf8) & 1) << kSmtpUtf8Row;
  }
  return {p, static_cast<size_t>(end - p)};
}

Fault TakeSize(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  // RFC 1870 §3: size-value ::= 1*20DIGIT. Twenty digits can exceed 64 bits, and such a size is
  // well-formed and too large.
  if (parameter.value.empty() || parameter.value.size() > 20) return Fault::kBadParameter;
  for (const char c : parameter.value) {
    if (c < '0' || c > '9') return Fault::kBadParameter;
  }
  if (!syntax::ParseDecimal(parameter.value, 20, &command->size)) command->size = UINT64_MAX;
  return Fault::kNone;
}

Fault TakeBody(const syntax::Parameter& parameter, const ParseContext& context,
               ParsedCommand* command) {
  if (k8BitMime.Is(parameter.value)) {
    command->body = Body::k8BitMime;
    return Fault::kNone;
  }
  if (k7Bit.Is(parameter.value)) {
    command->body = Body::k7Bit;
    return Fault::kNone;
  }
  if (syntax::EqualsIgnoreCase(parameter.value, "BINARYMIME")) {
    // RFC 3030 §3: well-formed wherever its extension is not offered, too (contract C555).
    if (!InForceForClient(Extension::kBinaryMime, context.now)) return Fault::kParameterNotInForce;
    command->body = Body::kBinaryMime;
    return Fault::kNone;
  }
  return Fault::kBadParameter;
}

Fault TakeSmtpUtf8(const syntax::Parameter& parameter, const ParseContext&,
                   ParsedCommand* command) {
  // RFC 6531 §3.4: it must not have a value.
  if (parameter.has_value) return Fault::kBadParameter;
  command->smtputf8 = true;
  return Fault::kNone;
}

}  // namespace postern::commands
