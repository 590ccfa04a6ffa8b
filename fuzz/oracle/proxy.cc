// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace postern::fuzz::oracle {
namespace {

using wire::ProxyFamily;
using wire::ProxyStatus;

unsigned At(std::string_view octets, size_t i) { return static_cast<uint8_t>(octets[i]); }

bool IsPrefix(std::string_view octets, std::string_view whole) {
  return octets.substr(0, whole.size()) == whole.substr(0, octets.size());
}

// §2.1: a decimal number of 0 to 65535 without leading zeros.
bool Port(const std::string& text, uint16_t* port) {
  if (text.empty() || text.size() > 5) return false;
  if (text.find_first_not_of("0123456789") != std::string::npos) return false;
  if (text.size() > 1 && text[0] == '0') return false;
  const int value = std::atoi(text.c_str());
  *port = static_cast<uint16_t>(value);
  return value <= 65535;
}

Proxy Invalid() {
  Proxy proxy;
  proxy.status = ProxyStatus::kInvalid;
  return proxy;
}

Proxy Version1(std::string_view octets) {
  Proxy proxy;
  const std::string_view window = octets.substr(0, 107);
  const size_t lf = window.find('\n');
  if (lf == std::string_view::npos) return window.size() == 107 ? Invalid() : proxy;
  if (window[lf - 1] != '\r') return Invalid();
  std::string line(window.substr(0, lf - 1));
  proxy.status = ProxyStatus::kDone;
  proxy.consumed = lf + 1;
  proxy.header.version = 1;
  if (line == "PROXY UNKNOWN") return proxy;
  if (line.rfind("PROXY UNKNOWN ", 0) == 0) {
    // The rest is to be ignored; a CR or NUL in it is no text.
    const bool text = line.find('\r') == std::string::npos && line.find('\0') == std::string::npos;
    return text ? proxy : Invalid();
  }
  // Octets that end a C string are in no field.
  if (line.find('\0') != std::string::npos) return Invalid();
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == ' ') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (fields.size() != 6) return Invalid();
  int family = 0;
  if (fields[1] == "TCP4") {
    family = AF_INET;
    proxy.header.family = ProxyFamily::kInet;
  } else if (fields[1] == "TCP6") {
    family = AF_INET6;
    proxy.header.family = ProxyFamily::kInet6;
  } else {
    return Invalid();
  }
  if (inet_pton(family, fields[2].c_str(), proxy.header.source) != 1 ||
      inet_pton(family, fields[3].c_str(), proxy.header.destination) != 1 ||
      !Port(fields[4], &proxy.header.source_port) ||
      !Port(fields[5], &proxy.header.destination_port)) {
    return Invalid();
  }
  return proxy;
}

// Bit by bit.
uint32_t Crc32c(const std::string& octets) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : octets) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
  }
  return ~crc;
}

// §2.2.1 to §2.2.6. `before` are the octets of the header before the records.
bool Records(std::string_view before, std::string_view tlvs, bool inner) {
  bool crc_seen = false;
  for (size_t at = 0; at < tlvs.size();) {
    if (tlvs.size() - at < 3) return false;
    const unsigned type = At(tlvs, at);
    const size_t length = At(tlvs, at + 1) * 256 + At(tlvs, at + 2);
    if (tlvs.size() - at - 3 < length) return false;
    const std::string_view value = tlvs.substr(at + 3, length);
    if (!inner && type == 0x03) {
      if (crc_seen || length != 4) return false;
      crc_seen = true;
      const uint32_t stated =
          At(value, 0) << 24 | At(value, 1) << 16 | At(value, 2) << 8 | At(value, 3);
      std::string zeroed = std::string(before) + std::string(tlvs);
      zeroed.replace(before.size() + at + 3, 4, 4, '\0');
      if (Crc32c(zeroed) != stated) return false;
    }
    if (!inner && type == 0x05 && length > 128) return false;
    if (!inner && type == 0x20) {
      if (length < 5 || !Records({}, value.substr(5), true)) return false;
    }
    at += 3 + length;
  }
  return true;
}

Proxy Version2(std::string_view octets) {
  Proxy proxy;
  if (octets.size() > 12 && At(octets, 12) != 0x20 && At(octets, 12) != 0x21) return Invalid();
  const bool local = octets.size() > 12 && At(octets, 12) == 0x20;
  if (octets.size() > 13 && !local) {
    // Streams, and UNSPEC. SMTP is not spoken over datagrams.
    const unsigned family = At(octets, 13);
    if (family != 0x00 && family != 0x11 && family != 0x21 && family != 0x31) return Invalid();
  }
  if (octets.size() < 16) return proxy;
  const size_t length = At(octets, 14) * 256 + At(octets, 15);
  if (length > wire::ProxyHeaderParser::kMaxVersion2Body) return Invalid();
  if (octets.size() < 16 + length) return proxy;
  proxy.status = ProxyStatus::kDone;
  proxy.consumed = 16 + length;
  proxy.header.version = 2;
  proxy.header.local = local;
  if (local) return proxy;
  const std::string_view body = octets.substr(16, length);
  size_t size = 0;  // of one address
  size_t block = 0;
  switch (At(octets, 13)) {
    case 0x11:
      proxy.header.family = ProxyFamily::kInet;
      size = 4;
      block = 12;
      break;
    case 0x21:
      proxy.header.family = ProxyFamily::kInet6;
      size = 16;
      block = 36;
      break;
    case 0x31:
      proxy.header.family = ProxyFamily::kUnix;
      block = 216;
      break;
    default:
      break;
  }
  if (body.size() < block) return Invalid();
  if (size != 0) {
    std::copy_n(body.begin(), size, proxy.header.source);
    std::copy_n(body.begin() + static_cast<std::ptrdiff_t>(size), size, proxy.header.destination);
    proxy.header.source_port =
        static_cast<uint16_t>(At(body, 2 * size) * 256 + At(body, 2 * size + 1));
    proxy.header.destination_port =
        static_cast<uint16_t>(At(body, 2 * size + 2) * 256 + At(body, 2 * size + 3));
  }
  proxy.tlvs = std::string(body.substr(block));
  if (!Records(octets.substr(0, 16 + block), proxy.tlvs, false)) return Invalid();
  return proxy;
}

}  // namespace

Proxy ReferenceProxy(std::string_view octets) {
  static constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
  if (octets.empty()) return {};
  if (IsPrefix(octets, "PROXY ")) return octets.size() < 6 ? Proxy() : Version1(octets);
  if (IsPrefix(octets, kSignature)) return Version2(octets);
  return Invalid();
}

Finding SameProxy(const Proxy& expected, const Proxy& got) {
  static constexpr const char* kNames[] = {"need more", "done", "invalid", "no memory"};
  if (expected.status != got.status) {
    return std::string("should be ") + kNames[static_cast<int>(expected.status)] + " and is " +
           kNames[static_cast<int>(got.status)];
  }
  if (got.status != ProxyStatus::kDone) return {};
  const wire::ProxyHeader& a = expected.header;
  const wire::ProxyHeader& b = got.header;
  if (expected.consumed != got.consumed) return "where the header ends";
  if (a.version != b.version) return "version";
  if (a.local != b.local) return "local";
  if (a.family != b.family) return "family";
  if (std::memcmp(a.source, b.source, 16) != 0) return "source";
  if (std::memcmp(a.destination, b.destination, 16) != 0) return "destination";
  if (a.source_port != b.source_port || a.destination_port != b.destination_port) return "port";
  if (expected.tlvs != got.tlvs) return "tlvs";
  return {};
}

}  // namespace postern::fuzz::oracle
