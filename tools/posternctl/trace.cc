// SPDX-License-Identifier: Apache-2.0
//
// posternctl trace: plays a dialogue through the engine, and shows for each line what was
// understood, by which rule it was judged, the state before and after, and the reply.
//
// It is a host without a network: decisions are answered as told (dialogue.h), time stands still.

#include <stdio.h>

#include <memory>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/commands/parse.h"
#include "engine/replies/reply_rules.h"
#include "engine/session/session.h"
#include "hosts/posternd/posternd_config.pb.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/dialogue.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/ground.h"
#include "tools/posternctl/json.h"
#include "tools/posternctl/paint.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

using session::Event;
using session::EventType;
using session::Verdict;

// What one piece of the client's octets came to.
struct Turn {
  std::string client;  // empty for the greeting
  std::string before;
  std::string after;
  std::vector<std::string> understood;
  std::vector<std::string> rules;    // "C500 UNRECOGNIZED"
  std::vector<std::string> answers;  // "rcpt: reject:RELAY_DENIED"
  std::string reply;
};

std::string PathText(const Event& event) {
  std::string text = absl::StrCat("path ", Visible(std::string(event.path)));
  if (!event.local_part.empty())
    absl::StrAppend(&text, ", local part ", Visible(std::string(event.local_part)));
  if (!event.domain.empty())
    absl::StrAppend(&text, ", domain ", Visible(std::string(event.domain)));
  if (!event.parameters.empty()) {
    absl::StrAppend(&text, ", parameters ", Visible(std::string(event.parameters)));
  }
  const std::pair<uint32_t, const char*> flags[] = {{session::kPathNull, "no address"},
                                                    {session::kPathPostmaster, "the postmaster"},
                                                    {session::kPathQuoted, "quoted local part"},
                                                    {session::kPathLiteral, "address literal"},
                                                    {session::kPathRoute, "source route dropped"},
                                                    {session::kPathUtf8, "UTF-8"},
                                                    {session::kMailSmtpUtf8, "SMTPUTF8"}};
  for (const auto& [flag, name] : flags) {
    if ((event.flags & flag) != 0) absl::StrAppend(&text, ", ", name);
  }
  return text;
}

// What an event says beyond its name.
std::string EventText(const Event& event) {
  switch (event.type) {
    case EventType::kHelo:
      return absl::StrCat((event.flags & session::kHeloLmtp) != 0       ? "LHLO"
                          : (event.flags & session::kHeloExtended) != 0 ? "EHLO"
                                                                        : "HELO",
                          " name ", Visible(std::string(event.text)),
                          (event.flags & session::kHeloLiteral) != 0 ? ", an address literal" : "");
    case EventType::kMail:
      return absl::StrCat("sender: ", PathText(event));
    case EventType::kRcpt:
      return absl::StrCat("recipient ", event.count + 1, ": ", PathText(event));
    case EventType::kContentBegin:
      return absl::StrCat("content for ", event.count,
                          event.count == 1 ? " recipient" : " recipients",
                          (event.flags & session::kContentBdat) != 0 ? ", by BDAT" : "");
    case EventType::kContent:
      return absl::StrCat("content: ", event.text.size(), " octets");
    case EventType::kChunkEnd:
      return absl::StrCat("end of a chunk, ", event.number, " octets of ", event.total, " so far");
    case EventType::kContentEnd:
      return absl::StrCat("end of content, ", event.number, " octets");
    // What a response says may be a password.
    case EventType::kAuth:
      return absl::StrCat("AUTH ", Visible(std::string(event.mechanism)),
                          (event.flags & session::kAuthHasResponse) != 0
                              ? absl::StrCat(", a response of ", event.text.size(), " octets")
                              : "");
    case EventType::kAuthEnd:
      return "the exchange is over";
    case EventType::kVrfy:
    case EventType::kExpn:
    case EventType::kHelp:
    case EventType::kUnknown:
    case EventType::kXclient:
    case EventType::kXforward:
    case EventType::kEtrn:
    case EventType::kAtrn:
    case EventType::kBurl:
    case EventType::kParameter:
      return absl::StrCat(NameOfEvent(event.type), ": ",
                          event.text.empty() ? "no argument" : Visible(std::string(event.text)));
    case EventType::kReset:
      return "the transaction is void";
    case EventType::kQuit:
      return "the client is done";
    case EventType::kClosed:
      return "the session is over";
    default:
      return "";
  }
}

class Player {
 public:
  Player(std::shared_ptr<const session::Ground> ground, Dialogue dialogue)
      : dialogue_(std::move(dialogue)),
        session_(std::move(ground), &wire::DefaultMemory(), MakeOptions(dialogue_)) {}

  std::vector<Turn> Play() {
    std::vector<Turn> turns;
    turns.push_back(Run(""));
    for (const std::string& piece : dialogue_.pieces) {
      if (session_.closing()) {
        Turn rest;
        rest.client = piece;
        rest.before = rest.after = State();
        rest.understood.push_back("not read: the session is over");
        turns.push_back(rest);
        continue;
      }
      turns.push_back(Run(piece));
    }
    return turns;
  }

 private:
  static session::Options MakeOptions(const Dialogue& dialogue) {
    session::Options options;
    options.tls = dialogue.tls;
    options.can_starttls = dialogue.can_starttls;
    options.client_address = dialogue.client;
    return options;
  }

  std::string State() const {
    const session::Info info = session_.GetInfo();
    std::string state;
    if (session_.closing()) return "closed";
    if (session_.start_tls()) return "TLS handshake";
    if (info.content) {
      state = "content";
    } else if (info.chunk) {
      state = "chunk";
    } else if (info.exchange) {
      state = "exchange of AUTH";
    } else {
      switch (info.phase) {
        case commands::Phase::kRefused:
          state = "refused";
          break;
        case commands::Phase::kStart:
          state = "greeted";
          break;
        case commands::Phase::kReady:
          state = "ready";
          break;
        case commands::Phase::kMail:
          state = "mail";
          break;
        case commands::Phase::kRcpt:
        case commands::Phase::kBinaryRcpt:
          state = absl::StrCat("rcpt(", info.recipients, ")");
          break;
        case commands::Phase::kChunks:
          state = absl::StrCat("chunks(", info.recipients, ")");
          break;
        case commands::Phase::kChunksFailed:
          state = "chunks lost";
          break;
      }
    }
    if (info.extended) state += " +ESMTP";
    if (info.tls) state += " +TLS";
    if (info.authenticated) state += " +AUTH";
    if (info.errors > 0) absl::StrAppend(&state, " errors=", info.errors);
    return state;
  }

  PlannedAnswer AnswerFor(EventType type) {
    std::vector<PlannedAnswer>& planned = dialogue_.answers[type];
    if (!planned.empty()) {
      PlannedAnswer answer = planned.front();
      // The last one stays for all that follow.
      if (planned.size() > 1) planned.erase(planned.begin());
      return answer;
    }
    PlannedAnswer answer;
    // What only the host's words could accept is left to the table.
    if (type == EventType::kVrfy || type == EventType::kExpn || type == EventType::kHelp ||
        type == EventType::kUnknown) {
      answer.verdict = Verdict::kDefault;
      answer.spelled = "default";
    } else {
      answer.spelled = "accept";
    }
    return answer;
  }

  void TakeEvents(Turn* turn) {
    Event event;
    while (session_.NextEvent(&event)) {
      const std::string text = EventText(event);
      if (!text.empty()) turn->understood.push_back(text);
      if (event.type == EventType::kError) {
        const replies::ReplyRule* rule = replies::FindReplyRule(event.reply);
        turn->rules.push_back(absl::StrCat(NameOfRule(event.rule), " ",
                                           rule == nullptr ? "" : std::string(rule->name)));
      }
      if (event.ticket == 0) continue;
      const PlannedAnswer planned = AnswerFor(event.type);
      session::Answer answer;
      answer.verdict = planned.verdict;
      answer.reply = planned.reply;
      std::string told = absl::StrCat(NameOfEvent(event.type), ": ", planned.spelled);
      if (session_.AnswerTicket(event.ticket, answer) != session::AnswerResult::kOk) {
        absl::StrAppend(&told, " (does not fit here; the default is given)");
        session_.AnswerTicket(event.ticket, session::Answer());
      }
      if (event.type != EventType::kConnect || planned.spelled != "accept") {
        turn->answers.push_back(told);
      }
    }
  }

  void TakeOutput(Turn* turn) {
    turn->reply.append(session_.output());
    session_.ConsumeOutput(session_.output().size());
  }

  Turn Run(const std::string& octets) {
    Turn turn;
    turn.client = octets;
    turn.before = State();
    const uint64_t lines_before = session_.GetInfo().lines;
    // Verbs that make no event are told by their name.
    std::string silent;
    const session::Info info = session_.GetInfo();
    if (!info.content && !info.chunk && !info.exchange) {
      std::string_view line(octets);
      while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
      const commands::Verb verb = commands::TakeVerb(commands::StripTrailingSpace(line)).verb;
      if (verb == commands::Verb::kRset || verb == commands::Verb::kNoop) {
        silent = std::string(commands::GetCommand(verb).name);
      }
    }
    size_t at = 0;
    do {
      TakeEvents(&turn);
      TakeOutput(&turn);
      size_t used = 0;
      session_.Feed(std::string_view(octets).substr(at), &used);
      at += used;
    } while (at < octets.size() || session_.has_event());
    TakeEvents(&turn);
    TakeOutput(&turn);
    if (session_.start_tls()) {
      session_.Notify(session::Notice::kTlsEstablished);
      turn.understood.push_back("the TLS handshake succeeded");
    }
    turn.after = State();
    if (!silent.empty() && turn.rules.empty() && !turn.reply.empty()) {
      turn.understood.insert(turn.understood.begin(), silent);
    }
    // F2: what follows a bare LF up to the next CR LF is of the same line.
    if (turn.reply.empty() && turn.understood.empty() && turn.rules.empty() && !octets.empty() &&
        session_.GetInfo().lines == lines_before) {
      turn.understood.emplace_back(octets.back() == '\n' ? "the rest of a line that was answered"
                                                         : "no whole line yet");
    }
    return turn;
  }

  Dialogue dialogue_;
  session::Session session_;
};

std::vector<std::string> ReplyLines(const std::string& reply) {
  std::vector<std::string> lines = absl::StrSplit(reply, "\r\n");
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string Print(const std::vector<Turn>& turns, const Paint& paint) {
  std::string out;
  const auto line = [&](const char* label, const std::string& text) {
    absl::StrAppend(&out, "    ", paint.Dim(label), text, "\n");
  };
  for (const Turn& turn : turns) {
    if (!turn.client.empty()) {
      absl::StrAppend(&out, paint.Bold(absl::StrCat("C: ", Visible(turn.client))), "\n");
    } else {
      absl::StrAppend(&out, paint.Bold("(the client connects)"), "\n");
    }
    for (const std::string& one : turn.understood) line("understood  ", one);
    for (const std::string& one : turn.rules) line("rule        ", paint.Red(one));
    for (const std::string& one : turn.answers) line("decided     ", one);
    line("state       ", turn.before == turn.after
                             ? turn.before
                             : absl::StrCat(turn.before, " -> ", paint.Blue(turn.after)));
    for (const std::string& one : ReplyLines(turn.reply)) {
      const unsigned code = one.empty() ? 0 : static_cast<unsigned>(one[0] - '0') * 100;
      absl::StrAppend(&out, paint.OfCode(code, absl::StrCat("S: ", one)), "\n");
    }
  }
  return out;
}

std::string PrintJson(const std::vector<Turn>& turns) {
  JsonWriter json;
  json.BeginList();
  for (const Turn& turn : turns) {
    json.BeginObject().Field("client", turn.client);
    json.Texts("understood", turn.understood)
        .Texts("rules", turn.rules)
        .Texts("decided", turn.answers);
    json.Field("before", turn.before).Field("after", turn.after);
    json.Texts("reply", ReplyLines(turn.reply)).EndObject();
  }
  return json.EndList().Done();
}

}  // namespace

int RunTrace(const Invocation& invocation) {
  const absl::StatusOr<Paint> paint = Paint::FromFlag(stdout);
  if (!paint.ok()) return Fail(paint.status());
  const absl::StatusOr<std::shared_ptr<const session::Ground>> ground = ReadGround();
  if (!ground.ok()) return Fail(ground.status());
  const std::string& path = invocation.arguments[0];
  const absl::StatusOr<std::string> content = ReadAll(path);
  if (!content.ok()) return Fail(content.status());
  absl::StatusOr<Dialogue> dialogue =
      ReadDialogue(path == "-" ? "standard input" : path, *content, absl::GetFlag(FLAGS_raw));
  if (!dialogue.ok()) return Fail(dialogue.status());
  for (const std::string& answer : absl::GetFlag(FLAGS_answer)) {
    const absl::Status status = AddAnswer(answer, &*dialogue);
    if (!status.ok()) return Fail(absl::StrCat("--answer: ", std::string(status.message())));
  }
  dialogue->tls = dialogue->tls || absl::GetFlag(FLAGS_tls);
  dialogue->can_starttls = dialogue->can_starttls || absl::GetFlag(FLAGS_starttls);
  const std::vector<Turn> turns = Player(*ground, *std::move(dialogue)).Play();
  return WriteOutput(absl::GetFlag(FLAGS_json) ? PrintJson(turns) : Print(turns, *paint));
}

}  // namespace ctl
}  // namespace postern
