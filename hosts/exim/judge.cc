// SPDX-License-Identifier: Apache-2.0

#include "hosts/exim/judge.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/proto/engine_config.pb.h"
#include "hosts/common/closest.h"
#include "hosts/common/files.h"
#include "hosts/common/text_proto.h"
#include "hosts/exim/schema.h"

namespace postern {
namespace exim {
namespace {

constexpr char kConfigMessage[] = "postern.v1.EngineConfig";
constexpr char kTableMessage[] = "postern.v1.ReplyTable";

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

// Exim breaks lines that are longer than that where it sees fit, at a colon first of all.
constexpr size_t kWidth = 74;

// Appends `text`, broken at spaces. `used`: what stands on its first line already.
void AppendWrapped(absl::string_view text, size_t used, std::string* message) {
  while (used + text.size() > kWidth) {
    size_t cut = text.rfind(' ', kWidth > used ? kWidth - used : 0);
    // A word that is too long for a line stands on one of its own.
    if (cut == absl::string_view::npos) cut = text.find(' ');
    if (cut == absl::string_view::npos) break;
    absl::StrAppend(message, text.substr(0, cut), "\n");
    text.remove_prefix(cut + 1);
    used = 0;
  }
  absl::StrAppend(message, text);
}

// "5.5.4 " at the beginning of a line of reply text; empty if there is none.
absl::string_view EnhancedCode(absl::string_view text) {
  size_t end = 0;
  for (int part = 0; part < 3; ++part) {
    const size_t begin = end;
    while (end < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[end]))) ++end;
    if (end == begin || end >= text.size() || text[end] != (part < 2 ? '.' : ' ')) return {};
    ++end;
  }
  return text.substr(0, end);
}

// ETRN is refused with 458 (RFC 1985), and Exim takes no other class for it.
std::string ToClass4(absl::string_view message) {
  const bool enhanced = !EnhancedCode(message.substr(4)).empty();
  return absl::StrCat("458 ", enhanced ? "4" : "", message.substr(enhanced ? 5 : 4));
}

}  // namespace

absl::StatusOr<Settings> Settings::Parse(const std::vector<std::string>& arguments) {
  Settings settings;
  const std::vector<std::pair<std::string, std::string*>> known = {
      {"config", &settings.config},
      {"plugin", &settings.plugin},
      {"server_name", &settings.server_name},
      {"table", &settings.table}};
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const auto& [name, value] : known) names.push_back(name);
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    std::string* place = nullptr;
    for (const auto& [candidate, value] : known) {
      if (name == candidate) place = value;
    }
    if (equals == std::string::npos || place == nullptr) {
      const std::string meant = host::Closest(name, names);
      return absl::InvalidArgumentError(
          absl::StrCat("'", argument, "' is no setting; ",
                       meant.empty() ? "" : absl::StrCat("did you mean '", meant, "=...'? "),
                       "there are table=FILE, config=FILE, plugin=FILE and server_name=NAME"));
    }
    *place = argument.substr(equals + 1);
    // Exim's working directory is not what people think of.
    if (place != &settings.server_name && !absl::StartsWith(*place, "/")) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", argument, "': write the whole path, which begins with /"));
    }
  }
  return settings;
}

absl::StatusOr<std::unique_ptr<Judge>> Judge::Create(const Settings& settings) {
  absl::StatusOr<host::Plugin> plugin =
      host::Plugin::Load(settings.plugin.empty() ? PluginBesideModule() : settings.plugin);
  if (!plugin.ok()) {
    return absl::InvalidArgumentError(
        absl::StrReplaceAll(plugin.status().message(), {{"--plugin=PATH", "plugin=PATH"}}));
  }
  const absl::StatusOr<host::TextProtoSchema> schema = host::TextProtoSchema::Create(
      absl::string_view(reinterpret_cast<const char*>(kSchema), kSchemaSize));
  if (!schema.ok()) return schema.status();

  v1::EngineConfig config;
  if (!settings.config.empty()) {
    const absl::StatusOr<std::string> read = schema->SerializeFile(kConfigMessage, settings.config);
    if (!read.ok()) return read.status();
    if (!config.ParseFromString(*read)) {
      return host::FileError(settings.config, "is no serialized postern.v1.EngineConfig");
    }
  }
  if (config.server_name().empty()) config.set_server_name(settings.server_name);
  std::string table;
  if (!settings.table.empty()) {
    absl::StatusOr<std::string> read = schema->SerializeFile(kTableMessage, settings.table);
    if (!read.ok()) return read.status();
    table = *std::move(read);
  }

  auto judge = std::unique_ptr<Judge>(new Judge(*std::move(plugin)));
  const absl::StatusOr<host::TablePtr> loaded = host::LoadTable(judge->plugin_, table);
  if (!loaded.ok()) return host::FileError(settings.table, loaded.status().message());
  postern_host host = {};
  host.struct_size = sizeof(host);
  // The configuration by itself first: what is refused then is not the table's doing.
  absl::StatusOr<host::EnginePtr> made =
      host::CreateEngine(judge->plugin_, host, config.SerializeAsString(), nullptr);
  if (!made.ok()) {
    return host::FileError(settings.config.empty() ? "server_name" : settings.config,
                           made.status().message());
  }
  judge->engine_ = *std::move(made);
  const absl::Status set = host::SetTable(judge->plugin_, judge->engine_.get(), loaded->get());
  if (!set.ok()) return host::FileError(settings.table, set.message());
  const postern_api& api = judge->plugin_.api();
  if (api.struct_size < offsetof(postern_api, inspect) + sizeof(api.inspect) ||
      api.inspect == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(judge->plugin_.path(), " cannot inspect; use a newer libpostern.so"));
  }
  return judge;
}

absl::StatusOr<std::string> Judge::Check(const postern_inspect_context& context,
                                         absl::string_view line) {
  std::string reply(2048, '\0');
  for (;;) {
    postern_verdict verdict = {};
    verdict.struct_size = sizeof(verdict);
    verdict.reply = &reply[0];
    verdict.reply_capacity = reply.size();
    const int32_t result =
        plugin_.api().inspect(engine_.get(), &context,
                              reinterpret_cast<const uint8_t*>(line.data()), line.size(), &verdict);
    if (result < 0) {
      return absl::InternalError(
          absl::StrCat("the engine cannot judge: ", plugin_.api().error_name(result)));
    }
    // What is said of a line that is right is Exim's affair.
    if (verdict.code < 400) return std::string();
    if (verdict.reply_size <= reply.size()) {
      std::string message = ToMessage(absl::string_view(reply).substr(0, verdict.reply_size));
      if (VerbOf(line) == "ETRN") message = ToClass4(message);
      return message;
    }
    reply.resize(verdict.reply_size);
  }
}

std::string ToMessage(absl::string_view reply) {
  std::string message;
  absl::string_view enhanced;
  for (absl::string_view line : absl::StrSplit(reply, "\r\n", absl::SkipEmpty())) {
    absl::string_view text = line.substr(std::min<size_t>(4, line.size()));
    if (message.empty()) {
      enhanced = EnhancedCode(text);
      message = absl::StrCat(line.substr(0, 3), " ", enhanced);
      text.remove_prefix(enhanced.size());
      AppendWrapped(text, message.size(), &message);
      continue;
    }
    // Exim repeats both codes by itself.
    absl::ConsumePrefix(&text, enhanced);
    message.push_back('\n');
    AppendWrapped(text, 0, &message);
  }
  return message;
}

std::string VerbOf(absl::string_view line) {
  return absl::AsciiStrToUpper(line.substr(0, line.find_first_of(" \t:")));
}

}  // namespace exim
}  // namespace postern
