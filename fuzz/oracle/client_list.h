// SPDX-License-Identifier: Apache-2.0
//
// The attributes of XCLIENT and XFORWARD by their grammar (client_attributes.abnf).
//
// Threads and lifetime: as esmtp_grammar.h; values are copies.

#ifndef POSTERN_FUZZ_ORACLE_CLIENT_LIST_H_
#define POSTERN_FUZZ_ORACLE_CLIENT_LIST_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace postern::fuzz::oracle {

struct ClientValue {
  uint32_t state = 0;  // POSTERN_CLIENT_VALUE, _UNAVAILABLE, _TEMP_UNAVAILABLE
  std::string text;    // decoded, without "IPV6:"
};

// What is given by POSTERN_CLIENT_NAME and so on. False where the list is none.
bool ReadClientList(std::string_view list, bool xclient, std::map<uint32_t, ClientValue>* given);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_CLIENT_LIST_H_
