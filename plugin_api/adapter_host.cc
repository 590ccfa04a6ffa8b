// SPDX-License-Identifier: Apache-2.0

#include "plugin_api/adapter_host.h"

#include <algorithm>

namespace postern::plugin {

Host::Host(const postern_host& host) : log(host.log), user(host.user) {
  if (host.allocate != nullptr) memory = {host.allocate, host.deallocate, host.user};
}

void Host::Log(int32_t severity, std::string_view text) const {
  if (log != nullptr) log(user, severity, text.data(), text.size());
}

void Host::Misbehaved(std::string_view call, std::string_view what) const {
  if (log == nullptr) return;
  // Both are literals of ours; the bound is there for whoever writes a longer one.
  char text[200];
  size_t size = call.copy(text, sizeof(text) / 2);
  text[size++] = ':';
  text[size++] = ' ';
  size += what.copy(text + size, sizeof(text) - size);
  Log(POSTERN_LOG_HOST_MISBEHAVED, {text, size});
}

}  // namespace postern::plugin
