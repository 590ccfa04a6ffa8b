// SPDX-License-Identifier: Apache-2.0
//
// Turns a message written as protobuf text into the serialized octets that the C interface takes,
// with the file, line and column of what is wrong. The schema is looked up in a descriptor set that
// the program carries, so generated lite classes suffice elsewhere.
//
// It does not judge the meaning: the engine checks configurations and tables.
//
// Threads: const calls on any thread.
#ifndef POSTERN_HOSTS_COMMON_TEXT_PROTO_H_
#define POSTERN_HOSTS_COMMON_TEXT_PROTO_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace postern {
namespace host {

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

  // Reads a file of that message: text, or serialized octets when the name ends in .binpb.
  absl::StatusOr<std::string> SerializeFile(const std::string& message,
                                            const std::string& path) const;

 private:
  struct Pools;
  explicit TextProtoSchema(std::unique_ptr<Pools> pools);

  std::unique_ptr<Pools> pools_;
};

}  // namespace host
}  // namespace postern

#endif  // POSTERN_HOSTS_COMMON_TEXT_PROTO_H_
