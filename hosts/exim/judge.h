// SPDX-License-Identifier: Apache-2.0
//
// Judges the command lines that Exim shows to its ACLs: the engine's verdict, as text that Exim's
// `message` modifier takes. It knows nothing of Exim; module.cc does.
//
// Threads and lifetime: Exim's one thread. Made at the first call in a process, which is that of
// one connection, and left to the process's end.
#ifndef POSTERN_HOSTS_EXIM_JUDGE_H_
#define POSTERN_HOSTS_EXIM_JUDGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/common/plugin.h"
#include "plugin_api/postern.h"

namespace postern {
namespace exim {

struct Settings {
  std::string plugin;       // libpostern.so; empty: beside the module
  std::string config;       // EngineConfig as protobuf text, or serialized (.binpb); empty: none
  std::string table;        // ReplyTable, in the same way; empty: the default table
  std::string server_name;  // where the configuration has none

  // From the arguments of the call: "table=FILE", "config=FILE", "plugin=FILE", "server_name=NAME".
  static absl::StatusOr<Settings> Parse(const std::vector<std::string>& arguments);
};

class Judge {
 public:
  static absl::StatusOr<std::unique_ptr<Judge>> Create(const Settings& settings);

  // Empty: the line is right. Else code, enhanced code and text as Exim's `message` has them, once
  // for all lines, and further lines behind LF: "501 5.5.4 what\nmore". The class is 4 or 5, and 4
  // for ETRN.
  absl::StatusOr<std::string> Check(const postern_inspect_context& context, absl::string_view line);

 private:
  explicit Judge(host::Plugin plugin) : plugin_(std::move(plugin)) {}

  host::Plugin plugin_;
  host::EnginePtr engine_;
};

// A whole reply, "501-5.5.4 what\r\n501 5.5.4 more\r\n", as Exim's `message` has it: in lines that
// Exim leaves alone.
std::string ToMessage(absl::string_view reply);

// The command's verb in upper case.
std::string VerbOf(absl::string_view line);

}  // namespace exim
}  // namespace postern

#endif  // POSTERN_HOSTS_EXIM_JUDGE_H_
