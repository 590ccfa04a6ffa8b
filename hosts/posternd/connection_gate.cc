// SPDX-License-Identifier: Apache-2.0
//
// The connection as a gate: the server behind it decides, and gets the content. What each event
// means is in hosts/common/gate; here are the sockets, the domains and the log.

#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "hosts/posternd/connection.h"
#include "hosts/posternd/upstream_link.h"
#include "hosts/posternd/upstream_offer.h"

namespace postern {
namespace posternd {
namespace {

absl::string_view ToView(const postern_bytes& bytes) {
  return absl::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

}  // namespace

void Connection::OpenGate() {
  gate_ = std::make_unique<gate::Gate>(&api(), session_, upstream::Identity());
  BegunUpstream begun = loop_->shared()->upstream->TakeBegun();
  if (begun.client != nullptr) link_ = UpstreamLink::Adopt(loop_, std::move(begun), this);
}

void Connection::TellGateTheClient() {
  if (gate_ == nullptr) return;
  upstream::Identity* const identity = gate_->identity();
  identity->client = ToPeer(client_, client_port_);
  identity->server = PeerAt(fd_, &getsockname);
}

bool Connection::HandleGateEvent(const postern_event& event) {
  switch (event.type) {
    case POSTERN_EVENT_HELO:
      // Answered here, since the gate knows of no mechanisms.
      OnHelo(reinterpret_cast<const postern_event_helo&>(event));
      gate_->identity()->extended = extended_;
      if (!gate_->identity()->helo.Assign(helo_)) gate_->identity()->helo.Clear();
      return true;
    case POSTERN_EVENT_MAIL:
      fresh_only_ = false;
      BeginTransaction(reinterpret_cast<const postern_event_mail&>(event));
      break;
    case POSTERN_EVENT_RCPT: {
      const auto& rcpt = reinterpret_cast<const postern_event_rcpt&>(event);
      if (!Serves(rcpt)) return false;
      recipient_ = absl::StrCat("<", ToView(rcpt.mailbox), ">");
      break;
    }
    case POSTERN_EVENT_CONTENT_BEGIN:
      if (transaction_ != nullptr) transaction_->content = true;
      break;
    case POSTERN_EVENT_CONTENT:
      if (transaction_ != nullptr) {
        transaction_->octets += reinterpret_cast<const postern_event_content&>(event).data.size;
      }
      // Sent once for all that was read, in Process().
      return gate_->HandleEvent(event);
    case POSTERN_EVENT_CONTENT_END:
      relayed_ = true;
      break;
    case POSTERN_EVENT_RESET:
      OnReset(reinterpret_cast<const postern_event_reset&>(event).reason);
      relayed_ = false;
      break;
    case POSTERN_EVENT_CLOSED:
      closed_reason_ = reinterpret_cast<const postern_event_closed&>(event).reason;
      break;
    default:
      return false;
  }
  gate_->HandleEvent(event);
  SettleGate();
  return true;
}

void Connection::SettleGate() {
  if (gate_ == nullptr) return;
  UpstreamOffer* const upstream = loop_->shared()->upstream;
  for (bool more = true; more;) {
    more = false;
    if (link_ != nullptr) {
      link_->Flush();
      gate_->Advance();
    }
    int32_t result;
    if (gate_->TakeResult(&result)) {
      Note(result);
      OnGateDecision(result);
      more = true;
    }
    if (gate_->TakeReleased() != nullptr) {
      link_->Part();
      link_ = nullptr;
      more = true;
    }
    if (gate_->wants_upstream()) {
      bool used = false;
      if (link_ == nullptr && !fresh_only_) {
        link_ = loop_->TakeIdle(*gate_->identity());
        used = link_ != nullptr;
        if (used) link_->Reuse(this);
        // If that one has gone meanwhile, the next is a new one: MAIL is all that was said.
        fresh_only_ = true;
      }
      if (link_ == nullptr) {
        link_ = UpstreamLink::Open(loop_, upstream->target(), upstream->options(),
                                   *gate_->identity(), this);
      }
      if (link_ != nullptr) {
        gate_->Attach(link_->client(), used);
      } else {
        gate_->Unavailable();
      }
      more = true;
    }
  }
}

void Connection::OnGateDecision(int32_t result) {
  if (link_ != nullptr && link_->client()->in_transaction()) {
    loop_->shared()->upstream->Observe(link_->client()->capabilities());
  }
  const upstream::Failure failure = gate_->last_failure();
  if (failure != upstream::Failure::kNone && failure != told_failure_) {
    LogLine(loop_->shared()->log, "upstream", LogColour::kBad)
        .Add("id", absl::StrCat(absl::Hex(id_)))
        .Add("server", loop_->shared()->upstream->target().name)
        .Add("why", std::string(upstream::FailureName(failure)))
        .Write();
  }
  told_failure_ = failure;
  if (!recipient_.empty()) {
    postern_session_info info = {};
    info.struct_size = sizeof(info);
    if (transaction_ != nullptr && session_ != nullptr &&
        api().session_info(session_, &info) >= 0 &&
        info.recipients > transaction_->recipients.size()) {
      transaction_->recipients.push_back(recipient_);
    }
    recipient_.clear();
  }
  if (!relayed_) return;
  relayed_ = false;
  if (transaction_ == nullptr) return;
  const uint16_t code = gate_->last_code();
  const std::string says = absl::StrCat("upstream says ", code);
  if (code / 100 == 2) {
    ++messages_;
    LogMessage(*transaction_, "relayed",
               result >= 0 ? "" : "the client is not told and may send it again");
  } else if (code / 100 == 5) {
    LogMessage(*transaction_, "refused", says);
  } else {
    LogMessage(*transaction_, "deferred",
               code != 0 ? says : std::string(upstream::FailureName(failure)));
  }
  transaction_.reset();
}

void Connection::OnUpstream() {
  if (phase_ == Phase::kClosed || session_ == nullptr) return;
  // An answer counts from the time that the session knows.
  Note(api().session_tick(session_, loop_->Now()));
  DrainEvents();
  gate_->Advance();
  SettleGate();
  DrainEvents();
  Advance();
  ProcessHeldInput();
  Settle();
}

// A descriptor is one connection. When that is gone, no mail can be had in this session any more,
// and the client is not kept. It is, where the server said why it would not begin: MAIL gets that.
void Connection::EndWithTheOnlyServer() {
  if (phase_ != Phase::kOpen || ended_ || broken_ || gate_ == nullptr ||
      loop_->shared()->upstream->target().descriptor < 0) {
    return;
  }
  if (link_ != nullptr && (!link_->client()->closed() || gate_->upstream() != nullptr ||
                           link_->client()->failure() == upstream::Failure::kRefused)) {
    return;
  }
  ended_ = true;
  Note(api().session_notify(session_, POSTERN_NOTICE_SHUTDOWN));
  DrainEvents();
  Advance();
}

size_t Connection::ClientRoom() const { return gate_ == nullptr ? SIZE_MAX : gate_->ClientRoom(); }

}  // namespace posternd
}  // namespace postern
