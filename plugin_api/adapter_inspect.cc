// SPDX-License-Identifier: Apache-2.0
//
// Inspection: one command line judged for a host that owns the wire (postern_api.inspect).
//
// What it is: the engine's splitter, judge and replies applied to one line and a state that the
// host tells. What it is not: a session; it counts nothing and decides nothing that is the host's.
//
// Threads: [any-thread]. Nothing is kept.

#include <cstring>
#include <memory>
#include <string_view>

#include "engine/session/judge.h"
#include "engine/session/session.h"
#include "engine/wire/line_splitter.h"
#include "plugin_api/adapter_calls.h"
#include "plugin_api/adapter_edge.h"
#include "plugin_api/adapter_objects.h"

namespace postern::plugin {
namespace {

using commands::ParsedCommand;
using commands::Phase;
using commands::Verb;
using replies::ReplyId;
using session::Ground;
using session::Judgement;
using session::Rule;

// A line without CR LF is completed here; longer ones go through the splitter's store.
constexpr size_t kCopied = 2048;

enum class Cut { kLine, kBareLf, kOverTotal, kNotOneLine, kNoMemory };

// The line as a session would see it. `buffer` has kCopied + 2 octets; *line may point into it,
// into `octets` or into the splitter.
Cut CutLine(std::string_view octets, char* buffer, wire::LineSplitter* splitter, wire::Line* line) {
  const bool ended = octets.size() >= 2 && octets.substr(octets.size() - 2) == "\r\n";
  if (!ended && octets.size() <= kCopied) {
    if (!octets.empty()) std::memcpy(buffer, octets.data(), octets.size());
    buffer[octets.size()] = '\r';
    buffer[octets.size() + 1] = '\n';
    octets = {buffer, octets.size() + 2};
  }
  std::string_view rest = octets;
  // The second round is for the CR LF of a long line that came without.
  for (int round = 0; round < 2; ++round) {
    size_t used = 0;
    const wire::LineStatus status = splitter->Next(rest, &used, line);
    rest.remove_prefix(used);
    switch (status) {
      case wire::LineStatus::kLine:
        return rest.empty() ? Cut::kLine : Cut::kNotOneLine;
      case wire::LineStatus::kBareLf:
        return Cut::kBareLf;
      case wire::LineStatus::kOverTotal:
        return Cut::kOverTotal;
      case wire::LineStatus::kNoMemory:
        return Cut::kNoMemory;
      case wire::LineStatus::kNeedMore:
        rest = "\r\n";
        break;
    }
  }
  return Cut::kNotOneLine;
}

session::View MakeView(const Ground& ground, const postern_inspect_context& context,
                       session::Clock* clock) {
  const auto has = [&context](uint32_t flag) { return (context.flags & flag) != 0; };
  session::View view;
  view.config = &ground.config;
  view.now.enabled = ground.config.enabled;
  if (!commands::MayOfferAuth(has(POSTERN_INSPECT_TLS), ground.config.auth_without_tls,
                              !ground.config.auth_line.empty())) {
    view.now.enabled &= ~commands::Bit(commands::Extension::kAuth);
  }
  view.now.authenticated = has(POSTERN_INSPECT_AUTHENTICATED);
  if (!has(POSTERN_INSPECT_TRUSTED)) view.now.enabled &= ~commands::kForTrusted;
  const bool submission = has(POSTERN_INSPECT_SUBMISSION) || ground.config.submission;
  if (submission) {
    view.now.enabled &= ~commands::kNotSubmission;
    view.now.enabled |= commands::Bit(commands::Extension::kAuthFirst);
  }
  clock->unix_ms = context.unix_ms;
  view.clock = clock;
  if (!submission || context.unix_ms == 0) {
    view.now.enabled &= ~commands::Bit(commands::Extension::kFutureRelease);
  }
  view.now.can_starttls = has(POSTERN_INSPECT_CAN_STARTTLS);
  view.now.tls = has(POSTERN_INSPECT_TLS);
  view.now.extended = has(POSTERN_INSPECT_EHLO);
  view.recipients = context.recipients;
  view.smtputf8_transaction = has(POSTERN_INSPECT_SMTPUTF8);
  if (has(POSTERN_INSPECT_BDAT)) {
    view.phase = Phase::kChunks;
  } else if (has(POSTERN_INSPECT_RCPT)) {
    view.phase = Phase::kRcpt;
  } else if (has(POSTERN_INSPECT_MAIL)) {
    view.phase = Phase::kMail;
  } else if (has(POSTERN_INSPECT_EHLO) || has(POSTERN_INSPECT_HELO)) {
    view.phase = Phase::kReady;
  }
  return view;
}

// The event that a session raises for a right line.
uint32_t EventOf(const ParsedCommand& command, const session::View& view) {
  if ((command.given & commands::kGivenUnknown) != 0) return POSTERN_EVENT_PARAMETER;
  switch (command.verb) {
    case Verb::kHelo:
    case Verb::kEhlo:
    case Verb::kLhlo:
      return POSTERN_EVENT_HELO;
    case Verb::kMail:
      return POSTERN_EVENT_MAIL;
    case Verb::kRcpt:
      return POSTERN_EVENT_RCPT;
    case Verb::kData:
      return POSTERN_EVENT_CONTENT_BEGIN;
    case Verb::kBdat:
      if (view.phase != Phase::kChunks) return POSTERN_EVENT_CONTENT_BEGIN;
      return commands::ReadChunk(command.argument, view.config->leniency).last
                 ? POSTERN_EVENT_CONTENT_END
                 : POSTERN_EVENT_CHUNK_END;
    case Verb::kEtrn:
      return POSTERN_EVENT_ETRN;
    case Verb::kAtrn:
      return POSTERN_EVENT_ATRN;
    case Verb::kBurl:
      return POSTERN_EVENT_BURL;
    case Verb::kXclient:
      return POSTERN_EVENT_XCLIENT;
    case Verb::kXforward:
      return POSTERN_EVENT_XFORWARD;
    case Verb::kRset:
      return view.phase >= Phase::kMail ? POSTERN_EVENT_RESET : 0;
    case Verb::kQuit:
      return POSTERN_EVENT_QUIT;
    case Verb::kVrfy:
      return POSTERN_EVENT_VRFY;
    case Verb::kExpn:
      return POSTERN_EVENT_EXPN;
    case Verb::kHelp:
      return POSTERN_EVENT_HELP;
    case Verb::kStarttls:
      return POSTERN_EVENT_STARTTLS;
    case Verb::kAuth:
      return POSTERN_EVENT_AUTH;
    default:
      return 0;
  }
}

// What the verdict says, before its reply is written.
struct Finding {
  ReplyId reply = ReplyId::kUnspecified;
  Rule rule = Rule::kNone;
  uint32_t event = 0;
  replies::Values values;
  bool help_topic = false;  // the reply is values.topic's
};

// HELP is answered from the table (C214): a host that owns the wire has no 214 of its own.
// `commands` has room for all names.
void JudgeHelp(const Ground& ground, const session::View& view, std::string_view topic,
               char* commands, Finding* finding) {
  finding->rule = Rule::kC214;
  if (topic.empty()) {
    std::string_view names[commands::kVerbCount];
    const size_t count = commands::CommandsInForce(view.now, names);
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) commands[size++] = ' ';
      size += names[i].copy(commands + size, names[i].size());
    }
    finding->reply = ReplyId::kHelpOverview;
    finding->values.commands = {commands, size};
    return;
  }
  finding->values.topic = topic;
  const Verb verb = commands::FindVerb(topic);
  const bool offered =
      verb == Verb::kUnknown || commands::InForce(commands::GetCommand(verb).needs, view.now);
  if (offered && ground.replies->HasHelpTopic(topic)) {
    finding->reply = ReplyId::kHelpTopic;
    finding->help_topic = true;
    return;
  }
  finding->reply = ReplyId::kHelpTopicUnknown;
  finding->rule = Rule::kC504;
}

// "0x07" into `out`, which has room for four.
std::string_view OctetName(uint8_t octet, char* out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  out[0] = '0';
  out[1] = 'x';
  out[2] = kDigits[octet >> 4];
  out[3] = kDigits[octet & 15];
  return {out, 4};
}

size_t WriteReply(const Ground& ground, const Finding& finding, char* out, size_t capacity) {
  const replies::BoundReplies& replies = *ground.replies;
  if (finding.help_topic) {
    return replies.FormatHelpTopic(finding.values.topic, finding.values, out, capacity);
  }
  return replies.Format(finding.reply, finding.values, out, capacity);
}

int32_t Judge(const Ground& ground, const Host& host, const postern_inspect_context& context,
              std::string_view octets, postern_verdict* verdict) {
  char buffer[kCopied + 2];
  char octet[4];
  char commands[commands::kVerbCount * 10];
  wire::LineSplitter splitter(&host.memory, ground.line_capacity,
                              ground.config.limits.line_total_octets);
  wire::Line line;
  session::Clock clock;
  const session::View view = MakeView(ground, context, &clock);
  ParsedCommand command;
  Judgement judgement;
  switch (CutLine(octets, buffer, &splitter, &line)) {
    case Cut::kLine:
      judgement = session::JudgeLine(line, view, &command);
      if (judgement.reply == ReplyId::kUnspecified && command.verb == Verb::kAuth) {
        char response[session::kMaxInitialResponse];
        size_t length = 0;
        judgement = session::JudgeAuth(command, ground.config.auth_line, response, &length);
        wire::Wipe(response, sizeof(response));
      }
      break;
    case Cut::kBareLf:
      judgement.reply = ReplyId::kBareLf;
      judgement.rule = Rule::kF2;
      break;
    case Cut::kOverTotal:
      judgement.reply = ReplyId::kLineWithoutEnd;
      judgement.rule = Rule::kF5;
      break;
    case Cut::kNotOneLine:
      host.Misbehaved("inspect", "more than one line");
      return POSTERN_E_ARGUMENT;
    case Cut::kNoMemory:
      return POSTERN_E_MEMORY;
  }

  Finding finding;
  finding.values.client = View(context.client_address);
  if (judgement.reply == ReplyId::kUnrecognized && ground.config.offer_unknown_commands) {
    finding.event = POSTERN_EVENT_UNKNOWN;
  } else if (judgement.reply != ReplyId::kUnspecified) {
    finding.reply = judgement.reply;
    finding.rule = judgement.rule;
    finding.event = POSTERN_EVENT_ERROR;
    finding.values.verb = judgement.quoted;
    finding.values.parameter = judgement.quoted;
    finding.values.octet = OctetName(judgement.octet, octet);
    finding.values.limit = judgement.limit;
  } else {
    finding.event = EventOf(command, view);
    if (command.verb == Verb::kHelp) {
      JudgeHelp(ground, view, command.argument, commands, &finding);
    }
  }

  verdict->code = 0;
  verdict->reply_id = static_cast<uint32_t>(finding.reply);
  verdict->rule = static_cast<uint32_t>(finding.rule);
  verdict->event_type = finding.event;
  verdict->reply_size = 0;
  if (finding.reply != ReplyId::kUnspecified) {
    verdict->code = ground.replies->Code(finding.reply);
    verdict->reply_size = WriteReply(ground, finding, verdict->reply, verdict->reply_capacity);
  }
  return POSTERN_OK;
}

}  // namespace

int32_t Inspect(postern_engine* engine, const postern_inspect_context* context, const uint8_t* line,
                size_t size, postern_verdict* verdict) noexcept {
  constexpr std::string_view kCall = "inspect";
  if (engine == nullptr) return POSTERN_E_ARGUMENT;
  std::shared_ptr<const Ground> ground;
  std::shared_ptr<const Host> host;
  if (!FindGround(engine, &ground, &host)) return POSTERN_E_DEAD;
  postern_inspect_context ours;
  if (!CopyIn(context, &ours) || !IsValid(ours.client_address)) {
    host->Misbehaved(kCall, "context is null, too small, or has an address without data");
    return POSTERN_E_ARGUMENT;
  }
  if (line == nullptr && size > 0) {
    host->Misbehaved(kCall, "line is null with a size");
    return POSTERN_E_ARGUMENT;
  }
  if (verdict == nullptr || verdict->struct_size < kFirstSize<postern_verdict> ||
      (verdict->reply == nullptr && verdict->reply_capacity > 0)) {
    host->Misbehaved(kCall, "verdict is null, too small, or has a capacity and no buffer");
    return POSTERN_E_ARGUMENT;
  }
  try {
    return Judge(*ground, *host, ours, View(line, size), verdict);
  } catch (...) {
    return POSTERN_E_INTERNAL;
  }
}

}  // namespace postern::plugin
