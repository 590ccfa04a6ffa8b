// SPDX-License-Identifier: Apache-2.0
//
// Files that posternctl reads and writes: tables and configurations, as protobuf text or
// serialized. It judges nothing; check.cc does.
//
// Threads: the main thread.
#ifndef POSTERN_TOOLS_POSTERNCTL_TABLE_FILE_H_
#define POSTERN_TOOLS_POSTERNCTL_TABLE_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "engine/proto/reply_table.pb.h"
#include "hosts/common/text_proto.h"

namespace postern {
namespace ctl {

enum class FileKind { kTable, kPosternd, kEngine };

// "postern.v1.ReplyTable" and the like.
const char* MessageOf(FileKind kind);
// "table", "posternd", "engine": the words of --as.
const char* WordOf(FileKind kind);

const host::TextProtoSchema& Schema();

struct SourceFile {
  std::string path;
  FileKind kind = FileKind::kTable;
  bool compiled = false;  // the name ends in .binpb
  std::string content;    // as read
  host::ParsedText
      parsed;  // serialized form, faults and places; of a compiled file the first alone
};

// Reads a file, or standard input for "-". The kind is that of --as, else the one of whose fields
// the text knows most. A status is about reading; faults of the text are in `parsed`.
absl::StatusOr<SourceFile> ReadSource(const std::string& path);

// A table that must be good: faults become one status, the first of them with its place. Empty or
// "default": the default table; "en", "de", ...: a built-in language.
absl::StatusOr<v1::ReplyTable> ReadTable(const std::string& path);

// Octets of a file, "-" for standard input.
absl::StatusOr<std::string> ReadAll(const std::string& path);

// Writes to --output, or to standard output. Gives an exit status.
int WriteOutput(const std::string& octets);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_TABLE_FILE_H_
