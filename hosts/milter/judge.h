// SPDX-License-Identifier: Apache-2.0
//
// The engine as a milter uses it: configuration and reply table in force, single command lines
// judged (inspect), and sessions that read the content of messages (content.h).
//
// The MTA owns the wire, so what it offers is its own affair: extensions that the configuration
// leaves open are on here, such as DELIVERBY, and a parameter of one that the MTA lacks is refused
// by the MTA. HELP is off unless switched on: no milter can send a 214, and so HELP, where the MTA
// asks about it at all, is answered as a command that is not offered.
//
// Threads and lifetime: immutable, shared by all sessions that began while it was in force; a
// reload makes another one.
#ifndef POSTERN_HOSTS_MILTER_JUDGE_H_
#define POSTERN_HOSTS_MILTER_JUDGE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hosts/common/plugin.h"
#include "hosts/common/text_proto.h"
#include "hosts/milter/reply.h"
#include "plugin_api/postern.h"

namespace postern {
namespace milter {

struct EngineFiles {
  std::string config;       // EngineConfig as protobuf text; empty: none
  std::string table;        // ReplyTable; empty: the default table
  std::string server_name;  // empty: as `config` says
  std::string hostname;     // where nobody names the server
};

// What is said of one line, or of a message.
struct Finding {
  // The engine could not tell: no memory, or a line that is none. Nothing else is set then.
  bool failed = false;
  // Empty code: nothing is wrong.
  Reply reply;
  uint32_t rule = 0;  // POSTERN_RULE_*

  bool refused() const { return !failed && reply.IsRefusal(); }
};

class Judge {
 public:
  // The message of a refusal begins with the file, and its line where there is one.
  static absl::StatusOr<std::shared_ptr<const Judge>> Create(const host::Plugin& plugin,
                                                             const EngineFiles& files,
                                                             const postern_host& host);

  // `flags` are POSTERN_INSPECT_*.
  Finding Inspect(absl::string_view line, uint32_t flags, uint32_t recipients,
                  absl::string_view client) const;

  const postern_api& api() const { return plugin_.api(); }
  // For sessions of content alone: it demands neither TLS nor AUTH.
  postern_engine* content_engine() const { return content_.get(); }

 private:
  explicit Judge(const host::Plugin& plugin) : plugin_(plugin) {}

  const host::Plugin plugin_;
  host::EnginePtr commands_;
  host::EnginePtr content_;
};

// The schema of configuration and tables that the program carries.
const host::TextProtoSchema& Schema();

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_JUDGE_H_
