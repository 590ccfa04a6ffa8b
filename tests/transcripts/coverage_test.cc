// SPDX-License-Identifier: Apache-2.0
//
// The transcripts as a set: how many there are, and that each rule of the contract is cited.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/transcripts/transcript.h"

namespace postern::transcripts {
namespace {

constexpr size_t kFewest = 150;

struct RuleList {
  std::set<std::string> all;
  std::map<std::string, std::string> exceptions;  // with the reason
};

RuleList ReadRules() {
  RuleList rules;
  std::ifstream in("tests/transcripts/rules.txt");
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string rule, mark, reason;
    words >> rule >> mark;
    std::getline(words, reason);
    EXPECT_TRUE(rules.all.insert(rule).second) << rule << " is listed twice";
    if (mark == "except") {
      EXPECT_FALSE(reason.empty()) << rule << " wants a reason";
      rules.exceptions[rule] = reason;
    } else {
      EXPECT_EQ(mark, "");
    }
  }
  return rules;
}

class CoverageTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string error;
    ASSERT_TRUE(LoadTranscripts("tests/transcripts", &transcripts_, &error)) << error;
    rules_ = ReadRules();
    ASSERT_FALSE(rules_.all.empty());
  }

  std::vector<Transcript> transcripts_;
  RuleList rules_;
};

TEST_F(CoverageTest, EveryRuleIsCitedOrExceptedWithAReason) {
  std::set<std::string> cited;
  for (const Transcript& transcript : transcripts_) {
    cited.insert(transcript.rules.begin(), transcript.rules.end());
  }
  for (const std::string& rule : rules_.all) {
    EXPECT_NE(cited.count(rule) != 0, rules_.exceptions.count(rule) != 0) << rule;
  }
}

TEST_F(CoverageTest, TranscriptsCiteKnownRulesAndAnRfc) {
  for (const Transcript& transcript : transcripts_) {
    EXPECT_FALSE(transcript.rules.empty()) << transcript.name;
    for (const std::string& rule : transcript.rules) {
      EXPECT_EQ(rules_.all.count(rule), 1u) << transcript.name << " cites " << rule;
    }
    EXPECT_TRUE(transcript.title.find("RFC ") != std::string::npos ||
                transcript.title.find("proxy-protocol.txt") != std::string::npos ||
                // What Postfix publishes.
                transcript.title.find("XCLIENT_README") != std::string::npos ||
                transcript.title.find("XFORWARD_README") != std::string::npos)
        << transcript.name;
  }
}

TEST_F(CoverageTest, ThereAreEnoughOfThemAndNoTwoAreTitledAlike) {
  EXPECT_GE(transcripts_.size(), kFewest);
  std::set<std::string> titles;
  for (const Transcript& transcript : transcripts_) {
    EXPECT_TRUE(titles.insert(transcript.title).second) << transcript.title;
  }
}

// A file that is printed with its own golden lines is the file: nothing is lost on the way.
TEST_F(CoverageTest, PrintingGivesTheFileBack) {
  for (const Transcript& transcript : transcripts_) {
    std::ifstream in("tests/transcripts/" + transcript.name + ".txt", std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    std::vector<std::vector<std::string>> golden;
    for (const Step& step : transcript.steps) golden.push_back(step.golden);
    EXPECT_EQ(PrintTranscript(transcript, golden), text.str()) << transcript.name;
  }
}

}  // namespace
}  // namespace postern::transcripts
