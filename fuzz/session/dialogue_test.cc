// SPDX-License-Identifier: Apache-2.0

#include "fuzz/session/dialogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "fuzz/session/mutator.h"
#include "fuzz/session/run.h"

namespace postern::fuzz {
namespace {

using std::string_literals::operator""s;

Dialogue Of(const std::string& body) {
  return ReadDialogue(std::string(kSetupOctets, '\0') + body);
}

TEST(DialogueTest, ZerosAndNothingAreTheDefaults) {
  for (const postern::fuzz::Setup& setup :
       {ReadSetup(""), ReadSetup(std::string(kSetupOctets, '\0'))}) {
    EXPECT_EQ(setup.errors, 20u);
    EXPECT_EQ(setup.commands, 100u);
    EXPECT_EQ(setup.extensions, 0);
    EXPECT_EQ(setup.leniency, 0);
    EXPECT_FALSE(setup.tls);
    EXPECT_EQ(setup.wanted_events, 0u);
  }
  EXPECT_TRUE(Of("").steps.empty());
}

TEST(DialogueTest, OctetsAreWhatTheyAre) {
  const Dialogue dialogue = Of("NOOP\r\n\0\x01\xFE\xFF\xFF"s);
  ASSERT_EQ(dialogue.steps.size(), 1u);
  EXPECT_EQ(dialogue.steps[0].octets, "NOOP\r\n\0\x01\xFE\xFF"s);
}

TEST(DialogueTest, APrintedOctetStringIsReadBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const Dialogue dialogue = Of(PrintOctets(all));
  ASSERT_EQ(dialogue.steps.size(), 1u);
  EXPECT_EQ(dialogue.steps[0].octets, all);
}

TEST(DialogueTest, MarksCutTheOctets) {
  const Dialogue dialogue =
      Of("a\xFF"
         "T\x02"
         "b\xFF"
         "N\x02\xFF"
         "S\x01\xFF"
         "2c"s);
  ASSERT_EQ(dialogue.steps.size(), 7u);
  EXPECT_EQ(dialogue.steps[0].octets, "a");
  EXPECT_EQ(dialogue.steps[1].kind, StepKind::kTick);
  EXPECT_EQ(dialogue.steps[1].milliseconds, kTicks[2]);
  EXPECT_EQ(dialogue.steps[2].octets, "b");
  EXPECT_EQ(dialogue.steps[3].kind, StepKind::kNotice);
  EXPECT_EQ(dialogue.steps[3].choice, 3);
  EXPECT_EQ(dialogue.steps[4].kind, StepKind::kSwap);
  EXPECT_EQ(dialogue.steps[5].kind, StepKind::kTwice);
  EXPECT_EQ(dialogue.steps[6].octets, "c");
}

TEST(DialogueTest, APrintedAnswerIsReadBack) {
  ScriptAnswer answer;
  answer.verdict = 2;
  answer.form = 2;
  answer.code = 550;
  answer.enhanced[0] = 5;
  answer.enhanced[2] = 255;
  answer.text = "no\nno";
  const Dialogue dialogue =
      Of("\xFF"
         "A\x06" +
         PrintAnswer(answer));
  ASSERT_EQ(dialogue.steps.size(), 1u);
  const ScriptAnswer& read = dialogue.steps[0].answer;
  EXPECT_EQ(dialogue.steps[0].kind, StepKind::kPlan);
  EXPECT_EQ(read.event, 6);
  EXPECT_EQ(read.verdict, 2);
  EXPECT_EQ(read.code, 550);
  EXPECT_EQ(read.enhanced[0], 5);
  EXPECT_EQ(read.enhanced[2], 255);
  EXPECT_EQ(read.text, "no\nno");
}

// A challenge was once read as no verdict, and no dialogue had an exchange of AUTH.
TEST(DialogueTest, EveryVerdictIsReadAsItself) {
  for (uint8_t verdict = 0; verdict <= kChallenge; ++verdict) {
    ScriptAnswer answer;
    answer.verdict = verdict;
    const Dialogue dialogue = Of("\xFFV" + PrintAnswer(answer));
    ASSERT_EQ(dialogue.steps.size(), 1u);
    EXPECT_EQ(dialogue.steps[0].answer.verdict, verdict);
  }
}

TEST(DialogueTest, AnExchangeTakesPlace) {
  std::string input(kSetupOctets, '\0');
  input[0] = 65;  // TLS, AUTH
  input +=
      "EHLO client.example\r\n\xFF"
      "A\x13\x07\x02\0\0\0\0\0\x03"
      "abcAUTH LOGIN\r\nAAAA\r\n"s;
  std::string output;
  for (const SeenStep& step : RunDialogue(ReadDialogue(input), Cuts::kWhole, false).steps) {
    output += step.output;
  }
  EXPECT_NE(output.find("334 YWJj\r\n235 "), std::string::npos) << output;
}

TEST(DialogueTest, RepetitionIsBounded) {
  EXPECT_EQ(Of("\xFFXa\x01\0"s).steps[0].octets, std::string(256, 'a'));
  EXPECT_EQ(Of("x\r\nab\r\n\xFFR\x02"s).steps[0].octets, "x\r\nab\r\nab\r\nab\r\n");
  std::string many;
  for (int i = 0; i < 50; ++i) many += "\xFFXa\xFF\xFE";
  EXPECT_EQ(Of(many).steps[0].octets.size(), kMaxExpandedOctets);
  std::string lines = "0123456\n";
  for (int i = 0; i < 50; ++i) lines += "\xFFR\xFE";
  EXPECT_EQ(Of(lines).steps[0].octets.size(), 8 + kMaxRepeatedLines);
}

TEST(DialogueTest, EveryConfigurationIsTaken) {
  // The driver ends the program where one is refused.
  for (size_t octet = 0; octet < kSetupOctets; ++octet) {
    for (int value = 0; value < 256; ++value) {
      std::string input(kSetupOctets, '\0');
      input[octet] = static_cast<char>(value);
      const Trace trace = RunDialogue(ReadDialogue(input), Cuts::kWhole, false);
      ASSERT_EQ(trace.fault, "");
    }
  }
}

size_t Nothing(uint8_t* /*data*/, size_t size, size_t /*max_size*/) { return size; }

TEST(MutatorTest, StaysWithinItsRoomAndDoesTheSameAgain) {
  const std::string seed = std::string(kSetupOctets, '\0') +
                           "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@c>\r\nDATA\r\nx\r\n.\r\n";
  size_t changed = 0;
  for (uint32_t n = 0; n < 2000; ++n) {
    const size_t room = 64 + n % 200;
    std::string a(room, 'z');
    std::string b(room, 'z');
    const size_t size = std::min(seed.size(), room);
    std::memcpy(&a[0], seed.data(), size);
    std::memcpy(&b[0], seed.data(), size);
    const size_t a_size = MutateDialogue(reinterpret_cast<uint8_t*>(&a[0]), size, room, n, Nothing);
    const size_t b_size = MutateDialogue(reinterpret_cast<uint8_t*>(&b[0]), size, room, n, Nothing);
    ASSERT_LE(a_size, room);
    ASSERT_EQ(a_size, b_size);
    ASSERT_EQ(a.substr(0, a_size), b.substr(0, b_size));
    if (a.substr(0, a_size) != seed.substr(0, size)) ++changed;
  }
  EXPECT_GT(changed, 1000u);
}

TEST(MutatorTest, CrossesTwoDialogues) {
  const std::string a(kSetupOctets, 'a');
  const std::string b = std::string(kSetupOctets, 'b') + "NOOP\r\n";
  std::string out(100, '\0');
  const auto octets = [](const std::string& s) {
    return reinterpret_cast<const uint8_t*>(s.data());
  };
  const size_t size = CrossDialogues(octets(a), a.size(), octets(b), b.size(),
                                     reinterpret_cast<uint8_t*>(&out[0]), out.size(), 1);
  EXPECT_EQ(out.substr(0, size), a + "NOOP\r\n");
}

}  // namespace
}  // namespace postern::fuzz
