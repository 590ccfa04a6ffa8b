// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/base64.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::syntax {
namespace {

Base64Error Decode(std::string_view in, std::string* out, size_t capacity = 1000) {
  std::vector<char> buffer(capacity);
  size_t length = 0;
  const Base64Error error = DecodeBase64(in, buffer.data(), capacity, &length);
  out->assign(buffer.data(), error == Base64Error::kNone ? length : 0);
  return error;
}

std::string Encode(std::string_view in) {
  std::vector<char> buffer(EncodedBase64Length(in.size()));
  size_t length = 0;
  EXPECT_TRUE(EncodeBase64(in, buffer.data(), buffer.size(), &length));
  EXPECT_EQ(length, buffer.size());
  return std::string(buffer.data(), length);
}

// RFC 4648 §10.
TEST(Base64, PassesTheVectorsOfTheRfc) {
  const struct {
    const char* text;
    const char* encoded;
  } kVectors[] = {{"", ""},
                  {"f", "Zg=="},
                  {"fo", "Zm8="},
                  {"foo", "Zm9v"},
                  {"foob", "Zm9vYg=="},
                  {"fooba", "Zm9vYmE="},
                  {"foobar", "Zm9vYmFy"}};
  for (const auto& v : kVectors) {
    EXPECT_EQ(Encode(v.text), v.encoded);
    std::string out;
    EXPECT_EQ(Decode(v.encoded, &out), Base64Error::kNone);
    EXPECT_EQ(out, v.text);
  }
}

// RFC 4954 §4.1.
TEST(Base64, DecodesAnInitialResponse) {
  std::string out;
  EXPECT_EQ(Decode("dGVzdAB0ZXN0ADEyMzQ=", &out), Base64Error::kNone);
  EXPECT_EQ(out, std::string("test\0test\0001234", 14));
}

TEST(Base64, RejectsWhatIsNotCanonical) {
  const struct {
    const char* in;
    Base64Error error;
  } kCases[] = {
      {"Z", Base64Error::kBadLength},         {"Zg", Base64Error::kBadLength},
      {"Zg=", Base64Error::kBadLength},       {"Zm9vYg", Base64Error::kBadLength},
      {"=", Base64Error::kBadLength},         {"Zg==\r\n", Base64Error::kBadLength},
      {"Zg= =", Base64Error::kBadLength},     {"====", Base64Error::kBadOctet},
      {"Z===", Base64Error::kBadOctet},       {"Zg=a", Base64Error::kBadOctet},
      {"=Zg=", Base64Error::kBadOctet},       {"Zg==Zg==", Base64Error::kBadOctet},
      {"Zm9v====", Base64Error::kBadOctet},   {"Zm 9", Base64Error::kBadOctet},
      {"Zm-_", Base64Error::kBadOctet},       {"Zm\n9", Base64Error::kBadOctet},
      {"Zm\xC3\xBC", Base64Error::kBadOctet}, {"Zh==", Base64Error::kTrailingBits},
      {"Zm9=", Base64Error::kTrailingBits},   {"//==", Base64Error::kTrailingBits},
  };
  for (const auto& c : kCases) {
    std::string out;
    EXPECT_EQ(Decode(c.in, &out), c.error) << c.in;
  }
}

// One encoding for each octet string: what decodes encodes back to the same, for every last
// quantum.
TEST(Base64, AcceptsExactlyWhatEncodingGives) {
  const std::string_view octets =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ ";
  size_t accepted = 0;
  for (const char a : octets) {
    for (const char b : octets) {
      for (const char c : {'A', 'Q', 'g', 'E', '8', 'B', '=', '-'}) {
        for (const char d : {'A', 'B', '=', ' '}) {
          const std::string in = {a, b, c, d};
          std::string out;
          if (Decode(in, &out) != Base64Error::kNone) continue;
          ++accepted;
          ASSERT_EQ(Encode(out), in);
        }
      }
    }
  }
  // 64*64 pairs with 6 third digits and 2 fourth; before one "=" the five third digits that end in
  // 00; before two "=" the 4 second digits that end in 0000.
  EXPECT_EQ(accepted, 64u * 64 * 6 * 2 + 64 * 64 * 5 + 64 * 4);
}

TEST(Base64, RoundTripsEveryLengthAndOctet) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    std::string out;
    EXPECT_EQ(Decode(Encode(text), &out), Base64Error::kNone);
    ASSERT_EQ(out, text);
    text.push_back(static_cast<char>(i * 37));
  }
}

TEST(Base64, WritesNoMoreThanTheBufferHolds) {
  std::string out;
  EXPECT_EQ(Decode("Zm9v", &out, 3), Base64Error::kNone);
  EXPECT_EQ(Decode("Zm9v", &out, 2), Base64Error::kOutputTooBig);
  EXPECT_EQ(Decode("Zg==", &out, 1), Base64Error::kNone);
  EXPECT_EQ(Decode("Zg==", &out, 0), Base64Error::kOutputTooBig);
  size_t length = 0;
  std::vector<char> buffer(7);
  EXPECT_FALSE(EncodeBase64("foob", buffer.data(), buffer.size(), &length));
}

TEST(Base64, DecodesInPlace) {
  std::string text = "Zm9vYmE=";
  size_t length = 0;
  ASSERT_EQ(DecodeBase64(text, text.data(), text.size(), &length), Base64Error::kNone);
  EXPECT_EQ(text.substr(0, length), "fooba");
}

}  // namespace
}  // namespace postern::syntax
