// SPDX-License-Identifier: Apache-2.0
//
// posternctl's subcommands and what they are told: `posternctl COMMAND [--flag=value ...] ARG...`.
// The flags are absl's; each command takes those that it names and refuses the others.
//
// Threads: the main thread.
#ifndef POSTERN_TOOLS_POSTERNCTL_COMMAND_LINE_H_
#define POSTERN_TOOLS_POSTERNCTL_COMMAND_LINE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace postern {
namespace ctl {

// Exit status of every command.
inline constexpr int kFine = 0;
inline constexpr int kProblem = 1;  // a fault, a difference, a missing translation was found
inline constexpr int kUsage = 2;    // wrong flags, a file that cannot be read

struct Invocation {
  std::vector<std::string> arguments;  // those that are no flags
  std::set<std::string> given;         // names of the flags given
  bool help = false;
};

struct Command {
  const char* name;
  const char* arguments;  // "FILE..."
  const char* summary;    // one sentence
  const char* more;       // how it works, in lines
  const char* examples;   // one a line: command, two spaces or more, what it does
  std::vector<const char*> flags;
  size_t least_arguments;
  size_t most_arguments;
  int (*run)(const Invocation& invocation);
};

// All commands, in the order in which they are shown.
const std::vector<Command>& Commands();

// Reads what stands behind the command's name. Every mistake becomes one sentence with its mend.
absl::StatusOr<Invocation> ParseInvocation(const Command& command,
                                           const std::vector<std::string>& arguments);

std::string UsageText();
std::string UsageText(const Command& command);

// Prints the sentence to standard error and gives kUsage.
int Fail(const std::string& sentence);
int Fail(const absl::Status& status);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_COMMAND_LINE_H_
