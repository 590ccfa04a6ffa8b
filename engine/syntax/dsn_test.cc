// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/dsn.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/syntax/xtext.h"

namespace postern::syntax {
namespace {

TEST(Dsn, ReadsRet) {  // RFC 3461 §4.3
  DsnReturn ret = DsnReturn::kHeaders;
  EXPECT_EQ(ParseRet("FULL", &ret), DsnError::kNone);
  EXPECT_EQ(ret, DsnReturn::kFull);
  EXPECT_EQ(ParseRet("hdrs", &ret), DsnError::kNone);
  EXPECT_EQ(ret, DsnReturn::kHeaders);
  for (const char* bad : {"FULLX", "FUL", "HDRS,FULL", "NONE", "BODY"}) {
    EXPECT_EQ(ParseRet(bad, &ret), DsnError::kUnknownWord) << bad;
  }
  EXPECT_EQ(ParseRet("", &ret), DsnError::kEmpty);
  EXPECT_EQ(ret, DsnReturn::kHeaders);
}

TEST(Dsn, ReadsNotify) {  // RFC 3461 §4.1
  uint8_t bits = 0;
  const struct {
    const char* in;
    int bits;
  } kGood[] = {
      {"NEVER", kNotifyNever},
      {"never", kNotifyNever},
      {"SUCCESS", kNotifySuccess},
      {"Failure,DELAY", kNotifyFailure | kNotifyDelay},
      {"SUCCESS,FAILURE,DELAY", kNotifySuccess | kNotifyFailure | kNotifyDelay},
      {"DELAY,DELAY", kNotifyDelay},
      {",SUCCESS,,FAILURE,", kNotifySuccess | kNotifyFailure},  // RFC 822 §2.7: null elements
  };
  for (const auto& c : kGood) {
    EXPECT_EQ(ParseNotify(c.in, &bits), DsnError::kNone) << c.in;
    EXPECT_EQ(bits, c.bits) << c.in;
  }
  bits = 77;
  EXPECT_EQ(ParseNotify("", &bits), DsnError::kEmpty);
  EXPECT_EQ(ParseNotify(",", &bits), DsnError::kEmpty);
  for (const char* bad : {"NEVER,SUCCESS", "SUCCESS,NEVER", "NEVER,NEVER", "NEVER,", ",NEVER"}) {
    EXPECT_EQ(ParseNotify(bad, &bits), DsnError::kNeverAndMore) << bad;
  }
  for (const char* bad :
       {"SUCCES", "SUCCESS;FAILURE", "SUCCESSS", "SUCCESS,x", "NEVERX", " DELAY"}) {
    EXPECT_EQ(ParseNotify(bad, &bits), DsnError::kUnknownWord) << bad;
  }
  EXPECT_EQ(bits, 77);
}

TEST(Dsn, JudgesEnvid) {  // RFC 3461 §4.4, §10.1
  EXPECT_EQ(ParseEnvid("QQ314159"), DsnError::kNone);
  EXPECT_EQ(ParseEnvid("a+20b+09c+2B+3D"), DsnError::kNone);
  EXPECT_EQ(ParseEnvid(""), DsnError::kEmpty);
  EXPECT_EQ(ParseEnvid(std::string(100, 'x')), DsnError::kNone);
  EXPECT_EQ(ParseEnvid(std::string(101, 'x')), DsnError::kTooLong);
  for (const char* bad : {"a=b", "a b", "+", "+2", "+2b", "a+3", "+-1", "\x7F", "\xC3\xBC", "\t"}) {
    EXPECT_EQ(ParseEnvid(bad), DsnError::kBadXtext) << bad;
  }
  // What would break the header of a notification.
  for (const char* bad : {"a+0D+0A", "+0A", "+00", "+1F", "+7F", "+80", "+C3+BC", "+FF"}) {
    EXPECT_EQ(ParseEnvid(bad), DsnError::kNotPrintable) << bad;
  }
}

// RFC 3461 §10, and what RFC 3461 §4.2 says of types.
TEST(Dsn, ReadsOrcpt) {
  const Orcpt dana = ParseOrcpt("rfc822;Dana@Ivory.EDU");
  ASSERT_TRUE(dana.ok());
  EXPECT_EQ(dana.addr_type, "rfc822");
  EXPECT_EQ(dana.address, "Dana@Ivory.EDU");
  const Orcpt other = ParseOrcpt("x400;+2FG=+3Djohn");
  EXPECT_EQ(other.error, DsnError::kBadXtext);  // "=" has to be encoded
  EXPECT_TRUE(ParseOrcpt("x400;/G+3Djohn/S+3Ddoe/").ok());
  EXPECT_TRUE(ParseOrcpt("X-local;a;b").ok());  // a second semicolon is xtext
  EXPECT_TRUE(ParseOrcpt("utf-8;\\x{7E66}@example.com").ok());
  EXPECT_EQ(ParseOrcpt("").error, DsnError::kEmpty);
  EXPECT_EQ(ParseOrcpt("rfc822;").error, DsnError::kEmpty);
  for (const char* bad : {"rfc822", ";a@b.c", "rfc 822;a", "rfc.822;a", "a=b;c", "\"a\";b", "a,b;c",
                          "<a>;b", "rfc822:a@b.c", "r\xC3\xBC;a"}) {
    EXPECT_EQ(ParseOrcpt(bad).error, DsnError::kBadAddrType) << bad;
  }
  EXPECT_EQ(ParseOrcpt("rfc822;a@b.c+0D+0AX").error, DsnError::kNotPrintable);
  EXPECT_EQ(ParseOrcpt("rfc822;a b").error, DsnError::kBadXtext);
  EXPECT_TRUE(ParseOrcpt("rfc822;" + std::string(493, 'x')).ok());
  EXPECT_EQ(ParseOrcpt("rfc822;" + std::string(494, 'x')).error, DsnError::kTooLong);
}

// As Postfix 3.7 gives an original recipient of SMTPUTF8.
TEST(Dsn, OrcptOfUtf8WhereItMayBe) {
  const std::string user = "rfc822;+E7+94+A8+E6+88+B7@b+C3+BCcher.example";
  EXPECT_EQ(ParseOrcpt(user).error, DsnError::kNotPrintable);
  const Orcpt taken = ParseOrcpt(user, true);
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(taken.addr_type, "rfc822");
  char decoded[64];
  size_t length = 0;
  ASSERT_EQ(DecodeXtext(taken.address, decoded, sizeof(decoded), &length), XtextError::kNone);
  EXPECT_EQ(std::string_view(decoded, length),
            "\xE7\x94\xA8\xE6\x88\xB7@b\xC3\xBC"
            "cher.example");
  for (const char* bad : {"+C3", "+C3a", "+BC+C3", "+C0+80", "+ED+A0+80", "+F4+90+80+80", "+FF",
                          "+C3+BC+0A", "+C3+BC+7F", "+00+C3+BC"}) {
    EXPECT_EQ(ParseOrcpt(std::string("t;") + bad, true).error, DsnError::kNotPrintable) << bad;
  }
  // ENVID is none of an address.
  EXPECT_EQ(ParseEnvid("+C3+BC"), DsnError::kNotPrintable);
  std::string longest = "rfc822;+C3+BC" + std::string(487, 'x');
  EXPECT_TRUE(ParseOrcpt(longest, true).ok());
  EXPECT_EQ(ParseOrcpt(longest + "x", true).error, DsnError::kTooLong);
  EXPECT_EQ(ParseOrcpt("rfc822;+C3" + std::string(600, 'x'), true).error, DsnError::kTooLong);
}

// RFC 6533 §3: utf-8-addr-unitext.
TEST(Dsn, OrcptOfUtf8AsItIsWithItsTypeAlone) {
  const std::string user = "utf-8;\xE7\x94\xA8+2B@b\xC3\xBC\\x{FC}cher.example";
  EXPECT_EQ(ParseOrcpt(user).error, DsnError::kBadXtext);
  const Orcpt taken = ParseOrcpt(user, true);
  ASSERT_TRUE(taken.ok());
  char decoded[64];
  size_t length = 0;
  EXPECT_EQ(DecodeXtext(taken.address, decoded, sizeof(decoded), &length), XtextError::kBadOctet);
  ASSERT_EQ(DecodeXtext(taken.address, decoded, sizeof(decoded), &length, true), XtextError::kNone);
  EXPECT_EQ(std::string_view(decoded, length), "\xE7\x94\xA8+@b\xC3\xBC\\x{FC}cher.example");
  EXPECT_TRUE(ParseOrcpt("UTF-8;\xC3\xBC", true).ok());
  EXPECT_EQ(ParseOrcpt("rfc822;\xC3\xBC", true).error, DsnError::kBadXtext);
  EXPECT_EQ(ParseOrcpt("utf-8;\xC3", true).error, DsnError::kNotPrintable);
  EXPECT_EQ(ParseOrcpt("utf-8;\xC3+BC\xFF", true).error, DsnError::kNotPrintable);
  EXPECT_EQ(ParseOrcpt("utf-8;\xC3\xBC=", true).error, DsnError::kBadXtext);
  EXPECT_EQ(ParseOrcpt("utf-\xC3\xBC;a", true).error, DsnError::kBadAddrType);
}

// Every text of one to three pieces out of an alphabet that has all kinds: what is taken is what
// DecodeXtext takes and is printable.
TEST(Dsn, WhatIsTakenDecodesToPrintableText) {
  const std::string pieces[] = {"a",   "+41", "+20", "+09", "+0A", "+7E",
                                "+7F", "+",   "=",   " ",   "+4a"};
  const auto expect = [](const std::string& text) {
    std::vector<char> out(text.size());
    size_t length = 0;
    bool good = DecodeXtext(text, out.data(), out.size(), &length) == XtextError::kNone;
    for (size_t i = 0; good && i < length; ++i) {
      const auto octet = static_cast<unsigned char>(out[i]);
      good = octet == '\t' || (octet >= 32 && octet <= 126);
    }
    EXPECT_EQ(ParseEnvid(text) == DsnError::kNone, good) << text;
    EXPECT_EQ(ParseOrcpt("t;" + text).ok(), good) << text;
  };
  for (const std::string& a : pieces) {
    expect(a);
    for (const std::string& b : pieces) {
      const std::string both = a + b;
      expect(both);
      for (const std::string& c : pieces) expect(both + c);
    }
  }
}

}  // namespace
}  // namespace postern::syntax
