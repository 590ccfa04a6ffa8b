// SPDX-License-Identifier: Apache-2.0
//
// The session calls of postern_api: the host's structs in, the engine's session, ABI events out.
//
// What it is: a thin edge. The engine decides; this file checks that the call may be made, and
// turns structs into one another. No call allocates (but session_open), locks or reads a clock.
//
// Threads: [owner-thread], SessionOpen [any-thread]. A session holds its host's callbacks, its
// configuration and its table, so the engine may be released before it.

#ifndef POSTERN_PLUGIN_API_ADAPTER_SESSION_H_
#define POSTERN_PLUGIN_API_ADAPTER_SESSION_H_

#include <cstddef>
#include <cstdint>

#include "plugin_api/postern.h"

namespace postern::plugin {

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

// What an idle session takes, all in all, but the allocator's own overhead (contract B1).
size_t IdleSessionOctets();

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_SESSION_H_
