// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/proxy.h"

#include <string>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

using namespace std::string_literals;
using wire::ProxyFamily;
using wire::ProxyStatus;

const std::string& Signature() {
  static const std::string& signature = *new std::string("\r\n\r\n\0\r\nQUIT\n"s);
  return signature;
}

TEST(ReferenceProxyTest, Version1) {
  const Proxy proxy = ReferenceProxy("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\nEHLO");
  EXPECT_EQ(proxy.status, ProxyStatus::kDone);
  EXPECT_EQ(proxy.consumed, 41u);
  EXPECT_EQ(proxy.header.family, ProxyFamily::kInet);
  EXPECT_EQ(proxy.header.source[3], 1);
  EXPECT_EQ(proxy.header.source_port, 56324);
  EXPECT_EQ(ReferenceProxy("PROXY TCP6 2001:db8::1 ::1 1 2\r\n").header.family,
            ProxyFamily::kInet6);
  EXPECT_EQ(ReferenceProxy("PROXY UNKNOWN\r\n").status, ProxyStatus::kDone);
  EXPECT_EQ(ReferenceProxy("PROXY UNKNOWN what ever\r\n").status, ProxyStatus::kDone);
  for (const char* bad :
       {"PROXY TCP4 192.0.2.1 192.0.2.2 056324 25\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n", "PROXY TCP4 192.0.2.01 192.0.2.2 1 25\r\n",
        "PROXY TCP4 ::1 ::1 1 25\r\n", "PROXY TCP4 192.0.2.1  192.0.2.2 1 25\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n", "proxy TCP4 192.0.2.1 192.0.2.2 1 25\r\n",
        "EHLO"}) {
    EXPECT_EQ(ReferenceProxy(bad).status, ProxyStatus::kInvalid) << bad;
  }
  const std::string pad(107 - 16, 'x');
  EXPECT_EQ(ReferenceProxy("PROXY UNKNOWN " + pad + "\r\n").status, ProxyStatus::kDone);
  EXPECT_EQ(ReferenceProxy("PROXY UNKNOWN " + pad + "x\r\n").status, ProxyStatus::kInvalid);
  EXPECT_EQ(ReferenceProxy("PROXY UNKN").status, ProxyStatus::kNeedMore);
  EXPECT_EQ(ReferenceProxy("").status, ProxyStatus::kNeedMore);
}

TEST(ReferenceProxyTest, Version2) {
  const std::string body = "\xC0\x00\x02\x01\xC0\x00\x02\x02\x00\x50\x00\x19"s;
  const Proxy proxy = ReferenceProxy(Signature() + "\x21\x11\0\x0C"s + body + "EHLO");
  EXPECT_EQ(proxy.status, ProxyStatus::kDone);
  EXPECT_EQ(proxy.consumed, 28u);
  EXPECT_EQ(proxy.header.destination_port, 25);
  EXPECT_EQ(ReferenceProxy(Signature() + "\x21\x11\0\x0B"s + body).status, ProxyStatus::kInvalid);
  EXPECT_EQ(ReferenceProxy(Signature() + "\x31"s).status, ProxyStatus::kInvalid);
  EXPECT_EQ(ReferenceProxy(Signature() + "\x21\x12"s).status, ProxyStatus::kInvalid);
  EXPECT_EQ(ReferenceProxy(Signature() + "\x20\x12\0\0"s).status, ProxyStatus::kDone);
  EXPECT_EQ(ReferenceProxy(Signature() + "\x20\0\xFF\xFF"s).status, ProxyStatus::kInvalid);
  // A record of three octets, of which one is missing.
  const std::string records = "\x01\0\x03"s + "h2";
  EXPECT_EQ(ReferenceProxy(Signature() + "\x21\0\0\x05"s + records).status, ProxyStatus::kInvalid);
  EXPECT_EQ(ReferenceProxy(Signature() + "\x21\0\0\x06"s + records + "c").tlvs, records + "c");
}

TEST(SameProxyTest, Bites) {
  const Proxy right = ReferenceProxy("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n");
  EXPECT_EQ(SameProxy(right, right), "");
  Proxy wrong = right;
  wrong.status = ProxyStatus::kInvalid;
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  ++wrong.consumed;
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  wrong.header.version = 2;
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  wrong.header.local = true;
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  wrong.header.family = ProxyFamily::kInet6;
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  ++wrong.header.source[15];
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  ++wrong.header.destination[0];
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  ++wrong.header.source_port;
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  ++wrong.header.destination_port;
  EXPECT_NE(SameProxy(right, wrong), "");
  wrong = right;
  wrong.tlvs = "x";
  EXPECT_NE(SameProxy(right, wrong), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
