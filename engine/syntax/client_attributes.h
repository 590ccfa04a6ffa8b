// SPDX-License-Identifier: Apache-2.0
//
// The attributes of XCLIENT and XFORWARD: what a trusted peer says of the client behind it, by the
// protocol that Postfix publishes (its XCLIENT_README and XFORWARD_README).
//
// What it is: a reader of the whole list. Every value is decoded and judged: a value that is given
// back is what its attribute may be and safe to write into a Received field, log or reply.
// What it is not: a judge of the peer; nor of what follows: XCLIENT sends the session back to its
// greeting, XFORWARD lasts until the end of the transaction.
//
// Threads and lifetime: pure functions. A ClientAttributes holds copies; it borrows nothing.

#ifndef POSTERN_ENGINE_SYNTAX_CLIENT_ATTRIBUTES_H_
#define POSTERN_ENGINE_SYNTAX_CLIENT_ATTRIBUTES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

enum class ClientAttributeVerb : uint8_t { kXclient, kXforward };

enum class ClientAttribute : uint8_t {
  kName,      // both: host name
  kAddr,      // both: address; XCLIENT has IPv4, or "IPV6:" and IPv6; XFORWARD has any text
  kPort,      // both: 0 to 65535
  kProto,     // both: XCLIENT has SMTP or ESMTP; XFORWARD any name of up to 64 octets
  kHelo,      // both
  kLogin,     // XCLIENT: SASL login name
  kDestaddr,  // XCLIENT: as kAddr, the address that the client connected to
  kDestport,  // XCLIENT: as kPort
  kIdent,     // XFORWARD: the peer's identifier of the message
  kSource,    // XFORWARD: LOCAL or REMOTE
  kCount,
};

enum class ClientAttributeState : uint8_t {
  kAbsent,
  kValue,
  kUnavailable,      // "[UNAVAILABLE]"
  kTempUnavailable,  // "[TEMPUNAVAIL]", of XCLIENT's NAME alone
};

enum class ClientAttributeError : uint8_t {
  kNone,
  kEmpty,        // no attribute
  kBadSpace,     // a space in front, at the end or next to another one
  kNoEquals,     // no "=" behind a name
  kUnknownName,  // no attribute of this verb
  kTwice,        // an attribute that was there already
  kEmptyValue,   // "=" and nothing
  kBadXtext,     // neither xchar nor hexchar
  kTooLong,      // more than 255 octets
  kBadOctet,     // decoded: a control octet, white space, 0x80-0xFF, or special in header fields
  kBadValue,     // decoded: not what this attribute may be
};

struct ClientAttributes {
  static constexpr size_t kCount = static_cast<size_t>(ClientAttribute::kCount);
  static constexpr size_t kMaxOctets = 255;  // of a value as sent

  struct Value {
    ClientAttributeState state = ClientAttributeState::kAbsent;
    uint8_t octets = 0;
    char text[kMaxOctets];  // octets past `octets` are not written
  };

  ClientAttributeError error = ClientAttributeError::kNone;
  uint16_t error_offset = 0;  // where the attribute or space that is wrong begins

  Value values[kCount];

  bool ok() const { return error == ClientAttributeError::kNone; }
  ClientAttributeState state(ClientAttribute a) const {
    return values[static_cast<size_t>(a)].state;
  }
  // Decoded, and without the "IPV6:" of an address. Empty unless the state is kValue.
  std::string_view value(ClientAttribute a) const {
    const Value& v = values[static_cast<size_t>(a)];
    return v.state == ClientAttributeState::kValue ? std::string_view(v.text, v.octets)
                                                   : std::string_view();
  }
  // Of kPort and kDestport; 0 unless the state is kValue.
  uint16_t port(ClientAttribute a) const;
};

// `in` is what follows the verb and one space. Names and the bracketed words are taken in any case.
// With an error no value is to be used.
void ParseClientAttributes(std::string_view in, ClientAttributeVerb verb, ClientAttributes* result);

// The attributes of the verb, as its EHLO line lists them.
std::string_view ClientAttributeNames(ClientAttributeVerb verb);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_CLIENT_ATTRIBUTES_H_
