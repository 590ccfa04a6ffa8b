// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/xtext.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace postern::syntax {
namespace {

XtextError Decode(std::string_view in, std::string* out, size_t capacity = 1000) {
  std::vector<char> buffer(capacity);
  size_t length = 0;
  const XtextError error = DecodeXtext(in, buffer.data(), capacity, &length);
  out->assign(buffer.data(), error == XtextError::kNone ? length : 0);
  return error;
}

TEST(Xtext, DecodesWhatRfc3461Shows) {
  std::string out;
  EXPECT_EQ(Decode("Bob@Big-Bucks.COM", &out), XtextError::kNone);
  EXPECT_EQ(out, "Bob@Big-Bucks.COM");
  EXPECT_EQ(Decode("a+2Bb+3Dc+20+00", &out), XtextError::kNone);
  EXPECT_EQ(out, std::string("a+b=c \0", 7));
  EXPECT_EQ(Decode("", &out), XtextError::kNone);
  EXPECT_EQ(out, "");
}

TEST(Xtext, RejectsWhatIsNeitherXcharNorHexchar) {
  std::string out;
  for (const char* bad : {"a=b", " ", "a b", "\x7F", "\xC3\xBC", "\t", "\n"}) {
    EXPECT_EQ(Decode(bad, &out), XtextError::kBadOctet) << bad;
  }
  for (const char* bad : {"+", "a+", "+3", "+3d", "+3G", "+G3", "++3D", "+-1", "+ 3"}) {
    EXPECT_EQ(Decode(bad, &out), XtextError::kBadHexchar) << bad;
  }
}

TEST(Xtext, EncodesEveryOctetSoThatItComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const size_t expected = EncodedXtextLength(all);
  EXPECT_EQ(expected, 92u + 3 * (256 - 92));  // 92 xchars
  std::vector<char> encoded(expected);
  size_t length = 0;
  ASSERT_TRUE(EncodeXtext(all, encoded.data(), encoded.size(), &length));
  EXPECT_EQ(length, expected);
  std::string back;
  EXPECT_EQ(Decode({encoded.data(), length}, &back), XtextError::kNone);
  EXPECT_EQ(back, all);
  for (size_t capacity = 0; capacity < expected; ++capacity) {
    std::vector<char> small(capacity);
    EXPECT_FALSE(EncodeXtext(all, small.data(), capacity, &length)) << capacity;
  }
}

TEST(Xtext, WritesNoMoreThanTheBufferHolds) {
  std::string out;
  EXPECT_EQ(Decode("abc", &out, 3), XtextError::kNone);
  EXPECT_EQ(Decode("abc", &out, 2), XtextError::kOutputTooBig);
  EXPECT_EQ(Decode("+41+42", &out, 1), XtextError::kOutputTooBig);
  EXPECT_EQ(Decode("a", &out, 0), XtextError::kOutputTooBig);
}

TEST(Xtext, DecodesInPlace) {
  std::string text = "a+3D+2Bb";
  size_t length = 0;
  ASSERT_EQ(DecodeXtext(text, text.data(), text.size(), &length), XtextError::kNone);
  EXPECT_EQ(text.substr(0, length), "a=+b");
}

}  // namespace
}  // namespace postern::syntax
