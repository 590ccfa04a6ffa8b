// SPDX-License-Identifier: Apache-2.0
//
// One line, judged by inspection and by a session in the same state, through the C interface.
//
// Target functions: postern_api.inspect (CutLine, Judge, JudgeHelp, WriteReply), session::JudgeLine
// (JudgeFraming, SequenceReply, JudgeArguments, JudgeLimits), the session's ways to refuse (Refuse,
// HandleBareLf) and HELP.
//
// Input: configuration (the defaults, WildConfig, or AUTH with ETRN, ATRN and BURL), state to be
// reached, flags (TLS; log in), cuts, then the line without its CR LF. Oracles: SameVerdict;
// RepliesAreStrict for what inspection words (R4); with CR LF and without it is one line.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/proto/engine_config.pb.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/model/grammar.h"
#include "fuzz/oracle/reply.h"
#include "fuzz/oracle/verdict.h"
#include "fuzz/table_input.h"
#include "plugin_api/postern.h"

namespace postern::fuzz {
namespace {

const postern_api* Api() {
  static const postern_api* const api = postern_plugin_v1(POSTERN_ABI_VERSION, nullptr);
  RequireThat(api != nullptr, "entry", "no table of calls");
  return api;
}

const uint8_t* Octets(std::string_view view) {
  return reinterpret_cast<const uint8_t*>(view.data());
}

struct EngineRelease {
  void operator()(postern_engine* engine) const { Api()->engine_release(engine); }
};
using EnginePtr = std::unique_ptr<postern_engine, EngineRelease>;

// What a session refuses for its number of errors, commands or transactions is no matter of one
// line. Engines are dear and do not change: the last ones are kept.
postern_engine* MakeEngine(const std::string& serialized) {
  static auto& kept = *new std::map<std::string, EnginePtr>();
  v1::EngineConfig config;
  config.ParseFromString(serialized);
  if (config.has_limits()) {
    config.mutable_limits()->clear_errors();
    config.mutable_limits()->clear_commands_without_progress();
    config.mutable_limits()->clear_transactions();
  }
  const std::string octets = config.SerializeAsString();
  const auto found = kept.find(octets);
  if (found != kept.end()) return found->second.get();
  if (kept.size() == 64) kept.clear();
  postern_engine* engine = nullptr;
  Api()->engine_create(nullptr, Octets(octets), octets.size(), nullptr, &engine, nullptr);
  kept[octets].reset(engine);
  return engine;
}

std::string QueueConfig() {
  v1::EngineConfig config;
  config.mutable_extensions()->set_auth(v1::SWITCH_ON);
  config.mutable_extensions()->set_etrn(v1::SWITCH_ON);
  config.mutable_extensions()->set_atrn(v1::SWITCH_ON);
  config.mutable_extensions()->set_burl(v1::SWITCH_ON);
  config.add_auth_mechanisms("PLAIN");
  config.set_auth_without_tls(true);
  return config.SerializeAsString();
}

class Session {
 public:
  Session(postern_engine* engine, uint32_t flags, std::string_view client) {
    postern_session_options options = {};
    options.struct_size = sizeof(options);
    options.flags = flags;
    options.client_address = {Octets(client), client.size()};
    RequireThat(Api()->session_open(engine, &options, &session_) == POSTERN_OK, "open", "refused");
  }
  ~Session() { Api()->session_close(session_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Feeds a line and takes what comes of it. With `accept` every decision is accepted, else only
  // HELP is answered, by default.
  oracle::SessionDid Feed(std::string_view octets, uint8_t cuts, bool accept) {
    oracle::SessionDid did;
    Drain(accept, &did);
    const Pieces pieces(octets, cuts);
    for (const std::string_view piece : pieces.views()) {
      std::string_view left = piece;
      while (!left.empty() && !open_) {
        size_t consumed = 0;
        const int32_t result = Api()->session_feed(session_, Octets(left), left.size(), &consumed);
        RequireThat(result >= 0, "feed", "refused");
        left.remove_prefix(consumed);
        const size_t before = did.event_types.size() + did.output.size();
        Drain(accept, &did);
        RequireThat(consumed != 0 || open_ || did.event_types.size() + did.output.size() != before,
                    "progress", "feed takes nothing and nothing is to be taken");
      }
    }
    return did;
  }

  postern_session_info Info() {
    postern_session_info info = {};
    info.struct_size = sizeof(info);
    RequireThat(Api()->session_info(session_, &info) == POSTERN_OK, "info", "refused");
    return info;
  }

 private:
  void Answer(uint64_t ticket, int32_t verdict) {
    postern_answer answer = {};
    answer.struct_size = sizeof(answer);
    answer.verdict = verdict;
    RequireThat(Api()->session_answer(session_, ticket, &answer) >= 0, "answer", "refused");
  }

  void Drain(bool accept, oracle::SessionDid* did) {
    for (bool more = true; more;) {
      more = false;
      const postern_event* event = nullptr;
      RequireThat(Api()->session_next_event(session_, &event) >= 0, "next_event", "refused");
      if (event != nullptr) {
        more = true;
        did->event_types.push_back(event->type);
        if (event->type == POSTERN_EVENT_ERROR) {
          const auto* error = reinterpret_cast<const postern_event_error*>(event);
          did->errors.push_back({error->reply_id, error->code, error->rule});
        }
        if (event->ticket != 0) {
          const bool help = event->type == POSTERN_EVENT_HELP;
          if (help) did->decided_help = true;
          if (help || accept) {
            Answer(event->ticket, help ? POSTERN_VERDICT_DEFAULT : POSTERN_VERDICT_ACCEPT);
          } else {
            open_ = true;
          }
        }
      }
      const uint8_t* data = nullptr;
      size_t size = 0;
      RequireThat(Api()->session_output(session_, &data, &size) == POSTERN_OK, "output", "refused");
      if (size != 0) {
        more = true;
        did->output.append(reinterpret_cast<const char*>(data), size);
        RequireThat(Api()->session_output_consumed(session_, size) >= 0, "output", "refused");
      }
    }
  }

  postern_session* session_ = nullptr;
  bool open_ = false;  // a decision that is left open
};

bool Accepted(const oracle::SessionDid& did) { return !did.output.empty() && did.output[0] == '2'; }

// Goes as far towards stage `stage` as the configuration lets it; returns POSTERN_INSPECT_* flags.
uint32_t Reach(Session* session, unsigned stage, bool login) {
  uint32_t flags = 0;
  if (!Accepted(session->Feed("", 0, true))) return flags;
  if (stage == 0) return flags;
  if (!Accepted(session->Feed(stage == 1 ? "HELO c.example\r\n" : "EHLO c.example\r\n", 0, true))) {
    return flags;
  }
  flags |= stage == 1 ? POSTERN_INSPECT_HELO : POSTERN_INSPECT_EHLO;
  if (login && Accepted(session->Feed("AUTH PLAIN AGEAYg==\r\n", 0, true))) {
    flags |= POSTERN_INSPECT_AUTHENTICATED;
  }
  if (stage <= 2) return flags;
  const bool utf8 = stage >= 5;
  if (!Accepted(session->Feed(
          utf8 ? "MAIL FROM:<a@b.example> SMTPUTF8\r\n" : "MAIL FROM:<a@b.example>\r\n", 0,
          true))) {
    return flags;
  }
  flags |= POSTERN_INSPECT_MAIL;
  if (utf8) flags |= POSTERN_INSPECT_SMTPUTF8;
  if (stage == 3 || stage == 5) return flags;
  if (Accepted(session->Feed("RCPT TO:<d@e.example>\r\n", 0, true))) flags |= POSTERN_INSPECT_RCPT;
  return flags;
}

oracle::Inspected Inspect(postern_engine* engine, const postern_inspect_context& context,
                          std::string_view line) {
  oracle::Inspected inspected;
  postern_verdict verdict = {};
  verdict.struct_size = sizeof(verdict);
  RequireThat(Api()->inspect(engine, &context, Octets(line), line.size(), &verdict) == POSTERN_OK,
              "inspect", "refused: " + Visible(line));
  const size_t size = verdict.reply_size;
  RequireThat(size <= 2048 || verdict.event_type == POSTERN_EVENT_HELP, "inspect",
              "2,048 octets do not suffice");
  const auto reply = std::make_unique<char[]>(size);
  verdict.reply = reply.get();
  verdict.reply_capacity = size;
  RequireThat(Api()->inspect(engine, &context, Octets(line), line.size(), &verdict) == POSTERN_OK &&
                  verdict.reply_size == size,
              "inspect", "two answers");
  inspected.code = verdict.code;
  inspected.reply_id = verdict.reply_id;
  inspected.rule = verdict.rule;
  inspected.event_type = verdict.event_type;
  inspected.reply.assign(reply.get(), size);
  return inspected;
}

void Run(Input input) {
  // Mostly the defaults: an engine of its own for each input would be most of the work.
  const uint8_t choice = input.Octet();
  const bool queues = choice == 190 || choice == 191;
  postern_engine* const engine = MakeEngine(choice >= 192 ? WildConfig(&input)
                                            : queues      ? QueueConfig()
                                                          : std::string());
  if (engine == nullptr) return;
  const unsigned stage = input.Below(7);
  const uint8_t tls = input.Octet();
  const uint8_t cuts = input.Octet();
  const std::string_view client = "192.0.2.1";
  std::string_view line = input.Rest();
  line = line.substr(0, line.find("\r\n"));
  uint32_t open_flags = 0;
  postern_inspect_context context = {};
  context.struct_size = sizeof(context);
  context.client_address = {Octets(client), client.size()};
  if ((tls & 1) != 0) {
    open_flags |= POSTERN_OPEN_TLS;
    context.flags |= POSTERN_INSPECT_TLS;
  }
  if ((tls & 2) != 0) {
    open_flags |= POSTERN_OPEN_CAN_STARTTLS;
    context.flags |= POSTERN_INSPECT_CAN_STARTTLS;
  }
  Session session(engine, open_flags, client);
  context.flags |= Reach(&session, stage, queues && (tls & 4) != 0);
  context.recipients = session.Info().recipients;

  const std::string ended = std::string(line) + "\r\n";
  const oracle::Inspected inspected = Inspect(engine, context, ended);
  const oracle::Inspected unended = Inspect(engine, context, line);
  RequireThat(inspected.code == unended.code && inspected.reply == unended.reply &&
                  inspected.event_type == unended.event_type && inspected.rule == unended.rule,
              "inspect", "with CR LF and without it is not one line: " + Visible(line));
  if (inspected.code != 0) {
    oracle::ReplyTerms terms;
    terms.one = true;
    terms.code = static_cast<uint16_t>(inspected.code);
    Require("RepliesAreStrict", oracle::RepliesAreStrict(inspected.reply, terms));
    Require("OnlyPrintableCameThrough", oracle::OnlyPrintableCameThrough(inspected.reply, ""));
  }
  // What a session says to a BDAT comes behind its chunk (contract D5).
  std::string octets = ended;
  model::ChunkText chunk;
  if (model::ReadChunkText(line, true, &chunk)) {
    if (chunk.octets > 70000) return;
    octets.append(static_cast<size_t>(chunk.octets), 'x');
  }
  Require("SameVerdict", oracle::SameVerdict(inspected, session.Feed(octets, cuts, false)));
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
