// SPDX-License-Identifier: Apache-2.0
//
// Turns a message written as protobuf text into the serialized octets that the C interface takes,
// with the file, line and column of what is wrong, and back. The schema is looked up in a
// descriptor set that the program carries, so generated lite classes suffice elsewhere.
//
// It does not judge the meaning: the engine checks configurations and tables.
//
// Threads: const calls on any thread.
#ifndef POSTERN_HOSTS_COMMON_TEXT_PROTO_H_
#define POSTERN_HOSTS_COMMON_TEXT_PROTO_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace postern {
namespace host {

// Where something stands in a text; counted from 1, 0 for the text as a whole.
struct TextPlace {
  int line = 0;
  int column = 0;
};

struct TextFault {
  TextPlace place;
  std::string what;  // with the mend behind "; " where one is known
};

// A text read as far as it could be.
struct ParsedText {
  std::string serialized;         // of what was understood
  std::vector<TextFault> faults;  // in the order of the text; empty: all was understood
  // Where each field that is set stands: "replies[3]", "replies[3].text[1]",
  // "engine.limits.errors".
  std::map<std::string, TextPlace> places;
};

class TextProtoSchema {
 public:
  // `descriptor_set`: a serialized google.protobuf.FileDescriptorSet, imports before importers.
  static absl::StatusOr<TextProtoSchema> Create(absl::string_view descriptor_set);

  TextProtoSchema(TextProtoSchema&&) noexcept;
  TextProtoSchema& operator=(TextProtoSchema&&) noexcept;
  ~TextProtoSchema();

  // `message` is a full name such as "postern.v1.ReplyTable"; `file` is named in errors.
  absl::StatusOr<std::string> Serialize(const std::string& message, absl::string_view text,
                                        absl::string_view file) const;

  // The same without stopping at the first fault: unknown fields are left out, and of a text that
  // is broken the entries (that begin at the beginning of a line) that are whole are taken.
  absl::StatusOr<ParsedText> Parse(const std::string& message, absl::string_view text) const;

  // Protobuf text of serialized octets; InvalidArgumentError where they are none of that message.
  absl::StatusOr<std::string> Print(const std::string& message, absl::string_view serialized) const;

  // Whether the message has a field of that name.
  bool HasField(const std::string& message, const std::string& field) const;

  // Reads a file of that message: text, or serialized octets when the name ends in .binpb.
  absl::StatusOr<std::string> SerializeFile(const std::string& message,
                                            const std::string& path) const;

 private:
  struct Pools;
  struct Reader;
  explicit TextProtoSchema(std::unique_ptr<Pools> pools);

  std::unique_ptr<Pools> pools_;
};

}  // namespace host
}  // namespace postern

#endif  // POSTERN_HOSTS_COMMON_TEXT_PROTO_H_
