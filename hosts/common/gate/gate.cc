// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/gate/gate.h"

#include <algorithm>

namespace postern::gate {
namespace {

using upstream::Failure;

// ReplyId of reply_table.proto.
constexpr uint32_t kParameterNotInForce = 125;

std::string_view ToView(const postern_bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

// The codes of RFC 5321 section 4.3.2, as the plugin takes them from a host. Servers use others too
// (454 to RCPT is Postfix's default for a relay that is denied); the plugin would refuse them, and
// log that its host misbehaves.
bool MayStand(uint32_t event, uint16_t code) {
  constexpr uint16_t kMail[] = {250, 450, 451, 452, 455, 501, 503, 530, 550, 552, 553, 554, 555};
  constexpr uint16_t kRcpt[] = {250, 251, 450, 451, 452, 455, 501, 503,
                                530, 550, 551, 552, 553, 554, 555, 556};
  constexpr uint16_t kData[] = {450, 451, 452, 503, 530, 550, 554};
  constexpr uint16_t kContent[] = {250, 450, 451, 452, 550, 552, 554};
  constexpr uint16_t kEtrn[] = {250, 251, 252, 253, 451, 458, 459};
  const auto holds = [code](const auto& codes) {
    return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
  };
  switch (event) {
    case POSTERN_EVENT_RCPT:
      return holds(kRcpt);
    case POSTERN_EVENT_CONTENT_BEGIN:
      return holds(kData);
    case POSTERN_EVENT_CONTENT_END:
    case POSTERN_EVENT_BURL:
      return holds(kContent);
    case POSTERN_EVENT_ETRN:
      return holds(kEtrn);
    default:
      return holds(kMail);
  }
}

// What stands in for another code of its class, everywhere but where there is no class 5 (RFC 1985
// section 5.1).
uint16_t CommonCode(uint32_t event, int reply_class) {
  if (event == POSTERN_EVENT_ETRN && reply_class != 2) {
    return reply_class == 5 ? uint16_t{459} : uint16_t{458};
  }
  return reply_class == 2 ? uint16_t{250} : reply_class == 5 ? uint16_t{554} : uint16_t{451};
}

}  // namespace

uint64_t Gate::WantedEvents() {
  uint64_t bits = 0;
  for (const uint32_t type :
       {POSTERN_EVENT_HELO, POSTERN_EVENT_MAIL, POSTERN_EVENT_RCPT, POSTERN_EVENT_CONTENT_BEGIN,
        POSTERN_EVENT_CONTENT, POSTERN_EVENT_CONTENT_END, POSTERN_EVENT_BURL, POSTERN_EVENT_ETRN,
        POSTERN_EVENT_RESET, POSTERN_EVENT_CLOSED}) {
    bits |= uint64_t{1} << type;
  }
  return bits;
}

Gate::Gate(const postern_api* api, postern_session* session, const upstream::Identity& identity)
    : api_(api), session_(session), identity_(identity) {}

// ---- Events ----

bool Gate::HandleEvent(const postern_event& event) {
  switch (event.type) {
    case POSTERN_EVENT_HELO:
      OnHelo(reinterpret_cast<const postern_event_helo&>(event));
      return true;
    case POSTERN_EVENT_MAIL:
      OnMail(reinterpret_cast<const postern_event_mail&>(event));
      return true;
    case POSTERN_EVENT_RCPT:
      OnRcpt(reinterpret_cast<const postern_event_rcpt&>(event));
      return true;
    case POSTERN_EVENT_CONTENT_BEGIN:
      OnContentBegin(event.ticket);
      return true;
    case POSTERN_EVENT_CONTENT:
      if (content_) {
        upstream_->Content(ToView(reinterpret_cast<const postern_event_content&>(event).data));
      }
      return true;
    case POSTERN_EVENT_CONTENT_END:
      OnContentEnd(event.ticket);
      return true;
    case POSTERN_EVENT_BURL:
      OnBurl(reinterpret_cast<const postern_event_burl&>(event));
      return true;
    case POSTERN_EVENT_ETRN:
      OnEtrn(reinterpret_cast<const postern_event_etrn&>(event));
      return true;
    case POSTERN_EVENT_RESET:
      OnReset();
      return true;
    case POSTERN_EVENT_CLOSED:
      Abandon();
      return true;
    default:
      return false;
  }
}

void Gate::OnHelo(const postern_event_helo& event) {
  if (!identity_.helo.Assign(ToView(event.name))) identity_.helo.Clear();
  identity_.extended = (event.event.flags & POSTERN_HELO_EXTENDED) != 0;
  ticket_ = event.event.ticket;
  AnswerPlain(POSTERN_VERDICT_ACCEPT);
}

void Gate::OnEtrn(const postern_event_etrn& event) {
  // As in OnMail.
  const bool late_start = wait_ == Wait::kUpstream;
  if (wait_ != Wait::kNothing) LoseTransaction();
  if (late_start || (upstream_ != nullptr && upstream_->closed())) Release();
  last_failure_ = Failure::kNone;
  last_code_ = 0;
  const bool queue = (event.event.flags & POSTERN_ETRN_QUEUE) != 0;
  const bool below = (event.event.flags & POSTERN_ETRN_SUBDOMAINS) != 0;
  ticket_ = event.event.ticket;
  if (!queue_.Assign(queue ? "#" : below ? "@" : "") || !queue_.Append(ToView(event.name))) {
    return AnswerPlain(POSTERN_VERDICT_DEFER);
  }
  wait_ = Wait::kUpstream;
  Advance();
}

void Gate::OnMail(const postern_event_mail& event) {
  // A decision whose time ran out, and now the client begins anew: the late reply to the old MAIL
  // must not pass for one to this.
  const bool late_start = wait_ == Wait::kUpstream;
  if (wait_ != Wait::kNothing) LoseTransaction();
  // Nor is a server waited for again that would not even begin.
  if (late_start || (upstream_ != nullptr && upstream_->closed())) Release();
  open_ = false;
  lost_ = false;
  content_ = false;
  fetched_ = false;
  queue_.Clear();
  last_failure_ = Failure::kNone;
  last_code_ = 0;
  mail_size_ = event.size;
  mail_body_ = event.body;
  mail_utf8_ = (event.event.flags & POSTERN_MAIL_SMTPUTF8) != 0;
  const bool null = (event.event.flags & POSTERN_PATH_NULL) != 0;
  mail_path_.Assign("<");
  // Without a source route, which RFC 5321 appendix C lets us drop.
  const bool fits = mail_path_.Append(null ? std::string_view() : ToView(event.mailbox)) &&
                    mail_path_.Append(">") && mail_parameters_.Assign(ToView(event.parameters));
  ticket_ = event.event.ticket;
  if (!fits) return AnswerPlain(POSTERN_VERDICT_DEFER);
  wait_ = Wait::kUpstream;
  Advance();
}

void Gate::OnRcpt(const postern_event_rcpt& event) {
  if (!BeginWait(Wait::kRcpt, event.event.ticket)) return;
  upstream::FixedText<640> path;
  upstream::Parameters parameters;
  path.Assign("<");
  const bool fits = path.Append(ToView(event.mailbox)) && path.Append(">");
  const upstream::Carry carry =
      upstream::CarryParameters(ToView(event.parameters), upstream_->capabilities(), &parameters);
  if (carry == upstream::Carry::kNo) {
    return AnswerPlain(POSTERN_VERDICT_REJECT, kParameterNotInForce);
  }
  if (!fits || carry != upstream::Carry::kYes) return AnswerPlain(POSTERN_VERDICT_DEFER);
  upstream_->Rcpt(path.view(), parameters.view());
  Advance();
}

void Gate::OnContentBegin(uint64_t ticket) {
  if (!BeginWait(Wait::kBegin, ticket)) return;
  upstream_->Data();
  Advance();
}

// `octets` is not told: how many the server fetched is not known here.
void Gate::OnBurl(const postern_event_burl& event) {
  if (!BeginWait(Wait::kBurl, event.event.ticket)) return;
  if (!upstream_->capabilities().Has(upstream::kBurl)) return AnswerPlain(POSTERN_VERDICT_DEFER);
  burl_last_ = (event.event.flags & POSTERN_BURL_LAST) != 0;
  upstream_->Burl(ToView(event.url), burl_last_);
  Advance();
}

void Gate::OnContentEnd(uint64_t ticket) {
  if (fetched_) {
    ticket_ = ticket;
    wait_ = Wait::kEnd;
    content_ = false;
    fetched_ = false;
    last_code_ = upstream_->reply().code;
    return AnswerReply(upstream_->reply());
  }
  if (!BeginWait(Wait::kEnd, ticket)) return;
  upstream_->Finish();
  Advance();
}

void Gate::OnReset() {
  LoseTransaction();
  open_ = false;
  lost_ = false;
  if (upstream_ != nullptr && upstream_->closed()) Release();
}

void Gate::Abandon() {
  LoseTransaction();
  Release();
}

// A request begins in the open transaction. False: there is none upstream, and the client was told
// 4yz.
bool Gate::BeginWait(Wait wait, uint64_t ticket) {
  // An earlier decision ran out of time; its reply may still come, and its recipient may be in.
  if (wait_ != Wait::kNothing) LoseTransaction();
  ticket_ = ticket;
  const bool closed = upstream_ == nullptr || (upstream_->closed() && wait != Wait::kEnd);
  if (lost_ || closed || (wait == Wait::kEnd && !content_)) {
    if (closed && upstream_ != nullptr) {
      last_failure_ = upstream_->failure();
      LoseTransaction();
      Release();
    }
    ticket_ = ticket;
    AnswerPlain(POSTERN_VERDICT_DEFER);
    return false;
  }
  wait_ = wait;
  return true;
}

// ---- The server's side ----

void Gate::Attach(upstream::Client* client, bool used) {
  upstream_ = client;
  used_ = used;
  Advance();
}

void Gate::Unavailable() {
  if (!wants_upstream()) return;
  AnswerFailure(Failure::kUnavailable);
}

upstream::Client* Gate::TakeReleased() {
  upstream::Client* const client = released_;
  released_ = nullptr;
  return client;
}

void Gate::Release() {
  if (upstream_ == nullptr) return;
  released_ = upstream_;
  upstream_ = nullptr;
  used_ = false;
}

// The server's side of the transaction is void: what the client still says in it is answered 4yz.
void Gate::LoseTransaction() {
  lost_ = true;
  wait_ = Wait::kNothing;
  content_ = false;
  fetched_ = false;
  if (upstream_ != nullptr) upstream_->Reset();
}

void Gate::Advance() {
  if (upstream_ == nullptr) return;
  if (wait_ == Wait::kUpstream) HandleStart();
  if (upstream_ != nullptr && wait_ != Wait::kUpstream && wait_ != Wait::kNothing &&
      upstream_->TakeOutcome()) {
    HandleOutcome();
  }
  // Inside content it is kept: what it said before it went away is the message's answer.
  if (upstream_ != nullptr && upstream_->closed() && wait_ == Wait::kNothing && !content_) {
    // Between two transactions it may go: nobody's mail is deferred for that.
    if (open_ && last_failure_ == Failure::kNone) last_failure_ = upstream_->failure();
    LoseTransaction();
    Release();
  }
}

// MAIL waits for a connection that takes it.
void Gate::HandleStart() {
  if (upstream_->closed()) {
    const bool again = used_;
    const bool refused = upstream_->failure() == Failure::kRefused &&
                         upstream_->speaks_for_client() && upstream_->reply().code != 421;
    if (!again) {
      if (refused) {
        AnswerReply(upstream_->reply());
      } else {
        AnswerFailure(upstream_->failure());
      }
    }
    return Release();
  }
  if (!upstream_->ready()) return;
  // Between two transactions the client may have given another name, or TLS may be up.
  if (!upstream_->CanServe(identity_)) return Release();
  upstream_->Serve(identity_);
  if (!upstream_->ready()) return;
  if (queue_.empty()) {
    SendMail();
  } else {
    SendEtrn();
  }
}

void Gate::SendEtrn() {
  // What it offered before it may not offer to this client.
  if (!upstream_->capabilities().Has(upstream::kEtrn)) return AnswerPlain(POSTERN_VERDICT_DEFER);
  wait_ = Wait::kEtrn;
  upstream_->Etrn(queue_.view());
}

void Gate::SendMail() {
  const upstream::Capabilities& capabilities = upstream_->capabilities();
  upstream::Parameters parameters;
  switch (upstream::CarryParameters(mail_parameters_.view(), capabilities, &parameters)) {
    case upstream::Carry::kYes:
      break;
    case upstream::Carry::kNo:
      return AnswerPlain(POSTERN_VERDICT_REJECT, kParameterNotInForce);
    case upstream::Carry::kLacking:
    case upstream::Carry::kTooLong:
      return AnswerPlain(POSTERN_VERDICT_DEFER);
  }
  upstream::MailArguments mail;
  mail.path = mail_path_.view();
  mail.size = mail_size_;
  mail.smtputf8 = mail_utf8_;
  mail.parameters = parameters.view();
  bool carried = !mail_utf8_ || capabilities.Has(upstream::kSmtpUtf8);
  switch (mail_body_) {
    case POSTERN_BODY_NONE:
      break;
    case POSTERN_BODY_7BIT:
      mail.body = upstream::Body::k7Bit;
      break;
    case POSTERN_BODY_8BITMIME:
      mail.body = upstream::Body::k8BitMime;
      carried = carried && capabilities.Has(upstream::kEightBitMime);
      break;
    case POSTERN_BODY_BINARYMIME:
      mail.body = upstream::Body::kBinaryMime;
      carried = carried && upstream_->CanTakeBinary();
      break;
    default:
      carried = false;
  }
  if (!carried) return AnswerPlain(POSTERN_VERDICT_DEFER);
  wait_ = Wait::kMail;
  upstream_->Mail(mail);
}

void Gate::HandleOutcome() {
  const upstream::Reply& reply = upstream_->reply();
  const Wait wait = wait_;
  const bool start = wait == Wait::kMail || wait == Wait::kEtrn;
  if (start && used_ && (reply.code == 421 || reply.code == 0)) {
    // It was idle and the server has had enough of it. MAIL alone is lost, and can be said again.
    wait_ = Wait::kUpstream;
    return Release();
  }
  if (wait == Wait::kEnd) {
    open_ = reply.code == 421;
    content_ = false;
    last_code_ = reply.code;
  }
  if (reply.code == 0) {
    AnswerFailure(upstream_->failure());
    return LoseTransaction();
  }
  const bool fetched = wait == Wait::kBurl && reply.reply_class() == 2;
  if (fetched) content_ = true;
  if (wait == Wait::kBegin && reply.code == 354) {
    content_ = true;
    AnswerPlain(POSTERN_VERDICT_ACCEPT);
  } else if (fetched && burl_last_) {
    fetched_ = true;
    open_ = false;
    AnswerPlain(POSTERN_VERDICT_ACCEPT);
  } else {
    AnswerReply(reply);
  }
  if (wait == Wait::kMail) open_ = reply.reply_class() == 2 || reply.code == 421;
  if (start && reply.reply_class() == 2) used_ = true;
  // The session's clock was faster, and the client was told 4yz: the server must not go on with
  // what it accepted.
  if (result_ < 0) LoseTransaction();
}

// ---- Answers ----

void Gate::AnswerReply(const upstream::Reply& reply) {
  const int32_t verdict = reply.reply_class() == 2   ? POSTERN_VERDICT_ACCEPT
                          : reply.reply_class() == 5 ? POSTERN_VERDICT_REJECT
                                                     : POSTERN_VERDICT_DEFER;
  const uint64_t ticket = ticket_;
  const uint32_t event = wait_ == Wait::kRcpt    ? POSTERN_EVENT_RCPT
                         : wait_ == Wait::kBegin ? POSTERN_EVENT_CONTENT_BEGIN
                         : wait_ == Wait::kEnd   ? POSTERN_EVENT_CONTENT_END
                         : wait_ == Wait::kBurl  ? POSTERN_EVENT_BURL
                         : !queue_.empty()       ? POSTERN_EVENT_ETRN
                                                 : POSTERN_EVENT_MAIL;
  // Of what it refuses the table would give reasons that the server did not.
  const std::string_view text = !reply.text.empty()                 ? reply.text.view()
                                : verdict == POSTERN_VERDICT_REJECT ? "Refused"
                                : verdict == POSTERN_VERDICT_DEFER  ? "Not now, try again later"
                                                                    : "";
  // 421 is the server's goodbye to the gate; the client's session goes on.
  if (!text.empty() && reply.code != 421) {
    postern_answer answer = {};
    answer.struct_size = sizeof(answer);
    answer.verdict = verdict;
    // Of another class than the code, where ETRN has no class 5, it would be no enhanced code.
    if (event != POSTERN_EVENT_ETRN || reply.reply_class() != 5) {
      answer.enhanced_class = reply.enhanced[0];
      answer.enhanced_subject = reply.enhanced[1];
      answer.enhanced_detail = reply.enhanced[2];
      // RFC 3463 section 3.1: X.0.0, other undefined status.
      if (answer.enhanced_class == 0 && verdict != POSTERN_VERDICT_ACCEPT) {
        answer.enhanced_class = static_cast<uint16_t>(reply.reply_class());
      }
    }
    answer.text.data = reinterpret_cast<const uint8_t*>(text.data());
    answer.text.size = text.size();
    answer.code = MayStand(event, reply.code) ? reply.code : CommonCode(event, reply.reply_class());
    Answer(answer);
    if (result_ != POSTERN_E_REPLY) return;
    ticket_ = ticket;
  }
  AnswerPlain(verdict);
}

void Gate::AnswerPlain(int32_t verdict, uint32_t reply_id) {
  const uint64_t ticket = ticket_;
  postern_answer answer = {};
  answer.struct_size = sizeof(answer);
  answer.verdict = verdict;
  answer.reply_id = reply_id;
  Answer(answer);
  if (result_ != POSTERN_E_REPLY || reply_id == 0) return;
  ticket_ = ticket;
  answer.reply_id = 0;
  Answer(answer);
}

void Gate::AnswerFailure(Failure failure) {
  last_failure_ = failure;
  AnswerPlain(POSTERN_VERDICT_DEFER);
}

void Gate::Answer(const postern_answer& answer) {
  result_ = api_->session_answer(session_, ticket_, &answer);
  answered_ = true;
  wait_ = Wait::kNothing;
  ticket_ = 0;
}

void Gate::NoteFlags(int32_t flags) {
  if (flags < 0 || wait_ == Wait::kNothing || (flags & POSTERN_HAS_TICKET) != 0) return;
  // A server that would not even begin is not waited for any longer.
  const bool start = wait_ == Wait::kUpstream;
  last_failure_ = Failure::kTimeout;
  LoseTransaction();
  if (start) Release();
}

bool Gate::TakeResult(int32_t* result) {
  if (!answered_) return false;
  answered_ = false;
  *result = result_;
  return true;
}

size_t Gate::ClientRoom() const {
  if (!content_ || upstream_ == nullptr) return SIZE_MAX;
  const size_t room = upstream_->ContentRoom();
  if (room == SIZE_MAX) return room;
  // A bare newline may come out as CR LF (bare_newline: normalize), and a CR that the session held.
  constexpr size_t kHeld = 8;
  return room <= kHeld ? 0 : (room - kHeld) / 2;
}

}  // namespace postern::gate
