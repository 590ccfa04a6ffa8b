// SPDX-License-Identifier: Apache-2.0
//
// postern_exim.so: functions for Exim's ${dlfunc ...}.
//
//   ${dlfunc{FILE}{postern_check}{$smtp_command}{SETTING}...}
//     The engine's verdict on a command that Exim has read: empty, or what `message` takes. Exim's
//     documented interface.
//
//   ${dlfunc{FILE}{postern_takeover}{/path/posternd}{OPTION}...}
//     In acl_smtp_connect: "taken", and from then on posternd speaks with the client; or "refused:
//     why", and nothing has changed. It leans on how this release of Exim handles its sockets,
//     which nobody promises.
//
// What is wrong with the files or the call is an ERROR: Exim writes it into its main log, and the
// ACL ends with 451. Nothing here goes from the client into Exim's memory without its taint.
//
// Threads and lifetime: Exim loads a module in the process that serves a connection, which has one
// thread, and keeps it until that ends. So engine and table are read once for a connection, and a
// new table counts from the next one on.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hosts/exim/judge.h"
#include "hosts/exim/takeover.h"
// Last: its macros have short names.
#include "hosts/exim/exim.h"

extern "C" {
__attribute__((visibility("default"))) exim_dlfunc_t postern_check;
__attribute__((visibility("default"))) exim_dlfunc_t postern_takeover;
}

namespace postern {
namespace exim {
namespace {

// How long the client and Exim wait for a posternd that starts.
constexpr int kStartMs = 20 * 1000;

// In Exim's store, which is emptied when it thinks best.
uschar* ToStore(absl::string_view text, const void* taint) {
  auto* const copy = static_cast<uschar*>(store_get(static_cast<int>(text.size()) + 1, taint));
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

int Yield(uschar** yield, int result, absl::string_view text, const void* taint) {
  *yield = ToStore(text, taint);
  return result;
}

// The value of a variable, with its $.
std::string Variable(const char* name) {
  // It wants to be able to write, and does not, into what stands on no stack of its own.
  std::string text(name);
  const uschar* const value = expand_string(reinterpret_cast<uschar*>(&text[0]));
  return value == nullptr ? std::string() : reinterpret_cast<const char*>(value);
}

std::vector<std::string> ToVector(int argc, uschar* argv[], int first) {
  std::vector<std::string> arguments;
  for (int i = first; i < argc; ++i) arguments.emplace_back(reinterpret_cast<char*>(argv[i]));
  return arguments;
}

// Before anything is taken from Exim's store: what it wants to know has changed between releases.
absl::Status CheckRelease() {
  const std::string running = Variable("$version_number");
  // Debian's packages count as the release that they are made of.
  if (running == POSTERN_EXIM_VERSION) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("postern_exim.so was built for Exim " POSTERN_EXIM_VERSION ", and this is Exim ",
                   running, "; build it against this one's exim4-dev"));
}

postern_inspect_context ContextFor(absl::string_view line) {
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  const std::string verb = VerbOf(line);
  const bool greets = verb == "EHLO" || verb == "HELO";
  context.flags = POSTERN_INSPECT_CAN_STARTTLS;
  if (!greets && !Variable("$sender_helo_name").empty()) {
    const bool extended =
        received_protocol != nullptr &&
        absl::StrContains(reinterpret_cast<const char*>(received_protocol), "esmtp");
    context.flags |= extended ? POSTERN_INSPECT_EHLO : POSTERN_INSPECT_HELO;
  }
  // In the ACL for MAIL the sender is there already, and the transaction is not.
  if (sender_address != nullptr && verb != "MAIL") {
    context.flags |= POSTERN_INSPECT_MAIL;
    if (recipients_count > 0) context.flags |= POSTERN_INSPECT_RCPT;
    if (Variable("$message_smtputf8") == "yes") context.flags |= POSTERN_INSPECT_SMTPUTF8;
    context.recipients = static_cast<uint32_t>(recipients_count);
  }
  if (!Variable("$tls_in_cipher").empty()) context.flags |= POSTERN_INSPECT_TLS;
  if (sender_host_authenticated != nullptr) context.flags |= POSTERN_INSPECT_AUTHENTICATED;
  if (sender_host_address != nullptr) {
    context.client_address.data = sender_host_address;
    context.client_address.size = std::strlen(reinterpret_cast<char*>(sender_host_address));
  }
  return context;
}

absl::StatusOr<std::string> Check(int argc, uschar* argv[]) {
  static std::unique_ptr<Judge>* const judge = new std::unique_ptr<Judge>();
  static std::vector<std::string>* const given = new std::vector<std::string>();
  if (argc < 1) {
    return absl::InvalidArgumentError("give the command: {postern_check}{$smtp_command}");
  }
  const std::vector<std::string> arguments = ToVector(argc, argv, 1);
  if (*judge == nullptr) {
    absl::StatusOr<Settings> settings = Settings::Parse(arguments);
    if (!settings.ok()) return settings.status();
    if (settings->server_name.empty()) settings->server_name = Variable("$smtp_active_hostname");
    absl::StatusOr<std::unique_ptr<Judge>> made = Judge::Create(*settings);
    if (!made.ok()) return made.status();
    *judge = *std::move(made);
    *given = arguments;
  } else if (*given != arguments) {
    return absl::InvalidArgumentError(
        "the settings are not those of the first call in this connection; give all calls the same");
  }
  const absl::string_view line(reinterpret_cast<char*>(argv[0]));
  // acl_smtp_connect: no command has been read.
  if (line.empty()) return std::string();
  return (*judge)->Check(ContextFor(line), line);
}

// Why it could not be right here; OK if it can.
absl::Status MayTakeOver() {
  const auto refuse = [](const char* why) { return absl::FailedPreconditionError(why); };
  if (host_checking) return refuse("-bh has no client");
  if (!smtp_input || smtp_batched_input || sender_host_address == nullptr) {
    return refuse("there is no client on a socket (-bs, -bS)");
  }
  if (!Variable("$smtp_command").empty()) {
    return refuse("commands have been read already; call it in acl_smtp_connect");
  }
  if (!Variable("$tls_in_cipher").empty()) {
    return refuse("TLS is up already (tls_on_connect_ports); let posternd serve that port");
  }
  return absl::OkStatus();
}

absl::Status Take(int argc, uschar* argv[]) {
  const std::vector<std::string> command = ToVector(argc, argv, 0);
  absl::Status status = MayTakeOver();
  if (!status.ok()) return status;
  // Behind a proxy the socket's other end is that one.
  const bool proxy = Variable("$proxy_session") == "yes";
  const std::string address =
      proxy ? Variable("$proxy_local_address") : reinterpret_cast<char*>(sender_host_address);
  const int port = proxy ? std::atoi(Variable("$proxy_local_port").c_str()) : int{sender_host_port};
  const absl::StatusOr<std::vector<int>> client = FindClient(address, static_cast<uint16_t>(port));
  if (!client.ok()) return client.status();
  return TakeOver(*client, command, kStartMs);
}

}  // namespace
}  // namespace exim
}  // namespace postern

int postern_check(uschar** yield, int argc, uschar* argv[]) {
  using postern::exim::Yield;
  try {
    const absl::Status release = postern::exim::CheckRelease();
    const absl::StatusOr<std::string> message =
        release.ok() ? postern::exim::Check(argc, argv) : release;
    if (message.ok()) return Yield(yield, OK, *message, GET_TAINTED);
    return Yield(yield, ERROR, absl::StrCat("postern: ", message.status().message()),
                 GET_UNTAINTED);
  } catch (...) {
    *yield = nullptr;
    return ERROR;
  }
}

int postern_takeover(uschar** yield, int argc, uschar* argv[]) {
  using postern::exim::Yield;
  try {
    absl::Status status = postern::exim::CheckRelease();
    if (status.ok() && (argc < 1 || argv[0][0] != '/')) {
      status = absl::InvalidArgumentError(
          "give the whole path of posternd: {postern_takeover}{/usr/local/lib/postern/posternd}");
    }
    if (!status.ok()) {
      return Yield(yield, ERROR, absl::StrCat("postern: ", status.message()), GET_UNTAINTED);
    }
    status = postern::exim::Take(argc, argv);
    if (status.ok()) return Yield(yield, OK, "taken", GET_UNTAINTED);
    const std::string why(status.message());
    log_write(0, LOG_MAIN, "postern: no take-over from %s: %s",
              sender_host_address == nullptr ? "a local client"
                                             : reinterpret_cast<char*>(sender_host_address),
              why.c_str());
    return Yield(yield, OK, absl::StrCat("refused: ", why), GET_TAINTED);
  } catch (...) {
    *yield = nullptr;
    return ERROR;
  }
}
