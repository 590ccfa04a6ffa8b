// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/ip_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace postern::syntax {
namespace {

bool V4(const std::string& in, std::array<uint8_t, 4>* out) { return ParseIpv4Address(in, out); }
bool V6(const std::string& in, std::array<uint8_t, 16>* out) { return ParseIpv6Address(in, out); }

TEST(IpAddress, ReadsIpv4) {
  std::array<uint8_t, 4> out{};
  ASSERT_TRUE(V4("192.0.2.255", &out));
  EXPECT_EQ(out, (std::array<uint8_t, 4>{192, 0, 2, 255}));
  for (const char* bad :
       {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.0.0.0", "01.2.3.4",
        "1.2.3.00", "1.2.3.4 ", "1.2.3.0x4", "1.2.3.1000", "1,2.3.4"}) {
    EXPECT_FALSE(V4(bad, &out)) << bad;
  }
  EXPECT_EQ(out[0], 192);
}

TEST(IpAddress, ReadsIpv6) {  // RFC 4291 §2.2
  std::array<uint8_t, 16> out{};
  for (const char* good :
       {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "2001:DB8:0:0:8:800:200C:417A", "ff01::101",
        "::1", "::", "::13.1.68.3", "::FFFF:129.144.52.38", "0:0:0:0:0:FFFF:129.144.52.38",
        "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1:2:3:4:5::1.2.3.4"}) {
    EXPECT_TRUE(V6(good, &out)) << good;
  }
  for (const char* bad : {"",
                          ":",
                          ":::",
                          "1:",
                          ":1",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1::2::3",
                          "12345::",
                          "1:2:3:4:5:6:7:8::",
                          "::1:2:3:4:5:6:7:8",
                          "1:2:3:4::5:6:7:8",
                          "g::",
                          "::1%eth0",
                          "[::1]",
                          "::1.2.3",
                          "1.2.3.4",
                          "1:2:3:4:5:6:7:1.2.3.4",
                          "::1.2.3.4:5",
                          "::ffff:1.2.3.256",
                          ":1::"}) {
    EXPECT_FALSE(V6(bad, &out)) << bad;
  }
}

// The C library's reader is another opinion. Texts of a few pieces, so that many are nearly right.
TEST(IpAddress, AgreesWithInetPton) {
  std::mt19937 random(7);
  const std::string pieces[] = {":",  "::",      "1",     "ab", "FFFF", "0",  ":2",
                                "c:", "1.2.3.4", ":00a1", ".",  "10.",  "300"};
  int taken = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string text;
    const size_t count = 1 + random() % 12;
    for (size_t k = 0; k < count; ++k) text += pieces[random() % std::size(pieces)];
    if (i % 2 == 0) {  // mostly right ones: groups, at most one gap
      text.clear();
      const size_t groups = 5 + random() % 4;
      const size_t gap = random() % 10;
      for (size_t k = 0; k < groups; ++k) {
        if (k == gap) text += k == 0 ? "::" : ":";
        text += pieces[2 + random() % 4];
        if (k + 1 < groups || random() % 9 == 0) text += ":";
      }
    }
    std::array<uint8_t, 16> v6{};
    std::array<uint8_t, 16> v6_expected{};
    const bool good = inet_pton(AF_INET6, text.c_str(), v6_expected.data()) == 1;
    ASSERT_EQ(V6(text, &v6), good) << text;
    std::array<uint8_t, 4> v4{};
    std::array<uint8_t, 4> v4_expected{};
    ASSERT_EQ(V4(text, &v4), inet_pton(AF_INET, text.c_str(), v4_expected.data()) == 1) << text;
    if (!good) continue;
    ASSERT_EQ(v6, v6_expected) << text;
    ++taken;
  }
  EXPECT_GT(taken, 10000);
}

}  // namespace
}  // namespace postern::syntax
