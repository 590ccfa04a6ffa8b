// SPDX-License-Identifier: Apache-2.0
//
// The upstream client against a hostile server, driven by a host that is sometimes careless.
//
// Target functions: upstream::Client (all of it), upstream::ReplyParser, Reply, Capabilities,
// WriteProxyHeader, WriteIdentityCommand, CarryParameters, ContentEncoder.
//
// Input: protocol, identity, switches, cuts; a counted list of what the host does after each piece
// of the server's octets (0 and the end of the list: the next step of a message); then the server's
// octets.
// Oracles: UpstreamWire (one command at a time, nothing after nonsense, no bare newline, dots), no
// 2yz for content that the server did not give, bounds (output, text), closed stays closed.

#include "fuzz/oracle/upstream.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "fuzz/check.h"
#include "fuzz/input.h"
#include "hosts/common/upstream/client.h"

namespace postern::fuzz {
namespace {

using upstream::Client;

constexpr std::string_view kContents[] = {
    "Subject: x\r\n\r\nhello\r\n",
    ".\r\n..\r\n.a\r\n",
    "",
    "no end",
    "a\r",
    "\n",
    "a\nb\r\n",
    "a\r\n.\r\n",
};

upstream::Identity MakeIdentity(uint8_t bits) {
  upstream::Identity identity;
  identity.client.family = static_cast<upstream::Peer::Family>((bits & 3) % 3);
  identity.server.family = static_cast<upstream::Peer::Family>((bits >> 2 & 3) % 3);
  identity.client.octets[0] = 192;
  identity.client.octets[3] = bits;
  identity.client.port = 50000;
  identity.helo.Assign((bits & 16) != 0 ? std::string_view("a b\r\nQUIT", 9) : "client.example");
  if ((bits & 32) != 0) {
    char longest[255];
    std::memset(longest, '=', sizeof(longest));
    identity.name.Assign({longest, sizeof(longest)});
    identity.helo.Assign({longest, sizeof(longest)});
  }
  identity.extended = (bits & 64) != 0;
  return identity;
}

class Talk {
 public:
  Talk(const upstream::Options& options, const upstream::Identity& identity, int proxy)
      : wire_(options.protocol == upstream::Protocol::kLmtp, proxy),
        client_(std::make_unique<Client>(options, identity, now_)),
        identity_(identity) {}

  void Start() {
    client_->Connected();
    Drain();
  }

  void Hear(std::string_view octets) {
    Require("UpstreamWire", wire_.Received(octets));
    client_->Feed(octets);
    Drain();
  }

  void Act(uint8_t what) {
    switch (what & 15) {
      case 0:
        Step();
        Step();
        break;
      case 1:
        client_->Reset();
        asked_ = false;
        break;
      case 2:
        client_->Quit();
        asked_ = false;
        break;
      case 3: {
        const uint64_t due = client_->NextDeadline();
        if (due != Client::kNever) now_ = due;
        client_->Tick(now_);
        break;
      }
      case 4:
      case 5:
        Give(kContents[what >> 4 & 7]);
        break;
      case 6: {
        // More than fits in any queue.
        static const std::string* const kLong = new std::string(40000, 'x');
        Give(*kLong);
        Give("\r\n");
        break;
      }
      case 7:
        client_->Disconnected();
        break;
      case 8: {
        const upstream::Identity other = MakeIdentity(what);
        if (client_->CanServe(other)) client_->Serve(other);
        break;
      }
      case 9:
        Misuse(what >> 4);
        break;
      case 10:
        if (asked_ || !client_->ready()) break;
        asked_ = true;
        client_->Etrn("@client.example");
        break;
      case 11:
        Fetch((what & 16) != 0);
        break;
      default:
        break;  // The server may talk on.
    }
    Drain();
  }

 private:
  // What a gate would do next.
  void Step() {
    Take();
    if (asked_) return;
    if (client_->ready()) {
      upstream::MailArguments mail;
      mail.path = "<a@b.example>";
      mail.size = 100;
      mail.body = client_->capabilities().Has(upstream::kEightBitMime) ? upstream::Body::k8BitMime
                                                                       : upstream::Body::k7Bit;
      mail.smtputf8 = client_->capabilities().Has(upstream::kSmtpUtf8);
      upstream::Parameters parameters;
      if (upstream::CarryParameters("RET=HDRS ENVID=x MT-PRIORITY=1", client_->capabilities(),
                                    &parameters) == upstream::Carry::kYes) {
        mail.parameters = parameters.view();
      }
      recipients_ = 0;
      asked_ = true;
      client_->Mail(mail);
    } else if (client_->in_transaction() && recipients_ < 2) {
      ++recipients_;
      asked_ = true;
      client_->Rcpt("<c@d.example>", "");
    } else if (client_->in_transaction()) {
      asked_ = true;
      client_->Data();
      Take();
    } else if (!client_->closed() && content_) {
      Give(kContents[0]);
      asked_ = true;
      finishing_ = true;
      client_->Finish();
    }
    Drain();
    Take();
  }

  // As a gate does it: a server that lacks BURL is not asked.
  void Fetch(bool last) {
    Take();
    const bool begins = client_->in_transaction() && recipients_ > 0;
    if (asked_ || client_->closed() || !(begins || content_) ||
        !client_->capabilities().Has(upstream::kBurl)) {
      return;
    }
    asked_ = true;
    finishing_ = last;
    fetching_ = true;
    client_->Burl("imap://mail.example/x", last);
  }

  void Give(std::string_view content) {
    while (!content.empty()) {
      const size_t size = std::min(content.size(), client_->ContentRoom());
      if (size == 0) return;
      client_->Content(content.substr(0, size));
      Drain();
      content.remove_prefix(size);
    }
  }

  void Misuse(unsigned what) {
    asked_ = true;
    switch (what) {
      case 0:
        return client_->Mail(upstream::MailArguments());
      case 1:
        return client_->Rcpt("<a@b>\r\nDATA", "");
      case 2:
        return client_->Data();
      case 3:
        finishing_ = true;
        return client_->Finish();
      case 4:
        return client_->Serve(MakeIdentity(99));
      case 5:
        return client_->Connected();
      default:
        asked_ = false;
        return client_->ConsumeOutput(SIZE_MAX);
    }
  }

  void Take() {
    if (!client_->TakeOutcome()) return;
    const upstream::Reply& reply = client_->reply();
    for (const char c : reply.text.view()) {
      RequireThat((c >= ' ' && c <= '~') || c == '\t' || c == '\n', "bounds",
                  "reply text that is not printable");
    }
    RequireThat(reply.code == 0 || (reply.code >= 200 && reply.code < 600), "bounds",
                "a code out of range");
    RequireThat(reply.code != 0 || client_->closed(), "bounds", "no reply, and it goes on");
    if (finishing_ && reply.reply_class() == 2) {
      ++accepted_;
      RequireThat(accepted_ <= wire_.accepted(), "acceptance",
                  "content is accepted that the server did not accept");
    }
    content_ = reply.code == 354 || (fetching_ && !finishing_ && reply.reply_class() == 2);
    asked_ = finishing_ = fetching_ = false;
  }

  void Drain() {
    const std::string_view out = client_->output();
    RequireThat(out.size() <= Client::kOutput, "bounds", "more output than there may be");
    Require("UpstreamWire", wire_.Sent(out));
    client_->ConsumeOutput(out.size());
    // A chunk may have waited for room.
    if (!client_->output().empty()) return Drain();
    if (closed_) RequireThat(client_->closed(), "closed", "it came to life again");
    closed_ = client_->closed();
    if (closed_) {
      RequireThat(client_->NextDeadline() == Client::kNever, "closed", "it still waits");
      RequireThat(client_->ContentRoom() == SIZE_MAX, "closed", "it blocks content");
    }
  }

  uint64_t now_ = 1;
  oracle::UpstreamWire wire_;
  std::unique_ptr<Client> client_;
  upstream::Identity identity_;
  uint64_t accepted_ = 0;
  unsigned recipients_ = 0;
  bool asked_ = false;
  bool finishing_ = false;
  bool fetching_ = false;
  bool content_ = false;
  bool closed_ = false;
};

void Run(Input input) {
  upstream::Options options;
  const uint8_t bits = input.Octet();
  options.protocol = (bits & 1) != 0 ? upstream::Protocol::kLmtp : upstream::Protocol::kSmtp;
  options.chunking = (bits & 2) == 0;
  options.name.Assign((bits & 4) != 0 ? "[192.0.2.1]" : "gate.example");
  options.identity = static_cast<upstream::IdentityMode>(input.Below(5));
  const int proxy = options.identity == upstream::IdentityMode::kProxy1   ? 1
                    : options.identity == upstream::IdentityMode::kProxy2 ? 2
                                                                          : 0;
  Talk talk(options, MakeIdentity(input.Octet()), proxy);
  const uint8_t cuts = input.Octet();
  Input actions(input.TakeCounted());
  talk.Start();
  const Pieces pieces(input.Rest(), cuts);
  for (const std::string_view piece : pieces.views()) {
    talk.Hear(piece);
    talk.Act(actions.Octet());
  }
  // The end of the server's octets is the end of its connection, whatever was awaited.
  talk.Act(0);
  talk.Act(7);
  talk.Act(0);
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
