// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/ground.h"

#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/proto/engine_config.pb.h"
#include "engine/replies/reply_table.h"
#include "hosts/common/files.h"
#include "hosts/posternd/posternd_config.pb.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

absl::Status ReadConfig(const std::string& path, v1::EngineConfig* engine, std::string* table) {
  const absl::StatusOr<SourceFile> file = ReadSource(path);
  if (!file.ok()) return file.status();
  if (!file->parsed.faults.empty()) {
    const host::TextFault& fault = file->parsed.faults[0];
    return host::FileError(absl::StrCat(file->path, ":", fault.place.line, ":", fault.place.column),
                           fault.what);
  }
  if (file->kind == FileKind::kTable) {
    return host::FileError(file->path, "is a reply table; give it with --table");
  }
  if (file->kind == FileKind::kEngine) {
    if (!engine->ParseFromString(file->parsed.serialized)) {
      return host::FileError(file->path, "cannot be decoded");
    }
    return absl::OkStatus();
  }
  posternd::v1::PosterndConfig config;
  if (!config.ParseFromString(file->parsed.serialized)) {
    return host::FileError(file->path, "cannot be decoded");
  }
  *engine = config.engine();
  *table = config.table();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const session::Ground>> ReadGround() {
  v1::EngineConfig engine;
  std::string table_path;
  const std::string config_path = absl::GetFlag(FLAGS_config);
  if (!config_path.empty()) {
    const absl::Status status = ReadConfig(config_path, &engine, &table_path);
    if (!status.ok()) return status;
  }
  if (!absl::GetFlag(FLAGS_table).empty()) table_path = absl::GetFlag(FLAGS_table);
  if (engine.server_name().empty()) engine.set_server_name(absl::GetFlag(FLAGS_server_name));
  const absl::StatusOr<v1::ReplyTable> own = ReadTable(table_path);
  if (!own.ok()) return own.status();
  auto table = replies::ReplyTable::Load(own->SerializeAsString());
  if (!table.ok()) return table.status();
  auto config = session::LoadConfig(engine.SerializeAsString());
  if (!config.ok()) {
    return host::FileError(config_path.empty() ? "--server_name" : config_path,
                           config.status().message());
  }
  auto ground = session::MakeGround(*std::move(config), *std::move(table));
  if (ground == nullptr) {
    return absl::InvalidArgumentError("the replies cannot be made with this server name");
  }
  return ground;
}

}  // namespace ctl
}  // namespace postern
