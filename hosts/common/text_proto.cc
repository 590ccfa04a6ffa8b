// SPDX-License-Identifier: Apache-2.0
//
// Protobuf text by reflection; see text_proto.h.

#include "hosts/common/text_proto.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "hosts/common/closest.h"
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

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

constexpr int kRecursionLimit = 32;

// All errors and warnings. A warning is about something that was left out, so it is a fault too.
class AllFaults : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    faults.push_back({{line + 1, line < 0 ? 0 : column + 1}, message});
  }
  void AddWarning(int line, google::protobuf::io::ColumnNumber column,
                  const std::string& message) override {
    AddError(line, column, message);
  }

  std::vector<TextFault> faults;
};

// The word behind `before` and in front of the next quotation mark; empty if there is none.
std::string WordBehind(const std::string& text, absl::string_view before) {
  const size_t begin = text.find(std::string(before));
  if (begin == std::string::npos) return "";
  const size_t end = text.find('"', begin + before.size());
  if (end == std::string::npos) return "";
  return text.substr(begin + before.size(), end - begin - before.size());
}

const EnumDescriptor* FindEnumOfField(const Descriptor& type, const std::string& name, int depth) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->name() == name && field->enum_type() != nullptr) return field->enum_type();
    if (field->message_type() != nullptr && depth > 0) {
      const EnumDescriptor* found = FindEnumOfField(*field->message_type(), name, depth - 1);
      if (found != nullptr) return found;
    }
  }
  return nullptr;
}

// protobuf's complaint, with the word that was probably meant.
std::string WithMend(const std::string& complaint, const Descriptor& root) {
  std::vector<std::string> known;
  std::string word = WordBehind(complaint, "has no field named \"");
  if (!word.empty()) {
    const Descriptor* type =
        root.file()->pool()->FindMessageTypeByName(WordBehind(complaint, "Message type \""));
    if (type == nullptr) return complaint;
    for (int i = 0; i < type->field_count(); ++i) known.push_back(type->field(i)->name());
    std::string what = absl::StrCat("there is no field \"", word, "\" in ", type->name());
    const std::string closest = Closest(word, known);
    return absl::StrCat(
        what, "; ", closest.empty() ? "remove it" : absl::StrCat("did you mean ", closest, "?"));
  }
  word = WordBehind(complaint, "Unknown enumeration value of \"");
  if (!word.empty()) {
    const std::string field = WordBehind(complaint, "for field \"");
    const EnumDescriptor* type = FindEnumOfField(root, field, 4);
    if (type == nullptr) return complaint;
    for (int i = 0; i < type->value_count(); ++i) known.push_back(type->value(i)->name());
    const std::string closest = Closest(word, known);
    return absl::StrCat(field, ": there is no ", type->name(), " \"", word, "\"; ",
                        closest.empty() ? "see the schema for those there are"
                                        : absl::StrCat("did you mean ", closest, "?"));
  }
  return complaint;
}

// A part of the text that begins where an entry of the outermost message does.
struct Chunk {
  int first_line = 0;  // counted from 0
  std::string text;
};

// Cuts at lines that begin with the name of a field, so that a broken entry costs itself alone.
std::vector<Chunk> CutAtEntries(absl::string_view text, const Descriptor& type) {
  std::vector<Chunk> chunks(1);
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    size_t end = 0;
    while (end < line.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(line[end])) || line[end] == '_')) {
      ++end;
    }
    if (end > 0 && type.FindFieldByName(std::string(line.substr(0, end))) != nullptr) {
      chunks.push_back({number, ""});
    }
    absl::StrAppend(&chunks.back().text, line, "\n");
    ++number;
  }
  return chunks;
}

}  // namespace

// Reads pieces of one text into one message.
struct TextProtoSchema::Reader {
  const Descriptor* type;
  std::unique_ptr<Message> whole;
  ParsedText result;

  // Adds what `text`, which begins behind `lines_before` lines, holds. False if it is broken.
  bool Add(const std::string& text, int lines_before, Message* piece) {
    AllFaults faults;
    TextFormat::ParseInfoTree tree;
    TextFormat::Parser parser;
    parser.RecordErrorsTo(&faults);
    parser.WriteLocationsTo(&tree);
    parser.AllowUnknownField(true);
    parser.SetRecursionLimit(kRecursionLimit);
    const bool good = parser.ParseFromString(text, piece);
    for (TextFault& fault : faults.faults) {
      if (fault.place.line > 0) fault.place.line += lines_before;
      fault.what = WithMend(fault.what, *type);
      result.faults.push_back(std::move(fault));
    }
    if (!good) return false;
    Locate(*piece, &tree, "", whole.get(), lines_before);
    whole->MergeFrom(*piece);
    return true;
  }

  // Writes down where the fields of `message` stand. Lists go on where those of `before` end.
  void Locate(const Message& message, const TextFormat::ParseInfoTree* tree,
              const std::string& prefix, const Message* before, int lines_before) {
    const Descriptor& descriptor = *message.GetDescriptor();
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor* field = descriptor.field(i);
      const bool repeated = field->is_repeated();
      const int count = repeated ? reflection.FieldSize(message, field) : 1;
      const int first =
          repeated && before != nullptr ? before->GetReflection()->FieldSize(*before, field) : 0;
      for (int k = 0; k < count; ++k) {
        const TextFormat::ParseLocation place = tree->GetLocation(field, repeated ? k : -1);
        std::string name = absl::StrCat(prefix, field->name());
        if (repeated) absl::StrAppend(&name, "[", first + k, "]");
        if (place.line >= 0) {
          result.places[name] = {place.line + 1 + lines_before, place.column + 1};
        }
        if (field->message_type() == nullptr) continue;
        const TextFormat::ParseInfoTree* inner = tree->GetTreeForNested(field, repeated ? k : -1);
        if (inner == nullptr) continue;
        const Message& nested = repeated ? reflection.GetRepeatedMessage(message, field, k)
                                         : reflection.GetMessage(message, field);
        Locate(nested, inner, name + ".", nullptr, lines_before);
      }
    }
  }
};

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
  parser.SetRecursionLimit(kRecursionLimit);
  if (!parser.ParseFromString(std::string(text), parsed.get())) {
    return FileError(absl::StrCat(file, error.place()),
                     absl::StrCat(error.text(), " (", message, " as protobuf text)"));
  }
  return parsed->SerializeAsString();
}

absl::StatusOr<ParsedText> TextProtoSchema::Parse(const std::string& message,
                                                  absl::string_view text) const {
  const Descriptor* type = pools_->descriptors.FindMessageTypeByName(message);
  if (type == nullptr) return absl::InternalError(absl::StrCat("no schema of ", message));
  const Message* prototype = pools_->factory.GetPrototype(type);
  Reader reader = {type, std::unique_ptr<Message>(prototype->New()), {}};
  std::unique_ptr<Message> piece(prototype->New());
  if (!reader.Add(std::string(text), 0, piece.get())) {
    const std::vector<TextFault> of_the_whole = std::move(reader.result.faults);
    reader.result = {};
    for (const Chunk& chunk : CutAtEntries(text, *type)) {
      piece.reset(prototype->New());
      reader.Add(chunk.text, chunk.first_line, piece.get());
    }
    // The cut may have healed what it cut; the text as a whole is broken all the same.
    if (reader.result.faults.empty()) reader.result.faults = of_the_whole;
  }
  // Insertion keeps the order of what stands on one line. std::stable_sort would too, but what
  // libstdc++ 12 uses inside it is deprecated, and clang says so.
  const auto earlier = [](const TextFault& a, const TextFault& b) {
    return a.place.line < b.place.line;
  };
  auto& faults = reader.result.faults;
  for (auto fault = faults.begin(); fault != faults.end(); ++fault) {
    std::rotate(std::upper_bound(faults.begin(), fault, *fault, earlier), fault, fault + 1);
  }
  reader.result.serialized = reader.whole->SerializeAsString();
  return std::move(reader.result);
}

absl::StatusOr<std::string> TextProtoSchema::Print(const std::string& message,
                                                   absl::string_view serialized) const {
  const Descriptor* type = pools_->descriptors.FindMessageTypeByName(message);
  if (type == nullptr) return absl::InternalError(absl::StrCat("no schema of ", message));
  std::unique_ptr<Message> parsed(pools_->factory.GetPrototype(type)->New());
  if (!parsed->ParseFromArray(serialized.data(), static_cast<int>(serialized.size()))) {
    return absl::InvalidArgumentError(absl::StrCat("holds no serialized ", message));
  }
  TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(*parsed, &text);
  return text;
}

bool TextProtoSchema::HasField(const std::string& message, const std::string& field) const {
  const Descriptor* type = pools_->descriptors.FindMessageTypeByName(message);
  return type != nullptr && type->FindFieldByName(field) != nullptr;
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
