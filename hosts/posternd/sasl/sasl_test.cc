// SPDX-License-Identifier: Apache-2.0
//
// Whole exchanges, with a client of the test's own where the RFCs' formulas allow it and GNU SASL's
// client where channel binding comes in.

#include "hosts/posternd/sasl/sasl.h"

#include <gsasl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace postern {
namespace posternd {
namespace {

using Kind = SaslStep::Kind;
using std::string_literals::operator""s;

std::string FromBase64(absl::string_view text) {
  std::string octets;
  EXPECT_TRUE(absl::Base64Unescape(text, &octets));
  return octets;
}

class FixedTokens : public TokenChecker {
 public:
  TokenFinding Check(absl::string_view token) const override {
    TokenFinding finding;
    if (token == "later") finding.verdict = TokenVerdict::kTemporary;
    if (token == "bad") finding.why = "expired";
    if (token == "good" || token == "scopeless" || token == "old") {
      finding.identity = "alice@example.com";
    }
    if (token == "good" || token == "nobodys") finding.verdict = TokenVerdict::kValid;
    if (token == "scopeless") finding.verdict = TokenVerdict::kInsufficientScope;
    return finding;
  }
};

class SaslTest : public testing::Test {
 protected:
  void SetUp() override {
    // tim is of RFC 4616 §4, user and pencil of RFC 7677 §3.
    const std::string tim =
        Credential::MakeCrypt(Secret(absl::string_view("tanstaaftanstaaf")))->ToText();
    const std::string user =
        Credential::MakeScram(Secret(absl::string_view("pencil")), 4096, "0123456789abcdef")
            ->ToText();
    const std::string kurt =
        Credential::MakeScram(Secret(absl::string_view("xipj3plmq")), 4096, "fedcba9876543210")
            ->ToText();
    auto users = PasswordFile::Parse(
        absl::StrCat("tim:", tim, "\nuser:", user, "\nKurt:", kurt, "\n"), "users");
    ASSERT_TRUE(users.ok()) << users.status();
    users_ = *users;
    Open({});
    tls_.tls = true;
  }

  void Open(SaslOptions options) {
    server_ = SaslServer::Create(std::move(options), users_, std::make_shared<FixedTokens>());
    ASSERT_NE(server_, nullptr);
  }

  std::unique_ptr<SaslExchange> Start(absl::string_view mechanism) {
    SaslFailure failure = SaslFailure::kNone;
    auto exchange = server_->Start(mechanism, tls_, &failure);
    EXPECT_EQ(exchange == nullptr, failure != SaslFailure::kNone);
    EXPECT_NE(exchange, nullptr) << mechanism;
    return exchange;
  }

  // With an initial response that is the whole message.
  SaslStep Once(absl::string_view mechanism, absl::string_view message) {
    return Start(mechanism)->Begin(true, message);
  }

  std::shared_ptr<const PasswordFile> users_;
  std::unique_ptr<SaslServer> server_;
  SaslConnection tls_;
};

#define EXPECT_SUCCESS(step, who)             \
  do {                                        \
    const SaslStep s = (step);                \
    EXPECT_EQ(s.kind, Kind::kSuccess);        \
    EXPECT_EQ(s.failure, SaslFailure::kNone); \
    EXPECT_EQ(s.identity, who);               \
  } while (false)

#define EXPECT_FAILURE(step, what)           \
  do {                                       \
    const SaslStep s = (step);               \
    EXPECT_EQ(s.kind, Kind::kFailure);       \
    EXPECT_EQ(s.failure, SaslFailure::what); \
    EXPECT_EQ(s.identity, "");               \
  } while (false)

TEST_F(SaslTest, OffersWhatTheConnectionAllows) {
  using Names = std::vector<std::string>;
  SaslConnection connection;
  EXPECT_EQ(server_->Mechanisms(connection), Names{"SCRAM-SHA-256"});
  connection.tls = true;
  EXPECT_EQ(server_->Mechanisms(connection),
            (Names{"SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN"}));
  connection.tls_exporter = "x";
  connection.external_identity = "alice";
  EXPECT_EQ(server_->Mechanisms(connection),
            (Names{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "EXTERNAL", "OAUTHBEARER", "XOAUTH2",
                   "PLAIN", "LOGIN"}));
  SaslOptions options;
  options.only = {"PLAIN", "OAUTHBEARER", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
  options.plaintext_without_tls = true;
  Open(options);
  EXPECT_EQ(server_->Mechanisms(SaslConnection()),
            (Names{"SCRAM-SHA-256", "OAUTHBEARER", "PLAIN"}));
  server_ = SaslServer::Create({}, nullptr, nullptr);
  EXPECT_EQ(server_->Mechanisms(connection), Names{"EXTERNAL"});
}

TEST_F(SaslTest, TellsWhyThereIsNoSuchMechanism) {
  SaslFailure failure = SaslFailure::kNone;
  EXPECT_EQ(server_->Start("PLAIN", SaslConnection(), &failure), nullptr);
  EXPECT_EQ(failure, SaslFailure::kNotEncrypted);
  for (const char* name :
       {"CRAM-MD5", "", "EXTERNAL", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "NTLM"}) {
    EXPECT_EQ(server_->Start(name, tls_, &failure), nullptr);
    EXPECT_EQ(failure, SaslFailure::kUnknownMechanism) << name;
  }
  EXPECT_NE(server_->Start("plain", tls_, &failure), nullptr);  // RFC 4954 §8
  EXPECT_EQ(failure, SaslFailure::kNone);
}

TEST_F(SaslTest, PlainByTheExamplesOfTheRfc) {  // RFC 4616 §4
  auto exchange = Start("PLAIN");
  const SaslStep first = exchange->Begin(false, "");
  EXPECT_EQ(first.kind, Kind::kChallenge);
  EXPECT_EQ(first.challenge, "");
  EXPECT_SUCCESS(exchange->Step("\0tim\0tanstaaftanstaaf"s), "tim");
  EXPECT_FAILURE(exchange->Step("\0tim\0tanstaaftanstaaf"s), kMalformed);
  // Ursel, Kurt: he may not act for her.
  EXPECT_FAILURE(Once("PLAIN", "Ursel\0Kurt\0xipj3plmq"s), kBadCredentials);
  EXPECT_SUCCESS(Once("PLAIN", "\0Kurt\0xipj3plmq"s), "Kurt");
  EXPECT_SUCCESS(Once("PLAIN", "Kurt\0Kurt\0xipj3plmq"s), "Kurt");
}

TEST_F(SaslTest, PlainRefuses) {
  EXPECT_FAILURE(Once("PLAIN", "\0tim\0wrong"s), kBadCredentials);
  EXPECT_FAILURE(Once("PLAIN", "\0nobody\0tanstaaftanstaaf"s), kBadCredentials);
  EXPECT_FAILURE(Once("PLAIN", "\0\xFF\0tanstaaftanstaaf"s), kBadCredentials);
  EXPECT_FAILURE(Once("PLAIN", "\0tim\0\x07"s), kBadCredentials);
  for (const std::string& bad : {""s, "\0"s, "tim"s, "tim\0x"s, "\0\0"s, "\0tim\0"s, "\0\0x"s,
                                 "\0tim\0x\0"s, "\0tim\0x\0y"s}) {
    EXPECT_FAILURE(Once("PLAIN", bad), kMalformed);
  }
  EXPECT_FAILURE(Once("PLAIN", "\0tim\0"s + std::string(20000, 'x')), kMalformed);
  EXPECT_EQ(Once("PLAIN", "\0t\nim\0wrong"s).claimed, "t\nim");
  // In the form that SASLprep gives it: failures are counted for the user, however it was written.
  EXPECT_EQ(Once("PLAIN", "\0t\xC2\xADim\0wrong"s).claimed, "tim");
}

TEST_F(SaslTest, LoginAsksTwice) {
  auto exchange = Start("LOGIN");
  EXPECT_FALSE(exchange->IsSlow());
  EXPECT_EQ(exchange->Begin(false, "").challenge, "Username:");
  EXPECT_EQ(exchange->Step("tim").challenge, "Password:");
  EXPECT_TRUE(exchange->IsSlow());
  EXPECT_SUCCESS(exchange->Step("tanstaaftanstaaf"), "tim");

  exchange = Start("LOGIN");
  EXPECT_EQ(exchange->Begin(true, "tim").challenge, "Password:");
  EXPECT_FAILURE(exchange->Step("wrong"), kBadCredentials);
  EXPECT_FAILURE(exchange->Step("tanstaaftanstaaf"), kMalformed);
  EXPECT_FAILURE(Once("LOGIN", ""), kMalformed);
  exchange = Start("LOGIN");
  exchange->Begin(true, "tim");
  EXPECT_FAILURE(exchange->Step(""), kMalformed);
}

TEST_F(SaslTest, ExternalIsWhomTheCertificateNames) {  // RFC 4422 appendix A
  tls_.external_identity = "alice";
  EXPECT_SUCCESS(Once("EXTERNAL", ""), "alice");
  EXPECT_SUCCESS(Once("EXTERNAL", "alice"), "alice");
  EXPECT_FAILURE(Once("EXTERNAL", "bob"), kBadCredentials);
  EXPECT_FAILURE(Once("EXTERNAL", "alice\0"s), kMalformed);
  auto exchange = Start("EXTERNAL");
  EXPECT_EQ(exchange->Begin(false, "").kind, Kind::kChallenge);
  EXPECT_SUCCESS(exchange->Step(""), "alice");
}

TEST_F(SaslTest, TokensAreTheCheckers) {  // RFC 7628 §3
  EXPECT_SUCCESS(Once("OAUTHBEARER",
                      "n,a=alice@example.com,\x01"
                      "auth=Bearer good\x01\x01"),
                 "alice@example.com");
  EXPECT_SUCCESS(Once("OAUTHBEARER",
                      "n,,\x01"
                      "auth=Bearer good\x01\x01"),
                 "alice@example.com");
  EXPECT_SUCCESS(Once("XOAUTH2",
                      "user=alice@example.com\x01"
                      "auth=Bearer good\x01\x01"),
                 "alice@example.com");
  EXPECT_FAILURE(Once("XOAUTH2",
                      "user=a\x01"
                      "auth=Bearer later\x01\x01"),
                 kTemporary);
  EXPECT_FAILURE(Once("OAUTHBEARER", "\x01"), kMalformed);
  EXPECT_FAILURE(Once("XOAUTH2",
                      "n,,\x01"
                      "auth=Bearer good\x01\x01"),
                 kMalformed);
  // What nobody can be called is nobody, though it would be alice's token.
  EXPECT_EQ(Once("XOAUTH2",
                 "user=\xFF\x01"
                 "auth=Bearer good\x01\x01")
                .kind,
            Kind::kChallenge);
}

// RFC 7628 §3.2.2, §3.2.3; §4.3 for the one without a token.
TEST_F(SaslTest, RefusedTokensAreToldByAChallenge) {
  SaslOptions options;
  options.oauth_error.scope = "mail.send";
  Open(options);
  const struct {
    const char* token;
    const char* status;
    const char* http;
    const char* why;
  } kCases[] = {{"Bearer good", "invalid_token", "401", "the token is another user's"},
                {"Bearer bad", "invalid_token", "401", "expired"},
                {"Bearer nobodys", "invalid_token", "401", "names no user"},
                {"Bearer scopeless", "insufficient_scope", "403", ""},
                {"", "invalid_token", "401", "no token"}};
  for (const auto& c : kCases) {
    for (const bool xoauth2 : {false, true}) {
      for (const char* const last : {"\x01", "", "anything"}) {
        auto exchange = Start(xoauth2 ? "XOAUTH2" : "OAUTHBEARER");
        EXPECT_EQ(exchange->Begin(false, "").challenge, "");
        EXPECT_TRUE(exchange->IsSlow());
        const SaslStep error = exchange->Step(
            absl::StrCat(xoauth2 ? "user=bob" : "n,a=bob,", "\x01", "auth=", c.token, "\x01\x01"));
        EXPECT_EQ(error.kind, Kind::kChallenge);
        EXPECT_EQ(error.challenge,
                  xoauth2
                      ? absl::StrCat("{\"status\":\"", c.http,
                                     "\",\"schemes\":\"bearer\",\"scope\":\"mail.send\"}")
                      : absl::StrCat("{\"status\":\"", c.status, "\",\"scope\":\"mail.send\"}"));
        EXPECT_TRUE(error.refused);
        EXPECT_EQ(error.claimed, "bob");
        EXPECT_EQ(error.why, c.why);
        EXPECT_FALSE(exchange->IsSlow());
        const SaslStep end = exchange->Step(last);
        EXPECT_EQ(end.failure, SaslFailure::kBadCredentials);
        EXPECT_EQ(end.claimed, "bob");
        EXPECT_FAILURE(exchange->Step(""), kMalformed);
      }
    }
  }
  EXPECT_EQ(Once("OAUTHBEARER",
                 "n,,\x01"
                 "auth=Bearer nobodys\x01\x01")
                .kind,
            Kind::kChallenge);
  // Whose it would have been, where the client does not say.
  EXPECT_EQ(Once("OAUTHBEARER",
                 "n,,\x01"
                 "auth=Bearer old\x01\x01")
                .claimed,
            "alice@example.com");
}

// --- SCRAM ---

std::string Hmac(absl::string_view key, absl::string_view text) {
  unsigned char out[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return std::string(reinterpret_cast<char*>(out), size);
}

// A client by RFC 5802 §3, step by step, that can be told to do wrong.
struct ScramClient {
  std::string user = "user";
  std::string password = "pencil";
  std::string gs2 = "n,,";
  std::string nonce = "rOprNGfwEbeRWgbNEkqO";
  std::string binding;  // behind gs2 in "c="
  std::function<void(std::string*)> spoil_final = [](std::string*) {};

  std::string server_signature;  // what the server must send
  std::string server_first;

  std::string First() const { return absl::StrCat(gs2, "n=", user, ",r=", nonce); }
  std::string Final(const std::string& challenge) {
    server_first = challenge;
    const std::vector<std::string> parts = absl::StrSplit(challenge, ',');
    if (parts.size() != 3) return "";
    const std::string salt = FromBase64(parts[1].substr(2));
    const int iterations = std::stoi(parts[2].substr(2));
    unsigned char salted[32];
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()),
                      static_cast<int>(salt.size()), iterations, EVP_sha256(), 32, salted);
    const std::string salted_password(reinterpret_cast<char*>(salted), 32);
    std::string proof = Hmac(salted_password, "Client Key");
    unsigned char stored[32];
    EVP_Digest(proof.data(), proof.size(), stored, nullptr, EVP_sha256(), nullptr);
    std::string without = absl::StrCat("c=", absl::Base64Escape(gs2 + binding), ",", parts[0]);
    const std::string auth_message =
        absl::StrCat(First().substr(gs2.size()), ",", challenge, ",", without);
    const std::string signature =
        Hmac(std::string(reinterpret_cast<char*>(stored), 32), auth_message);
    for (size_t i = 0; i < proof.size(); ++i) proof[i] ^= signature[i];
    server_signature = absl::StrCat(
        "v=", absl::Base64Escape(Hmac(Hmac(salted_password, "Server Key"), auth_message)));
    std::string final = absl::StrCat(without, ",p=", absl::Base64Escape(proof));
    spoil_final(&final);
    return final;
  }
};

// Runs it to the end; an empty answer behind the server's last word, as RFC 4954 §4 needs it.
SaslStep Exchange(SaslExchange* exchange, ScramClient* client) {
  SaslStep step = exchange->Begin(true, client->First());
  if (step.kind != Kind::kChallenge) return step;
  step = exchange->Step(client->Final(step.challenge));
  if (step.kind != Kind::kChallenge) return step;
  EXPECT_EQ(step.challenge, client->server_signature);
  return exchange->Step("");
}

TEST_F(SaslTest, ScramByTheFormulasOfTheRfc) {  // RFC 5802 §3, RFC 7677 §3
  ScramClient client;
  auto exchange = Start("SCRAM-SHA-256");
  EXPECT_FALSE(exchange->IsSlow());
  EXPECT_SUCCESS(Exchange(exchange.get(), &client), "user");
  EXPECT_TRUE(absl::StartsWith(client.server_first, "r=rOprNGfwEbeRWgbNEkqO"));
  EXPECT_TRUE(absl::EndsWith(client.server_first,
                             ",s=" + absl::Base64Escape("0123456789abcdef") + ",i=4096"));
  EXPECT_GT(client.server_first.size(), std::string("r=rOprNGfwEbeRWgbNEkqO").size() + 18 + 30);

  // Without an initial response the server asks first, with nothing.
  exchange = Start("SCRAM-SHA-256");
  SaslStep step = exchange->Begin(false, "");
  EXPECT_EQ(step.kind, Kind::kChallenge);
  EXPECT_EQ(step.challenge, "");
  step = exchange->Step(client.First());
  step = exchange->Step(client.Final(step.challenge));
  EXPECT_EQ(step.challenge, client.server_signature);
  EXPECT_SUCCESS(exchange->Step(""), "user");
}

TEST_F(SaslTest, ScramRefuses) {
  ScramClient client;
  client.password = "Pencil";
  EXPECT_FAILURE(Exchange(Start("SCRAM-SHA-256").get(), &client), kBadCredentials);

  // Nobody, and a user who has a hash alone: both look like any other user until the end, and the
  // same each time.
  for (const char* user : {"nobody", "tim"}) {
    std::string salts[2];
    for (std::string& salt : salts) {
      client = ScramClient();
      client.user = user;
      EXPECT_FAILURE(Exchange(Start("SCRAM-SHA-256").get(), &client), kBadCredentials);
      salt = client.server_first.substr(client.server_first.find(",s="));
    }
    EXPECT_EQ(salts[0], salts[1]);
    EXPECT_TRUE(absl::EndsWith(salts[0], ",i=4096")) << salts[0];
  }

  const std::function<void(std::string*)> spoils[] = {
      [](std::string* s) { (*s)[s->find("r=") + 2] ^= 1; },
      [](std::string* s) { s->replace(0, 6, "c=eSws"); },  // "y,,"
      [](std::string* s) { (*s)[s->size() - 10] = (*s)[s->size() - 10] == 'A' ? 'B' : 'A'; },
      [](std::string* s) { *s = s->substr(0, s->find(",p=")); },
      [](std::string* s) { *s += ","; },
      [](std::string* s) { *s = ""; },
      [](std::string* s) { *s = "x"; },
      [](std::string* s) { s->resize(s->size() - 4); },
      [](std::string* s) { s->push_back('\0'); },
      [](std::string* s) { *s = s->substr(0, s->find(",p=")) + ",p=AAAA"; },
  };
  for (const auto& spoil : spoils) {
    client = ScramClient();
    client.spoil_final = spoil;
    const SaslStep step = Exchange(Start("SCRAM-SHA-256").get(), &client);
    EXPECT_EQ(step.kind, Kind::kFailure) << (&spoil - spoils);
    EXPECT_TRUE(step.failure == SaslFailure::kBadCredentials ||
                step.failure == SaslFailure::kMalformed);
  }

  for (const std::string& first :
       {"n,,n=user"s, "n,,r=abc"s, "n=user,r=abc"s, "n,,n=user,r="s, "x,,n=user,r=abc"s, ",,"s,
        "n"s, "n,,n=,r=abc"s, "n,,n=us=er,r=abc"s, "n,,n=us=2cer,r=abc"s, "n,a=,n=user,r=abc"s,
        "n,a==,n=user,r=abc"s, "n,b=x,n=user,r=abc"s, "n,,m=x,n=user,r=abc"s, "nn,,n=user,r=abc"s,
        "n,,n=user,r=abc\0"s, "p=tls-unique,,n=user,r=abc"s, std::string(13000, 'n')}) {
    const SaslStep step = Once("SCRAM-SHA-256", first);
    EXPECT_EQ(step.kind, Kind::kFailure) << absl::CEscape(first);
  }

  // The last word is answered with nothing and with nothing else.
  client = ScramClient();
  auto exchange = Start("SCRAM-SHA-256");
  SaslStep step = exchange->Begin(true, client.First());
  step = exchange->Step(client.Final(step.challenge));
  ASSERT_EQ(step.kind, Kind::kChallenge);
  EXPECT_FAILURE(exchange->Step("x"), kMalformed);
  EXPECT_FAILURE(exchange->Step(""), kMalformed);
}

TEST_F(SaslTest, ScramLetsNobodyActForSomebodyElse) {
  ScramClient client;
  client.gs2 = "n,a=Kurt,";
  EXPECT_FAILURE(Exchange(Start("SCRAM-SHA-256").get(), &client), kBadCredentials);
  client.gs2 = "n,a=user,";
  EXPECT_SUCCESS(Exchange(Start("SCRAM-SHA-256").get(), &client), "user");
}

TEST_F(SaslTest, ScramPlusBindsTheChannel) {  // RFC 5802 §6, RFC 9266
  tls_.tls_exporter = std::string("\x01\x02\0exporter", 11);
  ScramClient client;
  client.gs2 = "p=tls-exporter,,";
  client.binding = tls_.tls_exporter;
  EXPECT_SUCCESS(Exchange(Start("SCRAM-SHA-256-PLUS").get(), &client), "user");
  client.binding = "another channel";
  EXPECT_FAILURE(Exchange(Start("SCRAM-SHA-256-PLUS").get(), &client), kBadCredentials);
  client.binding = "";
  EXPECT_FAILURE(Exchange(Start("SCRAM-SHA-256-PLUS").get(), &client), kBadCredentials);
  client.gs2 = "n,,";
  EXPECT_EQ(Exchange(Start("SCRAM-SHA-256-PLUS").get(), &client).kind, Kind::kFailure);
  client.gs2 = "p=tls-unique,,";  // which this connection does not have
  client.binding = tls_.tls_exporter;
  EXPECT_EQ(Exchange(Start("SCRAM-SHA-256-PLUS").get(), &client).kind, Kind::kFailure);
  // A client that thinks that we cannot, though we offer it, was lied to.
  client.gs2 = "y,,";
  client.binding = "";
  EXPECT_FAILURE(Exchange(Start("SCRAM-SHA-256").get(), &client), kBadCredentials);
  tls_.tls_exporter.clear();
  EXPECT_SUCCESS(Exchange(Start("SCRAM-SHA-256").get(), &client), "user");
}

// GNU SASL's client, as swaks and mail programs use it.
TEST_F(SaslTest, GnuSaslsClientGetsIn) {
  tls_.tls_exporter = "exporter octets";
  for (const char* mechanism : {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}) {
    Gsasl* context = nullptr;
    Gsasl_session* client = nullptr;
    ASSERT_EQ(gsasl_init(&context), GSASL_OK);
    ASSERT_EQ(gsasl_client_start(context, mechanism, &client), GSASL_OK);
    gsasl_property_set(client, GSASL_AUTHID, "user");
    gsasl_property_set(client, GSASL_PASSWORD, "pencil");
    if (absl::EndsWith(mechanism, "PLUS")) {
      gsasl_property_set(client, GSASL_CB_TLS_EXPORTER,
                         absl::Base64Escape(tls_.tls_exporter).c_str());
    }
    auto exchange = Start(mechanism);
    SaslStep step = exchange->Begin(false, "");
    int result = GSASL_NEEDS_MORE;
    for (int i = 0; i < 5 && step.kind == Kind::kChallenge; ++i) {
      char* out = nullptr;
      size_t size = 0;
      result = gsasl_step(client, step.challenge.data(), step.challenge.size(), &out, &size);
      ASSERT_TRUE(result == GSASL_OK || result == GSASL_NEEDS_MORE) << gsasl_strerror(result);
      const std::string message(out == nullptr ? "" : out, size);
      gsasl_free(out);
      step = exchange->Step(message);
    }
    EXPECT_EQ(result, GSASL_OK);
    EXPECT_EQ(step.kind, Kind::kSuccess) << mechanism;
    EXPECT_EQ(step.identity, "user");
    gsasl_finish(client);
    gsasl_done(context);
  }
}

TEST_F(SaslTest, ExchangesRunSideBySide) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        ScramClient client;
        SaslFailure failure = SaslFailure::kNone;
        auto exchange = server_->Start("SCRAM-SHA-256", tls_, &failure);
        if (exchange != nullptr && Exchange(exchange.get(), &client).kind == Kind::kSuccess) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
}

TEST_F(SaslTest, AnExchangeMayBeLeftAtAnyStep) {
  for (const char* mechanism : {"PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-256"}) {
    static_cast<void>(Start(mechanism));
    Start(mechanism)->Begin(false, "");
  }
  ScramClient client;
  auto exchange = Start("SCRAM-SHA-256");
  const SaslStep step = exchange->Begin(true, client.First());
  exchange->Step(client.Final(step.challenge));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
