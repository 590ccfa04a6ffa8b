// SPDX-License-Identifier: Apache-2.0
//
// Addresses as people write them: endpoints to listen on (192.0.2.1:25, [2001:db8::1]:25) and
// networks (192.0.2.0/24, 2001:db8::/32), and addresses as RFC 5321 wants them (section 4.1.3).
// Names are never resolved.
//
// Threads: any; all types are plain values.
#ifndef POSTERN_HOSTS_COMMON_NETWORK_H_
#define POSTERN_HOSTS_COMMON_NETWORK_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace postern {
namespace host {

// IPv4 in the first four octets; the rest is then zero. Family 0: no address (a local client).
struct Address {
  int family = 0;  // AF_INET, AF_INET6
  std::array<uint8_t, 16> octets = {};

  // "192.0.2.1", "2001:db8::1"; "unknown" without an address.
  std::string ToString() const;
  // "[192.0.2.1]", "[IPv6:2001:db8::1]": RFC 5321 section 4.1.3.
  std::string ToLiteral() const;

  // An IPv4-mapped IPv6 address becomes the IPv4 address it is.
  static Address FromSocket(const sockaddr_storage& socket);
  static Address FromOctets(int family, const uint8_t* octets);
};
bool operator==(const Address& a, const Address& b);

uint16_t PortOf(const sockaddr_storage& socket);

struct Endpoint {
  Address address;
  uint16_t port = 0;

  static absl::StatusOr<Endpoint> Parse(absl::string_view text);
  // "192.0.2.1:25", "[2001:db8::1]:25"
  std::string ToString() const;
  socklen_t ToSocket(sockaddr_storage* socket) const;
};

struct Network {
  Address address;
  int prefix = 0;

  // An address alone is a network of one. Bits behind the prefix must be zero: they are mostly a
  // slip of the pen, and a wide network taken by mistake is trust given by mistake.
  static absl::StatusOr<Network> Parse(absl::string_view text);
  bool Contains(const Address& candidate) const;
};

bool ContainsAddress(const std::vector<Network>& networks, const Address& address);

}  // namespace host
}  // namespace postern

#endif  // POSTERN_HOSTS_COMMON_NETWORK_H_
