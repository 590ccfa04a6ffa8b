// SPDX-License-Identifier: Apache-2.0
//
// What a host can see of one session: output, events, results, information, step by step.
//
// What it is: the record that run.h makes and that the oracles and the contract model read. What it
// is not: a judge.
//
// Threads and lifetime: plain values, which own what they hold.

#ifndef POSTERN_FUZZ_SESSION_TRACE_H_
#define POSTERN_FUZZ_SESSION_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/session/dialogue.h"

namespace postern::fuzz {

// An event with all fields that its type has; text is a copy.
struct SeenEvent {
  uint32_t type = 0;
  uint32_t flags = 0;
  bool ticket = false;
  std::string path, mailbox, local_part, domain, parameters;
  std::string text;  // name, data, argument, tlvs, response, AUTH= of MAIL
  std::string line;
  uint64_t number = 0;  // size, octets
  uint64_t total = 0;   // octets of all chunks
  uint32_t count = 0;   // body, accepted, recipients
  uint32_t reply_id = 0, code = 0, rule = 0;
  uint32_t reason = 0;  // of reset and closed
  // Parameters of delivery extensions, as postern_event_mail and _rcpt have them.
  std::string envid, envid_decoded, orcpt_type, orcpt, orcpt_decoded;
  uint32_t dsn_return = 0, notify = 0, by_mode = 0, rrvs_action = 0;
  int32_t by_seconds = 0, priority = 0;
  int64_t rrvs = 0, hold_until = 0;
  uint32_t hold_for = 0;
  std::string attributes;  // of XCLIENT and XFORWARD: number/state=value, in their order
  std::string proxy;       // version, family, addresses and ports
};

bool operator==(const SeenEvent& a, const SeenEvent& b);
std::string Describe(const SeenEvent& event);

// One call of session_answer.
struct SeenAnswer {
  uint32_t event = 0;  // the decision's type; 0: none was open
  ScriptAnswer answer;
  bool wrong_ticket = false;
  bool later = false;  // no call: the decision stays open
  int32_t result = 0;  // of the call, flags masked to 0
};

struct SeenInfo {
  uint64_t fingerprint = 0;
  uint32_t errors = 0, recipients = 0, tls = 0, extended = 0, authenticated = 0, state = 0;
  uint64_t octets_in = 0, octets_out = 0, lines = 0, messages = 0, memory = 0;
};

// What one step of the dialogue made. The first entry of a trace is the opening.
struct SeenStep {
  StepKind kind = StepKind::kOctets;
  std::string fed;  // octets that the session took in this step
  std::string output;
  std::vector<SeenEvent> events;  // neighbouring content slices are one event
  std::vector<SeenAnswer> answers;
  int32_t result = 0;  // of a notice
  bool ticket = false, start_tls = false, closing = false;
  SeenInfo info;
  uint64_t deadline = 0;
  uint64_t now = 0;
};

// The smallest unit that R2 speaks of: one command line, fed alone.
struct SeenLine {
  std::string line;
  std::string output;
  std::vector<SeenEvent> events;
  bool decision_left_open = false;
  uint64_t fingerprint_before = 0, fingerprint_after = 0;
  uint32_t errors_before = 0, errors_after = 0;
  bool in_content = false;   // when the line began
  bool in_exchange = false;  // of AUTH; the fingerprint before is then that of the command's begin
  bool greeted = true;       // when the line began; before, there is but a PROXY header
  bool handshake = false;    // when the line began
  bool disturbed = false;    // time passed or the host spoke meanwhile
  bool closed = false;       // when it had ended
  bool bdat = false;         // BDAT: the octets of its chunk are part of it (D5); or BURL
  uint32_t replies = 1;      // that it must have
};

struct Trace {
  std::vector<SeenStep> steps;
  std::vector<SeenLine> lines;  // Cuts::kLines only
  std::string fault;            // the session broke a rule of postern.h
  bool auth = false;            // AUTH is on
  size_t memory_at_open = 0;    // what the session holds when it is opened
  size_t memory_peak = 0;
  size_t memory_left = 0;  // after session_close
  size_t allocations = 0;
  size_t final_replies = 0;  // LMTP: for each recipient of each message one
  size_t octets_fed = 0, octets_out = 0, events = 0, calls = 0;
  uint64_t work = 0;  // basic blocks of the engine; 0 where they are not counted (fuzz/work.h)
};

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_SESSION_TRACE_H_
