// SPDX-License-Identifier: Apache-2.0
//
// Who the client is, and the three ways to tell an upstream server: XCLIENT and XFORWARD (Postfix,
// XCLIENT_README and XFORWARD_README), and the PROXY protocol header, versions 1 and 2.
//
// Threads and lifetime: plain values and pure functions; no heap.
#ifndef POSTERN_HOSTS_COMMON_UPSTREAM_IDENTITY_H_
#define POSTERN_HOSTS_COMMON_UPSTREAM_IDENTITY_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hosts/common/upstream/capabilities.h"
#include "hosts/common/upstream/fixed.h"

namespace postern::upstream {

enum class IdentityMode : uint8_t {
  kNone,      // the server sees the gate
  kXclient,   // the server takes the client's place for the gate's, access checks included
  kXforward,  // for the server's log and header fields alone
  kProxy1,
  kProxy2,
};
// "none", "xclient", ... False for another word.
bool ParseIdentityMode(std::string_view word, IdentityMode* mode);

struct Peer {
  enum class Family : uint8_t { kNone, kInet, kInet6 };
  Family family = Family::kNone;
  uint8_t octets[16] = {};  // network order; IPv4 in the first four, the rest zero
  uint16_t port = 0;
};
bool operator==(const Peer& a, const Peer& b);

struct Identity {
  Peer client;
  Peer server;            // the address that the client called
  FixedText<255> name;    // the client's name in the DNS; empty: not known
  FixedText<255> helo;    // as the client gave it; empty: not yet
  FixedText<255> login;   // SASL user; empty: none
  bool extended = false;  // EHLO
};
bool operator==(const Identity& a, const Identity& b);

inline constexpr size_t kMaxProxyHeader = 108;
// 512 octets with CR LF: RFC 5321 section 4.5.3.1.4.
inline constexpr size_t kMaxIdentityCommand = 512;

// Octets to send before the server's greeting. Without a client it is about the gate itself:
// version 2 has LOCAL for that. To UNKNOWN of version 1 Postfix says no, and Exim takes it for the
// gate, so loopback is told, which is as much. (Exim takes no port 0.) Those who send mail must
// have an address: Client::Mail().
size_t WriteProxyHeader(IdentityMode mode, const Identity& identity, char out[kMaxProxyHeader]);

// The whole line, CR LF included, with those attributes that the server offers. What is not known
// is [UNAVAILABLE], and so is a name that would make the line too long: an attribute that is not
// sent keeps what the server knew before, which is the gate, or an earlier client.
size_t WriteIdentityCommand(IdentityMode mode, const Identity& identity, uint32_t attributes,
                            char out[kMaxIdentityCommand]);

}  // namespace postern::upstream

#endif  // POSTERN_HOSTS_COMMON_UPSTREAM_IDENTITY_H_
