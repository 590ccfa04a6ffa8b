// SPDX-License-Identifier: Apache-2.0
//
// The PROXY protocol header reader. § numbers are of proxy-protocol.txt.

#include "engine/wire/proxy_header.h"

#include <arpa/inet.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/wire/wire_test_util.h"
#include "gtest/gtest.h"

namespace postern::wire {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view kBehind = "EHLO client.example\r\n";

struct Result {
  ProxyStatus status = ProxyStatus::kNeedMore;
  size_t consumed = 0;
  ProxyHeader header;
  std::string tlvs;
};

Result Parse(const std::string& input, const std::vector<size_t>& cuts) {
  const Pieces pieces(input, cuts);
  CountingMemory heap;
  Result r;
  {
    ProxyHeaderParser parser(heap.memory());
    for (const std::string_view piece : pieces.views()) {
      size_t consumed = 0;
      r.status = parser.Next(piece, &consumed);
      EXPECT_LE(consumed, piece.size());
      EXPECT_LE(heap.outstanding(), 16 + ProxyHeaderParser::kMaxVersion2Body);
      EXPECT_EQ(heap.outstanding(), parser.memory_octets());
      r.consumed += consumed;
      if (r.status != ProxyStatus::kNeedMore) break;
      EXPECT_EQ(consumed, piece.size());
    }
    r.header = parser.header();
    r.tlvs = std::string(r.header.tlvs);
    if (r.status == ProxyStatus::kInvalid || (r.status == ProxyStatus::kDone && r.tlvs.empty())) {
      EXPECT_EQ(heap.outstanding(), 0u);
    }
  }
  EXPECT_EQ(heap.outstanding(), 0u);
  return r;
}

std::string Dotted(int family, const uint8_t* address) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, address, text, sizeof(text));
}

void ExpectInvalid(const std::string& header) {
  ForEachCut(header, [&](const std::vector<size_t>& cuts) {
    ASSERT_EQ(Parse(header, cuts).status, ProxyStatus::kInvalid)
        << Visible(header) << " cut at " << testing::PrintToString(cuts);
  });
}

// Parses `header` with a command line behind it, for every cut; `check` sees the result.
void ExpectValid(const std::string& header, const std::function<void(const Result&)>& check) {
  ForEachCut(header + std::string(kBehind), [&](const std::vector<size_t>& cuts) {
    const Result r = Parse(header + std::string(kBehind), cuts);
    ASSERT_EQ(r.status, ProxyStatus::kDone)
        << Visible(header) << " cut at " << testing::PrintToString(cuts);
    ASSERT_EQ(r.consumed, header.size());
    check(r);
  });
}

std::string Version2(uint8_t command, uint8_t family, const std::string& body) {
  std::string s = "\r\n\r\n\0\r\nQUIT\n"s;
  s += static_cast<char>(0x20 | command);
  s += static_cast<char>(family);
  s += static_cast<char>(body.size() >> 8);
  s += static_cast<char>(body.size() & 0xFF);
  return s + body;
}

std::string Tlv(uint8_t type, const std::string& value) {
  std::string s(1, static_cast<char>(type));
  s += static_cast<char>(value.size() >> 8);
  s += static_cast<char>(value.size() & 0xFF);
  return s + value;
}

const std::string kInetBody = "\xC0\x00\x02\x01\xC6\x33\x64\x02\xDC\x04\x00\x19"s;

// Bit by bit, and so unlike the table of the code.
uint32_t SlowCrc32c(const std::string& octets) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : octets) {
    crc ^= static_cast<uint8_t>(c);
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
  }
  return ~crc;
}

std::string WithCrc(const std::string& before, const std::string& after) {
  std::string s = Version2(1, 0x11, kInetBody + before + Tlv(3, "\0\0\0\0"s) + after);
  const uint32_t crc = SlowCrc32c(s);
  const size_t at = 16 + kInetBody.size() + before.size() + 3;
  for (size_t i = 0; i < 4; ++i) s[at + i] = static_cast<char>(crc >> (24 - 8 * i));
  return s;
}

TEST(ProxyHeaderTest, ReadsVersion1OverIpv4) {  // §2.1
  ExpectValid("PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n", [](const Result& r) {
    EXPECT_EQ(r.header.version, 1);
    EXPECT_FALSE(r.header.local);
    EXPECT_EQ(r.header.family, ProxyFamily::kInet);
    EXPECT_EQ(Dotted(AF_INET, r.header.source), "192.0.2.1");
    EXPECT_EQ(Dotted(AF_INET, r.header.destination), "198.51.100.2");
    EXPECT_EQ(r.header.source_port, 56324);
    EXPECT_EQ(r.header.destination_port, 25);
  });
}

TEST(ProxyHeaderTest, ReadsVersion1OverIpv6) {  // §2.1
  ExpectValid("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.7 0 65535\r\n", [](const Result& r) {
    EXPECT_EQ(r.header.family, ProxyFamily::kInet6);
    EXPECT_EQ(Dotted(AF_INET6, r.header.source), "2001:db8::1");
    EXPECT_EQ(Dotted(AF_INET6, r.header.destination), "::ffff:192.0.2.7");
    EXPECT_EQ(r.header.source_port, 0);
    EXPECT_EQ(r.header.destination_port, 65535);
  });
}

TEST(ProxyHeaderTest, ReadsVersion1Unknown) {  // §2.1
  for (const char* header : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 what ever\r\n"}) {
    ExpectValid(header, [](const Result& r) {
      EXPECT_EQ(r.header.version, 1);
      EXPECT_EQ(r.header.family, ProxyFamily::kUnspecified);
    });
  }
}

TEST(ProxyHeaderTest, Version1MayHave107OctetsAndNoMore) {  // §2.1
  const std::string longest = "PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), ProxyHeaderParser::kMaxVersion1);
  EXPECT_EQ(Parse(longest, {}).status, ProxyStatus::kDone);
  ExpectValid(longest, [](const Result&) {});
  ExpectInvalid("PROXY UNKNOWN " + std::string(107 - 15, 'x') + "\r\n");
  ExpectInvalid("PROXY UNKNOWN " + std::string(200, 'x'));
}

TEST(ProxyHeaderTest, RefusesWhatVersion1DoesNotAllow) {  // §2.1
  const std::string headers[] = {
      "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1  2\r\n",
      "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
      "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0..1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 +1.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 ::1 ::1 1 2\r\n",
      "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP6 ::1 fe80::1%eth0 1 2\r\n",
      "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY UNKNOWN a\rb\r\n",
      "PROXY UNKNOWN a\0b\r\n"s,
      "PROXY UNKNOWN\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
      "PROXY\r\n",
      "PROXY \r\n",
      "proxy UNKNOWN\r\n",
      "PROXZ",
      "EHLO client.example\r\n",
      "\r\n\r\n\0\r\nQUIT\r"s,
      "\n",
  };
  for (const std::string& header : headers) ExpectInvalid(header);
}

// The text form of an IPv6 address, against the C library's reader.
TEST(ProxyHeaderTest, ReadsIpv6AddressesLikeInetPton) {
  const auto compare = [](const std::string& text) {
    uint8_t expected[16];
    const bool valid = inet_pton(AF_INET6, text.c_str(), expected) == 1;
    const Result r = Parse("PROXY TCP6 " + text + " :: 1 2\r\n", {});
    ASSERT_EQ(r.status == ProxyStatus::kDone, valid) << text;
    if (valid) {
      ASSERT_EQ(std::memcmp(r.header.source, expected, 16), 0) << text;
    }
  };
  for (const char* text : {"::",
                           "::1",
                           "1::",
                           "1:2:3:4:5:6:7:8",
                           "1:2:3:4:5:6:7::",
                           "::2:3:4:5:6:7:8",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           ":::",
                           ":",
                           "",
                           "1:",
                           ":1",
                           "12345::",
                           "::g",
                           "::1.2.3.4",
                           "1:2:3:4:5:6:1.2.3.4",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1.2.3",
                           "::1.2.3.4:5",
                           "1.2.3.4::",
                           "::01.2.3.4",
                           "ABCD:abcd::"}) {
    compare(text);
  }
  std::mt19937 random(4);
  static constexpr const char* kParts[] = {":", "::", "1", "ab", "0fff", "1.2.3.4", ":7", "2:"};
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    const size_t parts = 1 + random() % 12;
    for (size_t part = 0; part < parts && text.size() < 40; ++part) text += kParts[random() % 8];
    compare(text);
    ASSERT_FALSE(testing::Test::HasFatalFailure());
  }
}

TEST(ProxyHeaderTest, ReadsVersion2OverIpv4) {  // §2.2
  ExpectValid(Version2(1, 0x11, kInetBody), [](const Result& r) {
    EXPECT_EQ(r.header.version, 2);
    EXPECT_FALSE(r.header.local);
    EXPECT_EQ(r.header.family, ProxyFamily::kInet);
    EXPECT_EQ(Dotted(AF_INET, r.header.source), "192.0.2.1");
    EXPECT_EQ(Dotted(AF_INET, r.header.destination), "198.51.100.2");
    EXPECT_EQ(r.header.source_port, 56324);
    EXPECT_EQ(r.header.destination_port, 25);
    EXPECT_EQ(r.tlvs, "");
  });
}

TEST(ProxyHeaderTest, ReadsVersion2OverIpv6) {  // §2.2
  const std::string body = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01" + "\xFE\x80"s +
                           std::string(13, '\0') + "\x02" + "\x01\x02\x03\x04";
  ExpectValid(Version2(1, 0x21, body), [](const Result& r) {
    EXPECT_EQ(r.header.family, ProxyFamily::kInet6);
    EXPECT_EQ(Dotted(AF_INET6, r.header.source), "2001:db8::1");
    EXPECT_EQ(Dotted(AF_INET6, r.header.destination), "fe80::2");
    EXPECT_EQ(r.header.source_port, 0x0102);
    EXPECT_EQ(r.header.destination_port, 0x0304);
  });
}

TEST(ProxyHeaderTest, ReadsVersion2OverAUnixSocket) {  // §2.2
  ExpectValid(Version2(1, 0x31, std::string(216, 'u')), [](const Result& r) {
    EXPECT_EQ(r.header.family, ProxyFamily::kUnix);
    EXPECT_EQ(r.header.source[0], 0);
  });
}

TEST(ProxyHeaderTest, ReadsVersion2Unspecified) {  // §2.2
  ExpectValid(Version2(1, 0x00, Tlv(4, "pad")), [](const Result& r) {
    EXPECT_EQ(r.header.family, ProxyFamily::kUnspecified);
    EXPECT_EQ(r.tlvs, Tlv(4, "pad"));
  });
}

TEST(ProxyHeaderTest, LocalDiscardsTheBlockFamilyIncluded) {  // §2.2
  for (const std::string& header :
       {Version2(0, 0x00, ""), Version2(0, 0xFF, "whatever"), Version2(0, 0x11, kInetBody)}) {
    ExpectValid(header, [](const Result& r) {
      EXPECT_TRUE(r.header.local);
      EXPECT_EQ(r.header.family, ProxyFamily::kUnspecified);
      EXPECT_EQ(r.header.source_port, 0);
      EXPECT_EQ(r.tlvs, "");
    });
  }
}

TEST(ProxyHeaderTest, RefusesWhatVersion2DoesNotAllow) {  // §2.2
  for (const int family : {0x01, 0x10, 0x12, 0x20, 0x22, 0x30, 0x32, 0x41, 0x13, 0xFF}) {
    ExpectInvalid(Version2(1, static_cast<uint8_t>(family), std::string(216, '\0')));
  }
  ExpectInvalid(Version2(2, 0x11, kInetBody));
  ExpectInvalid(Version2(0x11, 0x11, kInetBody));  // version 3
  ExpectInvalid(Version2(1, 0x11, kInetBody.substr(1)));
  ExpectInvalid(Version2(1, 0x21, kInetBody));
  ExpectInvalid(Version2(1, 0x31, std::string(215, '\0')));
}

TEST(ProxyHeaderTest, BoundsTheLengthOfVersion2) {  // B1
  const std::string most = Tlv(4, std::string(2048 - 12 - 3, 'x'));
  EXPECT_EQ(Parse(Version2(1, 0x11, kInetBody + most), {1}).status, ProxyStatus::kDone);
  const std::string more = Tlv(4, std::string(2048 - 12 - 2, 'x'));
  EXPECT_EQ(Parse(Version2(1, 0x11, kInetBody + more).substr(0, 16), {}).status,
            ProxyStatus::kInvalid);
}

TEST(ProxyHeaderTest, KeepsWellFormedTlvs) {  // §2.2
  const std::string tlvs =
      Tlv(1, "h2") + Tlv(2, "mx.example") + Tlv(0x20, "\x01\0\0\0\0"s + Tlv(0x21, "TLSv1.3"));
  ExpectValid(Version2(1, 0x11, kInetBody + tlvs), [&](const Result& r) {
    ASSERT_EQ(r.tlvs, tlvs);
    std::string_view rest = r.tlvs;
    uint8_t type = 0;
    std::string_view value;
    ASSERT_TRUE(NextProxyTlv(&rest, &type, &value));
    EXPECT_EQ(type, 1);
    EXPECT_EQ(value, "h2");
    ASSERT_TRUE(NextProxyTlv(&rest, &type, &value));
    ASSERT_TRUE(NextProxyTlv(&rest, &type, &value));
    EXPECT_EQ(type, 0x20);
    EXPECT_FALSE(NextProxyTlv(&rest, &type, &value));
  });
}

TEST(ProxyHeaderTest, RefusesMalformedTlvs) {  // §2.2
  for (const std::string& tlvs :
       {"\x01"s, "\x01\0"s, "\x01\0\x03hi"s, Tlv(1, "h2") + "x", Tlv(0x20, "\x01\0\0\0"s),
        Tlv(0x20, "\x01\0\0\0\0\x21\0\x09x"s), Tlv(5, std::string(129, 'u')), Tlv(3, "abc")}) {
    ExpectInvalid(Version2(1, 0x11, kInetBody + tlvs));
  }
}

TEST(ProxyHeaderTest, ChecksTheCrcWhereThereIsOne) {  // §2.2, PP2_TYPE_CRC32C
  // The check value of CRC-32C that RFC 3720 B.4 gives for 32 octets of zero.
  ASSERT_EQ(SlowCrc32c(std::string(32, '\0')), 0x8A9136AAu);
  for (const std::string& good :
       {WithCrc("", ""), WithCrc(Tlv(1, "h2"), ""), WithCrc("", Tlv(2, "mx.example"))}) {
    ExpectValid(good, [](const Result&) {});
    // Any octet but the header's frame: the frame's faults have their own tests.
    for (size_t at = 16; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x40);
      // A changed type of the record itself makes it another record: then nothing is to be checked.
      if (good[at] == 3 && good.compare(at, 3, "\x03\0\x04"s) == 0) continue;
      EXPECT_EQ(Parse(bad, {}).status, ProxyStatus::kInvalid) << at;
    }
  }
  const std::string once = WithCrc("", "");
  ExpectInvalid(Version2(1, 0x11, once.substr(16) + once.substr(28)));
}

TEST(ProxyHeaderTest, StaysDoneOrInvalidUntilReset) {
  ProxyHeaderParser parser(&DefaultMemory());
  size_t consumed = 0;
  ASSERT_EQ(parser.Next("HELO", &consumed), ProxyStatus::kInvalid);
  ASSERT_EQ(parser.Next("PROXY UNKNOWN\r\n", &consumed), ProxyStatus::kInvalid);
  EXPECT_EQ(consumed, 0u);
  parser.Reset();
  ASSERT_EQ(parser.Next("PROXY UNKNOWN\r\n", &consumed), ProxyStatus::kDone);
  ASSERT_EQ(parser.Next("PROXY UNKNOWN\r\n", &consumed), ProxyStatus::kDone);
  EXPECT_EQ(consumed, 0u);
}

TEST(ProxyHeaderTest, ARefusedAllocationLosesNothing) {  // B3
  const std::string whole = Version2(1, 0x11, kInetBody + Tlv(4, std::string(300, 'x')));
  for (const size_t first : {1u, 15u, 16u, 100u}) {
    CountingMemory heap;
    ProxyHeaderParser parser(heap.memory());
    size_t consumed = 0;
    heap.RefuseAll(true);
    ASSERT_EQ(parser.Next(std::string_view(whole).substr(0, first), &consumed),
              ProxyStatus::kNoMemory);
    ASSERT_EQ(consumed, 0u);
    heap.RefuseAll(false);
    ASSERT_EQ(parser.Next(std::string_view(whole).substr(0, first), &consumed),
              ProxyStatus::kNeedMore);
    if (first < 16) {
      // The store for all of it is another one.
      heap.RefuseAll(true);
      ASSERT_EQ(parser.Next(std::string_view(whole).substr(first), &consumed),
                ProxyStatus::kNoMemory);
      ASSERT_EQ(consumed, 0u);
      heap.RefuseAll(false);
    }
    ASSERT_EQ(parser.Next(std::string_view(whole).substr(first), &consumed), ProxyStatus::kDone);
    EXPECT_EQ(consumed, whole.size() - first);
    EXPECT_EQ(parser.header().tlvs.size(), 303u);
  }
}

TEST(ProxyHeaderTest, RandomOctetsBehindAValidBeginningGiveOneResultHoweverCut) {  // R3, B3
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    std::string s = random() % 2 == 0 ? "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"s
                                      : Version2(1, 0x11, kInetBody + Tlv(1, "h2") + Tlv(4, "xyz"));
    const size_t changes = random() % 3;
    for (size_t change = 0; change < changes; ++change) {
      s[random() % s.size()] = static_cast<char>(random());
    }
    s += kBehind;
    const Result whole = Parse(s, {});
    const Result cut = Parse(s, RandomCuts(&random, s.size()));
    ASSERT_EQ(whole.status, cut.status) << Visible(s);
    if (whole.status == ProxyStatus::kDone) {
      ASSERT_EQ(whole.consumed, cut.consumed) << Visible(s);
      ASSERT_EQ(whole.tlvs, cut.tlvs) << Visible(s);
    }
  }
}

}  // namespace
}  // namespace postern::wire
