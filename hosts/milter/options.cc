// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/options.h"

#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hosts/common/closest.h"
#include "hosts/common/plugin.h"

ABSL_FLAG(std::string, socket, "inet:127.0.0.1:8894",
          "unix:PATH|inet:ADDR:PORT|inet:PORT@ADDR  where the mail server finds this milter; port "
          "0 for any free one (default inet:127.0.0.1:8894)");
ABSL_FLAG(std::string, socket_mode, "0660", "OCTAL  rights of a unix: socket (default 0660)");
ABSL_FLAG(std::string, socket_group, "", "NAME  group of a unix: socket, such as postfix or smmsp");
ABSL_FLAG(std::string, config, "", "FILE  EngineConfig as protobuf text: limits, leniency, ...");
ABSL_FLAG(std::string, table, "", "FILE  reply table: protobuf text, or compiled (.binpb)");
ABSL_FLAG(std::string, server_name, "",
          "NAME  {server} in replies (default: of --config, else the host's name)");
ABSL_FLAG(std::string, plugin, "", "FILE  libpostern.so (default: beside this program)");
ABSL_FLAG(std::string, user, "", "NAME  the user to become once the socket is open");
ABSL_FLAG(std::string, on_failure, "tempfail",
          "tempfail|accept  what is done with a command or message that the engine cannot judge, "
          "as for want of memory (default tempfail)");
ABSL_FLAG(uint32_t, grace_seconds, 10, "N  how long a stop waits for sessions (default 10)");
ABSL_FLAG(bool, watch, false, "reload by itself when configuration or table change");
ABSL_FLAG(std::string, log_format, "text", "text|json  (default text)");
ABSL_FLAG(std::string, log_file, "", "FILE  the log (default: standard error)");
ABSL_FLAG(bool, verbose, false, "log single connections too");
ABSL_FLAG(bool, check_config, false, "read configuration and table, say what is wrong, and end");

namespace postern {
namespace milter {
namespace {

constexpr const char* kFlags[] = {"socket",     "socket_mode",  "socket_group", "config",
                                  "table",      "user",         "server_name",  "on_failure",
                                  "watch",      "check_config", "plugin",       "grace_seconds",
                                  "log_format", "log_file",     "verbose"};

bool IsFlag(absl::string_view name) {
  return std::find(std::begin(kFlags), std::end(kFlags), name) != std::end(kFlags);
}

absl::Status UnknownFlag(absl::string_view name) {
  const std::string closest =
      host::Closest(name.substr(0, 64), {std::begin(kFlags), std::end(kFlags)});
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag --", name, "; ",
                   closest.empty() ? "" : absl::StrCat("did you mean --", closest, "? "),
                   "--help lists all flags"));
}

// --name=value, --name value, --switch and --noswitch.
absl::Status ParseFlags(const std::vector<std::string>& arguments, Options* options) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (argument == "-h") argument = "--help";
    if (!absl::StartsWith(argument, "-") || argument.size() < 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", argument, "' is not a flag; write --name=value, or see --help"));
    }
    argument.remove_prefix(absl::StartsWith(argument, "--") ? 2 : 1);
    const size_t equals = argument.find('=');
    std::string name(argument.substr(0, equals));
    if (name == "help" || name == "version") {
      (name == "help" ? options->help : options->version) = true;
      continue;
    }
    bool negated = false;
    if (!IsFlag(name) && absl::StartsWith(name, "no") && IsFlag(name.substr(2)) &&
        equals == absl::string_view::npos) {
      name = name.substr(2);
      negated = true;
    }
    absl::CommandLineFlag* flag = IsFlag(name) ? absl::FindCommandLineFlag(name) : nullptr;
    if (flag == nullptr || (negated && !flag->IsOfType<bool>())) {
      return UnknownFlag(argument.substr(0, equals));
    }
    std::string value;
    if (equals != absl::string_view::npos) {
      value = std::string(argument.substr(equals + 1));
    } else if (flag->IsOfType<bool>()) {
      value = negated ? "false" : "true";
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " needs a value: --", name, "=..."));
    }
    std::string error;
    if (!flag->ParseFrom(value, &error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, "=", value, ": this is not ",
                       flag->IsOfType<bool>() ? "true or false" : "a number from 0 to 4294967295"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<mode_t> ParseMode(const std::string& text) {
  char* end = nullptr;
  const unsigned long mode = strtoul(text.c_str(), &end, 8);
  if (text.empty() || *end != '\0' || text[0] == '-' || mode > 0777) {
    return absl::InvalidArgumentError(
        absl::StrCat("--socket_mode=", text, ": this is no mode; write 0660"));
  }
  return static_cast<mode_t>(mode);
}

// A name for the {server} of the table when nobody gave one: the host's, if it is a domain.
std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "localhost";
  const absl::string_view text(name);
  bool domain = absl::StrContains(text, '.') && !absl::StrContains(text, "..");
  for (const char c : text) {
    domain = domain && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.');
  }
  if (!domain || !absl::ascii_isalnum(static_cast<unsigned char>(text.front())) ||
      !absl::ascii_isalnum(static_cast<unsigned char>(text.back()))) {
    return "localhost";
  }
  return std::string(text);
}

}  // namespace

absl::StatusOr<SocketAddress> SocketAddress::Parse(absl::string_view text) {
  const auto wrong = [&text](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("--socket=", text, ": ", why,
                     "; write unix:/run/postern-milter/socket or inet:127.0.0.1:8894"));
  };
  SocketAddress address;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:") || absl::ConsumePrefix(&rest, "local:")) {
    if (rest.empty()) return wrong("the path is missing");
    if (rest.size() >= sizeof(sockaddr_un::sun_path)) return wrong("the path is too long");
    address.path = std::string(rest);
    return address;
  }
  const bool six = absl::ConsumePrefix(&rest, "inet6:");
  if (!six && !absl::ConsumePrefix(&rest, "inet:")) return wrong("this is no socket");
  const size_t at = rest.find('@');
  std::string endpoint(rest);
  if (at != absl::string_view::npos) {
    absl::string_view name = rest.substr(at + 1);
    if (absl::ConsumePrefix(&name, "[") != absl::ConsumeSuffix(&name, "]")) {
      return wrong("this is no address");
    }
    const bool colons = absl::StrContains(name, ':');
    endpoint = absl::StrCat(colons ? "[" : "", name, colons ? "]" : "", ":", rest.substr(0, at));
  }
  absl::StatusOr<host::Endpoint> parsed = host::Endpoint::Parse(endpoint);
  if (!parsed.ok()) return wrong(parsed.status().message());
  address.endpoint = *parsed;
  return address;
}

std::string SocketAddress::ToString() const {
  if (!path.empty()) return absl::StrCat("unix:", path);
  return absl::StrCat("inet:", endpoint.ToString());
}

absl::StatusOr<Options> MakeOptions(const std::vector<std::string>& arguments) {
  Options options;
  absl::Status status = ParseFlags(arguments, &options);
  if (!status.ok()) return status;
  absl::StatusOr<SocketAddress> socket = SocketAddress::Parse(absl::GetFlag(FLAGS_socket));
  if (!socket.ok()) return socket.status();
  options.socket = *std::move(socket);
  const absl::StatusOr<mode_t> mode = ParseMode(absl::GetFlag(FLAGS_socket_mode));
  if (!mode.ok()) return mode.status();
  options.socket_mode = *mode;
  options.socket_group = absl::GetFlag(FLAGS_socket_group);
  if (!options.socket_group.empty() && options.socket.path.empty()) {
    return absl::InvalidArgumentError(
        "--socket_group: an address and port have no group; leave it out, or give "
        "--socket=unix:PATH");
  }
  options.files.config = absl::GetFlag(FLAGS_config);
  options.files.table = absl::GetFlag(FLAGS_table);
  options.files.server_name = absl::GetFlag(FLAGS_server_name);
  options.files.hostname = HostName();
  options.plugin = absl::GetFlag(FLAGS_plugin);
  if (options.plugin.empty()) options.plugin = host::DefaultPluginPath();
  options.user = absl::GetFlag(FLAGS_user);
  const std::string failure = absl::GetFlag(FLAGS_on_failure);
  if (failure != "tempfail" && failure != "accept") {
    return absl::InvalidArgumentError(
        absl::StrCat("--on_failure: '", failure, "' is not known; write tempfail or accept"));
  }
  options.on_failure = failure == "accept" ? OnFailure::kAccept : OnFailure::kTempfail;
  options.watch = absl::GetFlag(FLAGS_watch);
  options.check_config = absl::GetFlag(FLAGS_check_config);
  options.grace_seconds = absl::GetFlag(FLAGS_grace_seconds);
  const std::string format = absl::GetFlag(FLAGS_log_format);
  if (format != "text" && format != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("--log_format: '", format, "' is not known; write text or json"));
  }
  options.log.format = format == "json" ? posternd::LogFormat::kJson : posternd::LogFormat::kText;
  options.log.file = absl::GetFlag(FLAGS_log_file);
  options.log.verbose = absl::GetFlag(FLAGS_verbose);
  const char* no_colour = getenv("NO_COLOR");
  options.log.colour = isatty(STDERR_FILENO) != 0 && (no_colour == nullptr || no_colour[0] == '\0');
  return options;
}

std::string UsageText() {
  std::string text =
      "postern-milter: strict SMTP checks for Postfix and Sendmail, with the replies of a table.\n"
      "\n  postern-milter [--socket=unix:PATH] [--table=FILE] [--config=FILE] ...\n\nFlags:\n";
  for (const char* name : kFlags) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    const std::string help = flag->Help();
    const size_t gap = help.find("  ");
    const std::string value =
        gap == std::string::npos ? "" : absl::StrCat("=", help.substr(0, gap));
    const std::string meaning = gap == std::string::npos ? help : help.substr(gap + 2);
    absl::StrAppend(&text, "  --", name, value, "\n        ", meaning, "\n");
  }
  absl::StrAppend(&text,
                  "\nSIGHUP reads configuration and table again, and --watch does so by itself; "
                  "SIGINT and SIGTERM\nstop it when its sessions have ended, or after "
                  "--grace_seconds. Exit status 2: something given\nis wrong, and one sentence "
                  "says what.\n");
  return text;
}

}  // namespace milter
}  // namespace postern
