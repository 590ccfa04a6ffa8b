// SPDX-License-Identifier: Apache-2.0
//
// What the ABI tests share: loading libpostern.so, and a host that plays a dialogue with a session
// and writes down what it saw. It knows the plugin through postern.h alone.
//
// Lifetime: a Driver owns its session. Threads: one per Driver.

#ifndef POSTERN_TESTS_ABI_PLUGIN_DRIVER_H_
#define POSTERN_TESTS_ABI_PLUGIN_DRIVER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugin_api/postern.h"

namespace postern::abi_test {

// The file named by the environment variable POSTERN_PLUGIN, which the BUILD file sets.
std::string PluginPath();

// The plugin at PluginPath(), loaded once and kept; ends the test program when that fails.
const postern_api* Api();

// A host that counts what it is asked for.
struct CountingHost {
  CountingHost();
  CountingHost(const CountingHost&) = delete;
  CountingHost& operator=(const CountingHost&) = delete;
  ~CountingHost();

  // Lines logged with POSTERN_LOG_HOST_MISBEHAVED.
  size_t misbehaved() const;

  postern_host host = {};
  std::vector<std::string> log;  // "4 session_feed: ..."
  std::map<void*, size_t> living;
  uint64_t allocations = 0;
  // The allocation with this number (from 1) and `fail_count - 1` behind it give null; 0: none.
  uint64_t fail_at = 0;
  uint64_t fail_count = 1;
  // Closed memory stays readable, so that a call on a closed session is no fault of the test.
  bool keep_freed = false;
  bool wrong_size = false;  // deallocate was given another size than allocate
  std::vector<void*> kept;
};

struct Reply {
  int32_t verdict = POSTERN_VERDICT_ACCEPT;
  uint32_t reply_id = 0;
  uint32_t code = 0;
  uint16_t enhanced[3] = {0, 0, 0};
  std::string text;
};

class Driver {
 public:
  Driver(const postern_api* api, postern_engine* engine, uint32_t flags = 0, uint64_t now_ms = 0,
         uint64_t wanted_events = 0);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // The result of session_open; the session is null where it is negative.
  int32_t opened() const { return opened_; }
  postern_session* session() { return session_; }

  // How events of a type are answered from now on (default: accept).
  void AnswerWith(uint32_t type, Reply reply) { answers_[type] = std::move(reply); }

  // Feeds in pieces of at most `piece` octets (0: whole), draining events and output as it goes.
  // False if a call failed; failed() says with what.
  bool Feed(std::string_view octets, size_t piece = 0);
  bool Drain();
  bool Tick(uint64_t now_ms);
  bool Notify(uint32_t notice);

  // Everything sent to the client, and one line per event.
  const std::string& output() const { return output_; }
  const std::string& trace() const { return trace_; }
  const std::string& content() const { return content_; }
  int32_t flags() const { return flags_; }
  int32_t failed() const { return failed_; }
  void ForgetOutput() { output_.clear(); }
  void ForgetTrace() { trace_.clear(); }

 private:
  bool Keep(int32_t result);
  void Record(const postern_event* event);

  const postern_api* api_;
  postern_session* session_ = nullptr;
  int32_t opened_;
  int32_t flags_ = 0;
  int32_t failed_ = 0;
  std::map<uint32_t, Reply> answers_;
  std::string output_;
  std::string trace_;
  std::string content_;
};

// An engine of the default table and `config` (serialized; empty: defaults). Fails the test program
// if it cannot be made.
postern_engine* MakeEngine(const postern_api* api, const postern_host* host = nullptr,
                           std::string_view config = {});

// A serialized postern.v1.EngineConfig with only server_name set.
std::string ConfigWithName(std::string_view server_name);
// A serialized postern.v1.ReplyTable that extends the default: one entry with one text line.
std::string TableWithLine(uint32_t reply_id, std::string_view name, std::string_view line);

inline std::string_view View(const postern_bytes& bytes) {
  return bytes.size == 0 ? std::string_view()
                         : std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

inline const uint8_t* Octets(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// A session with everything a host sees in a day: two transactions, dots, refusals, HELP.
extern const char kLongDialogue[];

// All that a session can go through, in pieces of `piece` octets: a PROXY header, STARTTLS with its
// handshake, then kLongDialogue. Ends early where the session closes. False if a call failed.
constexpr uint32_t kEverythingFlags = POSTERN_OPEN_PROXY_HEADER | POSTERN_OPEN_CAN_STARTTLS;
bool PlayEverything(Driver* driver, size_t piece);

}  // namespace postern::abi_test

#endif  // POSTERN_TESTS_ABI_PLUGIN_DRIVER_H_
