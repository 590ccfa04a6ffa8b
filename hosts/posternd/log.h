// SPDX-License-Identifier: Apache-2.0
//
// The server's log: structured lines, one per session and per message (and per refused line where
// asked for), as text for people or JSON for programs. What clients control is escaped, so no
// client can forge a line or reach a terminal.
//
// Lines go into a bounded buffer that a thread of its own writes out every few tenths of a
// second (sooner on a terminal): a loop never waits for a slow disk or terminal, and a busy server
// pays no system call per line. When the buffer is full, lines are dropped, counted, and the count
// is logged.
//
// Threads: Logger: any. LogLine: the thread that made it.
#ifndef POSTERN_HOSTS_POSTERND_LOG_H_
#define POSTERN_HOSTS_POSTERND_LOG_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace postern {
namespace posternd {

enum class LogFormat { kText, kJson };
enum class LogColour { kNone, kPlain, kGood, kWarning, kBad };

class Logger {
 public:
  struct Options {
    LogFormat format = LogFormat::kText;
    // Empty: standard error.
    std::string file;
    // Colours, where standard error is a terminal and the format is text.
    bool colour = false;
    // Lines about single commands and connections too.
    bool verbose = false;
    // How long lines may gather before they are written. 0: as fits a terminal or a file.
    std::chrono::milliseconds interval{0};
  };

  Logger() = default;
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  absl::Status Open(const Options& options);
  // Opens the file again by its name, after a log rotation. Keeps the old one if that fails.
  absl::Status Reopen();
  // Writes out all that is there, then stops the thread.
  void Close();

  const Options& options() const { return options_; }
  bool verbose() const { return options_.verbose; }

  void Write(absl::string_view line);

  // For what concerns the server itself.
  void Info(absl::string_view message);
  void Warning(absl::string_view message);
  void Error(absl::string_view message);
  // What was logged so far is written without the delay: for answers that a person waits for.
  void Hurry();

 private:
  void Run();
  // All of `text`, whatever it takes; false when the file takes nothing any more.
  bool WriteOut(absl::string_view text);

  Options options_;
  int fd_ = 2;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string buffer_;
  uint64_t dropped_ = 0;
  bool stop_ = false;
  bool idle_ = false;  // the thread sleeps until a line comes
  bool hurry_ = false;
  std::thread thread_;
};

// One line in the making:
//   LogLine(logger, "session").Add("id", id).Add("messages", 2).Write();
// Text: `TIME session id=... messages=2`; JSON: {"time":"...","event":"session",...}.
class LogLine {
 public:
  LogLine(Logger* logger, absl::string_view event, LogColour colour = LogColour::kPlain);

  LogLine& Add(absl::string_view key, absl::string_view value);
  LogLine& Add(absl::string_view key, const char* value) {
    return Add(key, absl::string_view(value));
  }
  LogLine& Add(absl::string_view key, uint64_t value);
  LogLine& Add(absl::string_view key, uint32_t value) { return Add(key, uint64_t{value}); }
  void Write();

 private:
  Logger* logger_;
  LogFormat format_;
  bool colour_;
  std::string text_;
};

// Appends `octets` so that only printable ASCII is left. Text: as they are if that is unambiguous,
// else in double quotes with \\ \" and \xNN. JSON: a string, with octets beyond 0x7E and controls
// as \u00NN.
void AppendTextValue(absl::string_view octets, std::string* out);
void AppendJsonString(absl::string_view octets, std::string* out);

// "2026-11-24T04:22:56.123Z"
void AppendTimestamp(int64_t unix_ms, std::string* out);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_LOG_H_
