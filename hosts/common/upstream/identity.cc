// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/upstream/identity.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace postern::upstream {
namespace {

using Line = FixedText<kMaxIdentityCommand>;
// One attribute's value; longer ones are not told.
using Value = FixedText<400>;

constexpr std::string_view kUnavailable = "[UNAVAILABLE]";

struct AddressText {
  char octets[INET6_ADDRSTRLEN];
  std::string_view view() const { return octets; }
};

AddressText ToText(const Peer& peer) {
  AddressText text = {};
  if (peer.family != Peer::Family::kNone) {
    inet_ntop(peer.family == Peer::Family::kInet ? AF_INET : AF_INET6, peer.octets, text.octets,
              sizeof(text.octets));
  }
  return text;
}

struct NumberText {
  char octets[8];
  size_t size;
  std::string_view view() const { return {octets, size}; }
};

NumberText ToText(uint16_t number) {
  NumberText text;
  text.size = static_cast<size_t>(
      std::to_chars(text.octets, text.octets + sizeof(text.octets), number).ptr - text.octets);
  return text;
}

// RFC 1891 section 5 with Postfix's rule for XCLIENT: '+', '=' and all that is not printable.
Value ToXtext(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  Value value;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    bool fits;
    if (octet > ' ' && octet < 0x7F && c != '+' && c != '=') {
      fits = value.Append({&c, 1});
    } else {
      const char encoded[3] = {'+', kDigits[octet >> 4], kDigits[octet & 15]};
      fits = value.Append({encoded, 3});
    }
    if (!fits) {
      value.Clear();
      break;
    }
  }
  if (value.empty()) value.Assign(kUnavailable);
  return value;
}

Value AddressValue(const Peer& peer) {
  Value value;
  if (peer.family == Peer::Family::kInet6) value.Append("IPV6:");
  if (peer.family != Peer::Family::kNone) value.Append(ToText(peer).view());
  if (value.empty()) value.Assign(kUnavailable);
  return value;
}

Value PortValue(const Peer& peer) {
  Value value;
  value.Assign(peer.family != Peer::Family::kNone && peer.port != 0 ? ToText(peer.port).view()
                                                                    : kUnavailable);
  return value;
}

// An IPv4 address as ::ffff:a.b.c.d where the other side is IPv6.
void ToInet6(const Peer& peer, uint8_t out[16]) {
  std::memset(out, 0, 16);
  if (peer.family == Peer::Family::kInet6) {
    std::memcpy(out, peer.octets, 16);
  } else if (peer.family == Peer::Family::kInet) {
    out[10] = out[11] = 0xFF;
    std::memcpy(out + 12, peer.octets, 4);
  }
}

bool IsInet(const Identity& identity) {
  return identity.client.family == Peer::Family::kInet &&
         identity.server.family != Peer::Family::kInet6;
}

size_t WriteProxy1(const Identity& identity, char* out) {
  FixedText<kMaxProxyHeader> line;
  if (identity.client.family == Peer::Family::kNone) {
    line.Append("PROXY TCP4 127.0.0.1 127.0.0.1 25 25\r\n");
  } else {
    Peer source = identity.client;
    Peer destination = identity.server;
    const bool inet = IsInet(identity);
    for (Peer* peer : {&source, &destination}) {
      // A server that does not know where it was called is told the address that is none.
      if (!inet) ToInet6(Peer(*peer), peer->octets);
      peer->family = inet ? Peer::Family::kInet : Peer::Family::kInet6;
    }
    line.Append(inet ? "PROXY TCP4 " : "PROXY TCP6 ");
    line.Append(ToText(source).view());
    line.Append(" ");
    line.Append(ToText(destination).view());
    line.Append(" ");
    line.Append(ToText(source.port).view());
    line.Append(" ");
    line.Append(ToText(destination.port).view());
    line.Append("\r\n");
  }
  std::memcpy(out, line.view().data(), line.view().size());
  return line.view().size();
}

size_t WriteProxy2(const Identity& identity, char* out) {
  static constexpr char kSignature[12] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                          '\n', 'Q',  'U',  'I',  'T',  '\n'};
  std::memcpy(out, kSignature, sizeof(kSignature));
  const bool known = identity.client.family != Peer::Family::kNone;
  out[12] = known ? 0x21 : 0x20;  // version 2; PROXY, or LOCAL
  const bool inet = known && IsInet(identity);
  const size_t address = !known ? 0 : inet ? 4 : 16;
  out[13] = static_cast<char>(!known ? 0x00 : inet ? 0x11 : 0x21);
  const size_t length = known ? 2 * address + 4 : 0;
  out[14] = 0;
  out[15] = static_cast<char>(length);
  if (known) {
    size_t at = 16;
    for (const Peer* peer : {&identity.client, &identity.server}) {
      uint8_t octets[16];
      if (inet) {
        std::memcpy(octets, peer->octets, 4);
      } else {
        ToInet6(*peer, octets);
      }
      std::memcpy(out + at, octets, address);
      at += address;
    }
    for (const Peer* peer : {&identity.client, &identity.server}) {
      out[at++] = static_cast<char>(peer->port >> 8);
      out[at++] = static_cast<char>(peer->port & 0xFF);
    }
  }
  return 16 + length;
}

}  // namespace

bool ParseIdentityMode(std::string_view word, IdentityMode* mode) {
  constexpr std::string_view kWords[] = {"none", "xclient", "xforward", "proxy1", "proxy2"};
  const auto* const found = std::find(std::begin(kWords), std::end(kWords), word);
  if (found == std::end(kWords)) return false;
  *mode = static_cast<IdentityMode>(found - std::begin(kWords));
  return true;
}

bool operator==(const Peer& a, const Peer& b) {
  return a.family == b.family && a.port == b.port &&
         std::equal(std::begin(a.octets), std::end(a.octets), std::begin(b.octets));
}

bool operator==(const Identity& a, const Identity& b) {
  return a.client == b.client && a.server == b.server && a.name.view() == b.name.view() &&
         a.helo.view() == b.helo.view() && a.login.view() == b.login.view() &&
         a.extended == b.extended;
}

size_t WriteProxyHeader(IdentityMode mode, const Identity& identity, char out[kMaxProxyHeader]) {
  if (mode == IdentityMode::kProxy1) return WriteProxy1(identity, out);
  if (mode == IdentityMode::kProxy2) return WriteProxy2(identity, out);
  return 0;
}

size_t WriteIdentityCommand(IdentityMode mode, const Identity& identity, uint32_t attributes,
                            char out[kMaxIdentityCommand]) {
  Line line;
  line.Append(mode == IdentityMode::kXclient ? "XCLIENT" : "XFORWARD");
  uint32_t left = attributes;
  const auto add = [&](uint32_t attribute, std::string_view word, const Value& value) {
    if ((attributes & attribute) == 0) return;
    left &= ~attribute;
    line.Append(" ");
    line.Append(word);
    line.Append("=");
    // What comes behind it keeps its place: SP, word, '=' and [UNAVAILABLE] for those that are
    // left, and CR LF.
    size_t rest = 2;
    for (uint32_t bits = left; bits != 0; bits &= bits - 1) rest += 1 + 8 + 1 + kUnavailable.size();
    line.Append(line.view().size() + value.view().size() + rest <= kMaxIdentityCommand
                    ? value.view()
                    : kUnavailable);
  };
  Value proto;
  proto.Assign(identity.extended ? "ESMTP" : "SMTP");
  Value remote;
  remote.Assign("REMOTE");
  // The short ones first: an address must never give way to a name.
  add(kAttributeAddr, "ADDR", AddressValue(identity.client));
  add(kAttributePort, "PORT", PortValue(identity.client));
  add(kAttributeProto, "PROTO", proto);
  add(kAttributeDestAddr, "DESTADDR", AddressValue(identity.server));
  add(kAttributeDestPort, "DESTPORT", PortValue(identity.server));
  add(kAttributeSource, "SOURCE", remote);
  add(kAttributeLogin, "LOGIN", ToXtext(identity.login.view()));
  add(kAttributeName, "NAME", ToXtext(identity.name.view()));
  add(kAttributeHelo, "HELO", ToXtext(identity.helo.view()));
  if (left == attributes) return 0;
  line.Append("\r\n");
  std::memcpy(out, line.view().data(), line.view().size());
  return line.view().size();
}

}  // namespace postern::upstream
