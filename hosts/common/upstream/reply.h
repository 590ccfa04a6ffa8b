// SPDX-License-Identifier: Apache-2.0
//
// Replies of an upstream server (RFC 5321 section 4.2): octets in, lines and whole replies out.
//
// What it is: a strict reader. A server that sends anything but replies is broken, and nothing it
// says afterwards can be trusted to be the reply to what it seems to answer. What it is not: a
// judge of codes; the client knows which ones fit.
//
// Strict: three digits, the first 2-5; '-' or SP or the line's end; CR LF; one code on all lines.
// Tolerated, because servers do it and nothing hangs on it: a second digit above 5 (571), lines of
// more than 512 octets, and text that is not printable ASCII, which is shown as '?'.
//
// Threads and lifetime: plain values of one owner; no heap. Slices are borrowed until the next
// call.
#ifndef POSTERN_HOSTS_COMMON_UPSTREAM_REPLY_H_
#define POSTERN_HOSTS_COMMON_UPSTREAM_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hosts/common/upstream/fixed.h"

namespace postern::upstream {

// What is kept of a reply: what can be handed on as a reply of our own. Lines that do not fit are
// left out, from the first such line on.
struct Reply {
  static constexpr size_t kMaxText = 2048;
  // With code, enhanced code and CR LF around it, no line exceeds RFC 5321 section 4.5.3.1.5.
  static constexpr size_t kMaxTextLine = 480;
  // As many as the engine takes from a host.
  static constexpr size_t kMaxLines = 32;

  uint16_t code = 0;  // 0: none
  // RFC 3463; all 0 if the reply has none, or one of another class than its code.
  uint16_t enhanced[3] = {0, 0, 0};
  uint16_t lines = 0;
  bool full = false;
  // HT and printable ASCII; lines separated by LF, none of them empty.
  FixedText<kMaxText> text;

  int reply_class() const { return code / 100; }
  void Clear();
  // `line` is the text behind the code and its separator.
  void AddLine(std::string_view line);
};

class ReplyParser {
 public:
  // With CR LF. RFC 5321 says 512; servers with much to say are let pass, those without end are
  // not.
  static constexpr size_t kMaxLine = 2048;
  static constexpr size_t kMaxReplyLines = 128;

  enum class Status : uint8_t {
    kNeedMore,  // all octets were taken
    kLine,      // *line is the next one
    kBroken,    // these are no replies; it stays so
  };
  struct Line {
    uint16_t code = 0;
    bool first = false;
    bool last = false;      // of its reply
    std::string_view text;  // anything but CR, LF and NUL
  };

  // Takes octets up to the end of one line.
  Status Next(std::string_view in, size_t* consumed, Line* line);

  // True if no octet of a reply that is not whole has been taken.
  bool AtReplyStart() const { return !broken_ && size_ == 0 && lines_ == 0; }

 private:
  bool ParseLine(Line* line);

  char octets_[kMaxLine];
  size_t size_ = 0;
  uint16_t code_ = 0;   // of the reply's earlier lines
  uint16_t lines_ = 0;  // of the reply so far
  bool broken_ = false;
};

}  // namespace postern::upstream

#endif  // POSTERN_HOSTS_COMMON_UPSTREAM_REPLY_H_
