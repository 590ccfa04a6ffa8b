// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/auth.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace postern::syntax {
namespace {

TEST(AuthArgument, TakesTheExamplesOfTheRfc) {  // RFC 4954 §4.1
  const AuthArgument plain = ParseAuthArgument("PLAIN dGVzdAB0ZXN0ADEyMzQ=");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain.mechanism, "PLAIN");
  EXPECT_TRUE(plain.has_initial_response);
  char out[100];
  size_t length = 0;
  ASSERT_EQ(DecodeInitialResponse(plain.initial_response, out, sizeof(out), &length),
            Base64Error::kNone);
  EXPECT_EQ(std::string(out, length), std::string("test\0test\0001234", 14));

  const AuthArgument alone = ParseAuthArgument("CRAM-MD5");
  ASSERT_TRUE(alone.ok());
  EXPECT_FALSE(alone.has_initial_response);

  const AuthArgument external = ParseAuthArgument("EXTERNAL =");
  ASSERT_TRUE(external.ok());
  EXPECT_TRUE(external.has_initial_response);
  length = 7;
  ASSERT_EQ(DecodeInitialResponse(external.initial_response, out, sizeof(out), &length),
            Base64Error::kNone);
  EXPECT_EQ(length, 0u);
  EXPECT_EQ(ParseAuthArgument("scram-sha-256-plus").mechanism, "scram-sha-256-plus");
}

TEST(AuthArgument, TellsWhatIsWrong) {
  const struct {
    std::string in;
    AuthError error;
    int offset;
  } kCases[] = {
      {"", AuthError::kNoMechanism, 0},
      {" PLAIN", AuthError::kNoMechanism, 0},
      {"PL.AIN", AuthError::kBadMechanism, 2},
      {"=", AuthError::kBadMechanism, 0},
      {"*", AuthError::kBadMechanism, 0},
      {"PLAIN\t", AuthError::kBadMechanism, 5},
      {"PL\xC3\xBC", AuthError::kBadMechanism, 2},
      {"ABCDEFGHIJKLMNOPQRSTU", AuthError::kMechanismTooLong, 20},
      {"PLAIN ", AuthError::kNoResponse, 6},
      {"PLAIN  =", AuthError::kNoResponse, 6},
      {"PLAIN = ", AuthError::kExtraArgument, 7},
      {"PLAIN Zg== Zg==", AuthError::kExtraArgument, 10},
  };
  for (const auto& c : kCases) {
    const AuthArgument argument = ParseAuthArgument(c.in);
    EXPECT_EQ(argument.error, c.error) << c.in;
    EXPECT_EQ(argument.error_offset, c.offset) << c.in;
  }
  EXPECT_TRUE(ParseAuthArgument("ABCDEFGHIJKLMNOPQRST").ok());
  EXPECT_TRUE(ParseAuthArgument("X_1-2").ok());
}

TEST(AuthLine, DecodesWhereItLies) {
  std::string line = "dGVzdAB0ZXN0ADEyMzQ=";
  size_t length = 0;
  ASSERT_EQ(DecodeAuthLine(line, line.data(), line.size(), &length), AuthLine::kResponse);
  EXPECT_EQ(line.substr(0, length), std::string("test\0test\0001234", 14));
  length = 7;
  ASSERT_EQ(DecodeAuthLine("", line.data(), line.size(), &length), AuthLine::kResponse);
  EXPECT_EQ(length, 0u);
}

TEST(AuthLine, CancelIsAStarAlone) {  // RFC 4954 §4
  char out[100];
  size_t length = 0;
  EXPECT_EQ(DecodeAuthLine("*", out, sizeof(out), &length), AuthLine::kCancel);
  for (const char* bad :
       {"**", "* ", " *", "=", "=AAA", "AAA=BBB", "Zg", "Zh==", "RSET\r", "Zg==\r"}) {
    EXPECT_EQ(DecodeAuthLine(bad, out, sizeof(out), &length), AuthLine::kBadBase64) << bad;
  }
  // What looks like a command is a response (RFC 4954 §4): there are none in an exchange.
  EXPECT_EQ(DecodeAuthLine("QUIT", out, sizeof(out), &length), AuthLine::kResponse);
  EXPECT_EQ(DecodeAuthLine("Zm9v", out, 2, &length), AuthLine::kOutputTooBig);
  const std::string longest(kMaxAuthLineOctets - 4, 'A');  // a multiple of four, and CR LF
  std::string room(longest.size(), 'x');
  EXPECT_EQ(DecodeAuthLine(longest, room.data(), room.size(), &length), AuthLine::kResponse);
  EXPECT_EQ(length, longest.size() / 4 * 3);
}

std::string Mailbox(const AuthParameter& p) { return std::string(p.mailbox, p.mailbox_octets); }

TEST(AuthParameter, TakesTheExamplesOfTheRfc) {  // RFC 4954 §5.1
  AuthParameter p;
  ParseAuthParameter("e+3Dmc2@example.com", false, &p);
  ASSERT_TRUE(p.ok());
  EXPECT_FALSE(p.is_null);
  EXPECT_EQ(Mailbox(p), "e=mc2@example.com");
  ParseAuthParameter("<>", false, &p);
  ASSERT_TRUE(p.ok());
  EXPECT_TRUE(p.is_null);
  EXPECT_EQ(p.mailbox_octets, 0u);
  ParseAuthParameter("+3C+3E", false, &p);
  EXPECT_TRUE(p.ok() && p.is_null);
  ParseAuthParameter("+22a+20b+22@[192.0.2.1]", false, &p);
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(Mailbox(p), "\"a b\"@[192.0.2.1]");
}

TEST(AuthParameter, RefusesWhatIsNoMailbox) {
  AuthParameter p;
  const struct {
    const char* in;
    AuthParameterError error;
  } kCases[] = {
      {"", AuthParameterError::kEmpty},
      {"a=b", AuthParameterError::kBadXtext},
      {"a+3db@c", AuthParameterError::kBadXtext},
      {"a", AuthParameterError::kBadMailbox},
      {"<a@example.com>", AuthParameterError::kBadMailbox},
      {"a@example.com+0D+0AX", AuthParameterError::kBadMailbox},
      {"a@example.com+00", AuthParameterError::kBadMailbox},
      {"<", AuthParameterError::kBadMailbox},
      {"<>x", AuthParameterError::kBadMailbox},
      {"postmaster", AuthParameterError::kBadMailbox},
      {"j+C3+BCrgen@example.com", AuthParameterError::kBadMailbox},
  };
  for (const auto& c : kCases) {
    ParseAuthParameter(c.in, false, &p);
    EXPECT_EQ(p.error, c.error) << c.in;
    EXPECT_EQ(p.mailbox_octets, 0u) << c.in;
    EXPECT_FALSE(p.is_null) << c.in;
  }
  ParseAuthParameter("j+C3+BCrgen@example.com", true, &p);
  EXPECT_TRUE(p.ok());
  EXPECT_EQ(Mailbox(p), "j\xC3\xBCrgen@example.com");
  ParseAuthParameter("j+C3rgen@example.com", true, &p);
  EXPECT_EQ(p.error, AuthParameterError::kBadMailbox);
}

TEST(AuthParameter, HasRoomForTheLongestValue) {
  const auto p = std::make_unique<AuthParameter>();
  const std::string domain = std::string(63, 'b') + "." + std::string(63, 'c') + ".example";
  std::string encoded;
  for (int i = 0; i < 64; ++i) encoded += "+61";
  ParseAuthParameter(encoded + "@" + domain, false, p.get());
  ASSERT_TRUE(p->ok());
  EXPECT_EQ(Mailbox(*p), std::string(64, 'a') + "@" + domain);
  ParseAuthParameter(std::string(500, 'a'), false, p.get());
  EXPECT_EQ(p->error, AuthParameterError::kBadMailbox);
  ParseAuthParameter(std::string(501, 'a'), false, p.get());
  EXPECT_EQ(p->error, AuthParameterError::kTooLong);
}

}  // namespace
}  // namespace postern::syntax
