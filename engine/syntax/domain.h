// SPDX-License-Identifier: Apache-2.0
//
// Domain and address-literal (RFC 5321 §4.1.2, §4.1.3, §4.5.3.1.2; RFC 1035 §2.3.4; RFC 6531 §3.3).
//
// What it is: recognisers over octets; results are views of the input.
// What it is not: IDNA. Under `utf8` a label may hold any well-formed non-ASCII UTF-8; whether it
// is a U-label is for the host to find out. Nor does it ask whether a name exists or is fully
// qualified.
//
// Threads and lifetime: pure functions; a result borrows its input.

#ifndef POSTERN_ENGINE_SYNTAX_DOMAIN_H_
#define POSTERN_ENGINE_SYNTAX_DOMAIN_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

inline constexpr size_t kMaxDomainOctets = 255;  // RFC 5321 §4.5.3.1.2
inline constexpr size_t kMaxLabelOctets = 63;    // RFC 1035 §2.3.4
// The 63 octets bind the A-label. "xn--" takes four of them and every code point at least one, so a
// label with more code points than this fits no DNS; fewer octets of UTF-8 would refuse good names
// (RFC 5890 §4.2).
inline constexpr size_t kMaxUtf8LabelCodePoints = kMaxLabelOctets - 4;

enum class DomainError : uint8_t {
  kNone,
  kEmpty,              // there are no octets
  kEmptyLabel,         // a dot at an end or next to another dot
  kHyphenAtEdge,       // a label starts or ends with a hyphen
  kLabelTooLong,       // more than 63 octets
  kTooLong,            // more than 255 octets
  kBadOctet,           // an octet no domain may hold
  kNeedsUtf8,          // an octet 0x80-0xFF, and `utf8` is off
  kBadUtf8,            // malformed UTF-8
  kNotLiteral,         // ParseAddressLiteral: no "[" at the start
  kUnclosedLiteral,    // no "]" at the end
  kBadIpv4,            // not Snum 3("." Snum)
  kBadIpv6,            // not IPv6-addr
  kBadGeneralLiteral,  // no Ldh-str before the colon, or no dcontent behind it
};

// Deviations and extensions, each off by default.
struct DomainOptions {
  bool utf8 = false;          // RFC 6531 §3.3: SMTPUTF8 is in force
  bool trailing_dot = false;  // "example.org." is taken as "example.org"
  bool underscore = false;    // "_" counts as Let-dig
};

struct DomainResult {
  DomainError error = DomainError::kNone;
  // Of the first octet that fits no domain, of the hyphen for kHyphenAtEdge or, past a limit, of
  // the first octet too many. in.size() where something is missing. Saturates at 65535.
  uint16_t error_offset = 0;
  bool is_literal = false;  // `text` includes the brackets
  bool has_utf8 = false;
  std::string_view text;  // without the trailing dot; empty if there is an error

  bool ok() const { return error == DomainError::kNone; }
};

// All three match the whole of `in` or fail.
DomainResult ParseDomain(std::string_view in, const DomainOptions& options = {});
// "IPv6:" (in any case) is always judged as IPv6-address-literal, though its octets would also fit
// General-address-literal: RFC 5321 §4.1.3 gives that tag its own format. Any other tag is taken.
DomainResult ParseAddressLiteral(std::string_view in);
// An address literal if `in` starts with "[", else a domain.
DomainResult ParseDomainOrLiteral(std::string_view in, const DomainOptions& options = {});

// What the three are made of: the longest domain, or the address literal, at the start of a text
// that goes on behind it. Used by the path parser.
struct DomainScan {
  DomainError error = DomainError::kNone;
  bool has_utf8 = false;
  // Where the scan stopped: behind the domain (its trailing dot included) or literal, or at the
  // octet that is wrong. kTooLong is left to the caller, which may have a better name for it.
  const char* stop = nullptr;
  std::string_view text;
};
void ScanDomain(const char* begin, const char* end, const DomainOptions& options, DomainScan* scan);
// *begin is "[".
void ScanAddressLiteral(const char* begin, const char* end, DomainScan* scan);

// "[" IPv4-address-literal "]" at the start of [begin, end), where *begin is "[": where it ends, or
// null.
const char* BehindIpv4Literal(const char* begin, const char* end);

// IPv4-address-literal and IPv6-addr of RFC 5321 §4.1.3, without brackets or tag; whole-input.
// IPv6-addr is narrower than RFC 4291: "::" stands for two groups or more, and there is no zone.
bool IsIpv4AddressLiteral(std::string_view in);
bool IsIpv6Addr(std::string_view in);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_DOMAIN_H_
