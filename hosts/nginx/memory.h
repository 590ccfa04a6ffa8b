// SPDX-License-Identifier: Apache-2.0
//
// The engine's memory out of nginx's pools. The plugin asks its host for memory without saying for
// which session; a worker does one thing at a time, so the session that is at work says whose pool
// it is.
//
// Threads and lifetime: nginx's one thread.
#ifndef POSTERN_HOSTS_NGINX_MEMORY_H_
#define POSTERN_HOSTS_NGINX_MEMORY_H_

#include "hosts/nginx/nginx.h"
#include "plugin_api/postern.h"

namespace postern {
namespace nginx {

// While it lives, what the engine allocates comes from `pool`.
class PoolScope {
 public:
  explicit PoolScope(ngx_pool_t* pool);
  ~PoolScope();
  PoolScope(const PoolScope&) = delete;
  PoolScope& operator=(const PoolScope&) = delete;

 private:
  ngx_pool_t* const outer_;
};

// Of a size that nginx keeps apart from the pool's own blocks, so that it can be given back.
void* AllocateApart(ngx_pool_t* pool, size_t size);

// Memory from the pools, and a log that is nginx's.
postern_host PoolHost();

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_MEMORY_H_
