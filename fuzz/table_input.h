// SPDX-License-Identifier: Apache-2.0
//
// Reply tables and configurations out of a fuzz input. Arbitrary octets hardly ever are one that
// loads; these are messages whose fields the input chooses.
//
// What it is: a builder of postern.v1.ReplyTable and postern.v1.EngineConfig. What it is not: a
// mutator, or a source of tables that are all valid: that is the loader's to say.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_TABLE_INPUT_H_
#define POSTERN_FUZZ_TABLE_INPUT_H_

#include <string>

#include "fuzz/input.h"

namespace postern::fuzz {

// The only text beyond printable ASCII that TameTable puts into a table.
inline constexpr char kTableUtf8[] = "\xC3\xA9";

// Any fields, any text.
std::string WildTable(Input* input);
// A table that mostly loads: codes that are allowed, placeholders that have values, printable text
// and kTableUtf8.
std::string TameTable(Input* input);

// Fields as they come: small numbers mean defaults, and the bounds of limits are near.
std::string WildConfig(Input* input);

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_TABLE_INPUT_H_
