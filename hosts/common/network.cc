// SPDX-License-Identifier: Apache-2.0
//
// Addresses and networks; see network.h.

#include "hosts/common/network.h"

#include <arpa/inet.h>
#include <string.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace host {
namespace {

bool ParseAddress(absl::string_view text, Address* address) {
  const std::string copy(text);
  *address = Address();
  if (inet_pton(AF_INET, copy.c_str(), address->octets.data()) == 1) {
    address->family = AF_INET;
    return true;
  }
  if (inet_pton(AF_INET6, copy.c_str(), address->octets.data()) == 1) {
    address->family = AF_INET6;
    return true;
  }
  return false;
}

// The first `bits` bits of both are equal.
bool SamePrefix(const Address& a, const Address& b, int bits) {
  const size_t whole = static_cast<size_t>(bits) / 8;
  if (memcmp(a.octets.data(), b.octets.data(), whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xffu & (0xffu << (8 - rest));
  return (a.octets[whole] & mask) == (b.octets[whole] & mask);
}

}  // namespace

bool operator==(const Address& a, const Address& b) {
  return a.family == b.family && a.octets == b.octets;
}

std::string Address::ToString() const {
  // Every session writes its client's address twice; inet_ntop goes through printf.
  if (family == AF_INET) {
    return absl::StrCat(octets[0], ".", octets[1], ".", octets[2], ".", octets[3]);
  }
  char text[INET6_ADDRSTRLEN];
  if (family == 0 || inet_ntop(family, octets.data(), text, sizeof(text)) == nullptr) {
    return "unknown";
  }
  return text;
}

std::string Address::ToLiteral() const {
  return absl::StrCat(family == AF_INET6 ? "[IPv6:" : "[", ToString(), "]");
}

Address Address::FromOctets(int family, const uint8_t* octets) {
  Address address;
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (family == AF_INET6 && memcmp(octets, kMapped, sizeof(kMapped)) == 0) {
    family = AF_INET;
    octets += sizeof(kMapped);
  }
  address.family = family;
  memcpy(address.octets.data(), octets, family == AF_INET ? 4 : 16);
  return address;
}

Address Address::FromSocket(const sockaddr_storage& socket) {
  if (socket.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(socket);
    return FromOctets(AF_INET, reinterpret_cast<const uint8_t*>(&in.sin_addr));
  }
  if (socket.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(socket);
    return FromOctets(AF_INET6, in6.sin6_addr.s6_addr);
  }
  return Address();
}

uint16_t PortOf(const sockaddr_storage& socket) {
  if (socket.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(socket).sin_port);
  }
  if (socket.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(socket).sin6_port);
  }
  return 0;
}

absl::StatusOr<Endpoint> Endpoint::Parse(absl::string_view text) {
  const auto wrong = [text] {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text, "' is not an address and port; write 127.0.0.1:2525 or [::1]:2525"));
  };
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return wrong();
  absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  const bool brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  Endpoint endpoint;
  uint32_t number = 0;
  if (!ParseAddress(host, &endpoint.address) || brackets != (endpoint.address.family == AF_INET6) ||
      port.empty() || port[0] == '+' || !absl::SimpleAtoi(port, &number) || number > 65535) {
    return wrong();
  }
  endpoint.port = static_cast<uint16_t>(number);
  return endpoint;
}

std::string Endpoint::ToString() const {
  return address.family == AF_INET6 ? absl::StrCat("[", address.ToString(), "]:", port)
                                    : absl::StrCat(address.ToString(), ":", port);
}

socklen_t Endpoint::ToSocket(sockaddr_storage* socket) const {
  *socket = sockaddr_storage();
  if (address.family == AF_INET6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(socket);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, address.octets.data(), 16);
    return sizeof(*in6);
  }
  auto* in = reinterpret_cast<sockaddr_in*>(socket);
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  memcpy(&in->sin_addr, address.octets.data(), 4);
  return sizeof(*in);
}

absl::StatusOr<Network> Network::Parse(absl::string_view text) {
  const size_t slash = text.find('/');
  Network network;
  if (!ParseAddress(text.substr(0, slash), &network.address)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text, "' is not a network; write 192.0.2.0/24, 2001:db8::/32 or one address"));
  }
  const int bits = network.address.family == AF_INET ? 32 : 128;
  network.prefix = bits;
  if (slash != absl::string_view::npos) {
    const absl::string_view length = text.substr(slash + 1);
    if (length.empty() || length[0] == '+' || !absl::SimpleAtoi(length, &network.prefix) ||
        network.prefix < 0 || network.prefix > bits) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", text, "' has no prefix length between 0 and ", bits, "; write 192.0.2.0/24"));
    }
  }
  Address masked = network.address;
  for (int bit = network.prefix; bit < bits; ++bit) {
    masked.octets[static_cast<size_t>(bit) / 8] &= static_cast<uint8_t>(~(0x80u >> (bit % 8)));
  }
  if (!(masked == network.address)) {
    return absl::InvalidArgumentError(absl::StrCat("'", text,
                                                   "' has bits set behind its prefix; write ",
                                                   masked.ToString(), "/", network.prefix));
  }
  return network;
}

bool Network::Contains(const Address& candidate) const {
  return candidate.family == address.family && SamePrefix(address, candidate, prefix);
}

bool ContainsAddress(const std::vector<Network>& networks, const Address& address) {
  for (const Network& network : networks) {
    if (network.Contains(address)) return true;
  }
  return false;
}

}  // namespace host
}  // namespace postern
