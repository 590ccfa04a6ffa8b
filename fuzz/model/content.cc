// SPDX-License-Identifier: Apache-2.0

#include "fuzz/model/content.h"

namespace postern::fuzz::model {

void Content::Emit(const char* octets, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (refused_ != Refused::kNo) return;
    if (decoded_.size() + elsewhere_ == limit_) {
      refused_ = Refused::kTooLarge;
      return;
    }
    decoded_ += octets[i];
  }
}

// D3: handed on as CR LF, or the message is refused. Never handed on bare.
void Content::Bare() {
  if (normalize_) {
    Emit("\r\n", 2);
  } else if (refused_ == Refused::kNo) {
    refused_ = Refused::kBareNewline;
  }
}

bool Content::EndsInEndOfData() const { return tail_ == "\r\n.\r\n"; }

void Content::AddFromChunk(char c, bool binary) {
  if (binary) {
    Emit(&c, 1);
    return;
  }
  if (cr_) {
    cr_ = false;
    if (c == '\n') {
      Emit("\r\n", 2);
      return;
    }
    Bare();
  }
  if (c == '\r') {
    cr_ = true;
  } else if (c == '\n') {
    Bare();
  } else {
    Emit(&c, 1);
  }
}

void Content::EndOfChunks() {
  if (cr_) Bare();
  cr_ = false;
}

bool Content::Add(char c) {
  tail_ += c;
  if (tail_.size() > 5) tail_.erase(0, 1);
  if (cr_) {
    cr_ = false;
    if (c == '\n') {
      if (dot_) return true;
      Emit("\r\n", 2);
      line_begins_ = true;
      return false;
    }
    dot_ = false;
    line_begins_ = false;
    Bare();
  }
  if (c == '\r') {
    cr_ = true;
    if (!dot_) line_begins_ = false;
    return false;
  }
  // The dot that began this line is no end: it is the one that section 4.5.2 removes.
  dot_ = false;
  if (c == '\n') {
    line_begins_ = false;
    Bare();
    return false;
  }
  if (line_begins_ && c == '.') {
    line_begins_ = false;
    dot_ = true;
    return false;
  }
  line_begins_ = false;
  Emit(&c, 1);
  return false;
}

}  // namespace postern::fuzz::model
