// SPDX-License-Identifier: Apache-2.0
//
// One client: nginx's stream session, and the plugin's session and the gate behind it. Octets go
// from the one to the other; what they mean is the plugin's, who decides is the upstream server.
//
// nginx did before: accept, access and connection limits, the PROXY header, TLS where the listener
// has it. Here: STARTTLS, and the choice of an upstream server by nginx's balancers.
//
// Back-pressure: what the client does not take stays in the plugin's own bounded output, and then
// nothing is read; nor is anything while a decision is open or the upstream server takes no
// content. What was read and is not taken is kept, at most one read's worth.
//
// Lifetime: in the connection's pool; it ends with ngx_stream_finalize_session(), the last act of
// an entry.
// Threads: nginx's one thread.
#ifndef POSTERN_HOSTS_NGINX_SESSION_H_
#define POSTERN_HOSTS_NGINX_SESSION_H_

#include <string_view>

#include "hosts/common/gate/gate.h"
#include "hosts/common/gate/pump.h"
#include "hosts/common/upstream/fixed.h"
#include "hosts/nginx/config.h"
#include "hosts/nginx/link.h"
#include "hosts/nginx/nginx.h"
#include "hosts/nginx/record.h"
#include "plugin_api/postern.h"

namespace postern {
namespace nginx {

class Session final : private gate::Pump, public LinkOwner {
 public:
  // The handler of a server {} with postern_pass.
  static void Begin(ngx_stream_session_t* s);
  // Null where the session ended before it was ours.
  static Session* Of(ngx_stream_session_t* s);

  // Something happened to the upstream connection.
  void OnUpstream() override;

  const Record& record() const { return record_; }
  std::string_view helo() { return gate()->identity()->helo.view(); }
  const postern_api& api() const { return api_; }

  // The worker's read buffer.
  static bool MakeBuffer(ngx_cycle_t* cycle);

 private:
  enum class Phase : uint8_t { kOpen, kHandshake, kLinger, kClosed };

  Session(ngx_stream_session_t* s, const ServerConfig& config, postern_session* session,
          gate::Gate* its_gate);

  static void OnRead(ngx_event_t* event);
  static void OnWrite(ngx_event_t* event);
  static void OnHandshake(ngx_connection_t* c);

  // Everything that can be done now.
  void Run();
  bool Flush();
  bool Feed(u_char* data, size_t size);
  bool Read();
  void Linger();

  // Upstream (session_upstream.cc).
  void SettleUpstream();
  bool Connect();
  bool TryPeer();
  bool NextPeer();
  void FreePeer(bool failed);
  void PartWithLink();
  void NoteState();

  void StartTls();
  void FinishTls();
  void BeginLinger();
  // Deadlines, and the end of this object; the last act of every entry.
  void Settle();

  void See(const postern_event& event) override;
  bool HandleOther(const postern_event& event) override;
  void OnError(const postern_event_error& event);
  void NoteMessage();
  void TellMessage();

  ngx_stream_session_t* const s_;
  ngx_connection_t* const c_;
  const ServerConfig& config_;
  const postern_api& api_;
  postern_session* session_;
  Link* link_ = nullptr;
  Phase phase_ = Phase::kOpen;
  bool attached_ = false;  // link_ is the gate's
  bool content_ = false;   // the upstream server decides about content
  upstream::Failure told_failure_ = upstream::Failure::kNone;  // logged last
  uint16_t turns_ = 0;      // reads since the worker was left to others
  uint64_t own_deadline_;   // of the handshake or the lingering
  u_char* held_ = nullptr;  // input that the session has not taken yet
  size_t held_size_ = 0;
  u_char* block_ = nullptr;  // what held_ lies in
  size_t held_room_ = 0;     // of block_
  Record record_;
  upstream::FixedText<320> sender_;  // of the open transaction, for logs
  uint32_t recipients_ = 0;
};

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_SESSION_H_
