// SPDX-License-Identifier: Apache-2.0
//
// The parameters that say how to deliver, for the contract model: RET, ENVID, NOTIFY, ORCPT (RFC
// 3461), REQUIRETLS (RFC 8689), BY (RFC 2852), MT-PRIORITY (RFC 6710), HOLDFOR and HOLDUNTIL (RFC
// 4865), RRVS (RFC 7293).
//
// What it is: the values' grammar and meaning, written from the RFCs. What it is not: the parsers
// of engine/syntax, of which it has nothing.
//
// Threads: pure functions.

#ifndef POSTERN_FUZZ_MODEL_DELIVERY_H_
#define POSTERN_FUZZ_MODEL_DELIVERY_H_

#include <string_view>

#include "fuzz/session/trace.h"

namespace postern::fuzz::model {

// Whether a MAIL or RCPT has a parameter of that name (in upper case), in force or not.
bool IsDeliveryParameter(std::string_view keyword, bool mail);

// False if the value is malformed; else what it means stands in *event, its flag included.
bool TakeDelivery(std::string_view keyword, bool has_value, std::string_view value, bool utf8,
                  SeenEvent* event);

}  // namespace postern::fuzz::model

#endif  // POSTERN_FUZZ_MODEL_DELIVERY_H_
