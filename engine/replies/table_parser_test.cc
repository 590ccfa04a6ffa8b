// SPDX-License-Identifier: Apache-2.0
//
// The parser takes and refuses what protobuf's own does, and makes the same of it. (That it leaves
// nothing behind without memory: tests/abi/operator_new_failure_test.cc.)

#include "engine/replies/table_parser.h"

#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <string>

#include "engine/replies/reply_table.h"
#include "gtest/gtest.h"

namespace postern::replies {
namespace {

// Whether protobuf takes it; the two are compared on the way.
bool ExpectSame(const std::string& octets) {
  v1::ReplyTable theirs;
  bool taken = false;
  {
    google::protobuf::LogSilencer quiet;
    taken = theirs.ParseFromString(octets);
  }
  v1::ReplyTable ours;
  EXPECT_EQ(ParseTable(octets, &ours), taken);
  if (taken) {
    EXPECT_EQ(ours.SerializeAsString(), theirs.SerializeAsString());
  }
  return taken;
}

std::string Small() {
  v1::ReplyTable table;
  table.set_name("small");
  table.set_language("en");
  v1::Reply* const reply = table.add_replies();
  reply->set_id(v1::NOOP_OK);
  reply->set_code(250);
  reply->set_enhanced_code("2.0.0");
  reply->add_text("one");
  reply->add_text("two");
  reply->add_utf8_text("zw\xc3\xb6lf");
  table.add_replies()->set_explanation("why");
  v1::HelpTopic* const topic = table.add_help_topics();
  topic->set_topic("NOOP");
  topic->add_text("Nothing");
  topic->add_utf8_text("N\xc3\xa4h");
  table.add_footers()->add_text("Call us");
  v1::CodeReference* const code = table.add_codes();
  code->set_meaning("fine");
  code->add_enhanced_codes("X.0.0");
  code->add_rfc("RFC 5321");
  code->add_neighbours()->set_differs("a lot");
  table.add_classes()->set_reply_class(2);
  table.add_subjects()->set_digit(5);
  table.add_enhanced_codes()->set_code("X.0.0");
  return table.SerializeAsString();
}

TEST(TableParser, TakesTheDefaultTable) {
  EXPECT_TRUE(ExpectSame(std::string(DefaultTableBytes())));
}

TEST(TableParser, TakesWhatIsSpreadAndWhatIsNew) {
  // Twice the same scalars and lists; then fields of a later version, a group among them.
  EXPECT_TRUE(ExpectSame(Small() + Small()));
  EXPECT_TRUE(
      ExpectSame(Small() + std::string("\xf8\x06\x01\x82\x07\x02hi\x8b\x07\x08\x01\x8c\x07", 14)));
  EXPECT_TRUE(ExpectSame(""));
  // A list's number with the wire type of a number.
  EXPECT_TRUE(ExpectSame(std::string("\x20\x05", 2)));
}

TEST(TableParser, RefusesWhatIsNoMessage) {
  // Field number 0, an end of a group that nobody began, a text that is not UTF-8, a length beyond
  // the end, and one that is negative as an int.
  for (const std::string& octets :
       {std::string(1, '\0'), std::string("\x24"), std::string("\x0a\x01\xff"),
        std::string("\x22\x05xx"), std::string("\x22\xff\xff\xff\xff\x0fxx")}) {
    EXPECT_FALSE(ExpectSame(octets));
  }
}

TEST(TableParser, AgreesWithProtobufOnEveryPrefixAndEveryOctetChanged) {
  const std::string whole = Small();
  int taken = 0;
  int refused = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    ++(ExpectSame(whole.substr(0, size)) ? taken : refused);
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string changed = whole;
      changed[at] = static_cast<char>(octet);
      ++(ExpectSame(changed) ? taken : refused);
    }
  }
  EXPECT_GT(taken, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace postern::replies
