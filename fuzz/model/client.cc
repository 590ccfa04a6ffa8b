// SPDX-License-Identifier: Apache-2.0
//
// XCLIENT and XFORWARD, from the protocol that Postfix publishes.

#include <map>

#include "fuzz/model/machine.h"
#include "fuzz/oracle/client_list.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {

void Machine::Client(bool xclient, std::string_view argument) {
  std::map<uint32_t, oracle::ClientValue> given;
  if (!oracle::ReadClientList(argument, xclient, &given)) {
    Refuse({{kBadArgument, POSTERN_RULE_C501}}, true);
    return;
  }
  if (!CountCommand()) return;
  const auto login = given.find(POSTERN_CLIENT_LOGIN);
  xclient_login_ = xclient && login != given.end() && login->second.state == POSTERN_CLIENT_VALUE;
  SeenEvent event;
  event.type = xclient ? POSTERN_EVENT_XCLIENT : POSTERN_EVENT_XFORWARD;
  event.ticket = true;
  event.text = std::string(argument);
  for (const auto& [number, value] : given) {
    event.attributes +=
        std::to_string(number) + '/' + std::to_string(value.state) + '=' + value.text + ' ';
  }
  Decide(event.type, event);
}

}  // namespace postern::fuzz::model
