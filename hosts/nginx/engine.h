// SPDX-License-Identifier: Apache-2.0
//
// What one server {} of nginx.conf has of Postern: the plugin, an engine with configuration and
// table, and what is known of the upstream servers. Made by the master when it reads nginx.conf, so
// that `nginx -t` finds what is wrong; each worker inherits a copy of its own.
//
// Threads and lifetime: nginx's one thread. Belongs to the configuration (cycle) that it was read
// for; sessions hold what they began with until they end, which old workers do after a reload.
#ifndef POSTERN_HOSTS_NGINX_ENGINE_H_
#define POSTERN_HOSTS_NGINX_ENGINE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hosts/common/plugin.h"
#include "hosts/common/upstream/client.h"
#include "plugin_api/postern.h"

namespace postern {
namespace nginx {

struct EngineFiles {
  std::string plugin;       // libpostern.so
  std::string config;       // EngineConfig as protobuf text; empty: none
  std::string table;        // ReplyTable; empty: the default table
  std::string server_name;  // empty: as `config` says
  std::string hostname;     // where nobody names the server
};

class Engine {
 public:
  // The message of a refusal begins with the file, and its line where there is one.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const EngineFiles& files,
                                                        const postern_host& host);

  const postern_api& api() const { return plugin_.api(); }
  postern_engine* engine() const { return engine_.get(); }
  const std::string& server_name() const { return server_name_; }

  // What the upstream servers offer bounds what clients are offered, from the next session on.
  // Before they are seen, nothing is offered that hangs on them. True if that changed something.
  bool Observe(const upstream::Capabilities& capabilities);
  bool observed() const { return observed_; }

 private:
  explicit Engine(host::Plugin plugin) : plugin_(std::move(plugin)) {}

  host::Plugin plugin_;
  host::EnginePtr engine_;
  std::string server_name_;
  std::string config_;  // serialized, as configured
  bool observed_ = false;
  upstream::Capabilities offered_;
};

// libpostern.so beside the module, where nobody names another.
std::string PluginBesideModule();

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_ENGINE_H_
