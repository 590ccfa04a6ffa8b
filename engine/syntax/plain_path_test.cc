// SPDX-License-Identifier: Apache-2.0
//
// The shortcut against the grammar by the letter: whatever it takes is right, with the same parts;
// and it takes what it is for.

#include "engine/syntax/plain_path.h"

#include <cstdint>
#include <string>
#include <vector>

#include "engine/syntax/octet_class.h"
#include "gtest/gtest.h"
#include "hwy/targets.h"

namespace postern::syntax {
namespace {

bool ReferenceDomain(const std::string& in, size_t* at) {
  size_t i = *at;
  for (;;) {
    const size_t begin = i;
    while (i < in.size() && IsOctet(in[i], kLetDigHyphen)) ++i;
    if (i == begin || in[begin] == '-' || in[i - 1] == '-' || i - begin > 63) return false;
    if (i < in.size() && in[i] == '.') {
      ++i;
      continue;
    }
    *at = i;
    return true;
  }
}

// "<" ( Dot-string / Quoted-string ) "@" Domain ">" by the letter of RFC 5321 §4.1.2, an octet at a
// time. `at` is set as soon as the local-part is right.
bool Reference(const std::string& in, PlainPath* path) {
  size_t i = 0;
  if (in.empty() || in[i++] != '<') return false;
  if (i < in.size() && in[i] == '"') {
    ++i;
    while (i < in.size() && IsOctet(in[i], kQtextSmtp)) ++i;
    if (i >= in.size() || in[i++] != '"') return false;
  } else {
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
  }
  if (i >= in.size() || in[i] != '@') return false;
  path->at = static_cast<uint32_t>(i++);
  if (!ReferenceDomain(in, &i)) return false;
  if (i >= in.size() || in[i] != '>') return false;
  path->close = static_cast<uint32_t>(i);
  return true;
}

// Instruction sets without vectors of a known size have a kernel that always says no.
bool g_has_kernels = false;
bool HasKernels() { return g_has_kernels; }

void Compare(const std::string& in) {
  // A copy of the exact size, so that sanitizers see every read outside of it.
  const std::vector<char> exact(in.begin(), in.end());
  PlainPath wanted;
  const bool right = Reference(in, &wanted);
  const PlainPath got = ScanPlainPath({exact.data(), exact.size()});
  if (got.at != 0) {
    ASSERT_EQ(got.at, wanted.at) << in;
  }
  if (got.close != 0) {
    ASSERT_TRUE(right) << in;
    ASSERT_EQ(got.close, wanted.close) << in;
  }
  if (!HasKernels()) return;
  // What it must take: all but the longest and the shortest.
  if (wanted.at != 0 && wanted.at < 63 && in.size() >= 8) {
    ASSERT_EQ(got.at, wanted.at) << in;
  }
  if (right && wanted.at < 63 && wanted.close < 256 && in.size() >= 8) {
    ASSERT_EQ(got.close, wanted.close) << in;
  }
}

void CompareDomain(const std::string& in) {
  const std::vector<char> exact(in.begin(), in.end());
  size_t end = 0;
  const bool right = ReferenceDomain(in, &end) && end == in.size() && in.size() <= 255;
  const bool taken = IsPlainDomain({exact.data(), exact.size()});
  ASSERT_TRUE(right || !taken) << in;
  if (HasKernels() && right && in.size() >= 8) {
    ASSERT_TRUE(taken) << in;
  }
}

class PlainPathTest : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    hwy::GetChosenTarget().Update(GetParam());
    ChoosePlainKernels();
    g_has_kernels = std::string(hwy::TargetName(GetParam())) != "SCALAR";
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    ChoosePlainKernels();
  }
};

TEST_P(PlainPathTest, TakesWhatItIsFor) {
  if (!HasKernels()) return;
  const std::string in = "<alice.b@client.example> SIZE=1000";
  const PlainPath path = ScanPlainPath(in);
  ASSERT_NE(path.close, 0u);
  EXPECT_EQ(in[path.at], '@');
  EXPECT_EQ(in[path.close], '>');
}

TEST_P(PlainPathTest, AgreesOnEveryOctetAtEveryPlace) {
  for (const std::string& seed :
       {std::string("<ab.c-d@ef.g-h.example>"), std::string("<a@b.c> AUTH=x SIZE=1"),
        std::string("<someone.with.a.long.name@some.where.in.a-deep.domain.example>  "),
        std::string("<") + std::string(40, 'x') + "@" + std::string(30, 'y') + "." +
            std::string(20, 'z') + "> BODY=8BITMIME",
        std::string("<\"ab .c-@d\"@ef.g-h.example>"),
        std::string("<\"") + std::string(45, ' ') + "\"@" + std::string(63, 'y') + "." +
            std::string(63, 'z') + ".x-y>"}) {
    Compare(seed);
    // The "<" is the caller's to see to.
    for (size_t at = 1; at < seed.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = seed;
        changed[at] = static_cast<char>(octet);
        Compare(changed);
      }
    }
  }
}

// Each part across the sizes of vectors and windows.
TEST_P(PlainPathTest, AgreesOnEveryLengthOfEachPart) {
  for (size_t local = 0; local <= 70; ++local) {
    for (size_t domain = 0; domain <= 140; ++domain) {
      std::string labels(domain, 'b');
      // One label of 63 octets, and what is left.
      if (domain > 63) labels[63] = '.';
      for (const char* tail : {">", "> SIZE=1", "", " "}) {
        Compare("<" + std::string(local, 'a') + "@" + labels + tail);
        Compare("<\"" + std::string(local, 'a') + "\"@" + labels + tail);
        // One octet too long.
        if (domain > 64)
          Compare("<" + std::string(local, 'a') + "@" + std::string(domain, 'b') + tail);
      }
    }
  }
}

TEST_P(PlainPathTest, AgreesOnEveryPlaceOfADotOrHyphenInALongDomain) {
  for (size_t size : {61u, 62u, 63u, 64u, 65u, 66u, 100u, 127u, 128u, 129u, 130u, 192u, 193u}) {
    std::string in(size, 'x');
    for (size_t i = 31; i < size; i += 32) in[i] = '.';
    CompareDomain(in);
    Compare("<a@" + in + ">");
    Compare("<some.one@" + in + "> SIZE=1");
    for (size_t i = 0; i < size; ++i) {
      for (const char octet : {'.', '-', '_', '@', '>', '\0', '\x80'}) {
        std::string changed = in;
        changed[i] = octet;
        CompareDomain(changed);
        Compare("<a@" + changed + ">");
        Compare("<some.one@" + changed + "> SIZE=1");
      }
    }
  }
}

TEST_P(PlainPathTest, AgreesOnTheLimits) {
  for (size_t size = 240; size <= 270; ++size) {
    std::string domain(size, 'x');
    for (size_t i = 50; i < size; i += 51) domain[i] = '.';
    if (domain.back() == '.') domain.back() = 'x';
    CompareDomain(domain);
    Compare("<a@" + domain + ">");
    Compare("<ab@" + domain + "> BODY=7BIT");
  }
}

TEST_P(PlainPathTest, AgreesOnDomainsOfEveryLength) {
  for (size_t size = 0; size <= 70; ++size) {
    const std::string in(size, 'x');
    CompareDomain(in);
    for (size_t i = 0; i < size; ++i) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = in;
        changed[i] = static_cast<char>(octet);
        CompareDomain(changed);
      }
    }
  }
}

TEST_P(PlainPathTest, AgreesOnShortStringsOverTheCriticalOctets) {
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
    Compare("<\"" + in + "y@some.example>");
    CompareDomain("some." + in + ".example");
    CompareDomain("so" + in);
  }
}

std::vector<int64_t> Targets() { return hwy::SupportedAndGeneratedTargets(); }

INSTANTIATE_TEST_SUITE_P(EveryTarget, PlainPathTest, testing::ValuesIn(Targets()),
                         [](const testing::TestParamInfo<int64_t>& target) {
                           return std::string(hwy::TargetName(target.param));
                         });

}  // namespace
}  // namespace postern::syntax
