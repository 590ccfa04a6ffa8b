// SPDX-License-Identifier: Apache-2.0
//
// Inspection: one command line judged for a host that owns the wire (postern_api.inspect).
//
// What it is: the engine's splitter, judge and replies applied to one line and a state that the
// host tells. What it is not: a session; it counts nothing and decides nothing that is the host's.
//
// Threads: [any-thread]. Nothing is kept.

#ifndef POSTERN_PLUGIN_API_ADAPTER_INSPECT_H_
#define POSTERN_PLUGIN_API_ADAPTER_INSPECT_H_

#include <cstddef>
#include <cstdint>

#include "plugin_api/postern.h"

namespace postern::plugin {

int32_t Inspect(postern_engine* engine, const postern_inspect_context* context, const uint8_t* line,
                size_t size, postern_verdict* verdict) noexcept;

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_INSPECT_H_
