// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/plugin.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "gtest/gtest.h"

namespace postern {
namespace host {
namespace {

TEST(PluginTest, MissingFileIsNamedWithTheMend) {
  absl::StatusOr<Plugin> plugin = Plugin::Load("/nonexistent/libpostern.so");
  ASSERT_FALSE(plugin.ok());
  EXPECT_NE(plugin.status().message().find("/nonexistent/libpostern.so"), std::string::npos);
  EXPECT_NE(plugin.status().message().find("--plugin=PATH"), std::string::npos);
}

TEST(PluginTest, AnotherLibraryIsNoPlugin) {
  // The C library itself, wherever this machine keeps it.
  Dl_info info = {};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&strtol), &info), 0);
  absl::StatusOr<Plugin> plugin = Plugin::Load(info.dli_fname);
  ASSERT_FALSE(plugin.ok());
  EXPECT_NE(plugin.status().message().find("does not export postern_plugin_v1"), std::string::npos)
      << plugin.status();
}

TEST(PluginTest, LoadsTheBuiltPluginAndRefusesDamagedInput) {
  absl::StatusOr<Plugin> plugin = Plugin::Load(DefaultPluginPath());
  ASSERT_TRUE(plugin.ok()) << plugin.status();
  EXPECT_FALSE(plugin->version().empty());
  ASSERT_TRUE(LoadTable(*plugin, "").ok());
  absl::StatusOr<TablePtr> damaged = LoadTable(*plugin, "\xff\xff\xff");
  ASSERT_FALSE(damaged.ok());
  EXPECT_FALSE(damaged.status().message().empty());
  postern_host host = {};
  host.struct_size = sizeof(host);
  EXPECT_TRUE(CreateEngine(*plugin, host,
                           "\x0a\x0c"
                           "mail.example",
                           nullptr)
                  .ok());
  EXPECT_FALSE(CreateEngine(*plugin, host, "\xff\xff", nullptr).ok());
}

}  // namespace
}  // namespace host
}  // namespace postern
