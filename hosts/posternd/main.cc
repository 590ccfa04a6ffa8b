// SPDX-License-Identifier: Apache-2.0
//
// posternd: starts the server, waits for signals, reloads, stops. Exit status 0 after a stop, 2
// when something given is wrong (with one sentence on standard error).

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hosts/common/plugin.h"
#include "hosts/posternd/inetd.h"
#include "hosts/posternd/listener.h"
#include "hosts/posternd/log.h"
#include "hosts/posternd/loop.h"
#include "hosts/posternd/maildir.h"
#include "hosts/posternd/options.h"
#include "hosts/posternd/privileges.h"
#include "hosts/posternd/reload.h"
#include "hosts/posternd/upstream_offer.h"
#include "hosts/posternd/watch.h"

namespace postern {
namespace posternd {
namespace {

constexpr int kExitUsage = 2;
// How long the start waits for the server behind the gate.
constexpr int kProbeMs = 3000;
// The same for one that is connected for the only client, who has to wait for it anyway.
constexpr int kBeginMs = 30 * 1000;

void ToSystemLog(const absl::Status& status) {
  openlog("posternd", LOG_PID, LOG_MAIL);
  syslog(LOG_ERR, "%s", std::string(status.message()).c_str());
  closelog();
}

int Fail(const absl::Status& status) {
  // Whatever the flags say, of which some may be wrong.
  if (InetdClient::HasStandardError()) {
    ToSystemLog(status);
    return kExitUsage;
  }
  const std::string line = absl::StrCat("posternd: ", status.message(), "\n");
  fputs(line.c_str(), stderr);
  return kExitUsage;
}

// With --inetd standard error often is the client, who has no use for it.
int FailToSystemLog(const absl::Status& status) {
  ToSystemLog(status);
  return InetdClient::HasStandardError() ? kExitUsage : Fail(status);
}

// Under `bazel run` the program starts in a folder of Bazel's; the person is elsewhere.
void GoWhereThePersonIs() {
  const char* directory = getenv("BUILD_WORKING_DIRECTORY");
  if (directory != nullptr && chdir(directory) != 0) {
    fprintf(stderr, "posternd: cannot go to %s: %s; relative paths start elsewhere\n", directory,
            strerror(errno));
  }
}

void RaiseFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void LogFromPlugin(void* user, int32_t severity, const char* text, size_t size) {
  Logger* log = static_cast<Logger*>(user);
  const std::string message = absl::StrCat("plugin: ", absl::string_view(text, size));
  if (severity >= POSTERN_LOG_ERROR) {
    log->Error(message);
  } else if (severity == POSTERN_LOG_WARNING) {
    log->Warning(message);
  } else if (severity == POSTERN_LOG_INFO || log->verbose()) {
    log->Info(message);
  }
}

// How to talk to it, with commands that can be copied as they are.
std::string Welcome(const Options& options, const host::Plugin& plugin,
                    const std::vector<BoundAddress>& bound) {
  const BoundAddress& first = bound.front();
  host::Endpoint endpoint = first.endpoint;
  if (endpoint.address == host::Endpoint::Parse("0.0.0.0:1").value().address) {
    endpoint.address = host::Endpoint::Parse("127.0.0.1:1").value().address;
  } else if (endpoint.address == host::Endpoint::Parse("[::]:1").value().address) {
    endpoint.address = host::Endpoint::Parse("[::1]:1").value().address;
  }
  const std::string name = endpoint.address.ToString();
  const std::string recipient =
      absl::StrCat("you@", options.domains.empty() ? "example.org" : *options.domains.begin());
  std::string text = absl::StrCat(
      "posternd (engine ", plugin.version(), ") serves SMTP on ", first.endpoint.ToString(), "\n",
      options.upstream_target.has_value()
          ? absl::StrCat("  Messages go to ", options.upstream_target->name, "\n")
      : options.discard ? "  Messages are accepted and thrown away (--discard).\n"
                        : absl::StrCat("  Messages go to ", options.maildir, "/new\n"),
      "  Talk to it:\n");
  if (first.submission) {
    absl::StrAppend(&text, "    swaks --server ", name, " --port ", endpoint.port,
                    first.tls ? " --tls-on-connect" : " --tls",
                    " --auth-user NAME --from me@example.org --to ", recipient, "\n");
  } else if (first.tls) {
    absl::StrAppend(&text, "    openssl s_client -quiet -crlf -connect ", endpoint.ToString(), "\n",
                    "    swaks --tls-on-connect --server ", name, " --port ", endpoint.port,
                    " --from me@example.org --to ", recipient, "\n");
  } else {
    absl::StrAppend(&text, "    swaks --server ", name, " --port ", endpoint.port,
                    " --from me@example.org --to ", recipient, "\n", "    nc -C ", name, " ",
                    endpoint.port, "          then type HELP, or anything at all\n",
                    "    printf 'Subject: hello\\r\\n\\r\\nIt works.\\r\\n' | curl -sS smtp://",
                    endpoint.ToString(), "/me.example.org --mail-from me@example.org --mail-rcpt ",
                    recipient, " -T -\n");
  }
  absl::StrAppend(&text, "  Ctrl-C stops it.\n");
  return text;
}

// Whoever started us may go on.
void TellReady(int fd) {
  if (fd < 0) return;
  // A supervisor that is gone has no use for it.
  static_cast<void>(write(fd, "\n", 1) < 0);
  close(fd);
}

class Server {
 public:
  Server(Arguments arguments, host::Plugin plugin)
      : arguments_(std::move(arguments)), plugin_(std::move(plugin)) {}

  // `client`: the only one, already connected (--inetd); else negative.
  absl::Status Start(Options options, int client, const sigset_t& signals);
  // Until a signal ends it.
  void Run(const sigset_t& signals);

  void SayWelcome(bool always) {
    if (!always && isatty(STDERR_FILENO) == 0) return;
    fputs(Welcome(current_.options, plugin_, bound_).c_str(), stderr);
  }

 private:
  void Reload();
  void Stop(const sigset_t& signals);
  // True: a signal asked for the end at once.
  bool WaitForSessions(const sigset_t& signals, uint32_t seconds);
  void WaitForPrograms();

  const Arguments arguments_;
  const host::Plugin plugin_;
  Logger log_;
  Loaded current_;
  std::unique_ptr<FileWatch> watch_;  // null without --watch
  host::EnginePtr engine_;
  std::vector<BoundAddress> bound_;
  std::unique_ptr<Maildir> maildir_;
  std::unique_ptr<DeliveryPool> pool_;
  std::unique_ptr<AuthService> auth_;
  std::unique_ptr<UpstreamOffer> offer_;
  Shared shared_;
  std::vector<std::unique_ptr<Loop>> loops_;
};

absl::Status Server::Start(Options options, int client, const sigset_t& signals) {
  absl::Status status = log_.Open(options.log);
  if (!status.ok()) return status;
  if (options.watch) {
    absl::StatusOr<std::unique_ptr<FileWatch>> watch = FileWatch::Create(signals);
    if (!watch.ok()) return watch.status();
    watch_ = *std::move(watch);
    // Before they are read: what is changed from then on is seen.
    watch_->Follow(FilesOf(options));
  }
  absl::StatusOr<Loaded> loaded = LoadFiles(std::move(options), plugin_);
  if (!loaded.ok()) return loaded.status();
  current_ = *std::move(loaded);

  postern_host host = {};
  host.struct_size = sizeof(host);
  host.user = &log_;
  host.log = &LogFromPlugin;
  // The default table first: a configuration that is wrong is told apart from a table that is.
  absl::StatusOr<host::EnginePtr> engine = host::CreateEngine(plugin_, host, "", nullptr);
  if (!engine.ok()) return engine.status();
  engine_ = *std::move(engine);
  status = Apply(current_, "", plugin_, engine_.get());
  if (!status.ok()) return status;

  const Options& opts = current_.options;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const int loops =
      client >= 0 ? 1 : static_cast<int>(opts.threads == 0 ? std::min(cores, 256u) : opts.threads);
  const struct {
    const std::vector<host::Endpoint>& endpoints;
    bool tls;
    bool submission;
  } listeners[] = {{opts.listen, false, false},
                   {opts.listen_tls, true, false},
                   {opts.listen_submission, false, true},
                   {opts.listen_submissions, true, true}};
  for (const auto& listener : listeners) {
    for (const host::Endpoint& endpoint : listener.endpoints) {
      absl::StatusOr<BoundAddress> bound = Bind(endpoint, listener.tls, loops);
      if (!bound.ok()) return bound.status();
      bound->submission = listener.submission;
      bound_.push_back(*std::move(bound));
    }
  }
  if (!opts.user.empty()) {
    status = BecomeUser(opts.user);
    if (!status.ok()) return status;
  }
  if (opts.upstream_target.has_value()) {
    upstream::Options upstream;
    upstream.protocol = opts.upstream_target->protocol;
    upstream.identity = opts.upstream_identity;
    if (!upstream.name.Assign(opts.server_name)) upstream.name.Assign("localhost");
    upstream.client_known = opts.upstream_target->knows_client();
    upstream.one_client = opts.upstream_target->for_one_client();
    offer_ =
        std::make_unique<UpstreamOffer>(*opts.upstream_target, upstream, opts.max_upstream_programs,
                                        &plugin_, engine_.get(), &log_);
    if (opts.upstream_target->program.has_value() && !upstream.client_known &&
        upstream.identity == upstream::IdentityMode::kNone && opts.domains.empty()) {
      log_.Warning(absl::StrCat("upstream ", opts.upstream_target->name,
                                ": the program is not told who the client is, and may relay for "
                                "all of them as for local users; give --domains="));
    }
    upstream::Identity identity;
    if (client >= 0) {
      identity.client = PeerAt(client, &getpeername);
      identity.server = PeerAt(client, &getsockname);
    }
    // The server may be whoever waits for this, and speak only then.
    if (opts.upstream_target->descriptor >= 0) TellReady(opts.ready_fd);
    // Behind a proxy it is not known yet who the client is.
    if (client >= 0 && upstream.one_client && opts.proxy_networks.empty()) {
      status = offer_->StartWith(opts.engine_config, identity, kBeginMs);
    } else {
      status = offer_->Start(opts.engine_config, kProbeMs);
    }
    if (!status.ok()) return status;
  } else if (!opts.discard) {
    absl::StatusOr<std::unique_ptr<Maildir>> maildir = Maildir::Open(opts.maildir);
    if (!maildir.ok()) return maildir.status();
    maildir_ = *std::move(maildir);
    if (maildir_->removed_at_start() != 0) {
      log_.Info(absl::StrCat("removed ", maildir_->removed_at_start(),
                             " unfinished messages of an earlier run from ", opts.maildir, "/tmp"));
    }
    pool_ = std::make_unique<DeliveryPool>(static_cast<int>(opts.delivery_threads));
  }
  shared_.api = &plugin_.api();
  shared_.engine = engine_.get();
  shared_.log = &log_;
  shared_.maildir = maildir_.get();
  shared_.pool = pool_.get();
  shared_.upstream = offer_.get();
  shared_.idle_upstreams = opts.idle_upstreams;
  LoginLimits logins;
  logins.client.burst = opts.auth_failures_per_client;
  logins.user.burst = opts.auth_failures_per_user;
  // Half of the processors, so that loops go on under a storm of logins.
  auth_ = std::make_unique<AuthService>(logins, static_cast<int>(std::clamp(cores / 2, 2u, 16u)));
  shared_.auth = auth_.get();
  if (client >= 0) shared_.on_empty = [] { kill(getpid(), SIGTERM); };
  const std::shared_ptr<const Policy> policy = current_.MakePolicy();
  for (int i = 0; i < loops; ++i) {
    absl::StatusOr<std::unique_ptr<Loop>> loop = Loop::Create(i, &shared_, policy);
    if (!loop.ok()) return loop.status();
    loops_.push_back(*std::move(loop));
    for (const BoundAddress& bound : bound_) {
      loops_.back()->AddListener(bound.sockets[static_cast<size_t>(i)], bound.tls,
                                 bound.submission);
    }
  }
  for (const std::unique_ptr<Loop>& loop : loops_) loop->Start();
  if (!opts.upstream_target.has_value() || opts.upstream_target->descriptor < 0) {
    TellReady(opts.ready_fd);
  }
  if (client >= 0) {
    loops_.front()->AddConnection(client);
    return absl::OkStatus();
  }
  // Told only once nothing can be refused any more: a refusal is one sentence.
  if (opts.user.empty() && geteuid() == 0) {
    log_.Warning("running as root; --user=NAME gives the privileges up once the ports are bound");
  }
  for (const BoundAddress& bound : bound_) {
    printf("listening on %s\n", bound.endpoint.ToString().c_str());
  }
  fflush(stdout);
  return absl::OkStatus();
}

void Server::Run(const sigset_t& signals) {
  for (;;) {
    int signal = 0;  // a file changed
    if (watch_ != nullptr) {
      signal = watch_->Wait();
    } else if (sigwait(&signals, &signal) != 0) {
      continue;
    }
    if (signal != 0 && signal != SIGHUP) return Stop(signals);
    if (signal == SIGHUP) {
      const absl::Status reopened = log_.Reopen();
      if (!reopened.ok()) log_.Error(absl::StrCat("log kept: ", reopened.message()));
    }
    Reload();
  }
}

void Server::Reload() {
  absl::StatusOr<Options> options = LoadOptions(arguments_, Schema());
  if (watch_ != nullptr && options.ok()) watch_->Follow(FilesOf(*options));
  absl::StatusOr<Loaded> loaded =
      options.ok() ? LoadFiles(*std::move(options), plugin_) : options.status();
  absl::Status status = loaded.status();
  const bool with_tls =
      !current_.options.listen_tls.empty() || !current_.options.listen_submissions.empty();
  if (status.ok() && loaded->tls == nullptr && with_tls) {
    status = absl::InvalidArgumentError(
        "tls_cert is gone, but addresses with TLS are served; name a certificate, or restart "
        "without listen_tls and listen_submissions");
  }
  // Last, because from here on it is in force.
  if (status.ok()) {
    status = Apply(*loaded, current_.options.engine_config, plugin_, engine_.get());
  }
  if (status.ok() && offer_ != nullptr) status = offer_->Rebase(loaded->options.engine_config);
  if (!status.ok()) {
    log_.Error(absl::StrCat("reload refused, everything stays as it was: ", status.message()));
    log_.Hurry();
    return;
  }
  const std::vector<std::string> changed =
      ChangesThatNeedRestart(current_.options, loaded->options);
  if (!changed.empty()) {
    log_.Warning(
        absl::StrCat("changed but in force only after a restart: ", absl::StrJoin(changed, ", ")));
  }
  // What stays is what runs: the next comparison is with that.
  Options running = current_.options;
  current_ = *std::move(loaded);
  const std::shared_ptr<const Policy> policy = current_.MakePolicy();
  for (const std::unique_ptr<Loop>& loop : loops_) loop->SetPolicy(policy);
  Options& now = current_.options;
  now.listen = running.listen;
  now.listen_tls = running.listen_tls;
  now.listen_submission = running.listen_submission;
  now.listen_submissions = running.listen_submissions;
  now.maildir = running.maildir;
  now.discard = running.discard;
  now.upstream_target = running.upstream_target;
  now.upstream_identity = running.upstream_identity;
  now.idle_upstreams = running.idle_upstreams;
  now.max_upstream_programs = running.max_upstream_programs;
  now.plugin = running.plugin;
  now.user = running.user;
  now.threads = running.threads;
  now.delivery_threads = running.delivery_threads;
  now.watch = running.watch;
  now.auth_failures_per_client = running.auth_failures_per_client;
  now.auth_failures_per_user = running.auth_failures_per_user;
  now.log = running.log;
  log_.Info(
      "reloaded: configuration, reply table, certificate, passwords and token keys are in force "
      "for "
      "new sessions");
  log_.Hurry();
}

bool Server::WaitForSessions(const sigset_t& signals, uint32_t seconds) {
  // Looks every twentieth of a second; a stop is rare enough for that.
  const timespec step = {0, 50 * 1000 * 1000};
  for (uint64_t i = 0; i < uint64_t{seconds} * 20; ++i) {
    if (shared_.limits.connections() == 0) return false;
    const int signal = sigtimedwait(&signals, nullptr, &step);
    if (signal == SIGINT || signal == SIGTERM) return true;
  }
  return false;
}

// Their input has ended; those that take longer are told to end when their loop goes.
void Server::WaitForPrograms() {
  const timespec step = {0, 20 * 1000 * 1000};
  for (int i = 0; i < 100 && offer_ != nullptr && offer_->programs()->running() != 0; ++i) {
    nanosleep(&step, nullptr);
  }
}

void Server::Stop(const sigset_t& signals) {
  log_.Info(absl::StrCat("stopping: ", shared_.limits.connections(), " connections are open"));
  for (const std::unique_ptr<Loop>& loop : loops_) {
    loop->StopAccepting();
    loop->NotifyAll(POSTERN_NOTICE_SHUTDOWN);
  }
  if (!WaitForSessions(signals, current_.options.grace_seconds)) {
    for (const std::unique_ptr<Loop>& loop : loops_) {
      loop->NotifyAll(POSTERN_NOTICE_SHUTDOWN_NOW);
    }
    // For the last replies to leave.
    WaitForSessions(signals, 1);
  }
  for (const std::unique_ptr<Loop>& loop : loops_) loop->CloseAll();
  // First the deliveries and logins that are on their way, then the loops that they report to.
  auth_->Finish();
  pool_.reset();
  WaitForPrograms();
  for (const std::unique_ptr<Loop>& loop : loops_) loop->Quit();
  loops_.clear();
  log_.Info("stopped");
  log_.Close();
}

int Main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  // A file over the process's size limit is a failed delivery, not the end of the server.
  signal(SIGXFSZ, SIG_IGN);
  // Whoever started us may not care for its children; we do for ours.
  signal(SIGCHLD, SIG_DFL);
  // Taken by the main thread alone; threads inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  GoWhereThePersonIs();
  absl::StatusOr<Arguments> arguments = ParseArguments({argv + 1, argv + argc});
  if (!arguments.ok()) return Fail(arguments.status());
  if (arguments->help) {
    fputs(UsageText().c_str(), stdout);
    return 0;
  }
  absl::StatusOr<Options> options = LoadOptions(*arguments, Schema());
  if (!options.ok()) return Fail(options.status());
  if (options->ready_fd >= 0 && fcntl(options->ready_fd, F_SETFD, FD_CLOEXEC) != 0) {
    return Fail(absl::InvalidArgumentError(
        absl::StrCat("--ready_fd=", options->ready_fd, ": ", strerror(errno))));
  }
  // First of all: what is opened from here on could get its number.
  if (options->inetd && options->upstream_target.has_value()) {
    const absl::Status taken = options->upstream_target->TakeDescriptor();
    if (!taken.ok()) return FailToSystemLog(taken);
  }
  absl::StatusOr<host::Plugin> plugin = host::Plugin::Load(options->plugin);
  if (!plugin.ok()) return Fail(plugin.status());
  if (arguments->version) {
    printf("posternd, engine %s, ABI %u.%u\n", plugin->version().c_str(), POSTERN_ABI_MAJOR,
           POSTERN_ABI_MINOR);
    return 0;
  }
  // The live lines of an interactive start are for a person.
  if (argc == 1) options->log.verbose = true;
  RaiseFileLimit();
  // Before the server: what it has closed goes out to the client at the very end.
  InetdClient inetd;
  int client = -1;
  const bool single = options->inetd;
  if (single) {
    const absl::StatusOr<int> taken = inetd.Take();
    if (!taken.ok()) return FailToSystemLog(taken.status());
    client = *taken;
  }
  Server server(*arguments, *plugin);
  const absl::Status status = server.Start(*std::move(options), client, signals);
  if (!status.ok()) {
    if (client >= 0) close(client);
    return single ? FailToSystemLog(status) : Fail(status);
  }
  if (!single) server.SayWelcome(argc == 1);
  server.Run(signals);
  return 0;
}

}  // namespace
}  // namespace posternd
}  // namespace postern

int main(int argc, char** argv) { return postern::posternd::Main(argc, argv); }
