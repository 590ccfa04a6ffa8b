// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/command_line.h"

#include <stdio.h>

#include <algorithm>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hosts/common/closest.h"

namespace postern {
namespace ctl {
namespace {

bool Takes(const Command& command, const std::string& name) {
  return std::any_of(command.flags.begin(), command.flags.end(),
                     [&](const char* flag) { return name == flag; });
}

absl::Status UnknownFlag(const Command& command, const std::string& name) {
  const std::vector<std::string> known(command.flags.begin(), command.flags.end());
  const std::string closest = host::Closest(name, known);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag --", name, " of ", command.name, "; ",
                   closest.empty() ? "" : absl::StrCat("did you mean --", closest, "? "),
                   "posternctl ", command.name, " --help lists its flags"));
}

absl::Status Set(absl::CommandLineFlag* flag, std::string value, bool again) {
  if (again && flag->IsOfType<std::vector<std::string>>()) {
    value = absl::StrCat(flag->CurrentValue(), ",", value);
  }
  std::string error;
  if (flag->ParseFrom(value, &error)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", std::string(flag->Name()), "=", value, ": this is not ",
                   flag->IsOfType<bool>() ? "true or false" : "a number"));
}

// "FILE  meaning" of a flag's help, cut at the gap.
void SplitHelp(const std::string& help, std::string* value, std::string* meaning) {
  const size_t gap = help.find("  ");
  *value = gap == std::string::npos ? "" : absl::StrCat("=", help.substr(0, gap));
  *meaning = gap == std::string::npos ? help : help.substr(gap + 2);
}

}  // namespace

absl::StatusOr<Invocation> ParseInvocation(const Command& command,
                                           const std::vector<std::string>& arguments) {
  Invocation result;
  bool only_arguments = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string argument = arguments[i];
    // "-" names standard input.
    if (only_arguments || argument == "-" || !absl::StartsWith(argument, "-")) {
      result.arguments.push_back(argument);
      continue;
    }
    if (argument == "--") {
      only_arguments = true;
      continue;
    }
    if (argument == "-h") argument = "--help";
    argument.erase(0, absl::StartsWith(argument, "--") ? 2 : 1);
    const size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    if (name == "help") {
      result.help = true;
      continue;
    }
    bool negated = false;
    if (!Takes(command, name) && absl::StartsWith(name, "no") && Takes(command, name.substr(2)) &&
        equals == std::string::npos) {
      name = name.substr(2);
      negated = true;
    }
    absl::CommandLineFlag* flag = Takes(command, name) ? absl::FindCommandLineFlag(name) : nullptr;
    if (flag == nullptr || (negated && !flag->IsOfType<bool>())) return UnknownFlag(command, name);
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (flag->IsOfType<bool>()) {
      value = negated ? "false" : "true";
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " needs a value: --", name, "=..."));
    }
    const absl::Status status = Set(flag, value, result.given.count(name) != 0);
    if (!status.ok()) return status;
    result.given.insert(name);
  }
  if (!result.help && (result.arguments.size() < command.least_arguments ||
                       result.arguments.size() > command.most_arguments)) {
    return absl::InvalidArgumentError(
        absl::StrCat(command.name, " takes ", command.arguments, "; ",
                     result.arguments.size() < command.least_arguments
                         ? "name what is missing"
                         : absl::StrCat("leave out ", result.arguments.back()),
                     ", or see posternctl ", command.name, " --help"));
  }
  return result;
}

std::string UsageText() {
  std::string text =
      "posternctl: writes, checks, explains and tries reply tables.\n\n"
      "  posternctl COMMAND [--flag=value ...] [ARGUMENT ...]\n\n"
      "Commands:\n";
  for (const Command& command : Commands()) {
    absl::StrAppend(&text, "  ", command.name,
                    std::string(std::max<size_t>(11 - std::string(command.name).size(), 1), ' '),
                    command.summary, "\n");
  }
  absl::StrAppend(&text,
                  "\n`posternctl COMMAND --help` shows flags and examples.\n"
                  "Exit status: 0 fine, 1 a problem or a difference was found, 2 wrong usage or a "
                  "file that cannot be read.\n");
  return text;
}

std::string UsageText(const Command& command) {
  std::string text = absl::StrCat("posternctl ", command.name, ": ", command.summary,
                                  "\n\n  posternctl ", command.name, " [--flag=value ...] ",
                                  command.arguments, "\n\n", command.more, "\nExamples:\n");
  for (const absl::string_view example : absl::StrSplit(command.examples, '\n')) {
    if (!example.empty()) absl::StrAppend(&text, "  ", example, "\n");
  }
  absl::StrAppend(&text, "\nFlags:\n");
  for (const char* name : command.flags) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    std::string value;
    std::string meaning;
    SplitHelp(flag->Help(), &value, &meaning);
    absl::StrAppend(&text, "  --", name, value, "\n        ", meaning, "\n");
  }
  return text;
}

int Fail(const std::string& sentence) {
  fputs(absl::StrCat("posternctl: ", sentence, "\n").c_str(), stderr);
  return kUsage;
}

int Fail(const absl::Status& status) { return Fail(std::string(status.message())); }

}  // namespace ctl
}  // namespace postern
