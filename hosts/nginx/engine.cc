// SPDX-License-Identifier: Apache-2.0

#include "hosts/nginx/engine.h"

#include <dlfcn.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "engine/proto/engine_config.pb.h"
#include "hosts/common/files.h"
#include "hosts/common/offer.h"
#include "hosts/common/text_proto.h"
#include "hosts/nginx/schema.h"

namespace postern {
namespace nginx {
namespace {

constexpr char kConfigMessage[] = "postern.v1.EngineConfig";
constexpr char kTableMessage[] = "postern.v1.ReplyTable";

absl::StatusOr<host::TextProtoSchema> Schema() {
  return host::TextProtoSchema::Create(
      absl::string_view(reinterpret_cast<const char*>(kSchema), kSchemaSize));
}

// Engine and table complain of a field by its path, which is how the parser names places too:
// "replies[3] NOOP_OK: text line 2: ...", "limits.recipients: ...".
std::string PlaceOf(const host::TextProtoSchema& schema, const std::string& message,
                    const std::string& path, absl::string_view complaint) {
  if (path.empty() || absl::EndsWith(path, ".binpb")) return path;
  const absl::StatusOr<std::string> text = host::ReadFile(path);
  if (!text.ok()) return path;
  const absl::StatusOr<host::ParsedText> parsed = schema.Parse(message, *text);
  if (!parsed.ok()) return path;
  absl::ConsumePrefix(&complaint, "engine config: ");
  const std::string field(complaint.substr(0, complaint.find_first_of(" :")));
  for (const std::string& name : {absl::StrCat(field, ".id"), field}) {
    const auto place = parsed->places.find(name);
    if (place != parsed->places.end()) return absl::StrCat(path, ":", place->second.line);
  }
  return path;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const EngineFiles& files,
                                                       const postern_host& host) {
  absl::StatusOr<host::Plugin> plugin = host::Plugin::Load(files.plugin);
  if (!plugin.ok()) {
    return absl::InvalidArgumentError(
        absl::StrReplaceAll(plugin.status().message(), {{"--plugin=PATH", "postern_plugin PATH"}}));
  }
  const absl::StatusOr<host::TextProtoSchema> schema = Schema();
  if (!schema.ok()) return schema.status();

  v1::EngineConfig config;
  if (!files.config.empty()) {
    const absl::StatusOr<std::string> read = schema->SerializeFile(kConfigMessage, files.config);
    if (!read.ok()) return read.status();
    if (!config.ParseFromString(*read)) {
      return host::FileError(files.config, "is no serialized postern.v1.EngineConfig");
    }
  }
  if (!files.server_name.empty()) config.set_server_name(files.server_name);
  const bool guessed = config.server_name().empty();
  if (guessed) config.set_server_name(files.hostname);

  std::string table;
  if (!files.table.empty()) {
    absl::StatusOr<std::string> read = schema->SerializeFile(kTableMessage, files.table);
    if (!read.ok()) return read.status();
    table = *std::move(read);
  }

  auto engine = std::unique_ptr<Engine>(new Engine(*std::move(plugin)));
  engine->server_name_ = config.server_name();
  engine->config_ = config.SerializeAsString();
  const absl::StatusOr<host::TablePtr> loaded = host::LoadTable(engine->plugin_, table);
  if (!loaded.ok()) {
    return host::FileError(PlaceOf(*schema, kTableMessage, files.table, loaded.status().message()),
                           loaded.status().message());
  }
  // The configuration by itself first: what is refused then is not the table's doing.
  absl::StatusOr<host::EnginePtr> made =
      host::CreateEngine(engine->plugin_, host, engine->config_, nullptr);
  if (!made.ok()) {
    const absl::string_view complaint = made.status().message();
    if (absl::StrContains(complaint, "server_name") && (guessed || !files.server_name.empty())) {
      return absl::InvalidArgumentError(absl::StrCat("postern_server_name: ", complaint));
    }
    return host::FileError(PlaceOf(*schema, kConfigMessage, files.config, complaint), complaint);
  }
  engine->engine_ = *std::move(made);
  const absl::Status set = host::SetTable(engine->plugin_, engine->engine_.get(), loaded->get());
  if (!set.ok()) {
    return host::FileError(PlaceOf(*schema, kTableMessage, files.table, set.message()),
                           set.message());
  }
  const absl::Status bounded = host::SetConfig(engine->plugin_, engine->engine_.get(),
                                               host::OfferOnly(engine->config_, engine->offered_));
  if (!bounded.ok()) return bounded;
  return engine;
}

bool Engine::Observe(const upstream::Capabilities& capabilities) {
  const upstream::Capabilities seen = host::ThatMatter(capabilities);
  if (observed_ && seen == offered_) return false;
  observed_ = true;
  offered_ = seen;
  // What was in force stays if the engine will not have it.
  return host::SetConfig(plugin_, engine_.get(), host::OfferOnly(config_, offered_)).ok();
}

std::string PluginBesideModule() {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<const void*>(&kSchemaSize), &info) == 0 ||
      info.dli_fname == nullptr) {
    return "libpostern.so";
  }
  const std::string module(info.dli_fname);
  const size_t slash = module.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : module.substr(0, slash);
  return absl::StrCat(folder, "/libpostern.so");
}

}  // namespace nginx
}  // namespace postern
