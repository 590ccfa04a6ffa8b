// SPDX-License-Identifier: Apache-2.0
//
// BoundReplies: a reply table made ready for one server name, and the only writer of reply octets
// (rules R4, R5, R7). Codes, separators, enhanced status codes (RFC 2034), the server name and
// footers are merged when the table is bound, so that a reply without client-dependent
// placeholders is one memcpy. It holds no session state and does no I/O.
//
// Threads and lifetime: immutable after Bind, any thread; holds its table. Every function below
// that formats is noexcept, allocates nothing and reads no global. What a client sent may stand in
// Values as it came: only printable ASCII of it reaches the output, cut to the bounds below (R4).

#ifndef POSTERN_ENGINE_REPLIES_BOUND_REPLIES_H_
#define POSTERN_ENGINE_REPLIES_BOUND_REPLIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/replies/reply_id.h"

namespace postern::replies {

class ReplyTable;

// RFC 5321 section 4.5.3.1.5: a reply line, code and CR LF included.
inline constexpr size_t kMaxReplyLine = 512;
inline constexpr size_t kMaxReplyLines = 64;
// Longest rendering of each placeholder. What is longer is cut and ends in "...".
inline constexpr size_t kMaxServer = 255;
inline constexpr size_t kMaxClientValue = 128;
inline constexpr size_t kMaxWordValue = 40;  // {verb} {topic} {parameter}
inline constexpr size_t kMaxOctetValue = 16;
inline constexpr size_t kMaxLimitValue = 20;  // digits of UINT64_MAX
// What is read of Values::commands; whole words beyond it are dropped.
inline constexpr size_t kMaxCommands = 2048;
// Lines of a reply that a host makes (CheckOverride).
inline constexpr size_t kMaxOverrideLines = 32;

struct BindOptions {
  // Domain or address literal: 1 to 255 octets of printable ASCII without space.
  std::string_view server;
  // RFC 2034: put the enhanced status code on every line that may carry one.
  bool enhanced_status_codes = true;
};

// What placeholders stand for. Any octets are safe here.
struct Values {
  std::string_view client;     // {client}: the client's address, as the host gave it
  std::string_view verb;       // {verb}
  std::string_view topic;      // {topic}
  std::string_view parameter;  // {parameter}: a parameter's or argument's text
  std::string_view octet;      // {octet}: a name or number, such as "0x07"
  uint64_t limit = 0;          // {limit}: octets, recipients, errors, commands or seconds
  std::string_view commands;   // {commands}: verbs in force, separated by spaces
  bool utf8 = false;           // RFC 6531 section 3.7.4.1 lets UTF-8 text go out here
};

// A reply made by the host in place of a table's. Lines of `text` are separated by LF, and there
// is no LF behind the last.
struct Override {
  uint16_t code = 0;
  // Class, subject, detail; all zero: the engine chooses (the situation's own where its class
  // fits, else class.0.0).
  std::array<uint16_t, 3> enhanced = {0, 0, 0};
  std::string_view text;
  bool utf8 = false;  // the text may be UTF-8 (else printable ASCII and HT)
};

enum class OverrideError : uint8_t {
  kNone = 0,
  kSituation,          // unknown id, or one whose reply a host cannot make (EHLO_OK)
  kCode,               // RFC 5321 section 4.3.2 does not allow this code here
  kEnhancedClass,      // the enhanced class is not the code's first digit
  kEnhancedRange,      // subject or detail above 999
  kEnhancedForbidden,  // greeting, HELO and EHLO success, 3yz (RFC 2034)
  kTextEmpty,
  kTextNotPrintable,   // an octet that is neither printable ASCII nor HT
  kTextNotUtf8,        // `utf8` is set and the text is not well-formed UTF-8
  kLineTooLong,        // over 512 octets with code, enhanced code and CR LF
  kTooManyLines,       // over kMaxOverrideLines
  kServerNameMissing,  // 220, 221, 421 and HELO success begin with the server name
};

class BoundReplies {
 public:
  // Null where `table` is null or the server name is not as BindOptions says.
  static std::shared_ptr<const BoundReplies> Bind(std::shared_ptr<const ReplyTable> table,
                                                  const BindOptions& options);

  BoundReplies(const BoundReplies&) = delete;
  BoundReplies& operator=(const BoundReplies&) = delete;

  // The reply code of a situation; 0 for a number that is no ReplyId.
  uint16_t Code(ReplyId id) const noexcept {
    const size_t n = static_cast<size_t>(id);
    return n < kReplyIdLimit ? entries_[0][n].code : uint16_t{0};
  }

  // Upper bound of Format's result for any Values. HELP_OVERVIEW's counts kMaxCommands octets of
  // commands; EHLO_OK's leaves out the keyword lines.
  size_t MaxOctets(ReplyId id) const noexcept {
    const size_t n = static_cast<size_t>(id);
    if (n >= kReplyIdLimit) return 0;
    const size_t ascii = entries_[0][n].max_octets;
    const size_t utf8 = entries_[1][n].max_octets;
    return ascii > utf8 ? ascii : utf8;
  }
  // The same over all ids, and over all that FormatHelpTopic can make.
  size_t MaxOctets() const noexcept { return max_octets_; }
  size_t MaxHelpTopicOctets() const noexcept { return max_help_topic_octets_; }

  // The whole reply where it does not depend on Values; else empty. Borrowed from these replies.
  std::string_view Fixed(ReplyId id, bool utf8) const noexcept {
    const size_t n = static_cast<size_t>(id);
    if (n >= kReplyIdLimit) return {};
    const Entry& entry = entries_[utf8 ? 1 : 0][n];
    return {octets_.data() + entry.offset, entry.fixed};
  }

  // All formatters return the octets that the whole reply needs. They write it where that is at
  // most `capacity`, and nothing otherwise; `out` may be null where `capacity` is 0. They return 0
  // for what does not exist.
  size_t Format(ReplyId id, const Values& values, char* out, size_t capacity) const noexcept;

  // EHLO_OK and one line per keyword ("SIZE 52428800"), RFC 5321 section 4.1.1.1.
  size_t FormatEhlo(const Values& values, const std::string_view* keyword_lines, size_t count,
                    char* out, size_t capacity) const noexcept;

  // AUTH_CHALLENGE: its code and `challenge` in base64, nothing else (RFC 4954 §4). The one line
  // that may be longer than kMaxReplyLine.
  size_t FormatChallenge(std::string_view challenge, char* out, size_t capacity) const noexcept;

  // HELP_OVERVIEW; {commands} is wrapped to as many lines as it needs.
  size_t FormatHelpOverview(const Values& values, char* out, size_t capacity) const noexcept {
    return Format(ReplyId::kHelpOverview, values, out, capacity);
  }

  // HELP_TOPIC's head and the topic's lines. A topic is a command, a reply code, an enhanced code
  // or the id of a reply, without regard to case; a code without a topic of its own is told from
  // the table's reference.
  size_t FormatHelpTopic(std::string_view topic, const Values& values, char* out,
                         size_t capacity) const noexcept;
  bool HasHelpTopic(std::string_view topic) const noexcept;

  // Whether a host's reply may stand in place of `situation`. FormatOverride checks again and
  // returns 0 for one that may not.
  OverrideError CheckOverride(ReplyId situation, const Override& reply) const noexcept;
  size_t FormatOverride(ReplyId situation, const Override& reply, char* out,
                        size_t capacity) const noexcept;

  std::string_view server() const noexcept { return server_; }
  bool enhanced_status_codes() const noexcept { return enhanced_status_codes_; }
  const ReplyTable& table() const noexcept { return *table_; }

 private:
  friend class ReplyCompiler;

  // Literal text, and then one value.
  struct Op {
    uint32_t offset;
    uint32_t length;
    uint8_t value;    // a Placeholder, or kNoValue
    uint8_t prefix;   // kCommands: octets at the literal's end that begin each of its lines
    bool ends_reply;  // kCommands: its last line is the reply's last
  };
  struct Entry {
    uint32_t offset = 0;  // of the whole reply where it is fixed
    uint32_t fixed = 0;   // its length; 0 where it has values
    uint32_t max_octets = 0;
    uint32_t first_op = 0;
    uint16_t op_count = 0;
    uint16_t code = 0;
  };
  struct Topic {
    uint32_t name_offset;
    uint32_t name_length;
    uint32_t offset;
    uint32_t length;
  };

  BoundReplies() = default;

  size_t FormatValues(const Entry& entry, const Values& values, char* out,
                      size_t capacity) const noexcept;
  const Topic* FindTopic(std::string_view topic) const noexcept;

  std::shared_ptr<const ReplyTable> table_;
  std::string server_;
  bool enhanced_status_codes_ = true;
  // All text of all replies; the members below refer into it.
  std::string octets_;
  std::vector<Op> ops_;
  std::vector<Topic> topics_;  // ordered by name
  // [0] for ASCII, [1] for sessions in UTF-8.
  std::array<std::array<Entry, kReplyIdLimit>, 2> entries_ = {};
  // Footer lines of each class, server merged, for replies that a host makes.
  std::array<std::vector<std::string>, 6> footers_;
  std::array<std::array<uint16_t, 3>, kReplyIdLimit> enhanced_ = {};
  size_t max_octets_ = 0;
  size_t max_help_topic_octets_ = 0;
};

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_BOUND_REPLIES_H_
