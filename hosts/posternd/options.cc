// SPDX-License-Identifier: Apache-2.0
//
// Flags and configuration file; see options.h.

#include "hosts/posternd/options.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hosts/common/plugin.h"
#include "hosts/posternd/options_parts.h"
#include "hosts/posternd/posternd_config.pb.h"
#include "hosts/posternd/schema.h"

using StringList = std::vector<std::string>;

ABSL_FLAG(StringList, listen, {},
          "ADDR:PORT,...  where to listen; [ADDR]:PORT for IPv6, port 0 for any free one "
          "(default 127.0.0.1:2525)");
ABSL_FLAG(StringList, listen_tls, {}, "ADDR:PORT,...  the same with TLS from the start (RFC 8314)");
ABSL_FLAG(
    StringList, listen_submission, {},
    "ADDR:PORT,...  where mail is submitted (RFC 6409, port 587): only by those who logged in; "
    "AUTH is offered there alone then");
ABSL_FLAG(StringList, listen_submissions, {},
          "ADDR:PORT,...  the same with TLS from the start (RFC 8314, port 465)");
ABSL_FLAG(StringList, proxy_networks, {},
          "CIDR,...  peers there must send a PROXY protocol header; nobody else may");
ABSL_FLAG(StringList, trusted_networks, {},
          "CIDR,...  peers there may tell of their clients by XCLIENT and XFORWARD");
ABSL_FLAG(std::string, maildir, "",
          "DIR  where messages go (default ~/.local/state/postern/Maildir)");
ABSL_FLAG(bool, discard, false, "accept messages and throw them away, for measuring");
ABSL_FLAG(std::string, upstream, "",
          "smtp://ADDR:PORT|lmtp://ADDR:PORT|smtp+unix:PATH|lmtp+unix:PATH|exec:PROGRAM "
          "WORD...|fd:N  the server that this one is a gate for, instead of a Maildir; exec: is "
          "started for each connection, fd:N is connected already, for --inetd");
ABSL_FLAG(uint32_t, idle_upstreams, 0,
          "N  connections to that server that each event loop keeps for 20 seconds for the next "
          "client (default 0)");
ABSL_FLAG(uint32_t, max_upstream_programs, 0,
          "N  programs of --upstream=exec: at a time (default 100)");
ABSL_FLAG(std::string, upstream_identity, "",
          "none|xclient|xforward|proxy1|proxy2  how it is told who the client is (default none)");
ABSL_FLAG(
    std::string, protocol, "",
    "smtp|lmtp  what is spoken with clients (default smtp); lmtp (RFC 2033) has a message and a "
    "verdict for each recipient");
ABSL_FLAG(bool, inetd, false,
          "serve one client on descriptors 0 and 1, for inetd and Postfix's spawn(8)");
ABSL_FLAG(uint32_t, ready_fd, 0,
          "N  descriptor to write a newline to, and close, once nothing can be refused any more; "
          "for supervisors");
ABSL_FLAG(StringList, domains, {}, "a,b,...  recipient domains that are accepted (default: all)");
ABSL_FLAG(std::string, tls_cert, "", "FILE  certificate chain, PEM; with it STARTTLS is offered");
ABSL_FLAG(std::string, tls_key, "", "FILE  its private key, PEM");
ABSL_FLAG(std::string, config, "", "FILE  configuration as protobuf text; flags override it");
ABSL_FLAG(std::string, table, "", "FILE  reply table: protobuf text, or compiled (.binpb)");
ABSL_FLAG(std::string, plugin, "", "FILE  libpostern.so (default: beside this program)");
ABSL_FLAG(std::string, server_name, "",
          "NAME  in greeting and Received (default: the host's name)");
ABSL_FLAG(std::string, user, "", "NAME  the user to become once the addresses are bound");
ABSL_FLAG(uint32_t, max_connections, 0, "N  connections at a time (default 20000)");
ABSL_FLAG(uint32_t, max_connections_per_client, 0,
          "N  of them from one IPv4 address or IPv6 /64 (default 500)");
ABSL_FLAG(uint32_t, threads, 0, "N  event loops (default: one per core)");
ABSL_FLAG(uint32_t, delivery_threads, 0, "N  threads that make messages durable (default 8)");
ABSL_FLAG(uint32_t, grace_seconds, 0, "N  how long a stop waits for sessions (default 10)");
ABSL_FLAG(bool, watch, false,
          "reload by itself when configuration, table, certificate, keys or passwords change");
ABSL_FLAG(std::string, log_format, "", "text|json  (default text)");
ABSL_FLAG(std::string, log_file, "", "FILE  the log (default: standard error)");
ABSL_FLAG(bool, verbose, false,
          "log single connections and refused commands too (default on a terminal)");

namespace postern {
namespace posternd {
namespace {

constexpr char kConfigMessage[] = "postern.posternd.v1.PosterndConfig";

constexpr const char* kFlags[] = {"listen",
                                  "listen_tls",
                                  "listen_submission",
                                  "listen_submissions",
                                  "domains",
                                  "maildir",
                                  "discard",
                                  "upstream",
                                  "upstream_identity",
                                  "idle_upstreams",
                                  "max_upstream_programs",
                                  "protocol",
                                  "inetd",
                                  "ready_fd",
                                  "tls_cert",
                                  "tls_key",
                                  "password_file",
                                  "tls_client_ca",
                                  "require_auth",
                                  "auth_without_tls",
                                  "authenticated_header",
                                  "auth_failures_per_client",
                                  "auth_failures_per_user",
                                  "oauth_keys",
                                  "oauth_issuer",
                                  "oauth_audience",
                                  "oauth_user_claim",
                                  "oauth_scope",
                                  "oauth_algorithms",
                                  "oauth_leeway_seconds",
                                  "oauth_openid_configuration",
                                  "config",
                                  "table",
                                  "server_name",
                                  "user",
                                  "proxy_networks",
                                  "trusted_networks",
                                  "plugin",
                                  "max_connections",
                                  "max_connections_per_client",
                                  "threads",
                                  "delivery_threads",
                                  "grace_seconds",
                                  "watch",
                                  "log_format",
                                  "log_file",
                                  "verbose"};

bool IsFlag(absl::string_view name) {
  return std::find(std::begin(kFlags), std::end(kFlags), name) != std::end(kFlags);
}

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

absl::Status UnknownFlag(absl::string_view name) {
  const char* closest = nullptr;
  size_t distance = 4;
  for (const char* flag : kFlags) {
    const size_t candidate = EditDistance(name.substr(0, 64), flag);
    if (candidate < distance) {
      distance = candidate;
      closest = flag;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag --", name, "; ",
                   closest != nullptr ? absl::StrCat("did you mean --", closest, "? ") : "",
                   "--help lists all flags"));
}

template <typename T>
absl::Status ParseAll(const StringList& texts, const std::string& place, std::vector<T>* parsed) {
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    absl::StatusOr<T> one = T::Parse(text);
    if (!one.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", one.status().message()));
    }
    parsed->push_back(*one);
  }
  return absl::OkStatus();
}

// What can stand behind the @ of a recipient: a name of letters, digits and hyphens, in UTF-8 too
// (RFC 6531), or an address literal. Anything else would match no recipient, silently.
bool IsRecipientDomain(absl::string_view domain) {
  if (domain.size() > 255) return false;
  if (absl::StartsWith(domain, "[")) {
    return domain.size() > 2 && domain.find_first_of(" @<>]") == domain.size() - 1;
  }
  for (const absl::string_view label : absl::StrSplit(domain, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    for (const char c : label) {
      const auto octet = static_cast<unsigned char>(c);
      if (octet < 0x80 && !absl::ascii_isalnum(octet) && c != '-') return false;
    }
  }
  return true;
}

std::string DefaultMaildir() {
  const char* state = getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return absl::StrCat(state, "/postern/Maildir");
  const char* home = getenv("HOME");
  if (home != nullptr && home[0] == '/') return absl::StrCat(home, "/.local/state/postern/Maildir");
  return "";
}

// A name for the greeting when nobody gave one: the host's, if it is a domain.
std::string DefaultServerName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "localhost";
  const absl::string_view text(name);
  if (text.empty() || !absl::ascii_isalnum(static_cast<unsigned char>(text.front())) ||
      !absl::ascii_isalnum(static_cast<unsigned char>(text.back())) ||
      absl::StrContains(text, "..") || !absl::StrContains(text, '.')) {
    return "localhost";
  }
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.') {
      return "localhost";
    }
  }
  return std::string(text);
}

}  // namespace

std::string AsciiLower(absl::string_view text) { return absl::AsciiStrToLower(text); }

absl::string_view WithoutFinalDot(absl::string_view domain) {
  absl::ConsumeSuffix(&domain, ".");
  return domain;
}

const host::TextProtoSchema& Schema() {
  static const host::TextProtoSchema* schema = new host::TextProtoSchema(
      host::TextProtoSchema::Create(
          absl::string_view(reinterpret_cast<const char*>(kSchema), kSchemaSize))
          .value());
  return *schema;
}

absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& arguments) {
  Arguments result;
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
      (name == "help" ? result.help : result.version) = true;
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
    // A list flag that is repeated grows.
    if (flag->IsOfType<StringList>() && result.given.count(name) != 0) {
      value = absl::StrCat(flag->CurrentValue(), ",", value);
    }
    std::string error;
    if (!flag->ParseFrom(value, &error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, "=", value, ": this is not ",
                       flag->IsOfType<bool>() ? "true or false" : "a number from 0 to 4294967295"));
    }
    result.given.insert(name);
  }
  return result;
}

absl::StatusOr<Options> LoadOptions(const Arguments& arguments,
                                    const host::TextProtoSchema& schema) {
  v1::PosterndConfig file;
  Options options;
  options.config_file = absl::GetFlag(FLAGS_config);
  if (!options.config_file.empty()) {
    absl::StatusOr<std::string> serialized =
        schema.SerializeFile(kConfigMessage, options.config_file);
    if (!serialized.ok()) return serialized.status();
    if (!file.ParseFromString(*serialized)) {
      return absl::InvalidArgumentError(absl::StrCat(options.config_file, ": cannot be decoded"));
    }
  }
  const auto place = [&](const char* name) {
    return arguments.given.count(name) != 0 ? absl::StrCat("--", name)
                                            : absl::StrCat(options.config_file, ": ", name);
  };
  const auto list = [&](const char* name, const absl::Flag<StringList>& flag,
                        const google::protobuf::RepeatedPtrField<std::string>& field) {
    return Choose(arguments, name, flag, ToList(field), StringList());
  };

  absl::Status status =
      ParseAll(list("listen", FLAGS_listen, file.listen()), place("listen"), &options.listen);
  if (status.ok()) {
    status = ParseAll(list("listen_tls", FLAGS_listen_tls, file.listen_tls()), place("listen_tls"),
                      &options.listen_tls);
  }
  if (status.ok()) {
    status = ParseAll(list("listen_submission", FLAGS_listen_submission, file.listen_submission()),
                      place("listen_submission"), &options.listen_submission);
  }
  if (status.ok()) {
    status =
        ParseAll(list("listen_submissions", FLAGS_listen_submissions, file.listen_submissions()),
                 place("listen_submissions"), &options.listen_submissions);
  }
  if (status.ok()) {
    status = ParseAll(list("proxy_networks", FLAGS_proxy_networks, file.proxy_networks()),
                      place("proxy_networks"), &options.proxy_networks);
  }
  if (status.ok()) {
    status = ParseAll(list("trusted_networks", FLAGS_trusted_networks, file.trusted_networks()),
                      place("trusted_networks"), &options.trusted_networks);
  }
  if (!status.ok()) return status;
  const bool listens =
      !options.listen.empty() || !options.listen_tls.empty() || options.has_submission_listeners();
  if (absl::GetFlag(FLAGS_inetd) && listens) {
    return absl::InvalidArgumentError(
        "--inetd serves the client on descriptor 0 and listens nowhere; leave out --listen and "
        "--listen_tls");
  }
  if (!listens && !absl::GetFlag(FLAGS_inetd)) {
    options.listen.push_back(host::Endpoint::Parse("127.0.0.1:2525").value());
  }

  const auto text = [&](const char* name, const absl::Flag<std::string>& flag,
                        const std::string& field, const std::string& otherwise) {
    return Choose<std::string>(arguments, name, flag, field, otherwise);
  };
  options.watch = Choose(arguments, "watch", FLAGS_watch, file.watch(), false);
  options.discard = Choose(arguments, "discard", FLAGS_discard, file.discard(), false);
  options.maildir = text("maildir", FLAGS_maildir, file.maildir(), "");
  if (options.discard && !options.maildir.empty()) {
    return absl::InvalidArgumentError(
        "--discard and --maildir contradict each other; give one of both");
  }
  const std::string upstream = text("upstream", FLAGS_upstream, file.upstream(), "");
  if (!upstream.empty()) {
    if (options.discard || !options.maildir.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.discard ? "--discard" : "--maildir",
                       " and --upstream contradict each other; give one of both"));
    }
    absl::StatusOr<UpstreamTarget> target = UpstreamTarget::Parse(upstream);
    if (!target.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place("upstream"), ": ", target.status().message()));
    }
    // One connection serves one client, and whose it is its maker has said.
    if (target->descriptor >= 0 && !absl::GetFlag(FLAGS_inetd)) {
      return absl::InvalidArgumentError(absl::StrCat(
          place("upstream"), ": '", upstream,
          "' is one connection for one client; give --inetd, or the server's address"));
    }
    if (target->descriptor >= 0 && !options.proxy_networks.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place("proxy_networks"), ": '", upstream,
                       "' was connected for the client on descriptor 0, which can be no proxy"));
    }
    options.upstream_target = *std::move(target);
  }
  const std::string identity =
      text("upstream_identity", FLAGS_upstream_identity, file.upstream_identity(), "none");
  if (!upstream::ParseIdentityMode(identity, &options.upstream_identity)) {
    return absl::InvalidArgumentError(
        absl::StrCat(place("upstream_identity"), ": '", identity,
                     "' is not known; write none, xclient, xforward, proxy1 or proxy2"));
  }
  options.idle_upstreams =
      Choose(arguments, "idle_upstreams", FLAGS_idle_upstreams, file.idle_upstreams(), 0u);
  if (options.idle_upstreams > 0) {
    const bool proxy = options.upstream_identity == upstream::IdentityMode::kProxy1 ||
                       options.upstream_identity == upstream::IdentityMode::kProxy2;
    const char* const why = upstream.empty() ? "there is no --upstream"
                            : options.upstream_target->for_one_client() || proxy
                                ? "a connection of this kind is one client's"
                            : absl::GetFlag(FLAGS_inetd) ? "with --inetd there is no next client"
                                                         : nullptr;
    if (why != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(place("idle_upstreams"), ": ", why, "; leave it out"));
    }
    if (options.idle_upstreams > 1000) {
      return absl::InvalidArgumentError(
          absl::StrCat(place("idle_upstreams"), ": 1000 for each loop are the most"));
    }
  }
  if (upstream.empty() && identity != "none") {
    return absl::InvalidArgumentError(
        absl::StrCat(place("upstream_identity"), ": there is nobody to tell; give --upstream=..."));
  }
  options.inetd = absl::GetFlag(FLAGS_inetd);
  if (arguments.given.count("ready_fd") != 0) {
    const uint32_t number = absl::GetFlag(FLAGS_ready_fd);
    if (number < 3 || number > INT32_MAX) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--ready_fd: ", number, " is not a descriptor of the starting program; give 3 or more"));
    }
    options.ready_fd = static_cast<int>(number);
  }
  if (!options.discard && options.maildir.empty() && upstream.empty()) {
    options.maildir = DefaultMaildir();
    // --version delivers nothing and so needs no place for mail.
    if (options.maildir.empty() && !arguments.version) {
      return absl::InvalidArgumentError(
          "no place for the mail: HOME is not set; name a directory with --maildir=DIR");
    }
  }
  for (const std::string& domain : list("domains", FLAGS_domains, file.domains())) {
    if (domain.empty()) continue;
    if (!IsRecipientDomain(WithoutFinalDot(domain))) {
      return absl::InvalidArgumentError(
          absl::StrCat(place("domains"), ": '", domain,
                       "' is not a domain, so nobody could be reached there; write example.org"));
    }
    options.domains.insert(AsciiLower(WithoutFinalDot(domain)));
  }
  options.tls_cert = text("tls_cert", FLAGS_tls_cert, file.tls_cert(), "");
  options.tls_key = text("tls_key", FLAGS_tls_key, file.tls_key(), "");
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.tls_cert.empty() ? "--tls_cert" : "--tls_key",
                     " is missing; certificate and key are given together"));
  }
  if (!options.listen_tls.empty() && options.tls_cert.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(place("listen_tls"), ": TLS needs --tls_cert=FILE and --tls_key=FILE"));
  }
  if (!options.listen_submissions.empty() && options.tls_cert.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        place("listen_submissions"), ": TLS needs --tls_cert=FILE and --tls_key=FILE"));
  }
  status = LoadAuth(arguments, &file, &options);
  if (!status.ok()) return status;
  options.table = text("table", FLAGS_table, file.table(), "");
  options.user = text("user", FLAGS_user, file.user(), "");
  options.plugin = text("plugin", FLAGS_plugin, file.plugin(), "");
  if (options.plugin.empty()) options.plugin = host::DefaultPluginPath();

  options.max_connections =
      Choose(arguments, "max_connections", FLAGS_max_connections, file.max_connections(), 20000u);
  options.max_connections_per_client =
      Choose(arguments, "max_connections_per_client", FLAGS_max_connections_per_client,
             file.max_connections_per_client(), 500u);
  options.threads = Choose(arguments, "threads", FLAGS_threads, file.threads(), 0u);
  options.delivery_threads =
      Choose(arguments, "delivery_threads", FLAGS_delivery_threads, file.delivery_threads(), 8u);
  options.grace_seconds =
      Choose(arguments, "grace_seconds", FLAGS_grace_seconds, file.grace_seconds(), 10u);
  const std::pair<const char*, uint32_t> ranges[] = {
      {"threads", options.threads}, {"delivery_threads", options.delivery_threads}};
  for (const auto& [name, value] : ranges) {
    if (value > 256) {
      return absl::InvalidArgumentError(
          absl::StrCat(place(name), ": ", value, " threads are too many; 256 is the most"));
    }
  }
  // Zero in the file is the default, so this is about flags.
  options.max_upstream_programs =
      Choose(arguments, "max_upstream_programs", FLAGS_max_upstream_programs,
             file.max_upstream_programs(), 100u);
  const std::pair<const char*, uint32_t*> counts[] = {
      {"max_upstream_programs", &options.max_upstream_programs},
      {"max_connections", &options.max_connections},
      {"max_connections_per_client", &options.max_connections_per_client}};
  for (const auto& [name, value] : counts) {
    if (*value == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(place(name), ": 0 would let nobody in; give 1 or more"));
    }
  }
  if (options.delivery_threads == 0) options.delivery_threads = 1;

  const std::string format = text("log_format", FLAGS_log_format, file.log_format(), "text");
  if (format != "text" && format != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat(place("log_format"), ": '", format, "' is not known; write text or json"));
  }
  options.log.format = format == "json" ? LogFormat::kJson : LogFormat::kText;
  options.log.file = text("log_file", FLAGS_log_file, file.log_file(), "");
  const bool terminal = isatty(STDERR_FILENO) != 0;
  options.log.verbose = Choose(arguments, "verbose", FLAGS_verbose, file.verbose(),
                               terminal && options.log.file.empty());
  const char* no_colour = getenv("NO_COLOR");
  options.log.colour = terminal && (no_colour == nullptr || no_colour[0] == '\0');

  options.server_name = text("server_name", FLAGS_server_name, file.engine().server_name(), "");
  if (options.server_name.empty()) options.server_name = DefaultServerName();
  file.mutable_engine()->set_server_name(options.server_name);
  const std::string protocol = absl::GetFlag(FLAGS_protocol);
  if (!protocol.empty()) {
    if (protocol != "smtp" && protocol != "lmtp") {
      return absl::InvalidArgumentError(
          absl::StrCat("--protocol: '", protocol, "' is not known; write smtp or lmtp"));
    }
    file.mutable_engine()->set_protocol(protocol == "lmtp" ? postern::v1::PROTOCOL_LMTP
                                                           : postern::v1::PROTOCOL_SMTP);
  }
  if (file.engine().protocol() == postern::v1::PROTOCOL_LMTP) {
    // RFC 2033 section 5.
    if (options.has_submission_listeners()) {
      return absl::InvalidArgumentError(absl::StrCat(
          place("listen_submission"),
          ": mail is submitted by SMTP (RFC 6409); leave it out, or the protocol lmtp"));
    }
    for (const std::vector<host::Endpoint>* endpoints : {&options.listen, &options.listen_tls}) {
      for (const host::Endpoint& endpoint : *endpoints) {
        if (endpoint.port == 25) {
          return absl::InvalidArgumentError(absl::StrCat(
              place("listen"), ": LMTP must not be spoken on port 25; use another, such as 24"));
        }
      }
    }
    if (options.upstream_target.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          place("upstream"), ": a gate speaks SMTP with its clients; leave out the protocol lmtp"));
    }
  }
  {
    const postern::v1::Extensions& given = file.engine().extensions();
    const auto refused = [&options](const char* name, const char* why) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.config_file, ": engine.extensions.", name, ": ", why));
    };
    const bool gate = options.upstream_target.has_value();
    if (given.etrn() == postern::v1::SWITCH_ON && !gate) {
      return refused("etrn", "posternd has no queue; only a gate hands ETRN on: give --upstream");
    }
    if (given.burl() == postern::v1::SWITCH_ON && !gate) {
      return refused("burl",
                     "posternd fetches nothing; only a gate hands BURL on: give --upstream");
    }
    if (given.burl() == postern::v1::SWITCH_ON && !options.has_submission_listeners() &&
        !options.submission && !options.require_auth) {
      return refused("burl",
                     "is for where mail is submitted and not for port 25 (RFC 4468 section 3.1); "
                     "give --listen_submission, or --require_auth");
    }
    if (given.atrn() == postern::v1::SWITCH_ON) {
      return refused("atrn", "posternd has no queue that it could send over a turned connection");
    }
  }
  if (!options.trusted_networks.empty()) {
    // The server behind a gate is told of the gate's own client, once for each connection to it.
    if (options.upstream_target.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          place("trusted_networks"), ": a gate takes no XCLIENT; leave it out, or --upstream"));
    }
    // Whom it is given to is what the networks say: they turn it on.
    postern::v1::Extensions* const extensions = file.mutable_engine()->mutable_extensions();
    if (extensions->xclient() == postern::v1::SWITCH_DEFAULT) {
      extensions->set_xclient(postern::v1::SWITCH_ON);
    }
    if (extensions->xforward() == postern::v1::SWITCH_DEFAULT) {
      extensions->set_xforward(postern::v1::SWITCH_ON);
    }
  }
  options.engine_config = file.engine().SerializeAsString();
  return options;
}

std::string UsageText() {
  std::string text =
      "posternd: an SMTP server. Receives mail and puts it into a Maildir, or passes it\non to the "
      "server that it is a gate for.\n\n"
      "  posternd [--listen=ADDR:PORT] [--maildir=DIR] [--tls_cert=FILE --tls_key=FILE] ...\n\n"
      "Flags (all but --config, --inetd and --ready_fd may stand in the configuration file as "
      "well):\n";
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
                  "\nSIGHUP reads configuration, table, certificate, passwords and token keys "
                  "again, and --watch "
                  "does so by\nitself; SIGINT and SIGTERM stop gracefully, a second one at once. "
                  "Exit status 2: "
                  "something given\nis wrong, and one sentence says what.\n");
  return text;
}

}  // namespace posternd
}  // namespace postern
