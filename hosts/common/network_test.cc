// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/network.h"

#include "gtest/gtest.h"

namespace postern {
namespace host {
namespace {

Address Parsed(const std::string& text) { return Network::Parse(text).value().address; }

TEST(EndpointTest, ReadsBothFamiliesAndPortZero) {
  for (const char* text : {"127.0.0.1:2525", "0.0.0.0:0", "[::1]:25", "[2001:db8::1]:65535"}) {
    absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->ToString(), text);
  }
}

TEST(EndpointTest, RefusesWhatIsNoAddressAndPortWithTheRightForm) {
  for (const char* text :
       {"", "25", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+25", "127.0.0.1:-1",
        "::1:25", "[127.0.0.1]:25", "[::1]25", "localhost:25", "127.0.0.1:25x", "[]:25", ":25"}) {
    absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_NE(endpoint.status().message().find("[::1]:2525"), std::string::npos);
  }
}

TEST(EndpointTest, SurvivesTheWayThroughASocketAddress) {
  const Endpoint endpoint = Endpoint::Parse("[2001:db8::7]:2500").value();
  sockaddr_storage socket;
  endpoint.ToSocket(&socket);
  EXPECT_EQ(Address::FromSocket(socket), endpoint.address);
  EXPECT_EQ(PortOf(socket), 2500);
}

TEST(NetworkTest, ContainsExactlyItsPrefix) {
  const Network ten = Network::Parse("10.20.0.0/14").value();
  EXPECT_TRUE(ten.Contains(Parsed("10.20.0.0")));
  EXPECT_TRUE(ten.Contains(Parsed("10.23.255.255")));
  EXPECT_FALSE(ten.Contains(Parsed("10.24.0.0")));
  EXPECT_FALSE(ten.Contains(Parsed("10.19.255.255")));
  EXPECT_FALSE(ten.Contains(Parsed("::1")));
}

TEST(NetworkTest, TakesAnAddressAsANetworkOfOne) {
  const Network one = Network::Parse("2001:db8::1").value();
  EXPECT_TRUE(one.Contains(Parsed("2001:db8::1")));
  EXPECT_FALSE(one.Contains(Parsed("2001:db8::2")));
}

TEST(NetworkTest, PrefixZeroHoldsItsWholeFamilyOnly) {
  const Network all = Network::Parse("0.0.0.0/0").value();
  EXPECT_TRUE(all.Contains(Parsed("255.1.2.3")));
  EXPECT_FALSE(all.Contains(Parsed("2001:db8::1")));
}

TEST(NetworkTest, RefusesBitsBehindThePrefixAndNamesTheNetworkMeant) {
  absl::StatusOr<Network> network = Network::Parse("192.0.2.7/24");
  ASSERT_FALSE(network.ok());
  EXPECT_NE(network.status().message().find("192.0.2.0/24"), std::string::npos);
}

TEST(NetworkTest, RefusesImpossiblePrefixes) {
  for (const char* text :
       {"192.0.2.0/33", "::/129", "::/", "10.0.0.0/-1", "10.0.0.0/+8", "x/8", ""}) {
    EXPECT_FALSE(Network::Parse(text).ok()) << text;
  }
}

TEST(AddressTest, MappedIpv4IsIpv4) {
  const Address mapped = Parsed("::ffff:192.0.2.9");
  EXPECT_EQ(Address::FromOctets(AF_INET6, mapped.octets.data()), Parsed("192.0.2.9"));
}

TEST(AddressTest, LiteralsFollowRfc5321Section413) {
  EXPECT_EQ(Parsed("192.0.2.9").ToLiteral(), "[192.0.2.9]");
  EXPECT_EQ(Parsed("2001:db8::9").ToLiteral(), "[IPv6:2001:db8::9]");
}

}  // namespace
}  // namespace host
}  // namespace postern
