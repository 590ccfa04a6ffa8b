// SPDX-License-Identifier: Apache-2.0
//
// Loading and negotiation; see plugin.h.

#include "hosts/common/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace postern {
namespace host {
namespace {

constexpr char kFileName[] = "libpostern.so";

// Collects what the plugin logs while it decides about us: the reason of a refusal.
void CollectLog(void* user, int32_t /*severity*/, const char* text, size_t size) {
  auto* collected = static_cast<std::string*>(user);
  if (collected->size() < 1000) absl::StrAppend(collected, absl::string_view(text, size), " ");
}

bool HasAllCalls(const postern_api& api) {
  return api.error_name && api.rule_name && api.table_load && api.table_release &&
         api.engine_create && api.engine_set_table && api.engine_set_config && api.engine_release &&
         api.session_open && api.session_feed && api.session_next_event && api.session_answer &&
         api.session_output && api.session_output_consumed && api.session_tick &&
         api.session_next_deadline && api.session_notify && api.session_info && api.session_close;
}

const uint8_t* Octets(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// A postern_error with its buffer.
class ErrorText {
 public:
  ErrorText() {
    error_.struct_size = sizeof(error_);
    error_.text = buffer_.data();
    error_.capacity = buffer_.size();
    buffer_[0] = '\0';
  }
  postern_error* get() { return &error_; }

  absl::Status ToStatus(const Plugin& plugin, int32_t result) const {
    absl::string_view text(buffer_.data());
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    if (text.empty()) text = plugin.api().error_name(result);
    return absl::InvalidArgumentError(absl::StrReplaceAll(text, {{"\n", "; "}}));
  }

 private:
  std::array<char, 4096> buffer_;
  postern_error error_ = {};
};

}  // namespace

absl::StatusOr<Plugin> Plugin::Load(const std::string& path) {
  // A name without a slash would be looked up on the library path of the system.
  const std::string file = path.find('/') == std::string::npos ? absl::StrCat("./", path) : path;
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* error = dlerror();
    absl::string_view reason = error == nullptr ? "unknown reason" : error;
    // The file is named already.
    absl::ConsumePrefix(&reason, absl::StrCat(file, ": "));
    return absl::NotFoundError(absl::StrCat("cannot load the plugin ", path, ": ", reason,
                                            "; name the file with --plugin=PATH or build it: "
                                            "./bazelw build //plugin_api:libpostern.so"));
  }
  auto entry = reinterpret_cast<postern_plugin_v1_fn>(dlsym(library, "postern_plugin_v1"));
  if (entry == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(path,
                     " is no Postern plugin: it does not export postern_plugin_v1; name "
                     "libpostern.so with --plugin=PATH"));
  }
  std::string log;
  postern_host host = {};
  host.struct_size = sizeof(host);
  host.user = &log;
  host.log = &CollectLog;
  const postern_api* api = entry(POSTERN_ABI_VERSION, &host);
  if (api == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the plugin ", path, " does not serve ABI ", POSTERN_ABI_MAJOR, ".", POSTERN_ABI_MINOR,
        log.empty() ? "" : ": ", log, "; use a plugin and a program of the same major version"));
  }
  if ((api->abi_version >> 16) != POSTERN_ABI_MAJOR ||
      api->struct_size < offsetof(postern_api, session_close) + sizeof(api->session_close) ||
      !HasAllCalls(*api)) {
    return absl::FailedPreconditionError(absl::StrCat("the plugin ", path, " lacks calls of ABI ",
                                                      POSTERN_ABI_MAJOR, ".", POSTERN_ABI_MINOR,
                                                      "; use a newer libpostern.so"));
  }
  return Plugin(api, path);
}

std::string Plugin::version() const {
  if (api_->version.data == nullptr) return "";
  return std::string(reinterpret_cast<const char*>(api_->version.data), api_->version.size);
}

absl::StatusOr<TablePtr> LoadTable(const Plugin& plugin, absl::string_view serialized) {
  postern_table* table = nullptr;
  ErrorText error;
  const int32_t result =
      plugin.api().table_load(Octets(serialized), serialized.size(), &table, error.get());
  if (result < 0) return error.ToStatus(plugin, result);
  return TablePtr(table, TableReleaser{&plugin.api()});
}

absl::StatusOr<EnginePtr> CreateEngine(const Plugin& plugin, const postern_host& host,
                                       absl::string_view config, postern_table* table) {
  postern_engine* engine = nullptr;
  ErrorText error;
  const int32_t result =
      plugin.api().engine_create(&host, Octets(config), config.size(), table, &engine, error.get());
  if (result < 0) return error.ToStatus(plugin, result);
  return EnginePtr(engine, EngineReleaser{&plugin.api()});
}

absl::Status SetConfig(const Plugin& plugin, postern_engine* engine, absl::string_view config) {
  ErrorText error;
  const int32_t result =
      plugin.api().engine_set_config(engine, Octets(config), config.size(), error.get());
  return result < 0 ? error.ToStatus(plugin, result) : absl::OkStatus();
}

absl::Status SetTable(const Plugin& plugin, postern_engine* engine, postern_table* table) {
  ErrorText error;
  const int32_t result = plugin.api().engine_set_table(engine, table, error.get());
  return result < 0 ? error.ToStatus(plugin, result) : absl::OkStatus();
}

std::string DefaultPluginPath() {
  char buffer[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", buffer, sizeof(buffer));
  if (size <= 0 || static_cast<size_t>(size) >= sizeof(buffer)) return kFileName;
  const std::string program(buffer, static_cast<size_t>(size));
  const std::string directory = program.substr(0, program.rfind('/'));
  std::vector<std::string> candidates = {absl::StrCat(directory, "/", kFileName)};
  if (const char* runfiles = getenv("RUNFILES_DIR")) {
    candidates.push_back(absl::StrCat(runfiles, "/postern/plugin_api/", kFileName));
  }
  // A test's data, and a program that `bazel run` starts.
  if (const char* runfiles = getenv("TEST_SRCDIR")) {
    candidates.push_back(absl::StrCat(runfiles, "/postern/plugin_api/", kFileName));
  }
  candidates.push_back(absl::StrCat(program, ".runfiles/postern/plugin_api/", kFileName));
  // Installed below a prefix: bin/posternd and lib/libpostern.so.
  candidates.push_back(absl::StrCat(directory, "/../lib/", kFileName));
  // The output tree itself: hosts/NAME/program and plugin_api/libpostern.so.
  candidates.push_back(absl::StrCat(directory, "/../../plugin_api/", kFileName));
  for (const std::string& candidate : candidates) {
    if (access(candidate.c_str(), R_OK) == 0) return candidate;
  }
  return candidates.front();
}

}  // namespace host
}  // namespace postern
