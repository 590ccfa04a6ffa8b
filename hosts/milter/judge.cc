// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/judge.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/proto/engine_config.pb.h"
#include "hosts/common/files.h"
#include "hosts/milter/schema.h"

namespace postern {
namespace milter {
namespace {

constexpr char kConfigMessage[] = "postern.v1.EngineConfig";
constexpr char kTableMessage[] = "postern.v1.ReplyTable";

// postern_verdict: 2,048 octets suffice but for HELP, which is tried again with what it takes.
constexpr size_t kReplyOctets = 2048;

// Engine and table complain of a field by its path, which is how the parser names places too:
// "replies[3] NOOP_OK: text line 2: ...", "limits.recipients: ...".
std::string PlaceOf(const std::string& message, const std::string& path,
                    absl::string_view complaint) {
  if (absl::EndsWith(path, ".binpb")) return path;
  const absl::StatusOr<std::string> text = host::ReadFile(path);
  if (!text.ok()) return path;
  const absl::StatusOr<host::ParsedText> parsed = Schema().Parse(message, *text);
  if (!parsed.ok()) return path;
  absl::ConsumePrefix(&complaint, "engine config: ");
  const std::string field(complaint.substr(0, complaint.find_first_of(" :")));
  for (const std::string& name : {absl::StrCat(field, ".id"), field}) {
    const auto place = parsed->places.find(name);
    if (place != parsed->places.end()) return absl::StrCat(path, ":", place->second.line);
  }
  return path;
}

absl::Status Refusal(const std::string& message, const std::string& path,
                     const absl::Status& status, absl::string_view otherwise) {
  if (path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(otherwise, ": ", status.message()));
  }
  return host::FileError(PlaceOf(message, path, status.message()), status.message());
}

void OnUnlessSaid(v1::Switch given, void (v1::Extensions::*set)(v1::Switch), v1::Extensions* all) {
  if (given == v1::SWITCH_DEFAULT) (all->*set)(v1::SWITCH_ON);
}

// What the MTA decides is left to the MTA.
void LeaveToTheMta(v1::EngineConfig* config) {
  v1::Extensions* const all = config->mutable_extensions();
  OnUnlessSaid(all->deliverby(), &v1::Extensions::set_deliverby, all);
  OnUnlessSaid(all->mt_priority(), &v1::Extensions::set_mt_priority, all);
  OnUnlessSaid(all->rrvs(), &v1::Extensions::set_rrvs, all);
  OnUnlessSaid(all->requiretls(), &v1::Extensions::set_requiretls, all);
  OnUnlessSaid(all->auth(), &v1::Extensions::set_auth, all);
  if (all->help() == v1::SWITCH_DEFAULT) all->set_help(v1::SWITCH_OFF);
  if (all->auth() == v1::SWITCH_ON) {
    // AUTH= of MAIL is in force where AUTH is.
    config->set_auth_without_tls(true);
    if (config->auth_mechanisms().empty()) config->add_auth_mechanisms("PLAIN");
  }
}

}  // namespace

const host::TextProtoSchema& Schema() {
  static const host::TextProtoSchema* schema = new host::TextProtoSchema(
      host::TextProtoSchema::Create(
          absl::string_view(reinterpret_cast<const char*>(kSchema), kSchemaSize))
          .value());
  return *schema;
}

absl::StatusOr<std::shared_ptr<const Judge>> Judge::Create(const host::Plugin& plugin,
                                                           const EngineFiles& files,
                                                           const postern_host& host) {
  v1::EngineConfig config;
  if (!files.config.empty()) {
    const absl::StatusOr<std::string> read = Schema().SerializeFile(kConfigMessage, files.config);
    if (!read.ok()) return read.status();
    if (!config.ParseFromString(*read)) {
      return host::FileError(files.config, "is no serialized postern.v1.EngineConfig");
    }
  }
  if (!files.server_name.empty()) config.set_server_name(files.server_name);
  const bool guessed = config.server_name().empty();
  if (guessed) config.set_server_name(files.hostname);
  if (config.extensions().enhancedstatuscodes() == v1::SWITCH_OFF) {
    const absl::Status status = absl::InvalidArgumentError(
        "extensions.enhancedstatuscodes: both Postfix and Sendmail offer it, and libmilter puts a "
        "code of its own where there is none; leave it on");
    return Refusal(kConfigMessage, files.config, status, "");
  }
  if (config.protocol() == v1::PROTOCOL_LMTP) {
    return Refusal(kConfigMessage, files.config,
                   absl::InvalidArgumentError("protocol: milters are asked about SMTP alone; "
                                              "leave it out"),
                   "");
  }
  LeaveToTheMta(&config);

  std::string table;
  if (!files.table.empty()) {
    absl::StatusOr<std::string> read = Schema().SerializeFile(kTableMessage, files.table);
    if (!read.ok()) return read.status();
    table = *std::move(read);
  }
  const absl::StatusOr<host::TablePtr> loaded = host::LoadTable(plugin, table);
  if (!loaded.ok()) {
    return Refusal(kTableMessage, files.table, loaded.status(), "the default reply table");
  }

  auto judge = std::shared_ptr<Judge>(new Judge(plugin));
  v1::EngineConfig content = config;
  content.set_require_auth(false);
  content.set_require_tls(false);
  // Which demands AUTH as well.
  content.set_submission(false);
  for (const auto& [settings, engine] :
       {std::make_pair(&config, &judge->commands_), std::make_pair(&content, &judge->content_)}) {
    // The configuration by itself first: what is refused then is not the table's doing.
    absl::StatusOr<host::EnginePtr> made =
        host::CreateEngine(plugin, host, settings->SerializeAsString(), nullptr);
    if (!made.ok()) {
      const bool named = absl::StrContains(made.status().message(), "server_name") &&
                         (guessed || !files.server_name.empty());
      return Refusal(kConfigMessage, named ? "" : files.config, made.status(), "--server_name");
    }
    *engine = *std::move(made);
    const absl::Status set = host::SetTable(plugin, engine->get(), loaded->get());
    if (!set.ok()) return Refusal(kTableMessage, files.table, set, "the default reply table");
  }
  return std::shared_ptr<const Judge>(std::move(judge));
}

Finding Judge::Inspect(absl::string_view line, uint32_t flags, uint32_t recipients,
                       absl::string_view client) const {
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  context.flags = flags;
  context.recipients = recipients;
  context.client_address = {reinterpret_cast<const uint8_t*>(client.data()), client.size()};
  std::vector<char> reply(kReplyOctets);
  postern_verdict verdict = {};
  Finding finding;
  for (;;) {
    verdict.struct_size = sizeof(verdict);
    verdict.reply = reply.data();
    verdict.reply_capacity = reply.size();
    const int32_t result =
        api().inspect(commands_.get(), &context, reinterpret_cast<const uint8_t*>(line.data()),
                      line.size(), &verdict);
    if (result < 0) {
      finding.failed = true;
      return finding;
    }
    if (verdict.reply_size <= reply.size()) break;
    reply.resize(verdict.reply_size);
  }
  finding.rule = verdict.rule;
  if (verdict.code != 0) {
    finding.failed = !ParseReply({reply.data(), verdict.reply_size}, &finding.reply);
  }
  return finding;
}

}  // namespace milter
}  // namespace postern
