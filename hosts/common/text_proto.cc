// SPDX-License-Identifier: Apache-2.0
//
// Protobuf text by reflection; see text_proto.h.

#include "hosts/common/text_proto.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "hosts/common/files.h"

namespace postern {
namespace host {
namespace {

// Keeps the first error: those that follow are mostly its consequences.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!text_.empty()) return;
    // The parser counts from 0, and says -1 where it has no place.
    if (line >= 0) absl::StrAppend(&place_, ":", line + 1, ":", column + 1);
    text_ = message;
  }
  void AddWarning(int /*line*/, google::protobuf::io::ColumnNumber /*column*/,
                  const std::string& /*message*/) override {}

  const std::string& place() const { return place_; }
  const std::string& text() const { return text_; }

 private:
  std::string place_;
  std::string text_;
};

}  // namespace

struct TextProtoSchema::Pools {
  google::protobuf::DescriptorPool descriptors;
  // The factory keeps per-type data and locks its own table.
  google::protobuf::DynamicMessageFactory factory;
};

TextProtoSchema::TextProtoSchema(std::unique_ptr<Pools> pools) : pools_(std::move(pools)) {}
TextProtoSchema::TextProtoSchema(TextProtoSchema&&) noexcept = default;
TextProtoSchema& TextProtoSchema::operator=(TextProtoSchema&&) noexcept = default;
TextProtoSchema::~TextProtoSchema() = default;

absl::StatusOr<TextProtoSchema> TextProtoSchema::Create(absl::string_view descriptor_set) {
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) {
    return absl::InternalError("the schema inside the program is damaged; build it again");
  }
  auto pools = std::make_unique<Pools>();
  for (const google::protobuf::FileDescriptorProto& file : set.file()) {
    if (pools->descriptors.FindFileByName(file.name()) != nullptr) continue;
    if (pools->descriptors.BuildFile(file) == nullptr) {
      return absl::InternalError(
          absl::StrCat("the schema file ", file.name(), " inside the program does not fit"));
    }
  }
  return TextProtoSchema(std::move(pools));
}

absl::StatusOr<std::string> TextProtoSchema::Serialize(const std::string& message,
                                                       absl::string_view text,
                                                       absl::string_view file) const {
  const google::protobuf::Descriptor* type = pools_->descriptors.FindMessageTypeByName(message);
  if (type == nullptr) return absl::InternalError(absl::StrCat("no schema of ", message));
  std::unique_ptr<google::protobuf::Message> parsed(pools_->factory.GetPrototype(type)->New());
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(32);
  if (!parser.ParseFromString(std::string(text), parsed.get())) {
    return FileError(absl::StrCat(file, error.place()),
                     absl::StrCat(error.text(), " (", message, " as protobuf text)"));
  }
  return parsed->SerializeAsString();
}

absl::StatusOr<std::string> TextProtoSchema::SerializeFile(const std::string& message,
                                                           const std::string& path) const {
  absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  if (!absl::EndsWith(path, ".binpb")) return Serialize(message, *content, path);
  const google::protobuf::Descriptor* type = pools_->descriptors.FindMessageTypeByName(message);
  if (type == nullptr) return absl::InternalError(absl::StrCat("no schema of ", message));
  std::unique_ptr<google::protobuf::Message> parsed(pools_->factory.GetPrototype(type)->New());
  if (!parsed->ParseFromString(*content)) {
    return FileError(path, absl::StrCat("holds no serialized ", message,
                                        "; compile it again, or name text without .binpb"));
  }
  return content;
}

}  // namespace host
}  // namespace postern
