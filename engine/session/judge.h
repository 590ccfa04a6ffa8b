// SPDX-License-Identifier: Apache-2.0
//
// Judges one command line: framing, verb, enabled, sequence, arguments, limits, in that order, and
// the first that fails decides (500-path contract, "Which code").
//
// What it is: a pure function, shared by sessions and by inspection, so both give the same verdict.
// What it is not: what a right command does (session.cc), nor the host's decision.
// Lifetime: a Judgement borrows the line. Threads: pure.

#ifndef POSTERN_ENGINE_SESSION_JUDGE_H_
#define POSTERN_ENGINE_SESSION_JUDGE_H_

#include <cstdint>
#include <string_view>

#include "engine/commands/parse.h"
#include "engine/replies/reply_id.h"
#include "engine/session/config.h"
#include "engine/wire/line_splitter.h"

namespace postern::session {

// The rules of the 500-path contract. The numbers are those of POSTERN_RULE_* and never change.
enum class Rule : uint8_t {
  kNone = 0,
  kF1 = 1,
  kF2 = 2,
  kF3 = 3,
  kF4 = 4,
  kF5 = 5,
  kF6 = 6,
  kC500 = 20,
  kC501 = 21,
  kC502 = 22,
  kC503 = 23,
  kC504 = 24,
  kC555 = 25,
  kC214 = 26,
  kR6 = 45,
  kD3 = 62,
  kD4 = 63,
  kD5 = 64,
  kB4 = 83,
  kLimit = 100,  // a configured limit: recipients, size, deadlines
};

// The time as the host tells it.
struct Clock {
  uint64_t now_ms = 0;     // on its clock that does not go backwards
  uint64_t opened_ms = 0;  // of the session, on the same
  uint64_t unix_ms = 0;    // then, since 1970; 0: not known

  // Whole seconds since 1970 that have passed by now. Saturates.
  int64_t UnixSeconds() const {
    const uint64_t passed = now_ms - opened_ms;
    const uint64_t ms = passed > UINT64_MAX - unix_ms ? UINT64_MAX : unix_ms + passed;
    return static_cast<int64_t>(ms / 1000);
  }
};

// What the judgement depends on besides the line. `leniency` is the configuration's, also where it
// is null.
struct View : commands::ParseContext {
  const Config* config = nullptr;
  const Clock* clock = nullptr;  // looked at where FUTURERELEASE is in force
  uint32_t recipients = 0;       // accepted in this transaction
  uint32_t transactions = 0;     // accepted in this session
  commands::Phase phase = commands::Phase::kStart;
};

struct Judgement {
  // kUnspecified: the line is right.
  replies::ReplyId reply = replies::ReplyId::kUnspecified;
  Rule rule = Rule::kNone;
  uint8_t octet = 0;        // CONTROL_OCTET, EIGHT_BIT_OCTET, BAD_UTF8: the octet
  uint64_t limit = 0;       // LINE_TOO_LONG and the limits
  std::string_view quoted;  // verb or parameter keyword that the reply may quote
};

Judgement JudgeLine(const wire::Line& line, const View& view, commands::ParsedCommand* command);

// What JudgeLine leaves open of a right AUTH line, since it hangs on the connection: whether
// `auth_line` (Config::auth_line) has the mechanism, and the initial response, which is decoded to
// response[0, *length).
inline constexpr size_t kMaxInitialResponse = 512;  // more than a command line can carry
Judgement JudgeAuth(const commands::ParsedCommand& command, std::string_view auth_line,
                    char (&response)[kMaxInitialResponse], size_t* length);

// How much of a refused line may be shown: of AUTH not what might be a secret, with or without the
// right form.
size_t ShownOctets(std::string_view text);

}  // namespace postern::session

#endif  // POSTERN_ENGINE_SESSION_JUDGE_H_
