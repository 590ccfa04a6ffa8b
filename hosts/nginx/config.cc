// SPDX-License-Identifier: Apache-2.0

#include "hosts/nginx/config.h"

#include <exception>
#include <memory>
#include <new>
#include <string>

#include "absl/status/status.h"
#include "hosts/nginx/memory.h"
#include "hosts/nginx/session.h"

namespace postern {
namespace nginx {
namespace {

char* const kOk = NGX_CONF_OK;
char* const kError = static_cast<char*>(NGX_CONF_ERROR);

// nginx's directive functions return what is wrong, as a char*.
char* Complaint(const char* text) { return const_cast<char*>(text); }

ngx_str_t* Arguments(ngx_conf_t* cf) { return static_cast<ngx_str_t*>(cf->args->elts); }

void Note(ngx_conf_t* cf, Setting* setting) {
  setting->value = Arguments(cf)[1];
  setting->file = cf->conf_file->file.name;
  setting->line = cf->conf_file->line;
}

char* SetText(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
  auto* const setting = reinterpret_cast<Setting*>(static_cast<char*>(conf) + command->offset);
  if (setting->value.data != nullptr) return Complaint("is duplicate");
  Note(cf, setting);
  return kOk;
}

// A path, which begins where nginx.conf lies if it is relative.
char* SetPath(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
  char* const result = SetText(cf, command, conf);
  if (result != kOk) return result;
  auto* const setting = reinterpret_cast<Setting*>(static_cast<char*>(conf) + command->offset);
  if (ngx_conf_full_name(cf->cycle, &setting->value, 1) != NGX_OK) return kError;
  return kOk;
}

char* SetPass(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf) {
  auto* const config = static_cast<ServerConfig*>(conf);
  if (config->upstream != nullptr) return Complaint("is duplicate");
  auto* const core = static_cast<ngx_stream_core_srv_conf_t*>(
      ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_core_module));
  if (core->handler != nullptr) return Complaint("stands beside another handler of this server");
  Note(cf, &config->pass);
  ngx_url_t url;
  ngx_memzero(&url, sizeof(url));
  url.url = Arguments(cf)[1];
  url.no_resolve = 1;
  config->upstream = ngx_stream_upstream_add(cf, &url, 0);
  if (config->upstream == nullptr) return kError;
  core->handler = &Session::Begin;
  return kOk;
}

ngx_conf_enum_t kIdentities[] = {
    {ngx_string("none"), static_cast<ngx_uint_t>(upstream::IdentityMode::kNone)},
    {ngx_string("xclient"), static_cast<ngx_uint_t>(upstream::IdentityMode::kXclient)},
    {ngx_string("xforward"), static_cast<ngx_uint_t>(upstream::IdentityMode::kXforward)},
    {ngx_string("proxy1"), static_cast<ngx_uint_t>(upstream::IdentityMode::kProxy1)},
    {ngx_string("proxy2"), static_cast<ngx_uint_t>(upstream::IdentityMode::kProxy2)},
    {ngx_null_string, 0},
};

ngx_conf_enum_t kProtocols[] = {
    {ngx_string("smtp"), static_cast<ngx_uint_t>(upstream::Protocol::kSmtp)},
    {ngx_string("lmtp"), static_cast<ngx_uint_t>(upstream::Protocol::kLmtp)},
    {ngx_null_string, 0},
};

void Inherit(Setting* own, const Setting& parents) {
  if (own->value.data == nullptr) *own = parents;
}

std::string ToString(const Setting& setting) {
  return std::string(reinterpret_cast<const char*>(setting.value.data), setting.value.len);
}

// The directive that the complaint is about; the one that asks for the engine if it is none of
// these.
const Setting& Blamed(const ServerConfig& config, const std::string& complaint) {
  for (const Setting* setting : {&config.table, &config.config, &config.plugin}) {
    if (setting->value.data != nullptr && complaint.find(ToString(*setting)) != std::string::npos) {
      return *setting;
    }
  }
  if (config.server_name.value.data != nullptr &&
      complaint.find("server_name") != std::string::npos) {
    return config.server_name;
  }
  return config.pass;
}

void CloseEngine(void* engine) { delete static_cast<Engine*>(engine); }

char* MakeEngine(ngx_conf_t* cf, ServerConfig* config) {
  EngineFiles files;
  files.plugin =
      config->plugin.value.data != nullptr ? ToString(config->plugin) : PluginBesideModule();
  files.config = ToString(config->config);
  files.table = ToString(config->table);
  files.server_name = ToString(config->server_name);
  files.hostname.assign(reinterpret_cast<const char*>(cf->cycle->hostname.data),
                        cf->cycle->hostname.len);
  absl::StatusOr<std::unique_ptr<Engine>> made = Engine::Create(files, PoolHost());
  if (!made.ok()) {
    const std::string complaint(made.status().message());
    const Setting& blamed = Blamed(*config, complaint);
    // As ngx_conf_log_error() words it, which would name the end of the file here.
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%*s in %V:%ui", complaint.size(), complaint.data(),
                  &blamed.file, blamed.line);
    return kError;
  }
  ngx_pool_cleanup_t* const cleanup = ngx_pool_cleanup_add(cf->pool, 0);
  void* const place = ngx_palloc(cf->pool, sizeof(upstream::Options));
  if (cleanup == nullptr || place == nullptr) return kError;
  config->engine = made->release();
  cleanup->handler = &CloseEngine;
  cleanup->data = config->engine;

  auto* const options = new (place) upstream::Options();
  options->protocol = static_cast<upstream::Protocol>(config->protocol);
  options->identity = static_cast<upstream::IdentityMode>(config->identity);
  options->chunking = config->chunking != 0;
  options->timeouts.connect = config->connect_timeout;
  options->timeouts.greeting = config->greeting_timeout;
  options->name.Assign(config->engine->server_name());
  config->options = options;
  return kOk;
}

// nginx 1.22 makes the TLS context of a server only where a `listen` says `ssl`. STARTTLS needs it
// as well, so the TLS module is told that it does, and merges once more: what is set stays, and the
// context is made.
char* MakeTls(ngx_conf_t* cf, ServerConfig* config) {
  auto* const tls = static_cast<ngx_stream_ssl_conf_t*>(
      ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_ssl_module));
  const bool certificate = tls->certificates != nullptr;
  if (config->starttls == NGX_CONF_UNSET) config->starttls = certificate ? 1 : 0;
  if (config->starttls == 0) return kOk;
  if (!certificate) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "no \"ssl_certificate\" is defined for \"postern_starttls on\" in %V:%ui",
                  &config->pass.file, config->pass.line);
    return kError;
  }
  config->can_starttls = true;
  if (tls->ssl.ctx != nullptr) return kOk;
  tls->listen = 1;
  tls->file = config->pass.file.data;
  tls->line = config->pass.line;
  auto* const stream =
      reinterpret_cast<ngx_stream_conf_ctx_t*>(cf->cycle->conf_ctx[ngx_stream_module.index]);
  auto* const module = static_cast<ngx_stream_module_t*>(ngx_stream_ssl_module.ctx);
  return module->merge_srv_conf(cf, stream->srv_conf[ngx_stream_ssl_module.ctx_index], tls);
}

}  // namespace

#define POSTERN_SETTING(name, set, member)                      \
  {ngx_string(name),                                            \
   NGX_STREAM_MAIN_CONF | NGX_STREAM_SRV_CONF | NGX_CONF_TAKE1, \
   set,                                                         \
   NGX_STREAM_SRV_CONF_OFFSET,                                  \
   offsetof(ServerConfig, member),                              \
   nullptr}
#define POSTERN_VALUE(name, kind, set, member, post)    \
  {ngx_string(name),                                    \
   NGX_STREAM_MAIN_CONF | NGX_STREAM_SRV_CONF | (kind), \
   set,                                                 \
   NGX_STREAM_SRV_CONF_OFFSET,                          \
   offsetof(ServerConfig, member),                      \
   post}

ngx_command_t kCommands[] = {
    {ngx_string("postern_pass"), NGX_STREAM_SRV_CONF | NGX_CONF_TAKE1, &SetPass,
     NGX_STREAM_SRV_CONF_OFFSET, 0, nullptr},
    POSTERN_SETTING("postern_plugin", &SetPath, plugin),
    POSTERN_SETTING("postern_config", &SetPath, config),
    POSTERN_SETTING("postern_table", &SetPath, table),
    POSTERN_SETTING("postern_server_name", &SetText, server_name),
    POSTERN_VALUE("postern_identity", NGX_CONF_TAKE1, &ngx_conf_set_enum_slot, identity,
                  kIdentities),
    POSTERN_VALUE("postern_protocol", NGX_CONF_TAKE1, &ngx_conf_set_enum_slot, protocol,
                  kProtocols),
    POSTERN_VALUE("postern_chunking", NGX_CONF_FLAG, &ngx_conf_set_flag_slot, chunking, nullptr),
    POSTERN_VALUE("postern_starttls", NGX_CONF_FLAG, &ngx_conf_set_flag_slot, starttls, nullptr),
    POSTERN_VALUE("postern_connect_timeout", NGX_CONF_TAKE1, &ngx_conf_set_msec_slot,
                  connect_timeout, nullptr),
    POSTERN_VALUE("postern_greeting_timeout", NGX_CONF_TAKE1, &ngx_conf_set_msec_slot,
                  greeting_timeout, nullptr),
    POSTERN_VALUE("postern_next_upstream_tries", NGX_CONF_TAKE1, &ngx_conf_set_num_slot, tries,
                  nullptr),
    ngx_null_command,
};

#undef POSTERN_SETTING
#undef POSTERN_VALUE

void* CreateServerConfig(ngx_conf_t* cf) {
  auto* const config = static_cast<ServerConfig*>(ngx_pcalloc(cf->pool, sizeof(ServerConfig)));
  if (config == nullptr) return nullptr;
  config->identity = NGX_CONF_UNSET_UINT;
  config->protocol = NGX_CONF_UNSET_UINT;
  config->chunking = NGX_CONF_UNSET;
  config->starttls = NGX_CONF_UNSET;
  config->connect_timeout = NGX_CONF_UNSET_MSEC;
  config->greeting_timeout = NGX_CONF_UNSET_MSEC;
  config->tries = NGX_CONF_UNSET_UINT;
  return config;
}

char* MergeServerConfig(ngx_conf_t* cf, void* parent, void* child) {
  const auto& above = *static_cast<const ServerConfig*>(parent);
  auto* const config = static_cast<ServerConfig*>(child);
  Inherit(&config->plugin, above.plugin);
  Inherit(&config->config, above.config);
  Inherit(&config->table, above.table);
  Inherit(&config->server_name, above.server_name);
  ngx_conf_merge_uint_value(config->identity, above.identity,
                            static_cast<ngx_uint_t>(upstream::IdentityMode::kNone));
  ngx_conf_merge_uint_value(config->protocol, above.protocol,
                            static_cast<ngx_uint_t>(upstream::Protocol::kSmtp));
  ngx_conf_merge_value(config->chunking, above.chunking, 1);
  ngx_conf_merge_value(config->starttls, above.starttls, NGX_CONF_UNSET);
  ngx_conf_merge_msec_value(config->connect_timeout, above.connect_timeout, 30000);
  // Less than the five minutes of RFC 5321 section 4.5.3.2.1, which are also what the client's MAIL
  // waits for a decision: the next server of the group is to have its turn.
  ngx_conf_merge_msec_value(config->greeting_timeout, above.greeting_timeout, 120000);
  ngx_conf_merge_uint_value(config->tries, above.tries, 0);
  if (config->upstream == nullptr) return kOk;
  // Nothing may be thrown through nginx.
  try {
    char* const result = MakeEngine(cf, config);
    return result == kOk ? MakeTls(cf, config) : result;
  } catch (const std::exception& error) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "postern: %s in %V:%ui", error.what(),
                  &config->pass.file, config->pass.line);
    return kError;
  }
}

}  // namespace nginx
}  // namespace postern
