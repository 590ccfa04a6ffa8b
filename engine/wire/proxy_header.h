// SPDX-License-Identifier: Apache-2.0
//
// Reads one PROXY protocol header, version 1 or 2 (HAProxy's proxy-protocol.txt, revision of 2020;
// §2.1, §2.2), from the first octets of a connection.
//
// What it is: an incremental, strict reader that consumes exactly the header and never an octet
// more. What it is not: the judge of who may send one; the host asks for it only where its
// configuration names the peer. It does not search: a connection that begins with anything else is
// invalid.
//
// Threads and lifetime: one owner at a time. header() and its `tlvs` are borrowed: `tlvs` points
// into the last fed buffer if the header was whole in it, else into the parser's store, and is
// valid until that buffer goes or until Release, Reset or destruction of the parser.

#ifndef POSTERN_ENGINE_WIRE_PROXY_HEADER_H_
#define POSTERN_ENGINE_WIRE_PROXY_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/wire/memory.h"

namespace postern::wire {

enum class ProxyStatus : uint8_t {
  kNeedMore,  // all input is consumed
  kDone,      // header() is set; *consumed is just past the header
  kInvalid,   // not a header; the connection must be closed. Stays so until Reset
  kNoMemory,  // nothing was consumed; the same call may be made again
};

enum class ProxyFamily : uint8_t {
  kUnspecified,  // UNKNOWN, UNSPEC, LOCAL: the addresses of the connection itself hold
  kInet,         // TCP over IPv4; addresses are the first 4 octets
  kInet6,        // TCP over IPv6
  kUnix,         // stream over a UNIX socket; its names are not kept
};

struct ProxyHeader {
  uint8_t version = 0;  // 1 or 2
  bool local = false;   // version 2, LOCAL: a health check of the proxy itself
  ProxyFamily family = ProxyFamily::kUnspecified;
  uint8_t source[16] = {};  // network order; unused octets are zero
  uint8_t destination[16] = {};
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  std::string_view tlvs;  // version 2: the type-length-value records, well-formed as a whole
};

class ProxyHeaderParser {
 public:
  static constexpr size_t kMaxVersion1 = 107;       // §2.1, CR LF included
  static constexpr size_t kMaxVersion2Body = 2048;  // what follows the 16 fixed octets

  explicit ProxyHeaderParser(const Memory* memory) : memory_(memory) {}
  ~ProxyHeaderParser() { Release(); }
  ProxyHeaderParser(const ProxyHeaderParser&) = delete;
  ProxyHeaderParser& operator=(const ProxyHeaderParser&) = delete;

  // Takes octets from `in`. The result does not depend on how the header is cut into calls (R3).
  // After kDone it consumes nothing and stays at kDone until Reset.
  ProxyStatus Next(std::string_view in, size_t* consumed);

  // Valid after kDone.
  const ProxyHeader& header() const { return header_; }

  // Frees the store; header().tlvs becomes empty if it pointed there.
  void Release();

  // Release, and ready for another connection.
  void Reset();

  // Heap octets held now: 0 where the header came whole; at most 16 + kMaxVersion2Body.
  size_t memory_octets() const { return store_size_; }

 private:
  bool Reserve(size_t size);
  ProxyStatus Finish(std::string_view header);
  ProxyStatus Invalid();

  const Memory* memory_;
  char* store_ = nullptr;
  uint32_t store_size_ = 0;
  uint32_t held_ = 0;  // octets of the header in the store
  ProxyStatus status_ = ProxyStatus::kNeedMore;
  ProxyHeader header_;
};

// Walks the records of ProxyHeader::tlvs. Returns false when `tlvs` is empty (or, for input that
// was not validated, malformed); else sets *type and *value and shortens `tlvs` by that record.
bool NextProxyTlv(std::string_view* tlvs, uint8_t* type, std::string_view* value);

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_PROXY_HEADER_H_
