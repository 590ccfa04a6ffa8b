// SPDX-License-Identifier: Apache-2.0
//
// Loading (EXAMPLES rules 18 to 20): next to a protobuf of the process's own, of another file, in
// either binding mode; twice; and again after it was really unloaded.
//
// This program links its own copy of protobuf with the very schemas that libpostern.so holds, and
// brings the system's shared runtime in as well.

#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "engine/proto/engine_config.pb.h"
#include "gtest/gtest.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

const postern_api* Enter(void* library) {
  if (library == nullptr) {
    ADD_FAILURE() << dlerror();
    return nullptr;
  }
  const auto entry = reinterpret_cast<postern_plugin_v1_fn>(dlsym(library, "postern_plugin_v1"));
  return entry == nullptr ? nullptr : entry(POSTERN_ABI_VERSION, nullptr);
}

// A whole dialogue on a configuration that the process's own protobuf wrote.
void ExpectWorking(const postern_api* api) {
  ASSERT_NE(api, nullptr);
  v1::EngineConfig config;
  config.set_server_name("own.example");
  config.mutable_limits()->set_recipients(100);
  postern_engine* const engine = MakeEngine(api, nullptr, config.SerializeAsString());
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
  // And the process's own still works.
  v1::EngineConfig again;
  EXPECT_TRUE(again.ParseFromString(config.SerializeAsString()));
  EXPECT_EQ(again.server_name(), "own.example");
}

bool IsMapped(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.size() >= name.size() &&
        line.compare(line.size() - name.size(), name.size(), name) == 0) {
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

// The plugin's file under another name, so that it is another library to the loader.
std::string Copy(const std::string& name) {
  const char* const dir = std::getenv("TEST_TMPDIR");
  const std::string path = (dir == nullptr ? std::string("/tmp") : std::string(dir)) + "/" + name;
  std::ifstream from(PluginPath(), std::ios::binary);
  std::ofstream to(path, std::ios::binary | std::ios::trunc);
  to << from.rdbuf();
  return path;
}

// protoc's package brings it; a machine without it has nothing to test here.
void* SystemProtobuf(int mode) { return dlopen("libprotobuf.so.32", RTLD_NOW | mode); }

TEST(Load, WorksNextToASharedProtobufInEitherMode) {
  for (const int system_mode : {RTLD_LOCAL, RTLD_GLOBAL}) {
    for (const int mode : {RTLD_LOCAL, RTLD_GLOBAL}) {
      void* const system = SystemProtobuf(system_mode);
      if (system == nullptr) GTEST_SKIP() << "no libprotobuf.so.32: " << dlerror();
      void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | mode);
      ExpectWorking(Enter(library));
      // The shared runtime is alive: its pool of generated descriptors knows its own files.
      using Pool = const void* (*)();
      const auto pool = reinterpret_cast<Pool>(
          dlsym(system, "_ZN6google8protobuf14DescriptorPool14generated_poolEv"));
      ASSERT_NE(pool, nullptr);
      EXPECT_NE(pool(), nullptr);
      ExpectWorking(Enter(library));
      dlclose(library);
      dlclose(system);
    }
  }
}

TEST(Load, WorksBeforeASharedProtobufComes) {
  void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_GLOBAL);
  ExpectWorking(Enter(library));
  void* const system = SystemProtobuf(RTLD_GLOBAL);
  if (system == nullptr) GTEST_SKIP() << "no libprotobuf.so.32: " << dlerror();
  ExpectWorking(Enter(library));
  dlclose(system);
  dlclose(library);
}

TEST(Load, WorksTwiceForTwoHosts) {
  void* const one = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const two = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_GLOBAL);
  EXPECT_EQ(Enter(one), Enter(two));
  ExpectWorking(Enter(one));
  dlclose(one);
  // One host's end is not the other's.
  ExpectWorking(Enter(two));
  dlclose(two);
}

TEST(Load, WorksAsTwoFilesInOneProcess) {
  const std::string other = Copy("other_libpostern.so");
  void* const one = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_GLOBAL);
  void* const two = dlopen(other.c_str(), RTLD_NOW | RTLD_GLOBAL);
  const postern_api* const first = Enter(one);
  const postern_api* const second = Enter(two);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(first, second);
  ExpectWorking(first);
  ExpectWorking(second);
  // A handle of the one is none of the other's.
  postern_engine* const engine = MakeEngine(first);
  EXPECT_EQ(second->engine_set_table(engine, nullptr, nullptr), POSTERN_E_DEAD);
  first->engine_release(engine);
  dlclose(one);
  dlclose(two);
}

TEST(Load, WorksAgainAfterItWasUnloaded) {
  const std::string path = RealPath(Copy("unloaded_libpostern.so"));
  for (int round = 0; round < 3; ++round) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    ExpectWorking(Enter(library));
    EXPECT_TRUE(IsMapped(path)) << round;
    EXPECT_EQ(dlclose(library), 0);
    EXPECT_FALSE(IsMapped(path)) << "something keeps the library in, round " << round;
  }
}

}  // namespace
}  // namespace postern::abi_test
