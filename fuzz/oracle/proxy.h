// SPDX-License-Identifier: Apache-2.0
//
// The PROXY protocol header, the simple way: from all octets at once (proxy-protocol.txt §2.1,
// §2.2).
//
// What it is: a second parser, with inet_pton for addresses, and the comparison. What it is not:
// incremental, or derived from the engine's.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_PROXY_H_
#define POSTERN_FUZZ_ORACLE_PROXY_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/wire/proxy_header.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

struct Proxy {
  wire::ProxyStatus status = wire::ProxyStatus::kNeedMore;
  size_t consumed = 0;  // kDone: the header's octets
  wire::ProxyHeader header;
  std::string tlvs;  // owned; header.tlvs is not used
};

Proxy ReferenceProxy(std::string_view octets);

Finding SameProxy(const Proxy& expected, const Proxy& got);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_PROXY_H_
