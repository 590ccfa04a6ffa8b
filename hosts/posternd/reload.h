// SPDX-License-Identifier: Apache-2.0
//
// What is read from files at the start and again on SIGHUP: configuration, reply table, certificate
// and key, passwords, keys of tokens. All of it is read and checked before any of it is used, so a
// bad file changes nothing.
//
// Threads: the main thread.
#ifndef POSTERN_HOSTS_POSTERND_RELOAD_H_
#define POSTERN_HOSTS_POSTERND_RELOAD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hosts/common/plugin.h"
#include "hosts/posternd/loop.h"
#include "hosts/posternd/options.h"
#include "hosts/posternd/tls.h"

namespace postern {
namespace posternd {

struct Loaded {
  Options options;
  host::TablePtr table;  // never null: without a file, the plugin's default table
  std::shared_ptr<const TlsContext> tls;
  std::shared_ptr<const SaslServer> sasl;  // null: nobody may log in

  std::shared_ptr<const Policy> MakePolicy() const;
};

// The table, the certificate, the passwords and the keys of tokens that `options` name.
absl::StatusOr<Loaded> LoadFiles(Options options, const host::Plugin& plugin);

// Puts table and configuration into the engine, both or none: `old_config` comes back when the new
// table is refused.
absl::Status Apply(const Loaded& loaded, const std::string& old_config, const host::Plugin& plugin,
                   postern_engine* engine);

// The files that a reload reads; empty where none is named.
std::vector<std::string> FilesOf(const Options& options);

// Which options differ that only a restart can change.
std::vector<std::string> ChangesThatNeedRestart(const Options& before, const Options& after);

// The line of a text table on which the entry that `complaint` names begins: "12"; empty if it
// names none. The plugin sees the table without its lines.
std::string LineOfEntry(absl::string_view table_text, absl::string_view complaint);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_RELOAD_H_
