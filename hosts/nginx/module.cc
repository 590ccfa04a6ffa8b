// SPDX-License-Identifier: Apache-2.0
//
// ngx_stream_postern_module: Postern as a handler of nginx's stream servers (docs/hosts/nginx.md).
// Here is only what nginx asks a module for.
//
// Threads and lifetime: nginx's; loaded by `load_module` after ngx_stream_module.so.

#include "hosts/nginx/config.h"
#include "hosts/nginx/nginx.h"
#include "hosts/nginx/probe.h"
#include "hosts/nginx/session.h"
#include "hosts/nginx/variables.h"

namespace {

ngx_int_t InitProcess(ngx_cycle_t* cycle) {
  // Processes that tend caches are asked as well.
  if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) return NGX_OK;
  if (!postern::nginx::Session::MakeBuffer(cycle)) return NGX_ERROR;
  return postern::nginx::StartProbes(cycle);
}

char g_name[] = "ngx_stream_postern_module";

ngx_stream_module_t g_context = {
    &postern::nginx::AddVariables,  // preconfiguration
    nullptr,                        // postconfiguration
    nullptr,                        // create main configuration
    nullptr,                        // init main configuration
    &postern::nginx::CreateServerConfig,
    &postern::nginx::MergeServerConfig,
};

}  // namespace

extern "C" {

#define POSTERN_EXPORT __attribute__((visibility("default")))

ngx_module_t ngx_stream_postern_module = {
    NGX_MODULE_V1,
    &g_context,
    postern::nginx::kCommands,
    NGX_STREAM_MODULE,
    nullptr,  // init master
    nullptr,  // init module
    &InitProcess,
    nullptr,  // init thread
    nullptr,  // exit thread
    nullptr,  // exit process
    nullptr,  // exit master
    NGX_MODULE_V1_PADDING,
};

// What load_module looks for; nginx's build writes it for modules that it builds itself.
POSTERN_EXPORT ngx_module_t* ngx_modules[] = {&ngx_stream_postern_module, nullptr};
POSTERN_EXPORT char* ngx_module_names[] = {g_name, nullptr};
POSTERN_EXPORT char* ngx_module_order[] = {nullptr};

}  // extern "C"
