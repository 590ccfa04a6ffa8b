// SPDX-License-Identifier: Apache-2.0
//
// Content by BDAT (RFC 3030 §2; contract D5): a chunk follows its line at once and is read or
// skipped by its size, whatever is said to the line, and what is said comes behind it. And content
// by BURL (RFC 4468), which the host fetches: it takes its place among the chunks.

#include <cstring>
#include <new>

#include "engine/session/session.h"

namespace postern::session {

using commands::ParsedCommand;
using commands::Phase;
using commands::Verb;
using replies::ReplyId;

size_t Session::FeedChunk(std::string_view in) {
  size_t used = 0;
  mark_ms_ = clock_.now_ms;
  for (;;) {
    size_t taken = 0;
    std::string_view slice;
    wire::BdatStatus status;
    if (chunk_octet_owed_) {
      // It was taken before, and is given back by being counted now.
      chunk_octet_owed_ = false;
      used = 1;
      status = chunk_.Next({}, &taken, &slice);
    } else {
      status = chunk_.Next(in.substr(used), &taken, &slice);
      used += taken;
    }
    if (status == wire::BdatStatus::kChunkEnd) {
      FinishChunk();
      return used;
    }
    if (status == wire::BdatStatus::kSlice) TakeSlice(slice, chunk_.content_octets());
    // Told as soon as it is known, as with DATA.
    if (over_size_ ||
        (chunk_.faults() != 0 && ground_->config.bare_newline == wire::BareNewline::kReject)) {
      EndTransaction(ResetReason::kContentRefused);
    }
    if (chunk_.chunk_left() != 0) return used;
    // The chunk is read, and its end an event of its own behind those that are there now. So that
    // the host feeds once more, Feed says one octet less than was taken.
    chunk_octet_owed_ = has_event();
    if (chunk_octet_owed_) return used;
  }
}

// A BDAT that is right, in a transaction whose chunks were all taken so far.
void Session::BeginChunk(const ParsedCommand& command) {
  const syntax::BdatArgument chunk =
      commands::ReadChunk(command.argument, ground_->config.leniency);
  const bool first = phase_ != Phase::kChunks;
  if (first) {
    new (&chunk_) wire::BdatDecoder(ground_->config.bare_newline);
    chunk_.Start(binary_ ? wire::BdatContent::kBinary : wire::BdatContent::kLines);
    over_size_ = false;
  }
  // D4: no content has fewer octets than were sent of it, so that this is known at once. Of one
  // chunk alone JudgeLine knew it.
  const uint64_t limit = ground_->config.limits.message_octets;
  if (chunk_.wire_octets() > limit - chunk.octets) {
    FailChunks(ResetReason::kContentRefused);
    SkipChunk(chunk.octets, chunk.last, ReplyId::kMessageTooLarge, Rule::kD4);
    return;
  }
  chunk_octets_ = chunk.octets;
  chunk_last_ = chunk.last;
  chunk_reply_ = ReplyId::kUnspecified;
  chunk_.BeginChunk(chunk.octets, chunk.last);
  if (first) {
    Decide(EventType::kContentBegin);
  } else {
    ReadChunk();
  }
}

// A BDAT that is wrong, or comes at a wrong time, or is not offered.
void Session::RefuseChunk(const Judgement& judgement, const wire::Line& line, size_t verb_octets) {
  const std::string_view text = commands::StripTrailingSpace(line.text);
  syntax::BdatArgument chunk;
  // A line that is no right one (F2 to F6) tells nothing that could be relied on.
  if (judgement.rule > Rule::kF6 && text.size() > verb_octets) {
    chunk = commands::ReadChunk(text.substr(verb_octets), ground_->config.leniency);
  }
  if (!chunk.size_known) {
    RefuseAlone(judgement);
    Close(CloseReason::kLine);
    return;
  }
  // What is lost of a message cannot be mended by what follows: all of it is void.
  if (phase_ >= Phase::kMail) FailChunks(ResetReason::kContentRefused);
  SkipChunk(chunk.octets, chunk.last, judgement.reply, judgement.rule);
}

void Session::ReadChunk() {
  mode_ = Mode::kChunk;
  chunk_octet_owed_ = false;
  // A chunk of no octets is at its end when it begins.
  if (chunk_.chunk_left() == 0) FeedChunk({});
}

void Session::SkipChunk(uint64_t octets, bool last, ReplyId reply, Rule rule) {
  chunk_last_ = last;
  chunk_reply_ = reply;
  chunk_rule_ = rule;
  // What is skipped belongs to a message that is lost, or to none.
  new (&chunk_) wire::BdatDecoder(ground_->config.bare_newline);
  chunk_.SkipChunk(octets);
  ReadChunk();
}

void Session::FailChunks(ResetReason reason) {
  phase_ = Phase::kChunksFailed;
  EndTransaction(reason);
}

// LAST ends the transaction whatever is said to it, as the end of DATA does: what is pipelined
// behind it may be the next one.
void Session::EndChunks(bool last) {
  if (!last || phase_ < Phase::kMail) return;
  EndTransaction(ResetReason::kContentRefused);
  phase_ = Phase::kReady;
  recipients_ = 0;
  smtputf8_ = false;
}

void Session::FinishChunk() {
  mode_ = Mode::kCommand;
  payload_ = Payload();
  if (chunk_reply_ != ReplyId::kUnspecified) {
    FinishSkippedChunk();
  } else if (over_size_ ||
             (chunk_.faults() != 0 && ground_->config.bare_newline == wire::BareNewline::kReject)) {
    FailChunks(ResetReason::kContentRefused);
    const uint32_t times = chunk_last_ ? FinalReplies() : 1;
    EndChunks(chunk_last_);
    Judgement judgement;
    judgement.reply = over_size_ ? ReplyId::kMessageTooLarge : ReplyId::kContentBareNewline;
    judgement.rule = over_size_ ? Rule::kD4 : Rule::kD3;
    judgement.limit = ground_->config.limits.message_octets;
    over_size_ = false;
    RefuseAlone(judgement, times);
  } else {
    Decide(chunk_last_ ? EventType::kContentEnd : EventType::kChunkEnd);
    return;
  }
  if (shutdown_ && mode_ == Mode::kCommand && !transaction_open_) FinishShutdown();
}

void Session::FinishSkippedChunk() {
  // Without CHUNKING it is an unknown command, and has the reply of one.
  const bool offered = ground_->config.Enabled(commands::Extension::kChunking);
  const uint32_t times = chunk_last_ && offered ? FinalReplies() : 1;
  EndChunks(chunk_last_);
  if (chunk_rule_ != Rule::kNone) {
    Judgement judgement;
    judgement.reply = chunk_reply_;
    judgement.rule = chunk_rule_;
    judgement.quoted = commands::GetCommand(Verb::kBdat).name;
    judgement.limit = ground_->config.limits.message_octets;
    RefuseAlone(judgement, times);
    return;
  }
  // The host's refusal, or what stands in for it.
  const uint16_t code = held_ != nullptr ? held_->code : ground_->replies->Code(chunk_reply_);
  if (CountError(code)) {
    replies::Values values = MakeValues();
    values.limit = ground_->config.limits.errors;
    if (ReplyWith(ReplyId::kTooManyErrors, values)) {
      PushError(ReplyId::kTooManyErrors, Rule::kR6,
                ground_->replies->Code(ReplyId::kTooManyErrors));
      Close(CloseReason::kErrors);
    }
  } else {
    const size_t before = output_.size();
    const bool written = held_ != nullptr
                             ? Append({reinterpret_cast<const char*>(held_ + 1), held_->size})
                             : Reply(chunk_reply_);
    if (written) Repeat(before, times);
  }
  DropHeldReply();
}

// The host's word on the content that a first BDAT begins; `reply` and `answer` as in Settle.
void Session::SettleFirstChunk(bool accepted, ReplyId reply, const Answer* answer) {
  if (accepted) {
    phase_ = Phase::kChunks;
    ReadChunk();
    return;
  }
  phase_ = Phase::kChunksFailed;
  if (answer != nullptr && !HoldReply(reply, *answer)) return;
  SkipChunk(chunk_octets_, chunk_last_, reply, Rule::kNone);
}

// The words of the host last no longer than its call: they are kept as the reply they make.
bool Session::HoldReply(ReplyId situation, const Answer& answer) {
  replies::Override words;
  words.code = answer.code;
  words.enhanced = answer.enhanced;
  words.text = answer.text;
  const auto format = [&](char* out, size_t capacity) {
    return ground_->replies->FormatOverride(situation, words, out, capacity);
  };
  const size_t size = format(nullptr, 0);
  void* const place = memory_->allocate(memory_->user, sizeof(HeldReply) + size);
  if (place == nullptr) {
    Reply(ReplyId::kOutOfMemory);
    Close(CloseReason::kMemory);
    return false;
  }
  held_ = new (place) HeldReply{static_cast<uint32_t>(size), answer.code};
  format(reinterpret_cast<char*>(held_ + 1), size);
  return true;
}

void Session::DropHeldReply() {
  if (held_ == nullptr) return;
  memory_->deallocate(memory_->user, held_, sizeof(HeldReply) + held_->size);
  held_ = nullptr;
}

// A BURL that is right, at a time when content may come.
void Session::BeginUrl(const ParsedCommand& command, const wire::Line& line) {
  chunk_octets_ = 0;
  chunk_last_ = command.last;
  if (phase_ != Phase::kChunks) {
    new (&chunk_) wire::BdatDecoder(ground_->config.bare_newline);
    chunk_.Start(binary_ ? wire::BdatContent::kBinary : wire::BdatContent::kLines);
    over_size_ = false;
  } else if (chunk_.holds_cr()) {
    // D3, under either policy: what would stand behind that CR is not seen here.
    FailUrl(ResetReason::kContentRefused);
    Judgement judgement;
    judgement.reply = ReplyId::kContentBareNewline;
    judgement.rule = Rule::kD3;
    RefuseAlone(judgement);
    return;
  }
  SetTextPayload(command.argument, line);
  Decide(EventType::kBurl);
}

// A BURL that is wrong, or comes at a wrong time. As with a chunk: a message that lacks it cannot
// be mended by what is pipelined behind it.
void Session::RefuseUrl(const Judgement& judgement, std::string_view rest) {
  // A line that is no right one (F2 to F6) tells nothing that could be relied on.
  chunk_last_ =
      judgement.rule > Rule::kF6 && commands::SaysLast(commands::StripTrailingSpace(rest));
  FailUrl(ResetReason::kContentRefused);
  RefuseAlone(judgement);
}

// The host has fetched chunk_octets_; `reply` and `answer` as in Settle.
void Session::SettleUrl(ReplyId reply, const Answer* answer) {
  const uint64_t limit = ground_->config.limits.message_octets;
  // D4. What came so far is within the limit.
  if (chunk_octets_ > limit - chunk_.wire_octets()) {
    FailUrl(ResetReason::kContentRefused);
    Judgement judgement;
    judgement.reply = ReplyId::kMessageTooLarge;
    judgement.rule = Rule::kD4;
    judgement.limit = limit;
    RefuseAlone(judgement);
    return;
  }
  phase_ = Phase::kChunks;
  chunk_.CountElsewhere(chunk_octets_);
  if (chunk_last_) {
    Decide(EventType::kContentEnd);
  } else if (answer != nullptr) {
    ReplyOverride(ReplyId::kBurlOk, *answer, false);
  } else {
    Reply(reply);
  }
}

// RFC 4468 §3.2: a URL that is not fetched fails the whole transaction.
void Session::FailUrl(ResetReason reason) {
  FailChunks(reason);
  EndChunks(chunk_last_);
}

}  // namespace postern::session
