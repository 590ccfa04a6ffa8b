// SPDX-License-Identifier: Apache-2.0
//
// postern-milter: opens its socket, waits for signals, reloads, stops. Exit status 0 after a stop,
// 2 when something given is wrong (with one sentence on standard error), 1 when libmilter gave up.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hosts/common/plugin.h"
#include "hosts/milter/judge.h"
#include "hosts/milter/listener.h"
#include "hosts/milter/milter.h"
#include "hosts/milter/options.h"
#include "hosts/posternd/log.h"
#include "hosts/posternd/privileges.h"
#include "hosts/posternd/watch.h"

namespace postern {
namespace milter {
namespace {

constexpr int kExitGaveUp = 1;
constexpr int kExitUsage = 2;

int Fail(const absl::Status& status) {
  const std::string line = absl::StrCat("postern-milter: ", status.message(), "\n");
  fputs(line.c_str(), stderr);
  return kExitUsage;
}

// Under `bazel run` the program starts in a folder of Bazel's; the person is elsewhere.
void GoWhereThePersonIs() {
  const char* directory = getenv("BUILD_WORKING_DIRECTORY");
  if (directory != nullptr && chdir(directory) != 0) {
    fprintf(stderr, "postern-milter: cannot go to %s: %s; relative paths start elsewhere\n",
            directory, strerror(errno));
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
  auto* const log = static_cast<posternd::Logger*>(user);
  const std::string message = absl::StrCat("plugin: ", absl::string_view(text, size));
  if (severity >= POSTERN_LOG_ERROR) {
    log->Error(message);
  } else if (severity == POSTERN_LOG_WARNING) {
    log->Warning(message);
  } else if (severity == POSTERN_LOG_INFO || log->verbose()) {
    log->Info(message);
  }
}

class Server {
 public:
  Server(Options options, const host::Plugin& plugin)
      : options_(std::move(options)), plugin_(plugin) {
    host_.struct_size = sizeof(host_);
    host_.user = &log_;
    host_.log = &LogFromPlugin;
  }

  absl::Status Start(const sigset_t& signals);
  int Run(const sigset_t& signals);

 private:
  void Reload();
  void Stop(const sigset_t& signals);

  const Options options_;
  const host::Plugin plugin_;
  posternd::Logger log_;
  postern_host host_ = {};
  std::unique_ptr<posternd::FileWatch> watch_;  // null without --watch
  Listener listener_;
  std::unique_ptr<Milter> milter_;
};

absl::Status Server::Start(const sigset_t& signals) {
  absl::Status status = log_.Open(options_.log);
  if (!status.ok()) return status;
  if (options_.watch) {
    absl::StatusOr<std::unique_ptr<posternd::FileWatch>> watch =
        posternd::FileWatch::Create(signals);
    if (!watch.ok()) return watch.status();
    watch_ = *std::move(watch);
    // Before they are read: what is changed from then on is seen.
    watch_->Follow({options_.files.config, options_.files.table});
  }
  absl::StatusOr<std::shared_ptr<const Judge>> judge =
      Judge::Create(plugin_, options_.files, host_);
  if (!judge.ok()) return judge.status();
  status = listener_.Open(options_.socket, options_.socket_mode, options_.socket_group);
  if (!status.ok()) return status;
  if (!options_.user.empty()) {
    status = posternd::BecomeUser(options_.user);
    if (!status.ok()) return status;
  }
  milter_ = std::make_unique<Milter>(&listener_, &log_, options_.on_failure);
  status = milter_->Start(*std::move(judge));
  if (!status.ok()) return status;
  // Told only once nothing can be refused any more: a refusal is one sentence.
  if (options_.user.empty() && geteuid() == 0) {
    log_.Warning("running as root; --user=NAME gives the privileges up once the socket is open");
  }
  printf("listening on %s\n", listener_.address().ToString().c_str());
  fflush(stdout);
  return absl::OkStatus();
}

int Server::Run(const sigset_t& signals) {
  for (;;) {
    // 0: a file changed.
    const int signal = watch_ != nullptr ? watch_->Wait() : sigwaitinfo(&signals, nullptr);
    if (signal < 0) continue;
    if (signal == SIGHUP) {
      const absl::Status reopened = log_.Reopen();
      if (!reopened.ok()) log_.Error(absl::StrCat("log kept: ", reopened.message()));
    }
    if (signal == 0 || signal == SIGHUP) {
      Reload();
      continue;
    }
    Stop(signals);
    return milter_->gave_up() ? kExitGaveUp : 0;
  }
}

void Server::Reload() {
  absl::StatusOr<std::shared_ptr<const Judge>> judge =
      Judge::Create(plugin_, options_.files, host_);
  if (!judge.ok()) {
    log_.Error(
        absl::StrCat("reload refused, everything stays as it was: ", judge.status().message()));
  } else {
    milter_->SetJudge(*std::move(judge));
    log_.Info("reloaded: configuration and reply table are in force for new sessions");
  }
  log_.Hurry();
}

void Server::Stop(const sigset_t& signals) {
  if (milter_->gave_up()) {
    log_.Error("libmilter gave up; its reason is in the system's log");
  } else {
    log_.Info(absl::StrCat("stopping: ", milter_->sessions(), " sessions are open"));
    milter_->Refuse();
    // Looks every twentieth of a second; a stop is rare enough for that.
    const timespec step = {0, 50 * 1000 * 1000};
    for (uint64_t i = 0; i < uint64_t{options_.grace_seconds} * 20; ++i) {
      if (milter_->sessions() == 0) break;
      const int signal = sigtimedwait(&signals, nullptr, &step);
      if (signal == SIGINT || signal == SIGTERM) break;
    }
  }
  log_.Info("stopped");
  log_.Close();
  // Threads of libmilter may be in the middle of what is left.
  if (milter_->sessions() != 0) _exit(milter_->gave_up() ? kExitGaveUp : 0);
}

int Main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  // Taken by the main thread alone; threads inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  openlog("postern-milter", LOG_PID, LOG_MAIL);

  GoWhereThePersonIs();
  absl::StatusOr<Options> options = MakeOptions({argv + 1, argv + argc});
  if (!options.ok()) return Fail(options.status());
  if (options->help) {
    fputs(UsageText().c_str(), stdout);
    return 0;
  }
  const absl::StatusOr<host::Plugin> plugin = host::Plugin::Load(options->plugin);
  if (!plugin.ok()) return Fail(plugin.status());
  if (options->version) {
    printf("postern-milter, engine %s, ABI %u.%u\n", plugin->version().c_str(), POSTERN_ABI_MAJOR,
           POSTERN_ABI_MINOR);
    return 0;
  }
  if (options->check_config) {
    postern_host host = {};
    host.struct_size = sizeof(host);
    const absl::StatusOr<std::shared_ptr<const Judge>> judge =
        Judge::Create(*plugin, options->files, host);
    if (!judge.ok()) return Fail(judge.status());
    puts("configuration and reply table are right");
    return 0;
  }
  RaiseFileLimit();
  Server server(*std::move(options), *plugin);
  const absl::Status status = server.Start(signals);
  if (!status.ok()) return Fail(status);
  // Not by returning: libmilter's threads are there to the end, and may look at what is the
  // server's.
  exit(server.Run(signals));
}

}  // namespace
}  // namespace milter
}  // namespace postern

int main(int argc, char** argv) { return postern::milter::Main(argc, argv); }
