// SPDX-License-Identifier: Apache-2.0
//
// PROXY headers of both versions, cut in any way, with a heap that refuses now and then.
//
// Target functions: wire::ProxyHeaderParser (Next, Finish, Invalid, Reserve, Release, Reset),
// Frame, ParseVersion1, ParseVersion2, ParseInet, ParseInet6, ParseTlvs, Crc32c, NextProxyTlv.
//
// Input: cuts, refusals, mode, then the octets of the connection.
// Oracles: SameProxy (R3 as well), bounded store (B1), progress (B3); an address that a header
// tells is one that EHLO could give (RFC 5321 §4.1.3); WorkIsLinear (B2).

#include "engine/wire/proxy_header.h"

#include <arpa/inet.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "engine/syntax/domain.h"
#include "engine/syntax/ip_address.h"
#include "fuzz/check.h"
#include "fuzz/heap.h"
#include "fuzz/input.h"
#include "fuzz/oracle/proxy.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

using wire::ProxyStatus;

// A checksum is not guessed: where it is asked for, the record of the right one is put behind.
std::string WithChecksum(std::string octets) {
  if (octets.size() < 16) return octets;
  const size_t length = octets.size() - 16 + 7;
  octets[14] = static_cast<char>(length >> 8);
  octets[15] = static_cast<char>(length);
  octets += std::string("\x03\0\x04\0\0\0\0", 7);
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : octets) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
  }
  crc = ~crc;
  for (size_t i = 0; i < 4; ++i) {
    octets[octets.size() - 4 + i] = static_cast<char>(crc >> (24 - 8 * i));
  }
  return octets;
}

// The host takes the address for the client's, as it takes one of XCLIENT or compares one of EHLO:
// written out and read by the rooms for these, it is the same.
void RequireAddress(bool six, const uint8_t (&octets)[16]) {
  char text[INET6_ADDRSTRLEN] = {};
  RequireThat(inet_ntop(six ? AF_INET6 : AF_INET, octets, text, sizeof(text)) != nullptr, "address",
              "it cannot be written");
  const std::string literal = std::string("[") + (six ? "IPv6:" : "") + text + "]";
  RequireThat(syntax::ParseAddressLiteral(literal).ok(), "address", literal);
  std::array<uint8_t, 4> four = {};
  std::array<uint8_t, 16> sixteen = {};
  const bool read =
      six ? syntax::ParseIpv6Address(text, &sixteen) : syntax::ParseIpv4Address(text, &four);
  RequireThat(read && std::memcmp(six ? sixteen.data() : four.data(), octets, six ? 16 : 4) == 0,
              "address", text);
}

void Run(Input input) {
  const uint8_t cuts = input.Octet();
  Heap heap(input.Octet());
  const unsigned mode = input.Below(3);
  std::string octets(input.Rest());
  // The signature saves a fuzzer twelve octets of guessing.
  if (mode != 0) octets.insert(0, std::string("\r\n\r\n\0\r\nQUIT\n", 12));
  if (mode == 2) octets = WithChecksum(octets);

  oracle::Proxy got;
  {
    wire::ProxyHeaderParser parser(heap.memory());
    const Pieces pieces(octets, cuts);
    size_t consumed_before = 0;
    RequireThat(parser.Next({}, &consumed_before) == ProxyStatus::kNeedMore && consumed_before == 0,
                "progress", "it makes something of nothing");
    for (const std::string_view piece : pieces.views()) {
      size_t consumed = 0;
      do {
        got.status = parser.Next(piece, &consumed);
        RequireThat(got.status != ProxyStatus::kNoMemory || (consumed == 0 && heap.refused() <= 8),
                    "progress", "it says that there is no memory, again and again");
      } while (got.status == ProxyStatus::kNoMemory);
      RequireThat(consumed <= piece.size(), "progress", "it consumed more than there was");
      RequireThat(heap.held() == parser.memory_octets() &&
                      heap.held() <= 16 + wire::ProxyHeaderParser::kMaxVersion2Body,
                  "bounded store", "more is held than is documented, or than it says");
      if (got.status == ProxyStatus::kNeedMore) {
        RequireThat(consumed == piece.size(), "progress", "it needs more and left some");
        consumed_before += consumed;
        continue;
      }
      if (got.status == ProxyStatus::kDone) {
        got.consumed = consumed_before + consumed;
        got.header = parser.header();
        got.tlvs = std::string(parser.header().tlvs);
        std::string_view tlvs = parser.header().tlvs;
        uint8_t type = 0;
        std::string_view value;
        size_t walked = 0;
        while (wire::NextProxyTlv(&tlvs, &type, &value)) walked += 3 + value.size();
        RequireThat(walked == got.tlvs.size(), "records", "they do not fill their block");
        const bool six = got.header.family == wire::ProxyFamily::kInet6;
        if (six || got.header.family == wire::ProxyFamily::kInet) {
          RequireAddress(six, got.header.source);
          RequireAddress(six, got.header.destination);
        }
      }
      // It stays at what it said.
      RequireThat(parser.Next("x", &consumed) == got.status && consumed == 0, "progress",
                  "octets behind the header are taken for it");
      break;
    }
    parser.Reset();
    RequireThat(heap.held() == 0, "bounded store", "Reset kept something");
  }
  Require("SameProxy", oracle::SameProxy(oracle::ReferenceProxy(octets), got));
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 60);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
