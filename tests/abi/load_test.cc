// SPDX-License-Identifier: Apache-2.0
//
// Loading (EXAMPLES rules 18 to 20) into a program that has a protobuf of its own: the full
// runtime, linked statically, with the schemas that libpostern.so holds under the same names, and
// every symbol of it exported. In either binding mode; twice; and again after it was really
// unloaded.

#include <dlfcn.h>
#include <google/protobuf/descriptor.h>
#include <malloc.h>

#include <string>

#include "gtest/gtest.h"
#include "tests/abi/full_engine_config.pb.h"
#include "tests/abi/full_reply_table.pb.h"
#include "tests/abi/loading.h"
#include "tests/abi/plugin_driver.h"

namespace postern::abi_test {
namespace {

// The process's own protobuf at work; what it gives is for ExpectWorking().
std::string OwnConfig() {
  v1::EngineConfig config;
  config.set_server_name("own.example");
  config.mutable_limits()->set_recipients(100);
  const std::string octets = config.SerializeAsString();
  v1::EngineConfig again;
  EXPECT_TRUE(again.ParseFromString(octets));
  // Reflection reaches the pool of descriptors, which lite classes do not have.
  EXPECT_EQ(again.ShortDebugString(), "server_name: \"own.example\" limits { recipients: 100 }");
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  EXPECT_NE(pool->FindFileByName("engine/proto/engine_config.proto"), nullptr);
  EXPECT_NE(pool->FindMessageTypeByName("postern.v1.ReplyTable"), nullptr);
  v1::ReplyTable table;
  table.add_replies()->add_text("a line");
  EXPECT_EQ(table.ShortDebugString(), "replies { text: \"a line\" }");
  return octets;
}

TEST(Load, FindsTheProgramsProtobufExported) {
  // Else the others would prove nothing.
  EXPECT_NE(dlsym(RTLD_DEFAULT, "_ZN6google8protobuf14DescriptorPool14generated_poolEv"), nullptr);
  EXPECT_NE(dlsym(RTLD_DEFAULT, "_ZN7postern2v112EngineConfigC1EPN6google8protobuf5ArenaEb"),
            nullptr);
}

TEST(Load, WorksInEitherMode) {
  for (const int mode : {RTLD_LOCAL, RTLD_GLOBAL}) {
    InAChild([mode] {
      void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | mode);
      ExpectWorking(Enter(library), OwnConfig());
      ExpectWorking(Enter(library), OwnConfig());
      dlclose(library);
      OwnConfig();
    });
  }
}

TEST(Load, WorksTwiceForTwoHosts) {
  InAChild([] {
    void* const one = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const two = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_GLOBAL);
    EXPECT_EQ(Enter(one), Enter(two));
    ExpectWorking(Enter(one), OwnConfig());
    dlclose(one);
    // One host's end is not the other's.
    ExpectWorking(Enter(two), OwnConfig());
    dlclose(two);
  });
}

TEST(Load, WorksAsTwoFilesInOneProcess) {
  for (const int mode : {RTLD_LOCAL, RTLD_GLOBAL}) {
    InAChild([mode] {
      const std::string other = CopyOfThePlugin("other_libpostern.so");
      void* const one = dlopen(PluginPath().c_str(), RTLD_NOW | mode);
      void* const two = dlopen(other.c_str(), RTLD_NOW | mode);
      const postern_api* const first = Enter(one);
      const postern_api* const second = Enter(two);
      ASSERT_NE(first, nullptr);
      ASSERT_NE(second, nullptr);
      EXPECT_NE(first, second);
      ExpectWorking(first, OwnConfig());
      ExpectWorking(second, OwnConfig());
      // A handle of the one is none of the other's.
      postern_engine* const engine = MakeEngine(first);
      EXPECT_EQ(second->engine_set_table(engine, nullptr, nullptr), POSTERN_E_DEAD);
      first->engine_release(engine);
      dlclose(one);
      ExpectWorking(second, OwnConfig());
      dlclose(two);
    });
  }
}

TEST(Load, WorksAgainAfterItWasUnloaded) {
  for (const int mode : {RTLD_LOCAL, RTLD_GLOBAL}) {
    InAChild([mode] {
      const std::string path = CopyOfThePlugin("unloaded_libpostern.so");
      for (int round = 0; round < 3; ++round) {
        void* const library = dlopen(path.c_str(), RTLD_NOW | mode);
        ExpectWorking(Enter(library), OwnConfig());
        EXPECT_TRUE(IsMapped(path)) << round;
        EXPECT_EQ(dlclose(library), 0);
        EXPECT_FALSE(IsMapped(path)) << "something keeps the library in, round " << round;
        OwnConfig();
      }
    });
  }
}

// What was allocated when it was loaded is gone with it. (Under ASan, all_calls_test says so.)
TEST(Load, LosesNoMemoryByUnloading) {
  InAChild([] {
    const std::string config = OwnConfig();
    // The first rounds are for what the loader and this program keep for good.
    constexpr int kRounds = 12;
    constexpr int kFirst = 4;
    size_t in_use[kRounds];
    for (size_t& now : in_use) {
      void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_LOCAL);
      ExpectWorking(Enter(library), config);
      EXPECT_EQ(dlclose(library), 0);
      now = mallinfo2().uordblks;
    }
    for (int i = kFirst; i < kRounds; ++i) EXPECT_EQ(in_use[i], in_use[kFirst - 1]) << i;
  });
}

}  // namespace
}  // namespace postern::abi_test
