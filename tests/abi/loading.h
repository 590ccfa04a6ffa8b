// SPDX-License-Identifier: Apache-2.0
//
// What the tests of loading share: each plays in a process of its own, for what a loader once did
// (RTLD_GLOBAL, a descriptor pool that is full) cannot be undone.

#ifndef POSTERN_TESTS_ABI_LOADING_H_
#define POSTERN_TESTS_ABI_LOADING_H_

#include <functional>
#include <string>

#include "plugin_api/postern.h"

namespace postern::abi_test {

// Runs `play` in a child process; fails the test if it fails there, or dies.
void InAChild(const std::function<void()>& play);

// The table of the loaded library; null, and the test has failed, if there is none.
const postern_api* Enter(void* library);

// A whole dialogue on `config`, which names the server own.example, and a refusal.
void ExpectWorking(const postern_api* api, const std::string& config);

// Whether a file is mapped into this process; the path is RealPath's.
bool IsMapped(const std::string& path);
std::string RealPath(const std::string& path);

// The plugin's file under another name, so that it is another library to the loader.
std::string CopyOfThePlugin(const std::string& name);

}  // namespace postern::abi_test

#endif  // POSTERN_TESTS_ABI_LOADING_H_
