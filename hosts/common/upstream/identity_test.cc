// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/upstream/identity.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"

namespace postern::upstream {
namespace {

constexpr uint32_t kAll = kAttributeName | kAttributeAddr | kAttributePort | kAttributeProto |
                          kAttributeHelo | kAttributeLogin | kAttributeDestAddr |
                          kAttributeDestPort | kAttributeSource;

Peer MakePeer(const char* address, uint16_t port) {
  Peer peer;
  peer.family = std::string(address).find(':') == std::string::npos ? Peer::Family::kInet
                                                                    : Peer::Family::kInet6;
  EXPECT_EQ(
      inet_pton(peer.family == Peer::Family::kInet ? AF_INET : AF_INET6, address, peer.octets), 1);
  peer.port = port;
  return peer;
}

Identity Client4() {
  Identity identity;
  identity.client = MakePeer("192.0.2.7", 50412);
  identity.server = MakePeer("198.51.100.1", 25);
  identity.helo.Assign("client.example");
  identity.extended = true;
  return identity;
}

std::string Proxy(IdentityMode mode, const Identity& identity) {
  char out[kMaxProxyHeader];
  return std::string(out, WriteProxyHeader(mode, identity, out));
}

std::string Command(IdentityMode mode, const Identity& identity, uint32_t attributes) {
  char out[kMaxIdentityCommand];
  return std::string(out, WriteIdentityCommand(mode, identity, attributes, out));
}

TEST(IdentityTest, Proxy1) {
  Identity identity = Client4();
  EXPECT_EQ(Proxy(IdentityMode::kProxy1, identity),
            "PROXY TCP4 192.0.2.7 198.51.100.1 50412 25\r\n");
  identity.server = MakePeer("2001:db8::1", 25);
  EXPECT_EQ(Proxy(IdentityMode::kProxy1, identity),
            "PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 50412 25\r\n");
  identity.client = MakePeer("2001:db8::7", 1);
  EXPECT_EQ(Proxy(IdentityMode::kProxy1, identity), "PROXY TCP6 2001:db8::7 2001:db8::1 1 25\r\n");
  identity.server = Peer();
  EXPECT_EQ(Proxy(IdentityMode::kProxy1, identity), "PROXY TCP6 2001:db8::7 :: 1 0\r\n");
  EXPECT_EQ(Proxy(IdentityMode::kProxy1, Identity()), "PROXY TCP4 127.0.0.1 127.0.0.1 25 25\r\n");
  EXPECT_EQ(Proxy(IdentityMode::kNone, identity), "");
  EXPECT_EQ(Proxy(IdentityMode::kXclient, identity), "");
}

TEST(IdentityTest, Proxy2) {
  const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
  Identity identity = Client4();
  EXPECT_EQ(
      Proxy(IdentityMode::kProxy2, identity),
      signature +
          std::string("\x21\x11\x00\x0C\xC0\x00\x02\x07\xC6\x33\x64\x01\xC4\xEC\x00\x19", 16));
  identity.client = MakePeer("2001:db8::7", 258);
  const std::string header = Proxy(IdentityMode::kProxy2, identity);
  ASSERT_EQ(header.size(), 12u + 4 + 36);
  EXPECT_EQ(header.substr(12, 4), std::string("\x21\x21\x00\x24", 4));
  EXPECT_EQ(header.substr(16, 4), "\x20\x01\x0D\xB8");
  EXPECT_EQ(header.substr(32 + 10, 6), "\xFF\xFF\xC6\x33\x64\x01");
  EXPECT_EQ(header.substr(48, 4), std::string("\x01\x02\x00\x19", 4));
  EXPECT_EQ(Proxy(IdentityMode::kProxy2, Identity()),
            signature + std::string("\x20\x00\x00\x00", 4));
}

TEST(IdentityTest, XclientSendsWhatIsOffered) {
  Identity identity = Client4();
  EXPECT_EQ(Command(IdentityMode::kXclient, identity, kAll),
            "XCLIENT ADDR=192.0.2.7 PORT=50412 PROTO=ESMTP DESTADDR=198.51.100.1 DESTPORT=25 "
            "SOURCE=REMOTE LOGIN=[UNAVAILABLE] NAME=[UNAVAILABLE] HELO=client.example\r\n");
  EXPECT_EQ(Command(IdentityMode::kXclient, identity, kAttributeAddr),
            "XCLIENT ADDR=192.0.2.7\r\n");
  identity.client = MakePeer("2001:db8::7", 1);
  identity.extended = false;
  EXPECT_EQ(Command(IdentityMode::kXclient, identity, kAttributeAddr | kAttributeProto),
            "XCLIENT ADDR=IPV6:2001:db8::7 PROTO=SMTP\r\n");
  EXPECT_EQ(Command(IdentityMode::kXclient, Identity(), kAttributeAddr | kAttributePort),
            "XCLIENT ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE]\r\n");
  EXPECT_EQ(Command(IdentityMode::kXclient, identity, 0), "");
}

TEST(IdentityTest, XforwardSendsWhatIsOffered) {
  EXPECT_EQ(Command(IdentityMode::kXforward, Client4(),
                    kAttributeName | kAttributeAddr | kAttributeProto | kAttributeHelo |
                        kAttributeSource),
            "XFORWARD ADDR=192.0.2.7 PROTO=ESMTP SOURCE=REMOTE NAME=[UNAVAILABLE] "
            "HELO=client.example\r\n");
}

TEST(IdentityTest, ValuesCannotBreakOutOfTheirPlace) {
  Identity identity = Client4();
  identity.helo.Assign("a b+c=d\r\nQUIT\x80");
  EXPECT_EQ(Command(IdentityMode::kXclient, identity, kAttributeHelo),
            "XCLIENT HELO=a+20b+2Bc+3Dd+0D+0AQUIT+80\r\n");
}

TEST(IdentityTest, ALineNeverExceedsItsLimitAndTheAddressStays) {
  for (size_t size = 0; size <= 255; ++size) {
    Identity identity = Client4();
    identity.client = MakePeer("2001:db8:1111:2222:3333:4444:5555:6666", 65535);
    identity.server = MakePeer("2001:db8:1111:2222:3333:4444:5555:7777", 65535);
    identity.name.Assign(std::string(size, 'n'));
    identity.helo.Assign(std::string(size, '='));
    identity.login.Assign(std::string(size, 'l'));
    const std::string line = Command(IdentityMode::kXforward, identity, kAll);
    ASSERT_LE(line.size(), kMaxIdentityCommand);
    EXPECT_EQ(line.substr(line.size() - 2), "\r\n");
    EXPECT_NE(line.find("ADDR=IPV6:2001:db8:1111:2222:3333:4444:5555:6666 "), std::string::npos);
    for (const char* word : {" NAME=", " HELO=", " LOGIN=", " DESTADDR=", " DESTPORT="}) {
      EXPECT_NE(line.find(word), std::string::npos) << word << " at " << size;
    }
  }
}

TEST(IdentityTest, ModesHaveNames) {
  IdentityMode mode;
  EXPECT_TRUE(ParseIdentityMode("none", &mode));
  EXPECT_EQ(mode, IdentityMode::kNone);
  EXPECT_TRUE(ParseIdentityMode("proxy2", &mode));
  EXPECT_EQ(mode, IdentityMode::kProxy2);
  EXPECT_FALSE(ParseIdentityMode("PROXY", &mode));
}

}  // namespace
}  // namespace postern::upstream
