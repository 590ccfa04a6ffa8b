// SPDX-License-Identifier: Apache-2.0
//
// What an upstream server offers, as its reply to EHLO or LHLO says (RFC 5321 section 4.1.1.1), and
// which parameters of MAIL and RCPT can be handed on to it.
//
// Threads and lifetime: plain values and pure functions; no heap.
#ifndef POSTERN_HOSTS_COMMON_UPSTREAM_CAPABILITIES_H_
#define POSTERN_HOSTS_COMMON_UPSTREAM_CAPABILITIES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hosts/common/upstream/fixed.h"

namespace postern::upstream {

enum Extension : uint32_t {
  kSize = 1 << 0,                 // RFC 1870
  kEightBitMime = 1 << 1,         // RFC 6152
  kSmtpUtf8 = 1 << 2,             // RFC 6531
  kPipelining = 1 << 3,           // RFC 2920
  kChunking = 1 << 4,             // RFC 3030
  kEnhancedStatusCodes = 1 << 5,  // RFC 2034
  kDsn = 1 << 6,                  // RFC 3461
  kDeliverBy = 1 << 7,            // RFC 2852
  kFutureRelease = 1 << 8,        // RFC 4865
  kMtPriority = 1 << 9,           // RFC 6710
  kRequireTls = 1 << 10,          // RFC 8689
  kXclient = 1 << 11,             // Postfix, XCLIENT_README
  kXforward = 1 << 12,            // Postfix, XFORWARD_README
  kBinaryMime = 1 << 13,          // RFC 3030
  kEtrn = 1 << 14,                // RFC 1985
  kBurl = 1 << 15,                // RFC 4468
};

// Attributes of XCLIENT and XFORWARD.
enum Attribute : uint32_t {
  kAttributeName = 1 << 0,
  kAttributeAddr = 1 << 1,
  kAttributePort = 1 << 2,
  kAttributeProto = 1 << 3,
  kAttributeHelo = 1 << 4,
  kAttributeLogin = 1 << 5,
  kAttributeDestAddr = 1 << 6,
  kAttributeDestPort = 1 << 7,
  kAttributeSource = 1 << 8,
};

struct Capabilities {
  uint32_t extensions = 0;  // Extension bits; none where only HELO was accepted
  uint64_t size_limit = 0;  // RFC 1870 section 4; 0: none told
  uint32_t xclient = 0;     // Attribute bits
  uint32_t xforward = 0;

  bool Has(Extension extension) const { return (extensions & extension) != 0; }
  // A line of the reply behind the first. Keywords that are unknown, and lines that are none, are
  // passed over.
  void AddLine(std::string_view text);
};
bool operator==(const Capabilities& a, const Capabilities& b);

// Parameters as the client sent them, separated by SP.
inline constexpr size_t kMaxParameters = 1024;
using Parameters = FixedText<kMaxParameters>;

enum class Carry : uint8_t {
  kYes,
  kLacking,  // the server does not offer the extension that a parameter belongs to
  kNo,       // a parameter that no server is known to take
  kTooLong,  // more than is kept
};

// What of `given` goes on to a server that offers `capabilities`, each with a SP before it. SIZE,
// BODY and SMTPUTF8 are not among it: the client makes those from what was parsed. AUTH (RFC 4954
// section 5) is left out: a server that does not trust the gate as a relay has to ignore it anyway.
Carry CarryParameters(std::string_view given, const Capabilities& capabilities,
                      Parameters* carried);

// Case is of no matter for keywords and verbs (RFC 5321 section 2.4).
bool SameWord(std::string_view a, std::string_view b);

}  // namespace postern::upstream

#endif  // POSTERN_HOSTS_COMMON_UPSTREAM_CAPABILITIES_H_
