// SPDX-License-Identifier: Apache-2.0
//
// Runs a dialogue through a session, over the C ABI linked in, and writes down all that a host can
// see: output, events, results, flags, information, deadlines, memory.
//
// What it is: the one driver behind the session target, its mutator's measurements and its tests.
// It is a host that follows postern.h to the letter. What it is not: a judge; oracles.h and the
// contract model read what it wrote down.
//
// Threads and lifetime: one thread. Engines are kept between runs, as they are immutable but for
// their table, which is put back.

#ifndef POSTERN_FUZZ_SESSION_RUN_H_
#define POSTERN_FUZZ_SESSION_RUN_H_

#include <cstdint>
#include <string>

#include "fuzz/session/dialogue.h"
#include "fuzz/session/trace.h"

namespace postern::fuzz {

enum class Cuts : uint8_t {
  kWhole,
  kSingle,  // octet by octet
  kRandom,  // by the setup's choice
  kLines,   // at each CR LF
};

Trace RunDialogue(const Dialogue& dialogue, Cuts cuts, bool late_output);

// Serialized postern.v1.EngineConfig and postern.v1.ReplyTable of a setup.
std::string SerializedConfig(const Setup& setup);
std::string SerializedTable(TableChoice choice);

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_SESSION_RUN_H_
