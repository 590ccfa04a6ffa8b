// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/upstream/reply.h"

#include <algorithm>
#include <cstring>

namespace postern::upstream {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// One to three digits off the front of `text`.
bool TakeNumber(std::string_view* text, uint16_t* number) {
  size_t digits = 0;
  unsigned value = 0;
  while (digits < text->size() && IsDigit((*text)[digits])) {
    if (++digits > 3) return false;
    value = value * 10 + static_cast<unsigned>((*text)[digits - 1] - '0');
  }
  if (digits == 0) return false;
  text->remove_prefix(digits);
  *number = static_cast<uint16_t>(value);
  return true;
}

// RFC 2034 section 4: class "." subject "." detail, then SP or the end. Takes it off the front of
// `text` if it is there.
bool TakeEnhanced(std::string_view* text, uint16_t enhanced[3]) {
  std::string_view rest = *text;
  for (int part = 0; part < 3; ++part) {
    if (part > 0) {
      if (rest.empty() || rest.front() != '.') return false;
      rest.remove_prefix(1);
    }
    if (!TakeNumber(&rest, &enhanced[part])) return false;
  }
  if (enhanced[0] != 2 && enhanced[0] != 4 && enhanced[0] != 5) return false;
  if (!rest.empty() && rest.front() != ' ') return false;
  if (!rest.empty()) rest.remove_prefix(1);
  *text = rest;
  return true;
}

// Reply-code of RFC 5321 section 4.2, or as much of it as there is.
bool BeginsCode(std::string_view line) {
  return (line.empty() || (line[0] >= '2' && line[0] <= '5')) &&
         (line.size() < 2 || IsDigit(line[1])) && (line.size() < 3 || IsDigit(line[2]));
}

}  // namespace

void Reply::Clear() {
  code = 0;
  enhanced[0] = enhanced[1] = enhanced[2] = 0;
  lines = 0;
  full = false;
  text.Clear();
}

void Reply::AddLine(std::string_view line) {
  uint16_t found[3];
  // One of another class would contradict the code before the client's eyes: it is left out.
  if (TakeEnhanced(&line, found) && found[0] == reply_class() && enhanced[0] == 0 && lines == 0) {
    std::copy(found, found + 3, enhanced);
  }
  line = line.substr(0, kMaxTextLine);
  // White space alone says nothing, and cannot stand behind a code.
  if (line.find_first_not_of(" \t") == std::string_view::npos) return;
  if (full || lines == kMaxLines) {
    full = true;
    return;
  }
  char clean[1 + kMaxTextLine];
  size_t size = 0;
  if (lines > 0) clean[size++] = '\n';
  for (const char c : line) {
    clean[size++] = (c >= ' ' && c <= '~') || c == '\t' ? c : '?';
  }
  if (!text.Append({clean, size})) {
    full = true;
    return;
  }
  ++lines;
}

ReplyParser::Status ReplyParser::Next(std::string_view in, size_t* consumed, Line* line) {
  *consumed = in.size();
  if (broken_) return Status::kBroken;
  if (in.empty()) return Status::kNeedMore;
  const void* const found = std::memchr(in.data(), '\n', in.size());
  const size_t take = found == nullptr
                          ? in.size()
                          : static_cast<size_t>(static_cast<const char*>(found) - in.data()) + 1;
  if (take > kMaxLine - size_) {
    broken_ = true;
    return Status::kBroken;
  }
  std::memcpy(octets_ + size_, in.data(), take);
  size_ += take;
  if (found == nullptr) {
    // What cannot become a reply is not waited for: it may be TLS, or another protocol's silence.
    broken_ = !BeginsCode({octets_, size_});
    return broken_ ? Status::kBroken : Status::kNeedMore;
  }
  *consumed = take;
  if (!ParseLine(line)) {
    *consumed = in.size();
    broken_ = true;
    return Status::kBroken;
  }
  return Status::kLine;
}

// octets_ ends in LF.
bool ReplyParser::ParseLine(Line* line) {
  const size_t size = size_;
  size_ = 0;
  if (size < 5 || octets_[size - 2] != '\r') return false;
  const std::string_view whole(octets_, size - 2);
  if (whole.find('\r') != std::string_view::npos || whole.find('\0') != std::string_view::npos) {
    return false;
  }
  if (whole.size() < 3 || !BeginsCode(whole)) return false;
  const auto code =
      static_cast<uint16_t>((whole[0] - '0') * 100 + (whole[1] - '0') * 10 + (whole[2] - '0'));
  if (lines_ > 0 && code != code_) return false;
  if (whole.size() > 3 && whole[3] != '-' && whole[3] != ' ') return false;
  line->code = code;
  line->first = lines_ == 0;
  line->last = whole.size() == 3 || whole[3] == ' ';
  line->text = whole.size() > 4 ? whole.substr(4) : std::string_view();
  code_ = code;
  lines_ = line->last ? uint16_t{0} : static_cast<uint16_t>(lines_ + 1);
  return lines_ <= kMaxReplyLines;
}

}  // namespace postern::upstream
