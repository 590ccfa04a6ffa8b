// SPDX-License-Identifier: Apache-2.0
//
// The connection's session side: what posternd decides, delivers and logs.

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hosts/posternd/connection.h"
#include "hosts/posternd/options.h"
#include "hosts/posternd/trace_header.h"

namespace postern {
namespace posternd {
namespace {

// ReplyIds of reply_table.proto.
constexpr uint32_t kRelayDenied = 40;
constexpr uint32_t kInsufficientStorage = 58;
constexpr uint32_t kSenderDomainIncomplete = 226;
constexpr uint32_t kRecipientDomainIncomplete = 227;

// Gathered before they are written, so that a message costs one write per read and not per line.
constexpr size_t kMaxSlices = 256;

absl::string_view ToView(const postern_bytes& bytes) {
  return absl::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

const char* ClosedReason(uint32_t reason) {
  switch (reason) {
    case POSTERN_CLOSED_QUIT:
      return "quit";
    case POSTERN_CLOSED_DISCONNECTED:
      return "disconnected";
    case POSTERN_CLOSED_TIMEOUT:
      return "timeout";
    case POSTERN_CLOSED_ERRORS:
      return "too many errors";
    case POSTERN_CLOSED_COMMANDS:
      return "too many commands";
    case POSTERN_CLOSED_LINE:
      return "line without end";
    case POSTERN_CLOSED_PROXY:
      return "bad proxy header";
    case POSTERN_CLOSED_POLICY:
      return "policy";
    case POSTERN_CLOSED_SHUTDOWN:
      return "shutdown";
    case POSTERN_CLOSED_TLS:
      return "tls failed";
    case POSTERN_CLOSED_MEMORY:
      return "out of memory";
    case POSTERN_CLOSED_AUTH:
      return "too many failed logins";
    default:
      return "unknown";
  }
}

const char* ResetReason(uint32_t reason) {
  switch (reason) {
    case POSTERN_RESET_RSET:
      return "RSET";
    case POSTERN_RESET_HELO:
      return "HELO";
    case POSTERN_RESET_STARTTLS:
      return "STARTTLS";
    case POSTERN_RESET_CONTENT_REFUSED:
      return "content refused";
    case POSTERN_RESET_TIMEOUT:
      return "timeout";
    default:
      return "connection closed";
  }
}

// What the client is told of a failed delivery.
uint32_t DeferredReply(int error) {
  return error == ENOSPC || error == EDQUOT ? kInsufficientStorage : 0;
}

}  // namespace

void Connection::DrainEvents() {
  while (session_ != nullptr && !broken_) {
    const postern_event* event = nullptr;
    Note(api().session_next_event(session_, &event));
    if (event == nullptr) return;
    HandleEvent(*event);
  }
}

void Connection::HandleEvent(const postern_event& event) {
  if (submission_ && RefuseIncompleteDomain(event)) return;
  if (gate_ != nullptr && HandleGateEvent(event)) return;
  // The types' payloads follow the header; their first published size is never undercut.
  switch (event.type) {
    case POSTERN_EVENT_CONNECT:
      if (phase_ == Phase::kHandshake || phase_ == Phase::kProxyBeforeTls) {
        connect_ticket_ = event.ticket;
        return;
      }
      return OnConnect(event.ticket);
    case POSTERN_EVENT_PROXY_HEADER:
      return OnProxyHeader(reinterpret_cast<const postern_event_proxy_header&>(event));
    case POSTERN_EVENT_HELO:
      return OnHelo(reinterpret_cast<const postern_event_helo&>(event));
    case POSTERN_EVENT_AUTH:
      return OnAuth(reinterpret_cast<const postern_event_auth&>(event));
    case POSTERN_EVENT_AUTH_END:
      return OnAuthEnd(reinterpret_cast<const postern_event_auth_end&>(event));
    case POSTERN_EVENT_STARTTLS:
      return Answer(event.ticket,
                    policy_->tls != nullptr ? POSTERN_VERDICT_ACCEPT : POSTERN_VERDICT_DEFAULT);
    case POSTERN_EVENT_MAIL:
      return OnMail(reinterpret_cast<const postern_event_mail&>(event));
    case POSTERN_EVENT_RCPT:
      return OnRecipient(reinterpret_cast<const postern_event_rcpt&>(event));
    case POSTERN_EVENT_CONTENT_BEGIN:
      return OnContentBegin(event);
    case POSTERN_EVENT_CONTENT:
      return OnContent(reinterpret_cast<const postern_event_content&>(event));
    case POSTERN_EVENT_CONTENT_END:
      return OnContentEnd(reinterpret_cast<const postern_event_content_end&>(event));
    case POSTERN_EVENT_RESET:
      return OnReset(reinterpret_cast<const postern_event_reset&>(event).reason);
    case POSTERN_EVENT_ERROR:
      return OnError(reinterpret_cast<const postern_event_error&>(event));
    case POSTERN_EVENT_XCLIENT:
      return OnXclient(reinterpret_cast<const postern_event_client&>(event));
    case POSTERN_EVENT_XFORWARD:
      return OnXforward(reinterpret_cast<const postern_event_client&>(event));
    case POSTERN_EVENT_CLOSED:
      closed_reason_ = reinterpret_cast<const postern_event_closed&>(event).reason;
      return;
    default:
      if (event.ticket != 0) Answer(event.ticket, POSTERN_VERDICT_DEFAULT);
  }
}

void Connection::Answer(uint64_t ticket, int32_t verdict, uint32_t reply_id) {
  postern_answer answer = {};
  answer.struct_size = sizeof(answer);
  answer.verdict = verdict;
  answer.reply_id = reply_id;
  int32_t result = api().session_answer(session_, ticket, &answer);
  if (result == POSTERN_E_REPLY && reply_id != 0) {
    // The verdict counts; its wording is a nicety.
    answer.reply_id = 0;
    result = api().session_answer(session_, ticket, &answer);
  }
  Note(result);
}

void Connection::OnConnect(uint64_t ticket) {
  if (!limited_ && client_.family != 0) {
    client_counted_ =
        loop_->shared()->limits.AddClient(client_, policy_->max_connections_per_client);
    limited_ = !client_counted_;
  }
  if (loop_->shared()->log->verbose()) {
    LogLine(loop_->shared()->log, limited_ ? "turned-away" : "connect",
            limited_ ? LogColour::kWarning : LogColour::kPlain)
        .Add("id", absl::StrCat(absl::Hex(id_)))
        .Add("client", ClientName())
        .Write();
  }
  TellGateTheClient();
  Answer(ticket, limited_ ? POSTERN_VERDICT_DEFER : POSTERN_VERDICT_ACCEPT);
}

void Connection::OnProxyHeader(const postern_event_proxy_header& event) {
  if ((event.event.flags & POSTERN_PROXY_LOCAL) != 0) return;
  if (event.family == POSTERN_FAMILY_INET || event.family == POSTERN_FAMILY_INET6) {
    client_ = host::Address::FromOctets(event.family == POSTERN_FAMILY_INET ? AF_INET : AF_INET6,
                                        event.source);
    client_port_ = event.source_port;
  } else {
    client_ = host::Address();
    client_port_ = 0;
  }
}

namespace {

// Parameters other than SIZE, BODY and SMTPUTF8, which are of no use behind the delivery.
bool TellsHowToDeliver(const postern_event_mail& event) {
  return event.envid.size != 0 || event.dsn_return != POSTERN_DSN_RETURN_NONE ||
         event.by_mode != POSTERN_BY_NONE ||
         (event.event.flags & (POSTERN_MAIL_REQUIRETLS | POSTERN_MAIL_PRIORITY |
                               POSTERN_MAIL_HOLDFOR | POSTERN_MAIL_HOLDUNTIL)) != 0;
}

}  // namespace

// RFC 6409 section 4.2: what is submitted names its domains in full; to complete them would be to
// guess.
bool Connection::RefuseIncompleteDomain(const postern_event& event) {
  constexpr uint32_t kNoDomain = POSTERN_PATH_NULL | POSTERN_PATH_POSTMASTER | POSTERN_PATH_LITERAL;
  const bool mail = event.type == POSTERN_EVENT_MAIL;
  if ((!mail && event.type != POSTERN_EVENT_RCPT) || (event.flags & kNoDomain) != 0) return false;
  const absl::string_view domain =
      ToView(mail ? reinterpret_cast<const postern_event_mail&>(event).domain
                  : reinterpret_cast<const postern_event_rcpt&>(event).domain);
  if (absl::StrContains(WithoutFinalDot(domain), '.')) return false;
  ++errors_;
  Answer(event.ticket, POSTERN_VERDICT_REJECT,
         mail ? kSenderDomainIncomplete : kRecipientDomainIncomplete);
  return true;
}

// The peer speaks for this client from now on: limits, trace fields and log are about it.
void Connection::OnXclient(const postern_event_client& event) {
  host::Address client = client_;
  uint16_t port = client_port_;
  std::string login;
  for (size_t i = 0; i < event.attribute_count; ++i) {
    const postern_client_attribute& one = event.attributes[i];
    const bool known = one.state == POSTERN_CLIENT_VALUE;
    const std::string value(ToView(one.value));
    if (one.attribute == POSTERN_CLIENT_ADDR) {
      client = host::Address();
      if (inet_pton(AF_INET, value.c_str(), client.octets.data()) == 1) {
        client.family = AF_INET;
      } else if (inet_pton(AF_INET6, value.c_str(), client.octets.data()) == 1) {
        client.family = AF_INET6;
      }
    } else if (one.attribute == POSTERN_CLIENT_PORT) {
      port = known ? static_cast<uint16_t>(strtoul(value.c_str(), nullptr, 10)) : 0;
    } else if (one.attribute == POSTERN_CLIENT_LOGIN && known) {
      login = value;
    }
  }
  if (client_counted_) loop_->shared()->limits.RemoveClient(client_);
  client_ = client;
  client_port_ = client.family == 0 ? 0 : port;
  client_counted_ = client_.family != 0 &&
                    loop_->shared()->limits.AddClient(client_, policy_->max_connections_per_client);
  helo_.clear();
  ForgetLogin();
  // The peer has checked the password; the session takes the client for authenticated as well.
  user_ = login;
  extended_ = lmtp_ = false;
  forwarded_.clear();
  if (loop_->shared()->log->verbose()) {
    LogLine(loop_->shared()->log, "xclient")
        .Add("id", absl::StrCat(absl::Hex(id_)))
        .Add("client", ClientName())
        .Write();
  }
  const bool over = client_.family != 0 && !client_counted_;
  Answer(event.event.ticket, over ? POSTERN_VERDICT_DISCONNECT : POSTERN_VERDICT_ACCEPT);
}

void Connection::OnXforward(const postern_event_client& event) {
  for (size_t i = 0; i < event.attribute_count; ++i) {
    const postern_client_attribute& one = event.attributes[i];
    if (one.state != POSTERN_CLIENT_VALUE) continue;
    const bool told = one.attribute == POSTERN_CLIENT_NAME ||
                      one.attribute == POSTERN_CLIENT_ADDR || one.attribute == POSTERN_CLIENT_IDENT;
    if (told) absl::StrAppend(&forwarded_, forwarded_.empty() ? "" : " ", ToView(one.value));
  }
  // A peer that goes on telling and sends no message.
  constexpr size_t kMostForwarded = 1024;
  if (forwarded_.size() > kMostForwarded) forwarded_.resize(kMostForwarded);
  Answer(event.event.ticket, POSTERN_VERDICT_ACCEPT);
}

void Connection::BeginTransaction(const postern_event_mail& event) {
  transaction_ = std::make_unique<Transaction>();
  transaction_->reverse_path = std::string(ToView(event.reverse_path));
  transaction_->smtputf8 = (event.event.flags & POSTERN_MAIL_SMTPUTF8) != 0;
  if (TellsHowToDeliver(event)) {
    transaction_->mail_parameters = std::string(ToView(event.parameters));
    transaction_->envid = std::string(ToView(event.envid_decoded));
  }
  transaction_->queue_id = absl::StrCat(absl::Hex(loop_->NewId()));
  transaction_->forwarded = std::exchange(forwarded_, {});
}

void Connection::OnMail(const postern_event_mail& event) {
  BeginTransaction(event);
  Answer(event.event.ticket, POSTERN_VERDICT_ACCEPT);
}

bool Connection::Serves(const postern_event_rcpt& event) const {
  const bool postmaster = (event.event.flags & POSTERN_PATH_POSTMASTER) != 0;
  // The server behind the gate sends it on; a Maildir is no place for others' mail, whoever asks.
  if (gate_ != nullptr && !user_.empty()) return true;
  return policy_->domains.empty() || postmaster ||
         policy_->domains.count(AsciiLower(WithoutFinalDot(ToView(event.domain)))) != 0;
}

void Connection::OnRecipient(const postern_event_rcpt& event) {
  if (!Serves(event) || transaction_ == nullptr) {
    if (loop_->shared()->log->verbose()) {
      LogLine(loop_->shared()->log, "relay-denied", LogColour::kWarning)
          .Add("id", absl::StrCat(absl::Hex(id_)))
          .Add("rcpt", ToView(event.forward_path))
          .Write();
    }
    ++errors_;
    return Answer(event.event.ticket, POSTERN_VERDICT_REJECT, kRelayDenied);
  }
  // As sent but for a source route, which RFC 5321 section 3.6.1 lets us drop.
  transaction_->recipients.push_back(absl::StrCat("<", ToView(event.mailbox), ">"));
  transaction_->rcpt_parameters.emplace_back(ToView(event.parameters));
  Answer(event.event.ticket, POSTERN_VERDICT_ACCEPT);
}

std::string Connection::TraceHeaderFor(const Transaction& transaction, size_t recipient) const {
  std::vector<std::string> one;
  std::vector<std::string> its_parameters;
  if (recipient != kAllRecipients) {
    one.push_back(transaction.recipients[recipient]);
    its_parameters.push_back(transaction.rcpt_parameters[recipient]);
  }
  TraceFields fields;
  fields.reverse_path = transaction.reverse_path;
  fields.recipients = one.empty() ? &transaction.recipients : &one;
  fields.mail_parameters = transaction.mail_parameters;
  fields.rcpt_parameters = one.empty() ? &transaction.rcpt_parameters : &its_parameters;
  fields.helo = helo_;
  fields.client = client_;
  fields.server = policy_->server_name;
  fields.queue_id = transaction.queue_id;
  const std::string tls = tls_ != nullptr ? tls_->Describe() : "";
  fields.tls = tls;
  fields.extended = extended_;
  fields.lmtp = lmtp_;
  fields.smtputf8 = transaction.smtputf8;
  fields.authenticated = !user_.empty();
  if (policy_->authenticated_header) fields.user = user_;
  fields.unix_time = time(nullptr);
  return MakeTraceHeader(fields);
}

void Connection::OnContentBegin(const postern_event& event) {
  Transaction* transaction = transaction_.get();
  Maildir* maildir = loop_->shared()->maildir;
  if (transaction == nullptr) return Answer(event.ticket, POSTERN_VERDICT_DEFER);
  transaction->content = true;
  loop_->slices()->clear();
  if (maildir == nullptr) return Answer(event.ticket, POSTERN_VERDICT_ACCEPT);
  transaction->message = maildir->Create(&transaction->error);
  if (transaction->message != nullptr) {
    // In LMTP each recipient has a message and a verdict of its own (RFC 2033 section 4.2); this is
    // the first one's.
    std::string header = TraceHeaderFor(*transaction, lmtp_ ? 0 : kAllRecipients);
    transaction->header_octets = header.size();
    iovec slice = {header.data(), header.size()};
    transaction->error = transaction->message->Append(&slice, 1);
  }
  if (transaction->error != 0) {
    LogMessage(*transaction, "deferred", strerror(-transaction->error));
    transaction->message.reset();
    return Answer(event.ticket, POSTERN_VERDICT_DEFER);
  }
  Answer(event.ticket, POSTERN_VERDICT_ACCEPT);
}

void Connection::OnContent(const postern_event_content& event) {
  if (transaction_ == nullptr) return;
  transaction_->octets += event.data.size;
  if (transaction_->message == nullptr) return;
  std::vector<iovec>* slices = loop_->slices();
  slices->push_back({const_cast<uint8_t*>(event.data.data), event.data.size});
  if (slices->size() >= kMaxSlices) WriteContent();
}

void Connection::WriteContent() {
  std::vector<iovec>* slices = loop_->slices();
  if (slices->empty()) return;
  if (transaction_ != nullptr && transaction_->message != nullptr) {
    transaction_->error =
        transaction_->message->Append(slices->data(), static_cast<int>(slices->size()));
  }
  slices->clear();
}

void Connection::OnContentEnd(const postern_event_content_end& event) {
  const uint64_t ticket = event.event.ticket;
  WriteContent();
  std::unique_ptr<Transaction> transaction = std::move(transaction_);
  if (transaction == nullptr) return Answer(ticket, POSTERN_VERDICT_DEFER);
  Shared* shared = loop_->shared();
  if (shared->maildir == nullptr) {
    ++messages_;
    LogMessage(*transaction, "discarded", "");
    return Answer(ticket, POSTERN_VERDICT_ACCEPT);
  }
  if (transaction->message == nullptr || transaction->error != 0) {
    const int error = -transaction->error;
    LogMessage(*transaction, "deferred", strerror(error));
    return Answer(ticket, POSTERN_VERDICT_DEFER, DeferredReply(error));
  }
  auto delivery = std::make_shared<Delivery>();
  delivery->connection = this;
  delivery->ticket = ticket;
  for (size_t i = 1; lmtp_ && i < transaction->recipients.size(); ++i) {
    delivery->headers.push_back(TraceHeaderFor(*transaction, i));
  }
  delivery->transaction = std::move(transaction);
  open_delivery_ = delivery;
  ++deliveries_;
  shared->pool->Submit([delivery, maildir = shared->maildir, loop = loop_] {
    Transaction* const of = delivery->transaction.get();
    // The first one comes last: the others are made from it while it has its place in tmp/.
    for (std::string& header : delivery->headers) {
      int error = 0;
      const std::unique_ptr<IncomingMessage> copy = maildir->Create(&error);
      if (copy != nullptr) {
        iovec slice = {header.data(), header.size()};
        copy->Append(&slice, 1);
        copy->Copy(*of->message, of->header_octets);
        error = copy->Commit(delivery->cancelled);
      }
      delivery->results.push_back(error);
    }
    delivery->results.insert(delivery->results.begin(), of->message->Commit(delivery->cancelled));
    // Removes the file of a failed delivery here, not on the loop.
    of->message.reset();
    loop->Post([delivery] { delivery->connection->OnDelivered(delivery); });
  });
}

void Connection::AnswerDelivery(const Delivery& delivery) {
  if (delivery.headers.empty()) {
    const int error = -delivery.results[0];
    return Answer(delivery.ticket, error == 0 ? POSTERN_VERDICT_ACCEPT : POSTERN_VERDICT_DEFER,
                  error == 0 ? 0 : DeferredReply(error));
  }
  std::vector<postern_answer> recipients(delivery.results.size());
  for (size_t i = 0; i < recipients.size(); ++i) {
    const int error = -delivery.results[i];
    recipients[i].struct_size = sizeof(postern_answer);
    recipients[i].verdict = error == 0 ? POSTERN_VERDICT_ACCEPT : POSTERN_VERDICT_DEFER;
    recipients[i].reply_id = error == 0 ? 0 : DeferredReply(error);
  }
  postern_answer answer = {};
  answer.struct_size = sizeof(answer);
  answer.recipients = recipients.data();
  answer.recipient_count = recipients.size();
  int32_t result = api().session_answer(session_, delivery.ticket, &answer);
  if (result == POSTERN_E_REPLY) {
    // The verdicts count; their wording is a nicety.
    for (postern_answer& recipient : recipients) recipient.reply_id = 0;
    result = api().session_answer(session_, delivery.ticket, &answer);
  }
  Note(result);
}

void Connection::OnDelivered(const std::shared_ptr<Delivery>& delivery) {
  --deliveries_;
  const bool answerable = open_delivery_ == delivery;
  if (answerable) open_delivery_.reset();
  size_t failed = 0;
  int error = 0;
  for (const int result : delivery->results) {
    if (result == 0) continue;
    ++failed;
    error = -result;
  }
  const size_t all = delivery->results.size();
  if (failed == all) {
    LogMessage(*delivery->transaction, "deferred", strerror(error));
  } else {
    ++messages_;
    std::string why;
    if (failed != 0) why = absl::StrCat(failed, " of ", all, " deferred: ", strerror(error));
    if (!answerable) {
      absl::StrAppend(&why, why.empty() ? "" : "; ",
                      "the client is not told and may send it again");
    }
    LogMessage(*delivery->transaction, "delivered", why);
  }
  if (answerable && phase_ != Phase::kClosed) {
    // The loop slept; the session is to know how long.
    TickSession(loop_->Now());
    DrainEvents();
    AnswerDelivery(*delivery);
    DrainEvents();
    Advance();
    ProcessHeldInput();
  }
  Settle();
}

void Connection::OnReset(uint32_t reason) {
  if (open_delivery_ != nullptr) {
    // Not renamed yet: then the client, which was not told 250, sends it again and it is not there
    // twice.
    open_delivery_->cancelled.store(true, std::memory_order_release);
    open_delivery_.reset();
  }
  if (transaction_ == nullptr) return;
  if (transaction_->content) {
    LogMessage(*transaction_, "refused", ResetReason(reason));
  }
  loop_->slices()->clear();
  transaction_.reset();
}

void Connection::OnError(const postern_event_error& event) {
  ++errors_;
  if (event.rule < rules_.size()) rules_.set(event.rule);
  if (!loop_->shared()->log->verbose()) return;
  LogLine(loop_->shared()->log, "refused", LogColour::kWarning)
      .Add("id", absl::StrCat(absl::Hex(id_)))
      .Add("code", event.code)
      .Add("rule", event.rule == 0 ? "-" : api().rule_name(event.rule))
      .Add("line", ToView(event.line))
      .Write();
}

std::string Connection::ClientName() const {
  if (client_.family == 0) return "unknown";
  host::Endpoint endpoint;
  endpoint.address = client_;
  endpoint.port = client_port_;
  return endpoint.ToString();
}

void Connection::LogMessage(const Transaction& transaction, absl::string_view verdict,
                            absl::string_view why) {
  const bool good = verdict == "delivered" || verdict == "discarded" || verdict == "relayed";
  LogLine line(loop_->shared()->log, "message", good ? LogColour::kGood : LogColour::kBad);
  line.Add("id", absl::StrCat(absl::Hex(id_)))
      .Add("queue_id", transaction.queue_id)
      .Add("from", transaction.reverse_path)
      .Add("rcpts", static_cast<uint64_t>(transaction.recipients.size()));
  if (!transaction.recipients.empty()) line.Add("to", transaction.recipients.front());
  if (!transaction.envid.empty()) line.Add("envid", transaction.envid);
  if (!user_.empty()) line.Add("user", user_);
  line.Add("octets", transaction.octets).Add("verdict", verdict);
  if (!transaction.forwarded.empty()) line.Add("forwarded", transaction.forwarded);
  if (!why.empty()) line.Add("why", why);
  line.Write();
}

void Connection::LogSession(absl::string_view reason) {
  postern_session_info info = {};
  info.struct_size = sizeof(info);
  if (session_ != nullptr) api().session_info(session_, &info);
  std::string rules;
  const size_t end = rules_.any() ? rules_.size() : 0;
  for (size_t rule = 1; rule < end; ++rule) {
    if (rules_.test(rule)) {
      absl::StrAppend(&rules, rules.empty() ? "" : ",",
                      api().rule_name(static_cast<uint32_t>(rule)));
    }
  }
  if (reason.empty()) reason = ClosedReason(closed_reason_);
  if (limited_) reason = "connection limit";
  LogLine line(loop_->shared()->log, "session",
               errors_ == 0 ? LogColour::kPlain : LogColour::kWarning);
  line.Add("id", absl::StrCat(absl::Hex(id_)))
      .Add("client", ClientName())
      .Add("tls", tls_ != nullptr ? tls_->Describe() : "-")
      .Add("helo", helo_.empty() ? "-" : helo_);
  if (!user_.empty()) line.Add("user", user_);
  line.Add("messages", messages_)
      .Add("octets_in", info.octets_in)
      .Add("octets_out", info.octets_out)
      .Add("errors", errors_)
      .Add("rules", rules.empty() ? "-" : rules)
      .Add("reason", reason)
      .Add("duration_ms", loop_->Now() - opened_ms_)
      .Write();
}

}  // namespace posternd
}  // namespace postern
