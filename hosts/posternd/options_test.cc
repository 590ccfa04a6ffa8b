// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <tuple>
#include <vector>

#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "engine/proto/engine_config.pb.h"
#include "gtest/gtest.h"
#include "hosts/common/offer.h"
#include "hosts/posternd/reload.h"
#include "hosts/posternd/upstream_target.h"

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

TEST_F(OptionsTest, UpstreamServersAreWrittenAsAddresses) {
  const struct {
    const char* text;
    upstream::Protocol protocol;
    const char* endpoint;
    const char* path;
  } cases[] = {
      {"smtp://192.0.2.1:25", upstream::Protocol::kSmtp, "192.0.2.1:25", ""},
      {"lmtp://[2001:db8::1]:24", upstream::Protocol::kLmtp, "[2001:db8::1]:24", ""},
      {"lmtp+unix:/run/lmtp", upstream::Protocol::kLmtp, nullptr, "/run/lmtp"},
      {"smtp+unix:relative", upstream::Protocol::kSmtp, nullptr, "relative"},
  };
  for (const auto& each : cases) {
    absl::FlagSaver saver;
    const Options options = Load({"--upstream", each.text, "--upstream_identity=proxy2"}).value();
    ASSERT_TRUE(options.upstream_target.has_value());
    EXPECT_EQ(options.upstream_target->name, each.text);
    EXPECT_EQ(options.upstream_target->protocol, each.protocol);
    EXPECT_EQ(options.upstream_target->path, each.path);
    if (each.endpoint != nullptr) {
      EXPECT_EQ(options.upstream_target->endpoint.ToString(), each.endpoint);
    }
    EXPECT_EQ(options.upstream_identity, upstream::IdentityMode::kProxy2);
    EXPECT_TRUE(options.maildir.empty());
  }
  EXPECT_FALSE(Load({}).value().upstream_target.has_value());
}

TEST_F(OptionsTest, UpstreamMistakesAreNamed) {
  ExpectRefused({"--upstream=mx.example:25"}, "write smtp://ADDR:PORT");
  ExpectRefused({"--upstream=smtp:192.0.2.1:25"}, "write smtp://ADDR:PORT");
  ExpectRefused({"--upstream=http://192.0.2.1:25"}, "write smtp://ADDR:PORT");
  ExpectRefused({"--upstream=smtp://mx.example:25"}, "mx.example");
  ExpectRefused({"--upstream=smtp://192.0.2.1:0"}, "port 0");
  ExpectRefused({"--upstream=lmtp+unix:"}, "path of a socket");
  ExpectRefused({"--upstream=lmtp+unix:" + std::string(200, 'x')}, "path of a socket");
  ExpectRefused({"--upstream=smtp://192.0.2.1:25", "--maildir=/tmp/m"}, "--maildir and --upstream");
  ExpectRefused({"--upstream=smtp://192.0.2.1:25", "--discard"}, "--discard and --upstream");
  ExpectRefused({"--upstream=smtp://192.0.2.1:25", "--upstream_identity=proxy"},
                "proxy1 or proxy2");
  ExpectRefused({"--upstream_identity=xclient"}, "nobody to tell");
  for (const char* text : {"fd:", "fd:2", "fd:-3", "fd:3x", "fd:99999999999"}) {
    ExpectRefused({"--inetd", std::string("--upstream=") + text}, "write fd:N");
  }
  ExpectRefused({"--upstream=exec:exim4 -bs"}, "whole path");
  ExpectRefused({"--upstream=exec:/usr/sbin/exim4 {helo}"}, "known in braces");
  ExpectRefused({"--idle_upstreams=1"}, "there is no --upstream");
  ExpectRefused({"--idle_upstreams=1", "--upstream=exec:/bin/a"}, "one client's");
  ExpectRefused({"--idle_upstreams=1", "--upstream=smtp://192.0.2.1:25", "--inetd"},
                "no next client");
  for (const char* mode : {"proxy1", "proxy2"}) {
    ExpectRefused({"--idle_upstreams=1", "--upstream=smtp://192.0.2.1:25",
                   std::string("--upstream_identity=") + mode},
                  "one client's");
  }
  ExpectRefused({"--idle_upstreams=1001", "--upstream=smtp://192.0.2.1:25"}, "1000 for each loop");
  EXPECT_EQ(Load({"--idle_upstreams=5", "--upstream=smtp://192.0.2.1:25"}).value().idle_upstreams,
            5u);
  ExpectRefused({"--max_upstream_programs=0"}, "give 1 or more");
  const Options exec = Load({"--upstream=exec:/usr/sbin/exim4 -bs -oMa {client_address}"}).value();
  EXPECT_EQ(exec.max_upstream_programs, 100u);
  EXPECT_TRUE(exec.upstream_target->knows_client());
  EXPECT_FALSE(
      Load({"--upstream=exec:/usr/sbin/sendmail -bs"}).value().upstream_target->knows_client());
  ExpectRefused({"--upstream=fd:3"}, "one connection for one client; give --inetd");
  ExpectRefused({"--inetd", "--upstream=fd:3", "--proxy_networks=192.0.2.0/24"}, "can be no proxy");
  EXPECT_EQ(Load({"--inetd", "--upstream=fd:3"}).value().upstream_target->descriptor, 3);
  ExpectRefused({"--inetd", "--listen=127.0.0.1:25"}, "leave out --listen");
  for (const char* text : {"--ready_fd=2", "--ready_fd=0", "--ready_fd=4294967295"}) {
    ExpectRefused({text}, "give 3 or more");
  }
  EXPECT_EQ(Load({"--ready_fd=3"}).value().ready_fd, 3);
  EXPECT_EQ(Load({}).value().ready_fd, -1);
}

TEST_F(OptionsTest, AnotherUpstreamNeedsARestart) {
  const Options before = Load({"--upstream=smtp://192.0.2.1:25"}).value();
  absl::FlagSaver saver;
  const Options after =
      Load({"--upstream=smtp://192.0.2.2:25", "--upstream_identity=xclient"}).value();
  EXPECT_EQ(ChangesThatNeedRestart(before, after),
            (std::vector<std::string>{"upstream", "upstream_identity"}));
}

TEST_F(OptionsTest, TrustedNetworksTurnXclientOn) {
  const auto xclient = [this](const std::vector<std::string>& arguments) {
    absl::FlagSaver saver;
    v1::EngineConfig config;
    EXPECT_TRUE(config.ParseFromString(Load(arguments).value().engine_config));
    return config.extensions().xclient();
  };
  EXPECT_EQ(xclient({"--discard"}), v1::SWITCH_DEFAULT);
  EXPECT_EQ(xclient({"--discard", "--trusted_networks=192.0.2.0/24"}), v1::SWITCH_ON);
  EXPECT_EQ(xclient({"--discard", "--trusted_networks=192.0.2.0/24",
                     Config("engine { extensions { xclient: SWITCH_OFF } }")}),
            v1::SWITCH_OFF);
  ExpectRefused({"--discard", "--trusted_networks=192.0.2.1/24"}, "write 192.0.2.0/24");
  ExpectRefused({"--trusted_networks=192.0.2.0/24", "--upstream=smtp://192.0.2.1:25"},
                "a gate takes no XCLIENT");
}

TEST_F(OptionsTest, TheProtocolIsOneOfBoth) {
  const auto protocol = [this](const std::vector<std::string>& arguments) {
    absl::FlagSaver saver;
    v1::EngineConfig config;
    EXPECT_TRUE(config.ParseFromString(Load(arguments).value().engine_config));
    return config.protocol();
  };
  EXPECT_EQ(protocol({"--discard"}), v1::PROTOCOL_DEFAULT);
  EXPECT_EQ(protocol({"--discard", "--protocol=smtp"}), v1::PROTOCOL_SMTP);
  EXPECT_EQ(protocol({"--discard", "--protocol=lmtp", "--listen=127.0.0.1:24"}), v1::PROTOCOL_LMTP);
  ExpectRefused({"--discard", "--protocol=qmtp"}, "write smtp or lmtp");
  // RFC 2033 section 5.
  ExpectRefused({"--discard", "--protocol=lmtp", "--listen=127.0.0.1:25"},
                "not be spoken on port 25");
  ExpectRefused({"--protocol=lmtp", "--upstream=lmtp://192.0.2.1:24"}, "a gate speaks SMTP");
}

TEST_F(OptionsTest, OnlyWhatTheUpstreamTakesIsOffered) {
  v1::EngineConfig config;
  upstream::Capabilities all;
  all.extensions = upstream::kEightBitMime | upstream::kSmtpUtf8 | upstream::kSize;
  ASSERT_TRUE(config.ParseFromString(host::OfferOnly("", all)));
  EXPECT_EQ(config.extensions().eightbitmime(), v1::SWITCH_DEFAULT);
  EXPECT_EQ(config.extensions().smtputf8(), v1::SWITCH_DEFAULT);
  EXPECT_EQ(config.limits().message_octets(), 0u);

  upstream::Capabilities none;
  ASSERT_TRUE(config.ParseFromString(host::OfferOnly("", none)));
  EXPECT_EQ(config.extensions().eightbitmime(), v1::SWITCH_OFF);
  EXPECT_EQ(config.extensions().smtputf8(), v1::SWITCH_OFF);

  // The smaller limit of both, and never below what the engine takes.
  for (const auto& [own, theirs, both] :
       {std::tuple<uint64_t, uint64_t, uint64_t>{0, 10240000, 10240000},
        {100000, 10240000, 100000},
        {0, 100000000, 52428800},
        {0, 10, 65536}}) {
    v1::EngineConfig before;
    before.mutable_limits()->set_message_octets(own);
    all.size_limit = theirs;
    ASSERT_TRUE(config.ParseFromString(host::OfferOnly(before.SerializeAsString(), all)));
    EXPECT_EQ(config.limits().message_octets(), both);
  }
}

// ---- Authentication ----

v1::EngineConfig EngineOf(const Options& options) {
  v1::EngineConfig config;
  EXPECT_TRUE(config.ParseFromString(options.engine_config));
  return config;
}

TEST_F(OptionsTest, APasswordFileTurnsAuthOn) {
  EXPECT_EQ(EngineOf(Load({}).value()).extensions().auth(), v1::SWITCH_DEFAULT);
  const Options options = Load({"--password_file=p", "--tls_cert=c", "--tls_key=k"}).value();
  EXPECT_TRUE(options.has_auth());
  EXPECT_EQ(options.password_file, "p");
  EXPECT_FALSE(options.auth_without_tls);
  EXPECT_EQ(options.auth_failures_per_client, 10u);
  EXPECT_EQ(options.auth_failures_per_user, 100u);
  EXPECT_EQ(EngineOf(options).extensions().auth(), v1::SWITCH_ON);
  EXPECT_FALSE(EngineOf(options).require_auth());
  const std::vector<std::string> files = FilesOf(options);
  EXPECT_NE(std::find(files.begin(), files.end(), "p"), files.end());
}

TEST_F(OptionsTest, WhatIsTheEnginesMayStandInItsPartOfTheFile) {
  const std::string config = Config(
      "password_file: \"p\" tls_client_ca: \"ca\" tls_cert: \"c\" tls_key: \"k\" "
      "authenticated_header: true auth_failures_per_client: 5 auth_failures_per_user: 6 "
      "engine { require_auth: true auth_without_tls: true auth_mechanisms: \"plain\" }");
  Options options = Load({config}).value();
  EXPECT_EQ(options.password_file, "p");
  EXPECT_EQ(options.tls_client_ca, "ca");
  EXPECT_TRUE(options.authenticated_header);
  EXPECT_TRUE(options.auth_without_tls);
  EXPECT_EQ(options.auth_failures_per_client, 5u);
  EXPECT_EQ(options.auth_failures_per_user, 6u);
  EXPECT_EQ(options.auth_mechanisms, std::vector<std::string>{"PLAIN"});
  EXPECT_TRUE(EngineOf(options).require_auth());
  EXPECT_TRUE(EngineOf(options).auth_without_tls());
  // Each connection gets a list of its own.
  EXPECT_EQ(EngineOf(options).auth_mechanisms_size(), 0);

  options = Load({config, "--norequire_auth", "--auth_without_tls=false",
                  "--auth_failures_per_client=0", "--password_file=other"})
                .value();
  EXPECT_FALSE(EngineOf(options).require_auth());
  EXPECT_FALSE(options.auth_without_tls);
  EXPECT_EQ(options.auth_failures_per_client, 0u);
  EXPECT_EQ(options.password_file, "other");
}

TEST_F(OptionsTest, AuthMayStayOff) {
  const Options options = Load({Config("password_file: \"p\" tls_cert: \"c\" tls_key: \"k\" "
                                       "engine { extensions { auth: SWITCH_OFF } }")})
                              .value();
  EXPECT_EQ(EngineOf(options).extensions().auth(), v1::SWITCH_OFF);
}

TEST_F(OptionsTest, WhereNobodyCouldLogInIsRefused) {
  ExpectRefused({"--password_file=p"}, "--password_file: nobody could log in, as that takes TLS");
  ExpectRefused({"--require_auth"}, "--require_auth: nobody could log in");
  ExpectRefused({Config("engine { require_auth: true }")}, "engine.require_auth: nobody could");
  ExpectRefused({Config("engine { extensions { auth: SWITCH_ON } }")},
                "engine.extensions.auth: nobody could");
  ExpectRefused({"--tls_client_ca=ca", "--auth_without_tls"}, "under TLS only");
  ExpectRefused({Config("engine { auth_mechanisms: \"CRAM-MD5\" }")}, "'CRAM-MD5' is not served");
}

TEST_F(OptionsTest, KeysOfTokensTurnAuthOn) {
  const Options options =
      Load({"--oauth_keys=a,b", "--oauth_keys=c", "--oauth_issuer=https://login.example.org",
            "--oauth_audience=smtp", "--tls_cert=c", "--tls_key=k"})
          .value();
  EXPECT_TRUE(options.has_auth());
  EXPECT_EQ(options.oauth_keys, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(options.oauth_issuer, "https://login.example.org");
  EXPECT_EQ(options.oauth_audience, "smtp");
  EXPECT_EQ(options.oauth_user_claim, "email");
  EXPECT_EQ(options.oauth_scope, "");
  EXPECT_EQ(options.oauth_leeway_seconds, 30u);
  EXPECT_EQ(options.oauth_algorithms,
            (std::vector<JwsAlgorithm>{JwsAlgorithm::kRs256, JwsAlgorithm::kPs256,
                                       JwsAlgorithm::kEs256, JwsAlgorithm::kEdDsa}));
  EXPECT_EQ(EngineOf(options).extensions().auth(), v1::SWITCH_ON);
  const std::vector<std::string> files = FilesOf(options);
  for (const char* file : {"a", "b", "c"}) {
    EXPECT_NE(std::find(files.begin(), files.end(), file), files.end()) << file;
  }
}

TEST_F(OptionsTest, TokensAreConfiguredByTheFileToo) {
  const std::string config = Config(
      "oauth_keys: \"a\" oauth_keys: \"b\" oauth_issuer: \"i\" oauth_audience: \"au\" "
      "oauth_user_claim: \"sub\" oauth_scope: \"mail\" oauth_algorithms: \"ES384\" "
      "oauth_leeway_seconds: 5 oauth_openid_configuration: \"https://i.example/c\" "
      "tls_cert: \"c\" tls_key: \"k\" engine { auth_mechanisms: \"xoauth2\" }");
  Options options = Load({config}).value();
  EXPECT_EQ(options.oauth_keys, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.oauth_issuer, "i");
  EXPECT_EQ(options.oauth_audience, "au");
  EXPECT_EQ(options.oauth_user_claim, "sub");
  EXPECT_EQ(options.oauth_scope, "mail");
  EXPECT_EQ(options.oauth_algorithms, std::vector<JwsAlgorithm>{JwsAlgorithm::kEs384});
  EXPECT_EQ(options.oauth_leeway_seconds, 5u);
  EXPECT_EQ(options.oauth_openid_configuration, "https://i.example/c");
  EXPECT_EQ(options.auth_mechanisms, std::vector<std::string>{"XOAUTH2"});

  options = Load({config, "--oauth_leeway_seconds=0", "--oauth_algorithms=RS256,EdDSA",
                  "--oauth_keys=other", "--oauth_issuer=j"})
                .value();
  EXPECT_EQ(options.oauth_leeway_seconds, 0u);
  EXPECT_EQ(options.oauth_algorithms,
            (std::vector<JwsAlgorithm>{JwsAlgorithm::kRs256, JwsAlgorithm::kEdDsa}));
  EXPECT_EQ(options.oauth_keys, std::vector<std::string>{"other"});
  EXPECT_EQ(options.oauth_issuer, "j");
}

TEST_F(OptionsTest, MistakesAboutTokensAreRefused) {
  const std::vector<std::string> good = {"--oauth_keys=a", "--oauth_issuer=i",
                                         "--oauth_audience=au", "--tls_cert=c", "--tls_key=k"};
  const auto with = [&](const std::string& more) {
    std::vector<std::string> flags = good;
    flags.push_back(more);
    return flags;
  };
  ASSERT_TRUE(Load(good).ok());
  ExpectRefused({"--oauth_keys=a", "--oauth_audience=au", "--tls_cert=c", "--tls_key=k"},
                "--oauth_issuer: is missing");
  ExpectRefused({"--oauth_keys=a", "--oauth_issuer=i", "--tls_cert=c", "--tls_key=k"},
                "--oauth_audience: is missing");
  ExpectRefused({Config("oauth_keys: \"a\" tls_cert: \"c\" tls_key: \"k\"")},
                ": oauth_issuer: is missing");
  ExpectRefused({"--oauth_issuer=i"}, "--oauth_issuer: serves nothing without the issuer's keys");
  ExpectRefused({"--oauth_keys=a", "--oauth_issuer=i", "--oauth_audience=au"},
                "--oauth_keys: nobody could log in, as that takes TLS");
  // A secret shared with the issuer would be the public key: RFC 8725 section 2.1.
  for (const char* name : {"none", "HS256", "HS512", "rs256", "ES256K"}) {
    ExpectRefused(with(std::string("--oauth_algorithms=RS256,") + name),
                  std::string("--oauth_algorithms: '") + name + "' is not served; RS256, ");
  }
  ExpectRefused(with("--oauth_leeway_seconds=601"), "601 seconds are too many; 600 are the most");
  ExpectRefused(with("--oauth_scope=a b"), "--oauth_scope: is one word");
  ExpectRefused(with("--oauth_openid_configuration=http://i.example/"), "is not a URL with https");
}

TEST_F(OptionsTest, WhatOnlyAServerBehindCouldDoNeedsOne) {
  for (const char* name : {"etrn", "burl"}) {
    const std::string config = std::string("engine { extensions { ") + name +
                               ": SWITCH_ON auth: SWITCH_ON } } " +
                               "password_file: \"p\" tls_cert: \"c\" tls_key: \"k\"";
    ExpectRefused({Config(config)}, "only a gate");
    const std::string gate = config + " upstream: \"smtp://192.0.2.1:25\"";
    EXPECT_TRUE(Load({Config(gate + " listen_submission: \"127.0.0.1:587\"")}).ok()) << name;
    if (std::string(name) == "burl") ExpectRefused({Config(gate)}, "where mail is submitted");
  }
  ExpectRefused({Config("engine { extensions { atrn: SWITCH_ON } }")}, "turned connection");
}

TEST_F(OptionsTest, EtrnIsOfferedWhereTheUpstreamHasIt) {
  v1::EngineConfig given;
  for (const bool has : {false, true}) {
    v1::Extensions* const extensions = given.mutable_extensions();
    extensions->set_etrn(v1::SWITCH_ON);
    extensions->set_burl(v1::SWITCH_ON);
    extensions->set_atrn(v1::SWITCH_ON);
    upstream::Capabilities offered;
    if (has) offered.extensions = upstream::kEtrn | upstream::kBurl;
    v1::EngineConfig config;
    ASSERT_TRUE(config.ParseFromString(host::OfferOnly(given.SerializeAsString(), offered)));
    EXPECT_EQ(config.extensions().etrn(), has ? v1::SWITCH_ON : v1::SWITCH_OFF);
    // They go with AUTH, which is not the server's.
    EXPECT_EQ(config.extensions().burl(), v1::SWITCH_OFF);
    EXPECT_EQ(config.extensions().atrn(), v1::SWITCH_OFF);
  }
}

TEST_F(OptionsTest, MailIsSubmittedWhereSomebodyCanLogIn) {
  const Options options =
      Load({"--listen_submission=127.0.0.1:587", "--listen_submissions=127.0.0.1:465",
            "--password_file=p", "--tls_cert=c", "--tls_key=k"})
          .value();
  ASSERT_EQ(options.listen_submission.size(), 1u);
  ASSERT_EQ(options.listen_submissions.size(), 1u);
  // Nothing else is listened on that was not asked for.
  EXPECT_TRUE(options.listen.empty());
  EXPECT_FALSE(EngineOf(options).require_auth());
  ExpectRefused({"--listen_submission=127.0.0.1:587"}, "--listen_submission: nobody could log in");
  ExpectRefused({"--listen_submissions=127.0.0.1:465"}, "--listen_submissions: TLS needs");
  ExpectRefused({"--listen_submission=127.0.0.1:587", "--password_file=p", "--tls_cert=c",
                 "--tls_key=k", "--protocol=lmtp"},
                "mail is submitted by SMTP");
  ExpectRefused({"--inetd", "--listen_submission=127.0.0.1:587"}, "--inetd serves");
  EXPECT_EQ(ChangesThatNeedRestart(Load({}).value(), options),
            (std::vector<std::string>{"listen", "listen_submission", "listen_submissions"}));
  // A file that is given once stays: these are last.
  EXPECT_TRUE(Load({Config("listen_submission: \"127.0.0.1:587\" password_file: \"p\" "
                           "tls_cert: \"c\" tls_key: \"k\"")})
                  .ok());
  ExpectRefused({Config("engine { submission: true }")}, "engine.submission: nobody could log in");
  ExpectRefused({Config("password_file: \"p\" tls_cert: \"c\" tls_key: \"k\" "
                        "engine { extensions { auth: SWITCH_OFF } }"),
                 "--listen_submission=127.0.0.1:587"},
                "engine.extensions.auth is off");
}

TEST_F(OptionsTest, OtherLimitsOfGuessingNeedARestart) {
  const Options before = Load({}).value();
  const Options after =
      Load({"--auth_failures_per_client=3", "--auth_failures_per_user=4"}).value();
  EXPECT_EQ(ChangesThatNeedRestart(before, after),
            (std::vector<std::string>{"auth_failures_per_client", "auth_failures_per_user"}));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
