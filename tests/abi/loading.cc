// SPDX-License-Identifier: Apache-2.0

#include "tests/abi/loading.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {

void InAChild(const std::function<void()>& play) {
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    play();
    std::fflush(nullptr);
    // No exit handlers: what the parent registered is the parent's.
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(status, 0) << "the child's failures are above";
}

const postern_api* Enter(void* library) {
  if (library == nullptr) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  const auto entry = reinterpret_cast<postern_plugin_v1_fn>(dlsym(library, "postern_plugin_v1"));
  return entry == nullptr ? nullptr : entry(POSTERN_ABI_VERSION, nullptr);
}

void ExpectWorking(const postern_api* api, const std::string& config) {
  ASSERT_NE(api, nullptr);
  postern_engine* const engine = MakeEngine(api, nullptr, config);
  {
    Driver driver(api, engine);
    ASSERT_TRUE(driver.Feed(kLongDialogue));
    EXPECT_EQ(driver.output().substr(0, 16), "220 own.example ");
    EXPECT_NE(driver.output().find("\r\n221 "), std::string::npos);
  }
  api->engine_release(engine);
  // Refusals go through the plugin's protobuf as well.
  postern_table* table = nullptr;
  EXPECT_EQ(api->table_load(Octets("\xff\xff"), 2, &table, nullptr), POSTERN_E_TABLE);
}

bool IsMapped(const std::string& path) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.size() >= path.size() &&
        line.compare(line.size() - path.size(), path.size(), path) == 0) {
      return true;
    }
  }
  return false;
}

std::string RealPath(const std::string& path) {
  char* const real = realpath(path.c_str(), nullptr);
  const std::string result = real == nullptr ? path : real;
  std::free(real);
  return result;
}

std::string CopyOfThePlugin(const std::string& name) {
  const char* const dir = std::getenv("TEST_TMPDIR");
  const std::string path = (dir == nullptr ? std::string("/tmp") : std::string(dir)) + "/" + name;
  std::ifstream from(PluginPath(), std::ios::binary);
  std::ofstream to(path, std::ios::binary | std::ios::trunc);
  to << from.rdbuf();
  EXPECT_TRUE(to.flush().good()) << path;
  return RealPath(path);
}

}  // namespace postern::abi_test
