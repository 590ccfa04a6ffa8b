// SPDX-License-Identifier: Apache-2.0
//
// nginx's variables of the module, for log_format and `map`.
//
// Threads: nginx's one thread.
#ifndef POSTERN_HOSTS_NGINX_VARIABLES_H_
#define POSTERN_HOSTS_NGINX_VARIABLES_H_

#include "hosts/nginx/nginx.h"

namespace postern {
namespace nginx {

ngx_int_t AddVariables(ngx_conf_t* cf);

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_VARIABLES_H_
