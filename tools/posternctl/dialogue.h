// SPDX-License-Identifier: Apache-2.0
//
// What a client says, read from a file, and how decisions are answered. Three forms are known:
//   - plain lines, to each of which CR LF is put;
//   - the RFCs' form: lines that begin with `C: ` are the client's, `S: ` and all others are not.
//     `\r \n \t \0 \xHH \\` and `{a*500}` stand for octets, as in tests/transcripts; CR LF is put
//     where a line does not end in an escaped line end. `O:` and `A:` lines are read too;
//   - raw octets (--raw).
//
// Threads: pure.
#ifndef POSTERN_TOOLS_POSTERNCTL_DIALOGUE_H_
#define POSTERN_TOOLS_POSTERNCTL_DIALOGUE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/session/event.h"

namespace postern {
namespace ctl {

// An answer as a host gives it; `text` outlives the session::Answer made of it.
struct PlannedAnswer {
  session::Verdict verdict = session::Verdict::kAccept;
  replies::ReplyId reply = replies::ReplyId::kUnspecified;
  std::string spelled;
};

struct Dialogue {
  // Octets in the order of sending; each piece ends where a line does, as far as it has lines.
  std::vector<std::string> pieces;
  // Answers to decisions by event, used up in turn; those of --answer never are.
  std::map<session::EventType, std::vector<PlannedAnswer>> answers;
  bool tls = false;
  bool can_starttls = false;
  std::string client = "192.0.2.7";
};

// `name` is for errors.
absl::StatusOr<Dialogue> ReadDialogue(const std::string& name, const std::string& content,
                                      bool raw);

// "rcpt=reject:RELAY_DENIED"
absl::Status AddAnswer(const std::string& text, Dialogue* dialogue);

// "mail", "content_end"; kNone for a word that is none, and back.
session::EventType EventOfName(const std::string& name);
std::string NameOfEvent(session::EventType type);
// "C500"
std::string NameOfRule(session::Rule rule);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_DIALOGUE_H_
