// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/options.h"

#include <string>
#include <vector>

#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace postern {
namespace milter {
namespace {

class OptionsTest : public testing::Test {
 protected:
  static std::string Complaint(const std::vector<std::string>& arguments) {
    const absl::FlagSaver saver;
    const absl::StatusOr<Options> options = MakeOptions(arguments);
    return options.ok() ? "" : std::string(options.status().message());
  }

  absl::FlagSaver saver_;
};

TEST_F(OptionsTest, SocketsAsBothMtasWriteThem) {
  const std::pair<const char*, const char*> good[] = {
      {"unix:/run/x", "unix:/run/x"},
      {"local:/run/x", "unix:/run/x"},
      {"inet:127.0.0.1:25", "inet:127.0.0.1:25"},
      {"inet:25@127.0.0.1", "inet:127.0.0.1:25"},
      {"inet:25@[127.0.0.1]", "inet:127.0.0.1:25"},
      {"inet6:25@::1", "inet:[::1]:25"},
      {"inet6:25@[::1]", "inet:[::1]:25"},
      {"inet6:[::1]:25", "inet:[::1]:25"},
  };
  for (const auto& [text, name] : good) {
    const absl::StatusOr<SocketAddress> address = SocketAddress::Parse(text);
    ASSERT_TRUE(address.ok()) << text << address.status();
    EXPECT_EQ(address->ToString(), name);
  }
  for (const char* text : {"", "unix:", "/run/x", "inet:", "inet:25", "inet:25@", "inet:25@host",
                           "inet:25@[::1", "tcp:1.2.3.4:5", "inet:127.0.0.1:x"}) {
    const absl::StatusOr<SocketAddress> address = SocketAddress::Parse(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_TRUE(absl::StrContains(address.status().message(), "; write unix:/run/")) << text;
  }
  EXPECT_FALSE(SocketAddress::Parse("unix:/" + std::string(200, 'x')).ok());
}

TEST_F(OptionsTest, AreRead) {
  const absl::StatusOr<Options> options =
      MakeOptions({"--socket", "unix:/run/x", "--socket_mode=0600", "--table=t", "-config=c",
                   "--on_failure=accept", "--watch", "--noverbose", "--log_format=json",
                   "--grace_seconds=3", "--user=nobody", "--check_config"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->socket.path, "/run/x");
  EXPECT_EQ(options->socket_mode, mode_t{0600});
  EXPECT_EQ(options->files.table, "t");
  EXPECT_EQ(options->files.config, "c");
  EXPECT_EQ(options->on_failure, OnFailure::kAccept);
  EXPECT_TRUE(options->watch);
  EXPECT_TRUE(options->check_config);
  EXPECT_EQ(options->grace_seconds, 3u);
  EXPECT_EQ(options->log.format, posternd::LogFormat::kJson);
  EXPECT_FALSE(options->files.hostname.empty());
  EXPECT_FALSE(options->plugin.empty());
}

TEST_F(OptionsTest, MistakesAreOneSentence) {
  EXPECT_EQ(Complaint({"--tabel=x"}),
            "unknown flag --tabel; did you mean --table? --help lists all flags");
  EXPECT_EQ(Complaint({"table"}), "'table' is not a flag; write --name=value, or see --help");
  EXPECT_EQ(Complaint({"--table"}), "--table needs a value: --table=...");
  EXPECT_EQ(Complaint({"--grace_seconds=x"}),
            "--grace_seconds=x: this is not a number from 0 to 4294967295");
  EXPECT_EQ(Complaint({"--watch=maybe"}), "--watch=maybe: this is not true or false");
  EXPECT_EQ(Complaint({"--notable"}),
            "unknown flag --notable; did you mean --table? --help lists all flags");
  for (const char* mode : {"", "x", "0999", "01777", "-1"}) {
    EXPECT_TRUE(absl::StrContains(Complaint({"--socket_mode", mode}), "this is no mode")) << mode;
  }
  EXPECT_TRUE(absl::StrContains(Complaint({"--on_failure=x"}), "write tempfail or accept"));
  EXPECT_TRUE(absl::StrContains(Complaint({"--log_format=x"}), "write text or json"));
  EXPECT_TRUE(absl::StrContains(Complaint({"--socket_group=x"}), "have no group"));
}

TEST_F(OptionsTest, UsageListsEveryFlag) {
  const std::string text = UsageText();
  for (const char* flag :
       {"--socket=", "--table=", "--config=", "--on_failure=", "--check_config"}) {
    EXPECT_TRUE(absl::StrContains(text, flag)) << flag;
  }
}

}  // namespace
}  // namespace milter
}  // namespace postern
