// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/gate/pump.h"

#include <algorithm>

namespace postern::gate {

Pump::Pump(const postern_api* api, postern_session* session, Gate* gate)
    : api_(api), session_(session), gate_(gate) {}

void Pump::Note(int32_t result) {
  if (result >= 0) {
    flags_ = result;
    gate_->NoteFlags(result);
  } else if (result <= POSTERN_E_DEAD) {
    dead_ = true;
    flags_ = 0;
  }
}

void Pump::Answer(uint64_t ticket, int32_t verdict) {
  postern_answer answer = {};
  answer.struct_size = sizeof(answer);
  answer.verdict = verdict;
  Note(api_->session_answer(session_, ticket, &answer));
}

// Until the session has no event and the gate no answer.
void Pump::Drain() {
  for (;;) {
    int32_t result;
    while (gate_->TakeResult(&result)) Note(result);
    if (dead_) return;
    const postern_event* event = nullptr;
    Note(api_->session_next_event(session_, &event));
    if (event == nullptr) return;
    See(*event);
    if (gate_->HandleEvent(*event)) continue;
    const uint64_t ticket = event->ticket;
    if (!HandleOther(*event) && ticket != 0) Answer(ticket, POSTERN_VERDICT_DEFAULT);
  }
}

void Pump::Start() { Drain(); }

bool Pump::more() const {
  constexpr int32_t kBusy =
      POSTERN_HAS_TICKET | POSTERN_HAS_OUTPUT | POSTERN_CLOSING | POSTERN_START_TLS;
  return !dead_ && (flags_ & kBusy) == 0 && gate_->ClientRoom() > 0;
}

size_t Pump::FromClient(std::string_view octets) {
  size_t taken = 0;
  while (taken < octets.size() && !dead_ &&
         (flags_ & (POSTERN_HAS_TICKET | POSTERN_CLOSING | POSTERN_START_TLS)) == 0) {
    const size_t size = std::min(octets.size() - taken, gate_->ClientRoom());
    if (size == 0) break;
    size_t consumed = 0;
    Note(api_->session_feed(session_, reinterpret_cast<const uint8_t*>(octets.data()) + taken, size,
                            &consumed));
    taken += consumed;
    const bool event = (flags_ & POSTERN_HAS_EVENT) != 0;
    Drain();
    // It wants room for its output.
    if (consumed == 0 && !event) break;
  }
  clock_.Stand(gate_->ClientRoom() == 0);
  return taken;
}

std::string_view Pump::ToClient() {
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (dead_ || api_->session_output(session_, &data, &size) < 0) return {};
  return {reinterpret_cast<const char*>(data), size};
}

void Pump::ClientTook(size_t octets) {
  Note(api_->session_output_consumed(session_, octets));
  Drain();
}

void Pump::ClientGone() {
  if (!dead_) Note(api_->session_notify(session_, POSTERN_NOTICE_DISCONNECTED));
  Drain();
  gate_->Abandon();
}

void Pump::UpstreamMoved() {
  gate_->Advance();
  Drain();
  clock_.Stand(gate_->ClientRoom() == 0);
}

void Pump::Tick(uint64_t now_ms) {
  const uint64_t time = clock_.At(now_ms);
  if (!dead_) Note(api_->session_tick(session_, time));
  Drain();
}

uint64_t Pump::NextDeadline() const {
  uint64_t deadline = UINT64_MAX;
  if (!dead_) api_->session_next_deadline(session_, &deadline);
  return clock_.Due(deadline);
}

}  // namespace postern::gate
