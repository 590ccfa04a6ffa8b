// SPDX-License-Identifier: Apache-2.0
//
// nginx's headers, which are C and know nothing of C++.
#ifndef POSTERN_HOSTS_NGINX_NGINX_H_
#define POSTERN_HOSTS_NGINX_NGINX_H_

extern "C" {
// The order is nginx's own.
// clang-format off
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_stream.h>
// clang-format on

extern ngx_module_t ngx_stream_postern_module;
}

#endif  // POSTERN_HOSTS_NGINX_NGINX_H_
