// SPDX-License-Identifier: Apache-2.0
//
// Message content on its way upstream: dots put back (RFC 5321 section 4.5.2), and the last place
// where a CR or LF that stands alone is stopped.
//
// The engine hands on no bare newline (contract D3), so one that comes here is a fault of ours or
// of the host. Two servers that disagree about where content ends are how messages are smuggled
// (CVE-2023-51764): the check costs one pass over octets that are copied anyway, and a message that
// fails it is never completed.
//
// Threads and lifetime: a plain value of one owner; no heap.
#ifndef POSTERN_HOSTS_COMMON_UPSTREAM_CONTENT_H_
#define POSTERN_HOSTS_COMMON_UPSTREAM_CONTENT_H_

#include <cstddef>
#include <cstring>
#include <string_view>

namespace postern::upstream {

class ContentEncoder {
 public:
  // `stuff`: for DATA. BDAT carries octets as they are.
  void Start(bool stuff) {
    stuff_ = stuff;
    held_cr_ = false;
    line_start_ = true;
  }

  // What `octets` of content become at the most: a line that is a dot alone is three octets of
  // content; and a CR may have been held.
  static constexpr size_t Most(size_t octets) { return octets + octets / 3 + 2; }

  // Gives `in`, encoded, to `queue`, which has room for Most(in.size()). A CR is held until its LF
  // comes. False: a bare newline; nothing after it was given.
  template <typename Queue>
  bool Encode(std::string_view in, Queue* queue) {
    while (!in.empty()) {
      if (held_cr_) {
        if (in.front() != '\n') return false;
        queue->Append("\r\n");
        held_cr_ = false;
        line_start_ = true;
        in.remove_prefix(1);
        continue;
      }
      if (line_start_ && stuff_ && in.front() == '.') queue->Append(".");
      const void* const cr = std::memchr(in.data(), '\r', in.size());
      const size_t size =
          cr == nullptr ? in.size() : static_cast<size_t>(static_cast<const char*>(cr) - in.data());
      const std::string_view line = in.substr(0, size);
      if (line.find('\n') != std::string_view::npos) return false;
      queue->Append(line);
      if (!line.empty()) line_start_ = false;
      held_cr_ = cr != nullptr;
      in.remove_prefix(size + (held_cr_ ? 1 : 0));
    }
    return true;
  }

  // At the end: false if a CR stands alone. With dots, content must end in CR LF, and gets one if
  // it has none; it then takes two octets of room.
  template <typename Queue>
  bool Finish(Queue* queue) {
    if (held_cr_) return false;
    if (stuff_ && !line_start_) queue->Append("\r\n");
    line_start_ = true;
    return true;
  }

 private:
  bool stuff_ = true;
  bool held_cr_ = false;
  bool line_start_ = true;
};

}  // namespace postern::upstream

#endif  // POSTERN_HOSTS_COMMON_UPSTREAM_CONTENT_H_
