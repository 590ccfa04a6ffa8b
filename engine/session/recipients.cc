// SPDX-License-Identifier: Apache-2.0
//
// LMTP (RFC 2033 §4.2, §4.3): behind the content of a message stands one reply for each recipient
// that was accepted, in the order of their RCPT.
//
// They count as one answer: an error (R6) where one of them is 5yz and none is 2yz, a completed
// transaction where one is 2yz. All of them are written at once, into room that is made once (B1,
// B2).

#include <cstring>

#include "engine/session/session.h"

namespace postern::session {

using replies::ReplyId;

// What is in the output behind `from` octets of it, until it is there `times` times.
bool Session::Repeat(size_t from, uint32_t times) {
  if (times <= 1) return true;
  const size_t size = output_.size() - from;
  if (!output_.Reserve(size * (times - 1))) {
    // The one reply that stands there may be the first recipient's. The client takes the others for
    // temporary failures (§5).
    Close(CloseReason::kMemory);
    return false;
  }
  const char* const reply = output_.tail() - size;
  for (uint32_t i = 1; i < times; ++i) {
    std::memcpy(output_.tail(), reply, size);
    output_.Commit(size);
  }
  return true;
}

// The verdict of one recipient, never kDefault.
Answer Session::AnswerOf(const Answer& whole, uint32_t recipient) const {
  Answer answer = whole.recipients->At(recipient);
  answer.recipients = nullptr;
  if (answer.verdict == Verdict::kDefault) answer.verdict = whole.verdict;
  if (answer.verdict == Verdict::kDefault) answer.verdict = Verdict::kDefer;
  return answer;
}

AnswerResult Session::AnswerRecipients(uint64_t ticket, const Answer& answer) {
  if (decision_ == EventType::kNone || ticket != ticket_) return AnswerResult::kNoTicket;
  if (answer.verdict < Verdict::kDefault || answer.verdict > Verdict::kDisconnect) {
    return AnswerResult::kBadVerdict;
  }
  if (answer.verdict == Verdict::kDisconnect) {
    // The one reply for all.
    Answer whole = answer;
    whole.recipients = nullptr;
    return AnswerTicket(ticket, whole);
  }
  // The words of the whole would be nobody's.
  if (decision_ != EventType::kContentEnd || !lmtp() || answer.recipients->count() != recipients_ ||
      answer.code != 0 || !answer.text.empty() || answer.reply != ReplyId::kUnspecified) {
    return AnswerResult::kBadReply;
  }
  for (uint32_t i = 0; i < recipients_; ++i) {
    const Answer one = AnswerOf(answer, i);
    // 421 would be the last reply, whoever it is for.
    if (one.verdict < Verdict::kAccept || one.verdict > Verdict::kDefer || one.code == 421) {
      return AnswerResult::kBadReply;
    }
    const bool worded = one.code != 0 || !one.text.empty() || one.reply != ReplyId::kUnspecified;
    if (worded && !MayReply(EventType::kContentEnd, one.verdict, one)) {
      return AnswerResult::kBadReply;
    }
  }
  CloseDecision();
  SettleRecipients(answer);
  return AnswerResult::kOk;
}

void Session::SettleRecipients(const Answer& answer) {
  constexpr EventType kType = EventType::kContentEnd;
  const uint32_t count = recipients_;
  const auto id_of = [this](const Answer& one) {
    return one.reply != ReplyId::kUnspecified ? one.reply : DefaultReply(kType, one.verdict);
  };
  // `out` null: the size of it.
  const auto format = [&](const Answer& one, char* out, size_t capacity) {
    if (one.code == 0) {
      const ReplyId id = id_of(one);
      return ground_->replies->Format(id, ValuesFor(id, false), out, capacity);
    }
    replies::Override words;
    words.code = one.code;
    words.enhanced = one.enhanced;
    words.text = one.text;
    return ground_->replies->FormatOverride(DefaultReply(kType, one.verdict), words, out, capacity);
  };
  size_t size = 0;
  bool accepted = false;
  uint16_t worst = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Answer one = AnswerOf(answer, i);
    const uint16_t code = one.code != 0 ? one.code : ground_->replies->Code(id_of(one));
    accepted |= code < 400;
    if (code > worst) worst = code;
    size += format(one, nullptr, 0);
  }
  if (!accepted && CountError(worst)) {
    RefuseForErrors(kType);
    return;
  }
  Apply(kType, accepted);
  if (!output_.Reserve(size)) {
    Reply(ReplyId::kOutOfMemory);
    Close(CloseReason::kMemory);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) {
    const Answer one = AnswerOf(answer, i);
    output_.Commit(format(one, output_.tail(), output_.room()));
  }
  if (shutdown_ && mode_ == Mode::kCommand) FinishShutdown();
}

}  // namespace postern::session
