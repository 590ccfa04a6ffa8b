// SPDX-License-Identifier: Apache-2.0
//
// Loading (EXAMPLES rule 18) next to the system's shared libprotobuf and to a module that has our
// schemas on it, each in either binding mode, whoever comes first.

#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "tests/abi/loading.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

using Config = size_t (*)(const char* name, char* out, size_t capacity);

// The other module, with the libprotobuf that it needs. protoc's package brings that library.
void* LoadOther(int mode) {
  const char* const path = std::getenv("POSTERN_HOST_SCHEMA");
  void* const other = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | mode);
  if (other == nullptr) ADD_FAILURE() << (path == nullptr ? "POSTERN_HOST_SCHEMA" : dlerror());
  return other;
}

std::string OtherConfig(void* other) {
  const auto config = reinterpret_cast<Config>(dlsym(other, "host_schema_config"));
  EXPECT_NE(config, nullptr);
  char octets[256];
  const size_t size = config == nullptr ? 0 : config("own.example", octets, sizeof(octets));
  EXPECT_GT(size, 0u) << "the other module's protobuf is broken";
  return std::string(octets, size);
}

const int kModes[] = {RTLD_LOCAL, RTLD_GLOBAL};

TEST(LoadShared, HasASharedProtobufToMeet) {
  InAChild([] {
    ASSERT_EQ(dlopen("libprotobuf.so.32", RTLD_NOW | RTLD_NOLOAD), nullptr);
    ASSERT_NE(LoadOther(RTLD_GLOBAL), nullptr);
    EXPECT_NE(dlopen("libprotobuf.so.32", RTLD_NOW | RTLD_NOLOAD), nullptr);
    EXPECT_NE(dlsym(RTLD_DEFAULT, "_ZN7postern2v112EngineConfigC1EPN6google8protobuf5ArenaEb"),
              nullptr);
  });
}

TEST(LoadShared, WorksAfterIt) {
  for (const int other_mode : kModes) {
    for (const int mode : kModes) {
      InAChild([other_mode, mode] {
        void* const other = LoadOther(other_mode);
        ASSERT_NE(other, nullptr);
        void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | mode);
        ExpectWorking(Enter(library), OtherConfig(other));
        ExpectWorking(Enter(library), OtherConfig(other));
        dlclose(library);
        OtherConfig(other);
      });
    }
  }
}

TEST(LoadShared, WorksBeforeIt) {
  for (const int other_mode : kModes) {
    for (const int mode : kModes) {
      InAChild([other_mode, mode] {
        void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | mode);
        const std::string config = ConfigWithName("own.example");
        ExpectWorking(Enter(library), config);
        void* const other = LoadOther(other_mode);
        ASSERT_NE(other, nullptr);
        ExpectWorking(Enter(library), OtherConfig(other));
        OtherConfig(other);
      });
    }
  }
}

TEST(LoadShared, WorksAgainAfterItWasUnloaded) {
  InAChild([] {
    void* const other = LoadOther(RTLD_GLOBAL);
    ASSERT_NE(other, nullptr);
    const std::string path = CopyOfThePlugin("unloaded_libpostern.so");
    for (int round = 0; round < 3; ++round) {
      void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
      ExpectWorking(Enter(library), OtherConfig(other));
      EXPECT_EQ(dlclose(library), 0);
      EXPECT_FALSE(IsMapped(path)) << "something keeps the library in, round " << round;
      OtherConfig(other);
    }
  });
}

}  // namespace
}  // namespace postern::abi_test
