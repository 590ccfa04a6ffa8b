// SPDX-License-Identifier: Apache-2.0
//
// What holds of every configuration that loads (docs/defaults.md).
//
// What it is: bounds and dependencies, said again. What it is not: a second loader.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_CONFIG_H_
#define POSTERN_FUZZ_ORACLE_CONFIG_H_

#include <string>

#include "engine/session/config.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

Finding ConfigIsSound(const session::Config& config);

// A serialized message that says all of it, nothing left to defaults.
std::string SerializeConfig(const session::Config& config);
Finding SameConfig(const session::Config& one, const session::Config& other);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_CONFIG_H_
