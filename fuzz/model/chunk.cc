// SPDX-License-Identifier: Apache-2.0
//
// BDAT (RFC 3030, contract D5): the octets of a chunk are counted, whatever is said to its line,
// and what is said comes behind them.

#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {

bool Machine::IsBdat(ChunkText* chunk) const {
  return ReadChunkText(line_, setup_.has(kExtraSpaces), chunk);
}

// A line in its place, its arguments not looked at yet.
void Machine::Bdat(std::string_view line) {
  ChunkText chunk;
  ReadChunkText(line, setup_.has(kExtraSpaces), &chunk);
  if (!chunk.size_known) {
    RefuseBdat(chunk, {{kBdatSizeUnknown, POSTERN_RULE_D5}});
    return;
  }
  if (!chunk.right) {
    RefuseBdat(chunk, {{kBadArgument, POSTERN_RULE_C501}});
    return;
  }
  chunk_ = chunk;
  const bool first = chunks_ == Chunks::kNone;
  if (chunk.octets > setup_.message_octets) {
    RefuseBdat(chunk, {{kMessageTooLarge, POSTERN_RULE_LIMIT}});
    return;
  }
  // D4: what passes the limit by its size alone is not begun.
  if (!first && chunk_total_ > setup_.message_octets - chunk.octets) {
    FailChunks(POSTERN_RESET_CONTENT_REFUSED);
    SkipChunk({kMessageTooLarge, POSTERN_RULE_D4});
    return;
  }
  if (!first) {
    ReadChunk();
    return;
  }
  SeenEvent begin;
  begin.type = POSTERN_EVENT_CONTENT_BEGIN;
  begin.ticket = true;
  begin.flags = POSTERN_CONTENT_BDAT;
  if (chunk.last) begin.flags |= POSTERN_CONTENT_LAST;
  if (binary_) begin.flags |= POSTERN_CONTENT_BINARY;
  begin.count = recipients_;
  begin.number = chunk.octets;
  bdat_begin_ = true;
  Decide(POSTERN_EVENT_CONTENT_BEGIN, begin);
}

void Machine::RefuseBdat(const ChunkText& chunk, const std::vector<Refusal>& refusals) {
  // What is no line tells nothing (F2 to F6).
  if (!chunk.size_known || refusals[0].rule <= POSTERN_RULE_F6) {
    RefuseNow(refusals, true);
    if (phase_ != Phase::kClosed) Close(POSTERN_CLOSED_LINE);
    return;
  }
  chunk_ = chunk;
  if (InTransaction()) FailChunks(POSTERN_RESET_CONTENT_REFUSED);
  SkipChunk(refusals[0]);
}

void Machine::FailChunks(uint32_t reset_reason) {
  if (transaction_) {
    SeenEvent reset;
    reset.type = POSTERN_EVENT_RESET;
    reset.reason = reset_reason;
    ExpectEvent(reset);
  }
  transaction_ = false;
  chunks_ = Chunks::kFailed;
}

void Machine::SkipChunk(const Refusal& refusal) {
  skipping_ = true;
  chunk_refusal_ = refusal;
  chunk_has_answer_ = false;
  phase_ = Phase::kChunk;
  chunk_left_ = chunk_.octets;
  if (chunk_left_ == 0) EndOfChunk();
}

void Machine::SkipChunkForHost(uint32_t situation, const ScriptAnswer* answer) {
  chunk_situation_ = situation;
  const ScriptAnswer copy = answer == nullptr ? ScriptAnswer() : *answer;
  const bool has = answer != nullptr;
  skipping_ = true;
  chunk_refusal_ = Refusal();
  chunk_answer_ = copy;
  chunk_has_answer_ = has;
  phase_ = Phase::kChunk;
  chunk_left_ = chunk_.octets;
  if (chunk_left_ == 0) EndOfChunk();
}

void Machine::ReadChunk() {
  skipping_ = false;
  phase_ = Phase::kChunk;
  chunk_left_ = chunk_.octets;
  chunk_total_ += chunk_.octets;
  if (chunk_left_ == 0) EndOfChunk();
}

void Machine::ChunkOctet(char c) {
  Activity();
  --chunk_left_;
  if (!skipping_) {
    content_->AddFromChunk(c, binary_);
    TellRefusedContent();
  }
  if (chunk_left_ == 0) EndOfChunk();
}

void Machine::EndOfSkippedChunk() {
  phase_ = Phase::kCommand;
  // RFC 2033 section 4.3: as many as recipients were accepted, none included.
  const uint32_t times = chunk_.last ? FinalReplies() : 1;
  // The last chunk ends the transaction, whatever became of it.
  if (chunk_.last && InTransaction()) EndTransaction(POSTERN_RESET_CONTENT_REFUSED);
  if (chunk_refusal_.id != 0) {
    RefuseNow({chunk_refusal_}, false, times);
  } else {
    const ScriptAnswer* const answer = chunk_has_answer_ ? &chunk_answer_ : nullptr;
    if (Find(chunk_situation_).code / 100 == 5) {
      RejectByHost(chunk_situation_, answer, times);
    } else {
      ExpectFinal(chunk_situation_, answer, times);
    }
  }
  AfterCommand();
}

void Machine::EndOfChunk() {
  if (skipping_) {
    EndOfSkippedChunk();
    return;
  }
  if (chunk_.last) {
    content_->EndOfChunks();
    TellRefusedContent();
  }
  if (content_refused_) {
    const bool newline = content_->refused() == Content::Refused::kBareNewline;
    phase_ = Phase::kCommand;
    chunks_ = Chunks::kFailed;
    const uint32_t times = chunk_.last ? FinalReplies() : 1;
    if (chunk_.last) EndTransaction(0);
    RefuseNow({newline ? Refusal{kContentBareNewline, POSTERN_RULE_D3}
                       : Refusal{kMessageTooLarge, POSTERN_RULE_D4}},
              false, times);
    AfterCommand();
    return;
  }
  TellContent();
  phase_ = Phase::kCommand;
  SeenEvent end;
  end.ticket = true;
  if (chunk_.last) {
    end.type = POSTERN_EVENT_CONTENT_END;
    end.number = content_->decoded().size() + content_->elsewhere();
  } else {
    end.type = POSTERN_EVENT_CHUNK_END;
    end.number = chunk_.octets;
    end.total = chunk_total_;
  }
  Decide(end.type, end);
}

}  // namespace postern::fuzz::model
