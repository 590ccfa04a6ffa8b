// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/text_proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "hosts/common/files.h"

namespace postern {
namespace host {
namespace {

// message Sample { string name = 1; int32 count = 2; }
std::string SampleSchema() {
  google::protobuf::FileDescriptorSet set;
  google::protobuf::FileDescriptorProto* file = set.add_file();
  file->set_name("sample.proto");
  file->set_package("sample");
  file->set_syntax("proto3");
  google::protobuf::DescriptorProto* message = file->add_message_type();
  message->set_name("Sample");
  google::protobuf::FieldDescriptorProto* name = message->add_field();
  name->set_name("name");
  name->set_number(1);
  name->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
  name->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  google::protobuf::FieldDescriptorProto* count = message->add_field();
  count->set_name("count");
  count->set_number(2);
  count->set_type(google::protobuf::FieldDescriptorProto::TYPE_INT32);
  count->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  return set.SerializeAsString();
}

class TextProtoTest : public testing::Test {
 protected:
  // A file of the test's own, gone when the test ends.
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = testing::TempDir() + "/" + std::to_string(getpid()) + name;
    std::ofstream(path, std::ios::binary) << content;
    written_.push_back(path);
    return path;
  }
  void TearDown() override {
    for (const std::string& path : written_) remove(path.c_str());
  }

  TextProtoSchema schema_ = TextProtoSchema::Create(SampleSchema()).value();
  std::vector<std::string> written_;
};

TEST_F(TextProtoTest, SerializesText) {
  EXPECT_EQ(schema_.Serialize("sample.Sample", "name: 'a'  # why\ncount: 3", "f").value(),
            std::string("\x0a\x01"
                        "a\x10\x03"));
}

TEST_F(TextProtoTest, NamesFileLineAndColumnOfAnUnknownField) {
  absl::StatusOr<std::string> result =
      schema_.Serialize("sample.Sample", "name: 'a'\n  colour: 3\n", "my.textproto");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().message().find("my.textproto:2:"), 0u) << result.status();
  EXPECT_NE(result.status().message().find("colour"), std::string::npos);
}

TEST_F(TextProtoTest, NamesThePlaceOfAWrongValue) {
  absl::StatusOr<std::string> result =
      schema_.Serialize("sample.Sample", "\n\ncount: 'three'\n", "my.textproto");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().message().find("my.textproto:3:"), 0u) << result.status();
}

TEST_F(TextProtoTest, ParseTellsWhereEachFieldStands) {
  const ParsedText parsed =
      schema_.Parse("sample.Sample", "# a comment\nname: 'a'\n\n  count: 3\n").value();
  EXPECT_TRUE(parsed.faults.empty());
  EXPECT_EQ(parsed.places.at("name").line, 2);
  EXPECT_EQ(parsed.places.at("count").line, 4);
  EXPECT_EQ(parsed.places.at("count").column, 3);
  EXPECT_EQ(parsed.serialized, schema_.Serialize("sample.Sample", "name:'a' count:3", "f").value());
}

TEST_F(TextProtoTest, ParseGoesOnBehindUnknownFieldsAndNamesTheNearest) {
  const ParsedText parsed =
      schema_.Parse("sample.Sample", "coumt: 1\nname: 'a'\ncolour { x: 1 }\n").value();
  ASSERT_EQ(parsed.faults.size(), 2u);
  EXPECT_EQ(parsed.faults[0].place.line, 1);
  EXPECT_EQ(parsed.faults[0].what, "there is no field \"coumt\" in Sample; did you mean count?");
  EXPECT_EQ(parsed.faults[1].place.line, 3);
  EXPECT_EQ(parsed.faults[1].what, "there is no field \"colour\" in Sample; remove it");
  EXPECT_EQ(parsed.serialized, schema_.Serialize("sample.Sample", "name:'a'", "f").value());
}

TEST_F(TextProtoTest, ParseGoesOnBehindABrokenEntry) {
  const ParsedText parsed =
      schema_.Parse("sample.Sample", "count: x\nname: 'a\nname: 'b'\ncount: 7\n").value();
  ASSERT_EQ(parsed.faults.size(), 2u);
  EXPECT_EQ(parsed.faults[0].place.line, 1);
  EXPECT_EQ(parsed.faults[1].place.line, 2);
  EXPECT_EQ(parsed.places.at("count").line, 4);
  EXPECT_EQ(parsed.serialized, schema_.Serialize("sample.Sample", "name:'b' count:7", "f").value());
}

TEST_F(TextProtoTest, PrintIsTheWayBack) {
  const std::string serialized = schema_.Serialize("sample.Sample", "name:'\xc3\xa4'", "f").value();
  EXPECT_EQ(schema_.Print("sample.Sample", serialized).value(), "name: \"\xc3\xa4\"\n");
  EXPECT_FALSE(schema_.Print("sample.Sample", "\x0a\x7f").ok());
  EXPECT_TRUE(schema_.HasField("sample.Sample", "count"));
  EXPECT_FALSE(schema_.HasField("sample.Sample", "cont"));
}

TEST_F(TextProtoTest, ReadsTextAndCompiledFiles) {
  const std::string text = Write("t.textproto", "count: 7");
  const std::string binary = Write("t.binpb", "\x10\x07");
  EXPECT_EQ(schema_.SerializeFile("sample.Sample", text).value(), "\x10\x07");
  EXPECT_EQ(schema_.SerializeFile("sample.Sample", binary).value(), "\x10\x07");
}

TEST_F(TextProtoTest, RefusesACompiledFileThatIsDamaged) {
  absl::StatusOr<std::string> result =
      schema_.SerializeFile("sample.Sample", Write("bad.binpb", "\x0a\x7f"));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("compile it again"), std::string::npos);
}

TEST(FilesTest, NamesTheFileAndTheReason) {
  absl::StatusOr<std::string> missing = ReadFile("/nonexistent/x");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().message(),
            "/nonexistent/x: cannot be opened: No such file or directory; check the path");
  EXPECT_FALSE(ReadFile("/").ok());
}

}  // namespace
}  // namespace host
}  // namespace postern
