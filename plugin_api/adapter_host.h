// SPDX-License-Identifier: Apache-2.0
//
// What a host offers (postern_host), copied and checked: its log and its memory.
//
// What it is not: a logger of its own. Where the host has no log, nothing is written anywhere.
//
// Threads and lifetime: immutable; engines share it with their sessions, so a session may outlive
// its engine. No lock of ours is held while a callback of the host runs.

#ifndef POSTERN_PLUGIN_API_ADAPTER_HOST_H_
#define POSTERN_PLUGIN_API_ADAPTER_HOST_H_

#include <cstdint>
#include <string_view>

#include "engine/wire/memory.h"
#include "plugin_api/postern.h"

namespace postern::plugin {

struct Host {
  wire::Memory memory = wire::DefaultMemory();
  void (*log)(void* user, int32_t severity, const char* text, size_t size) = nullptr;
  void* user = nullptr;

  // A host's copied struct; `memory` stays ours where it gave no allocator.
  explicit Host(const postern_host& host);
  Host() = default;

  void Log(int32_t severity, std::string_view text) const;
  // POSTERN_LOG_HOST_MISBEHAVED: "session_feed: data is null".
  void Misbehaved(std::string_view call, std::string_view what) const;
};

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_HOST_H_
