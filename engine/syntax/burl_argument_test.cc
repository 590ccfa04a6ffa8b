// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/burl_argument.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::syntax {
namespace {

TEST(BurlArgument, TakesTheExampleOfTheRfc) {  // RFC 4468 §3.4
  const std::string uri =
      "imap://harry@gryffindor.example.com/outbox;uidvalidity=1078863300/;uid=25;urlauth=submit+"
      "harry:internal:91354a473744909de610943775f92038";
  const std::string with_last = uri + " LAST";
  const BurlArgument last = ParseBurlArgument(with_last);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last.uri, uri);
  EXPECT_EQ(last.scheme, "imap");
  EXPECT_TRUE(last.last);
  const BurlArgument more = ParseBurlArgument(uri);
  EXPECT_TRUE(more.ok());
  EXPECT_FALSE(more.last);
  EXPECT_TRUE(ParseBurlArgument(uri + " last").last);
}

TEST(BurlArgument, TellsWhatIsWrong) {
  EXPECT_EQ(ParseBurlArgument("").error, BurlError::kNoUri);
  EXPECT_EQ(ParseBurlArgument(" imap://a").error, BurlError::kNoUri);
  EXPECT_EQ(ParseBurlArgument("LAST").error, BurlError::kBadUri);
  EXPECT_EQ(ParseBurlArgument("imap://a ").error, BurlError::kBadEndMarker);
  EXPECT_EQ(ParseBurlArgument("imap://a  LAST").error, BurlError::kBadEndMarker);
  EXPECT_EQ(ParseBurlArgument("imap://a LAST ").error, BurlError::kBadEndMarker);
  EXPECT_EQ(ParseBurlArgument("imap://a imap://b").error, BurlError::kBadEndMarker);
}

// RFC 3986 §1.1.2, §3, §5.4 and appendix A.
TEST(AbsoluteUri, IsWhatRfc3986Says) {
  for (const char* good : {"ftp://ftp.is.co.za/rfc/rfc1808.txt",
                           "ldap://[2001:db8::7]/c=GB?objectClass?one",
                           "mailto:John.Doe@example.com",
                           "news:comp.infosystems.www.servers.unix",
                           "tel:+1-816-555-1212",
                           "telnet://192.0.2.16:80/",
                           "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
                           "a:",
                           "a:/",
                           "a:/b",
                           "a:b",
                           "a://",
                           "a:///b",
                           "a://@",
                           "a://u:p@h:",
                           "a://h:8080?q",
                           "a:?",
                           "a:?/??",
                           "a+b-c.9:x",
                           "a://h//x//",
                           "a:x//y",
                           "a:%41%ff",
                           "http://[v1.a:b]/",
                           "http://[::ffff:1.2.3.4]",
                           "a://%41%42/",
                           "a:;=@:!$&'()*+,",
                           "A://[1:2:3:4:5:6:7::]:1"}) {
    EXPECT_TRUE(IsAbsoluteUri(good)) << good;
  }
  for (const char* bad :
       {"",          ":",          ":a",         "1a:b",     "+a:b",       "a",
        "a/b:c",     "a_b:c",      "//h/p",      "/p",       "a:b#c",      "a:#",
        "a:%",       "a:%4",       "a:%4g",      "a:b c",    "a:\"",       "a:<b>",
        "a:[",       "a://[",      "a://[]",     "a://[::1", "a://[::1]x", "a://[1.2.3.4]",
        "a://[v.x]", "a://[v1.]",  "a://[vg.x]", "a://h:p",  "a://u@h@i",  "a://u[@h",
        "a:\\",      "a:^",        "a:`",        "a:{",      "a:|",        "a:b?[",
        "a:\x7F",    "a:\xC3\xBC", "a://h:1:2",  "a://::1"}) {
    EXPECT_FALSE(IsAbsoluteUri(bad)) << bad;
  }
}

}  // namespace
}  // namespace postern::syntax
