// SPDX-License-Identifier: Apache-2.0

#include "tests/support/instruction_counter.h"

#include <linux/perf_event.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace postern::support {
namespace {

bool Counted(const std::function<void()>& work, uint64_t* instructions) {
  perf_event_attr attributes = {};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  const int fd = static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
  if (fd < 0) return false;
  uint64_t before = 0;
  uint64_t after = 0;
  bool read_both = read(fd, &before, sizeof(before)) == sizeof(before);
  work();
  read_both = read(fd, &after, sizeof(after)) == sizeof(after) && read_both;
  close(fd);
  // Some virtual machines have the counter and leave it at nothing.
  if (!read_both || after <= before) return false;
  *instructions = after - before;
  return true;
}

bool Stepped(const std::function<void()>& work, uint64_t* instructions) {
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    raise(SIGSTOP);
    work();
    raise(SIGSTOP);
    _exit(0);
  }
  int status = 0;
  bool done = false;
  if (waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP) {
    *instructions = 0;
    while (ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0 &&
           waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
      if (WSTOPSIG(status) != SIGTRAP) {
        done = WSTOPSIG(status) == SIGSTOP;
        break;
      }
      ++*instructions;
    }
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return done;
}

bool UnderValgrind() {
  const char* const preload = std::getenv("LD_PRELOAD");
  return preload != nullptr && std::strstr(preload, "vgpreload") != nullptr;
}

}  // namespace

uint64_t CountInstructions(const std::function<void()>& work) {
  if (UnderValgrind()) return 0;
  const std::function<void()> nothing = [] {};
  for (const auto& count : {Counted, Stepped}) {
    uint64_t whole = 0;
    uint64_t around = 0;
    if (!count(work, &whole) || !count(nothing, &around)) continue;
    return whole > around ? whole - around : 0;
  }
  return 0;
}

}  // namespace postern::support
