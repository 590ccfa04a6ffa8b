// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/client_attributes.h"

#include <array>

#include "engine/syntax/ip_address.h"
#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"
#include "engine/syntax/xtext.h"

namespace postern::syntax {
namespace {

constexpr uint8_t kXclientBit = 1;
constexpr uint8_t kXforwardBit = 2;
constexpr size_t kMaxProtocolOctets = 64;

struct Definition {
  const char* name;
  uint8_t verbs;
};

// In the order of ClientAttribute.
constexpr Definition kDefinitions[ClientAttributes::kCount] = {
    {"NAME", kXclientBit | kXforwardBit},
    {"ADDR", kXclientBit | kXforwardBit},
    {"PORT", kXclientBit | kXforwardBit},
    {"PROTO", kXclientBit | kXforwardBit},
    {"HELO", kXclientBit | kXforwardBit},
    {"LOGIN", kXclientBit},
    {"DESTADDR", kXclientBit},
    {"DESTPORT", kXclientBit},
    {"IDENT", kXforwardBit},
    {"SOURCE", kXforwardBit},
};

// Neither control octets, white space nor 0x80-0xFF, nor what ends or opens a comment, an address,
// a quoted string or a quoted pair in a header field (RFC 5322 §3.2). Brackets, the colon and "@"
// are special there too, but address literals and login names have them, and inside of a comment
// they mean nothing.
bool IsSafe(char c) {
  return IsOctet(c, kPrintable) && std::string_view(" ()<>\"\\").find(c) == std::string_view::npos;
}

bool ParsePort(std::string_view in, uint64_t* port) {
  return ParseDecimal(in, 5, port) && *port <= 65535;
}

// Judges a decoded value; may take a prefix off its front.
bool IsFit(ClientAttribute attribute, ClientAttributeVerb verb, std::string_view* value) {
  const bool xclient = verb == ClientAttributeVerb::kXclient;
  switch (attribute) {
    case ClientAttribute::kAddr:
    case ClientAttribute::kDestaddr: {
      std::array<uint8_t, 4> v4{};
      std::array<uint8_t, 16> v6{};
      if (EqualsIgnoreCase(value->substr(0, 5), "IPV6:")) {
        if (!ParseIpv6Address(value->substr(5), &v6)) return false;
        value->remove_prefix(5);
        return true;
      }
      return !xclient || ParseIpv4Address(*value, &v4);
    }
    case ClientAttribute::kPort:
    case ClientAttribute::kDestport: {
      uint64_t port = 0;
      return ParsePort(*value, &port);
    }
    case ClientAttribute::kProto:
      if (xclient) return EqualsIgnoreCase(*value, "SMTP") || EqualsIgnoreCase(*value, "ESMTP");
      return value->size() <= kMaxProtocolOctets;
    case ClientAttribute::kSource:
      return EqualsIgnoreCase(*value, "LOCAL") || EqualsIgnoreCase(*value, "REMOTE");
    case ClientAttribute::kName:
    case ClientAttribute::kHelo:
    case ClientAttribute::kLogin:
    case ClientAttribute::kIdent:
    case ClientAttribute::kCount:
      break;
  }
  return true;
}

// One "name=value".
ClientAttributeError ParseOne(std::string_view in, ClientAttributeVerb verb,
                              ClientAttributes* result) {
  const size_t equals = in.find('=');
  if (equals == std::string_view::npos) return ClientAttributeError::kNoEquals;
  const std::string_view name = in.substr(0, equals);
  const std::string_view raw = in.substr(equals + 1);
  const uint8_t bit = verb == ClientAttributeVerb::kXclient ? kXclientBit : kXforwardBit;
  size_t index = 0;
  while (index < ClientAttributes::kCount && ((kDefinitions[index].verbs & bit) == 0 ||
                                              !EqualsIgnoreCase(name, kDefinitions[index].name))) {
    ++index;
  }
  if (index == ClientAttributes::kCount) return ClientAttributeError::kUnknownName;
  const auto attribute = static_cast<ClientAttribute>(index);
  ClientAttributes::Value& value = result->values[index];
  if (value.state != ClientAttributeState::kAbsent) return ClientAttributeError::kTwice;
  if (raw.empty()) return ClientAttributeError::kEmptyValue;
  if (raw.size() > ClientAttributes::kMaxOctets) return ClientAttributeError::kTooLong;

  size_t length = 0;
  if (DecodeXtext(raw, value.text, sizeof(value.text), &length) != XtextError::kNone) {
    return ClientAttributeError::kBadXtext;
  }
  std::string_view text(value.text, length);
  if (EqualsIgnoreCase(text, "[UNAVAILABLE]")) {
    value.state = ClientAttributeState::kUnavailable;
    return ClientAttributeError::kNone;
  }
  if (verb == ClientAttributeVerb::kXclient && attribute == ClientAttribute::kName &&
      EqualsIgnoreCase(text, "[TEMPUNAVAIL]")) {
    value.state = ClientAttributeState::kTempUnavailable;
    return ClientAttributeError::kNone;
  }
  for (const char c : text) {
    if (!IsSafe(c)) return ClientAttributeError::kBadOctet;
  }
  if (!IsFit(attribute, verb, &text)) return ClientAttributeError::kBadValue;
  value.state = ClientAttributeState::kValue;
  for (size_t i = 0; i < text.size(); ++i) value.text[i] = text[i];  // the prefix is dropped
  value.octets = static_cast<uint8_t>(text.size());
  return ClientAttributeError::kNone;
}

}  // namespace

uint16_t ClientAttributes::port(ClientAttribute a) const {
  uint64_t port = 0;
  return ParsePort(value(a), &port) ? static_cast<uint16_t>(port) : uint16_t{0};
}

void ParseClientAttributes(std::string_view in, ClientAttributeVerb verb,
                           ClientAttributes* result) {
  result->error = ClientAttributeError::kNone;
  result->error_offset = 0;
  for (ClientAttributes::Value& value : result->values) {
    value.state = ClientAttributeState::kAbsent;
    value.octets = 0;
  }
  const auto fail = [result](ClientAttributeError error, size_t offset) {
    result->error = error;
    result->error_offset = SaturatedOffset(offset);
  };
  if (in.empty()) return fail(ClientAttributeError::kEmpty, 0);
  for (size_t at = 0;;) {
    size_t end = in.find(' ', at);
    if (end == std::string_view::npos) end = in.size();
    if (end == at) return fail(ClientAttributeError::kBadSpace, at);
    const ClientAttributeError error = ParseOne(in.substr(at, end - at), verb, result);
    if (error != ClientAttributeError::kNone) return fail(error, at);
    if (end == in.size()) return;
    at = end + 1;
  }
}

std::string_view ClientAttributeNames(ClientAttributeVerb verb) {
  return verb == ClientAttributeVerb::kXclient ? "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
                                               : "NAME ADDR PORT PROTO HELO IDENT SOURCE";
}

}  // namespace postern::syntax
