// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/upstream/content.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace postern::upstream {
namespace {

struct Collected {
  std::string octets;
  void Append(std::string_view more) { octets.append(more); }
};

// The slow and obvious reading of RFC 5321 section 4.5.2.
std::string Stuff(const std::string& content) {
  std::string wire;
  bool start = true;
  for (const char c : content) {
    if (start && c == '.') wire += '.';
    wire += c;
    start = c == '\n';
  }
  if (!start) wire += "\r\n";
  return wire;
}

bool HasBareNewline(const std::string& content) {
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n')) return true;
    if (content[i] == '\n' && (i == 0 || content[i - 1] != '\r')) return true;
  }
  return false;
}

// Every content of up to six octets out of those that matter, at every cut into two.
TEST(ContentEncoderTest, AgreesWithTheObviousReading) {
  constexpr char kOctets[] = {'\r', '\n', '.', 'x'};
  for (size_t length = 0; length <= 6; ++length) {
    size_t count = 1;
    for (size_t i = 0; i < length; ++i) count *= 4;
    for (size_t n = 0; n < count; ++n) {
      std::string content;
      for (size_t rest = n, i = 0; i < length; ++i, rest /= 4) content += kOctets[rest % 4];
      const bool bare = HasBareNewline(content);
      for (const bool stuff : {true, false}) {
        for (size_t cut = 0; cut <= length; ++cut) {
          ContentEncoder encoder;
          Collected wire;
          encoder.Start(stuff);
          bool good = encoder.Encode(std::string_view(content).substr(0, cut), &wire) &&
                      encoder.Encode(std::string_view(content).substr(cut), &wire);
          EXPECT_LE(wire.octets.size(), ContentEncoder::Most(length));
          good = good && encoder.Finish(&wire);
          ASSERT_EQ(good, !bare) << ::testing::PrintToString(content);
          if (good) {
            ASSERT_EQ(wire.octets, stuff ? Stuff(content) : content);
          } else {
            // Whatever got out holds none.
            if (!wire.octets.empty() && wire.octets.back() == '\r') FAIL() << "half a CR LF";
            ASSERT_FALSE(HasBareNewline(wire.octets));
          }
        }
      }
    }
  }
}

TEST(ContentEncoderTest, EachOctetAlone) {
  const std::string content = "..\r\n.\r\nx.\r\n\r\n.y\r\n";
  ContentEncoder encoder;
  Collected wire;
  encoder.Start(true);
  for (const char& c : content) ASSERT_TRUE(encoder.Encode({&c, 1}, &wire));
  ASSERT_TRUE(encoder.Finish(&wire));
  EXPECT_EQ(wire.octets, "...\r\n..\r\nx.\r\n\r\n..y\r\n");
}

}  // namespace
}  // namespace postern::upstream
