// SPDX-License-Identifier: Apache-2.0
//
// Every transcript as a test case: run whole against its golden lines and wanted codes, then octet
// by octet, cut at every position, with its writes joined, with output taken late, and line by line
// (contract R1 to R5, D4, B1). Run against the engine itself, or, with POSTERN_PLUGIN set to the
// path of libpostern.so, through the C ABI.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/replies/reply_grammar.h"
#include "tests/transcripts/reply_oracle.h"
#include "tests/transcripts/runner.h"

namespace postern::transcripts {
namespace {

// B1. Beside the session itself: one line, one long reply, one PROXY header.
constexpr size_t kMemoryCeiling = 16 * 1024;
// A line of 12288 octets and what is decoded of it (RFC 4954 §4).
constexpr size_t kAuthMemoryCeiling = 32 * 1024;

const std::vector<Transcript>& All() {
  static const auto* const all = [] {
    auto* transcripts = new std::vector<Transcript>();
    std::string error;
    if (!LoadTranscripts("tests/transcripts", transcripts, &error)) {
      ADD_FAILURE() << error;
      transcripts->clear();
    }
    return transcripts;
  }();
  return *all;
}

std::unique_ptr<DriverFactory> MakeFactory(const Transcript& transcript, std::string* error) {
  const char* const plugin = std::getenv("POSTERN_PLUGIN");
  return plugin != nullptr ? MakePluginDriverFactory(plugin, transcript, error)
                           : MakeSessionDriverFactory(transcript, error);
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

class TranscriptTest : public testing::TestWithParam<size_t> {
 protected:
  // Whether this way of running gives what the whole run gave.
  bool Same(DriverFactory* factory, const Way& way, const char* name) {
    const Result result = RunTranscript(factory, *transcript_, way, &whole_.answers);
    EXPECT_EQ(result.output, whole_.output) << name;
    EXPECT_EQ(Lines(result.events), Lines(whole_.events)) << name;
    EXPECT_EQ(Lines(result.problems), "") << name;
    EXPECT_LE(result.peak_memory, transcript_->auth ? kAuthMemoryCeiling : kMemoryCeiling) << name;
    return !HasFailure();
  }

  const Transcript* transcript_ = nullptr;
  Result whole_;
};

TEST_P(TranscriptTest, HoldsHoweverItIsCut) {
  transcript_ = &All()[GetParam()];
  const Transcript& transcript = *transcript_;
  std::string error;
  const auto factory = MakeFactory(transcript, &error);
  ASSERT_NE(factory, nullptr) << error;

  whole_ = RunTranscript(factory.get(), transcript, Way(), nullptr);
  EXPECT_EQ(Lines(whole_.problems), "");
  EXPECT_EQ(Lines(CompareWithWanted(transcript, whole_)), "");
  std::vector<std::vector<std::string>> golden;
  for (const Step& step : transcript.steps) golden.push_back(step.golden);
  EXPECT_EQ(PrintTranscript(transcript, GoldenLines(whole_)), PrintTranscript(transcript, golden))
      << "bazel run //tests/transcripts:regenerate writes the new lines";
  std::vector<SeenReply> replies;
  EXPECT_TRUE(ReadReplies(whole_.output, transcript.utf8_replies, &replies, &error)) << error;
  // Two readers of one grammar, written by different hands.
  replies::GrammarOptions grammar;
  grammar.utf8 = transcript.utf8_replies;
  EXPECT_EQ(replies::CheckReplyStream(whole_.output, grammar).error, replies::GrammarError::kNone);
  ASSERT_FALSE(HasFailure());

  Way way;
  way.join = true;
  EXPECT_TRUE(Same(factory.get(), way, "joined"));
  way.lazy_output = true;
  EXPECT_TRUE(Same(factory.get(), way, "joined, with output taken late"));
  way = Way();
  way.by_line = true;
  EXPECT_TRUE(Same(factory.get(), way, "line by line"));
  way = Way();
  way.piece = 1;
  EXPECT_TRUE(Same(factory.get(), way, "octet by octet"));
  way.lazy_output = true;
  EXPECT_TRUE(Same(factory.get(), way, "octet by octet, with output taken late"));
  way = Way();
  for (const size_t cut : CutPositions(transcript)) {
    way.cut = cut;
    ASSERT_TRUE(Same(factory.get(), way, "cut")) << "before octet " << cut;
  }
}

std::string NameOf(const testing::TestParamInfo<size_t>& info) {
  std::string name = All()[info.param].name;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, TranscriptTest, testing::Range<size_t>(0, All().size()), NameOf);

}  // namespace
}  // namespace postern::transcripts
