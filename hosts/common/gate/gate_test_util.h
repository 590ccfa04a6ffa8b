// SPDX-License-Identifier: Apache-2.0
//
// A client, a session of the real libpostern.so, a gate and a fake MTA, joined without sockets. The
// client keeps to the protocol: it sends an item when the reply to the one before is there, or all
// commands up to DATA in one go.
//
// Threads and lifetime: for one test's thread.
#ifndef POSTERN_HOSTS_COMMON_GATE_GATE_TEST_UTIL_H_
#define POSTERN_HOSTS_COMMON_GATE_GATE_TEST_UTIL_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosts/common/gate/fake_mta.h"
#include "hosts/common/gate/gate.h"
#include "hosts/common/gate/pump.h"
#include "hosts/common/plugin.h"

namespace postern::gate {

inline const host::Plugin& ThePlugin() {
  static const host::Plugin* const plugin =
      new host::Plugin(host::Plugin::Load(host::DefaultPluginPath()).value());
  return *plugin;
}

// How octets are moved; 0: as many as there are.
struct Pieces {
  size_t client = 0;
  size_t to_mta = 0;
  size_t from_mta = 0;
};

// Whoever logs in may.
class LoginPump : public Pump {
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
  // `engine_config`: a serialized postern.v1.EngineConfig.
  explicit Bench(const Pieces& pieces = Pieces(), const std::string& engine_config = "")
      : pieces_(pieces), api_(ThePlugin().api()) {
    options.name.Assign("gate.example");
    postern_host host = {};
    host.struct_size = sizeof(host);
    host.user = &misbehaved;
    host.log = [](void* user, int32_t severity, const char* text, size_t size) {
      if (severity == POSTERN_LOG_HOST_MISBEHAVED) {
        static_cast<std::string*>(user)->append(text, size).append("\n");
      }
    };
    engine_ = host::CreateEngine(ThePlugin(), host, engine_config, nullptr).value();
  }
  ~Bench() {
    gate_.reset();
    api_.session_close(session_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void Open() {
    postern_session_options session = {};
    session.struct_size = sizeof(session);
    session.now_ms = now;
    session.wanted_events = Gate::WantedEvents() | uint64_t{1} << POSTERN_EVENT_AUTH;
    ASSERT_EQ(api_.session_open(engine_.get(), &session, &session_), POSTERN_OK);
    gate_ = std::make_unique<Gate>(&api_, session_, identity);
    pump_ = std::make_unique<LoginPump>(&api_, session_, gate_.get());
    pump_->Start();
    Turn();
  }

  // Gives the client's octets, and lets everything run until nobody has anything to do.
  void Send(const std::string& octets) {
    to_session_ += octets;
    Turn();
  }
  // The same, and the reply.
  std::string Ask(const std::string& line) {
    Send(line + "\r\n");
    return TakeReply();
  }
  // The first reply that was not taken yet; "" if there is none.
  std::string TakeReply() {
    size_t end = 0;
    for (;;) {
      const size_t line = client_heard.find("\r\n", end);
      if (line == std::string::npos) return "";
      const bool last = line - end < 4 || client_heard[end + 3] != '-';
      end = line + 2;
      if (last) break;
    }
    const std::string reply = client_heard.substr(0, end);
    client_heard.erase(0, end);
    return reply;
  }

  void Turn() {
    for (bool moved = true; moved;) {
      moved = MoveClient();
      moved = MoveUpstream() || moved;
      CheckInvariants();
    }
  }
  // Time passes for all, for the session first (pump.h).
  void Wait(uint64_t milliseconds) {
    now += milliseconds;
    pump_->Tick(now);
    if (upstream_ != nullptr) {
      upstream_->Tick(now);
      pump_->UpstreamMoved();
    }
    Turn();
  }
  // To the next deadline of the upstream client.
  void WaitForUpstream() {
    ASSERT_NE(upstream_, nullptr);
    const uint64_t due = upstream_->NextDeadline();
    ASSERT_NE(due, upstream::Client::kNever);
    Wait(due - now);
  }
  void CloseClient() {
    pump_->ClientGone();
    Turn();
  }
  // As a host does it once a session is over: says goodbye upstream, and hears the answer.
  void CloseUpstream() {
    if (upstream_ == nullptr) return;
    upstream_->Quit();
    Turn();
  }

  upstream::Options options;
  upstream::Identity identity;
  FakeMail mail;
  uint64_t now = 1000;
  bool mta_runs = true;
  bool mta_listens = true;  // false: it takes no octets
  std::string client_heard;
  std::string misbehaved;  // what the plugin's log says of its host
  size_t most_held = 0;

  Gate* gate() { return gate_.get(); }
  Pump* pump() { return pump_.get(); }
  upstream::Client* upstream() { return upstream_.get(); }
  size_t unsent() const { return to_session_.size(); }
  // The MTA's process dies: all its connections end.
  void KillMta() {
    mta_runs = false;
    mta_.reset();
    if (upstream_ != nullptr) {
      upstream_->Disconnected();
      pump_->UpstreamMoved();
    }
    Turn();
  }
  // It shuts its sending side alone.
  void HalfCloseMta() {
    if (upstream_ != nullptr) {
      upstream_->Disconnected();
      pump_->UpstreamMoved();
    }
    Turn();
  }

 private:
  static size_t Limit(size_t piece, size_t size) {
    return piece == 0 ? size : std::min(piece, size);
  }

  bool MoveClient() {
    bool moved = false;
    const size_t give = Limit(pieces_.client, to_session_.size());
    if (give > 0 && !pump_->closing()) {
      // A block of its own size, gone after the call: nobody may keep a pointer into it.
      const std::vector<char> block(to_session_.begin(),
                                    to_session_.begin() + static_cast<std::ptrdiff_t>(give));
      const size_t taken = pump_->FromClient({block.data(), block.size()});
      to_session_.erase(0, taken);
      moved = taken > 0;
    }
    const std::string_view out = pump_->ToClient();
    if (!out.empty()) {
      const size_t take = Limit(pieces_.client, out.size());
      client_heard += out.substr(0, take);
      pump_->ClientTook(take);
      moved = true;
    }
    return moved;
  }

  bool MoveUpstream() {
    bool moved = false;
    if (upstream::Client* released = gate_->TakeReleased()) {
      EXPECT_EQ(released, upstream_.get());
      released->Quit();
      parting_ = std::move(upstream_);
      parting_mta_ = std::move(mta_);
      moved = true;
    }
    if (parting_ != nullptr) {
      if (parting_mta_ != nullptr && !parting_->output().empty()) {
        parting_mta_->Hear(parting_->output());
      }
      parting_.reset();
      parting_mta_.reset();
    }
    if (gate_->wants_upstream()) {
      moved = true;
      if (!mta_runs) {
        gate_->Unavailable();
      } else {
        upstream_ = std::make_unique<upstream::Client>(options, *gate_->identity(), now);
        mta_ = std::make_unique<FakeMta>(&mail);
        upstream_->Connected();
        gate_->Attach(upstream_.get(), false);
      }
      pump_->UpstreamMoved();
    }
    if (upstream_ == nullptr) return moved;
    if (upstream_->closed()) mta_.reset();
    if (mta_ == nullptr) {
      pump_->UpstreamMoved();
      return moved;
    }
    const size_t take = mta_listens ? Limit(pieces_.to_mta, upstream_->output().size()) : 0;
    if (take > 0) {
      mta_->Hear(upstream_->output().substr(0, take));
      upstream_->ConsumeOutput(take);
      moved = true;
    }
    said_ += mta_->Said();
    while (!said_.empty()) {
      const size_t piece = Limit(pieces_.from_mta, said_.size());
      const std::string octets = said_.substr(0, piece);
      said_.erase(0, piece);
      upstream_->Feed(octets);
      pump_->UpstreamMoved();
      moved = true;
      // What it says after a gate gave it up is heard by nobody.
      if (gate_->upstream() != upstream_.get()) break;
    }
    if (mta_->closed() && gate_->upstream() == upstream_.get()) {
      upstream_->Disconnected();
      mta_.reset();
      moved = true;
    }
    if (gate_->upstream() != upstream_.get()) said_.clear();
    pump_->UpstreamMoved();
    return moved;
  }

  void CheckInvariants() {
    ASSERT_EQ(mail.complaint, "");
    if (upstream_ != nullptr) {
      most_held = std::max(most_held, upstream_->output().size());
    }
  }

  const Pieces pieces_;
  const postern_api& api_;
  host::EnginePtr engine_;
  postern_session* session_ = nullptr;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Pump> pump_;
  std::unique_ptr<upstream::Client> upstream_;
  std::unique_ptr<upstream::Client> parting_;
  std::unique_ptr<FakeMta> mta_;
  std::unique_ptr<FakeMta> parting_mta_;
  std::string to_session_;
  std::string said_;
};

}  // namespace postern::gate

#endif  // POSTERN_HOSTS_COMMON_GATE_GATE_TEST_UTIL_H_
