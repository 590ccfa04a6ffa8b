// SPDX-License-Identifier: Apache-2.0
//
// The one exported function and the table of calls that it hands out.

#include <cstddef>
#include <string_view>

#include "plugin_api/adapter_calls.h"
#include "plugin_api/adapter_edge.h"
#include "plugin_api/postern.h"

namespace postern::plugin {
namespace {

constexpr uint8_t kVersion[] = {'0', '.', '1', '.', '0'};

// Appended to, never reordered. The order is that of the header.
constexpr postern_api kApi = {
    sizeof(postern_api),
    POSTERN_ABI_VERSION,
    {kVersion, sizeof(kVersion)},
    ErrorName,
    RuleName,
    TableLoad,
    TableRelease,
    EngineCreate,
    EngineSetTable,
    EngineSetConfig,
    EngineRelease,
    SessionOpen,
    SessionFeed,
    SessionNextEvent,
    SessionAnswer,
    SessionOutput,
    SessionOutputConsumed,
    SessionTick,
    SessionNextDeadline,
    SessionNotify,
    SessionInfo,
    SessionClose,
    Inspect,
};

// A host that is refused is told why where its struct, however short, holds a log.
void TellRefusal(const postern_host* host, std::string_view why) {
  constexpr size_t kThroughLog = offsetof(postern_host, log) + sizeof(postern_host::log);
  if (host == nullptr || host->struct_size < kThroughLog || host->log == nullptr) return;
  host->log(host->user, POSTERN_LOG_ERROR, why.data(), why.size());
}

}  // namespace
}  // namespace postern::plugin

extern "C" const postern_api* postern_plugin_v1(uint32_t host_abi, const postern_host* host) {
  using postern::plugin::kApi;
  using postern::plugin::TellRefusal;
  if (host_abi >> 16 != POSTERN_ABI_MAJOR) {
    TellRefusal(host, "this plugin serves ABI major 1 only; the host was built for another one");
    return nullptr;
  }
  postern_host ours;
  if (host != nullptr && !postern::plugin::CopyIn(host, &ours)) {
    TellRefusal(host, "postern_host.struct_size is below the first published size");
    return nullptr;
  }
  return &kApi;
}
