// SPDX-License-Identifier: Apache-2.0
//
// Reply tables and engines: loaded as a whole, refused as a whole. What allocates here is the
// loading; it may throw bad_alloc, and every entry turns that into POSTERN_E_MEMORY.

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/session/config.h"
#include "plugin_api/adapter_calls.h"
#include "plugin_api/adapter_edge.h"
#include "plugin_api/adapter_objects.h"

namespace postern::plugin {
namespace {

constexpr std::string_view kNoMemory = "out of memory";

// No exception crosses: what `call` throws becomes a code, and a text where one is wanted.
template <typename Call>
int32_t Guarded(postern_error* error, Call&& call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    WriteError(kNoMemory, error);
    return POSTERN_E_MEMORY;
  } catch (...) {
    WriteError("internal error", error);
    return POSTERN_E_INTERNAL;
  }
}

int32_t Refused(const absl::Status& status, int32_t code, postern_error* error) {
  if (absl::IsResourceExhausted(status)) code = POSTERN_E_MEMORY;
  WriteError({status.message().data(), status.message().size()}, error);
  return code;
}

// The host's table, or the default one for null.
int32_t ChooseTable(const postern_table* handle, const Host& host, std::string_view call,
                    std::shared_ptr<const replies::ReplyTable>* table, postern_error* error) {
  if (handle != nullptr) {
    *table = FindTable(handle);
    if (*table != nullptr) return POSTERN_OK;
    host.Misbehaved(call, "the table was released or never loaded");
    WriteError("the table was released or never loaded", error);
    return POSTERN_E_DEAD;
  }
  auto loaded = replies::ReplyTable::LoadDefault();
  if (!loaded.ok()) return Refused(loaded.status(), POSTERN_E_TABLE, error);
  *table = *std::move(loaded);
  return POSTERN_OK;
}

int32_t Rebuild(session::Config config, std::shared_ptr<const replies::ReplyTable> table,
                std::shared_ptr<const session::Ground>* ground, postern_error* error) {
  *ground = session::MakeGround(std::move(config), std::move(table));
  if (*ground != nullptr) return POSTERN_OK;
  WriteError(
      "server_name: the replies cannot be made with this name; give a domain or an address "
      "literal of at most 255 octets",
      error);
  return POSTERN_E_CONFIG;
}

// The host's struct, checked. Null is a host that offers nothing.
int32_t ReadHost(const postern_host* theirs, std::shared_ptr<const Host>* host,
                 postern_error* error) {
  if (theirs == nullptr) {
    *host = std::make_shared<const Host>();
    return POSTERN_OK;
  }
  postern_host ours;
  if (!CopyIn(theirs, &ours)) {
    WriteError("postern_host: struct_size is below the first published size", error);
    return POSTERN_E_ARGUMENT;
  }
  if ((ours.allocate == nullptr) != (ours.deallocate == nullptr)) {
    ours.allocate = nullptr;
    Host(ours).Misbehaved("engine_create", "allocate and deallocate: both or none");
    WriteError("postern_host: allocate and deallocate: both or none", error);
    return POSTERN_E_ARGUMENT;
  }
  *host = std::make_shared<const Host>(ours);
  return POSTERN_OK;
}

// A broken rule in a call on an engine, told to the host of that engine if it lives.
int32_t BadArgument(const postern_engine* engine, std::string_view call,
                    std::string_view what) noexcept {
  const std::shared_ptr<EngineCore> core = FindEngine(engine);
  if (core != nullptr) core->host->Misbehaved(call, what);
  return POSTERN_E_ARGUMENT;
}

std::shared_ptr<EngineCore> FindOrTell(const postern_engine* engine, postern_error* error) {
  std::shared_ptr<EngineCore> core = FindEngine(engine);
  if (core == nullptr) WriteError("the engine was released or never created", error);
  return core;
}

}  // namespace

int32_t TableLoad(const uint8_t* serialized, size_t size, postern_table** table,
                  postern_error* error) noexcept {
  if (table != nullptr) *table = nullptr;
  if (table == nullptr || (serialized == nullptr && size > 0) || !IsValid(error)) {
    return POSTERN_E_ARGUMENT;
  }
  WriteError({}, error);
  return Guarded(error, [&] {
    auto loaded = size == 0 ? replies::ReplyTable::LoadDefault()
                            : replies::ReplyTable::Load(View(serialized, size));
    if (!loaded.ok()) return Refused(loaded.status(), POSTERN_E_TABLE, error);
    *table = new postern_table{*std::move(loaded)};
    Register(*table);
    return int32_t{POSTERN_OK};
  });
}

void TableRelease(postern_table* table) noexcept {
  if (Unregister(table)) delete table;
}

int32_t EngineCreate(const postern_host* host, const uint8_t* config, size_t size,
                     postern_table* table, postern_engine** engine, postern_error* error) noexcept {
  if (engine != nullptr) *engine = nullptr;
  if (engine == nullptr || (config == nullptr && size > 0) || !IsValid(error)) {
    return POSTERN_E_ARGUMENT;
  }
  WriteError({}, error);
  return Guarded(error, [&] {
    auto core = std::make_shared<EngineCore>();
    int32_t result = ReadHost(host, &core->host, error);
    if (result < 0) return result;
    result = ChooseTable(table, *core->host, "engine_create", &core->table, error);
    if (result < 0) return result;
    auto loaded = session::LoadConfig(View(config, size));
    if (!loaded.ok()) return Refused(loaded.status(), POSTERN_E_CONFIG, error);
    std::shared_ptr<const session::Ground> ground;
    result = Rebuild(*std::move(loaded), core->table, &ground, error);
    if (result < 0) return result;
    *engine = new postern_engine{std::move(core), std::move(ground)};
    Register(*engine);
    return int32_t{POSTERN_OK};
  });
}

int32_t EngineSetTable(postern_engine* engine, postern_table* table,
                       postern_error* error) noexcept {
  if (engine == nullptr || !IsValid(error)) {
    return BadArgument(engine, "engine_set_table", "postern_error is malformed");
  }
  WriteError({}, error);
  return Guarded(error, [&] {
    const std::shared_ptr<EngineCore> core = FindOrTell(engine, error);
    if (core == nullptr) return int32_t{POSTERN_E_DEAD};
    std::shared_ptr<const replies::ReplyTable> chosen;
    int32_t result = ChooseTable(table, *core->host, "engine_set_table", &chosen, error);
    if (result < 0) return result;
    const std::lock_guard<std::mutex> hold(core->rebuild);
    std::shared_ptr<const session::Ground> ground;
    std::shared_ptr<const Host> host;
    if (!FindGround(engine, &ground, &host)) return int32_t{POSTERN_E_DEAD};
    result = Rebuild(ground->config, chosen, &ground, error);
    if (result < 0) return result;
    if (!SetGround(engine, std::move(ground))) return int32_t{POSTERN_E_DEAD};
    core->table = std::move(chosen);
    return int32_t{POSTERN_OK};
  });
}

int32_t EngineSetConfig(postern_engine* engine, const uint8_t* config, size_t size,
                        postern_error* error) noexcept {
  if (engine == nullptr || (config == nullptr && size > 0) || !IsValid(error)) {
    return BadArgument(engine, "engine_set_config", "config is null or postern_error is malformed");
  }
  WriteError({}, error);
  return Guarded(error, [&] {
    const std::shared_ptr<EngineCore> core = FindOrTell(engine, error);
    if (core == nullptr) return int32_t{POSTERN_E_DEAD};
    auto loaded = session::LoadConfig(View(config, size));
    if (!loaded.ok()) return Refused(loaded.status(), POSTERN_E_CONFIG, error);
    const std::lock_guard<std::mutex> hold(core->rebuild);
    std::shared_ptr<const session::Ground> ground;
    const int32_t result = Rebuild(*std::move(loaded), core->table, &ground, error);
    if (result < 0) return result;
    if (!SetGround(engine, std::move(ground))) return int32_t{POSTERN_E_DEAD};
    return int32_t{POSTERN_OK};
  });
}

void EngineRelease(postern_engine* engine) noexcept {
  if (Unregister(engine)) delete engine;
}

}  // namespace postern::plugin
