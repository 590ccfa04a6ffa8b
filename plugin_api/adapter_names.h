// SPDX-License-Identifier: Apache-2.0
//
// Names of results and contract rules, for logs. Constant text, any thread.

#ifndef POSTERN_PLUGIN_API_ADAPTER_NAMES_H_
#define POSTERN_PLUGIN_API_ADAPTER_NAMES_H_

#include <cstdint>

namespace postern::plugin {

const char* ErrorName(int32_t result) noexcept;
const char* RuleName(uint32_t rule) noexcept;

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_NAMES_H_
