// SPDX-License-Identifier: Apache-2.0
//
// IP addresses as text outside of RFC 5321's literals: RFC 4291 §2.2 and RFC 3986 §3.2.2, where
// "::" may stand for one group. XCLIENT and the URI of BURL write them so.
//
// What it is: strict readers to octets in network order.
// What it is not: a reader of zones ("%eth0"), ports, prefixes or brackets, nor of the loose IPv4
// forms of inet_aton. The address literals of RFC 5321 §4.1.3 are narrower and in domain.h.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_ENGINE_SYNTAX_IP_ADDRESS_H_
#define POSTERN_ENGINE_SYNTAX_IP_ADDRESS_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

// All of `in`, in four decimal numbers without superfluous zeros. *out is untouched otherwise.
bool ParseIpv4Address(std::string_view in, std::array<uint8_t, 4>* out);

// All of `in`; the last 32 bits may be written as IPv4 address.
bool ParseIpv6Address(std::string_view in, std::array<uint8_t, 16>* out);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_IP_ADDRESS_H_
