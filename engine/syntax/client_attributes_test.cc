// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/client_attributes.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace postern::syntax {
namespace {

using A = ClientAttribute;
using E = ClientAttributeError;
using S = ClientAttributeState;
constexpr auto kXclient = ClientAttributeVerb::kXclient;
constexpr auto kXforward = ClientAttributeVerb::kXforward;

std::unique_ptr<ClientAttributes> Parse(const std::string& in, ClientAttributeVerb verb) {
  auto result = std::make_unique<ClientAttributes>();
  ParseClientAttributes(in, verb, result.get());
  return result;
}

TEST(ClientAttributes, ReadsXclient) {
  const auto r = Parse(
      "NAME=spike.example.org ADDR=168.100.189.2 PORT=4711 PROTO=ESMTP helo=spike LOGIN=a+2Bb "
      "DESTADDR=IPV6:2001:db8::1 DESTPORT=25",
      kXclient);
  ASSERT_TRUE(r->ok());
  EXPECT_EQ(r->value(A::kName), "spike.example.org");
  EXPECT_EQ(r->value(A::kAddr), "168.100.189.2");
  EXPECT_EQ(r->port(A::kPort), 4711);
  EXPECT_EQ(r->value(A::kProto), "ESMTP");
  EXPECT_EQ(r->value(A::kHelo), "spike");
  EXPECT_EQ(r->value(A::kLogin), "a+b");
  EXPECT_EQ(r->value(A::kDestaddr), "2001:db8::1");
  EXPECT_EQ(r->port(A::kDestport), 25);
  EXPECT_EQ(r->state(A::kIdent), S::kAbsent);
}

TEST(ClientAttributes, ReadsXforward) {
  const auto r = Parse(
      "NAME=spike.example.org ADDR=168.100.189.2 PORT=65535 PROTO=uucp HELO=[1.2.3.4] IDENT=ABC123 "
      "SOURCE=remote",
      kXforward);
  ASSERT_TRUE(r->ok());
  EXPECT_EQ(r->value(A::kProto), "uucp");
  EXPECT_EQ(r->value(A::kHelo), "[1.2.3.4]");
  EXPECT_EQ(r->value(A::kIdent), "ABC123");
  EXPECT_EQ(r->value(A::kSource), "remote");
  EXPECT_EQ(r->port(A::kPort), 65535);
  // "The address may be a non-IP address."
  EXPECT_EQ(Parse("ADDR=node7!x", kXforward)->value(A::kAddr), "node7!x");
  EXPECT_EQ(Parse("ADDR=ipv6:::1", kXforward)->value(A::kAddr), "::1");
}

TEST(ClientAttributes, ReadsWhatIsNotAvailable) {
  for (const char* word : {"[UNAVAILABLE]", "[unavailable]", "+5BUnavailable]"}) {
    for (const char* name : {"NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR"}) {
      const auto r = Parse(std::string(name) + "=" + word, kXclient);
      EXPECT_TRUE(r->ok()) << name << word;
    }
  }
  const auto r = Parse("NAME=[TempUnavail] ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE]", kXclient);
  ASSERT_TRUE(r->ok());
  EXPECT_EQ(r->state(A::kName), S::kTempUnavailable);
  EXPECT_EQ(r->state(A::kAddr), S::kUnavailable);
  EXPECT_EQ(r->value(A::kAddr), "");
  EXPECT_EQ(r->port(A::kPort), 0);
  EXPECT_EQ(Parse("SOURCE=[UNAVAILABLE]", kXforward)->state(A::kSource), S::kUnavailable);
  // A word that its attribute does not have is text, where there may be text.
  EXPECT_EQ(Parse("NAME=[TEMPUNAVAIL]", kXforward)->state(A::kName), S::kValue);
  EXPECT_EQ(Parse("ADDR=[TEMPUNAVAIL]", kXclient)->error, E::kBadValue);
}

TEST(ClientAttributes, TellsWhatIsWrong) {
  const struct {
    std::string in;
    ClientAttributeVerb verb;
    E error;
    int offset;
  } kCases[] = {
      {"", kXclient, E::kEmpty, 0},
      {" NAME=a", kXclient, E::kBadSpace, 0},
      {"NAME=a ", kXclient, E::kBadSpace, 7},
      {"NAME=a  HELO=b", kXclient, E::kBadSpace, 7},
      {"NAME", kXclient, E::kNoEquals, 0},
      {"HELO=a NAME", kXclient, E::kNoEquals, 7},
      {"=a", kXclient, E::kUnknownName, 0},
      {"NAMES=a", kXclient, E::kUnknownName, 0},
      {"SOURCE=LOCAL", kXclient, E::kUnknownName, 0},
      {"LOGIN=a", kXforward, E::kUnknownName, 0},
      {"NAME=a NAME=b", kXclient, E::kTwice, 7},
      {"NAME=[UNAVAILABLE] name=b", kXclient, E::kTwice, 19},
      {"NAME=", kXclient, E::kEmptyValue, 0},
      {"NAME=a=b", kXclient, E::kBadXtext, 0},
      {"NAME=a+b", kXclient, E::kBadXtext, 0},
      {"NAME=a\tb", kXclient, E::kBadXtext, 0},
      {"NAME=" + std::string(256, 'a'), kXclient, E::kTooLong, 0},
      {"NAME=a+20b", kXclient, E::kBadOctet, 0},
      {"NAME=a+0D+0AX", kXclient, E::kBadOctet, 0},
      {"NAME=a+00", kXclient, E::kBadOctet, 0},
      {"NAME=a)", kXclient, E::kBadOctet, 0},
      {"HELO=<a>", kXclient, E::kBadOctet, 0},
      {"HELO=+22a+22", kXclient, E::kBadOctet, 0},
      {"HELO=a\\", kXclient, E::kBadOctet, 0},
      {"HELO=+C3+BC", kXclient, E::kBadOctet, 0},
      {"ADDR=::1", kXclient, E::kBadValue, 0},
      {"ADDR=[1.2.3.4]", kXclient, E::kBadValue, 0},
      {"ADDR=1.2.3.256", kXclient, E::kBadValue, 0},
      {"ADDR=IPV6:1.2.3.4", kXclient, E::kBadValue, 0},
      {"ADDR=IPV6:", kXclient, E::kBadValue, 0},
      {"DESTADDR=x", kXclient, E::kBadValue, 0},
      {"ADDR=IPV6:x", kXforward, E::kBadValue, 0},
      {"PORT=65536", kXclient, E::kBadValue, 0},
      {"PORT=-1", kXclient, E::kBadValue, 0},
      {"PORT=smtp", kXclient, E::kBadValue, 0},
      {"DESTPORT=000025", kXclient, E::kBadValue, 0},
      {"PROTO=LMTP", kXclient, E::kBadValue, 0},
      {"PROTO=" + std::string(65, 'p'), kXforward, E::kBadValue, 0},
      {"SOURCE=NEAR", kXforward, E::kBadValue, 0},
      {"HELO=a SOURCE=NEAR", kXforward, E::kBadValue, 7},
  };
  for (const auto& c : kCases) {
    const auto r = Parse(c.in, c.verb);
    EXPECT_EQ(r->error, c.error) << c.in;
    EXPECT_EQ(r->error_offset, c.offset) << c.in;
  }
  EXPECT_EQ(Parse("NAME=" + std::string(255, 'a'), kXclient)->value(A::kName).size(), 255u);
  EXPECT_TRUE(Parse("PROTO=" + std::string(64, 'p'), kXforward)->ok());
}

TEST(ClientAttributes, ForgetsWhatWasThereBefore) {
  ClientAttributes r;
  ParseClientAttributes("NAME=a", kXclient, &r);
  ParseClientAttributes("HELO=b", kXclient, &r);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.state(A::kName), S::kAbsent);
  ParseClientAttributes("", kXclient, &r);
  EXPECT_EQ(r.state(A::kHelo), S::kAbsent);
  EXPECT_FALSE(r.ok());
}

// Every attribute that EHLO lists is taken, and none else.
TEST(ClientAttributes, TakesTheNamesItLists) {
  for (const ClientAttributeVerb verb : {kXclient, kXforward}) {
    const std::string names = std::string(ClientAttributeNames(verb)) + " ";
    int taken = 0;
    for (const char* name : {"NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR",
                             "DESTPORT", "IDENT", "SOURCE"}) {
      const bool listed = names.find(std::string(name) + " ") == 0 ||
                          names.find(" " + std::string(name) + " ") != std::string::npos;
      EXPECT_EQ(Parse(std::string(name) + "=[UNAVAILABLE]", verb)->ok(), listed) << name;
      taken += listed ? 1 : 0;
    }
    EXPECT_EQ(taken, verb == kXclient ? 8 : 7);
  }
}

}  // namespace
}  // namespace postern::syntax
