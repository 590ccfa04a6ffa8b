// SPDX-License-Identifier: Apache-2.0
//
// The BDAT decoder, by contract D2-D5 and R3, against a reference that works on whole messages.

#include "engine/wire/bdat_decoder.h"

#include <algorithm>
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
  int faults = 0;

  bool operator==(const Result& o) const { return content == o.content && faults == o.faults; }
};

std::ostream& operator<<(std::ostream& out, const Result& r) {
  return out << "{" << Visible(r.content) << ", faults " << r.faults << "}";
}

// What must have been delivered after all octets of all chunks; `ended` if the last was LAST.
Result Reference(const std::string& message, bool ended, BdatContent content, BareNewline policy) {
  Result r;
  if (content == BdatContent::kBinary) {
    r.content = message;
    return r;
  }
  for (size_t i = 0; i < message.size(); ++i) {
    if (message.substr(i, 2) == "\r\n") {
      r.content += "\r\n";
      ++i;
      continue;
    }
    const char c = message[i];
    if (c != '\r' && c != '\n') {
      r.content += c;
      continue;
    }
    // A CR that is the last octet so far may yet become half of a CR LF.
    if (c == '\r' && i + 1 == message.size() && !ended) break;
    r.faults |= c == '\r' ? kBareCr : kBareLf;
    if (policy == BareNewline::kReject) break;
    r.content += "\r\n";
  }
  return r;
}

// `message` in chunks of `sizes`, the last of them LAST if `ended`, in reads cut at `cuts` of the
// octets of all chunks: a read may hold the end of one chunk and the next whole.
Result Decode(const std::string& message, const std::vector<size_t>& sizes, bool ended,
              const std::vector<size_t>& cuts, BdatContent content, BareNewline policy) {
  const Pieces pieces(message, cuts);
  BdatDecoder decoder(policy);
  decoder.Start(content);
  Result r;
  // A million of these a run: gtest's own comparisons would take longer than all else.
  const auto expect = [&message](bool holds, const char* what) {
    if (!holds) ADD_FAILURE() << what << " on " << Visible(message);
  };
  size_t chunk = 0;
  size_t consumed_of_chunk = 0;
  decoder.BeginChunk(sizes[0], ended && sizes.size() == 1);
  for (std::string_view piece : pieces.views()) {
    const size_t bound = 2 * piece.size() + 3 * sizes.size() + 2;
    for (size_t calls = 0;; ++calls) {
      if (calls > bound) {
        ADD_FAILURE() << "no progress on " << Visible(message);
        return r;
      }
      size_t consumed = 0;
      std::string_view slice;
      const BdatStatus status = decoder.Next(piece, &consumed, &slice);
      expect(consumed <= piece.size(), "consumed too much");
      piece.remove_prefix(consumed);
      consumed_of_chunk += consumed;
      expect(decoder.chunk_left() == sizes[chunk] - consumed_of_chunk, "chunk_left");
      if (status == BdatStatus::kSlice) {
        expect(!slice.empty(), "empty slice");
        r.content += slice;
        continue;
      }
      expect(slice.empty(), "slice without kSlice");
      if (status == BdatStatus::kNeedMore) {
        expect(piece.empty(), "octets left");
        break;
      }
      expect(consumed_of_chunk == sizes[chunk], "end of the chunk");
      if (++chunk == sizes.size()) break;
      consumed_of_chunk = 0;
      decoder.BeginChunk(sizes[chunk], ended && chunk + 1 == sizes.size());
    }
  }
  expect(chunk == sizes.size(), "chunks");
  r.faults = decoder.faults();
  expect(decoder.content_octets() == r.content.size(), "content_octets");
  expect(decoder.wire_octets() == message.size(), "wire_octets");
  return r;
}

void ExpectLikeReference(const std::string& message, const std::vector<size_t>& sizes,
                         const std::vector<size_t>& cuts) {
  for (const bool ended : {false, true}) {
    for (const BareNewline policy : {BareNewline::kReject, BareNewline::kNormalize}) {
      ASSERT_EQ(Decode(message, sizes, ended, cuts, BdatContent::kLines, policy),
                Reference(message, ended, BdatContent::kLines, policy))
          << Visible(message) << " in chunks of " << testing::PrintToString(sizes) << " cut at "
          << testing::PrintToString(cuts) << " ended " << ended;
    }
  }
  ASSERT_EQ(Decode(message, sizes, true, cuts, BdatContent::kBinary, BareNewline::kReject),
            Reference(message, true, BdatContent::kBinary, BareNewline::kReject));
}

// The sizes of the chunks that end where `mask` has a bit: bit i is behind octet i.
std::vector<size_t> SizesOf(size_t length, unsigned mask) {
  std::vector<size_t> sizes(1, 0);
  for (size_t i = 0; i < length; ++i) {
    ++sizes.back();
    if (i + 1 < length && (mask >> i & 1) != 0) sizes.push_back(0);
  }
  return sizes;
}

std::vector<size_t> RandomSizes(std::mt19937* random, size_t length) {
  std::vector<size_t> sizes;
  for (size_t left = length; left != 0;) {
    size_t size = (*random)() % 4 == 0 ? (*random)() % 3 : (*random)() % 80;
    size = std::min(size, left);
    sizes.push_back(size);
    left -= size;
  }
  if (sizes.empty() || (*random)() % 3 == 0) sizes.push_back(0);  // BDAT 0 LAST
  return sizes;
}

TEST(BdatDecoderTest, HandsOnDotsAsTheyAre) {  // D2, RFC 3030 §4.1
  const std::string message = "..a\r\n.\r\n.b\r\n";
  EXPECT_EQ(Decode(message, {message.size()}, true, {}, BdatContent::kLines, BareNewline::kReject),
            (Result{message, 0}));
}

TEST(BdatDecoderTest, CrAndLfOnTheTwoSidesOfABorderAreACrLf) {  // D3
  for (const BareNewline policy : {BareNewline::kReject, BareNewline::kNormalize}) {
    EXPECT_EQ(Decode("a\r\nb", {2, 2}, true, {2}, BdatContent::kLines, policy),
              (Result{"a\r\nb", 0}));
    EXPECT_EQ(Decode("a\r\nb", {2, 0, 0, 2}, true, {2}, BdatContent::kLines, policy),
              (Result{"a\r\nb", 0}));
  }
}

TEST(BdatDecoderTest, CrAtTheEndOfTheLastChunkIsBare) {  // D3
  for (const std::vector<size_t>& sizes : {std::vector<size_t>{2}, {1, 1}, {2, 0}}) {
    EXPECT_EQ(Decode("a\r", sizes, true, {}, BdatContent::kLines, BareNewline::kReject),
              (Result{"a", kBareCr}));
    EXPECT_EQ(Decode("a\r", sizes, true, {}, BdatContent::kLines, BareNewline::kNormalize),
              (Result{"a\r\n", kBareCr}));
    EXPECT_EQ(Decode("a\r", sizes, false, {}, BdatContent::kLines, BareNewline::kNormalize),
              (Result{"a", 0}));
  }
}

TEST(BdatDecoderTest, RejectDeliversNothingFromTheFirstBareNewlineOn) {  // D3
  EXPECT_EQ(
      Decode("ok\r\nx\ny\r\nz\rw", {6, 6}, true, {}, BdatContent::kLines, BareNewline::kReject),
      (Result{"ok\r\nx", kBareLf}));
}

TEST(BdatDecoderTest, BinaryContentHasNoNewlines) {  // RFC 3030 §3
  const std::string message = "\n\r\0\xFF\r.\n\r"s;
  EXPECT_EQ(Decode(message, {3, 5}, true, {1, 4}, BdatContent::kBinary, BareNewline::kReject),
            (Result{message, 0}));
}

TEST(BdatDecoderTest, AChunkOfNoOctetsEndsAtOnce) {  // RFC 3030 §2: BDAT 0 LAST
  BdatDecoder decoder(BareNewline::kReject);
  decoder.Start(BdatContent::kLines);
  decoder.BeginChunk(0, true);
  size_t consumed = 7;
  std::string_view slice;
  EXPECT_EQ(decoder.Next("RSET\r\n", &consumed, &slice), BdatStatus::kChunkEnd);
  EXPECT_EQ(consumed, 0u);
  EXPECT_EQ(decoder.Next({}, &consumed, &slice), BdatStatus::kChunkEnd);
}

TEST(BdatDecoderTest, WhatFollowsTheChunkIsNotConsumed) {  // D5
  for (const BdatContent content : {BdatContent::kLines, BdatContent::kBinary}) {
    BdatDecoder decoder(BareNewline::kReject);
    decoder.Start(content);
    decoder.BeginChunk(3, false);
    size_t consumed = 0;
    std::string_view slice;
    ASSERT_EQ(decoder.Next("abcQUIT\r\n", &consumed, &slice), BdatStatus::kSlice);
    EXPECT_EQ(slice, "abc");
    EXPECT_EQ(consumed, 3u);
    ASSERT_EQ(decoder.Next("QUIT\r\n", &consumed, &slice), BdatStatus::kChunkEnd);
    EXPECT_EQ(consumed, 0u);
  }
}

TEST(BdatDecoderTest, SkippedOctetsChangeNothingAndAreNotDelivered) {  // D5
  BdatDecoder decoder(BareNewline::kNormalize);
  decoder.Start(BdatContent::kLines);
  decoder.BeginChunk(2, false);
  size_t consumed = 0;
  std::string_view slice;
  ASSERT_EQ(decoder.Next("a\r", &consumed, &slice), BdatStatus::kSlice);
  ASSERT_EQ(decoder.Next({}, &consumed, &slice), BdatStatus::kChunkEnd);
  decoder.SkipChunk(10);
  ASSERT_EQ(decoder.Next("x\ny\r", &consumed, &slice), BdatStatus::kNeedMore);
  EXPECT_EQ(consumed, 4u);
  EXPECT_EQ(decoder.chunk_left(), 6u);
  ASSERT_EQ(decoder.Next("123456NOOP\r\n", &consumed, &slice), BdatStatus::kChunkEnd);
  EXPECT_EQ(consumed, 6u);
  EXPECT_EQ(decoder.faults(), 0);
  EXPECT_EQ(decoder.wire_octets(), 2u);
  decoder.BeginChunk(1, true);
  ASSERT_EQ(decoder.Next("\n", &consumed, &slice), BdatStatus::kSlice);
  EXPECT_EQ(slice, "\r\n");
  EXPECT_EQ(decoder.content_octets(), 3u);
}

TEST(BdatDecoderTest, CountsToTheLargestChunk) {  // 2^63 - 1
  constexpr uint64_t kLargest = (uint64_t{1} << 63) - 1;
  const std::string octets(1000, 'a');
  for (const bool skip : {false, true}) {
    BdatDecoder decoder(BareNewline::kReject);
    decoder.Start(BdatContent::kBinary);
    if (skip) {
      decoder.SkipChunk(kLargest);
    } else {
      decoder.BeginChunk(kLargest, true);
    }
    size_t consumed = 0;
    std::string_view slice;
    ASSERT_EQ(decoder.Next(octets, &consumed, &slice),
              skip ? BdatStatus::kNeedMore : BdatStatus::kSlice);
    EXPECT_EQ(consumed, octets.size());
    EXPECT_EQ(decoder.chunk_left(), kLargest - octets.size());
  }
}

TEST(BdatDecoderTest, SlicesPointIntoTheInput) {  // D4
  const std::string line = std::string(500, 'a') + "\r\n.";
  const std::string input = line + line + line;
  for (const BdatContent content : {BdatContent::kLines, BdatContent::kBinary}) {
    BdatDecoder decoder(BareNewline::kReject);
    decoder.Start(content);
    decoder.BeginChunk(input.size(), true);
    size_t consumed = 0;
    std::string_view slice;
    ASSERT_EQ(decoder.Next(input, &consumed, &slice), BdatStatus::kSlice);
    EXPECT_EQ(slice.data(), input.data());
    EXPECT_EQ(slice.size(), input.size());
    EXPECT_EQ(consumed, input.size());
  }
}

TEST(BdatDecoderTest, StartForgetsEverything) {
  BdatDecoder decoder(BareNewline::kReject);
  decoder.Start(BdatContent::kLines);
  decoder.BeginChunk(10, false);
  size_t consumed = 0;
  std::string_view slice;
  ASSERT_EQ(decoder.Next("\nabc\r", &consumed, &slice), BdatStatus::kNeedMore);
  EXPECT_EQ(decoder.faults(), kBareLf);
  decoder.Start(BdatContent::kLines);
  EXPECT_EQ(decoder.faults(), 0);
  EXPECT_EQ(decoder.wire_octets(), 0u);
  EXPECT_EQ(decoder.chunk_left(), 0u);
  decoder.BeginChunk(3, true);
  ASSERT_EQ(decoder.Next("x\r\n", &consumed, &slice), BdatStatus::kSlice);
  EXPECT_EQ(slice, "x\r\n");

  decoder.Start(BdatContent::kLines);
  decoder.BeginChunk(1, false);
  ASSERT_EQ(decoder.Next("\r", &consumed, &slice), BdatStatus::kChunkEnd);
  decoder.Start(BdatContent::kLines);
  decoder.BeginChunk(1, true);
  ASSERT_EQ(decoder.Next("\n", &consumed, &slice), BdatStatus::kChunkEnd);
  EXPECT_EQ(decoder.faults(), kBareLf);
}

TEST(BdatDecoderTest, AgreesWithTheReferenceOnAllShortMessagesHoweverChunkedAndCut) {  // R3
  ForEachString("\r\n.a"s, 5, [](const std::string& s) {
    const unsigned borders = s.empty() ? 1 : 1U << (s.size() - 1);
    for (unsigned mask = 0; mask < borders; ++mask) {
      if (testing::Test::HasFatalFailure()) return;
      const std::vector<size_t> sizes = SizesOf(s.size(), mask);
      std::vector<size_t> with_empty_end = sizes;
      with_empty_end.push_back(0);
      ExpectLikeReference(s, with_empty_end, {});
      ForEachCut(s, [&](const std::vector<size_t>& cuts) { ExpectLikeReference(s, sizes, cuts); });
    }
  });
}

TEST(BdatDecoderTest, AgreesWithTheReferenceAtEveryOffsetOfABlock) {  // R3
  const std::string patterns[] = {"\r\n.",   "\r\n..\r\n.", "\r",     "\n",  "\r\r\n",
                                  "\n\r\n.", "\r.",         "\r\n\r", "\n.", "\r\n.\n"};
  for (const std::string& pattern : patterns) {
    for (size_t before = 0; before <= 140; ++before) {
      for (const size_t after : {0u, 17u, 150u}) {
        const std::string s = std::string(before, 'a') + pattern + std::string(after, 'b');
        ExpectLikeReference(s, {s.size()}, {});
        for (size_t cut = before; cut <= before + pattern.size(); ++cut) {
          ExpectLikeReference(s, {cut, s.size() - cut}, {});
          if (cut != 0 && cut < s.size()) ExpectLikeReference(s, {s.size()}, {cut});
        }
        ASSERT_FALSE(testing::Test::HasFatalFailure());
      }
    }
  }
}

TEST(BdatDecoderTest, AgreesWithTheReferenceOnLongRandomContentHoweverChunkedAndCut) {  // R3
  std::mt19937 random(3);
  const std::string sets[] = {"\r\n.a\0"s, "\r\r\n.", ".."s};
  for (int i = 0; i < 3000; ++i) {
    std::string s;
    const unsigned one_in = 1 + random() % 60;
    const size_t lines = random() % 12;
    for (size_t line = 0; line < lines; ++line) {
      s += RandomOctets(&random, sets[random() % 3], random() % 120, one_in * 20);
      s += random() % 3 == 0 ? "\r\n." : "\r\n";
    }
    s += RandomOctets(&random, sets[0], random() % 40, one_in);
    for (int cut = 0; cut < 4; ++cut) {
      ExpectLikeReference(s, RandomSizes(&random, s.size()), RandomCuts(&random, s.size()));
    }
    ASSERT_FALSE(testing::Test::HasFatalFailure());
  }
}

// RFC 4468: what BURL brings stands between two chunks.
TEST(BdatDecoderTest, CountsWhatComesFromElsewhere) {
  BdatDecoder decoder(BareNewline::kReject);
  decoder.Start(BdatContent::kLines);
  const auto read = [&decoder](std::string_view chunk, bool last) {
    decoder.BeginChunk(chunk.size(), last);
    BdatStatus status = BdatStatus::kSlice;
    while (status == BdatStatus::kSlice) {
      size_t used = 0;
      std::string_view slice;
      status = decoder.Next(chunk, &used, &slice);
      chunk.remove_prefix(used);
    }
    return status;
  };
  EXPECT_EQ(read("ab\r\n", false), BdatStatus::kChunkEnd);
  EXPECT_FALSE(decoder.holds_cr());
  decoder.CountElsewhere(100);
  EXPECT_EQ(decoder.content_octets(), 104u);
  EXPECT_EQ(decoder.wire_octets(), 104u);
  EXPECT_EQ(read("c\r", false), BdatStatus::kChunkEnd);
  EXPECT_TRUE(decoder.holds_cr());
  EXPECT_EQ(read("\n", true), BdatStatus::kChunkEnd);
  EXPECT_FALSE(decoder.holds_cr());
  EXPECT_EQ(decoder.content_octets(), 107u);
  EXPECT_EQ(decoder.faults(), 0u);
}

}  // namespace
}  // namespace postern::wire
