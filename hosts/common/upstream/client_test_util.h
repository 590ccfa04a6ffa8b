// SPDX-License-Identifier: Apache-2.0
//
// The client against servers that are written down: what it says is compared octet for octet, and
// every conversation is held with the server's replies whole, octet by octet, and cut at every
// place.
//
// Threads and lifetime: for one test's thread.
#ifndef POSTERN_HOSTS_COMMON_UPSTREAM_CLIENT_TEST_UTIL_H_
#define POSTERN_HOSTS_COMMON_UPSTREAM_CLIENT_TEST_UTIL_H_

#include <arpa/inet.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosts/common/upstream/client.h"

namespace postern::upstream {

inline constexpr char kEhloReply[] =
    "250-mx.example at your service\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
    "250 DSN\r\n";

// A client, and the test in the server's place. `cut` 0: replies come whole; 1: octet by octet;
// else: in two pieces, the first of `cut` - 1 octets.
class Talk {
 public:
  explicit Talk(size_t cut) : cut_(cut) {
    options.name.Assign("gate.example");
    identity.client.family = Peer::Family::kInet;
    inet_pton(AF_INET, "192.0.2.7", identity.client.octets);
    identity.client.port = 50412;
    identity.helo.Assign("client.example");
    identity.extended = true;
  }

  void Connect() {
    client = std::make_unique<Client>(options, identity, now);
    EXPECT_EQ(client->output(), "");
    client->Connected();
  }
  // Up to ready().
  void Start(const std::string& ehlo = kEhloReply) {
    Connect();
    Say("220 mx.example ESMTP\r\n");
    EXPECT_EQ(Heard(), "EHLO gate.example\r\n");
    Say(ehlo);
    EXPECT_TRUE(client->ready());
  }
  void Say(const std::string& octets) {
    for (size_t at = 0; at < octets.size();) {
      size_t size = cut_ == 0 ? octets.size() : cut_ == 1 ? 1 : cut_ - 1;
      if (cut_ > 1 && at > 0) size = octets.size();
      const std::string piece = octets.substr(at, size);
      // A heap block of its own size: a read behind its end is seen.
      const std::vector<char> block(piece.begin(), piece.end());
      client->Feed({block.data(), block.size()});
      at += piece.size();
    }
  }
  std::string Heard() {
    const std::string octets(client->output());
    client->ConsumeOutput(octets.size());
    return octets;
  }
  // A request's outcome: "250 2.1.0 text", or the failure's name.
  std::string Outcome() {
    if (!client->TakeOutcome()) return "(none)";
    EXPECT_FALSE(client->TakeOutcome());
    return Show();
  }
  std::string Show() {
    const Reply& reply = client->reply();
    if (reply.code == 0) return std::string(FailureName(client->failure()));
    std::string text = std::to_string(reply.code);
    if (reply.enhanced[0] != 0) {
      text += " " + std::to_string(reply.enhanced[0]) + "." + std::to_string(reply.enhanced[1]) +
              "." + std::to_string(reply.enhanced[2]);
    }
    if (!reply.text.empty()) text += " " + std::string(reply.text.view());
    return text;
  }
  std::string Mail(const MailArguments& mail, const std::string& reply) {
    client->Mail(mail);
    heard = Heard();
    EXPECT_EQ(Peek(), "");
    Say(reply);
    return Outcome();
  }
  std::string Rcpt(const std::string& path, const std::string& reply,
                   const std::string& parameters = "") {
    client->Rcpt(path, parameters);
    heard = Heard();
    Say(reply);
    return Outcome();
  }
  // MAIL and RCPT accepted.
  void Open(size_t recipients = 1) {
    MailArguments mail;
    mail.path = "<a@example.org>";
    EXPECT_EQ(Mail(mail, "250 2.1.0 Ok\r\n"), "250 2.1.0 Ok");
    EXPECT_EQ(heard, "MAIL FROM:<a@example.org>\r\n");
    for (size_t i = 0; i < recipients; ++i) {
      EXPECT_EQ(Rcpt("<b@example.org>", "250 2.1.5 Ok\r\n"), "250 2.1.5 Ok");
    }
  }
  void Data() {
    client->Data();
    EXPECT_EQ(Heard(), "DATA\r\n");
    Say("354 End data with a dot\r\n");
    EXPECT_EQ(Outcome(), "354 End data with a dot");
  }
  std::string Peek() const { return std::string(client->output()); }

  Options options;
  Identity identity;
  uint64_t now = 1000;
  std::unique_ptr<Client> client;
  std::string heard;

 private:
  const size_t cut_;
};

inline void AtEveryCut(const std::function<void(Talk*)>& conversation) {
  for (size_t cut = 0; cut < 120; ++cut) {
    SCOPED_TRACE(cut);
    Talk talk(cut);
    conversation(&talk);
    if (::testing::Test::HasFailure()) return;
  }
}

inline MailArguments From(std::string_view path) {
  MailArguments mail;
  mail.path = path;
  return mail;
}

inline constexpr char kChunkingReply[] = "250-mx.example\r\n250 CHUNKING\r\n";
inline constexpr char kPipeliningReply[] = "250-mx.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

inline void StartLmtp(Talk* talk, const std::string& ehlo) {
  talk->options.protocol = Protocol::kLmtp;
  talk->Connect();
  talk->Say("220 lmtp.example LMTP\r\n");
  EXPECT_EQ(talk->Heard(), "LHLO gate.example\r\n");
  talk->Say(ehlo);
  EXPECT_TRUE(talk->client->ready());
}

}  // namespace postern::upstream

#endif  // POSTERN_HOSTS_COMMON_UPSTREAM_CLIENT_TEST_UTIL_H_
