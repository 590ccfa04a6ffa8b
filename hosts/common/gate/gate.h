// SPDX-License-Identifier: Apache-2.0
//
// Couples a session of the plugin with an upstream server: the client's MAIL and RCPT are answered
// by the server's own replies, content flows through, and 250 for content is said only after the
// server said it.
//
// What it is: the part of a host that decides about mail transactions. It takes the session's
// events, puts requests to an upstream::Client and answers tickets with what comes back. What it is
// not: a mover of octets. The host feeds the session and sends its output, and does the same for
// the upstream client; pump.h does both for hosts that have nothing to add.
//
// ETRN and BURL go on where the server offers them (offer.h). The server's answer to the last BURL
// is its answer to the message: the session gets it when it asks for that.
//
// Upstream connections are the host's. The gate asks for one at MAIL or ETRN and not before:
// clients that never send mail cost the server nothing. It keeps it for further transactions of the
// session and gives it up when the session ends, or when the connection is of no more use:
//
//   wants_upstream()  -> the host makes or takes a Client and calls Attach(), or Unavailable()
//   TakeReleased()    -> the host has its Client back: closed(), or to be used again, or to Quit()
//
// What each thing that can go wrong does:
//   no upstream, or it refuses the gate      MAIL 451 (the table's words)
//   it refuses the client                    MAIL with its code and words, its class kept
//   it goes away in a transaction            451 (450 to RCPT) to each command until the
//                                            transaction ends
//   it goes away inside content              the rest is read and dropped, then 451
//   no reply after the final dot             451: whether it has the message is not known, and the
//                                            sender tries again. RFC 5321 section 4.5.3.2.6 and
//                                            RFC 1047: a duplicate is possible there, a loss never
//   the decision's time runs out             the engine says 451; a server that accepted late is
//                                            reset, or cut off where a recipient or content hangs
//                                            on it
//   it offers less than the front did        MAIL 451, RCPT 450: in its next session the client is
//                                            offered what there is
//   a parameter it does not know             555
//   a code that may not stand there          250, 451 or 554 by its class, with the server's words;
//                                            to ETRN 250, 458 or 459
//   a text that may not                      the table's words, the class kept
//
// A connection that was idle since an earlier transaction may be closed just as MAIL is sent to it:
// then one new connection is tried before the client hears of it.
//
// Threads and lifetime: the session's owner. Borrows api, session and the attached client.
// Allocates nothing.
#ifndef POSTERN_HOSTS_COMMON_GATE_GATE_H_
#define POSTERN_HOSTS_COMMON_GATE_GATE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hosts/common/upstream/client.h"
#include "plugin_api/postern.h"

namespace postern::gate {

class Gate {
 public:
  // Bits for postern_session_options.wanted_events. A host may want more.
  static uint64_t WantedEvents();

  Gate(const postern_api* api, postern_session* session, const upstream::Identity& identity);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // The client, as a new upstream connection is to be told. Addresses may be set until the first
  // MAIL (a PROXY header tells them late); the HELO name comes from the session's events.
  upstream::Identity* identity() { return &identity_; }

  // Takes HELO, MAIL, RCPT, CONTENT_BEGIN, CONTENT, CONTENT_END, BURL, ETRN, RESET, CLOSED. False
  // for others, which are the host's to answer.
  bool HandleEvent(const postern_event& event);
  // After anything that happened to the attached client: octets fed, output taken, a tick, its end.
  void Advance();
  // What a call on the session gave, at least after each tick: so the gate learns that a decision
  // ran out of time, and does not answer it.
  void NoteFlags(int32_t flags);
  // True if the session was answered since the last call: then *result is what session_answer gave,
  // and there are output and events to be looked after.
  bool TakeResult(int32_t* result);
  // The session is gone or will be, without a CLOSED event. Gives up the upstream connection.
  void Abandon();

  bool wants_upstream() const { return wait_ == Wait::kUpstream && upstream_ == nullptr; }
  // `used`: it served transactions before.
  void Attach(upstream::Client* client, bool used);
  // No connection can be had now.
  void Unavailable();
  upstream::Client* upstream() const { return upstream_; }
  // To be asked after each call, and before Attach. Null: nothing was given up.
  upstream::Client* TakeReleased();

  // How many octets of the client the session may be fed at a time, so that what comes out of it
  // has room upstream. 0: none until the server takes some.
  size_t ClientRoom() const;

  // For logs: why the last transaction got a 4yz of our own making; kNone if it did not.
  upstream::Failure last_failure() const { return last_failure_; }
  // Of the last reply that upstream gave to content, for logs; 0: none.
  uint16_t last_code() const { return last_code_; }

 private:
  // What the open ticket waits for.
  enum class Wait : uint8_t { kNothing, kUpstream, kMail, kRcpt, kBegin, kEnd, kBurl, kEtrn };

  void OnHelo(const postern_event_helo& event);
  void OnMail(const postern_event_mail& event);
  void OnRcpt(const postern_event_rcpt& event);
  void OnContentBegin(uint64_t ticket);
  void OnContentEnd(uint64_t ticket);
  void OnBurl(const postern_event_burl& event);
  void OnEtrn(const postern_event_etrn& event);
  void OnReset();
  bool BeginWait(Wait wait, uint64_t ticket);
  void SendMail();
  void SendEtrn();
  void HandleOutcome();
  void HandleStart();
  void AnswerReply(const upstream::Reply& reply);
  // `reply_id` 0: the table's entry for the verdict.
  void AnswerPlain(int32_t verdict, uint32_t reply_id = 0);
  void AnswerFailure(upstream::Failure failure);
  void Answer(const postern_answer& answer);
  void LoseTransaction();
  void Release();

  const postern_api* const api_;
  postern_session* const session_;
  upstream::Identity identity_;
  upstream::Client* upstream_ = nullptr;
  upstream::Client* released_ = nullptr;
  uint64_t ticket_ = 0;
  int32_t result_ = 0;
  Wait wait_ = Wait::kNothing;
  upstream::Failure last_failure_ = upstream::Failure::kNone;
  uint16_t last_code_ = 0;
  bool answered_ = false;
  bool open_ = false;     // a transaction that the server took, or broke off
  bool lost_ = false;     // it has no upstream any more
  bool content_ = false;  // between CONTENT_BEGIN and CONTENT_END
  bool used_ = false;     // upstream_ served before
  bool fetched_ = false;  // the last BURL was accepted: upstream_->reply() is that to the message
  bool burl_last_ = false;

  // The argument of ETRN, which waits for a connection in place of MAIL; empty: MAIL does.
  upstream::FixedText<512> queue_;

  // MAIL, kept until there is a connection to send it on, or to send it again.
  uint64_t mail_size_ = 0;
  uint32_t mail_body_ = 0;
  bool mail_utf8_ = false;
  upstream::FixedText<640> mail_path_;
  upstream::Parameters mail_parameters_;
};

}  // namespace postern::gate

#endif  // POSTERN_HOSTS_COMMON_GATE_GATE_H_
