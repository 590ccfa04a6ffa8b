// SPDX-License-Identifier: Apache-2.0
//
// A transcript: one behaviour of a session as a text file, with input, answers of the host, wanted
// codes and golden output. README.md describes the format.
//
// What it is: the parsed file, and the way back to text with new golden lines.
// What it is not: the runner (runner.h), nor a judge of what a transcript says.
// Threads and lifetime: plain values.

#ifndef POSTERN_TESTS_TRANSCRIPTS_TRANSCRIPT_H_
#define POSTERN_TESTS_TRANSCRIPTS_TRANSCRIPT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/session/event.h"

namespace postern::transcripts {

// One try at answering a decision. A decision may need several: a bad override leaves it open.
struct Attempt {
  std::string spelled;  // as written, for the golden line
  session::Verdict verdict = session::Verdict::kDefault;
  uint16_t reply = 0;  // number of a ReplyId
  uint16_t code = 0;
  uint16_t enhanced[3] = {0, 0, 0};
  std::string text;
  std::vector<Attempt> recipients;  // LMTP: what each of them is answered
  std::string challenge;            // challenge "octets"
  std::string mechanisms;           // accept mechanisms="PLAIN LOGIN"
  uint64_t octets = 0;              // accept octets=1234
};

// How one decision is answered: the attempts in turn until one is taken, or not yet.
struct AnswerPlan {
  session::EventType event = session::EventType::kNone;
  bool later = false;
  std::vector<Attempt> attempts;
};

// A reply code that a person wants to see, from the contract and the RFC.
struct WantedReply {
  uint16_t code = 0;
  std::string enhanced;  // empty: not looked at
};

enum class StepKind : uint8_t {
  kOpen,     // O: the session is opened
  kOctets,   // C: the client sends
  kTick,     // T: time passes
  kNotice,   // N: the host tells something
  kVerdict,  // V: the decision that was left open is answered
};

struct Step {
  StepKind kind = StepKind::kOctets;
  std::string octets;               // kOctets
  uint64_t milliseconds = 0;        // kTick
  session::Notice notice = {};      // kNotice
  std::vector<Attempt> attempts;    // kVerdict
  std::vector<AnswerPlan> answers;  // for decisions that the step makes
  bool has_wanted = false;          // a W: line stands behind it
  std::vector<WantedReply> wanted;
  std::vector<std::string> wanted_rules;  // of the error events; empty: not looked at
  std::vector<std::string> golden;        // S: and E: lines
  size_t last_line = 0;                   // in `lines`: golden lines come behind it
};

struct OpenOptions {
  bool tls = false;
  bool can_starttls = false;
  bool proxy_header = false;
  bool trusted = false;
  bool submission = false;
  uint64_t unix_ms = 0;
  uint64_t wanted_events = 0;
  std::string client_address;
};

struct Transcript {
  std::string name;   // area/file, without .txt
  std::string title;  // the first line
  std::vector<std::string> rules;
  bool utf8_replies = false;  // replies may hold UTF-8 (RFC 6531 section 3.7.4.1)
  bool enhanced = true;       // ENHANCEDSTATUSCODES is on
  bool lmtp = false;          // RFC 2033 is spoken
  bool chunking = true;       // RFC 3030 is offered
  bool auth = false;          // AUTH is on: an exchange needs more memory
  bool burl = false;          // RFC 4468 is offered
  std::string config;         // serialized postern.v1.EngineConfig
  std::string table;          // serialized postern.v1.ReplyTable; empty: the default table
  OpenOptions options;
  std::vector<Step> steps;         // the first is kOpen
  std::vector<std::string> lines;  // of the file, golden lines left out
};

// Parses the text of a file. Returns false with the reason, which names the line.
bool ParseTranscript(std::string_view name, std::string_view text, Transcript* transcript,
                     std::string* error);

// The text of the file with golden[i] behind step i.
std::string PrintTranscript(const Transcript& transcript,
                            const std::vector<std::vector<std::string>>& golden);

// Reads all area/*.txt below `root`, in order of their names. Returns false with the reason.
bool LoadTranscripts(const std::string& root, std::vector<Transcript>* transcripts,
                     std::string* error);

// Octets for people: printable ASCII as it is, \r \n \t \0 \xHH \\, and {a*500} for long runs. With
// `stop_early`, what stays long is cut and ends in its length and hash.
std::string Visible(std::string_view octets, bool stop_early);
// Visible, in quotation marks unless it is one plain word.
std::string Quoted(std::string_view octets);

// Names as the format writes them; empty for a number without a name.
std::string EventName(session::EventType type);
std::string ReplyName(uint16_t reply);
std::string RuleName(uint8_t rule);

}  // namespace postern::transcripts

#endif  // POSTERN_TESTS_TRANSCRIPTS_TRANSCRIPT_H_
