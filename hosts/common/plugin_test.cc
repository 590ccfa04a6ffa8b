// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/plugin.h"

#include <dlfcn.h>
#include <link.h>

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
  // The maths library, wherever this machine keeps it. It is asked for by name: the address of a
  // function may lie in this program, where a sanitizer stands before the library.
  void* const library = dlopen("libm.so.6", RTLD_LAZY | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  link_map* map = nullptr;
  ASSERT_EQ(dlinfo(library, RTLD_DI_LINKMAP, &map), 0) << dlerror();
  absl::StatusOr<Plugin> plugin = Plugin::Load(map->l_name);
  dlclose(library);
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
