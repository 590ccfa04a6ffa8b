// SPDX-License-Identifier: Apache-2.0
//
// Names of results and contract rules, for logs. Constant text, any thread.

#include "plugin_api/adapter_calls.h"

namespace postern::plugin {

const char* ErrorName(int32_t result) noexcept {
  switch (result) {
    case POSTERN_OK:
      return "POSTERN_OK";
    case POSTERN_E_ARGUMENT:
      return "POSTERN_E_ARGUMENT";
    case POSTERN_E_STATE:
      return "POSTERN_E_STATE";
    case POSTERN_E_TICKET:
      return "POSTERN_E_TICKET";
    case POSTERN_E_REPLY:
      return "POSTERN_E_REPLY";
    case POSTERN_E_CONFIG:
      return "POSTERN_E_CONFIG";
    case POSTERN_E_TABLE:
      return "POSTERN_E_TABLE";
    case POSTERN_E_MEMORY:
      return "POSTERN_E_MEMORY";
    case POSTERN_E_ABI:
      return "POSTERN_E_ABI";
    case POSTERN_E_DEAD:
      return "POSTERN_E_DEAD";
    case POSTERN_E_INTERNAL:
      return "POSTERN_E_INTERNAL";
    default:
      return "unknown";
  }
}

const char* RuleName(uint32_t rule) noexcept {
  switch (rule) {
    case POSTERN_RULE_NONE:
      return "none";
    case POSTERN_RULE_F1:
      return "F1";
    case POSTERN_RULE_F2:
      return "F2";
    case POSTERN_RULE_F3:
      return "F3";
    case POSTERN_RULE_F4:
      return "F4";
    case POSTERN_RULE_F5:
      return "F5";
    case POSTERN_RULE_F6:
      return "F6";
    case POSTERN_RULE_C500:
      return "C500";
    case POSTERN_RULE_C501:
      return "C501";
    case POSTERN_RULE_C502:
      return "C502";
    case POSTERN_RULE_C503:
      return "C503";
    case POSTERN_RULE_C504:
      return "C504";
    case POSTERN_RULE_C555:
      return "C555";
    case POSTERN_RULE_C214:
      return "C214";
    case POSTERN_RULE_R1:
      return "R1";
    case POSTERN_RULE_R2:
      return "R2";
    case POSTERN_RULE_R3:
      return "R3";
    case POSTERN_RULE_R4:
      return "R4";
    case POSTERN_RULE_R5:
      return "R5";
    case POSTERN_RULE_R6:
      return "R6";
    case POSTERN_RULE_R7:
      return "R7";
    case POSTERN_RULE_D1:
      return "D1";
    case POSTERN_RULE_D2:
      return "D2";
    case POSTERN_RULE_D3:
      return "D3";
    case POSTERN_RULE_D4:
      return "D4";
    case POSTERN_RULE_D5:
      return "D5";
    case POSTERN_RULE_B1:
      return "B1";
    case POSTERN_RULE_B2:
      return "B2";
    case POSTERN_RULE_B3:
      return "B3";
    case POSTERN_RULE_B4:
      return "B4";
    case POSTERN_RULE_LIMIT:
      return "LIMIT";
    default:
      return "unknown";
  }
}

}  // namespace postern::plugin
