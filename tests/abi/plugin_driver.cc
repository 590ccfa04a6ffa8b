// SPDX-License-Identifier: Apache-2.0

#include "tests/abi/plugin_driver.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace postern::abi_test {

// RFC 5321 §3.3, §4.1.1; dots at line starts as sent, one partial transaction, and refusals.
const char kLongDialogue[] =
    "EHLO client.example\r\n"
    "HELP\r\n"
    "HELP MAIL\r\n"
    "MAIL FROM:<a@example.org> BODY=8BITMIME SIZE=1000\r\n"
    "RCPT TO:<b@example.com>\r\n"
    "RCPT TO:<@relay.example:\"c d\"@example.com>\r\n"
    "DATA\r\n"
    "Subject: one\r\n\r\n..a line with a dot\r\nthe end\r\n.\r\n"
    "VRFY somebody\r\n"
    "MAIL FROM:<>\r\n"
    "RCPT TO:<Postmaster>\r\n"
    "RSET\r\n"
    "MAIL FROM:<a@example.org> RET=HDRS ENVID=a+2Bb\r\n"
    "RCPT TO:<b@example.com> NOTIFY=DELAY ORCPT=rfc822;b+2Bc\r\n"
    "RSET\r\n"
    "FROBNICATE now\r\n"
    "NOOP bare\nnewline\r\n"
    "DATA\r\n"
    "MAIL FROM:<a@example.org>\r\n"
    "RCPT TO:<b@example.com>\r\n"
    "DATA\r\n"
    ".\r\n"
    "QUIT\r\n";

namespace {

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "plugin_driver: %s\n", why.c_str());
  std::exit(3);
}

void Log(void* user, int32_t severity, const char* text, size_t size) {
  static_cast<CountingHost*>(user)->log.push_back(std::to_string(severity) + " " +
                                                  std::string(text, size));
}

void* Allocate(void* user, size_t size) {
  auto* host = static_cast<CountingHost*>(user);
  ++host->allocations;
  if (host->fail_at != 0 && host->allocations >= host->fail_at &&
      host->allocations - host->fail_at < host->fail_count) {
    return nullptr;
  }
  void* const memory = std::malloc(size);
  host->living[memory] = size;
  return memory;
}

void Deallocate(void* user, void* memory, size_t size) {
  auto* host = static_cast<CountingHost*>(user);
  const auto at = host->living.find(memory);
  if (at == host->living.end() || at->second != size) host->wrong_size = true;
  if (at != host->living.end()) host->living.erase(at);
  if (host->keep_freed) {
    host->kept.push_back(memory);
  } else {
    std::free(memory);
  }
}

std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

std::string Field(int number, std::string_view octets) {
  return Varint(static_cast<uint64_t>(number) << 3 | 2) + Varint(octets.size()) +
         std::string(octets);
}

std::string Field(int number, uint64_t value) {
  return Varint(static_cast<uint64_t>(number) << 3) + Varint(value);
}

}  // namespace

std::string PluginPath() {
  const char* const path = std::getenv("POSTERN_PLUGIN");
  if (path == nullptr) Fail("POSTERN_PLUGIN is not set");
  return path;
}

const postern_api* Api() {
  static const postern_api* const api = [] {
    void* const library = dlopen(PluginPath().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) Fail(dlerror());
    const auto entry = reinterpret_cast<postern_plugin_v1_fn>(dlsym(library, "postern_plugin_v1"));
    if (entry == nullptr) Fail("no postern_plugin_v1");
    return entry(POSTERN_ABI_VERSION, nullptr);
  }();
  if (api == nullptr) Fail("the plugin refused");
  return api;
}

CountingHost::CountingHost() {
  host.struct_size = sizeof(host);
  host.user = this;
  host.log = Log;
  host.allocate = Allocate;
  host.deallocate = Deallocate;
}

CountingHost::~CountingHost() {
  for (void* const memory : kept) std::free(memory);
}

size_t CountingHost::misbehaved() const {
  return static_cast<size_t>(std::count_if(log.begin(), log.end(), [](const std::string& line) {
    return line.compare(0, 2, "4 ") == 0;
  }));
}

Driver::Driver(const postern_api* api, postern_engine* engine, uint32_t flags, uint64_t now_ms,
               uint64_t wanted_events)
    : api_(api) {
  postern_session_options options = {};
  options.struct_size = sizeof(options);
  options.flags = flags;
  options.now_ms = now_ms;
  options.wanted_events = wanted_events;
  options.client_address = {Octets("192.0.2.1"), 9};
  opened_ = api_->session_open(engine, &options, &session_);
  if (session_ != nullptr) Drain();
}

Driver::~Driver() { api_->session_close(session_); }

bool Driver::Keep(int32_t result) {
  if (result < 0) {
    failed_ = result;
    return false;
  }
  flags_ = result;
  return true;
}

void Driver::Record(const postern_event* event) {
  const auto number = [](uint64_t value) { return std::to_string(value); };
  const auto path = [](const postern_bytes& bytes) { return "<" + std::string(View(bytes)) + ">"; };
  std::string line;
  switch (event->type) {
    case POSTERN_EVENT_HELO:
      line = "helo " + path(reinterpret_cast<const postern_event_helo*>(event)->name);
      break;
    case POSTERN_EVENT_MAIL: {
      const auto* mail = reinterpret_cast<const postern_event_mail*>(event);
      line = "mail " + path(mail->mailbox) + " flags=" + number(event->flags) +
             " size=" + number(mail->size) + " body=" + number(mail->body);
      break;
    }
    case POSTERN_EVENT_RCPT: {
      const auto* rcpt = reinterpret_cast<const postern_event_rcpt*>(event);
      line = "rcpt " + path(rcpt->mailbox) + " flags=" + number(event->flags) +
             " accepted=" + number(rcpt->accepted);
      break;
    }
    case POSTERN_EVENT_CONTENT:
      // Slices depend on the cuts; the octets do not.
      content_ += View(reinterpret_cast<const postern_event_content*>(event)->data);
      return;
    case POSTERN_EVENT_CONTENT_BEGIN:
      line = "begin " +
             number(reinterpret_cast<const postern_event_content_begin*>(event)->recipients);
      break;
    case POSTERN_EVENT_CHUNK_END: {
      const auto* chunk = reinterpret_cast<const postern_event_chunk_end*>(event);
      line = "chunk " + number(chunk->octets) + " of " + number(chunk->total);
      break;
    }
    case POSTERN_EVENT_CONTENT_END:
      line = "end " + number(reinterpret_cast<const postern_event_content_end*>(event)->octets);
      break;
    case POSTERN_EVENT_RESET:
      line = "reset " + number(reinterpret_cast<const postern_event_reset*>(event)->reason);
      break;
    case POSTERN_EVENT_VRFY:
    case POSTERN_EVENT_EXPN:
    case POSTERN_EVENT_HELP:
    case POSTERN_EVENT_UNKNOWN: {
      const auto* query = reinterpret_cast<const postern_event_query*>(event);
      line =
          "query " + number(event->type) + " " + path(query->argument) + " in " + path(query->line);
      break;
    }
    case POSTERN_EVENT_ERROR: {
      const auto* error = reinterpret_cast<const postern_event_error*>(event);
      line = "error " + number(error->code) + " " + api_->rule_name(error->rule);
      break;
    }
    case POSTERN_EVENT_PROXY_HEADER: {
      const auto* proxy = reinterpret_cast<const postern_event_proxy_header*>(event);
      line = "proxy v" + number(proxy->version) + " family=" + number(proxy->family) + " " +
             number(proxy->source[0]) + "." + number(proxy->source[1]) + "." +
             number(proxy->source[2]) + "." + number(proxy->source[3]) + ":" +
             number(proxy->source_port);
      break;
    }
    case POSTERN_EVENT_CLOSED:
      line = "closed " + number(reinterpret_cast<const postern_event_closed*>(event)->reason);
      break;
    default:
      line = "event " + number(event->type);
      break;
  }
  trace_ += line + "\n";
}

bool Driver::Drain() {
  for (;;) {
    const postern_event* event = nullptr;
    if (!Keep(api_->session_next_event(session_, &event))) return false;
    if (event != nullptr) {
      Record(event);
      const uint64_t ticket = event->ticket;
      if (ticket == 0) continue;
      // HELP, VRFY and commands of the host's own have defaults that say more than an acceptance.
      Reply reply;
      if (event->type == POSTERN_EVENT_HELP || event->type == POSTERN_EVENT_VRFY ||
          event->type == POSTERN_EVENT_UNKNOWN) {
        reply.verdict = POSTERN_VERDICT_DEFAULT;
      }
      const auto chosen = answers_.find(event->type);
      if (chosen != answers_.end()) reply = chosen->second;
      postern_answer answer = {};
      answer.struct_size = sizeof(answer);
      answer.verdict = reply.verdict;
      answer.reply_id = reply.reply_id;
      answer.code = reply.code;
      answer.enhanced_class = reply.enhanced[0];
      answer.enhanced_subject = reply.enhanced[1];
      answer.enhanced_detail = reply.enhanced[2];
      answer.text = {Octets(reply.text), reply.text.size()};
      if (!Keep(api_->session_answer(session_, ticket, &answer))) return false;
      continue;
    }
    const uint8_t* data = nullptr;
    size_t size = 0;
    const int32_t result = api_->session_output(session_, &data, &size);
    if (result < 0) return Keep(result);
    if (size == 0) return true;
    output_.append(reinterpret_cast<const char*>(data), size);
    if (!Keep(api_->session_output_consumed(session_, size))) return false;
  }
}

bool Driver::Feed(std::string_view octets, size_t piece) {
  while (!octets.empty()) {
    // A copy of exact size, so that a sanitizer sees a step over its end.
    const size_t size = piece == 0 ? octets.size() : std::min(piece, octets.size());
    const std::vector<char> copy(octets.begin(), octets.begin() + static_cast<ptrdiff_t>(size));
    size_t used = 0;
    while (used < size) {
      size_t consumed = 0;
      if (!Keep(api_->session_feed(session_, Octets({copy.data() + used, size - used}), size - used,
                                   &consumed))) {
        return false;
      }
      const bool moved = consumed > 0 || (flags_ & (POSTERN_HAS_EVENT | POSTERN_HAS_OUTPUT)) != 0;
      used += consumed;
      if (!Drain()) return false;
      if (!moved && consumed == 0) Fail("feed takes nothing and asks for nothing");
    }
    octets.remove_prefix(size);
  }
  return true;
}

bool Driver::Tick(uint64_t now_ms) { return Keep(api_->session_tick(session_, now_ms)) && Drain(); }

bool Driver::Notify(uint32_t notice) {
  return Keep(api_->session_notify(session_, notice)) && Drain();
}

bool PlayEverything(Driver* driver, size_t piece) {
  if (!driver->Feed("PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n", piece)) return false;
  if (!driver->Feed("EHLO client.example\r\nSTARTTLS\r\n", piece)) return false;
  if ((driver->flags() & POSTERN_START_TLS) != 0) {
    if (!driver->Notify(POSTERN_NOTICE_TLS_ESTABLISHED)) return false;
  } else if ((driver->flags() & POSTERN_CLOSING) == 0) {
    Fail("STARTTLS was not taken");
  }
  return driver->Feed(kLongDialogue, piece);
}

postern_engine* MakeEngine(const postern_api* api, const postern_host* host,
                           std::string_view config) {
  postern_engine* engine = nullptr;
  char text[1024] = "";
  postern_error error = {};
  error.struct_size = sizeof(error);
  error.text = text;
  error.capacity = sizeof(text);
  if (api->engine_create(host, Octets(config), config.size(), nullptr, &engine, &error) < 0) {
    Fail(std::string("engine_create: ") + text);
  }
  return engine;
}

std::string ConfigWithName(std::string_view server_name) { return Field(1, server_name); }

std::string TableWithLine(uint32_t reply_id, std::string_view name, std::string_view line) {
  return Field(1, name) + Field(4, Field(1, uint64_t{reply_id}) + Field(2, uint64_t{250}) +
                                       Field(3, "2.0.0") + Field(4, line));
}

}  // namespace postern::abi_test
