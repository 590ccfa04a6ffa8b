// SPDX-License-Identifier: Apache-2.0
//
// The handles of reply tables and engines, and the register of those that live.
//
// What it is: one list of living handles behind one lock. A handle that a host passes is looked for
// in it before it is touched, so a null, released or invented one gets an error code. There are few
// tables and engines in a process, so the list is short. (Sessions are many and their calls are the
// hot path: they carry a word in their own memory instead, see adapter_session.cc.)
// What it is not: the state of sessions.
//
// Threads: [any-thread]. The lock covers list and pointers, never a rebuild or a callback.
// Lifetime: what a handle holds is shared: sessions keep what they began with.

#ifndef POSTERN_PLUGIN_API_ADAPTER_OBJECTS_H_
#define POSTERN_PLUGIN_API_ADAPTER_OBJECTS_H_

#include <memory>
#include <mutex>

#include "engine/replies/reply_table.h"
#include "engine/session/session.h"
#include "plugin_api/adapter_host.h"
#include "plugin_api/postern.h"

struct postern_table {
  std::shared_ptr<const postern::replies::ReplyTable> table;
  postern_table* next = nullptr;
};

namespace postern::plugin {

// What an engine's handle and calls in flight share.
struct EngineCore {
  std::shared_ptr<const Host> host;
  // One rebuild at a time, so that a table and a configuration set at once are both kept.
  std::mutex rebuild;
  std::shared_ptr<const replies::ReplyTable> table;  // guarded by `rebuild`
};

}  // namespace postern::plugin

struct postern_engine {
  std::shared_ptr<postern::plugin::EngineCore> core;
  std::shared_ptr<const postern::session::Ground> ground;  // guarded by the register's lock
  postern_engine* next = nullptr;
};

namespace postern::plugin {

void Register(postern_table* table);
void Register(postern_engine* engine);

// Takes the handle from the register; false if it does not live. The caller deletes it.
bool Unregister(postern_table* table);
bool Unregister(postern_engine* engine);

// What a living handle holds; null (or false) for one that does not live.
std::shared_ptr<const replies::ReplyTable> FindTable(const postern_table* table);
std::shared_ptr<EngineCore> FindEngine(const postern_engine* engine);
bool FindGround(const postern_engine* engine, std::shared_ptr<const session::Ground>* ground,
                std::shared_ptr<const Host>* host);

// Puts a rebuilt ground in force for sessions to come. False if the engine was released meanwhile.
bool SetGround(postern_engine* engine, std::shared_ptr<const session::Ground> ground);

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_OBJECTS_H_
