// SPDX-License-Identifier: Apache-2.0
//
// What transcripts run against: one session behind an interface, so that the same files test the
// engine itself and libpostern.so through its C ABI.
//
// Threads and lifetime: one owner. A driver dies with its session; what it handed out is borrowed
// until the next call.

#ifndef POSTERN_TESTS_TRANSCRIPTS_DRIVER_H_
#define POSTERN_TESTS_TRANSCRIPTS_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/session/event.h"
#include "engine/session/session.h"
#include "engine/wire/proxy_header.h"
#include "tests/transcripts/transcript.h"

namespace postern::transcripts {

// An event with all that any host could ask about it.
struct Happening {
  session::Event event;
  wire::ProxyHeader proxy;  // kProxyHeader
  session::Extra extra;     // kMail, kRcpt, kXclient, kXforward, in place of event.extra
  std::vector<session::GivenAttribute> attributes;  // that extra.attributes points at
};

// Counts what a session holds, and at the most held.
struct MemoryUse {
  size_t now = 0;
  size_t peak = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;

  virtual size_t Feed(std::string_view octets) = 0;
  virtual bool NextEvent(Happening* happening) = 0;
  virtual session::AnswerResult Answer(uint64_t ticket, const Attempt& attempt) = 0;
  virtual std::string_view Output() = 0;
  virtual void ConsumeOutput(size_t octets) = 0;
  virtual void Tick(uint64_t now_ms) = 0;
  virtual uint64_t NextDeadline() = 0;
  virtual bool Notify(session::Notice notice) = 0;
  virtual bool HasTicket() = 0;
  virtual bool StartTls() = 0;
  virtual bool Closing() = 0;
  virtual session::Info GetInfo() = 0;
};

// Makes the sessions of one transcript: its configuration and table are loaded once.
class DriverFactory {
 public:
  virtual ~DriverFactory() = default;
  // `use` must outlive the driver.
  virtual std::unique_ptr<Driver> Open(const OpenOptions& options, MemoryUse* use) = 0;
};

// Null with the reason in *error where configuration or table are refused.
std::unique_ptr<DriverFactory> MakeSessionDriverFactory(const Transcript& transcript,
                                                        std::string* error);
// The same through the C ABI of the library at `path`.
std::unique_ptr<DriverFactory> MakePluginDriverFactory(const std::string& path,
                                                       const Transcript& transcript,
                                                       std::string* error);

}  // namespace postern::transcripts

#endif  // POSTERN_TESTS_TRANSCRIPTS_DRIVER_H_
