// SPDX-License-Identifier: Apache-2.0
//
// Reading files at the start and on SIGHUP; see reload.h.

#include "hosts/posternd/reload.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hosts/common/files.h"
#include "hosts/posternd/sasl/password_file.h"
#include "hosts/posternd/sasl/token_judge.h"
#include "hosts/posternd/sasl/token_keys.h"

namespace postern {
namespace posternd {
namespace {

bool IsIdOctet(char c) {
  return absl::ascii_isupper(static_cast<unsigned char>(c)) || c == '_' ||
         absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// Where in the configuration the engine's complaint belongs.
absl::Status ConfigError(const Options& options, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(
      options.config_file.empty() ? "--server_name" : absl::StrCat(options.config_file, ": engine"),
      ": ", status.message()));
}

// Null where nobody may log in.
absl::StatusOr<std::shared_ptr<const SaslServer>> LoadSasl(const Options& options) {
  if (!options.has_auth()) return std::shared_ptr<const SaslServer>();
  std::shared_ptr<const PasswordFile> users;
  if (!options.password_file.empty()) {
    absl::StatusOr<std::shared_ptr<const PasswordFile>> loaded =
        PasswordFile::Load(options.password_file);
    if (!loaded.ok()) return loaded.status();
    users = *std::move(loaded);
  }
  SaslOptions sasl;
  sasl.plaintext_without_tls = options.auth_without_tls;
  if (!options.auth_mechanisms.empty()) sasl.only = options.auth_mechanisms;
  std::shared_ptr<const TokenChecker> tokens;
  if (!options.oauth_keys.empty()) {
    absl::StatusOr<std::shared_ptr<const TokenKeys>> keys = TokenKeys::Load(options.oauth_keys);
    if (!keys.ok()) return keys.status();
    TokenRules rules;
    rules.issuer = options.oauth_issuer;
    rules.audience = options.oauth_audience;
    rules.user_claim = options.oauth_user_claim;
    rules.scope = options.oauth_scope;
    rules.algorithms = options.oauth_algorithms;
    rules.leeway_s = options.oauth_leeway_seconds;
    tokens = std::make_shared<TokenJudge>(std::move(rules), *std::move(keys));
    sasl.oauth_error.scope = options.oauth_scope;
    sasl.oauth_error.openid_configuration = options.oauth_openid_configuration;
  }
  std::shared_ptr<const SaslServer> server =
      SaslServer::Create(std::move(sasl), std::move(users), std::move(tokens));
  if (server == nullptr) return absl::InternalError("GNU SASL cannot start");
  return server;
}

}  // namespace

std::string LineOfEntry(absl::string_view table_text, absl::string_view complaint) {
  // "replies[3] NOOP_OK: text line 2: ...": the engine counts entries, and so does the parser.
  const size_t bracket = complaint.find(']');
  const absl::string_view entry =
      bracket == absl::string_view::npos ? absl::string_view() : complaint.substr(0, bracket + 1);
  if (!entry.empty() && !absl::StrContains(entry, ' ')) {
    const absl::StatusOr<host::ParsedText> parsed =
        Schema().Parse("postern.v1.ReplyTable", table_text);
    if (parsed.ok()) {
      // Where its name stands, else where it begins.
      for (const char* name : {".id", ""}) {
        const auto place = parsed->places.find(absl::StrCat(entry, name));
        if (place != parsed->places.end()) return absl::StrCat(place->second.line);
      }
    }
  }
  // Reply ids are words of capitals; the first one in the complaint that the table has decides.
  const std::vector<absl::string_view> lines = absl::StrSplit(table_text, '\n');
  for (size_t i = 0; i < complaint.size();) {
    size_t end = i;
    while (end < complaint.size() && IsIdOctet(complaint[end])) ++end;
    const absl::string_view word = complaint.substr(i, end - i);
    if (word.size() >= 4 && !absl::ascii_isdigit(static_cast<unsigned char>(word[0]))) {
      for (size_t line = 0; line < lines.size(); ++line) {
        const size_t key = lines[line].find("id:");
        if (key == absl::string_view::npos) continue;
        absl::string_view value = absl::StripLeadingAsciiWhitespace(lines[line].substr(key + 3));
        if (!absl::StartsWith(value, word)) continue;
        if (value.size() > word.size() && IsIdOctet(value[word.size()])) continue;
        return absl::StrCat(line + 1);
      }
    }
    i = end + 1;
  }
  return "";
}

std::shared_ptr<const Policy> Loaded::MakePolicy() const {
  auto policy = std::make_shared<Policy>();
  policy->domains = options.domains;
  policy->proxy_networks = options.proxy_networks;
  policy->trusted_networks = options.trusted_networks;
  policy->tls = tls;
  policy->sasl = sasl;
  policy->auth_without_tls = options.auth_without_tls;
  policy->submission = options.submission;
  // Where all have to log in, all can.
  policy->auth_in_submission_alone = options.has_submission_listeners() && !options.require_auth;
  policy->authenticated_header = options.authenticated_header;
  policy->server_name = options.server_name;
  policy->max_connections = options.max_connections;
  policy->max_connections_per_client = options.max_connections_per_client;
  return policy;
}

absl::StatusOr<Loaded> LoadFiles(Options options, const host::Plugin& plugin) {
  Loaded loaded;
  std::string serialized;
  if (!options.table.empty()) {
    absl::StatusOr<std::string> read =
        Schema().SerializeFile("postern.v1.ReplyTable", options.table);
    if (!read.ok()) return read.status();
    serialized = *std::move(read);
  }
  absl::StatusOr<host::TablePtr> table = host::LoadTable(plugin, serialized);
  if (!table.ok()) {
    std::string place = options.table.empty() ? "the default reply table" : options.table;
    const absl::StatusOr<std::string> text = host::ReadFile(options.table);
    if (text.ok() && !absl::EndsWith(options.table, ".binpb")) {
      const std::string line = LineOfEntry(*text, table.status().message());
      if (!line.empty()) absl::StrAppend(&place, ":", line);
    }
    return host::FileError(place, table.status().message());
  }
  loaded.table = *std::move(table);
  if (!options.tls_cert.empty()) {
    absl::StatusOr<std::shared_ptr<const TlsContext>> tls =
        TlsContext::Load(options.tls_cert, options.tls_key, options.tls_client_ca);
    if (!tls.ok()) return tls.status();
    loaded.tls = *std::move(tls);
  }
  absl::StatusOr<std::shared_ptr<const SaslServer>> sasl = LoadSasl(options);
  if (!sasl.ok()) return sasl.status();
  loaded.sasl = *std::move(sasl);
  loaded.options = std::move(options);
  return loaded;
}

absl::Status Apply(const Loaded& loaded, const std::string& old_config, const host::Plugin& plugin,
                   postern_engine* engine) {
  absl::Status status = host::SetConfig(plugin, engine, loaded.options.engine_config);
  if (!status.ok()) return ConfigError(loaded.options, status);
  status = host::SetTable(plugin, engine, loaded.table.get());
  if (status.ok()) return status;
  // The old configuration was in force with the old table a moment ago.
  host::SetConfig(plugin, engine, old_config).IgnoreError();
  return host::FileError(loaded.options.table.empty() ? "reply table" : loaded.options.table,
                         status.message());
}

std::vector<std::string> FilesOf(const Options& options) {
  std::vector<std::string> files = {options.config_file,   options.table,
                                    options.tls_cert,      options.tls_key,
                                    options.tls_client_ca, options.password_file};
  files.insert(files.end(), options.oauth_keys.begin(), options.oauth_keys.end());
  return files;
}

std::vector<std::string> ChangesThatNeedRestart(const Options& before, const Options& after) {
  std::vector<std::string> changed;
  const auto same_endpoints = [](const std::vector<host::Endpoint>& a,
                                 const std::vector<host::Endpoint>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i].ToString() != b[i].ToString()) return false;
    }
    return true;
  };
  if (!same_endpoints(before.listen, after.listen)) changed.push_back("listen");
  if (!same_endpoints(before.listen_tls, after.listen_tls)) changed.push_back("listen_tls");
  if (!same_endpoints(before.listen_submission, after.listen_submission)) {
    changed.push_back("listen_submission");
  }
  if (!same_endpoints(before.listen_submissions, after.listen_submissions)) {
    changed.push_back("listen_submissions");
  }
  if (before.maildir != after.maildir) changed.push_back("maildir");
  if (before.discard != after.discard) changed.push_back("discard");
  const auto name = [](const Options& options) {
    return options.upstream_target.has_value() ? options.upstream_target->name : std::string();
  };
  if (name(before) != name(after)) changed.push_back("upstream");
  if (before.upstream_identity != after.upstream_identity) changed.push_back("upstream_identity");
  if (before.idle_upstreams != after.idle_upstreams) changed.push_back("idle_upstreams");
  if (before.max_upstream_programs != after.max_upstream_programs) {
    changed.push_back("max_upstream_programs");
  }
  if (before.plugin != after.plugin) changed.push_back("plugin");
  if (before.user != after.user) changed.push_back("user");
  if (before.threads != after.threads) changed.push_back("threads");
  if (before.delivery_threads != after.delivery_threads) changed.push_back("delivery_threads");
  if (before.watch != after.watch) changed.push_back("watch");
  if (before.auth_failures_per_client != after.auth_failures_per_client) {
    changed.push_back("auth_failures_per_client");
  }
  if (before.auth_failures_per_user != after.auth_failures_per_user) {
    changed.push_back("auth_failures_per_user");
  }
  if (before.log.file != after.log.file) changed.push_back("log_file");
  if (before.log.format != after.log.format) changed.push_back("log_format");
  if (before.log.verbose != after.log.verbose) changed.push_back("verbose");
  return changed;
}

}  // namespace posternd
}  // namespace postern
