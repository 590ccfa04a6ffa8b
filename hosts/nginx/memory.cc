// SPDX-License-Identifier: Apache-2.0

#include "hosts/nginx/memory.h"

#include <algorithm>

namespace postern {
namespace nginx {
namespace {

ngx_pool_t* g_pool = nullptr;

void* Allocate(void* /*user*/, size_t size) {
  return g_pool == nullptr ? nullptr : AllocateApart(g_pool, size);
}

void Deallocate(void* /*user*/, void* memory, size_t /*size*/) {
  if (g_pool != nullptr) ngx_pfree(g_pool, memory);
}

void Log(void* /*user*/, int32_t severity, const char* text, size_t size) {
  ngx_log_t* const log = g_pool != nullptr ? g_pool->log : ngx_cycle->log;
  const ngx_uint_t level = severity >= POSTERN_LOG_ERROR     ? NGX_LOG_ERR
                           : severity == POSTERN_LOG_WARNING ? NGX_LOG_WARN
                           : severity == POSTERN_LOG_INFO    ? NGX_LOG_INFO
                                                             : NGX_LOG_DEBUG;
  ngx_log_error(level, log, 0, "postern: %*s", size, text);
}

}  // namespace

PoolScope::PoolScope(ngx_pool_t* pool) : outer_(g_pool) { g_pool = pool; }
PoolScope::~PoolScope() { g_pool = outer_; }

void* AllocateApart(ngx_pool_t* pool, size_t size) {
  return ngx_palloc(pool, std::max(size, pool->max + 1));
}

postern_host PoolHost() {
  postern_host host = {};
  host.struct_size = sizeof(host);
  host.log = &Log;
  host.allocate = &Allocate;
  host.deallocate = &Deallocate;
  return host;
}

}  // namespace nginx
}  // namespace postern
