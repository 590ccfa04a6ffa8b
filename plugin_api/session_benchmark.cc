// SPDX-License-Identifier: Apache-2.0
//
// What a session costs a host, through the C interface of a libpostern.so that was loaded: whole
// sessions that carry a message of 1 KiB, messages on a connection that stays, and idle sessions.
// Prints instructions per unit (tests/support/instruction_counter.h), the ratio to a memcpy of the
// octets in and out in the same run, and what the host's allocator was asked for.
//   valgrind --tool=callgrind --toggle-collect='*ServeOne*' session_benchmark
//   --benchmark_filter=WholeSession --benchmark_min_time=0.0000001
// tells it function by function.
//
// The host's own part is counted too: it takes every event, answers every decision and copies every
// reply away, as a host that sends it must.

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "benchmark/benchmark.h"
#include "plugin_api/postern.h"
#include "tests/support/instruction_counter.h"

namespace postern {
namespace {

// The library beside this program, which is where the build puts both.
const postern_api* LoadPlugin() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0) return nullptr;
  std::string library(path, static_cast<size_t>(size));
  library.resize(library.rfind('/') + 1);
  library += "libpostern.so";
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return nullptr;
  }
  postern_plugin_v1_fn entry = nullptr;
  void* const symbol = dlsym(handle, "postern_plugin_v1");
  std::memcpy(&entry, &symbol, sizeof(entry));
  return entry == nullptr ? nullptr : entry(POSTERN_ABI_VERSION, nullptr);
}

// Loaded by the first benchmark, before anything is counted.
const postern_api* g_api = nullptr;

const postern_api& Api() { return *g_api; }

void NeedApi() {
  if (g_api == nullptr) g_api = LoadPlugin();
  if (g_api == nullptr) {
    std::fprintf(stderr, "cannot load libpostern.so from beside this program\n");
    std::exit(1);
  }
}

// The allocator of the host, with what is asked of it and what malloc makes of that.
struct Heap {
  size_t asked = 0;
  size_t given = 0;
  size_t blocks = 0;

  static void* Allocate(void* user, size_t size) {
    Heap* const heap = static_cast<Heap*>(user);
    void* const block = std::malloc(size);
    if (block == nullptr) return nullptr;
    heap->asked += size;
    // malloc keeps one word of its own before each block.
    heap->given += malloc_usable_size(block) + sizeof(size_t);
    ++heap->blocks;
    return block;
  }
  static void Deallocate(void* user, void* block, size_t size) {
    Heap* const heap = static_cast<Heap*>(user);
    heap->asked -= size;
    heap->given -= malloc_usable_size(block) + sizeof(size_t);
    --heap->blocks;
    std::free(block);
  }
};

postern_engine* MakeEngine(const postern_host* host) {
  NeedApi();
  postern_engine* engine = nullptr;
  char text[512];
  postern_error error = {sizeof(error), 0, text, sizeof(text), 0};
  if (Api().engine_create(host, nullptr, 0, nullptr, &engine, &error) != POSTERN_OK) {
    std::fprintf(stderr, "engine_create: %s\n", text);
    std::exit(1);
  }
  return engine;
}

constexpr char kClient[] = "192.0.2.1";

// `wanted`: the events that the host asks for, 0 for all.
postern_session* Open(postern_engine* engine, uint64_t wanted) {
  postern_session_options options = {};
  options.struct_size = sizeof(options);
  options.flags = POSTERN_OPEN_CAN_STARTTLS;
  options.wanted_events = wanted;
  options.client_address = {reinterpret_cast<const uint8_t*>(kClient), sizeof(kClient) - 1};
  postern_session* session = nullptr;
  if (Api().session_open(engine, &options, &session) != POSTERN_OK) std::exit(1);
  return session;
}

constexpr postern_answer kAccept = {
    sizeof(postern_answer), POSTERN_VERDICT_ACCEPT, 0,       0, 0, 0, 0, 0, {nullptr, 0},
    {nullptr, 0},           {nullptr, 0},           nullptr, 0, 0};

// What came to the host; the totals prove that the session did what it should.
struct Received {
  char replies[4096];
  size_t reply_octets = 0;
  size_t content_octets = 0;
  size_t decisions = 0;
};

// Takes the events and answers what must be, then copies the replies away. `flags` is what the last
// call returned.
void Serve(postern_session* session, int32_t flags, Received* received) {
  const postern_api& api = Api();
  while ((flags & POSTERN_HAS_EVENT) != 0) {
    const postern_event* event = nullptr;
    flags = api.session_next_event(session, &event);
    if (event == nullptr) break;
    if (event->type == POSTERN_EVENT_CONTENT) {
      received->content_octets += reinterpret_cast<const postern_event_content*>(event)->data.size;
    }
    if (event->ticket != 0) {
      ++received->decisions;
      flags = api.session_answer(session, event->ticket, &kAccept);
    }
  }
  if (flags < 0) std::exit(1);
  if ((flags & POSTERN_HAS_OUTPUT) == 0) return;
  const uint8_t* data = nullptr;
  size_t size = 0;
  api.session_output(session, &data, &size);
  if (received->reply_octets + size > sizeof(received->replies)) received->reply_octets = 0;
  std::memcpy(received->replies + received->reply_octets, data, size);
  received->reply_octets += size;
  api.session_output_consumed(session, size);
}

void Feed(postern_session* session, std::string_view octets, Received* received) {
  while (!octets.empty()) {
    size_t consumed = 0;
    const int32_t flags = Api().session_feed(
        session, reinterpret_cast<const uint8_t*>(octets.data()), octets.size(), &consumed);
    Serve(session, flags, received);
    octets.remove_prefix(consumed);
  }
}

// A message of 1 KiB with its end, in lines of 76 octets.
std::string Message() {
  std::string message =
      "From: Alice <alice@client.example>\r\nTo: Bob <bob@server.example>\r\nSubject: 1 KiB\r\n"
      "\r\n";
  while (message.size() + 76 <= 1024) message += std::string(74, 'x') + "\r\n";
  message += std::string(1024 - message.size() - 2, 'y') + "\r\n";
  return message + ".\r\n";
}

struct Dialogue {
  std::vector<std::string> opening;  // one string is what arrives at once
  std::vector<std::string> transaction;
  std::vector<std::string> closing;
};

Dialogue InStep() {
  return {{"EHLO mail.client.example\r\n"},
          {"MAIL FROM:<alice@client.example> SIZE=1024 BODY=8BITMIME\r\n",
           "RCPT TO:<bob@server.example>\r\n", "DATA\r\n", Message()},
          {"QUIT\r\n"}};
}

Dialogue Pipelined() {
  return {{"EHLO mail.client.example\r\n"},
          {"MAIL FROM:<alice@client.example> SIZE=1024 BODY=8BITMIME\r\n"
           "RCPT TO:<bob@server.example>\r\nDATA\r\n",
           Message()},
          {"QUIT\r\n"}};
}

void FeedAll(postern_session* session, const std::vector<std::string>& parts, Received* received) {
  for (const std::string& part : parts) Feed(session, part, received);
}

__attribute__((noinline)) void ServeOne(postern_engine* engine, uint64_t wanted,
                                        const Dialogue& dialogue, Received* received) {
  postern_session* const session = Open(engine, wanted);
  // The connect decision, where it is asked for, and the greeting.
  Serve(session, POSTERN_HAS_EVENT | POSTERN_HAS_OUTPUT, received);
  FeedAll(session, dialogue.opening, received);
  FeedAll(session, dialogue.transaction, received);
  FeedAll(session, dialogue.closing, received);
  Api().session_close(session);
}

__attribute__((noinline)) void ServeNext(postern_session* session, const Dialogue& dialogue,
                                         Received* received) {
  FeedAll(session, dialogue.transaction, received);
}

size_t Octets(const std::vector<std::string>& parts) {
  size_t octets = 0;
  for (const std::string& part : parts) octets += part.size();
  return octets;
}

// Runs `unit` and beside it a memcpy of `octets`, which is what passes through the session in both
// directions.
template <typename Unit>
void Compare(benchmark::State& state, size_t octets, Unit&& unit) {
  using Clock = std::chrono::steady_clock;
  std::vector<char> from(octets, 'x');
  std::vector<char> to(octets);
  double seconds = 0;
  double copy_seconds = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    for (int i = 0; i < 100; ++i) unit();
    const auto middle = Clock::now();
    for (int i = 0; i < 100; ++i) {
      std::memcpy(to.data(), from.data(), octets);
      benchmark::ClobberMemory();
    }
    const auto end = Clock::now();
    seconds += std::chrono::duration<double>(middle - begin).count();
    copy_seconds += std::chrono::duration<double>(end - middle).count();
  }
  state.counters["ns"] = seconds * 1e7 / static_cast<double>(state.iterations());
  state.counters["octets"] = static_cast<double>(octets);
  state.counters["memcpys"] = seconds / copy_seconds;
  const uint64_t instructions = support::CountInstructions(unit);
  if (instructions > 0) state.counters["instructions"] = static_cast<double>(instructions);
}

// The events that a host which takes all mail for its users must ask for: whom for (RCPT is refused
// by default), the content, and its fate. What else there is has the default that it wants.
constexpr uint64_t kNeeded = uint64_t{1} << POSTERN_EVENT_RCPT |
                             uint64_t{1} << POSTERN_EVENT_CONTENT |
                             uint64_t{1} << POSTERN_EVENT_CONTENT_END;

void WholeSession(benchmark::State& state, uint64_t wanted, const Dialogue& dialogue) {
  postern_engine* const engine = MakeEngine(nullptr);
  Received once;
  ServeOne(engine, wanted, dialogue, &once);
  // connect, EHLO, MAIL, RCPT, DATA, end of content
  if (once.decisions != (wanted == 0 ? 6u : 2u) || once.content_octets != 1024) {
    state.SkipWithError("a wrong session");
  }
  const size_t octets = once.reply_octets + Octets(dialogue.opening) +
                        Octets(dialogue.transaction) + Octets(dialogue.closing);
  Received received;
  Compare(state, octets, [&] {
    received.reply_octets = 0;
    ServeOne(engine, wanted, dialogue, &received);
  });
  Api().engine_release(engine);
}

void ReusedSession(benchmark::State& state, uint64_t wanted, const Dialogue& dialogue) {
  postern_engine* const engine = MakeEngine(nullptr);
  postern_session* const session = Open(engine, wanted);
  Received received;
  Serve(session, POSTERN_HAS_EVENT | POSTERN_HAS_OUTPUT, &received);
  FeedAll(session, dialogue.opening, &received);
  received = Received();
  ServeNext(session, dialogue, &received);
  if (received.decisions != (wanted == 0 ? 4u : 2u) || received.content_octets != 1024) {
    state.SkipWithError("a wrong transaction");
  }
  Compare(state, received.reply_octets + Octets(dialogue.transaction), [&] {
    received.reply_octets = 0;
    ServeNext(session, dialogue, &received);
  });
  Api().session_close(session);
  Api().engine_release(engine);
}

// In step: the client waits for each reply. Pipelined (RFC 2920): MAIL, RCPT and DATA come at once.
// All events: the host asks for each there is and answers each decision.
BENCHMARK_CAPTURE(WholeSession, in_step_all_events, 0, InStep())->Iterations(50);
BENCHMARK_CAPTURE(WholeSession, pipelined_all_events, 0, Pipelined())->Iterations(50);
BENCHMARK_CAPTURE(WholeSession, in_step, kNeeded, InStep())->Iterations(50);
BENCHMARK_CAPTURE(WholeSession, pipelined, kNeeded, Pipelined())->Iterations(50);
BENCHMARK_CAPTURE(ReusedSession, in_step_all_events, 0, InStep())->Iterations(50);
BENCHMARK_CAPTURE(ReusedSession, pipelined_all_events, 0, Pipelined())->Iterations(50);
BENCHMARK_CAPTURE(ReusedSession, in_step, kNeeded, InStep())->Iterations(50);
BENCHMARK_CAPTURE(ReusedSession, pipelined, kNeeded, Pipelined())->Iterations(50);

// What 10,000 sessions hold that said EHLO, got their reply and wait: by their own account, as the
// host's allocator was asked, and with what malloc adds.
void BM_idle_sessions(benchmark::State& state) {
  constexpr size_t kSessions = 10'000;
  for (auto _ : state) {
    Heap heap;
    postern_host host = {};
    host.struct_size = sizeof(host);
    host.user = &heap;
    host.allocate = Heap::Allocate;
    host.deallocate = Heap::Deallocate;
    postern_engine* const engine = MakeEngine(&host);
    const Heap before = heap;
    std::vector<postern_session*> sessions;
    sessions.reserve(kSessions);
    uint64_t told = 0;
    for (size_t i = 0; i < kSessions; ++i) {
      Received received;
      sessions.push_back(Open(engine, 0));
      Serve(sessions.back(), POSTERN_HAS_EVENT, &received);
      Feed(sessions.back(), "EHLO mail.client.example\r\n", &received);
      postern_session_info info = {};
      info.struct_size = sizeof(info);
      if (Api().session_info(sessions.back(), &info) != POSTERN_OK) std::exit(1);
      told += info.memory_octets;
    }
    const auto each = [](size_t octets) { return static_cast<double>(octets) / kSessions; };
    state.counters["told"] = each(told);
    state.counters["asked"] = each(heap.asked - before.asked);
    state.counters["with_malloc"] = each(heap.given - before.given);
    state.counters["blocks"] = each(heap.blocks - before.blocks);
    for (postern_session* const session : sessions) Api().session_close(session);
    Api().engine_release(engine);
  }
}
BENCHMARK(BM_idle_sessions)->Iterations(1);

}  // namespace
}  // namespace postern
