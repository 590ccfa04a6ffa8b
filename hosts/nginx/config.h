// SPDX-License-Identifier: Apache-2.0
//
// The directives of the module: what stands in nginx.conf, read, inherited and checked.
//
// Threads and lifetime: nginx's one thread; in the configuration's pool.
#ifndef POSTERN_HOSTS_NGINX_CONFIG_H_
#define POSTERN_HOSTS_NGINX_CONFIG_H_

#include "hosts/common/upstream/client.h"
#include "hosts/nginx/engine.h"
#include "hosts/nginx/nginx.h"

namespace postern {
namespace nginx {

// A directive's argument, and where it stands, for complaints that come up later.
struct Setting {
  ngx_str_t value;  // data null: not given
  ngx_str_t file;
  ngx_uint_t line;
};

struct ServerConfig {
  ngx_stream_upstream_srv_conf_t* upstream;  // null: this server is not ours
  Setting pass;
  Setting plugin;
  Setting config;
  Setting table;
  Setting server_name;
  ngx_uint_t identity;  // upstream::IdentityMode
  ngx_uint_t protocol;  // upstream::Protocol
  ngx_flag_t chunking;
  ngx_flag_t starttls;
  ngx_msec_t connect_timeout;
  ngx_msec_t greeting_timeout;
  ngx_uint_t tries;  // 0: as many as there are servers

  // Made when all is read.
  Engine* engine;
  const upstream::Options* options;
  bool can_starttls;
};

extern ngx_command_t kCommands[];

void* CreateServerConfig(ngx_conf_t* cf);
char* MergeServerConfig(ngx_conf_t* cf, void* parent, void* child);

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_CONFIG_H_
