// SPDX-License-Identifier: Apache-2.0

#include "fuzz/session/run.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/model/grammar.h"
#include "fuzz/work.h"
#include "plugin_api/postern.h"

namespace postern::fuzz {
namespace {

struct Counter {
  size_t now = 0, peak = 0, allocations = 0;
};

void* Allocate(void* user, size_t size) {
  auto* const counter = static_cast<Counter*>(user);
  counter->now += size;
  if (counter->now > counter->peak) counter->peak = counter->now;
  ++counter->allocations;
  return std::malloc(size);
}

void Deallocate(void* user, void* memory, size_t size) {
  static_cast<Counter*>(user)->now -= size;
  std::free(memory);
}

// What the targets themselves do wrong ends the program at once, apart from any oracle.
void Must(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "session target: %s\n", what);
  std::abort();
}

std::string Copy(const postern_bytes& bytes) {
  return bytes.size == 0 ? std::string()
                         : std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

const uint8_t* Octets(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

template <typename T>
const T& As(const postern_event* event) {
  return *reinterpret_cast<const T*>(event);
}

SeenEvent Convert(const postern_event* from) {
  SeenEvent event;
  event.type = from->type;
  event.flags = from->flags;
  event.ticket = from->ticket != 0;
  switch (from->type) {
    case POSTERN_EVENT_PROXY_HEADER: {
      const auto& e = As<postern_event_proxy_header>(from);
      event.proxy = std::to_string(e.version) + '/' + std::to_string(e.family) + '/' +
                    std::to_string(e.source_port) + '/' + std::to_string(e.destination_port) + '/';
      event.proxy.append(reinterpret_cast<const char*>(e.source), sizeof(e.source));
      event.proxy.append(reinterpret_cast<const char*>(e.destination), sizeof(e.destination));
      event.text = Copy(e.tlvs);
      break;
    }
    case POSTERN_EVENT_HELO:
      event.text = Copy(As<postern_event_helo>(from).name);
      break;
    case POSTERN_EVENT_MAIL: {
      const auto& e = As<postern_event_mail>(from);
      event.path = Copy(e.reverse_path);
      event.mailbox = Copy(e.mailbox);
      event.local_part = Copy(e.local_part);
      event.domain = Copy(e.domain);
      event.parameters = Copy(e.parameters);
      event.number = e.size;
      event.count = e.body;
      event.envid = Copy(e.envid);
      event.envid_decoded = Copy(e.envid_decoded);
      event.dsn_return = e.dsn_return;
      event.by_mode = e.by_mode;
      event.by_seconds = e.by_seconds;
      event.priority = e.priority;
      event.hold_for = e.hold_for;
      event.hold_until = e.hold_until;
      event.text = Copy(e.auth);
      break;
    }
    case POSTERN_EVENT_RCPT: {
      const auto& e = As<postern_event_rcpt>(from);
      event.path = Copy(e.forward_path);
      event.mailbox = Copy(e.mailbox);
      event.local_part = Copy(e.local_part);
      event.domain = Copy(e.domain);
      event.parameters = Copy(e.parameters);
      event.count = e.accepted;
      event.orcpt_type = Copy(e.orcpt_type);
      event.orcpt = Copy(e.orcpt);
      event.orcpt_decoded = Copy(e.orcpt_decoded);
      event.notify = e.notify;
      event.rrvs = e.rrvs;
      event.rrvs_action = e.rrvs_action;
      break;
    }
    case POSTERN_EVENT_CONTENT_BEGIN:
      event.count = As<postern_event_content_begin>(from).recipients;
      event.number = As<postern_event_content_begin>(from).chunk_octets;
      break;
    case POSTERN_EVENT_CHUNK_END:
      event.number = As<postern_event_chunk_end>(from).octets;
      event.total = As<postern_event_chunk_end>(from).total;
      break;
    case POSTERN_EVENT_CONTENT:
      event.text = Copy(As<postern_event_content>(from).data);
      break;
    case POSTERN_EVENT_CONTENT_END:
      event.number = As<postern_event_content_end>(from).octets;
      break;
    case POSTERN_EVENT_ETRN:
      event.text = Copy(As<postern_event_etrn>(from).name);
      break;
    case POSTERN_EVENT_ATRN:
      event.text = Copy(As<postern_event_atrn>(from).domains);
      break;
    case POSTERN_EVENT_BURL: {
      const auto& e = As<postern_event_burl>(from);
      event.text = Copy(e.url);
      event.total = e.total;
      event.count = e.recipients;
      break;
    }
    case POSTERN_EVENT_XCLIENT:
    case POSTERN_EVENT_XFORWARD: {
      const auto& e = As<postern_event_client>(from);
      event.text = Copy(e.argument);
      for (size_t i = 0; i < e.attribute_count; ++i) {
        const postern_client_attribute& a = e.attributes[i];
        event.attributes +=
            std::to_string(a.attribute) + '/' + std::to_string(a.state) + '=' + Copy(a.value) + ' ';
      }
      break;
    }
    case POSTERN_EVENT_PARAMETER: {
      const auto& e = As<postern_event_parameter>(from);
      event.text = Copy(e.keyword);
      event.parameters = Copy(e.value);
      event.count = e.command;
      break;
    }
    case POSTERN_EVENT_RESET:
      event.reason = As<postern_event_reset>(from).reason;
      break;
    case POSTERN_EVENT_VRFY:
    case POSTERN_EVENT_EXPN:
    case POSTERN_EVENT_HELP:
    case POSTERN_EVENT_UNKNOWN: {
      const auto& e = As<postern_event_query>(from);
      event.text = Copy(e.argument);
      event.line = Copy(e.line);
      break;
    }
    case POSTERN_EVENT_ERROR: {
      const auto& e = As<postern_event_error>(from);
      event.reply_id = e.reply_id;
      event.code = e.code;
      event.rule = e.rule;
      event.line = Copy(e.line);
      break;
    }
    case POSTERN_EVENT_AUTH: {
      const auto& e = As<postern_event_auth>(from);
      event.path = Copy(e.mechanism);
      event.text = Copy(e.response);
      event.count = e.round;
      break;
    }
    case POSTERN_EVENT_AUTH_END:
      event.reason = As<postern_event_auth_end>(from).reason;
      break;
    case POSTERN_EVENT_CLOSED:
      event.reason = As<postern_event_closed>(from).reason;
      break;
    default:
      break;
  }
  return event;
}

// Engines and tables by what they are made of. They are kept: loading a table costs more than a
// dialogue does.
class Engines {
 public:
  Engines() : api_(postern_plugin_v1(POSTERN_ABI_VERSION, nullptr)) {
    Must(api_ != nullptr, "the ABI is not served");
    for (unsigned i = 0; i < kTableChoices; ++i) {
      const std::string table = SerializedTable(static_cast<TableChoice>(i));
      Check(api_->table_load(Octets(table), table.size(), &tables_[i], error()), "table");
    }
  }

  const postern_api* api() const { return api_; }
  Counter* counter() { return &counter_; }
  postern_table* table(TableChoice choice) { return tables_[static_cast<unsigned>(choice)]; }

  postern_engine* Get(const Setup& setup) {
    std::string key = SerializedConfig(setup);
    key += static_cast<char>(setup.table);
    postern_engine*& engine = engines_[key];
    if (engine != nullptr) return engine;
    if (engines_.size() > 512) {
      for (auto& [unused, old] : engines_) {
        if (old != nullptr) api_->engine_release(old);
      }
      engines_.clear();
    }
    postern_host host = {};
    host.struct_size = sizeof(host);
    host.user = &counter_;
    host.allocate = Allocate;
    host.deallocate = Deallocate;
    key.pop_back();
    postern_engine* made = nullptr;
    Check(api_->engine_create(&host, Octets(key), key.size(), table(setup.table), &made, error()),
          "configuration");
    key += static_cast<char>(setup.table);
    engines_[key] = made;
    return made;
  }

 private:
  postern_error* error() {
    error_ = {};
    error_.struct_size = sizeof(error_);
    error_.text = text_;
    error_.capacity = sizeof(text_);
    return &error_;
  }
  void Check(int32_t result, const char* what) {
    if (result < 0) std::fprintf(stderr, "%s: %s\n", what, text_);
    Must(result >= 0, "refused");
  }

  const postern_api* const api_;
  Counter counter_;
  postern_table* tables_[kTableChoices] = {};
  std::map<std::string, postern_engine*> engines_;
  postern_error error_ = {};
  char text_[2048] = "";
};

Engines& TheEngines() {
  static auto* const engines = new Engines();
  return *engines;
}

class Runner {
 public:
  Runner(const Dialogue& dialogue, Cuts cuts, bool late_output)
      : dialogue_(dialogue),
        setup_(dialogue.setup),
        cuts_(cuts),
        late_output_(late_output),
        cutter_(cuts == Cuts::kRandom   ? setup_.cuts
                : cuts == Cuts::kSingle ? 1
                                        : 0),
        api_(TheEngines().api()),
        counter_(TheEngines().counter()) {}

  Trace Go() {
    engine_ = TheEngines().Get(setup_);
    *counter_ = Counter();
    work_begun_ = WorkDone();
    Open();
    for (const DialogueStep& step : dialogue_.steps) {
      if (!trace_.fault.empty()) break;
      Play(step);
    }
    trace_.memory_peak = counter_->peak;
    trace_.allocations = counter_->allocations;
    api_->session_close(session_);
    trace_.memory_left = counter_->now;
    trace_.work = WorkDone() - work_begun_;
    if (swapped_) api_->engine_set_table(engine_, TheEngines().table(setup_.table), nullptr);
    return std::move(trace_);
  }

 private:
  void Open() {
    postern_session_options options = {};
    options.struct_size = sizeof(options);
    if (setup_.tls) options.flags |= POSTERN_OPEN_TLS;
    if (setup_.can_starttls) options.flags |= POSTERN_OPEN_CAN_STARTTLS;
    if (setup_.proxy_header) options.flags |= POSTERN_OPEN_PROXY_HEADER;
    if (setup_.trusted) options.flags |= POSTERN_OPEN_TRUSTED;
    if (setup_.submission) options.flags |= POSTERN_OPEN_SUBMISSION;
    if (setup_.future_release) options.unix_ms = kUnixMs;
    options.now_ms = now_;
    options.wanted_events = setup_.wanted_events;
    static constexpr std::string_view kClient = "192.0.2.1";
    options.client_address = {Octets(kClient), kClient.size()};
    // The plans that stand before anything else are for the opening, too.
    for (; at_ < dialogue_.steps.size() && dialogue_.steps[at_].kind == StepKind::kPlan; ++at_) {
      plans_.push_back(dialogue_.steps[at_].answer);
    }
    skip_ = at_;
    trace_.steps.emplace_back();
    Must(api_->session_open(engine_, &options, &session_) >= 0, "session_open");
    trace_.memory_at_open = counter_->now;
    trace_.auth = setup_.auth;
    Take(api_->session_tick(session_, now_), "tick");
    Pump();
    EndStep();
  }

  void Play(const DialogueStep& step) {
    if (skip_ > 0) {
      --skip_;
      return;
    }
    if (step.kind == StepKind::kPlan) {
      plans_.push_back(step.answer);
      return;
    }
    if (step.kind == StepKind::kTwice) {
      twice_ = true;
      return;
    }
    // What a line does is judged only where nothing else happens meanwhile.
    if (step.kind != StepKind::kOctets && line_begun_) line_disturbed_ = true;
    trace_.steps.emplace_back();
    now_step().kind = step.kind;
    switch (step.kind) {
      case StepKind::kOctets:
        pending_ += step.octets;
        break;
      case StepKind::kTick:
        now_ = now_ + step.milliseconds < now_ ? UINT64_MAX : now_ + step.milliseconds;
        if (!Closed()) Take(api_->session_tick(session_, now_), "tick");
        break;
      case StepKind::kNotice: {
        const int32_t result = api_->session_notify(session_, step.choice);
        now_step().result = result < 0 ? result : 0;
        if (result >= 0) Take(result, "notify");
        break;
      }
      case StepKind::kVerdict:
        Answer(ticket_ == 0 ? last_ticket_ : ticket_, step.answer, false);
        break;
      case StepKind::kWrongTicket:
        Answer((ticket_ == 0 ? last_ticket_ : ticket_) + 0x100000001, step.answer, true);
        break;
      case StepKind::kSwap: {
        // One is as good as many, and each binds a table.
        if (swapped_) break;
        swapped_ = true;
        const uint64_t before = WorkDone();
        Must(api_->engine_set_table(
                 engine_, TheEngines().table(static_cast<TableChoice>(step.choice)), nullptr) >= 0,
             "engine_set_table");
        // Binding a table is no work of the session.
        work_begun_ += WorkDone() - before;
        break;
      }
      default:
        break;
    }
    Pump();
    EndStep();
  }

  SeenStep& now_step() { return trace_.steps.back(); }
  size_t Left() const { return pending_.size() - pending_at_; }
  bool Closed() const { return (flags_ & POSTERN_CLOSING) != 0; }

  void Fault(const std::string& what) {
    if (trace_.fault.empty()) trace_.fault = what;
  }

  void Take(int32_t result, const char* call) {
    if (result < 0) {
      Fault(std::string(call) + " failed with " + api_->error_name(result));
      return;
    }
    flags_ = static_cast<uint32_t>(result);
  }

  void EndStep() {
    SeenStep& step = now_step();
    const postern_event* event = nullptr;
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (api_->session_next_event(session_, &event) < 0 || event != nullptr) {
      Fault("an event without HAS_EVENT");
    }
    if (api_->session_output(session_, &data, &size) < 0 || size != 0) {
      Fault("output without HAS_OUTPUT");
    }
    step.ticket = (flags_ & POSTERN_HAS_TICKET) != 0;
    step.start_tls = (flags_ & POSTERN_START_TLS) != 0;
    step.closing = Closed();
    step.info = Info();
    step.now = now_;
    if (api_->session_next_deadline(session_, &step.deadline) < 0) Fault("next_deadline failed");
    if (step.info.memory != counter_->now && counter_checked_) {
      Fault("session_info tells " + std::to_string(step.info.memory) + " octets of memory, " +
            std::to_string(counter_->now) + " are allocated");
    }
  }

  SeenInfo Info() {
    postern_session_info from = {};
    from.struct_size = sizeof(from);
    if (api_->session_info(session_, &from) < 0) Fault("session_info failed");
    SeenInfo info;
    info.fingerprint = from.fingerprint;
    info.errors = from.errors;
    info.recipients = from.recipients;
    info.tls = from.tls;
    info.extended = from.extended;
    info.authenticated = from.authenticated;
    info.state = from.state;
    info.octets_in = from.octets_in;
    info.octets_out = from.octets_out;
    info.lines = from.lines;
    info.messages = from.messages;
    info.memory = from.memory_octets;
    return info;
  }

  // One call of session_answer, and a second one with the same ticket where the dialogue wants it.
  bool Answer(uint64_t ticket, const ScriptAnswer& plan, bool wrong) {
    if (plan.verdict == kLater) return false;
    ScriptAnswer script = plan;
    std::vector<postern_answer> recipients;
    // A challenge goes to one client, not to recipients.
    if (script.form == 4 && script.verdict == kChallenge) {
      script.form = 0;
      script.recipients.clear();
    }
    if (script.form == 4) FitRecipients(&script, &recipients);
    postern_answer answer = {};
    answer.struct_size = sizeof(answer);
    // A number that is no verdict: the call is to refuse it.
    answer.verdict = script.verdict;
    if (script.verdict == kNoVerdict) answer.verdict = 77;
    if (script.verdict == kChallenge) answer.verdict = POSTERN_VERDICT_CHALLENGE;
    std::string text;
    if (script.form == 1) answer.reply_id = script.reply_id;
    if (script.form >= 2 && script.verdict == kChallenge) {
      text = script.form == 2 ? script.text : std::string(script.count, 'x');
      answer.challenge = {Octets(text), text.size()};
    } else if (script.form >= 2) {
      answer.code = script.code;
      answer.enhanced_class = script.enhanced[0];
      answer.enhanced_subject = script.enhanced[1];
      answer.enhanced_detail = script.enhanced[2];
      text = script.form == 2 ? script.text : std::string(script.count, 'x');
      answer.text = {Octets(text), text.size()};
    }
    if (script.form != 0 || decision_ != POSTERN_EVENT_BURL) script.fetched = 0;
    answer.octets = kFetched[script.fetched];
    answer.recipients = recipients.data();
    answer.recipient_count = recipients.size();
    SeenAnswer seen;
    seen.event = wrong || ticket != ticket_ ? 0 : decision_;
    seen.answer = script;
    seen.wrong_ticket = wrong;
    const int32_t result = api_->session_answer(session_, ticket, &answer);
    seen.result = result < 0 ? result : 0;
    now_step().answers.push_back(seen);
    if (result < 0) return false;
    flags_ = static_cast<uint32_t>(result);
    last_ticket_ = ticket;
    ticket_ = 0;
    if (twice_) {
      twice_ = false;
      if (api_->session_answer(session_, ticket, &answer) != POSTERN_E_TICKET) {
        Fault("a ticket was good twice");
      }
    }
    return true;
  }

  // As many as there are recipients, unless the dialogue wants just these. None is form 0.
  void FitRecipients(ScriptAnswer* script, std::vector<postern_answer>* out) {
    const std::vector<ScriptAnswer::Recipient> given = script->recipients;
    const size_t count = script->exact || given.empty() ? given.size() : Info().recipients;
    script->recipients.clear();
    for (size_t i = 0; i < count; ++i) {
      script->recipients.push_back(given[i % given.size()]);
      postern_answer answer = {};
      answer.struct_size = sizeof(answer);
      answer.verdict = script->recipients.back().verdict;
      answer.reply_id = script->recipients.back().reply_id;
      out->push_back(answer);
    }
    if (count == 0) script->form = 0;
  }

  void Decide(const SeenEvent& event) {
    decision_ = event.type;
    if (setup_.lmtp && event.type == POSTERN_EVENT_CONTENT_END) {
      trace_.final_replies += Info().recipients;
    }
    while (true) {
      size_t i = 0;
      while (i < plans_.size() && plans_[i].event != 0 && plans_[i].event != event.type) ++i;
      ScriptAnswer script;
      if (i < plans_.size()) {
        script = plans_[i];
        plans_.erase(plans_.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        const bool query = event.type >= POSTERN_EVENT_VRFY && event.type <= POSTERN_EVENT_UNKNOWN;
        script.verdict =
            query || setup_.default_answers ? POSTERN_VERDICT_DEFAULT : POSTERN_VERDICT_ACCEPT;
      }
      if (script.verdict == kLater) {
        SeenAnswer seen;
        seen.event = decision_;
        seen.later = true;
        now_step().answers.push_back(seen);
        return;
      }
      if (Answer(ticket_, script, false)) return;
    }
  }

  // The flags say whether there is anything; EndStep asks whether they are right.
  void DrainEvents() {
    while ((flags_ & POSTERN_HAS_EVENT) != 0) {
      const postern_event* event = nullptr;
      const int32_t result = api_->session_next_event(session_, &event);
      Take(result, "next_event");
      if (result < 0) return;
      if (event == nullptr) {
        if ((result & POSTERN_HAS_EVENT) != 0) Fault("HAS_EVENT without an event");
        return;
      }
      if (event->struct_size < sizeof(postern_event)) Fault("an event with a bad struct_size");
      SeenEvent seen = Convert(event);
      const uint64_t ticket = event->ticket;
      ++trace_.events;
      std::vector<SeenEvent>& events = now_step().events;
      if (seen.type == POSTERN_EVENT_CONTENT && !events.empty() &&
          events.back().type == POSTERN_EVENT_CONTENT) {
        events.back().text += seen.text;
      } else {
        events.push_back(seen);
      }
      if (cuts_ == Cuts::kLines) line_.events.push_back(seen);
      if (seen.type == POSTERN_EVENT_CONTENT_END) in_content_ = false;
      if (ticket == 0) continue;
      if (ticket_ != 0) Fault("a second decision while one is open");
      ticket_ = ticket;
      if ((result & POSTERN_HAS_TICKET) == 0) Fault("a decision without HAS_TICKET");
      Decide(seen);
      if (!trace_.fault.empty()) return;
    }
  }

  void DrainOutput() {
    if ((flags_ & POSTERN_HAS_OUTPUT) == 0) return;
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (api_->session_output(session_, &data, &size) < 0) Fault("session_output failed");
    if (size == 0) return;
    const std::string output(reinterpret_cast<const char*>(data), size);
    now_step().output += output;
    line_output_ += output;
    for (size_t at = 0; at < output.size();) {
      in_content_ = output.compare(at, 3, "354") == 0;
      in_exchange_ = output.compare(at, 3, "334") == 0;
      const size_t end = output.find('\n', at);
      at = end == std::string::npos ? output.size() : end + 1;
    }
    trace_.octets_out += size;
    Take(api_->session_output_consumed(session_, size), "output_consumed");
  }

  size_t NextCut(size_t left) {
    if (cuts_ != Cuts::kLines) return cutter_.Next(left);
    if (chunk_left_ > 0) return static_cast<size_t>(std::min<uint64_t>(left, chunk_left_));
    // The CR may have come in an earlier step.
    const bool cr = line_begun_ && !line_.line.empty() && line_.line.back() == '\r';
    if (cr && pending_[pending_at_] == '\n') return 1;
    const size_t end = pending_.find("\r\n", pending_at_);
    return end == std::string::npos ? left : end + 2 - pending_at_;
  }

  void BeginLine() {
    if (cuts_ != Cuts::kLines || line_begun_) return;
    const SeenInfo info = Info();
    line_ = SeenLine();
    // R2 is about the whole exchange, from the command on.
    if (!in_exchange_) fingerprint_ = info.fingerprint;
    line_.fingerprint_before = fingerprint_;
    line_.in_exchange = in_exchange_;
    line_.errors_before = info.errors;
    recipients_before_ = info.recipients;
    line_.in_content = in_content_;
    line_.greeted = trace_.octets_out != 0;
    line_.handshake = (flags_ & POSTERN_START_TLS) != 0;
    line_output_.clear();
    line_begun_ = true;
  }

  // The octets behind a BDAT belong to its line (D5).
  void BeginChunk() {
    if (!line_begun_ || line_.in_content || line_.in_exchange || line_.handshake ||
        !line_.greeted) {
      return;
    }
    // As with a chunk, the message is void that lacks a part.
    const std::string_view line = line_.line;
    if (setup_.burl &&
        model::EqualIgnoringCase(line.substr(0, line.find_first_of(" \t\r")), "BURL")) {
      line_.bdat = true;
      return;
    }
    model::ChunkText chunk;
    if (!model::ReadChunkText(line_.line.substr(0, line_.line.size() - 2), setup_.has(kExtraSpaces),
                              &chunk)) {
      return;
    }
    line_.bdat = true;
    if (chunk.size_known && !Closed()) chunk_left_ = chunk.octets;
    // RFC 2033 section 4.3.
    if (setup_.lmtp && chunk.right && chunk.last) line_.replies = recipients_before_;
  }

  // The state that R2 compares is that of a session at rest.
  void EndLine(bool at_end) {
    if (cuts_ != Cuts::kLines || !line_begun_ || !at_end) return;
    const SeenInfo info = Info();
    line_.output = line_output_;
    line_.fingerprint_after = info.fingerprint;
    line_.errors_after = info.errors;
    line_.decision_left_open = ticket_ != 0;
    line_.closed = Closed();
    line_.disturbed = line_disturbed_;
    trace_.lines.push_back(line_);
    line_begun_ = line_disturbed_ = false;
  }

  // Goes on until the session waits: for octets, for an answer, for time.
  void Pump() {
    while (trace_.fault.empty()) {
      DrainEvents();
      if ((flags_ & POSTERN_HAS_TICKET) == 0) ticket_ = 0;
      if (!late_output_ || Closed() || Left() == 0 || ticket_ != 0) DrainOutput();
      if (ticket_ != 0 || Closed() || Left() == 0 || !trace_.fault.empty()) break;
      BeginLine();
      const size_t cut = NextCut(Left());
      // A block of exactly its size, freed at once: a read beyond the end of a piece is seen, and
      // one of a piece that is gone. Single octets share a block, as there are so many of them.
      std::unique_ptr<uint8_t[]> own;
      if (cut > 1) own = std::make_unique<uint8_t[]>(cut);
      uint8_t* const block = cut > 1 ? own.get() : single_.get();
      std::memcpy(block, pending_.data() + pending_at_, cut);
      size_t consumed = 0;
      ++trace_.calls;
      const int32_t result = api_->session_feed(session_, block, cut, &consumed);
      Take(result, "feed");
      if (consumed > cut) Fault("feed took more than there was");
      if (result < 0 || consumed > cut) return;
      const bool events = (flags_ & POSTERN_HAS_EVENT) != 0;
      DrainEvents();
      trace_.octets_fed += consumed;
      now_step().fed.append(pending_, pending_at_, consumed);
      line_.line.append(pending_, pending_at_, consumed);
      pending_at_ += consumed;
      if (consumed == 0 && !events) {
        if ((flags_ & POSTERN_HAS_OUTPUT) == 0 && ticket_ == 0 && !Closed()) {
          Fault("feed takes nothing, and nothing is there to be taken");
          return;
        }
        DrainOutput();
      }
      if (cuts_ == Cuts::kLines) {
        DrainEvents();
        DrainOutput();
        if (chunk_left_ > 0) {
          chunk_left_ -= consumed;
          EndLine(chunk_left_ == 0);
          continue;
        }
        const std::string& line = line_.line;
        const bool ends = line.size() >= 2 && line.compare(line.size() - 2, 2, "\r\n") == 0;
        if (ends) BeginChunk();
        EndLine(ends && chunk_left_ == 0);
      }
    }
    DrainOutput();
  }

  const Dialogue& dialogue_;
  const Setup& setup_;
  const Cuts cuts_;
  const bool late_output_;
  Cutter cutter_;
  const postern_api* const api_;
  Counter* const counter_;
  postern_engine* engine_ = nullptr;
  postern_session* session_ = nullptr;
  Trace trace_;
  uint64_t now_ = 1000;
  uint32_t flags_ = 0;
  uint64_t ticket_ = 0, last_ticket_ = 0;
  uint32_t decision_ = 0;
  std::deque<ScriptAnswer> plans_;
  std::string pending_;  // octets of the client, from pending_at_ on not taken yet
  size_t pending_at_ = 0;
  const std::unique_ptr<uint8_t[]> single_ = std::make_unique<uint8_t[]>(1);
  size_t at_ = 0, skip_ = 0;
  uint64_t work_begun_ = 0;
  bool twice_ = false, swapped_ = false;
  bool counter_checked_ = true;
  bool line_begun_ = false, line_disturbed_ = false, in_content_ = false;
  bool in_exchange_ = false;
  uint64_t fingerprint_ = 0;
  SeenLine line_;
  uint64_t chunk_left_ = 0;  // Cuts::kLines: octets of a chunk that are still to come
  std::string line_output_;
  uint32_t recipients_before_ = 0;  // of the line
};

}  // namespace

Trace RunDialogue(const Dialogue& dialogue, Cuts cuts, bool late_output) {
  return Runner(dialogue, cuts, late_output).Go();
}

}  // namespace postern::fuzz
