// SPDX-License-Identifier: Apache-2.0
//
// The DATA decoder, by contract D1-D4 and R3, against a reference that works on whole strings.

#include "engine/wire/data_decoder.h"

#include <random>
#include <string>
#include <vector>

#include "engine/wire/wire_test_util.h"
#include "gtest/gtest.h"

namespace postern::wire {
namespace {

using std::string_literals::operator""s;

struct Result {
  std::string content;
  bool ended = false;
  size_t consumed = 0;  // of the whole input
  int faults = 0;

  bool operator==(const Result& o) const {
    return content == o.content && ended == o.ended && consumed == o.consumed && faults == o.faults;
  }
};

std::ostream& operator<<(std::ostream& out, const Result& r) {
  return out << "{" << Visible(r.content) << ", ended " << r.ended << ", consumed " << r.consumed
             << ", faults " << r.faults << "}";
}

// RFC 5321 §4.5.2 read aloud: cut at CR LF, compare with ".", strip one dot. What the decoder must
// have delivered after all of `input`, its end still to come or not.
Result Reference(const std::string& input, BareNewline policy) {
  Result r;
  bool cut_short = false;
  const auto add = [&](const std::string& line) {
    for (const char c : line) {
      if (c == '\r' || c == '\n') {
        if (!cut_short) r.faults |= c == '\r' ? kBareCr : kBareLf;
        if (policy == BareNewline::kReject) cut_short = true;
        if (!cut_short) r.content += "\r\n";
      } else if (!cut_short) {
        r.content += c;
      }
    }
  };
  size_t begin = 0;
  for (;;) {
    const size_t end = input.find("\r\n", begin);
    if (end == std::string::npos) break;
    std::string line = input.substr(begin, end - begin);
    begin = end + 2;
    if (line == ".") {
      r.ended = true;
      r.consumed = begin;
      return r;
    }
    if (line.substr(0, 1) == ".") line.erase(0, 1);
    add(line);
    if (!cut_short) r.content += "\r\n";
  }
  // The line that is still open. A CR at its end may yet become half of a CR LF.
  std::string line = input.substr(begin);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.substr(0, 1) == ".") line.erase(0, 1);
  add(line);
  r.consumed = input.size();
  return r;
}

Result Decode(const std::string& input, const std::vector<size_t>& cuts, BareNewline policy) {
  const Pieces pieces(input, cuts);
  DataDecoder decoder(policy);
  Result r;
  for (std::string_view piece : pieces.views()) {
    // Every call but the last of a piece consumes an octet or delivers a CR LF that it owes.
    const size_t bound = 2 * piece.size() + 2;
    for (size_t calls = 0;; ++calls) {
      if (calls > bound) {
        ADD_FAILURE() << "no progress on " << Visible(input);
        return r;
      }
      size_t consumed = 0;
      std::string_view slice;
      const DataStatus status = decoder.Next(piece, &consumed, &slice);
      EXPECT_LE(consumed, piece.size());
      r.consumed += consumed;
      piece.remove_prefix(consumed);
      if (status == DataStatus::kSlice) {
        EXPECT_FALSE(slice.empty());
        r.content += slice;
        continue;
      }
      EXPECT_TRUE(slice.empty());
      if (status == DataStatus::kEnd) {
        r.ended = true;
      } else {
        EXPECT_TRUE(piece.empty());
      }
      break;
    }
    if (r.ended) break;
  }
  r.faults = decoder.faults();
  EXPECT_EQ(decoder.content_octets(), r.content.size());
  EXPECT_EQ(decoder.wire_octets(), r.consumed);
  return r;
}

void ExpectLikeReference(const std::string& input, const std::vector<size_t>& cuts) {
  for (const BareNewline policy : {BareNewline::kReject, BareNewline::kNormalize}) {
    ASSERT_EQ(Decode(input, cuts, policy), Reference(input, policy))
        << Visible(input) << " cut at " << testing::PrintToString(cuts);
  }
}

// For every cut of `input`.
void ExpectDecoded(const std::string& input, BareNewline policy, const Result& expected) {
  ForEachCut(input, [&](const std::vector<size_t>& cuts) {
    ASSERT_EQ(Decode(input, cuts, policy), expected)
        << Visible(input) << " cut at " << testing::PrintToString(cuts);
  });
}

TEST(DataDecoderTest, EndsOnlyAtCrLfDotCrLf) {  // D1
  ExpectDecoded("Hi\r\n.\r\nQUIT\r\n", BareNewline::kReject, {"Hi\r\n", true, 7, 0});
}

TEST(DataDecoderTest, EndsAtOnceOnADotLineBecauseDatasOwnCrLfPrecedes) {  // D1
  ExpectDecoded(".\r\n.\r\n", BareNewline::kReject, {"", true, 3, 0});
}

TEST(DataDecoderTest, DoesNotEndOnAnySmugglingSequence) {  // D1, CVE-2023-51764/5/6
  const std::string sequences[] = {
      "a\n.\nb",       "a\n.\r\nb",      "a\r.\rb",         "a\r\n.\nb",     "a\r\n.\rb",
      "a\r.\r\nb",     "a\r\n\0.\r\nb"s, "a\r\n.\0\r\nb"s,  "a\r.\nb",       "a\n.\rb",
      "a\r\n.\r\r\nb", "a\r\r\n.\nb",    "a\r\n\n.\r\r\nb", "a\n\r.\r\n\rb", "a\r\n..\r\nb",
      "a\r\n. \r\nb",  "a\r\n.\n\r\nb",  "a\r\n\r.\r\nb",   "a\r\n\n.\r\nb",
  };
  for (const std::string& sequence : sequences) {
    for (const BareNewline policy : {BareNewline::kReject, BareNewline::kNormalize}) {
      ForEachCut(sequence, [&](const std::vector<size_t>& cuts) {
        EXPECT_FALSE(Decode(sequence, cuts, policy).ended) << Visible(sequence);
      });
    }
  }
}

TEST(DataDecoderTest, RemovesOneDotAtTheStartOfALineAndNoOther) {  // D2
  ExpectDecoded("..a\r\n.b.\r\n...\r\nc.\r\n.\r\n", BareNewline::kReject,
                {".a\r\nb.\r\n..\r\nc.\r\n", true, 22, 0});
}

TEST(DataDecoderTest, HandsOnNulAndEightBitOctets) {  // D2
  const std::string content = "\0\x80\xFF\t\x7F\x01\r\n"s;
  ExpectDecoded(content + ".\r\n", BareNewline::kReject, {content, true, content.size() + 3, 0});
}

TEST(DataDecoderTest, RejectDeliversNothingFromTheFirstBareNewlineOn) {  // D3
  ExpectDecoded("ok\r\nx\ny\r\nz\rw\r\n.\r\n", BareNewline::kReject,
                {"ok\r\nx", true, 17, kBareLf});
}

TEST(DataDecoderTest, NormalizeHandsOnEveryBareNewlineAsCrLf) {  // D3
  ExpectDecoded("x\ny\rz\r\r\n\n\r.\r\n.\r\n", BareNewline::kNormalize,
                {"x\r\ny\r\nz\r\n\r\n\r\n\r\n.\r\n", true, 16, kBareLf | kBareCr});
}

TEST(DataDecoderTest, DotBehindANormalizedNewlineIsNotALineStart) {  // D1, D3
  ExpectDecoded("a\n.b\r.c\r\n.\r\n", BareNewline::kNormalize,
                {"a\r\n.b\r\n.c\r\n", true, 12, kBareLf | kBareCr});
}

TEST(DataDecoderTest, SlicesPointIntoTheInput) {  // D4
  const std::string input = std::string(1000, 'a') + "\r\n" + std::string(1000, 'b') + "\r\n";
  DataDecoder decoder(BareNewline::kReject);
  size_t consumed = 0;
  std::string_view slice;
  ASSERT_EQ(decoder.Next(input, &consumed, &slice), DataStatus::kSlice);
  EXPECT_EQ(slice.data(), input.data());
  EXPECT_EQ(slice.size(), input.size());
  EXPECT_EQ(consumed, input.size());
}

TEST(DataDecoderTest, StaysAtTheEndUntilStarted) {
  DataDecoder decoder(BareNewline::kReject);
  size_t consumed = 0;
  std::string_view slice;
  ASSERT_EQ(decoder.Next(".\r\n", &consumed, &slice), DataStatus::kEnd);
  ASSERT_EQ(decoder.Next("x\r\n", &consumed, &slice), DataStatus::kEnd);
  EXPECT_EQ(consumed, 0u);
  EXPECT_EQ(decoder.wire_octets(), 3u);
  decoder.Start();
  EXPECT_EQ(decoder.wire_octets(), 0u);
  ASSERT_EQ(decoder.Next("x\r\n", &consumed, &slice), DataStatus::kSlice);
  EXPECT_EQ(slice, "x\r\n");
}

TEST(DataDecoderTest, StartForgetsFaultsAndDropping) {
  DataDecoder decoder(BareNewline::kReject);
  size_t consumed = 0;
  std::string_view slice;
  ASSERT_EQ(decoder.Next("\n", &consumed, &slice), DataStatus::kNeedMore);
  EXPECT_EQ(decoder.faults(), kBareLf);
  ASSERT_EQ(decoder.Next("dropped\r\n", &consumed, &slice), DataStatus::kNeedMore);
  decoder.Start();
  EXPECT_EQ(decoder.faults(), 0);
  ASSERT_EQ(decoder.Next("kept\r\n", &consumed, &slice), DataStatus::kSlice);
  EXPECT_EQ(slice, "kept\r\n");
}

TEST(DataDecoderTest, AgreesWithTheReferenceOnAllShortStringsHoweverCut) {  // R3
  ForEachString("\r\n.a\0"s, 7, [](const std::string& s) {
    if (testing::Test::HasFatalFailure()) return;
    ForEachCut(s, [&](const std::vector<size_t>& cuts) { ExpectLikeReference(s, cuts); });
  });
}

TEST(DataDecoderTest, AgreesWithTheReferenceAtEveryOffsetOfABlock) {  // R3
  const std::string patterns[] = {"\r\n.\r\n",   "\r\n..",      "\r\n.a", "\r",  "\n", "\r\r\n",
                                  "\n\r\n.\r\n", "\r\n.\r\r\n", "\r.",    "\n.", ".",  "\r\n.\n"};
  for (const std::string& pattern : patterns) {
    for (size_t before = 0; before <= 200; ++before) {
      for (const size_t after : {0u, 1u, 17u, 40u, 150u}) {
        const std::string s = std::string(before, 'a') + pattern + std::string(after, 'b');
        ExpectLikeReference(s, {});
        for (size_t cut = before; cut <= before + pattern.size(); ++cut) {
          if (cut != 0 && cut < s.size()) ExpectLikeReference(s, {cut});
        }
        ASSERT_FALSE(testing::Test::HasFatalFailure());
      }
    }
  }
}

TEST(DataDecoderTest, AgreesWithTheReferenceOnLongRandomContentHoweverCut) {  // R3
  std::mt19937 random(2);
  const std::string sets[] = {"\r\n.a\0"s, "\r\r\n.", ".."s};
  for (int i = 0; i < 4000; ++i) {
    std::string s;
    const unsigned one_in = 1 + random() % 60;
    const size_t lines = random() % 12;
    for (size_t line = 0; line < lines; ++line) {
      s += RandomOctets(&random, sets[random() % 3], random() % 120, one_in * 20);
      s += random() % 3 == 0 ? "\r\n." : "\r\n";
    }
    s += RandomOctets(&random, sets[0], random() % 40, one_in);
    ExpectLikeReference(s, {});
    for (int cut = 0; cut < 4; ++cut) ExpectLikeReference(s, RandomCuts(&random, s.size()));
    ASSERT_FALSE(testing::Test::HasFatalFailure());
  }
}

}  // namespace
}  // namespace postern::wire
