// SPDX-License-Identifier: Apache-2.0
//
// The register of living handles.

#include "plugin_api/adapter_objects.h"

#include <utility>

namespace postern::plugin {
namespace {

// Constant-initialised and trivially destroyed: nothing runs when the library comes or goes.
std::mutex g_lock;
postern_table* g_tables = nullptr;
postern_engine* g_engines = nullptr;

template <typename T>
void Add(T** list, T* handle) {
  const std::lock_guard<std::mutex> hold(g_lock);
  handle->next = *list;
  *list = handle;
}

template <typename T>
bool Remove(T** list, T* handle) {
  const std::lock_guard<std::mutex> hold(g_lock);
  for (T** at = list; *at != nullptr; at = &(*at)->next) {
    if (*at == handle) {
      *at = handle->next;
      return true;
    }
  }
  return false;
}

// Under the lock.
template <typename T>
bool Lives(const T* list, const T* handle) {
  if (handle == nullptr) return false;
  while (list != nullptr && list != handle) list = list->next;
  return list != nullptr;
}

}  // namespace

void Register(postern_table* table) { Add(&g_tables, table); }
void Register(postern_engine* engine) { Add(&g_engines, engine); }
bool Unregister(postern_table* table) { return Remove(&g_tables, table); }
bool Unregister(postern_engine* engine) { return Remove(&g_engines, engine); }

std::shared_ptr<const replies::ReplyTable> FindTable(const postern_table* table) {
  const std::lock_guard<std::mutex> hold(g_lock);
  return Lives(g_tables, table) ? table->table : nullptr;
}

std::shared_ptr<EngineCore> FindEngine(const postern_engine* engine) {
  const std::lock_guard<std::mutex> hold(g_lock);
  return Lives(g_engines, engine) ? engine->core : nullptr;
}

bool FindGround(const postern_engine* engine, std::shared_ptr<const session::Ground>* ground,
                std::shared_ptr<const Host>* host) {
  const std::lock_guard<std::mutex> hold(g_lock);
  if (!Lives(g_engines, engine)) return false;
  *ground = engine->ground;
  *host = engine->core->host;
  return true;
}

bool SetGround(postern_engine* engine, std::shared_ptr<const session::Ground> ground) {
  // Swapped, so that the last reference to the old ground goes outside the lock.
  const std::lock_guard<std::mutex> hold(g_lock);
  if (!Lives(g_engines, engine)) return false;
  engine->ground.swap(ground);
  return true;
}

}  // namespace postern::plugin
