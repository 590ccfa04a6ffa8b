// SPDX-License-Identifier: Apache-2.0
//
// The line splitter, by contract F1-F6, R3 and B1, against a reference that goes octet by octet.

#include "engine/wire/line_splitter.h"

#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "engine/wire/wire_test_util.h"
#include "gtest/gtest.h"

namespace postern::wire {
namespace {

using std::string_literals::operator""s;

struct Seen {
  LineStatus status;
  std::string text;
  uint64_t length = 0;
  int flags = 0;
  size_t at = 0;  // octets of the input consumed by then

  bool operator==(const Seen& o) const {
    return status == o.status && text == o.text && length == o.length && flags == o.flags &&
           at == o.at;
  }
};

std::ostream& operator<<(std::ostream& out, const Seen& s) {
  return out << "{status " << int{static_cast<uint8_t>(s.status)} << ", " << Visible(s.text)
             << ", length " << s.length << ", flags " << s.flags << ", at " << s.at << "}";
}

using Report = std::vector<Seen>;

int FlagsOf(const std::string& text) {
  int flags = 0;
  for (const char c : text) {
    const auto octet = static_cast<uint8_t>(c);
    if (octet == 0) flags |= kHasNul;
    if (octet == '\r') flags |= kHasBareCr;
    if (octet >= 0x80) flags |= kHasEightBit;
    if (octet == 0x7F || (octet != 0 && octet < 0x20 && octet != '\r' && octet != '\t')) {
      flags |= kHasControl;
    }
  }
  return flags;
}

// The contract read aloud.
Report Reference(const std::string& input, size_t capacity, uint64_t max_total) {
  Report report;
  std::string line;  // all of the current line
  bool reported = false;
  bool over = false;
  for (size_t i = 0; i < input.size(); ++i) {
    const bool after_cr = !line.empty() && line.back() == '\r';
    line += input[i];
    const bool ends = input[i] == '\n' && after_cr;
    if (line.size() > max_total) {
      if (!over) report.push_back({LineStatus::kOverTotal, "", 0, 0, i + 1});
      over = reported = true;
    } else if (!reported && input[i] == '\n') {
      const std::string text = line.substr(0, line.size() - (ends ? 2 : 1));
      report.push_back({ends ? LineStatus::kLine : LineStatus::kBareLf, text.substr(0, capacity),
                        line.size(), FlagsOf(text), i + 1});
      reported = !ends;
    }
    if (ends) {
      line.clear();
      reported = over = false;
    }
  }
  return report;
}

Report Split(LineSplitter* splitter, const std::string& input, const std::vector<size_t>& cuts) {
  const Pieces pieces(input, cuts);
  Report report;
  size_t at = 0;
  for (std::string_view piece : pieces.views()) {
    for (;;) {
      size_t consumed = 0;
      Line line;
      const LineStatus status = splitter->Next(piece, &consumed, &line);
      EXPECT_LE(consumed, piece.size());
      EXPECT_LE(splitter->memory_octets(), splitter->capacity());
      at += consumed;
      piece.remove_prefix(consumed);
      if (status == LineStatus::kNeedMore) {
        EXPECT_TRUE(piece.empty());
        break;
      }
      if (status == LineStatus::kNoMemory || consumed == 0) {
        ADD_FAILURE() << "no progress on " << Visible(input);
        return report;
      }
      report.push_back({status, std::string(line.text), line.length, line.flags, at});
    }
  }
  return report;
}

Report SplitFresh(const std::string& input, const std::vector<size_t>& cuts, size_t capacity,
                  uint64_t max_total) {
  CountingMemory heap;
  Report report;
  {
    LineSplitter splitter(heap.memory(), capacity, max_total);
    report = Split(&splitter, input, cuts);
    EXPECT_EQ(heap.outstanding(), splitter.memory_octets());
  }
  EXPECT_EQ(heap.outstanding(), 0u);
  return report;
}

void ExpectLikeReference(const std::string& input, const std::vector<size_t>& cuts, size_t capacity,
                         uint64_t max_total) {
  ASSERT_EQ(SplitFresh(input, cuts, capacity, max_total), Reference(input, capacity, max_total))
      << Visible(input) << " cut at " << testing::PrintToString(cuts) << ", capacity " << capacity
      << ", total " << max_total;
}

void ExpectSplit(const std::string& input, const Report& expected) {
  ForEachCut(input, [&](const std::vector<size_t>& cuts) {
    ASSERT_EQ(SplitFresh(input, cuts, 2048, 1 << 20), expected)
        << Visible(input) << " cut at " << testing::PrintToString(cuts);
  });
}

TEST(LineSplitterTest, OnlyCrLfEndsALine) {  // F1
  ExpectSplit("NOOP\r\nQUIT\r\nrest",
              {{LineStatus::kLine, "NOOP", 6, 0, 6}, {LineStatus::kLine, "QUIT", 6, 0, 12}});
}

TEST(LineSplitterTest, ReportsABareLfAtOnceAndDiscardsThroughTheNextCrLf) {  // F2
  ExpectSplit("NOOP\nQUIT\n\r\r\nRSET\r\n",
              {{LineStatus::kBareLf, "NOOP", 5, 0, 5}, {LineStatus::kLine, "RSET", 6, 0, 19}});
}

TEST(LineSplitterTest, FlagsABareCrWhenTheLineEnds) {  // F3
  ExpectSplit("NO\rOP\r\r\n", {{LineStatus::kLine, "NO\rOP\r", 8, kHasBareCr, 8}});
}

TEST(LineSplitterTest, FlagsANulWhenTheLineEnds) {  // F3
  ExpectSplit("NO\0OP\r\n"s, {{LineStatus::kLine, "NO\0OP"s, 7, kHasNul, 7}});
}

TEST(LineSplitterTest, FlagsControlAndEightBitOctetsButNotTab) {  // F6
  ExpectSplit("\t\r\n\x01\r\n\x7F\r\n\xC3\xA4\r\n",
              {{LineStatus::kLine, "\t", 3, 0, 3},
               {LineStatus::kLine, "\x01", 3, kHasControl, 6},
               {LineStatus::kLine, "\x7F", 3, kHasControl, 9},
               {LineStatus::kLine, "\xC3\xA4", 4, kHasEightBit, 13}});
}

TEST(LineSplitterTest, EmptyLinesAreLines) {
  ExpectSplit("\r\n\r\n", {{LineStatus::kLine, "", 2, 0, 2}, {LineStatus::kLine, "", 2, 0, 4}});
}

TEST(LineSplitterTest, CountsWhatALongLineHoldsBeyondItsCapacity) {  // F4, F5
  const std::string input = std::string(5000, 'a') + "\x01\r\nQUIT\r\n";
  const Report expected = {{LineStatus::kLine, std::string(100, 'a'), 5003, kHasControl, 5003},
                           {LineStatus::kLine, "QUIT", 6, 0, 5009}};
  EXPECT_EQ(SplitFresh(input, {}, 100, 1 << 20), expected);
  EXPECT_EQ(SplitFresh(input, {50, 99, 100, 101, 102, 3000, 5001, 5002}, 100, 1 << 20), expected);
}

TEST(LineSplitterTest, ReportsOnceThatALinePassesItsTotal) {  // F5
  const std::string input = std::string(40, 'a') + "\r\nQUIT\r\n";
  const Report expected = {{LineStatus::kOverTotal, "", 0, 0, 21},
                           {LineStatus::kLine, "QUIT", 6, 0, 48}};
  ForEachCut(input, [&](const std::vector<size_t>& cuts) {
    EXPECT_EQ(SplitFresh(input, cuts, 10, 20), expected);
  });
}

TEST(LineSplitterTest, ALineOfExactlyItsTotalIsALine) {  // F5
  EXPECT_EQ(SplitFresh("abcdef\r\n", {}, 10, 8), (Report{{LineStatus::kLine, "abcdef", 8, 0, 8}}));
  EXPECT_EQ(SplitFresh("abcdef\r\n", {}, 10, 7), (Report{{LineStatus::kOverTotal, "", 0, 0, 8}}));
}

TEST(LineSplitterTest, ADiscardedLineCanPassItsTotal) {  // F2, F5
  const std::string input = "a\n" + std::string(40, 'b') + "\r\nQUIT\r\n";
  const Report expected = {{LineStatus::kBareLf, "a", 2, 0, 2},
                           {LineStatus::kOverTotal, "", 0, 0, 21},
                           {LineStatus::kLine, "QUIT", 6, 0, 50}};
  ForEachCut(input, [&](const std::vector<size_t>& cuts) {
    EXPECT_EQ(SplitFresh(input, cuts, 10, 20), expected);
  });
}

TEST(LineSplitterTest, BorrowsAWholeLineWithoutAllocating) {  // B1
  CountingMemory heap;
  LineSplitter splitter(heap.memory());
  const std::string input = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
  size_t consumed = 0;
  Line line;
  ASSERT_EQ(splitter.Next(input, &consumed, &line), LineStatus::kLine);
  EXPECT_EQ(line.text.data(), input.data());
  ASSERT_EQ(splitter.Next(std::string_view(input).substr(consumed), &consumed, &line),
            LineStatus::kLine);
  EXPECT_EQ(line.text.data(), input.data() + 25);
  EXPECT_EQ(heap.allocations(), 0u);
}

TEST(LineSplitterTest, TheStoreGrowsByDoublingUpToTheCapacity) {  // B1
  CountingMemory heap;
  LineSplitter splitter(heap.memory(), 300);
  size_t consumed = 0;
  Line line;
  std::vector<size_t> sizes;
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(splitter.Next("a", &consumed, &line), LineStatus::kNeedMore);
    if (sizes.empty() || sizes.back() != splitter.memory_octets()) {
      sizes.push_back(splitter.memory_octets());
    }
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{128, 256, 300}));
}

TEST(LineSplitterTest, ReleaseStoreKeepsAPartOfALine) {
  CountingMemory heap;
  LineSplitter splitter(heap.memory());
  size_t consumed = 0;
  Line line;
  ASSERT_EQ(splitter.Next("NO", &consumed, &line), LineStatus::kNeedMore);
  EXPECT_FALSE(splitter.AtLineStart());
  splitter.ReleaseStore();
  ASSERT_EQ(splitter.Next("OP\r\n", &consumed, &line), LineStatus::kLine);
  EXPECT_EQ(line.text, "NOOP");
  EXPECT_TRUE(splitter.AtLineStart());
  EXPECT_NE(heap.outstanding(), 0u);
  splitter.ReleaseStore();
  EXPECT_EQ(heap.outstanding(), 0u);
}

TEST(LineSplitterTest, ResetForgetsAPartOfALineAndADiscardedOne) {  // B4
  for (const char* before : {"EHLO inj", "EHLO\r", "bare\n", "bare\nmore\r"}) {
    LineSplitter splitter(&DefaultMemory());
    Split(&splitter, before, {});
    EXPECT_FALSE(splitter.AtLineStart());
    splitter.Reset();
    EXPECT_TRUE(splitter.AtLineStart());
    EXPECT_EQ(Split(&splitter, "\nQUIT\r\nQUIT\r\n", {}),
              (Report{{LineStatus::kBareLf, "", 1, 0, 1}, {LineStatus::kLine, "QUIT", 6, 0, 13}}))
        << Visible(before);
  }
}

TEST(LineSplitterTest, ARefusedAllocationLosesNothing) {  // B3
  CountingMemory heap;
  LineSplitter splitter(heap.memory());
  size_t consumed = 7;
  Line line;
  heap.RefuseAll(true);
  EXPECT_EQ(splitter.Next("MAI", &consumed, &line), LineStatus::kNoMemory);
  EXPECT_EQ(consumed, 0u);
  heap.RefuseAll(false);
  EXPECT_EQ(splitter.Next("MAI\r", &consumed, &line), LineStatus::kNeedMore);
  heap.RefuseAll(true);
  const std::string rest = std::string(200, 'x') + "\r\n";
  EXPECT_EQ(splitter.Next(rest, &consumed, &line), LineStatus::kNoMemory);
  EXPECT_EQ(consumed, 0u);
  heap.RefuseAll(false);
  ASSERT_EQ(splitter.Next(rest, &consumed, &line), LineStatus::kLine);
  EXPECT_EQ(line.text, "MAI\r" + std::string(200, 'x'));
  EXPECT_EQ(line.length, 206u);
  EXPECT_EQ(line.flags, kHasBareCr);
}

TEST(LineSplitterTest, AgreesWithTheReferenceOnAllShortStringsHoweverCut) {  // R3
  ForEachString("\r\na\0\x80"s, 6, [](const std::string& s) {
    if (testing::Test::HasFatalFailure()) return;
    ForEachCut(s, [&](const std::vector<size_t>& cuts) {
      ExpectLikeReference(s, cuts, 2048, 1 << 20);
      ExpectLikeReference(s, cuts, 2, 4);
    });
  });
}

TEST(LineSplitterTest, AgreesWithTheReferenceForAllSmallLimits) {  // F4, F5, R3
  ForEachString("\r\na", 6, [](const std::string& s) {
    if (testing::Test::HasFatalFailure()) return;
    for (size_t capacity = 0; capacity <= 4; ++capacity) {
      for (uint64_t max_total = 0; max_total <= 6; ++max_total) {
        ForEachCut(s, [&](const std::vector<size_t>& cuts) {
          ExpectLikeReference(s, cuts, capacity, max_total);
        });
      }
    }
  });
}

TEST(LineSplitterTest, AgreesWithTheReferenceAtEveryOffsetOfABlock) {  // R3
  const std::string patterns[] = {"\r\n",          "\n",     "\r",     "\r\r\n",   "\0\r\n"s,
                                  "\x80\r\n",      "\t\r\n", "\r\n\n", "\r\n\r\n", "\n\r\n",
                                  "\x7F\x01\r\r\n"};
  for (const std::string& pattern : patterns) {
    for (size_t before = 0; before <= 140; ++before) {
      for (const size_t after : {0u, 1u, 17u, 40u, 100u}) {
        const std::string s = std::string(before, 'a') + pattern + std::string(after, 'b') + "\r\n";
        ExpectLikeReference(s, {}, 2048, 1 << 20);
        for (size_t cut = before; cut <= before + pattern.size(); ++cut) {
          if (cut != 0 && cut < s.size()) ExpectLikeReference(s, {cut}, 64, 100);
        }
        ASSERT_FALSE(testing::Test::HasFatalFailure());
      }
    }
  }
}

TEST(LineSplitterTest, AgreesWithTheReferenceOnLongRandomInputHoweverCut) {  // R3
  std::mt19937 random(3);
  for (int i = 0; i < 4000; ++i) {
    std::string s;
    const size_t lines = random() % 10;
    for (size_t line = 0; line < lines; ++line) {
      s += RandomOctets(&random, "\r\n\r\0\t\x7F\x80"s, random() % 200, 1 + random() % 300);
      if (random() % 8 != 0) s += "\r\n";
    }
    const size_t capacity = random() % 150;
    const uint64_t max_total = random() % 400;
    ExpectLikeReference(s, {}, capacity, max_total);
    for (int cut = 0; cut < 4; ++cut) {
      ExpectLikeReference(s, RandomCuts(&random, s.size()), capacity, max_total);
    }
    ASSERT_FALSE(testing::Test::HasFatalFailure());
  }
}

// F2, F5: the caller answered the bare LF and must be able to tell that it did.
TEST(LineSplitter, TellsWhetherTheLineOverTheTotalWasReportedBefore) {
  for (const bool bare_lf : {false, true}) {
    LineSplitter splitter(&DefaultMemory(), 64, 100);
    Line line;
    size_t consumed = 0;
    std::string in(bare_lf ? "ab\n" : "abc");
    in.append(200, 'x');
    std::string_view rest = in;
    LineStatus status = splitter.Next(rest, &consumed, &line);
    if (bare_lf) {
      EXPECT_EQ(status, LineStatus::kBareLf);
      rest.remove_prefix(consumed);
      status = splitter.Next(rest, &consumed, &line);
    }
    EXPECT_EQ(status, LineStatus::kOverTotal);
    EXPECT_EQ(splitter.over_total_after_bare_lf(), bare_lf);
  }
}

}  // namespace
}  // namespace postern::wire
