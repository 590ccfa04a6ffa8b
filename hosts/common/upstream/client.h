// SPDX-License-Identifier: Apache-2.0
//
// The client side of SMTP (RFC 5321) and LMTP (RFC 2033) towards an upstream server: requests and
// the server's octets in, the server's answers and octets for it out.
//
// What it is: one connection, one transaction at a time, one request at a time, in step with
// whoever asks. What it is not: a queue or a spooler; it keeps no message, so a 2yz for content is
// the server's own word or none. It has no sockets and no clock: time is an argument.
//
// Trust: a server is believed as far as one reply follows one command. What is no reply, or a reply
// to nothing, or one that cannot answer what was asked, ends the connection (Failure::kNonsense):
// no later reply is taken for the answer to something else. The message of that moment is not
// accepted.
//
// How a connection begins:
//   PROXY header -> 220 -> EHLO (HELO if that is refused; LHLO) -> XCLIENT -> 220 -> EHLO again,
//   or XFORWARD. Then it is ready().
//
// How content goes out: by DATA with dots put back, each slice at once; or, where CHUNKING is
// offered, by BDAT in chunks of at most kChunk octets, several under way at once where PIPELINING
// is offered too. A bare CR or LF in content ends the connection before it is passed on.
//
// Reset() in the middle of DATA ends the connection: there is no other way to make a server forget
// content that has begun.
//
// LMTP gives one reply for each recipient after content. They are folded into one:
//   all of one class:           the first one
//   any 4yz:                    the first 4yz. The sender tries again; those who have it get it
//                               twice, and nobody loses it
//   2yz and 5yz, no 4yz:        the first 5yz. The sender is told of the failure, and nobody gets
//                               it twice
//
// Threads and lifetime: one owner; allocates nothing; about 55 KiB. Slices are borrowed until the
// next call.
#ifndef POSTERN_HOSTS_COMMON_UPSTREAM_CLIENT_H_
#define POSTERN_HOSTS_COMMON_UPSTREAM_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hosts/common/upstream/capabilities.h"
#include "hosts/common/upstream/content.h"
#include "hosts/common/upstream/fixed.h"
#include "hosts/common/upstream/identity.h"
#include "hosts/common/upstream/reply.h"

namespace postern::upstream {

enum class Protocol : uint8_t { kSmtp, kLmtp };

// RFC 5321 section 4.5.3.2, in milliseconds.
struct Timeouts {
  uint64_t connect = 30 * 1000;
  uint64_t greeting = 5 * 60 * 1000;      // 4.5.3.2.1
  uint64_t command = 5 * 60 * 1000;       // 4.5.3.2.2, .3; also EHLO, XCLIENT, RSET
  uint64_t data = 2 * 60 * 1000;          // 4.5.3.2.4
  uint64_t block = 3 * 60 * 1000;         // 4.5.3.2.5: the server takes no octets
  uint64_t termination = 10 * 60 * 1000;  // 4.5.3.2.6
  uint64_t quit = 10 * 1000;              // nobody waits for this one
  // A chunk that does not fill goes out after so long: the server is not to think us gone.
  uint64_t chunk = 10 * 1000;
};

struct Options {
  Protocol protocol = Protocol::kSmtp;
  IdentityMode identity = IdentityMode::kNone;
  bool chunking = true;  // BDAT where the server offers it
  // The connection itself tells the server of the client whose it is: by who made it, not by us.
  bool client_known = false;
  // It serves one client alone, who may be known or not: EHLO gives that one's name.
  bool one_client = false;
  FixedText<255> name;  // our own, for EHLO
  Timeouts timeouts;
};

enum class Failure : uint8_t {
  kNone,
  kUnavailable,  // no connection came about
  kClosed,       // the server closed it, or said 421
  kTimeout,
  kNonsense,     // what it sent cannot be
  kIdentity,     // it does not take XCLIENT from us, and the client must not pass for the gate
  kRefused,      // it does not let us begin: reply()
  kBareNewline,  // the content had one
  kMisuse,       // a call out of order
  kDropped,      // by Reset() or Quit()
};
// "timeout"
std::string_view FailureName(Failure failure);

enum class Body : uint8_t {
  kNone,
  k7Bit,
  k8BitMime,
  kBinaryMime,  // to a server that CanTakeBinary
};

struct MailArguments {
  std::string_view path;  // with angle brackets
  uint64_t size = 0;      // 0: not given
  Body body = Body::kNone;
  bool smtputf8 = false;
  std::string_view parameters;  // Parameters of CarryParameters
};

class Client {
 public:
  static constexpr size_t kOutput = 32 * 1024;
  static constexpr size_t kChunk = 16 * 1024;
  static constexpr uint64_t kNever = UINT64_MAX;
  static constexpr uint32_t kMaxChunksUnderWay = 8;

  Client(const Options& options, const Identity& identity, uint64_t now_ms);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // ---- The wire ----

  void Connected();
  // The server closed its side or the connection failed; before Connected(): it did not come about.
  void Disconnected();
  void Feed(std::string_view octets);  // takes all
  std::string_view output() const { return output_.view(); }
  void ConsumeOutput(size_t octets);
  void Tick(uint64_t now_ms);
  uint64_t NextDeadline() const;
  // Nothing more will be said or heard: close the socket.
  bool closed() const { return step_ == Step::kClosed; }
  Failure failure() const { return failure_; }

  // ---- Requests: one at a time, each with one outcome but Reset, Quit and Content ----

  // Takes Mail().
  bool ready() const { return step_ == Step::kReady; }
  bool in_transaction() const { return step_ == Step::kTransaction; }
  const Capabilities& capabilities() const { return capabilities_; }
  // BODY=BINARYMIME: only BDAT can carry it (RFC 3030 section 3).
  bool CanTakeBinary() const {
    return options_.chunking && capabilities_.Has(kChunking) && capabilities_.Has(kBinaryMime);
  }
  // The server was told who the client is, so a refusal to begin is about that one; else about us.
  bool speaks_for_client() const { return speaks_for_client_; }

  void Mail(const MailArguments& arguments);
  // `path` with angle brackets; `parameters` as for Mail.
  void Rcpt(std::string_view path, std::string_view parameters);
  // Asks to send content. With BDAT there is nothing to ask: the outcome is there at once.
  void Data();
  // How much content may be given now. It is 0 only while the server has octets to take or a reply
  // to send. A connection that failed takes, and drops, any amount.
  size_t ContentRoom() const;
  void Content(std::string_view slice);
  void Finish();

  // Ends the transaction, if there is one, in any state.
  void Reset();
  // Says goodbye if the server listens; else the connection just ends.
  void Quit();

  // True once the last request is decided. The outcome is reply(), or failure() where that has code
  // 0.
  bool TakeOutcome();
  const Reply& reply() const { return reply_; }

  // ---- For another client's transactions ----

  // Between transactions, nothing was refused or broken off in it (servers count such things by the
  // connection, and another client is not to pay for this one), and it can be told of another
  // client. Postfix takes a second XCLIENT only where the first one told of a host that may send
  // it.
  bool tidy() const;
  // MAIL commands so far.
  uint32_t transactions() const { return transactions_; }
  bool CanServe(const Identity& identity) const;
  // Only if CanServe. The connection may have to say it to the server, and is then not ready() for
  // a while.
  void Serve(const Identity& identity);

 private:
  enum class Step : uint8_t {
    kConnect,
    kGreeting,
    kEhlo,
    kHelo,
    kXclient,
    kXforward,
    kReady,
    kMail,
    kTransaction,
    kRcpt,
    kData,
    kContent,
    kFinishing,  // the last chunk waits for its turn
    kFinal,
    kReset,
    kQuit,
    kClosed,
  };
  // What waits for an outcome.
  enum class Request : uint8_t { kNone, kPending, kDecided };

  void Begin(Step step, uint64_t timeout);
  void Send(std::string_view line);
  bool says_clients_name() const { return speaks_for_client_ || options_.one_client; }
  void SayHelo(bool extended);
  void HelloDone();
  void SayIdentity();
  void Ask();
  void Decide();
  void Fail(Failure failure);
  void Refused();
  void HandleReply();
  void HandleContentReply();
  void HandleFinalReply();
  bool CanSeal() const;
  bool SealChunk(bool last);
  void SendChunks();
  void SayReset();

  Options options_;
  Identity identity_;
  Capabilities capabilities_;
  ReplyParser parser_;
  Reply incoming_;
  Reply reply_;
  Step step_ = Step::kConnect;
  Request request_ = Request::kNone;
  Failure failure_ = Failure::kNone;
  bool speaks_for_client_ = false;
  bool xclient_done_ = false;
  bool bdat_ = false;
  bool content_failed_ = false;
  bool tidy_ = true;
  bool reset_wanted_ = false;
  bool sent_ = false;       // a command, since it was last looked at
  bool premature_ = false;  // the reply being read began before the last command had left
  bool smtputf8_ = false;   // of the transaction
  bool binary_ = false;     // of the transaction: its content is any octets
  uint32_t transactions_ = 0;
  uint32_t recipients_ = 0;   // accepted in this transaction
  uint32_t replies_due_ = 0;  // to content, one for each recipient in LMTP
  uint32_t chunks_due_ = 0;   // replies to chunks under way
  uint64_t now_ms_;
  uint64_t reply_deadline_ = kNever;
  uint64_t block_mark_ = 0;  // when the server last took octets
  uint64_t chunk_mark_ = 0;  // when the open chunk got its first octet
  ContentEncoder encoder_;
  FixedQueue<kOutput> output_;
  FixedQueue<kChunk + 2> chunk_;  // a held CR may come on top
};

}  // namespace postern::upstream

#endif  // POSTERN_HOSTS_COMMON_UPSTREAM_CLIENT_H_
