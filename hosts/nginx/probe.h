// SPDX-License-Identifier: Apache-2.0
//
// Asks the servers behind what they offer when a worker begins, so that its first client is offered
// it. nginx's balancers choose for a client, and here is none: the servers are asked in the order
// in which they stand, and the first that answers counts, until a client's connection tells more.
//
// Threads and lifetime: nginx's one thread; in the worker's pool.
#ifndef POSTERN_HOSTS_NGINX_PROBE_H_
#define POSTERN_HOSTS_NGINX_PROBE_H_

#include "hosts/nginx/nginx.h"

namespace postern {
namespace nginx {

// For each server {} of ours. NGX_ERROR: no memory.
ngx_int_t StartProbes(ngx_cycle_t* cycle);

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_PROBE_H_
