// SPDX-License-Identifier: Apache-2.0
//
// Loads libpostern.so and agrees on the C interface (plugin_api/postern.h). This is the one place
// where a host touches dlopen.
//
// It is not a wrapper of the sessions: hosts call through api() and keep to the header's rules.
//
// Threads: Load on any thread; a Plugin is immutable afterwards and usable from all threads. The
// library is never unloaded: sessions on other threads may still be inside it when a host goes
// down.
#ifndef POSTERN_HOSTS_COMMON_PLUGIN_H_
#define POSTERN_HOSTS_COMMON_PLUGIN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "plugin_api/postern.h"

namespace postern {
namespace host {

class Plugin {
 public:
  // Every call that this header version names is there and not null, or Load fails with a sentence
  // that tells what is wrong with the file and what to do.
  static absl::StatusOr<Plugin> Load(const std::string& path);

  const postern_api& api() const { return *api_; }
  std::string version() const;
  const std::string& path() const { return path_; }

 private:
  Plugin(const postern_api* api, std::string path) : api_(api), path_(std::move(path)) {}

  const postern_api* api_;
  std::string path_;
};

// Owning references, given back through the plugin that made them.
struct TableReleaser {
  const postern_api* api = nullptr;
  void operator()(postern_table* table) const { api->table_release(table); }
};
struct EngineReleaser {
  const postern_api* api = nullptr;
  void operator()(postern_engine* engine) const { api->engine_release(engine); }
};
using TablePtr = std::unique_ptr<postern_table, TableReleaser>;
using EnginePtr = std::unique_ptr<postern_engine, EngineReleaser>;

// The engine's refusals as status: the message is the engine's text, lines joined by "; ".
absl::StatusOr<TablePtr> LoadTable(const Plugin& plugin, absl::string_view serialized);
absl::StatusOr<EnginePtr> CreateEngine(const Plugin& plugin, const postern_host& host,
                                       absl::string_view config, postern_table* table);
absl::Status SetConfig(const Plugin& plugin, postern_engine* engine, absl::string_view config);
absl::Status SetTable(const Plugin& plugin, postern_engine* engine, postern_table* table);

// Where libpostern.so lies when nobody says: beside the program, then where Bazel puts it (the
// program's runfiles, its output tree). Falls back to the first of these when none exists, so that
// the error names a place.
std::string DefaultPluginPath();

}  // namespace host
}  // namespace postern

#endif  // POSTERN_HOSTS_COMMON_PLUGIN_H_
