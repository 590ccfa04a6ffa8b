// SPDX-License-Identifier: Apache-2.0
//
// The table of calls in any order, with right and wrong arguments, by a host that misbehaves.
//
// Target functions: every function of postern_api (plugin_api/adapter_*.cc), and through them whole
// sessions: session::Session::Feed, NextEvent, AnswerTicket, Tick, Notify, GetInfo.
//
// Input: refusals of the allocator, then calls: one octet that names it, and its arguments.
// Oracles: results are those that the header names; a refused call leaves the session as it was;
// tickets are taken once, and the right ones only; feed() takes nothing while a decision is open;
// no event comes behind CLOSED; what a session says it holds is what the allocator gave it, and
// below the ceiling (B1); all comes back; what went to the client are whole replies
// (RepliesAreStrict, R4); nothing crashes, leaks or hangs (B3).

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/check.h"
#include "fuzz/heap.h"
#include "fuzz/input.h"
#include "fuzz/oracle/reply.h"
#include "fuzz/table_input.h"
#include "plugin_api/postern.h"

namespace postern::fuzz {
namespace {

// One line, one PROXY header and the replies below the mark (docs/defaults.md), and the session.
constexpr uint64_t kSessionCeiling = 20 * 1024;
constexpr size_t kSlots = 3;
constexpr int kMostCalls = 2000;

const uint8_t* Octets(std::string_view view) {
  return reinterpret_cast<const uint8_t*>(view.data());
}

// A block of exactly the size of its octets.
struct Block {
  explicit Block(std::string_view octets)
      : data(std::make_unique<uint8_t[]>(octets.size())), size(octets.size()) {
    if (size != 0) std::memcpy(data.get(), octets.data(), size);
  }
  std::unique_ptr<uint8_t[]> data;
  size_t size;
};

// Memory that was given back stays readable till the end, so that a call on a closed session, which
// the header gives an error, is no fault of the host's allocator.
class KeepingHeap {
 public:
  explicit KeepingHeap(uint32_t refusals) : heap_(refusals) {}
  ~KeepingHeap() {
    for (void* p : kept_) std::free(p);
  }
  KeepingHeap(const KeepingHeap&) = delete;
  KeepingHeap& operator=(const KeepingHeap&) = delete;

  void* Allocate(size_t size) { return Heap::Allocate(&heap_, size); }
  void Deallocate(void* p, size_t size) {
    // Heap frees what it is given: it gets a block of the same size in its place.
    kept_.push_back(p);
    Heap::Deallocate(&heap_, std::malloc(size), size);
  }
  size_t held() const { return heap_.held(); }

 private:
  Heap heap_;
  std::vector<void*> kept_;
};

struct OneSession {
  postern_session* session = nullptr;
  bool opened = false;  // ever; `session` stays when it is closed
  bool closed = false;
  bool saw_closed = false;  // POSTERN_EVENT_CLOSED
  uint64_t ticket = 0;      // of the open decision, as the event told
  uint64_t last_ticket = 0;
  std::string output;
};

class Host {
 public:
  explicit Host(Input input) : input_(input), heap_(input_.Word()), flags_(input_.Octet()) {
    api_ = postern_plugin_v1(POSTERN_ABI_VERSION, nullptr);
    current_ = this;
    host_ = Callbacks();
    engines_[0] = CommonEngine();
  }
  ~Host() { current_ = nullptr; }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void Run() {
    SessionOpen(true);
    for (int i = 0; i < kMostCalls && !input_.empty(); ++i) {
      Call();
      MemoryIsWhatTheySay();
    }
    for (OneSession& one : sessions_) {
      if (one.opened && !one.closed) {
        Output(&one, SIZE_MAX);
        Close(&one);
      }
      oracle::ReplyTerms terms;
      terms.utf8 = true;
      Require("RepliesAreStrict", oracle::RepliesAreStrict(one.output, terms));
    }
    for (postern_engine*& engine : engines_) Release(&engine);
    for (postern_table* table : tables_) api_->table_release(table);
    RequireThat(heap_.held() == 0, "memory", "not all came back");
  }

 private:
  // Callbacks go to the host of the input that runs, so that an engine can serve all inputs: making
  // one is most of the work of a short input.
  static postern_host Callbacks() {
    postern_host host = {};
    host.struct_size = sizeof(host);
    host.user = &current_;
    host.log = Log;
    host.allocate = [](void* user, size_t size) {
      return (*static_cast<Host**>(user))->heap_.Allocate(size);
    };
    host.deallocate = [](void* user, void* p, size_t size) {
      (*static_cast<Host**>(user))->heap_.Deallocate(p, size);
    };
    return host;
  }

  // With the defaults; never released.
  static postern_engine* CommonEngine() {
    static postern_engine* const engine = [] {
      const postern_host host = Callbacks();
      postern_engine* made = nullptr;
      postern_plugin_v1(POSTERN_ABI_VERSION, nullptr)
          ->engine_create(&host, nullptr, 0, nullptr, &made, nullptr);
      return made;
    }();
    return engine;
  }

  void Release(postern_engine** engine) {
    if (*engine != CommonEngine()) api_->engine_release(*engine);
    *engine = nullptr;
  }

  static void Log(void* user, int32_t severity, const char* text, size_t size) {
    auto* self = *static_cast<Host**>(user);
    RequireThat(severity >= POSTERN_LOG_DEBUG && severity <= POSTERN_LOG_HOST_MISBEHAVED, "log",
                "a severity that is none");
    for (size_t i = 0; i < size; ++i) {
      RequireThat(text[i] != '\n' && text[i] != '\0', "log", "a line end in a log line");
    }
    // A host that calls back is refused (re-entry), and not told so again.
    if ((self->flags_ & 1) != 0 && self->in_call_ != nullptr) {
      postern_session_info info = {};
      info.struct_size = sizeof(info);
      RequireThat(self->api_->session_info(self->in_call_, &info) < 0, "re-entry",
                  "a call out of a callback is served");
    }
  }

  void Known(int32_t result) {
    if (result >= 0) {
      RequireThat((result & ~31) == 0, "results", "a flag that the header does not know");
    } else {
      RequireThat(std::strcmp(api_->error_name(result), "unknown") != 0, "results",
                  "an error that the header does not know");
      RequireThat(result != POSTERN_E_INTERNAL, "results", "an invariant broke");
    }
  }

  // --- Sessions

  OneSession* ChooseSession() { return &sessions_[input_.Below(kSlots)]; }

  bool Info(OneSession* one, postern_session_info* info) {
    *info = {};
    info->struct_size = sizeof(*info);
    return one->opened && !one->closed && api_->session_info(one->session, info) == POSTERN_OK;
  }

  // Makes a call on a session. A refusal changes nothing.
  template <typename Call>
  int32_t On(OneSession* one, Call call) {
    postern_session_info before;
    const bool living = Info(one, &before);
    in_call_ = one->session;
    const int32_t result = call();
    in_call_ = nullptr;
    Known(result);
    if (!one->opened) {
      RequireThat(result < 0, "results", "a call without a session is served");
    } else if (one->closed) {
      RequireThat(result == POSTERN_E_DEAD, "results", "a call on a closed session is served");
    } else if (result < 0 && living) {
      postern_session_info after;
      RequireThat(Info(one, &after) && after.fingerprint == before.fingerprint &&
                      after.state == before.state && after.errors == before.errors &&
                      after.octets_in == before.octets_in &&
                      after.octets_out == before.octets_out && after.lines == before.lines,
                  "refused calls", "one changed the session");
    }
    return result;
  }

  void Feed(OneSession* one, std::string_view octets) {
    const Block block(octets);
    size_t consumed = 0;
    const bool null_data = (flags_ & 2) != 0 && block.size == 7;
    const int32_t result = On(one, [&] {
      return api_->session_feed(one->session, null_data ? nullptr : block.data.get(), block.size,
                                &consumed);
    });
    if (null_data && one->opened && !one->closed) {
      RequireThat(result == POSTERN_E_ARGUMENT, "arguments", "null octets with a size are fed");
    }
    if (result < 0) return RequireThat(consumed == 0, "feed", "refused, and octets are taken");
    RequireThat(consumed <= block.size, "feed", "it took more than there was");
    RequireThat(one->ticket == 0 || consumed == 0, "feed",
                "it takes octets while a decision is open");
    if ((result & POSTERN_CLOSING) != 0 &&
        (result & (POSTERN_HAS_EVENT | POSTERN_HAS_TICKET)) == 0) {
      RequireThat((result & POSTERN_HAS_OUTPUT) != 0 || consumed == block.size || block.size == 0,
                  "feed", "a closing session leaves octets");
    }
    // Events may point into the octets; they are taken before these go.
    for (int i = 0; i < 8 && Event(one); ++i) {
    }
  }

  // False when there was none.
  bool Event(OneSession* one) {
    const postern_event* event = nullptr;
    const int32_t result = On(one, [&] { return api_->session_next_event(one->session, &event); });
    if (result < 0 || event == nullptr) return false;
    RequireThat(!one->saw_closed, "events", "one comes behind CLOSED");
    RequireThat(event->struct_size >= sizeof(postern_event), "events", "a size that is none");
    RequireThat(event->type >= POSTERN_EVENT_CONNECT && event->type <= POSTERN_EVENT_CLOSED,
                "events", "a type that the header does not know");
    if (event->type == POSTERN_EVENT_CLOSED) one->saw_closed = true;
    if (event->ticket != 0) {
      RequireThat(one->ticket == 0, "tickets", "two decisions at once");
      RequireThat(event->ticket != one->last_ticket, "tickets", "a number comes again");
      one->ticket = one->last_ticket = event->ticket;
    }
    Touch(event);
    return true;
  }

  // Every slice of it can be read.
  void Touch(const postern_event* event) {
    const auto sum = [this](postern_bytes bytes) {
      for (size_t i = 0; i < bytes.size; ++i) touched_ = touched_ + bytes.data[i];
    };
    switch (event->type) {
      case POSTERN_EVENT_PROXY_HEADER:
        return sum(reinterpret_cast<const postern_event_proxy_header*>(event)->tlvs);
      case POSTERN_EVENT_HELO:
        return sum(reinterpret_cast<const postern_event_helo*>(event)->name);
      case POSTERN_EVENT_MAIL: {
        const auto* mail = reinterpret_cast<const postern_event_mail*>(event);
        for (const postern_bytes bytes : {mail->reverse_path, mail->mailbox, mail->local_part,
                                          mail->domain, mail->parameters}) {
          sum(bytes);
        }
        return;
      }
      case POSTERN_EVENT_RCPT: {
        const auto* rcpt = reinterpret_cast<const postern_event_rcpt*>(event);
        for (const postern_bytes bytes : {rcpt->forward_path, rcpt->mailbox, rcpt->local_part,
                                          rcpt->domain, rcpt->parameters}) {
          sum(bytes);
        }
        return;
      }
      case POSTERN_EVENT_CONTENT:
        return sum(reinterpret_cast<const postern_event_content*>(event)->data);
      case POSTERN_EVENT_VRFY:
      case POSTERN_EVENT_EXPN:
      case POSTERN_EVENT_HELP:
      case POSTERN_EVENT_UNKNOWN:
        sum(reinterpret_cast<const postern_event_query*>(event)->argument);
        return sum(reinterpret_cast<const postern_event_query*>(event)->line);
      case POSTERN_EVENT_ERROR:
        return sum(reinterpret_cast<const postern_event_error*>(event)->line);
      default:
        return;
    }
  }

  void Answer(OneSession* one) {
    const uint8_t what = input_.Octet();
    postern_answer answer = {};
    answer.struct_size = sizeof(answer);
    answer.verdict = what & 3;
    uint64_t ticket = one->ticket;
    std::string text;
    if ((what & 4) != 0) answer.reply_id = input_.Octet();
    if ((what & 8) != 0) {
      answer.code = input_.Short() % 1024;
      answer.enhanced_class = input_.Octet();
      answer.enhanced_subject = input_.Octet();
      answer.enhanced_detail = input_.Short();
      text = std::string(input_.TakeCounted());
    }
    if ((what & 16) != 0) answer.verdict = static_cast<int32_t>(input_.Word());
    if ((what & 32) != 0) ticket = input_.Long();
    if ((what & 64) != 0) ticket = one->last_ticket;
    if ((what & 128) != 0) answer.struct_size = input_.Octet();
    const Block block(text);
    answer.text = {block.data.get(), block.size};
    const bool right = ticket != 0 && ticket == one->ticket;
    const int32_t result =
        On(one, [&] { return api_->session_answer(one->session, ticket, &answer); });
    if (result >= 0) {
      RequireThat(right, "tickets", "one that is not open is taken");
      RequireThat(
          answer.verdict >= POSTERN_VERDICT_DEFAULT && answer.verdict <= POSTERN_VERDICT_DISCONNECT,
          "arguments", "a verdict that the header does not know is taken");
      one->ticket = 0;
    }
  }

  void Output(OneSession* one, size_t most) {
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (On(one, [&] { return api_->session_output(one->session, &data, &size); }) < 0) return;
    const size_t taken = size < most ? size : most;
    const std::string octets(reinterpret_cast<const char*>(data), taken);
    if (On(one, [&] { return api_->session_output_consumed(one->session, taken); }) >= 0) {
      one->output += octets;
    }
    RequireThat(
        On(one, [&] { return api_->session_output_consumed(one->session, size - taken + 1); }) ==
            POSTERN_E_ARGUMENT,
        "arguments", "more output is taken than there is");
  }

  void Close(OneSession* one) {
    api_->session_close(one->session);
    one->closed = true;
    one->ticket = 0;
  }

  void SessionOpen(bool plain) {
    OneSession* const one = plain ? &sessions_[0] : ChooseSession();
    if (one->opened && !one->closed) {
      Output(one, SIZE_MAX);
      Close(one);
    }
    oracle::ReplyTerms terms;
    terms.utf8 = true;
    Require("RepliesAreStrict", oracle::RepliesAreStrict(one->output, terms));
    *one = {};
    postern_session_options options = {};
    options.struct_size = sizeof(options);
    postern_engine* engine = engines_[0];
    std::string_view client;
    if (!plain) {
      engine = engines_[input_.Below(kSlots)];
      options.flags = input_.Octet() & 7;
      const uint8_t bits = input_.Octet();
      if ((bits & 1) != 0) options.now_ms = input_.Long();
      if ((bits & 2) != 0) options.wanted_events = input_.Word();
      if ((bits & 4) != 0) client = input_.TakeCounted();
      if ((bits & 8) != 0) options.struct_size = input_.Octet();
    }
    const Block block(client);
    options.client_address = {block.data.get(), block.size};
    const int32_t result = api_->session_open(engine, &options, &one->session);
    Known(result);
    RequireThat((result >= 0) == (one->session != nullptr), "open", "no session, or one in spite");
    one->opened = result >= 0;
    if (one->opened && Info(one, &unused_)) now_ = options.now_ms;
  }

  // --- Tables and engines

  void TableLoad() {
    postern_table** const slot = &tables_[input_.Below(kSlots)];
    api_->table_release(*slot);
    *slot = nullptr;
    const uint8_t how = input_.Octet();
    std::string serialized;
    if ((how & 3) == 1) serialized = std::string(input_.TakeCounted());
    if ((how & 3) == 2) serialized = TameTable(&input_);
    const Block block(serialized);
    ErrorText error(how >> 2);
    const int32_t result = api_->table_load(block.data.get(), block.size, slot, error.get());
    Known(result);
    error.IsWhole(result);
    RequireThat((result >= 0) == (*slot != nullptr), "table_load", "no table, or one in spite");
  }

  void EngineCreate() {
    postern_engine** const slot = &engines_[input_.Below(kSlots)];
    Release(slot);
    const uint8_t how = input_.Octet();
    std::string config;
    if ((how & 3) == 1) config = std::string(input_.TakeCounted());
    if ((how & 3) == 2) config = WildConfig(&input_);
    const Block block(config);
    ErrorText error(how >> 2);
    postern_table* const table = (how & 16) != 0 ? tables_[input_.Below(kSlots)] : nullptr;
    const int32_t result =
        api_->engine_create(&host_, block.data.get(), block.size, table, slot, error.get());
    Known(result);
    error.IsWhole(result);
    RequireThat((result >= 0) == (*slot != nullptr), "engine_create", "no engine, or one in spite");
  }

  void EngineSet() {
    postern_engine* const engine = engines_[input_.Below(kSlots)];
    // What is common must not change from input to input.
    if (engine == CommonEngine()) return;
    const uint8_t how = input_.Octet();
    ErrorText error(how >> 2);
    int32_t result = 0;
    if ((how & 1) != 0) {
      result = api_->engine_set_table(engine, tables_[input_.Below(kSlots)], error.get());
    } else {
      const Block block((how & 2) != 0 ? WildConfig(&input_) : std::string(input_.TakeCounted()));
      result = api_->engine_set_config(engine, block.data.get(), block.size, error.get());
    }
    Known(result);
    error.IsWhole(result);
  }

  void Inspect() {
    postern_engine* const engine = engines_[input_.Below(kSlots)];
    postern_inspect_context context = {};
    context.struct_size = sizeof(context);
    context.flags = input_.Octet();
    context.recipients = input_.Octet();
    const uint8_t room = input_.Octet();
    const Block line(input_.TakeCounted());
    const auto reply = std::make_unique<char[]>(room);
    postern_verdict verdict = {};
    verdict.struct_size = sizeof(verdict);
    verdict.reply = reply.get();
    verdict.reply_capacity = room;
    Known(api_->inspect(engine, &context, line.data.get(), line.size, &verdict));
  }

  // The caller's buffer for refusals, of any size.
  class ErrorText {
   public:
    explicit ErrorText(unsigned how)
        : capacity_((how & 1) != 0 ? 16 : 400), text_(std::make_unique<char[]>(capacity_)) {
      error_.struct_size = sizeof(error_);
      error_.text = text_.get();
      error_.capacity = capacity_;
      use_ = (how & 2) == 0;
    }
    postern_error* get() { return use_ ? &error_ : nullptr; }
    void IsWhole(int32_t result) {
      if (!use_ || (result != POSTERN_E_CONFIG && result != POSTERN_E_TABLE)) return;
      RequireThat(error_.size != 0, "refusals", "one without a word");
      const size_t length = std::strlen(text_.get());
      RequireThat(length == (error_.size < capacity_ ? error_.size : capacity_ - 1), "refusals",
                  "the text is cut where it need not be");
    }

   private:
    size_t capacity_;
    std::unique_ptr<char[]> text_;
    postern_error error_ = {};
    bool use_ = true;
  };

  // --- One call

  void Call() {
    static constexpr std::string_view kLines[] = {"EHLO c.example\r\n",
                                                  "HELO c.example\r\n",
                                                  "MAIL FROM:<a@b.example>\r\n",
                                                  "RCPT TO:<d@e.example>\r\n",
                                                  "DATA\r\n",
                                                  "x\r\n.\r\n",
                                                  "RSET\r\n",
                                                  "NOOP\r\n",
                                                  "QUIT\r\n",
                                                  "VRFY a\r\n",
                                                  "EXPN a\r\n",
                                                  "HELP\r\n",
                                                  "HELP MAIL\r\n",
                                                  "STARTTLS\r\n",
                                                  "XYZZY\r\n",
                                                  "\n",
                                                  "MAIL FROM:<\xC3\xA9@b> SMTPUTF8\r\n",
                                                  "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"};
    static constexpr size_t kLineCount = sizeof(kLines) / sizeof(*kLines);
    const uint8_t call = input_.Octet();
    // The upper half feeds a ready line to the first session, accepts what it asks and drains it.
    if (call >= 128) {
      OneSession* const one = &sessions_[0];
      Feed(one, kLines[call % kLineCount]);
      if (one->ticket != 0 && call < 220) Accept(one);
      if (call < 240) Output(one, SIZE_MAX);
      return;
    }
    switch (call % 18) {
      case 0: {
        // Not in one expression: compilers differ in what they read first.
        OneSession* const one = ChooseSession();
        return Feed(one, input_.TakeCounted());
      }
      case 1:
        Event(ChooseSession());
        return;
      case 2:
        return Answer(ChooseSession());
      case 3: {
        OneSession* const one = ChooseSession();
        return Output(one, input_.Octet());
      }
      case 4: {
        OneSession* const one = ChooseSession();
        now_ = (call & 64) != 0 ? input_.Long() : now_ + (uint64_t{1} << input_.Below(32));
        On(one, [&] { return api_->session_tick(one->session, now_); });
        Forget(one);
        return;
      }
      case 5: {
        OneSession* const one = ChooseSession();
        uint64_t deadline = 0;
        On(one, [&] { return api_->session_next_deadline(one->session, &deadline); });
        return;
      }
      case 6: {
        OneSession* const one = ChooseSession();
        const uint32_t notice = input_.Octet() % 8;
        On(one, [&] { return api_->session_notify(one->session, notice); });
        Forget(one);
        return;
      }
      case 7: {
        OneSession* const one = ChooseSession();
        postern_session_info info = {};
        info.struct_size = input_.Octet();
        On(one, [&] { return api_->session_info(one->session, &info); });
        return;
      }
      case 8: {
        OneSession* const one = ChooseSession();
        if (!one->opened || one->closed) return;
        Output(one, SIZE_MAX);
        return Close(one);
      }
      case 9:
        return SessionOpen(false);
      case 10:
        return TableLoad();
      case 11: {
        postern_table** const table = &tables_[input_.Below(kSlots)];
        api_->table_release(*table);
        *table = nullptr;
        return;
      }
      case 12:
        return EngineCreate();
      case 13:
        return EngineSet();
      case 14: {
        return Release(&engines_[input_.Below(kSlots)]);
      }
      case 15:
        return Inspect();
      case 16: {
        RequireThat(api_->error_name(static_cast<int32_t>(input_.Word())) != nullptr &&
                        api_->rule_name(input_.Word()) != nullptr,
                    "names", "null");
        return;
      }
      default:
        return Wrong(ChooseSession());
    }
  }

  void Accept(OneSession* one) {
    postern_answer answer = {};
    answer.struct_size = sizeof(answer);
    answer.verdict = POSTERN_VERDICT_ACCEPT;
    const auto give = [&] {
      return On(one, [&] { return api_->session_answer(one->session, one->ticket, &answer); });
    };
    int32_t result = give();
    if (result == POSTERN_E_REPLY) {
      // Some acceptances name no reply by themselves (HELP, VRFY). The default answer always does.
      answer.verdict = POSTERN_VERDICT_DEFAULT;
      result = give();
    }
    RequireThat(result >= 0, "tickets",
                std::string("the open one is refused: ") + api_->error_name(result));
    one->ticket = 0;
    for (int i = 0; i < 8 && Event(one); ++i) {
    }
  }

  // Time and notices may void an open decision; the session tells by its flags.
  void Forget(OneSession* one) {
    if (!one->opened || one->closed) return;
    size_t consumed = 0;
    const int32_t flags = api_->session_feed(one->session, nullptr, 0, &consumed);
    if (flags >= 0 && (flags & POSTERN_HAS_TICKET) == 0) one->ticket = 0;
  }

  // Null where something must be.
  void Wrong(OneSession* one) {
    size_t size = 0;
    const uint8_t* data = nullptr;
    const auto refused = [&](int32_t result) {
      Known(result);
      RequireThat(result < 0, "arguments", "null is taken");
    };
    postern_session* const session = one->session;
    refused(api_->session_feed(session, Octets("x"), 1, nullptr));
    refused(api_->session_next_event(session, nullptr));
    refused(api_->session_answer(session, 1, nullptr));
    refused(api_->session_output(session, nullptr, &size));
    refused(api_->session_output(session, &data, nullptr));
    refused(api_->session_next_deadline(session, nullptr));
    refused(api_->session_info(session, nullptr));
    refused(api_->session_feed(nullptr, Octets("x"), 1, &size));
    refused(api_->session_open(engines_[0], nullptr, &one_unused_));
    refused(api_->table_load(nullptr, 7, &table_unused_, nullptr));
    refused(api_->inspect(engines_[0], nullptr, Octets("x"), 1, nullptr));
    api_->session_close(nullptr);
    api_->table_release(nullptr);
    api_->engine_release(nullptr);
  }

  void MemoryIsWhatTheySay() {
    uint64_t sum = 0;
    for (OneSession& one : sessions_) {
      postern_session_info info;
      if (!Info(&one, &info)) continue;
      RequireThat(info.memory_octets <= kSessionCeiling, "memory", "above the ceiling (B1)");
      sum += info.memory_octets;
    }
    RequireThat(sum == heap_.held(), "memory", "sessions hold other than they say");
  }

  inline static Host* current_ = nullptr;

  const postern_api* api_ = nullptr;
  Input input_;
  KeepingHeap heap_;
  uint8_t flags_;
  postern_host host_ = {};
  std::array<postern_table*, kSlots> tables_ = {};
  std::array<postern_engine*, kSlots> engines_ = {};
  std::array<OneSession, kSlots> sessions_;
  postern_session* in_call_ = nullptr;
  postern_session* one_unused_ = nullptr;
  postern_table* table_unused_ = nullptr;
  postern_session_info unused_ = {};
  uint64_t now_ = 0;
  volatile unsigned touched_ = 0;
};

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Host(postern::fuzz::Input(data, size)).Run();
  return 0;
}
