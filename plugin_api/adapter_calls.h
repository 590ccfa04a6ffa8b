// SPDX-License-Identifier: Apache-2.0
//
// The calls of postern_api, one function each; postern.h documents them.
//
// What it is: declarations over the C header alone, so that the entry compiles without the engine.
// What it is not: where they are done: adapter_engine.cc (tables, engines), adapter_session.cc,
// adapter_inspect.cc, adapter_names.cc.
//
// Threads: as postern.h says of each call. None throws.

#ifndef POSTERN_PLUGIN_API_ADAPTER_CALLS_H_
#define POSTERN_PLUGIN_API_ADAPTER_CALLS_H_

#include <cstddef>
#include <cstdint>

#include "plugin_api/postern.h"

namespace postern::plugin {

const char* ErrorName(int32_t result) noexcept;
const char* RuleName(uint32_t rule) noexcept;

int32_t TableLoad(const uint8_t* serialized, size_t size, postern_table** table,
                  postern_error* error) noexcept;
void TableRelease(postern_table* table) noexcept;
int32_t EngineCreate(const postern_host* host, const uint8_t* config, size_t size,
                     postern_table* table, postern_engine** engine, postern_error* error) noexcept;
int32_t EngineSetTable(postern_engine* engine, postern_table* table, postern_error* error) noexcept;
int32_t EngineSetConfig(postern_engine* engine, const uint8_t* config, size_t size,
                        postern_error* error) noexcept;
void EngineRelease(postern_engine* engine) noexcept;

int32_t SessionOpen(postern_engine* engine, const postern_session_options* options,
                    postern_session** session) noexcept;
int32_t SessionFeed(postern_session* session, const uint8_t* data, size_t size,
                    size_t* consumed) noexcept;
int32_t SessionNextEvent(postern_session* session, const postern_event** event) noexcept;
int32_t SessionAnswer(postern_session* session, uint64_t ticket,
                      const postern_answer* answer) noexcept;
int32_t SessionOutput(postern_session* session, const uint8_t** data, size_t* size) noexcept;
int32_t SessionOutputConsumed(postern_session* session, size_t size) noexcept;
int32_t SessionTick(postern_session* session, uint64_t now_ms) noexcept;
int32_t SessionNextDeadline(postern_session* session, uint64_t* deadline_ms) noexcept;
int32_t SessionNotify(postern_session* session, uint32_t notice) noexcept;
int32_t SessionInfo(postern_session* session, postern_session_info* info) noexcept;
void SessionClose(postern_session* session) noexcept;

int32_t Inspect(postern_engine* engine, const postern_inspect_context* context, const uint8_t* line,
                size_t size, postern_verdict* verdict) noexcept;

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_CALLS_H_
