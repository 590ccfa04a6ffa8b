// SPDX-License-Identifier: Apache-2.0
//
// The SIMD kernels against loops over octets, on every instruction set this machine has.

#include "engine/wire/scan.h"

#include <random>
#include <string>

#include "engine/wire/line_flag.h"
#include "engine/wire/wire_test_util.h"
#include "gtest/gtest.h"
#include "hwy/targets.h"

namespace postern::wire {
namespace {

LineScan SlowScanLine(const std::string& s) {
  LineScan scan = {s.size(), 0};
  const size_t lf = s.find('\n');
  if (lf != std::string::npos) scan.position = lf;
  for (size_t i = 0; i < scan.position; ++i) {
    const auto octet = static_cast<uint8_t>(s[i]);
    if (octet == '\r') {
      if (i + 1 < s.size() && s[i + 1] != '\n') scan.flags |= kHasBareCr;
    } else if (octet == 0) {
      scan.flags |= kHasNul;
    } else if (octet >= 0x80) {
      scan.flags |= kHasEightBit;
    } else if (octet == 0x7F || (octet < 0x20 && octet != '\t')) {
      scan.flags |= kHasControl;
    }
  }
  return scan;
}

// These two take s[0] for p[-1].
size_t SlowFindCrLf(const std::string& s) {
  for (size_t i = 1; i < s.size(); ++i) {
    if (s[i - 1] == '\r' && s[i] == '\n') return i - 1;
  }
  return s.size() - 1;
}

size_t SlowFindContentEvent(const std::string& s) {
  for (size_t i = 1; i < s.size(); ++i) {
    if (s[i - 1] == '\r' && s[i] != '\n') return i - 1;
    if (s[i - 1] != '\r' && s[i] == '\n') return i - 1;
    if (s[i - 1] == '\n' && s[i] == '.') return i - 1;
  }
  return s.size() - 1;
}

// This one takes s[0] for p[-2].
size_t SlowFindDotLine(const std::string& s) {
  const size_t at = s.find("\r\n.");
  return at == std::string::npos ? s.size() - 2 : at;
}

class ScanTest : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    hwy::GetChosenTarget().Update(GetParam());
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }

  static void Compare(const std::string& octets) {
    const Pieces exact(octets, {});
    const std::string_view s = exact.views()[0];
    const ScanKernels& kernels = ChooseScanKernels();
    const LineScan scan = kernels.scan_line(s.data(), s.size());
    const LineScan slow = SlowScanLine(octets);
    ASSERT_EQ(scan.position, slow.position) << Visible(octets);
    ASSERT_EQ(scan.flags, slow.flags) << Visible(octets);
    if (s.empty()) return;
    ASSERT_EQ(kernels.find_cr_lf(s.data() + 1, s.size() - 1), SlowFindCrLf(octets))
        << Visible(octets);
    ASSERT_EQ(kernels.find_content_event(s.data() + 1, s.size() - 1), SlowFindContentEvent(octets))
        << Visible(octets);
    if (s.size() < 2) return;
    ASSERT_EQ(kernels.find_dot_line(s.data() + 2, s.size() - 2), SlowFindDotLine(octets))
        << Visible(octets);
  }
};

TEST_P(ScanTest, SortsEveryOctetAtEveryPlaceOfALine) {
  for (const size_t length : {1u, 15u, 16u, 17u, 33u, 65u}) {
    for (size_t at = 0; at < length; ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string s(length, 'a');
        s[at] = static_cast<char>(octet);
        Compare(s);
        Compare(s + "\r\nNEXT LINE, LONGER THAN ONE VECTOR\x01\x80\r\n");
      }
    }
  }
}

TEST_P(ScanTest, AgreesWithLoopsOnShortStringsAtEveryOffset) {
  for (const size_t before : {0u, 14u, 15u, 30u, 31u, 127u, 255u}) {
    for (const size_t after : {0u, 14u, 40u}) {
      ForEachString(std::string_view("\r\n.a\0", 5), 4, [&](const std::string& s) {
        Compare(std::string(before, 'a') + s + std::string(after, 'a'));
      });
    }
  }
}

TEST_P(ScanTest, AgreesWithLoopsOnRandomOctets) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    const unsigned one_in = 1 + random() % 200;
    Compare(RandomOctets(&random, std::string_view("\r\n\r\n..\0\t\x7F\x80", 10), random() % 700,
                         one_in));
  }
}

std::vector<int64_t> Targets() { return hwy::SupportedAndGeneratedTargets(); }

INSTANTIATE_TEST_SUITE_P(EveryTarget, ScanTest, testing::ValuesIn(Targets()),
                         [](const testing::TestParamInfo<int64_t>& target) {
                           return std::string(hwy::TargetName(target.param));
                         });

}  // namespace
}  // namespace postern::wire
