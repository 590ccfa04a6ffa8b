// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "hosts/posternd/reload.h"

namespace postern {
namespace posternd {
namespace {

class OptionsTest : public testing::Test {
 protected:
  void TearDown() override {
    if (!config_.empty()) remove(config_.c_str());
  }
  // Tests run without a home; the default Maildir lies below it.
  void SetUp() override { ASSERT_EQ(setenv("HOME", testing::TempDir().c_str(), 1), 0); }

  // Writes a configuration file and gives its flag.
  std::string Config(const std::string& text) {
    config_ = testing::TempDir() + "/posternd_options_" + std::to_string(getpid()) + ".textproto";
    std::ofstream(config_) << text;
    return "--config=" + config_;
  }
  absl::StatusOr<Options> Load(const std::vector<std::string>& flags) {
    absl::StatusOr<Arguments> arguments = ParseArguments(flags);
    if (!arguments.ok()) return arguments.status();
    return LoadOptions(*arguments, Schema());
  }
  // The sentence that the flags are refused with; it is one line and holds `part`.
  void ExpectRefused(const std::vector<std::string>& flags, const std::string& part) {
    absl::FlagSaver saver;
    const absl::Status status = Load(flags).status();
    ASSERT_FALSE(status.ok()) << part;
    EXPECT_TRUE(absl::StrContains(status.message(), part)) << status.message();
    EXPECT_FALSE(absl::StrContains(status.message(), "\n")) << status.message();
  }

  absl::FlagSaver saver_;
  std::string config_;
};

TEST_F(OptionsTest, WithoutArgumentsItListensOnLoopback2525AndHasAPlaceForTheMail) {
  setenv("XDG_STATE_HOME", "/somewhere/state", 1);
  const Options options = Load({}).value();
  unsetenv("XDG_STATE_HOME");
  ASSERT_EQ(options.listen.size(), 1u);
  EXPECT_EQ(options.listen[0].ToString(), "127.0.0.1:2525");
  EXPECT_EQ(options.maildir, "/somewhere/state/postern/Maildir");
  EXPECT_TRUE(options.domains.empty());
  EXPECT_FALSE(options.server_name.empty());
}

TEST_F(OptionsTest, ListFlagsTakeCommasAndRepetition) {
  const Options options =
      Load({"--discard", "--listen=127.0.0.1:1,[::1]:2", "--listen", "127.0.0.1:3"}).value();
  ASSERT_EQ(options.listen.size(), 3u);
  EXPECT_EQ(options.listen[1].ToString(), "[::1]:2");
  EXPECT_EQ(options.listen[2].ToString(), "127.0.0.1:3");
}

TEST_F(OptionsTest, FlagsOverrideTheFile) {
  const std::string config = Config(
      "listen: '127.0.0.1:1'\nmaildir: '/a'\nmax_connections: 7\ndomains: 'A.Example'\n"
      "engine { server_name: 'file.example' }");
  const Options file = Load({config}).value();
  EXPECT_EQ(file.listen[0].ToString(), "127.0.0.1:1");
  EXPECT_EQ(file.maildir, "/a");
  EXPECT_EQ(file.max_connections, 7u);
  EXPECT_EQ(file.server_name, "file.example");
  EXPECT_EQ(file.domains, (std::set<std::string>{"a.example"}));
  const Options both = Load({config, "--listen=127.0.0.1:9", "--server_name=flag.example"}).value();
  EXPECT_EQ(both.listen[0].ToString(), "127.0.0.1:9");
  EXPECT_EQ(both.server_name, "flag.example");
  EXPECT_EQ(both.max_connections, 7u);
  EXPECT_TRUE(absl::StrContains(both.engine_config, "flag.example"));
}

TEST_F(OptionsTest, TheEnginesPartReachesTheEngine) {
  const Options options =
      Load({"--discard", Config("engine { limits { recipients: 123 } require_tls: true }")})
          .value();
  EXPECT_TRUE(absl::StrContains(options.engine_config, std::string("\x10\x7b", 2)));
}

TEST_F(OptionsTest, EveryMistakeGetsOneSentenceWithPlaceAndMend) {
  ExpectRefused({"--lisen=127.0.0.1:1"}, "unknown flag --lisen; did you mean --listen?");
  ExpectRefused({"--completely_different"}, "--help lists all flags");
  ExpectRefused({"stray"}, "'stray' is not a flag");
  ExpectRefused({"--listen=localhost:25"}, "--listen: 'localhost:25' is not an address and port");
  ExpectRefused({"--listen"}, "--listen needs a value");
  ExpectRefused({"--threads=many"}, "--threads=many: this is not a number");
  ExpectRefused({"--threads=-1"}, "--threads=-1");
  ExpectRefused({"--threads=257"}, "256 is the most");
  ExpectRefused({"--discard=perhaps"}, "--discard=perhaps: this is not true or false");
  ExpectRefused({"--discard", "--maildir=/a"}, "contradict");
  ExpectRefused({"--tls_cert=/a"}, "--tls_key is missing");
  ExpectRefused({"--tls_key=/a"}, "--tls_cert is missing");
  ExpectRefused({"--listen_tls=127.0.0.1:0"}, "--listen_tls: TLS needs --tls_cert");
  ExpectRefused({"--proxy_networks=10.0.0.1/8"}, "write 10.0.0.0/8");
  // A name that no recipient can have would refuse all mail and never say why.
  for (const char* domain : {"a@b", ".", "a..b", "example.org..", ".example.org", "*.example.org",
                             "-a.example", "under_score.example", "[127.0.0.1", "[]", "a b"}) {
    ExpectRefused({std::string("--domains=") + domain},
                  std::string("'") + domain + "' is not a domain");
  }
  ExpectRefused({"--log_format=xml"}, "write text or json");
  ExpectRefused({"--max_connections=0"}, "would let nobody in");
  ExpectRefused({"--config=/nonexistent/c"}, "/nonexistent/c: cannot be opened");
}

TEST_F(OptionsTest, MistakesInTheFileAreNamedWithTheirLine) {
  const std::string unknown = Config("maildir: '/a'\n\nlisten_on: 'x'\n");
  ExpectRefused({unknown}, ".textproto:3:");
  const std::string value = Config("listen: 'nowhere'\n");
  ExpectRefused({value}, ".textproto: listen: 'nowhere'");
}

TEST_F(OptionsTest, NoHomeMeansThatAPlaceMustBeNamed) {
  const std::string home = getenv("HOME") == nullptr ? "" : getenv("HOME");
  unsetenv("HOME");
  unsetenv("XDG_STATE_HOME");
  const absl::Status status = Load({}).status();
  if (!home.empty()) setenv("HOME", home.c_str(), 1);
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), "--maildir=DIR"));
}

TEST(UsageTest, ListsEveryFlagThatTheParserTakes) {
  const std::string usage = UsageText();
  for (const char* flag : {"--listen=", "--maildir=", "--table=", "--config=", "--tls_cert=",
                           "--tls_key=", "--domains=", "--discard", "--proxy_networks="}) {
    EXPECT_TRUE(absl::StrContains(usage, flag)) << flag;
  }
}

TEST(LineOfEntryTest, FindsTheEntryThatAComplaintNames) {
  const std::string table =
      "name: 'x'\nreplies {\n  id: GREETING\n  code: 220\n}\n"
      "replies {\n  id: GREETING_REFUSED\n}\nreplies { id: BARE_LF code: 250 }\n";
  EXPECT_EQ(LineOfEntry(table, "BARE_LF: code 250 is not allowed"), "9");
  EXPECT_EQ(LineOfEntry(table, "reply GREETING_REFUSED lacks text"), "7");
  EXPECT_EQ(LineOfEntry(table, "GREETING lacks text"), "3");
  EXPECT_EQ(LineOfEntry(table, "something else"), "");
  EXPECT_EQ(LineOfEntry("", "GREETING"), "");
  // As the engine counts: entries without an id too.
  EXPECT_EQ(LineOfEntry(table, "replies[1] GREETING_REFUSED: text: empty"), "7");
  EXPECT_EQ(LineOfEntry(table + "footers { reply_class: 2 }\n",
                        "footers[0] class 2: reply_class: a footer may stand on class 4 or 5 only"),
            "10");
  EXPECT_EQ(LineOfEntry(table, "replies[7] BARE_LF: no such entry"), "9");
}

TEST(ReloadTest, NamesWhatNeedsARestart) {
  Options before, after;
  after.maildir = "/b";
  after.threads = 3;
  after.domains = {"a"};
  EXPECT_EQ(ChangesThatNeedRestart(before, after),
            (std::vector<std::string>{"maildir", "threads"}));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
