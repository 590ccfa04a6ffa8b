// SPDX-License-Identifier: Apache-2.0
//
// The reference of codes: each check refuses by its own message, and the default's is whole.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_table.h"

namespace postern::replies {
namespace {

using Table = ::postern::v1::ReplyTable;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Check(const Table& table) {
  return ReplyTable::Check(table.SerializeAsString());
}

// The whole reference; what is embedded is shorter.
Table Default() {
  std::ifstream in("tables/en_binpb.binpb", std::ios::binary);
  const std::string octets((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  Table table;
  EXPECT_TRUE(table.ParseFromString(octets));
  return table;
}

postern::v1::CodeReference* AddCode(Table* table, uint32_t number) {
  postern::v1::CodeReference* code = table->add_codes();
  code->set_code(number);
  code->set_meaning("m");
  return code;
}

TEST(Reference, EveryCodeOfTheDefaultIsTold) {
  const Table table = Default();
  std::set<std::string> enhanced;
  for (const auto& reference : table.enhanced_codes()) {
    EXPECT_FALSE(reference.meaning().empty() || reference.mend().empty() || reference.rfc().empty())
        << reference.code();
    enhanced.insert(reference.code());
  }
  std::set<uint32_t> codes;
  for (const auto& code : table.codes()) codes.insert(code.code());
  for (const auto& code : table.codes()) {
    EXPECT_FALSE(code.seen_when().empty() || code.mend().empty() || code.differs().empty() ||
                 code.use_when().empty() || code.rfc().empty() || code.neighbours().empty())
        << code.code();
    // RFC 2034: none on 3yz.
    EXPECT_EQ(code.enhanced_codes().empty(), code.code() / 100 == 3) << code.code();
    for (const std::string& one : code.enhanced_codes()) {
      EXPECT_TRUE(enhanced.count(one) != 0 || enhanced.count("X" + one.substr(1)) != 0) << one;
    }
    for (const auto& neighbour : code.neighbours()) {
      EXPECT_NE(codes.count(neighbour.code()), 0u) << code.code() << " " << neighbour.code();
      // The sentence is about both.
      EXPECT_FALSE(neighbour.differs().empty());
    }
  }
  EXPECT_EQ(table.classes_size(), 4);
  EXPECT_EQ(table.subjects_size(), 6);
}

// The codes that the default table sends, with the enhanced codes that stand beside them.
TEST(Reference, EveryCodePairThatTheDefaultSendsIsListed) {
  const Table table = Default();
  std::map<uint32_t, std::set<std::string>> listed;
  for (const auto& code : table.codes()) {
    listed[code.code()] = {code.enhanced_codes().begin(), code.enhanced_codes().end()};
  }
  for (const auto& reply : table.replies()) {
    ASSERT_NE(listed.count(reply.code()), 0u) << reply.code();
    if (reply.enhanced_code().empty()) continue;
    EXPECT_NE(listed[reply.code()].count(reply.enhanced_code()), 0u)
        << reply.id() << " " << reply.code() << " " << reply.enhanced_code();
  }
}

// The library's own copy says the same to a client, and is a good table itself.
TEST(Reference, TheEmbeddedTableSpeaksLikeTheWhole) {
  EXPECT_THAT(ReplyTable::Check(DefaultTableBytes()), IsEmpty());
  Table embedded;
  ASSERT_TRUE(embedded.ParseFromString(std::string(DefaultTableBytes())));
  EXPECT_LT(DefaultTableBytes().size(), Default().SerializeAsString().size() * 3 / 4);
  EXPECT_EQ(embedded.codes(0).use_when(), "");
  const auto whole = ReplyTable::Load(Default().SerializeAsString());
  const auto shorter = ReplyTable::LoadDefault();
  ASSERT_TRUE(whole.ok() && shorter.ok());
  BindOptions options;
  options.server = "mx.example";
  const auto a = BoundReplies::Bind(*whole, options);
  const auto b = BoundReplies::Bind(*shorter, options);
  const auto help = [](const BoundReplies& replies, const std::string& topic) {
    std::string octets(replies.MaxHelpTopicOctets(), '\0');
    octets.resize(replies.FormatHelpTopic(topic, Values(), octets.data(), octets.size()));
    return octets;
  };
  for (const auto& code : embedded.codes()) {
    const std::string topic = std::to_string(code.code());
    EXPECT_FALSE(help(*b, topic).empty()) << topic;
    EXPECT_EQ(help(*a, topic), help(*b, topic));
  }
  for (const auto& code : embedded.enhanced_codes()) {
    EXPECT_FALSE(help(*b, code.code()).empty()) << code.code();
    EXPECT_EQ(help(*a, code.code()), help(*b, code.code()));
  }
}

TEST(Reference, ChecksNeighbours) {
  Table table;
  postern::v1::CodeReference* code = AddCode(&table, 550);
  postern::v1::CodeNeighbour* one = code->add_neighbours();
  one->set_code(550);
  one->set_differs("x");
  *code->add_neighbours() = *one;
  code->mutable_neighbours(1)->set_code(999);
  *code->add_neighbours() = *one;
  code->mutable_neighbours(2)->set_code(551);
  *code->add_neighbours() = code->neighbours(2);
  code->mutable_neighbours(3)->clear_differs();
  EXPECT_THAT(Check(table),
              ElementsAre(HasSubstr("codes[0] 550: neighbours line 1: 550 is no other reply code"),
                          HasSubstr("neighbours line 2: 999 is no other reply code"),
                          HasSubstr("neighbours line 4: a second entry for 551; keep one"),
                          HasSubstr("neighbours line 4: differs: empty")));
}

TEST(Reference, ChecksEnhancedCodesOfACode) {
  Table table;
  postern::v1::CodeReference* code = AddCode(&table, 550);
  for (const char* bad : {"5.1", "X.1.1", "5.01.1", "5.1.1234", "4.1.1"}) {
    code->add_enhanced_codes(bad);
  }
  code->add_enhanced_codes("5.1.1");
  EXPECT_THAT(Check(table),
              ElementsAre(HasSubstr("enhanced_codes line 1: no enhanced status code"),
                          HasSubstr("enhanced_codes line 2: no enhanced status code"),
                          HasSubstr("enhanced_codes line 3: no enhanced status code"),
                          HasSubstr("enhanced_codes line 4: no enhanced status code"),
                          HasSubstr("enhanced_codes line 5: class 4 is not the first digit of "
                                    "code 550; begin it with 5")));
}

TEST(Reference, ChecksCaptions) {
  Table table;
  const auto add = [&](const char* name, const std::string& text) {
    auto* caption = table.add_captions();
    caption->set_name(name);
    caption->set_text(text);
  };
  add("when_seen", "Wann");
  add("when_seen", "Wann");
  add("When", "Wann");
  add("", "Wann");
  add("empty", "");
  add("long", std::string(1001, 'x'));
  add("control", "a\x07");
  EXPECT_THAT(Check(table),
              ElementsAre(HasSubstr("captions[1] when_seen: name: a second entry"),
                          HasSubstr("captions[2]: name: a name is 1 to 40 of a to z"),
                          HasSubstr("captions[3]: name: a name is 1 to 40 of a to z"),
                          HasSubstr("captions[4] empty: text: empty"),
                          HasSubstr("captions[5] long: text: 1001 octets; at most 1000"),
                          HasSubstr("captions[6] control: text: holds a control character")));
  Table many;
  for (int i = 0; i < 257; ++i) many.add_captions()->set_name("c" + std::to_string(i));
  EXPECT_THAT(Check(many), ElementsAre("captions: 257 entries; at most 256 are taken"));
}

TEST(Reference, ChecksClassesSubjectsAndEnhancedReferences) {
  Table table;
  table.add_classes()->set_reply_class(1);
  table.add_classes()->set_reply_class(5);
  table.mutable_classes(1)->set_name("five");
  *table.add_classes() = table.classes(1);
  table.add_subjects()->set_digit(6);
  table.mutable_subjects(0)->set_name("x6z");
  table.add_enhanced_codes()->set_code("5,1,1");
  table.add_enhanced_codes()->set_code("X.1.1");
  EXPECT_THAT(Check(table),
              ElementsAre(HasSubstr("classes[0] 1: reply_class: no class"),
                          HasSubstr("classes[2] 5: reply_class: a second entry"),
                          HasSubstr("subjects[0] 6: digit: no second digit"),
                          HasSubstr("enhanced_codes[0]: code: no enhanced status code"),
                          HasSubstr("enhanced_codes[1] X.1.1: meaning: empty")));
}

TEST(Reference, TooMuchIsRefused) {
  Table table;
  postern::v1::CodeReference* code = AddCode(&table, 550);
  code->set_use_when(std::string(1001, 'x'));
  for (int i = 0; i < 17; ++i) {
    code->add_neighbours()->set_code(static_cast<uint32_t>(200 + i));
    code->mutable_neighbours(i)->set_differs("x");
  }
  for (int i = 0; i < 33; ++i) code->add_enhanced_codes("5.1." + std::to_string(i));
  for (int i = 0; i < 9; ++i) code->add_rfc("RFC");
  EXPECT_THAT(Check(table), ElementsAre(HasSubstr("use_when: 1001 octets; at most 1000"),
                                        HasSubstr("neighbours: 17 entries; at most 16"),
                                        HasSubstr("enhanced_codes: 33 entries; at most 32"),
                                        HasSubstr("rfc: 9 entries; at most 8")));
  Table many;
  for (int i = 0; i < 257; ++i) many.add_enhanced_codes()->set_code("X.1." + std::to_string(i));
  EXPECT_THAT(Check(many), ElementsAre("enhanced_codes: 257 entries; at most 256 are taken"));
}

// ReportsAllProblemsUpTo20 is Load's; a tool wants them all.
TEST(Reference, CheckTellsAllProblems) {
  Table table;
  for (int i = 0; i < 100; ++i) table.add_codes()->set_code(999);
  EXPECT_THAT(Check(table), SizeIs(100));
  EXPECT_THAT(Check(Table()), IsEmpty());
  EXPECT_THAT(ReplyTable::Check("\xff"), SizeIs(1));
}

TEST(Reference, HelpTellsTheClassAndTheShortForm) {
  Table table;
  postern::v1::CodeReference* code = AddCode(&table, 550);
  code->set_meaning("It was not taken.");
  code->set_use_when("Not for HELP.");
  const auto loaded = ReplyTable::Load(table.SerializeAsString());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  BindOptions options;
  options.server = "mx.example";
  const auto replies = BoundReplies::Bind(*loaded, options);
  std::string help(replies->MaxHelpTopicOctets(), '\0');
  help.resize(replies->FormatHelpTopic("550", Values(), help.data(), help.size()));
  EXPECT_EQ(help,
            "214-2.0.0 Help on 550\r\n"
            "214-2.0.0 5xx Permanent Negative Completion\r\n"
            "214 2.0.0 It was not taken.\r\n");
}

TEST(Reference, EnhancedCodesAreTopicsOfAnyClass) {
  const auto loaded = ReplyTable::LoadDefault();
  ASSERT_TRUE(loaded.ok());
  BindOptions options;
  options.server = "mx.example";
  const auto replies = BoundReplies::Bind(*loaded, options);
  for (const char* topic : {"5.1.1", "4.1.1", "X.1.1", "x.1.1", "5.7.8"}) {
    EXPECT_TRUE(replies->HasHelpTopic(topic)) << topic;
  }
  for (const char* topic : {"4.7.8", "3.1.1", "5.1", "5.", "5", "X.7.8", "9.9.9"}) {
    EXPECT_FALSE(replies->HasHelpTopic(topic)) << topic;
  }
}

}  // namespace
}  // namespace postern::replies
