// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/program.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace postern {
namespace posternd {
namespace {

using Words = std::vector<std::string>;
using upstream::Identity;
using upstream::Peer;

Identity Client4() {
  Identity identity;
  identity.client.family = identity.server.family = Peer::Family::kInet;
  const uint8_t client[4] = {192, 0, 2, 7};
  const uint8_t server[4] = {198, 51, 100, 1};
  std::copy(std::begin(client), std::end(client), identity.client.octets);
  std::copy(std::begin(server), std::end(server), identity.server.octets);
  identity.client.port = 4711;
  identity.server.port = 25;
  return identity;
}

std::string Refusal(const std::string& text) {
  const absl::StatusOr<Program> program = Program::Parse(text);
  return program.ok() ? "" : std::string(program.status().message());
}

TEST(ProgramTest, Words) {
  EXPECT_EQ(Program::Parse("/usr/sbin/exim4 -bs").value().words(),
            (Words{"/usr/sbin/exim4", "-bs"}));
  EXPECT_EQ(Program::Parse("  /a\t b  \"c d\" e\"f g\"h \"\" ").value().words(),
            (Words{"/a", "b", "c d", "ef gh", ""}));
  // No shell: none of these means anything.
  EXPECT_EQ(Program::Parse("/a $HOME 'b c' \\d ;e").value().words(),
            (Words{"/a", "$HOME", "'b", "c'", "\\d", ";e"}));
}

TEST(ProgramTest, Mistakes) {
  EXPECT_TRUE(absl::StrContains(Refusal(""), "whole path"));
  EXPECT_TRUE(absl::StrContains(Refusal("\"\" -bs"), "whole path"));
  EXPECT_TRUE(absl::StrContains(Refusal("exim4 -bs"), "whole path"));
  EXPECT_TRUE(absl::StrContains(Refusal("/a \"b"), "no partner"));
  for (const char* text : {"/a {helo}", "/a {client_address", "/a }", "/a {", "/a x{}"}) {
    EXPECT_TRUE(absl::StrContains(Refusal(text), "known in braces")) << text;
  }
  EXPECT_TRUE(absl::StrContains(Refusal("/a{client_port} b"), "same for all"));
  EXPECT_TRUE(absl::StrContains(Refusal(std::string("/a \0", 4)), "NUL"));
}

TEST(ProgramTest, Placeholders) {
  const Program program = Program::Parse(
                              "/a -oMa {client_address}.{client_port} {{x}} "
                              "{server_address}/{server_port}")
                              .value();
  EXPECT_TRUE(program.names_client());
  EXPECT_EQ(program.WordsFor(Client4()).value(),
            (Words{"/a", "-oMa", "192.0.2.7.4711", "{x}", "198.51.100.1/25"}));
  Identity six = Client4();
  six.client.family = Peer::Family::kInet6;
  six.client.octets[15] = 1;
  EXPECT_EQ(program.WordsFor(six).value()[2], "c000:207::1.4711");
  // Not to be guessed: an address that is wrong is trusted or blamed.
  EXPECT_FALSE(program.WordsFor(Identity()).ok());
  EXPECT_EQ(Program::Parse("/a b").value().WordsFor(Identity()).value(), (Words{"/a", "b"}));
  EXPECT_FALSE(Program::Parse("/a b").value().names_client());
}

// All that a program says until it ends.
std::string Told(const std::string& text, const Identity& identity = Client4()) {
  ProgramCount count(1);
  int fd = -1;
  auto running = Program::Parse(text).value().Start(identity, &count, &fd);
  if (!running.ok()) return std::string(running.status().message());
  EXPECT_EQ(count.running(), 1u);
  std::string said;
  for (;;) {
    pollfd wait = {fd, POLLIN, 0};
    poll(&wait, 1, -1);
    char octets[4096];
    const ssize_t n = read(fd, octets, sizeof(octets));
    if (n <= 0) break;
    said.append(octets, static_cast<size_t>(n));
  }
  close(fd);
  (*running)->EndWithin(10000);
  EXPECT_EQ(count.running(), 0u);
  return said;
}

TEST(ProgramTest, ItFindsNothingOfOurs) {
  // Not closed on exec: what whoever started us left open must not leak either.
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  signal(SIGPIPE, SIG_IGN);
  ASSERT_EQ(setenv("SECRET", "mine", 1), 0);
  ASSERT_EQ(setenv("TZ", "UTC", 1), 0);

  // A shell and its ls have descriptors of their own; the kernel's list is of the shell.
  EXPECT_EQ(Told("/bin/sh -c \"cd /proc/self/fd && echo *\""), "0 1 2 3\n");
  EXPECT_EQ(Told("/usr/bin/env"),
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nPROTO=TCP\nTZ=UTC\nTCPREMOTEIP=192.0.2.7\n"
            "TCPREMOTEPORT=4711\nTCPLOCALIP=198.51.100.1\nTCPLOCALPORT=25\n");
  const std::string signals = Told("/bin/grep -E ^Sig(Blk|Ign): /proc/self/status");
  EXPECT_TRUE(absl::StartsWith(signals, "SigBlk:\t0000000000000000\nSigIgn:\t")) << signals;
  // 32 and 33 are the C library's own, which no program takes.
  const uint64_t ignored = std::stoull(signals.substr(signals.rfind('\t')), nullptr, 16);
  EXPECT_EQ(ignored & ~(uint64_t{3} << 31), 0u) << signals;
  EXPECT_EQ(Told("/bin/pwd"), "/\n");

  pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  close(pair[0]);
  close(pair[1]);
}

TEST(ProgramTest, ItCannotBeStarted) {
  EXPECT_TRUE(absl::StrContains(Told("/nonexistent/exim4 -bs"), "cannot be started: No such file"));
  EXPECT_TRUE(absl::StrContains(Told("/etc -bs"), "cannot be started: Permission denied"));
  EXPECT_TRUE(absl::StrContains(Told("/a {client_address}", Identity()), "has no address"));
}

TEST(ProgramTest, Bounded) {
  ProgramCount count(2);
  const Program cat = Program::Parse("/bin/cat").value();
  int fds[3];
  auto first = cat.Start(Identity(), &count, &fds[0]);
  auto second = cat.Start(Identity(), &count, &fds[1]);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto third = cat.Start(Identity(), &count, &fds[2]);
  ASSERT_FALSE(third.ok());
  EXPECT_TRUE(absl::StrContains(third.status().message(), "2 programs run already"));
  close(fds[0]);
  (*first)->EndWithin(10000);
  EXPECT_EQ(count.running(), 1u);
  auto fourth = cat.Start(Identity(), &count, &fds[2]);
  ASSERT_TRUE(fourth.ok());
  close(fds[1]);
  close(fds[2]);
  (*second)->EndWithin(10000);
  (*fourth)->EndWithin(10000);
  EXPECT_EQ(count.running(), 0u);
}

TEST(ProgramTest, OneThatDoesNotEndIsEnded) {
  ProgramCount count(1);
  int fd;
  auto running = Program::Parse("/bin/sh -c \"trap '' TERM; sleep 60; sleep 60\"")
                     .value()
                     .Start(Identity(), &count, &fd);
  ASSERT_TRUE(running.ok());
  close(fd);
  (*running)->EndWithin(100);
  EXPECT_EQ(count.running(), 0u);
  int status;
  EXPECT_TRUE((*running)->Reap(&status));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
