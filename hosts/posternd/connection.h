// SPDX-License-Identifier: Apache-2.0
//
// One client: a socket, TLS if there is any, and the plugin's session behind it. Octets go from the
// one to the other; decisions are answered here: recipients by the domains served, content by the
// delivery; or all of them by the server behind the gate. All SMTP is in the plugin.
//
// Back-pressure: what the client does not take stays in the session's own bounded output, and then
// nothing is read; what the session does not take (a decision is open, output is stuck) is kept,
// at most one read's worth, and then nothing more is read.
//
// Lifetime: owns itself. Gone when the socket is closed and neither a delivery nor a login is on
// its way. Threads: its loop's.
#ifndef POSTERN_HOSTS_POSTERND_CONNECTION_H_
#define POSTERN_HOSTS_POSTERND_CONNECTION_H_

#include <event2/event_struct.h>
#include <sys/socket.h>

#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hosts/common/gate/clock.h"
#include "hosts/common/gate/gate.h"
#include "hosts/common/network.h"
#include "hosts/posternd/loop.h"
#include "hosts/posternd/maildir.h"
#include "hosts/posternd/sasl/login_attempt.h"
#include "hosts/posternd/sasl/secret.h"
#include "hosts/posternd/timer_wheel.h"
#include "hosts/posternd/tls.h"
#include "plugin_api/postern.h"

namespace postern {
namespace posternd {

class UpstreamLink;

class Connection {
 public:
  // Takes over the socket. `limited`: the connection limit is reached, so the client is told 421.
  // `submission`: mail is submitted at that address (RFC 6409).
  static void Accept(Loop* loop, int fd, const sockaddr_storage& peer, bool tls, bool submission,
                     bool limited);

  void Notify(uint32_t notice);
  void OnTimer(uint64_t now);
  // Something happened to the server behind the gate.
  void OnUpstream();
  // Without a word to the client.
  void ForceClose();

  static Connection* FromTimer(TimerNode* node);

  Connection* previous = nullptr;
  Connection* next = nullptr;

 private:
  enum class Phase : uint8_t { kProxyBeforeTls, kHandshake, kOpen, kLinger, kClosed };

  struct Transaction {
    std::string queue_id;
    std::string reverse_path;
    std::string forwarded;  // what XFORWARD told of it
    std::vector<std::string> recipients;
    // Parameters that say how to deliver, as sent; those of RCPT beside `recipients`.
    std::string mail_parameters;
    std::string envid;  // decoded
    std::vector<std::string> rcpt_parameters;
    std::unique_ptr<IncomingMessage> message;
    uint64_t header_octets = 0;  // of ours at its begin
    uint64_t octets = 0;
    int error = 0;  // -errno of the delivery
    bool smtputf8 = false;
    bool content = false;
  };
  struct Timer : TimerNode {
    Connection* owner;
  };
  // A message that the pool makes durable.
  struct Delivery {
    Connection* connection;
    uint64_t ticket;
    std::unique_ptr<Transaction> transaction;
    // LMTP: each recipient but the first gets a copy of the message behind these headers.
    std::vector<std::string> headers;
    std::atomic<bool> cancelled{false};
    std::vector<int> results;  // of the message, or of its copies in the order of recipients
  };

  // A step of an AUTH, which may be done on a thread of the AuthService.
  struct AuthJob {
    Connection* connection;
    uint64_t ticket;
    std::unique_ptr<LoginAttempt> attempt;
    bool has_response;
    Secret response;
    LoginStep step;
    // The client is gone, or waited for too long: there is nothing to be checked any more.
    std::atomic<bool> cancelled{false};
  };

  Connection(Loop* loop, int fd, const sockaddr_storage& peer, bool tls, bool limited);
  ~Connection();

  static void OnSocket(int fd, short what, void* connection);
  bool OpenSession();

  // Reading.
  void HandleReadable();
  void ReadPlain();
  void ReadTls();
  void ReadProxyHeader();
  void ReadLingering();
  void Process(const uint8_t* data, size_t size);
  void ProcessHeldInput();
  bool Waiting() const;
  void PauseReading();
  void ResumeReading();

  // The session.
  const postern_api& api() const { return *loop_->shared()->api; }
  void TickSession(uint64_t now);
  void Note(int32_t result);
  void DrainEvents();
  void HandleEvent(const postern_event& event);
  void Answer(uint64_t ticket, int32_t verdict, uint32_t reply_id = 0);
  void OnConnect(uint64_t ticket);
  void OnXclient(const postern_event_client& event);
  void OnXforward(const postern_event_client& event);
  void OnProxyHeader(const postern_event_proxy_header& event);
  void BeginTransaction(const postern_event_mail& event);
  void OnMail(const postern_event_mail& event);
  bool RefuseIncompleteDomain(const postern_event& event);
  bool Serves(const postern_event_rcpt& event) const;
  void OnRecipient(const postern_event_rcpt& event);
  void OnContentBegin(const postern_event& event);
  void OnContent(const postern_event_content& event);
  void OnContentEnd(const postern_event_content_end& event);
  void OnReset(uint32_t reason);
  void OnError(const postern_event_error& event);
  void WriteContent();
  // Of a message for one recipient, or for kAllRecipients.
  static constexpr size_t kAllRecipients = SIZE_MAX;
  std::string TraceHeaderFor(const Transaction& transaction, size_t recipient) const;
  void AnswerDelivery(const Delivery& delivery);
  void OnDelivered(const std::shared_ptr<Delivery>& delivery);

  // Authentication (connection_auth.cc).
  bool OffersAuth() const;
  void OnHelo(const postern_event_helo& event);
  void OnAuth(const postern_event_auth& event);
  void OnAuthEnd(const postern_event_auth_end& event);
  void OnAuthChecked(const std::shared_ptr<AuthJob>& job);
  void AnswerAuth(uint64_t ticket, std::unique_ptr<LoginAttempt> attempt, const LoginStep& step);
  void CancelAuth();
  void ForgetLogin();
  void LogAuth(absl::string_view outcome, absl::string_view user, absl::string_view why);
  SaslConnection DescribeForSasl() const;
  void WipeIfSecret(uint8_t* data, size_t size);

  // The gate (connection_gate.cc).
  void OpenGate();
  void TellGateTheClient();
  // False: not the gate's, or it has none.
  bool HandleGateEvent(const postern_event& event);
  // After every call to the gate.
  void SettleGate();
  void OnGateDecision(int32_t result);
  void EndWithTheOnlyServer();
  size_t ClientRoom() const;

  // Writing, TLS, the end.
  bool FlushOutput();
  void ArmWrite();
  // After anything happened: sends, starts TLS, closes, as the session wants it.
  void Advance();
  void BeginHandshake();
  void ContinueHandshake();
  void BeginLinger();
  void Close(absl::string_view reason);
  // Deadlines, and the end of this object; the last act of every entry.
  void Settle();

  void LogMessage(const Transaction& transaction, absl::string_view verdict, absl::string_view why);
  void LogSession(absl::string_view reason);
  std::string ClientName() const;

  Loop* const loop_;
  std::shared_ptr<const Policy> policy_;
  postern_session* session_ = nullptr;
  std::unique_ptr<gate::Gate> gate_;
  UpstreamLink* link_ = nullptr;
  gate::SessionClock clock_;
  int fd_;
  int32_t flags_ = 0;  // POSTERN_HAS_* as the session said last
  Phase phase_ = Phase::kOpen;
  bool implicit_tls_ : 1;
  bool limited_ : 1;
  bool counted_ : 1;         // in the connection limit
  bool client_counted_ : 1;  // in the client's limit
  bool proxied_ : 1;
  bool extended_ : 1;
  bool lmtp_ : 1;
  bool reading_ : 1;
  bool writing_ : 1;     // EV_WRITE is armed
  bool start_tls_ : 1;   // the session waits for a handshake
  bool broken_ : 1;      // the session is dead
  bool relayed_ : 1;     // the server behind the gate decides about content
  bool submission_ : 1;  // RFC 6409
  bool fresh_only_ : 1;  // no stored connection to the server for this MAIL
  bool ended_ : 1;       // the only server there is has gone, and the session was told
  uint16_t client_port_;
  uint16_t deliveries_ = 0;                                    // on their way
  uint16_t auth_jobs_ = 0;                                     // the same
  upstream::Failure told_failure_ = upstream::Failure::kNone;  // logged last
  uint32_t errors_ = 0;
  uint32_t messages_ = 0;
  uint32_t closed_reason_ = 0;  // POSTERN_CLOSED_*
  host::Address client_;
  Timer timer_;
  uint64_t deadline_;
  uint64_t own_deadline_;  // of the handshake or the lingering
  uint64_t opened_ms_;
  uint64_t connect_ticket_ = 0;  // held until the handshake is over
  uint64_t id_;
  event read_event_;
  std::unique_ptr<event> write_event_;  // made when a client first is slow
  std::unique_ptr<TlsStream> tls_;
  std::unique_ptr<Transaction> transaction_;
  std::shared_ptr<Delivery> open_delivery_;  // the one whose ticket is open
  std::unique_ptr<LoginAttempt> login_;      // an exchange whose next response is awaited
  std::shared_ptr<AuthJob> auth_job_;        // the one whose ticket is open
  std::string mechanism_;                    // of the last AUTH
  std::string user_;                         // who logged in; empty: nobody
  std::vector<uint8_t> held_;                // input that the session has not taken yet
  std::string helo_;
  std::string forwarded_;   // what XFORWARD tells of the next message
  std::string recipient_;   // that the server behind the gate decides about
  std::bitset<128> rules_;  // POSTERN_RULE_* of what was refused
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_CONNECTION_H_
