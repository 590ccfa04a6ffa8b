// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/table_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/replies/reply_table.h"
#include "hosts/common/files.h"
#include "tools/posternctl/command_line.h"
#include "tools/posternctl/embedded.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/languages.h"

namespace postern {
namespace ctl {
namespace {

constexpr FileKind kKinds[] = {FileKind::kTable, FileKind::kPosternd, FileKind::kEngine};

absl::StatusOr<std::string> ReadStandardInput() {
  std::string content;
  char buffer[64 * 1024];
  size_t count;
  while ((count = fread(buffer, 1, sizeof(buffer), stdin)) > 0) {
    content.append(buffer, count);
    if (content.size() > host::kMaxFileOctets) {
      return absl::InvalidArgumentError("standard input: is larger than 16 MiB");
    }
  }
  if (ferror(stdin) != 0) return absl::InvalidArgumentError("standard input: cannot be read");
  return content;
}

// A text of all three kinds is possible only where it is empty; a table it is then.
absl::StatusOr<FileKind> FindKind(const std::string& text) {
  const std::string as = absl::GetFlag(FLAGS_as);
  if (!as.empty()) {
    for (const FileKind kind : kKinds) {
      if (as == WordOf(kind)) return kind;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("--as=", as, ": write table, posternd or engine"));
  }
  FileKind best = FileKind::kTable;
  size_t least = static_cast<size_t>(-1);
  for (const FileKind kind : kKinds) {
    absl::StatusOr<host::ParsedText> parsed = Schema().Parse(MessageOf(kind), text);
    if (!parsed.ok()) return parsed.status();
    // Faults in fields that were understood do not count against a kind that understands more.
    const size_t misfit = parsed->faults.size() * 1000 / (parsed->places.size() + 1);
    if (misfit < least) {
      least = misfit;
      best = kind;
    }
  }
  return best;
}

}  // namespace

const char* MessageOf(FileKind kind) {
  switch (kind) {
    case FileKind::kPosternd:
      return "postern.posternd.v1.PosterndConfig";
    case FileKind::kEngine:
      return "postern.v1.EngineConfig";
    default:
      return "postern.v1.ReplyTable";
  }
}

const char* WordOf(FileKind kind) {
  switch (kind) {
    case FileKind::kPosternd:
      return "posternd";
    case FileKind::kEngine:
      return "engine";
    default:
      return "table";
  }
}

const host::TextProtoSchema& Schema() {
  static const host::TextProtoSchema* const schema = [] {
    absl::StatusOr<host::TextProtoSchema> made = host::TextProtoSchema::Create(
        absl::string_view(reinterpret_cast<const char*>(kSchema), kSchemaSize));
    return new host::TextProtoSchema(std::move(made).value());
  }();
  return *schema;
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  return path == "-" ? ReadStandardInput() : host::ReadFile(path);
}

absl::StatusOr<SourceFile> ReadSource(const std::string& path) {
  SourceFile file;
  file.path = path == "-" ? "standard input" : path;
  absl::StatusOr<std::string> content = ReadAll(path);
  if (!content.ok()) return content.status();
  file.content = *std::move(content);
  file.compiled = absl::EndsWith(path, ".binpb");
  if (file.compiled) {
    if (!absl::GetFlag(FLAGS_as).empty()) {
      const absl::StatusOr<FileKind> kind = FindKind("");
      if (!kind.ok()) return kind.status();
      file.kind = *kind;
    }
    file.parsed.serialized = file.content;
    return file;
  }
  const absl::StatusOr<FileKind> kind = FindKind(file.content);
  if (!kind.ok()) return kind.status();
  file.kind = *kind;
  absl::StatusOr<host::ParsedText> parsed = Schema().Parse(MessageOf(file.kind), file.content);
  if (!parsed.ok()) return parsed.status();
  file.parsed = *std::move(parsed);
  return file;
}

absl::StatusOr<v1::ReplyTable> ReadTable(const std::string& path) {
  std::string serialized;
  std::string name = path;
  if (path.empty() || path == "default") {
    name = "the default table";
    serialized = DefaultTable().SerializeAsString();
  } else {
    absl::StatusOr<SourceFile> file = ReadSource(path);
    if (!file.ok()) return file.status();
    if (file->kind != FileKind::kTable) {
      return host::FileError(file->path, "is a configuration; name a reply table");
    }
    if (!file->parsed.faults.empty()) {
      const host::TextFault& fault = file->parsed.faults[0];
      return host::FileError(
          absl::StrCat(file->path, ":", fault.place.line, ":", fault.place.column), fault.what);
    }
    name = file->path;
    serialized = std::move(file->parsed.serialized);
  }
  const std::vector<std::string> problems = replies::ReplyTable::Check(serialized);
  if (!problems.empty()) {
    return host::FileError(
        name, absl::StrCat(
                  problems[0],
                  problems.size() > 1 ? absl::StrCat(" (and ", problems.size() - 1, " more)") : "",
                  "; posternctl check tells all with their lines"));
  }
  v1::ReplyTable table;
  if (!table.ParseFromString(serialized)) return host::FileError(name, "cannot be decoded");
  return table;
}

int WriteOutput(const std::string& octets) {
  const std::string path = absl::GetFlag(FLAGS_output);
  FILE* out = path.empty() || path == "-" ? stdout : fopen(path.c_str(), "wb");
  if (out == nullptr) {
    return Fail(absl::StrCat(path, ": cannot be written: ", strerror(errno)));
  }
  const bool good = fwrite(octets.data(), 1, octets.size(), out) == octets.size();
  const bool closed = out == stdout ? fflush(out) == 0 : fclose(out) == 0;
  if (good && closed) return kFine;
  return Fail(absl::StrCat(path.empty() ? "standard output" : path,
                           ": cannot be written: ", strerror(errno)));
}

}  // namespace ctl
}  // namespace postern
