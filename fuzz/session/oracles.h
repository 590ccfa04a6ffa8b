// SPDX-License-Identifier: Apache-2.0
//
// The oracles of the session target but for the contract model: each is a rule of docs/contract.md
// that can be seen from outside, and a function of what was recorded.
//
// What it is: functions that return a Finding, so that oracles_test.cc can show that each of them
// speaks up where its rule is broken. What it is not: anything that shares code with the engine.
//
// Threads: pure functions.

#ifndef POSTERN_FUZZ_SESSION_ORACLES_H_
#define POSTERN_FUZZ_SESSION_ORACLES_H_

#include "fuzz/check.h"
#include "fuzz/session/dialogue.h"
#include "fuzz/session/trace.h"

namespace postern::fuzz {

// The calls themselves: no session call failed, hung, or gave flags that do not hold (B3).
Finding CallsHold(const Trace& trace);

// R3: two cuts of one dialogue gave the same outputs, events, results, state and deadlines.
Finding SameWhateverCuts(const Trace& a, const Trace& b);

// R2: a 5yz to a command line leaves the fingerprint as it was. Wants a trace cut at lines.
Finding RefusalsChangeNothing(const Trace& lines);

// R1: one reply for each command line, none for a line that had its own at a bare LF.
Finding OneReplyPerLine(const Trace& lines);

// R4, R5: RFC 5321 section 4.2 and RFC 2034 section 4, read strictly.
Finding RepliesParse(const Setup& setup, const Trace& trace);

// D1 to D3: what the host got is what a decoder that reads an octet at a time makes of the lines.
Finding ContentIsWhatWasSent(const Setup& setup, const Trace& lines);

// B1, B2: memory under its ceiling and all of it given back; output, events and allocations linear
// in the octets.
Finding BoundsHold(const Trace& trace);

// B2: basic blocks of the engine linear in octets, calls, events and replies, whatever the input.
// Says nothing where they are not counted: --config=work counts them.
Finding WorkIsLinear(const Trace& trace);

// Nothing happens behind CLOSED.
Finding NothingAfterClosed(const Trace& trace);

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_SESSION_ORACLES_H_
