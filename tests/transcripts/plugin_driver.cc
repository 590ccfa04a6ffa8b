// SPDX-License-Identifier: Apache-2.0
//
// Runs transcripts through libpostern.so: dlopen, postern.h, and nothing else of the plugin. What
// the C structs tell is put back into the engine's own types, so that the runner sees no
// difference.

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "plugin_api/postern.h"
#include "tests/transcripts/driver.h"

namespace postern::transcripts {
namespace {

using session::AnswerResult;
using session::EventType;

// The host's allocator has one user pointer for an engine, so the factory owns the counter and the
// runs of one factory follow each other.
struct Counter {
  MemoryUse* use = nullptr;
};

void* Allocate(void* user, size_t size) {
  MemoryUse* const use = static_cast<Counter*>(user)->use;
  if (use != nullptr) {
    use->now += size;
    if (use->now > use->peak) use->peak = use->now;
  }
  return std::malloc(size);
}

void Deallocate(void* user, void* memory, size_t size) {
  MemoryUse* const use = static_cast<Counter*>(user)->use;
  if (use != nullptr) use->now -= size;
  std::free(memory);
}

std::string_view View(const postern_bytes& bytes) {
  return bytes.size == 0 ? std::string_view()
                         : std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

const uint8_t* Octets(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

template <typename T>
const T& As(const postern_event* event) {
  return *reinterpret_cast<const T*>(event);
}

void Give(commands::Given what, session::Extra* extra) {
  extra->given = static_cast<uint16_t>(extra->given | what);
}

commands::Extras::Text Text(postern_bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

void Convert(const postern_event* from, Happening* happening) {
  *happening = Happening();
  session::Event& event = happening->event;
  event.type = static_cast<EventType>(from->type);
  event.flags = from->flags;
  happening->extra = session::Extra();
  event.ticket = from->ticket;
  switch (from->type) {
    case POSTERN_EVENT_PROXY_HEADER: {
      const auto& e = As<postern_event_proxy_header>(from);
      wire::ProxyHeader& proxy = happening->proxy;
      proxy.version = static_cast<uint8_t>(e.version);
      proxy.local = (from->flags & POSTERN_PROXY_LOCAL) != 0;
      proxy.family = static_cast<wire::ProxyFamily>(e.family);
      std::memcpy(proxy.source, e.source, 16);
      std::memcpy(proxy.destination, e.destination, 16);
      proxy.source_port = e.source_port;
      proxy.destination_port = e.destination_port;
      proxy.tlvs = View(e.tlvs);
      event.flags = 0;
      break;
    }
    case POSTERN_EVENT_HELO:
      event.text = View(As<postern_event_helo>(from).name);
      break;
    case POSTERN_EVENT_MAIL: {
      const auto& e = As<postern_event_mail>(from);
      event.path = View(e.reverse_path);
      event.mailbox = View(e.mailbox);
      event.local_part = View(e.local_part);
      event.domain = View(e.domain);
      event.parameters = View(e.parameters);
      event.number = e.size;
      event.count = e.body;
      session::Extra& extra = happening->extra;
      if (e.envid.size != 0) {
        Give(commands::kGivenEnvid, &extra);
        extra.values.envid = Text(e.envid);
        extra.decoded = View(e.envid_decoded);
      }
      if (e.dsn_return != POSTERN_DSN_RETURN_NONE) {
        Give(commands::kGivenRet, &extra);
        extra.values.dsn_return = static_cast<syntax::DsnReturn>(e.dsn_return - 1);
      }
      if ((from->flags & POSTERN_MAIL_REQUIRETLS) != 0) Give(commands::kGivenRequireTls, &extra);
      if (e.by_mode != POSTERN_BY_NONE) {
        Give(commands::kGivenBy, &extra);
        extra.values.by_seconds = e.by_seconds;
        extra.values.by_mode = (e.by_mode & POSTERN_BY_RETURN) != 0 ? syntax::ByMode::kReturn
                                                                    : syntax::ByMode::kNotify;
        extra.values.by_trace = (e.by_mode & POSTERN_BY_TRACE) != 0;
      }
      if ((from->flags & POSTERN_MAIL_PRIORITY) != 0) {
        Give(commands::kGivenPriority, &extra);
        extra.values.priority = static_cast<int8_t>(e.priority);
      }
      if ((from->flags & POSTERN_MAIL_HOLDFOR) != 0) {
        Give(commands::kGivenHoldFor, &extra);
        extra.values.hold_for = e.hold_for;
      }
      if ((from->flags & POSTERN_MAIL_HOLDUNTIL) != 0) {
        Give(commands::kGivenHoldUntil, &extra);
        extra.values.hold_until = e.hold_until;
      }
      event.auth = View(e.auth);
      break;
    }
    case POSTERN_EVENT_RCPT: {
      const auto& e = As<postern_event_rcpt>(from);
      event.path = View(e.forward_path);
      event.mailbox = View(e.mailbox);
      event.local_part = View(e.local_part);
      event.domain = View(e.domain);
      event.parameters = View(e.parameters);
      event.count = e.accepted;
      session::Extra& extra = happening->extra;
      if (e.orcpt_type.size != 0) {
        Give(commands::kGivenOrcpt, &extra);
        extra.values.orcpt_type = Text(e.orcpt_type);
        extra.values.orcpt = Text(e.orcpt);
        extra.decoded = View(e.orcpt_decoded);
      }
      if (e.notify != 0) {
        Give(commands::kGivenNotify, &extra);
        extra.values.notify = static_cast<uint8_t>(e.notify);
      }
      if ((from->flags & POSTERN_RCPT_RRVS) != 0) {
        Give(commands::kGivenRrvs, &extra);
        extra.values.rrvs = e.rrvs;
        extra.values.rrvs_action = static_cast<syntax::RrvsAction>(e.rrvs_action);
      }
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
      event.text = View(As<postern_event_content>(from).data);
      break;
    case POSTERN_EVENT_CONTENT_END:
      event.number = As<postern_event_content_end>(from).octets;
      break;
    case POSTERN_EVENT_ETRN:
      event.text = View(As<postern_event_etrn>(from).name);
      break;
    case POSTERN_EVENT_ATRN:
      event.text = View(As<postern_event_atrn>(from).domains);
      break;
    case POSTERN_EVENT_BURL:
      event.text = View(As<postern_event_burl>(from).url);
      event.total = As<postern_event_burl>(from).total;
      event.count = As<postern_event_burl>(from).recipients;
      break;
    case POSTERN_EVENT_XCLIENT:
    case POSTERN_EVENT_XFORWARD: {
      const auto& e = As<postern_event_client>(from);
      event.text = View(e.argument);
      happening->attributes.clear();
      for (size_t i = 0; i < e.attribute_count; ++i) {
        session::GivenAttribute one;
        one.attribute = e.attributes[i].attribute;
        one.state = e.attributes[i].state;
        one.value = Text(e.attributes[i].value);
        happening->attributes.push_back(one);
      }
      happening->extra.attributes = happening->attributes.data();
      happening->extra.attribute_count = happening->attributes.size();
      break;
    }
    case POSTERN_EVENT_PARAMETER: {
      const auto& e = As<postern_event_parameter>(from);
      event.text = View(e.keyword);
      event.parameters = View(e.value);
      event.count = e.command;
      break;
    }
    case POSTERN_EVENT_RESET:
      event.reason = static_cast<uint8_t>(As<postern_event_reset>(from).reason);
      break;
    case POSTERN_EVENT_VRFY:
    case POSTERN_EVENT_EXPN:
    case POSTERN_EVENT_HELP:
    case POSTERN_EVENT_UNKNOWN: {
      const auto& e = As<postern_event_query>(from);
      event.text = View(e.argument);
      event.line = View(e.line);
      break;
    }
    case POSTERN_EVENT_ERROR: {
      const auto& e = As<postern_event_error>(from);
      event.reply = static_cast<replies::ReplyId>(e.reply_id);
      event.code = static_cast<uint16_t>(e.code);
      event.rule = static_cast<session::Rule>(e.rule);
      event.line = View(e.line);
      break;
    }
    case POSTERN_EVENT_AUTH: {
      const auto& e = As<postern_event_auth>(from);
      event.mechanism = View(e.mechanism);
      event.text = View(e.response);
      event.count = e.round;
      break;
    }
    case POSTERN_EVENT_AUTH_END:
      event.reason = static_cast<uint8_t>(As<postern_event_auth_end>(from).reason);
      break;
    case POSTERN_EVENT_CLOSED:
      event.reason = static_cast<uint8_t>(As<postern_event_closed>(from).reason);
      break;
    default:
      break;
  }
}

postern_answer ToAnswer(const Attempt& attempt) {
  postern_answer answer = {};
  answer.struct_size = sizeof(answer);
  answer.verdict = static_cast<int32_t>(attempt.verdict);
  answer.reply_id = attempt.reply;
  answer.code = attempt.code;
  answer.enhanced_class = attempt.enhanced[0];
  answer.enhanced_subject = attempt.enhanced[1];
  answer.enhanced_detail = attempt.enhanced[2];
  answer.text = {Octets(attempt.text), attempt.text.size()};
  answer.challenge = {Octets(attempt.challenge), attempt.challenge.size()};
  answer.auth_mechanisms = {Octets(attempt.mechanisms), attempt.mechanisms.size()};
  answer.octets = attempt.octets;
  return answer;
}

class PluginDriver : public Driver {
 public:
  PluginDriver(const postern_api* api, postern_engine* engine, Counter* counter,
               const OpenOptions& from, MemoryUse* use)
      : api_(api), counter_(counter) {
    counter_->use = use;
    postern_session_options options = {};
    options.struct_size = sizeof(options);
    if (from.tls) options.flags |= POSTERN_OPEN_TLS;
    if (from.can_starttls) options.flags |= POSTERN_OPEN_CAN_STARTTLS;
    if (from.proxy_header) options.flags |= POSTERN_OPEN_PROXY_HEADER;
    if (from.trusted) options.flags |= POSTERN_OPEN_TRUSTED;
    if (from.submission) options.flags |= POSTERN_OPEN_SUBMISSION;
    options.unix_ms = from.unix_ms;
    options.wanted_events = from.wanted_events;
    options.client_address = {Octets(from.client_address), from.client_address.size()};
    Take(api_->session_open(engine, &options, &session_));
    // What opening returns are no flags: these are asked for.
    Take(api_->session_tick(session_, 0));
  }

  ~PluginDriver() override {
    api_->session_close(session_);
    counter_->use = nullptr;
  }

  size_t Feed(std::string_view octets) override {
    size_t consumed = 0;
    Take(api_->session_feed(session_, Octets(octets), octets.size(), &consumed));
    return consumed;
  }

  bool NextEvent(Happening* happening) override {
    const postern_event* event = nullptr;
    Take(api_->session_next_event(session_, &event));
    if (event == nullptr) return false;
    Convert(event, happening);
    return true;
  }

  AnswerResult Answer(uint64_t ticket, const Attempt& attempt) override {
    postern_answer answer = ToAnswer(attempt);
    std::vector<postern_answer> recipients;
    for (const Attempt& each : attempt.recipients) recipients.push_back(ToAnswer(each));
    answer.recipients = recipients.data();
    answer.recipient_count = recipients.size();
    const int32_t result = api_->session_answer(session_, ticket, &answer);
    if (result >= 0) {
      Take(result);
      return AnswerResult::kOk;
    }
    return result == POSTERN_E_TICKET  ? AnswerResult::kNoTicket
           : result == POSTERN_E_REPLY ? AnswerResult::kBadReply
                                       : AnswerResult::kBadVerdict;
  }

  std::string_view Output() override {
    const uint8_t* data = nullptr;
    size_t size = 0;
    api_->session_output(session_, &data, &size);
    return {reinterpret_cast<const char*>(data), size};
  }
  void ConsumeOutput(size_t octets) override {
    Take(api_->session_output_consumed(session_, octets));
  }
  void Tick(uint64_t now_ms) override { Take(api_->session_tick(session_, now_ms)); }
  uint64_t NextDeadline() override {
    uint64_t deadline = 0;
    api_->session_next_deadline(session_, &deadline);
    return deadline;
  }
  bool Notify(session::Notice notice) override {
    const int32_t result = api_->session_notify(session_, static_cast<uint32_t>(notice));
    Take(result);
    return result >= 0;
  }
  bool HasTicket() override { return (flags_ & POSTERN_HAS_TICKET) != 0; }
  bool StartTls() override { return (flags_ & POSTERN_START_TLS) != 0; }
  bool Closing() override { return (flags_ & POSTERN_CLOSING) != 0; }
  session::Info GetInfo() override {
    postern_session_info from = {};
    from.struct_size = sizeof(from);
    api_->session_info(session_, &from);
    session::Info info;
    info.errors = from.errors;
    info.recipients = from.recipients;
    info.memory_octets = from.memory_octets;
    info.fingerprint = from.fingerprint;
    return info;
  }

 private:
  // Flags come with every call that succeeds.
  void Take(int32_t result) {
    if (result >= 0) flags_ = static_cast<uint32_t>(result);
  }

  const postern_api* const api_;
  Counter* const counter_;
  postern_session* session_ = nullptr;
  uint32_t flags_ = 0;
};

class PluginDriverFactory : public DriverFactory {
 public:
  explicit PluginDriverFactory(const postern_api* api) : api_(api) {}
  ~PluginDriverFactory() override {
    api_->engine_release(engine_);
    api_->table_release(table_);
  }

  bool Load(const Transcript& transcript, std::string* error) {
    char text[4096] = "";
    postern_error refusal = {};
    refusal.struct_size = sizeof(refusal);
    refusal.text = text;
    refusal.capacity = sizeof(text);
    postern_host host = {};
    host.struct_size = sizeof(host);
    host.user = &counter_;
    host.allocate = Allocate;
    host.deallocate = Deallocate;
    const std::string& table = transcript.table;
    const std::string& config = transcript.config;
    const bool loaded =
        api_->table_load(Octets(table), table.size(), &table_, &refusal) >= 0 &&
        api_->engine_create(&host, Octets(config), config.size(), table_, &engine_, &refusal) >= 0;
    if (!loaded) *error = text;
    return loaded;
  }

  std::unique_ptr<Driver> Open(const OpenOptions& options, MemoryUse* use) override {
    return std::make_unique<PluginDriver>(api_, engine_, &counter_, options, use);
  }

 private:
  const postern_api* const api_;
  Counter counter_;
  postern_table* table_ = nullptr;
  postern_engine* engine_ = nullptr;
};

}  // namespace

std::unique_ptr<DriverFactory> MakePluginDriverFactory(const std::string& path,
                                                       const Transcript& transcript,
                                                       std::string* error) {
  // Loaded once more for each transcript: the loader counts.
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    *error = dlerror();
    return nullptr;
  }
  const auto entry = reinterpret_cast<postern_plugin_v1_fn>(dlsym(library, "postern_plugin_v1"));
  const postern_api* const api = entry == nullptr ? nullptr : entry(POSTERN_ABI_VERSION, nullptr);
  if (api == nullptr) {
    *error = path + ": not served";
    return nullptr;
  }
  auto factory = std::make_unique<PluginDriverFactory>(api);
  if (!factory->Load(transcript, error)) return nullptr;
  return factory;
}

}  // namespace postern::transcripts
