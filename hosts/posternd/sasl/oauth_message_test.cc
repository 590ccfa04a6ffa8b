// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/oauth_message.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace postern {
namespace posternd {
namespace {

std::string FromBase64(absl::string_view text) {
  std::string octets;
  EXPECT_TRUE(absl::Base64Unescape(text, &octets));
  return octets;
}

TEST(OauthBearer, ReadsTheExamplesOfTheRfc) {  // RFC 7628 §4.1, §4.3
  OauthMessage m;
  ASSERT_TRUE(ParseOauthBearer(
      FromBase64("bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9"
                 "QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"),
      &m));
  EXPECT_EQ(m.user, "user@example.com");
  EXPECT_EQ(m.host, "server.example.com");
  EXPECT_EQ(m.port, 587);
  EXPECT_EQ(m.token.view(), "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
  ASSERT_TRUE(ParseOauthBearer(
      FromBase64("bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9"
                 "AQE="),
      &m));
  EXPECT_TRUE(m.token.empty());
  EXPECT_EQ(m.port, 143);
}

TEST(OauthBearer, ReadsWhatTheGrammarHas) {
  OauthMessage m;
  EXPECT_TRUE(
      ParseOauthBearer("n,,\x01"
                       "auth=bEARER  t\x01\x01",
                       &m));
  EXPECT_EQ(m.token.view(), "t");
  EXPECT_EQ(m.user, "");
  EXPECT_TRUE(
      ParseOauthBearer("y,a=a=2Cb=3Dc,\x01"
                       "auth=Bearer t\x01"
                       "mthd=\t\r\n\x01\x01",
                       &m));
  EXPECT_EQ(m.user, "a,b=c");
}

TEST(OauthBearer, RefusesWhatItHasNot) {
  OauthMessage m;
  for (const absl::string_view bad : {
           absl::string_view(""),
           absl::string_view("\x01"),
           absl::string_view("n,,"),
           absl::string_view("n,,\x01"),
           absl::string_view("n,,\x01\x01"),
           absl::string_view("n,\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("p=tls-unique,,\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,user=a,\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,a=,\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,a=a=2c,\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,a=a=,\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,a=a\nb,\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer t\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer t"),
           absl::string_view("n,,\x01"
                             "auth=Bearer t\x01\x01x"),
           absl::string_view("n,,\x01"
                             "auth=Bearer t\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Basic dDp0\x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer\x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer \x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer a b\x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer a=b\x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer =\x01\x01"),
           absl::string_view("n,,\x01"
                             "auth=Bearer t\0\x01\x01",
                             20),
           absl::string_view("n,,\x01"
                             "auth=Bearer \xC3\xBC\x01\x01"),
           absl::string_view("n,,\x01"
                             "port=0\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "port=025\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "port=65536\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "port= 25\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "x1=y\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "=y\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("n,,\x01"
                             "x\x01"
                             "auth=Bearer t\x01\x01"),
           absl::string_view("user=a\x01"
                             "auth=Bearer t\x01\x01"),
       }) {
    EXPECT_FALSE(ParseOauthBearer(bad, &m)) << absl::CEscape(bad);
  }
}

TEST(Xoauth2, ReadsItsMessage) {
  OauthMessage m;
  ASSERT_TRUE(
      ParseXoauth2("user=someuser@example.com\x01"
                   "auth=Bearer vF9dft4qmTc2Nvb3==\x01\x01",
                   &m));
  EXPECT_EQ(m.user, "someuser@example.com");
  EXPECT_EQ(m.token.view(), "vF9dft4qmTc2Nvb3==");
  for (const char* bad : {"", "user=",
                          "user=\x01"
                          "auth=Bearer t\x01\x01",
                          "user=a\x01", "user=a\x01\x01",
                          "user=a\x01"
                          "auth=Bearer t\x01",
                          "auth=Bearer t\x01\x01",
                          "user=a\nb\x01"
                          "auth=Bearer t\x01\x01",
                          "n,a=a,\x01"
                          "auth=Bearer t\x01\x01",
                          "USER=a\x01"
                          "auth=Bearer t\x01\x01"}) {
    EXPECT_FALSE(ParseXoauth2(bad, &m)) << absl::CEscape(bad);
  }
}

TEST(OauthError, IsJson) {  // RFC 7628 §3.2.2
  EXPECT_EQ(OauthErrorJson({}), "{\"status\":\"invalid_token\"}");
  OauthError error;
  error.scope = "a\"b\\c\n";
  error.openid_configuration = "https://example.com/x";
  EXPECT_EQ(OauthErrorJson(error),
            "{\"status\":\"invalid_token\",\"scope\":\"a\\\"b\\\\c\\u000a\","
            "\"openid-configuration\":\"https://example.com/x\"}");
  error = OauthError();
  error.insufficient_scope = true;
  EXPECT_EQ(OauthErrorJson(error), "{\"status\":\"insufficient_scope\"}");
}

// As Google publishes it for its own.
TEST(OauthError, IsAnHttpStatusInXoauth2) {
  OauthError error;
  EXPECT_EQ(Xoauth2ErrorJson(error), "{\"status\":\"401\",\"schemes\":\"bearer\"}");
  error.scope = "https://mail.google.com/";
  error.openid_configuration = "https://example.com/x";
  EXPECT_EQ(Xoauth2ErrorJson(error),
            "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"https://mail.google.com/\"}");
  error.scope = "\"";
  error.insufficient_scope = true;
  EXPECT_EQ(Xoauth2ErrorJson(error),
            "{\"status\":\"403\",\"schemes\":\"bearer\",\"scope\":\"\\\"\"}");
}

}  // namespace
}  // namespace posternd
}  // namespace postern
