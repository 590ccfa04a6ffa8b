// SPDX-License-Identifier: Apache-2.0
//
// What goes over the wire between a gate and the server behind it, read with no knowledge of the
// gate: slow, obvious, and from the outside.
//
// What it is: a reader of both directions that finds where the gate's side breaks a rule: a command
// that is none, or is sent before the reply to the one before it; anything sent after the server
// has sent what is no reply; content before 354; a bare newline; content that ends and goes on.
// What it is not: a judge of the server, which may do what it likes.
//
// Rules: RFC 5321 §2.3.8, §4.1.1, §4.2, §4.5.2; RFC 2033; RFC 2920; RFC 3030.
//
// Threads and lifetime: one owner.

#ifndef POSTERN_FUZZ_ORACLE_UPSTREAM_H_
#define POSTERN_FUZZ_ORACLE_UPSTREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "fuzz/check.h"

namespace postern::fuzz::oracle {

class UpstreamWire {
 public:
  // `proxy`: 0, or the version of the PROXY header that comes first.
  UpstreamWire(bool lmtp, int proxy) : lmtp_(lmtp), header_(proxy) {}

  // In the order in which it happened: what the server sent before the gate is told of it.
  Finding Received(std::string_view octets);
  Finding Sent(std::string_view octets);

  // Messages for which the server's replies to content were 2yz, all of them.
  uint64_t accepted() const { return accepted_; }
  // Ends of content that went out.
  uint64_t ended() const { return ended_contents_; }

 private:
  enum class Due : uint8_t {
    kGreeting,
    kHello,
    kOther,
    kMail,
    kRcpt,
    kData,
    kChunk,
    kFinal,
    kBurl
  };

  Finding Command(const std::string& line);
  void Reply(const std::string& code, std::string text);
  void EndOfContent();

  const bool lmtp_;
  int header_;
  std::string received_;  // a reply that is not whole
  std::string sent_;      // a command or content that is not whole
  std::deque<Due> due_ = {Due::kGreeting};
  bool over_ = false;  // the server said what is no reply, or 421, or spoke unasked
  bool content_ = false;
  bool chunking_ = false;
  bool pipelining_ = false;
  bool all_accepted_ = true;
  bool quit_ = false;
  size_t chunk_left_ = 0;
  bool chunk_last_ = false;
  bool fetches_ = false;  // BURL is offered
  bool burl_last_ = false;
  bool binarymime_ = false;  // offered
  bool binary_ = false;      // of the transaction
  char chunk_end_ = '\n';    // the octet before the next one of BDAT content
  uint32_t recipients_ = 0;
  uint64_t accepted_ = 0;
  uint64_t ended_contents_ = 0;
};

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_UPSTREAM_H_
