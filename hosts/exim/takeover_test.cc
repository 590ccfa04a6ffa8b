// SPDX-License-Identifier: Apache-2.0
//
// With programs that are no posternd, on sockets of this machine.

#include "hosts/exim/takeover.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace postern {
namespace exim {
namespace {

// A client and the socket that was accepted from it, on two descriptors as a mail server has it.
class TakeoverTest : public testing::Test {
 protected:
  TakeoverTest() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, plain, size), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, plain, &size), 0);
    client_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(client_, plain, size), 0);
    EXPECT_EQ(getsockname(client_, plain, &size), 0);
    port_ = ntohs(address.sin_port);
    // As the mail server has them: left open in programs that it starts.
    in_ = accept(listener, nullptr, nullptr);
    out_ = dup(in_);
    close(listener);
  }
  ~TakeoverTest() override {
    close(client_);
    close(in_);
    close(out_);
  }

  absl::Status Run(const std::vector<std::string>& command, int timeout_ms = 20000) {
    const absl::StatusOr<std::vector<int>> found = FindClient("127.0.0.1", port_);
    if (!found.ok()) return found.status();
    return TakeOver(*found, command, timeout_ms);
  }

  static std::string Read(int fd) {
    char octets[200];
    const ssize_t n = read(fd, octets, sizeof(octets));
    return n < 0 ? strerror(errno) : std::string(octets, static_cast<size_t>(n));
  }

  static bool IsUnix(int fd) {
    int domain = 0;
    socklen_t size = sizeof(domain);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
  }

  void ExpectRefused(const std::vector<std::string>& command, const std::string& why,
                     int timeout_ms = 20000) {
    const absl::Status status = Run(command, timeout_ms);
    ASSERT_FALSE(status.ok());
    EXPECT_TRUE(absl::StrContains(status.message(), why)) << status;
    // The client is where it was.
    ASSERT_EQ(write(out_, "220 ", 4), 4);
    EXPECT_EQ(Read(client_), "220 ");
  }

  int client_;
  int in_;
  int out_;
  uint16_t port_;
};

TEST_F(TakeoverTest, FindsBothDescriptors) {
  const absl::StatusOr<std::vector<int>> found = FindClient("127.0.0.1", port_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->size(), 2u);
}

TEST_F(TakeoverTest, RefusesWhatItDoesNotExpect) {
  EXPECT_FALSE(FindClient("127.0.0.2", port_).ok());
  EXPECT_FALSE(FindClient("127.0.0.1", static_cast<uint16_t>(port_ + 1)).ok());
  EXPECT_FALSE(FindClient("unknown", port_).ok());
  const int third = dup(in_);
  const absl::StatusOr<std::vector<int>> three = FindClient("127.0.0.1", port_);
  ASSERT_FALSE(three.ok());
  EXPECT_TRUE(absl::StrContains(three.status().message(), "two descriptors")) << three.status();
  close(third);
  close(out_);
  EXPECT_FALSE(FindClient("127.0.0.1", port_).ok());
  out_ = dup(in_);
}

TEST_F(TakeoverTest, TheRelayHasTheClientAndWeHaveTheRelay) {
  ASSERT_EQ(fcntl(in_, F_SETFD, FD_CLOEXEC), 0);
  ASSERT_TRUE(Run({"/bin/sh", "-c", "echo >&4; echo hello; read line <&3; echo \"$line\""}).ok());
  EXPECT_TRUE(IsUnix(in_));
  EXPECT_TRUE(IsUnix(out_));
  EXPECT_EQ(fcntl(in_, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(out_, F_GETFD), 0);
  EXPECT_EQ(Read(client_), "hello\n");
  ASSERT_EQ(write(out_, "220 us\n", 7), 7);
  EXPECT_EQ(Read(client_), "220 us\n");
  // It ends, and both sides see it.
  EXPECT_EQ(Read(client_), "");
  EXPECT_EQ(Read(in_), "");
}

TEST_F(TakeoverTest, NothingElseIsLeftOpenInTheRelay) {
  const int secret = open("/dev/zero", O_RDONLY);
  ASSERT_EQ(dup2(secret, 50), 50);
  // The shell by itself: it starts nothing, so there are no pipes.
  ASSERT_TRUE(Run({"/bin/sh", "-c",
                   "echo >&4; n=0; while [ $n -lt 100 ]; do if [ -e /proc/$$/fd/$n ]; then "
                   "s=\"$s $n\"; fi; n=$((n + 1)); done; echo \"$s\""})
                  .ok());
  close(secret);
  close(50);
  EXPECT_EQ(Read(client_), " 0 1 2 3 4\n");
}

TEST_F(TakeoverTest, TheRelayIsInASessionOfItsOwnAndGainsNothing) {
  setenv("SECRET", "key", 1);
  ASSERT_TRUE(Run({"/bin/sh", "-c",
                   "echo >&4; grep -c '^NoNewPrivs:.1' /proc/self/status; cut -d' ' -f6 "
                   "/proc/$$/stat; echo \"[$SECRET]\"; exec 1>&-"})
                  .ok());
  std::string said;
  for (std::string more = Read(client_); !more.empty(); more = Read(client_)) said += more;
  EXPECT_TRUE(absl::StartsWith(said, "1\n")) << said;
  EXPECT_TRUE(absl::EndsWith(said, "[]\n")) << said;
  EXPECT_FALSE(absl::StrContains(said, "\n" + std::to_string(getsid(0)) + "\n")) << said;
}

TEST_F(TakeoverTest, WhatItSaysBeforeItIsReadyIsTheReason) {
  ExpectRefused({"/bin/sh", "-c", "echo 'posternd: table.textproto:3: bad' >&2; exit 2"},
                "/bin/sh: table.textproto:3: bad");
  ExpectRefused({"/bin/sh", "-c", "printf 'a\\nb\\033c' >&2; exit 2"}, "/bin/sh: a; b?c");
}

TEST_F(TakeoverTest, AProgramThatEndsOrCannotBeRunIsRefused) {
  ExpectRefused({"/bin/false"}, "/bin/false ended before it was ready");
  ExpectRefused({"/nowhere/posternd"}, "/nowhere/posternd: No such file or directory");
  ExpectRefused({"/dev/null"}, "/dev/null: Permission denied");
}

TEST_F(TakeoverTest, ARefusalLeavesTheSocketBlocking) {
  // dd makes it non-blocking, as posternd does.
  ExpectRefused({"/bin/sh", "-c", "dd iflag=nonblock count=0 2>&-; echo bad >&2; exit 2"}, "bad");
  EXPECT_EQ(fcntl(in_, F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(TakeoverTest, AProgramThatIsNotReadyInTimeIsEnded) {
  ExpectRefused({"/bin/sh", "-c", "exec sleep 1000"}, "is not ready after", 300);
}

}  // namespace
}  // namespace exim
}  // namespace postern
