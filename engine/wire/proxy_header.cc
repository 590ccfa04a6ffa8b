// SPDX-License-Identifier: Apache-2.0
//
// The PROXY protocol header reader. See proxy_header.h; § numbers are of proxy-protocol.txt.

#include "engine/wire/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace postern::wire {
namespace {

constexpr std::string_view kVersion1Prefix = "PROXY ";
constexpr std::string_view kVersion2Signature = std::string_view("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kVersion2Fixed = 16;

// §2.2, the 14th octet: family and transport. SMTP is spoken over streams; a datagram transport is
// as unexpected here as the values that the text leaves unspecified.
constexpr uint8_t kUnspec = 0x00;
constexpr uint8_t kTcp4 = 0x11;
constexpr uint8_t kTcp6 = 0x21;
constexpr uint8_t kUnixStream = 0x31;

constexpr size_t kAddressesInet = 12;
constexpr size_t kAddressesInet6 = 36;
constexpr size_t kAddressesUnix = 216;

// §2.2.1-2.2.6.
constexpr uint8_t kTlvCrc32c = 0x03;
constexpr uint8_t kTlvUniqueId = 0x05;
constexpr uint8_t kTlvSsl = 0x20;
constexpr size_t kSslFixed = 5;
constexpr size_t kMaxUniqueId = 128;

uint8_t Octet(std::string_view s, size_t i) { return static_cast<uint8_t>(s[i]); }

uint16_t Word(std::string_view s, size_t i) {
  return static_cast<uint16_t>(Octet(s, i) << 8 | Octet(s, i + 1));
}

// CRC-32C (Castagnoli), reflected, polynomial 0x1EDC6F41; a header is at most 2064 octets and comes
// once per connection, so a table serves.
constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? c >> 1 ^ 0x82F63B78u : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

// Of `octets`, with the four at `zeroed` taken for zeros.
uint32_t Crc32c(std::string_view octets, size_t zeroed) {
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < octets.size(); ++i) {
    const bool zero = i >= zeroed && i < zeroed + 4;
    crc = crc >> 8 ^ kCrcTable[(crc ^ (zero ? 0u : Octet(octets, i))) & 0xFF];
  }
  return ~crc;
}

bool EqualPrefix(std::string_view octets, std::string_view prefix) {
  const size_t n = std::min(octets.size(), prefix.size());
  return octets.substr(0, n) == prefix.substr(0, n);
}

// --- Version 1, §2.1 ---

// Cuts the field before the next SP off `rest`; the last field is all that is left.
bool TakeField(std::string_view* rest, bool last, std::string_view* field) {
  const size_t space = rest->find(' ');
  if (last) {
    if (space != std::string_view::npos) return false;
    *field = *rest;
    *rest = {};
    return true;
  }
  if (space == std::string_view::npos) return false;
  *field = rest->substr(0, space);
  rest->remove_prefix(space + 1);
  return true;
}

// A decimal number without sign, space or leading zero (§2.1 forbids them).
bool ParseDecimal(std::string_view text, unsigned max, unsigned* value) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  unsigned v = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    v = v * 10 + static_cast<unsigned>(c - '0');
  }
  *value = v;
  return v <= max;
}

bool ParseInet(std::string_view text, uint8_t* address) {
  for (int i = 0; i < 4; ++i) {
    const size_t dot = i < 3 ? text.find('.') : text.size();
    unsigned octet = 0;
    if (dot == std::string_view::npos || !ParseDecimal(text.substr(0, dot), 255, &octet)) {
      return false;
    }
    address[i] = static_cast<uint8_t>(octet);
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return true;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 4291 §2.2, all three forms: inet_ntop, which senders use, writes a mapped IPv4 address in the
// dotted one.
bool ParseInet6(std::string_view text, uint8_t* address) {
  uint8_t octets[16] = {};
  size_t at = 0;          // octets before the next group
  size_t gap = SIZE_MAX;  // octets before "::"
  size_t i = 0;
  if (text.substr(0, 2) == "::") {
    gap = 0;
    i = 2;
  }
  while (i < text.size()) {
    if (at == 16) return false;
    unsigned group = 0;
    size_t digits = 0;
    while (i + digits < text.size() && HexValue(text[i + digits]) >= 0) {
      if (digits == 4) return false;
      group = group << 4 | static_cast<unsigned>(HexValue(text[i + digits]));
      ++digits;
    }
    if (i + digits < text.size() && text[i + digits] == '.') {
      if (at > 12 || !ParseInet(text.substr(i), octets + at)) return false;
      at += 4;
      i = text.size();
      break;
    }
    if (digits == 0) return false;
    octets[at] = static_cast<uint8_t>(group >> 8);
    octets[at + 1] = static_cast<uint8_t>(group & 0xFF);
    at += 2;
    i += digits;
    if (i == text.size()) break;
    if (text[i] != ':') return false;
    ++i;
    if (i == text.size()) return false;  // a single colon at the end
    if (text[i] == ':') {
      if (gap != SIZE_MAX) return false;
      gap = at;
      ++i;
    }
  }
  if (gap == SIZE_MAX) {
    if (at != 16) return false;
    std::memcpy(address, octets, 16);
    return true;
  }
  if (at == 16) return false;  // "::" stands for at least one group
  std::memset(address, 0, 16);
  std::memcpy(address, octets, gap);
  std::memcpy(address + 16 - (at - gap), octets + gap, at - gap);
  return true;
}

// `line` is without its CR LF.
bool ParseVersion1(std::string_view line, ProxyHeader* header) {
  header->version = 1;
  std::string_view rest = line.substr(kVersion1Prefix.size());
  if (rest == "UNKNOWN") return true;
  if (rest.substr(0, 8) == "UNKNOWN ") {
    // What follows is to be ignored, but may not hide an end of line that another reader would see.
    return rest.find('\r') == std::string_view::npos && rest.find('\0') == std::string_view::npos;
  }
  std::string_view family, source, destination, source_port, destination_port;
  if (!TakeField(&rest, false, &family) || !TakeField(&rest, false, &source) ||
      !TakeField(&rest, false, &destination) || !TakeField(&rest, false, &source_port) ||
      !TakeField(&rest, true, &destination_port)) {
    return false;
  }
  if (family == "TCP4") {
    header->family = ProxyFamily::kInet;
    if (!ParseInet(source, header->source) || !ParseInet(destination, header->destination)) {
      return false;
    }
  } else if (family == "TCP6") {
    header->family = ProxyFamily::kInet6;
    if (!ParseInet6(source, header->source) || !ParseInet6(destination, header->destination)) {
      return false;
    }
  } else {
    return false;
  }
  unsigned from = 0;
  unsigned to = 0;
  if (!ParseDecimal(source_port, 65535, &from) || !ParseDecimal(destination_port, 65535, &to)) {
    return false;
  }
  header->source_port = static_cast<uint16_t>(from);
  header->destination_port = static_cast<uint16_t>(to);
  return true;
}

// --- Version 2, §2.2 ---

// Checks that the records of `tlvs` fill it exactly.
bool WellFormed(std::string_view tlvs) {
  uint8_t type = 0;
  std::string_view value;
  while (NextProxyTlv(&tlvs, &type, &value)) {
  }
  return tlvs.empty();
}

// `whole` is the header, `tlvs` its tail.
bool ParseTlvs(std::string_view whole, std::string_view tlvs) {
  bool crc_seen = false;
  uint8_t type = 0;
  std::string_view value;
  while (NextProxyTlv(&tlvs, &type, &value)) {
    switch (type) {
      case kTlvCrc32c: {
        if (crc_seen || value.size() != 4) return false;
        crc_seen = true;
        const uint32_t stated = uint32_t{Word(value, 0)} << 16 | Word(value, 2);
        const auto at = static_cast<size_t>(value.data() - whole.data());
        if (Crc32c(whole, at) != stated) return false;
        break;
      }
      case kTlvUniqueId:
        if (value.size() > kMaxUniqueId) return false;
        break;
      case kTlvSsl:
        if (value.size() < kSslFixed || !WellFormed(value.substr(kSslFixed))) return false;
        break;
      default:
        break;
    }
  }
  return tlvs.empty();
}

bool ParseVersion2(std::string_view whole, ProxyHeader* header) {
  header->version = 2;
  if ((Octet(whole, 12) & 0x0F) == 0) {
    // LOCAL: the block is to be discarded, family included.
    header->local = true;
    return true;
  }
  std::string_view body = whole.substr(kVersion2Fixed);
  size_t addresses = 0;
  size_t address = 0;
  switch (Octet(whole, 13)) {
    case kTcp4:
      header->family = ProxyFamily::kInet;
      addresses = kAddressesInet;
      address = 4;
      break;
    case kTcp6:
      header->family = ProxyFamily::kInet6;
      addresses = kAddressesInet6;
      address = 16;
      break;
    case kUnixStream:
      header->family = ProxyFamily::kUnix;
      addresses = kAddressesUnix;
      break;
    default:
      break;
  }
  if (body.size() < addresses) return false;
  if (address != 0) {
    std::memcpy(header->source, body.data(), address);
    std::memcpy(header->destination, body.data() + address, address);
    header->source_port = Word(body, 2 * address);
    header->destination_port = Word(body, 2 * address + 2);
  }
  header->tlvs = body.substr(addresses);
  return ParseTlvs(whole, header->tlvs);
}

// --- Framing ---

// From the first octets of a connection to where the header ends. kDone sets *total, which may be
// more than there is yet; kNeedMore means that not even that is known.
ProxyStatus Frame(std::string_view octets, size_t* total) {
  if (octets.empty()) return ProxyStatus::kNeedMore;
  if (octets[0] == 'P') {
    if (!EqualPrefix(octets, kVersion1Prefix)) return ProxyStatus::kInvalid;
    const std::string_view window = octets.substr(0, ProxyHeaderParser::kMaxVersion1);
    const size_t lf = window.find('\n');
    if (lf != std::string_view::npos) {
      if (window[lf - 1] != '\r') return ProxyStatus::kInvalid;
      *total = lf + 1;
      return ProxyStatus::kDone;
    }
    const bool full = window.size() == ProxyHeaderParser::kMaxVersion1;
    return full ? ProxyStatus::kInvalid : ProxyStatus::kNeedMore;
  }
  if (!EqualPrefix(octets, kVersion2Signature)) return ProxyStatus::kInvalid;
  if (octets.size() > 12 && Octet(octets, 12) != 0x20 && Octet(octets, 12) != 0x21) {
    return ProxyStatus::kInvalid;
  }
  if (octets.size() > 13 && Octet(octets, 12) == 0x21) {
    const uint8_t family = Octet(octets, 13);
    if (family != kUnspec && family != kTcp4 && family != kTcp6 && family != kUnixStream) {
      return ProxyStatus::kInvalid;
    }
  }
  if (octets.size() < kVersion2Fixed) return ProxyStatus::kNeedMore;
  const size_t body = Word(octets, 14);
  if (body > ProxyHeaderParser::kMaxVersion2Body) return ProxyStatus::kInvalid;
  *total = kVersion2Fixed + body;
  return ProxyStatus::kDone;
}

}  // namespace

bool NextProxyTlv(std::string_view* tlvs, uint8_t* type, std::string_view* value) {
  if (tlvs->size() < 3) return false;
  const size_t length = Word(*tlvs, 1);
  if (tlvs->size() - 3 < length) return false;
  *type = Octet(*tlvs, 0);
  *value = tlvs->substr(3, length);
  tlvs->remove_prefix(3 + length);
  return true;
}

ProxyStatus ProxyHeaderParser::Next(std::string_view in, size_t* consumed) {
  *consumed = 0;
  if (status_ != ProxyStatus::kNeedMore || in.empty()) return status_;

  size_t total = 0;
  if (held_ == 0) {
    // Most often the header came whole in the first read; then nothing is copied.
    const ProxyStatus framed = Frame(in, &total);
    if (framed == ProxyStatus::kInvalid) return Invalid();
    if (framed == ProxyStatus::kDone && total <= in.size()) {
      *consumed = total;
      return Finish(in.substr(0, total));
    }
  } else {
    Frame(std::string_view(store_, held_), &total);
  }

  // At most two turns: octets up to where the length is known, then the rest of the header.
  const uint32_t held_before = held_;
  for (;;) {
    size_t limit = total;
    if (limit == 0) {
      const char first = held_ != 0 ? store_[0] : in[0];
      limit = first == 'P' ? kMaxVersion1 : kVersion2Fixed;
    }
    if (!Reserve(limit)) {
      held_ = held_before;
      return ProxyStatus::kNoMemory;
    }
    const size_t taken = held_ - held_before;
    const size_t more = std::min(in.size() - taken, limit - held_);
    std::memcpy(store_ + held_, in.data() + taken, more);
    held_ += static_cast<uint32_t>(more);

    if (total == 0) {
      const ProxyStatus framed = Frame(std::string_view(store_, held_), &total);
      if (framed == ProxyStatus::kInvalid) return Invalid();
      if (framed == ProxyStatus::kDone && total > held_ && held_ - held_before < in.size())
        continue;
    }
    break;
  }
  if (total == 0 || held_ < total) {
    *consumed = in.size();
    return ProxyStatus::kNeedMore;
  }
  // Version 1 may have been copied past its end; what lies behind belongs to the next reader.
  *consumed = total - held_before;
  held_ = static_cast<uint32_t>(total);
  return Finish(std::string_view(store_, held_));
}

ProxyStatus ProxyHeaderParser::Finish(std::string_view header) {
  const bool valid = header[0] == 'P' ? ParseVersion1(header.substr(0, header.size() - 2), &header_)
                                      : ParseVersion2(header, &header_);
  if (!valid) return Invalid();
  status_ = ProxyStatus::kDone;
  // Only the records of version 2 point into the store.
  if (header_.tlvs.empty()) Release();
  return status_;
}

ProxyStatus ProxyHeaderParser::Invalid() {
  header_ = ProxyHeader();
  Release();
  status_ = ProxyStatus::kInvalid;
  return status_;
}

bool ProxyHeaderParser::Reserve(size_t size) {
  if (size <= store_size_) return true;
  auto* grown = static_cast<char*>(memory_->allocate(memory_->user, size));
  if (grown == nullptr) return false;
  if (store_ != nullptr) {
    std::memcpy(grown, store_, held_);
    memory_->deallocate(memory_->user, store_, store_size_);
  }
  store_ = grown;
  store_size_ = static_cast<uint32_t>(size);
  return true;
}

void ProxyHeaderParser::Release() {
  if (store_ == nullptr) return;
  memory_->deallocate(memory_->user, store_, store_size_);
  store_ = nullptr;
  store_size_ = 0;
  held_ = 0;
  header_.tlvs = {};
}

void ProxyHeaderParser::Reset() {
  Release();
  header_ = ProxyHeader();
  status_ = ProxyStatus::kNeedMore;
}

}  // namespace postern::wire
