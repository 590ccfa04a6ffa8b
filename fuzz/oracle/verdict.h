// SPDX-License-Identifier: Apache-2.0
//
// Inspection against session: the same line, in the same state, gives the same verdict in the same
// words.
//
// What it is: the comparison of what postern_api.inspect said with what a session did. What it is
// not: a judge of which of them is right.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_VERDICT_H_
#define POSTERN_FUZZ_ORACLE_VERDICT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/check.h"

namespace postern::fuzz::oracle {

struct Inspected {
  uint32_t code = 0;
  uint32_t reply_id = 0;
  uint32_t rule = 0;
  uint32_t event_type = 0;
  std::string reply;
};

struct SessionDid {
  struct Error {
    uint32_t reply_id = 0;
    uint32_t code = 0;
    uint32_t rule = 0;
  };
  std::vector<uint32_t> event_types;
  std::vector<Error> errors;  // POSTERN_EVENT_ERROR
  bool decided_help = false;  // HELP was left to its default answer
  std::string output;         // after every decision but HELP's was left open, and HELP's defaulted
};

Finding SameVerdict(const Inspected& inspected, const SessionDid& session);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_VERDICT_H_
