// SPDX-License-Identifier: Apache-2.0
//
// The contract model: a second implementation of docs/contract.md and the RFCs behind it, slow and
// obvious, that says of a dialogue which replies, events and ends it makes.
//
// What it is: written from the contract, the RFC texts, postern.h and the schemas alone; it shares
// nothing with engine/. It reads a dialogue an octet at a time and compares what the session did
// with what the contract says, reply by reply and event by event. Where the contract leaves a
// choice it accepts each of the choices, and goes on from the one that was made: the places are
// commented. What it is not: a server, or a judge of words (reply texts belong to the table, R7).
//
// Threads: a pure function.

#ifndef POSTERN_FUZZ_MODEL_CONTRACT_H_
#define POSTERN_FUZZ_MODEL_CONTRACT_H_

#include "fuzz/check.h"
#include "fuzz/session/dialogue.h"
#include "fuzz/session/trace.h"

namespace postern::fuzz {

// Empty if what the session did is what the contract says.
Finding CheckContract(const Dialogue& dialogue, const Trace& trace);

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_MODEL_CONTRACT_H_
