// SPDX-License-Identifier: Apache-2.0
//
// The shortcut against the parser that it cuts short: whatever it takes, ParsePath takes with the
// same parts; and it takes what it is for.

#include "engine/syntax/plain_path.h"

#include <cstdint>
#include <string>
#include <vector>

#include "engine/syntax/octet_class.h"
#include "gtest/gtest.h"

namespace postern::syntax {
namespace {

// "<" Dot-string "@" Domain ">" by the letter of RFC 5321 §4.1.2, an octet at a time.
bool Reference(const std::string& in, PlainPath* path) {
  size_t i = 0;
  if (in.empty() || in[i++] != '<') return false;
  for (;;) {
    const size_t begin = i;
    while (i < in.size() && IsOctet(in[i], kAtext)) ++i;
    if (i == begin) return false;
    if (i < in.size() && in[i] == '.') {
      ++i;
      continue;
    }
    break;
  }
  if (i >= in.size() || in[i] != '@') return false;
  path->at = i++;
  for (;;) {
    const size_t begin = i;
    while (i < in.size() && IsOctet(in[i], kLetDigHyphen)) ++i;
    if (i == begin || in[begin] == '-' || in[i - 1] == '-' || i - begin > 63) return false;
    if (i < in.size() && in[i] == '.') {
      ++i;
      continue;
    }
    break;
  }
  if (i >= in.size() || in[i] != '>') return false;
  path->close = i;
  return true;
}

void Compare(const std::string& in) {
  // A copy of the exact size, so that sanitizers see every read outside of it.
  const std::vector<char> exact(in.begin(), in.end());
  PlainPath wanted;
  PlainPath got;
  const bool right = Reference(in, &wanted);
  const bool taken = ScanPlainPath(exact.data(), exact.size(), &got);
  if (taken) {
    EXPECT_TRUE(right) << in;
    EXPECT_EQ(got.at, wanted.at) << in;
    EXPECT_EQ(got.close, wanted.close) << in;
  } else if (right && in.size() >= 16) {
    EXPECT_TRUE(wanted.at > 63 || wanted.close - wanted.at > 63) << in;
  }
}

TEST(PlainPath, TakesWhatItIsFor) {
  PlainPath path;
  const std::string in = "<alice.b@client.example> SIZE=1000";
  ASSERT_TRUE(ScanPlainPath(in.data(), in.size(), &path));
  EXPECT_EQ(in[path.at], '@');
  EXPECT_EQ(in[path.close], '>');
}

TEST(PlainPath, AgreesOnEveryOctetAtEveryPlace) {
  for (const std::string& seed :
       {std::string("<ab.c-d@ef.g-h.example>"), std::string("<a@b.c> AUTH=x SIZE=1"),
        std::string("<someone.with.a.long.name@some.where.in.a-deep.domain.example>  "),
        std::string("<") + std::string(40, 'x') + "@" + std::string(30, 'y') + "." +
            std::string(20, 'z') + "> BODY=8BITMIME"}) {
    Compare(seed);
    for (size_t at = 0; at < seed.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = seed;
        changed[at] = static_cast<char>(octet);
        Compare(changed);
      }
    }
  }
}

TEST(PlainPath, AgreesOnEveryLengthOfEachPart) {
  for (size_t local = 0; local <= 70; ++local) {
    for (size_t domain = 0; domain <= 70; ++domain) {
      for (const char* tail : {">", "> SIZE=1", "", " "}) {
        Compare("<" + std::string(local, 'a') + "@" + std::string(domain, 'b') + tail);
      }
    }
  }
}

TEST(PlainPath, AgreesOnShortStringsOverTheCriticalOctets) {
  const char kAlphabet[] = {'a', '.', '-', '@', '>', '<'};
  std::string in(6, 'a');
  for (uint32_t number = 0; number < 6 * 6 * 6 * 6 * 6 * 6; ++number) {
    uint32_t rest = number;
    for (char& c : in) {
      c = kAlphabet[rest % 6];
      rest /= 6;
    }
    Compare("<x" + in + "y@some.example>");
    Compare("<someone@x" + in + "y> SIZE=1");
    Compare("<someone.else@" + in + ">");
  }
}

}  // namespace
}  // namespace postern::syntax
