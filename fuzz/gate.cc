// SPDX-License-Identifier: Apache-2.0
//
// Both sides of a gate at once: a hostile client and a hostile server, with the real session
// between them.
//
// Target functions: gate::Gate, gate::Pump, upstream::Client, and the plugin's session calls.
//
// Input: protocol and identity, the engine's configuration, what the server offers, which of its
// replies goes wrong and how; then acts: an octet that says who does what, and its octets. A server
// that is told nothing answers every command as an MTA does, so that plain SMTP from the client
// reaches every depth.
// Oracles: UpstreamWire on each connection; the client hears nothing but replies (R4); a message is
// accepted only if the server accepted it; FakeMta's complaints, as long as its replies are its
// own; bounds (output, room); an end that leaves no connection behind.

#include "hosts/common/gate/gate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/replies/reply_grammar.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/upstream.h"
#include "hosts/common/gate/fake_mta.h"
#include "hosts/common/gate/pump.h"
#include "plugin_api/postern.h"

namespace postern::fuzz {
namespace {

const postern_api& Api() {
  static const postern_api* const api = postern_plugin_v1(POSTERN_ABI_VERSION, nullptr);
  return *api;
}

// Engines are made once: default, bare newlines made CR LF, hurried decisions, and with ETRN and
// BURL (auth, etrn and burl on; auth_without_tls; PLAIN).
postern_engine* Engine(unsigned which) {
  static postern_engine* engines[4] = {};
  static constexpr std::string_view kConfigs[4] = {
      "", std::string_view("\x28\x02", 2), std::string_view("\x22\x06\x40\xE8\x07\x48\xE8\x07", 8),
      std::string_view("\x12\x08\x60\x01\x98\x01\x01\xA8\x01\x01\x58\x01\x62\x05PLAIN", 19)};
  if (engines[which] == nullptr) {
    const int32_t result =
        Api().engine_create(nullptr, reinterpret_cast<const uint8_t*>(kConfigs[which].data()),
                            kConfigs[which].size(), nullptr, &engines[which], nullptr);
    RequireThat(result == POSTERN_OK, "set-up", "no engine");
  }
  return engines[which];
}

// One connection to the server, both of its ends.
struct Connection {
  Connection(const upstream::Options& options, const upstream::Identity& identity, uint64_t now,
             gate::FakeMail* mail, int proxy)
      : wire(options.protocol == upstream::Protocol::kLmtp, proxy),
        client(options, identity, now),
        mta(mail) {}
  oracle::UpstreamWire wire;
  upstream::Client client;
  gate::FakeMta mta;
  bool hung_up = false;
};

// Whoever logs in may.
class LoginPump : public gate::Pump {
 public:
  using Pump::Pump;

 protected:
  bool HandleOther(const postern_event& event) override {
    if (event.type != POSTERN_EVENT_AUTH) return false;
    Answer(event.ticket, POSTERN_VERDICT_ACCEPT);
    return true;
  }
};

class Bench {
 public:
  Bench(const upstream::Options& options, int proxy, unsigned engine, gate::FakeMail mail)
      : options_(options), proxy_(proxy), mail_(std::move(mail)) {
    postern_session_options session = {};
    session.struct_size = sizeof(session);
    session.now_ms = now_;
    session.wanted_events = gate::Gate::WantedEvents() | uint64_t{1} << POSTERN_EVENT_AUTH;
    RequireThat(Api().session_open(Engine(engine), &session, &session_) == POSTERN_OK, "set-up",
                "no session");
    upstream::Identity identity;
    // Without an address no mail goes behind a PROXY header.
    identity.client.family = upstream::Peer::Family::kInet;
    gate_ = std::make_unique<gate::Gate>(&Api(), session_, identity);
    pump_ = std::make_unique<LoginPump>(&Api(), session_, gate_.get());
    pump_->Start();
    Turn();
  }
  ~Bench() { Api().session_close(session_); }

  void FromClient(std::string_view octets) {
    if (gone_) return;
    while (!octets.empty()) {
      // Exactly as long as it is given.
      const std::vector<char> block(octets.begin(), octets.end());
      const size_t taken = pump_->FromClient({block.data(), block.size()});
      octets.remove_prefix(taken);
      if (!Turn() && taken == 0) break;
    }
    // What waits for the server is given later, as far as it is not too much.
    if (waiting_.size() < 4096) waiting_.append(octets);
  }
  // Octets that the MTA did not make.
  void FromServer(std::string_view octets) {
    if (connection_ == nullptr || octets.empty()) return;
    own_replies_ = false;
    Say(octets);
    Turn();
  }
  void Wait(uint64_t milliseconds) {
    now_ += milliseconds;
    pump_->Tick(now_);
    if (connection_ != nullptr) {
      connection_->client.Tick(now_);
      pump_->UpstreamMoved();
    }
    Turn();
  }
  void HangUpServer() {
    if (connection_ != nullptr) connection_->hung_up = true;
    Turn();
  }
  void HangUpClient() {
    gone_ = true;
    waiting_.clear();
    pump_->ClientGone();
    Turn();
  }
  void set_available(bool available) { available_ = available; }
  void set_listening(bool listening) {
    listening_ = listening;
    Turn();
  }

  void Finish() {
    listening_ = true;
    Turn();
    HangUpClient();
    RequireThat(gate_->upstream() == nullptr && connection_ == nullptr, "end",
                "a connection is left behind");
    CheckAccounts();
    const replies::GrammarResult result = replies::CheckReplyStream(heard_);
    RequireThat(result.error == replies::GrammarError::kNone ||
                    result.error == replies::GrammarError::kUnfinished,
                "R4", "the client heard what is no reply");
  }

 private:
  bool Turn() {
    bool any = false;
    for (bool moved = true; moved; any = any || moved) {
      moved = Exchange();
      if (!moved && !waiting_.empty() && pump_->more()) {
        const std::string octets = waiting_;
        const size_t taken = pump_->FromClient(octets);
        waiting_.erase(0, taken);
        moved = taken > 0;
      }
    }
    CheckAccounts();
    return any;
  }

  bool Exchange() {
    bool moved = false;
    const std::string_view out = pump_->ToClient();
    if (!out.empty()) {
      heard_.append(out);
      pump_->ClientTook(out.size());
      moved = true;
    }
    if (upstream::Client* const released = gate_->TakeReleased()) {
      RequireThat(connection_ != nullptr && released == &connection_->client, "end",
                  "it gave up what it did not have");
      released->Quit();
      Drain();
      accepted_ += connection_->wire.accepted();
      connection_.reset();
      moved = true;
    }
    if (gate_->wants_upstream()) {
      if (available_) {
        connection_ =
            std::make_unique<Connection>(options_, *gate_->identity(), now_, &mail_, proxy_);
        connection_->client.Connected();
        gate_->Attach(&connection_->client, false);
      } else {
        gate_->Unavailable();
      }
      pump_->UpstreamMoved();
      return true;
    }
    if (connection_ == nullptr) return moved;
    moved = Drain() || moved;
    const std::string said = connection_->mta.Said();
    if (!said.empty()) {
      Say(said);
      return true;
    }
    if ((connection_->mta.closed() || connection_->hung_up) && !connection_->client.closed()) {
      connection_->client.Disconnected();
      pump_->UpstreamMoved();
      return true;
    }
    return moved;
  }

  bool Drain() {
    const std::string_view out = connection_->client.output();
    RequireThat(out.size() <= upstream::Client::kOutput, "bounds", "more output than there may be");
    if (out.empty() || !listening_) return false;
    Require("UpstreamWire", connection_->wire.Sent(out));
    connection_->mta.Hear(out);
    connection_->client.ConsumeOutput(out.size());
    pump_->UpstreamMoved();
    return true;
  }

  void Say(std::string_view octets) {
    Require("UpstreamWire", connection_->wire.Received(octets));
    const std::vector<char> block(octets.begin(), octets.end());
    connection_->client.Feed({block.data(), block.size()});
    pump_->UpstreamMoved();
  }

  void CheckAccounts() {
    postern_session_info info = {};
    info.struct_size = sizeof(info);
    RequireThat(Api().session_info(session_, &info) == POSTERN_OK, "R4", "no session_info");
    const uint64_t accepted =
        accepted_ + (connection_ != nullptr ? connection_->wire.accepted() : 0);
    RequireThat(info.messages <= accepted, "acceptance",
                "the client was told 250 for what no server accepted");
    if (own_replies_) {
      RequireThat(info.messages <= mail_.accepted.size(), "acceptance",
                  "the client was told 250 and no message is there");
      RequireThat(mail_.complaint.empty(), "FakeMta", mail_.complaint);
    }
  }

  const upstream::Options options_;
  const int proxy_;
  gate::FakeMail mail_;
  uint64_t now_ = 1;
  postern_session* session_ = nullptr;
  std::unique_ptr<gate::Gate> gate_;
  std::unique_ptr<gate::Pump> pump_;
  std::unique_ptr<Connection> connection_;
  std::string heard_;
  std::string waiting_;
  uint64_t accepted_ = 0;  // on connections that are gone
  bool available_ = true;
  bool listening_ = true;
  bool gone_ = false;
  bool own_replies_ = true;
};

void Run(Input input) {
  const uint8_t bits = input.Octet();
  upstream::Options options;
  options.name.Assign("gate.example");
  options.protocol = (bits & 1) != 0 ? upstream::Protocol::kLmtp : upstream::Protocol::kSmtp;
  options.chunking = (bits & 2) == 0;
  const unsigned engine = bits >> 2 & 3;
  options.identity = static_cast<upstream::IdentityMode>((bits >> 4 & 7) % 5);
  gate::FakeMail mail;
  mail.lmtp = (bits & 1) != 0;
  const uint8_t offers = input.Octet();
  constexpr const char* kKeywords[] = {"PIPELINING", "8BITMIME",  "SMTPUTF8",     "CHUNKING",
                                       "DSN",        "SIZE 1000", "XCLIENT ADDR", "XFORWARD NAME"};
  mail.keywords.clear();
  // 0 is the usual server.
  for (size_t i = 0; i < 8; ++i) {
    if (((offers ^ 0x07) >> i & 1) != 0) mail.keywords.push_back(kKeywords[i]);
    if (((offers ^ 0x07) >> i & 1) != 0 && i == 3) mail.keywords.push_back("BINARYMIME");
  }
  if (engine == 3) mail.keywords.insert(mail.keywords.end(), {"ETRN", "BURL imap"});
  const uint8_t fault = input.Octet();
  mail.fault = static_cast<gate::Fault>(fault % 10);
  mail.fault_at = fault / 10;
  const int proxy = options.identity == upstream::IdentityMode::kProxy1   ? 1
                    : options.identity == upstream::IdentityMode::kProxy2 ? 2
                                                                          : 0;
  // A header of version 2 is binary; the fake MTA reads lines.
  if (proxy == 2) options.identity = upstream::IdentityMode::kNone;
  Bench bench(options, proxy == 2 ? 0 : proxy, engine, std::move(mail));
  while (!input.empty()) {
    const uint8_t act = input.Octet();
    switch (act & 7) {
      case 0:
      case 1:
        bench.FromClient(input.TakeCounted());
        break;
      case 2:
        bench.FromServer(input.TakeCounted());
        break;
      case 3:
        bench.Wait(uint64_t{input.Short()} * 100);
        break;
      case 4:
        bench.HangUpServer();
        break;
      case 5:
        bench.set_available((act & 8) != 0);
        break;
      case 6:
        bench.set_listening((act & 8) != 0);
        break;
      default:
        if ((act & 8) != 0) bench.HangUpClient();
        break;
    }
  }
  bench.Finish();
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
