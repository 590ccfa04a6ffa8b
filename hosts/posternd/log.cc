// SPDX-License-Identifier: Apache-2.0
//
// The log; see log.h.

#include "hosts/posternd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

constexpr size_t kMaxBuffered = 4 * 1024 * 1024;
// A person watching should not notice the delay; a busy server should not notice the writes.
constexpr std::chrono::milliseconds kTerminalInterval(30);
constexpr std::chrono::milliseconds kFileInterval(200);
// No value of a client makes a line longer than this.
constexpr size_t kMaxValue = 1024;

constexpr char kHex[] = "0123456789abcdef";

int64_t UnixMilliseconds() {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

void AppendDigits(int value, int width, char* out) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

const char* ColourCode(LogColour colour) {
  switch (colour) {
    case LogColour::kGood:
      return "\x1b[32m";
    case LogColour::kWarning:
      return "\x1b[33m";
    case LogColour::kBad:
      return "\x1b[31m";
    default:
      return "\x1b[36m";
  }
}

// Octets that stand in a text value as they are, without quotes around it. A table, because every
// octet of every value passes here.
constexpr std::array<bool, 256> MakePlain() {
  std::array<bool, 256> plain = {};
  for (size_t octet = 0x21; octet < 0x7f; ++octet) {
    plain[octet] = octet != '"' && octet != '\\' && octet != '=';
  }
  return plain;
}
constexpr std::array<bool, 256> kPlain = MakePlain();

int OpenLog(const std::string& file) {
  return open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

}  // namespace

void AppendTimestamp(int64_t unix_ms, std::string* out) {
  // The calendar is asked once a second and thread.
  thread_local int64_t cached_second = -1;
  thread_local std::array<char, 24> text = {};
  const int64_t second = unix_ms / 1000;
  if (second != cached_second) {
    const time_t when = static_cast<time_t>(second);
    tm calendar = {};
    gmtime_r(&when, &calendar);
    memcpy(text.data(), "0000-00-00T00:00:00.000Z", 24);
    AppendDigits(calendar.tm_year + 1900, 4, &text[0]);
    AppendDigits(calendar.tm_mon + 1, 2, &text[5]);
    AppendDigits(calendar.tm_mday, 2, &text[8]);
    AppendDigits(calendar.tm_hour, 2, &text[11]);
    AppendDigits(calendar.tm_min, 2, &text[14]);
    AppendDigits(calendar.tm_sec, 2, &text[17]);
    cached_second = second;
  }
  AppendDigits(static_cast<int>(unix_ms % 1000), 3, &text[20]);
  out->append(text.data(), text.size());
}

void AppendTextValue(absl::string_view octets, std::string* out) {
  const size_t shown = octets.size() > kMaxValue ? kMaxValue : octets.size();
  bool plain = !octets.empty() && shown == octets.size();
  for (size_t i = 0; plain && i < shown; ++i) {
    plain = kPlain[static_cast<unsigned char>(octets[i])];
  }
  if (plain) {
    out->append(octets.data(), octets.size());
    return;
  }
  out->push_back('"');
  for (size_t i = 0; i < shown; ++i) {
    const auto octet = static_cast<unsigned char>(octets[i]);
    if (octet == '"' || octet == '\\') {
      out->push_back('\\');
      out->push_back(octets[i]);
    } else if (octet >= 0x20 && octet < 0x7f) {
      out->push_back(octets[i]);
    } else {
      const char escaped[] = {'\\', 'x', kHex[octet >> 4], kHex[octet & 15]};
      out->append(escaped, sizeof(escaped));
    }
  }
  out->append(shown < octets.size() ? "...\"" : "\"");
}

void AppendJsonString(absl::string_view octets, std::string* out) {
  const size_t shown = octets.size() > kMaxValue ? kMaxValue : octets.size();
  out->push_back('"');
  for (size_t i = 0; i < shown; ++i) {
    const auto octet = static_cast<unsigned char>(octets[i]);
    if (octet == '"' || octet == '\\') {
      out->push_back('\\');
      out->push_back(octets[i]);
    } else if (octet >= 0x20 && octet < 0x7f) {
      out->push_back(octets[i]);
    } else {
      const char escaped[] = {'\\', 'u', '0', '0', kHex[octet >> 4], kHex[octet & 15]};
      out->append(escaped, sizeof(escaped));
    }
  }
  out->append(shown < octets.size() ? "...\"" : "\"");
}

Logger::~Logger() { Close(); }

absl::Status Logger::Open(const Options& options) {
  options_ = options;
  fd_ = 2;
  if (!options.file.empty()) {
    fd_ = OpenLog(options.file);
    if (fd_ < 0) {
      const int error = errno;
      fd_ = 2;
      return absl::InvalidArgumentError(
          absl::StrCat(options.file, ": cannot be opened for the log: ", strerror(error),
                       "; name a file that this user can write with --log_file="));
    }
    options_.colour = false;
  }
  if (options_.format == LogFormat::kJson) options_.colour = false;
  buffer_.reserve(64 * 1024);
  stop_ = false;
  thread_ = std::thread(&Logger::Run, this);
  return absl::OkStatus();
}

absl::Status Logger::Reopen() {
  if (options_.file.empty()) return absl::OkStatus();
  const int fd = OpenLog(options_.file);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat(options_.file, ": cannot be opened again: ", strerror(errno)));
  }
  // The descriptor number stays, so the writing thread need not know.
  const int result = dup3(fd, fd_, O_CLOEXEC);
  close(fd);
  return result < 0 ? absl::UnavailableError(strerror(errno)) : absl::OkStatus();
}

void Logger::Close() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (fd_ > 2) close(fd_);
  fd_ = 2;
}

void Logger::Write(absl::string_view line) {
  bool wake;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (buffer_.size() + line.size() > kMaxBuffered) {
      ++dropped_;
      return;
    }
    buffer_.append(line.data(), line.size());
    wake = std::exchange(idle_, false);
  }
  if (wake) wake_.notify_one();
}

void Logger::Hurry() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    hurry_ = true;
    idle_ = false;
  }
  wake_.notify_one();
}

void Logger::Run() {
  std::chrono::milliseconds interval = options_.interval;
  if (interval.count() == 0) {
    interval =
        options_.file.empty() && isatty(STDERR_FILENO) != 0 ? kTerminalInterval : kFileInterval;
  }
  std::string writing;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    // A batch gathers while this thread rests; under load nobody has to wake it. Only a stop or a
    // hurry cuts the rest short.
    wake_.wait_until(lock, std::chrono::steady_clock::now() + interval,
                     [this] { return stop_ || hurry_; });
    hurry_ = false;
    if (buffer_.empty()) {
      if (stop_) return;
      idle_ = true;
      wake_.wait(lock, [this] { return stop_ || !idle_; });
      idle_ = false;
      continue;
    }
    writing.swap(buffer_);
    const uint64_t dropped = std::exchange(dropped_, 0);
    lock.unlock();
    WriteOut(writing);
    writing.clear();
    if (dropped != 0) {
      LogLine(this, "warning", LogColour::kWarning)
          .Add("message", "log lines were dropped because writing was too slow")
          .Add("lines", dropped)
          .Write();
    }
    lock.lock();
  }
}

bool Logger::WriteOut(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      std::this_thread::sleep_for(kTerminalInterval);
      continue;
    }
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void Logger::Info(absl::string_view message) {
  LogLine(this, "info").Add("message", message).Write();
}
void Logger::Warning(absl::string_view message) {
  LogLine(this, "warning", LogColour::kWarning).Add("message", message).Write();
}
void Logger::Error(absl::string_view message) {
  LogLine(this, "error", LogColour::kBad).Add("message", message).Write();
}

LogLine::LogLine(Logger* logger, absl::string_view event, LogColour colour)
    : logger_(logger),
      format_(logger->options().format),
      colour_(logger->options().colour && colour != LogColour::kNone) {
  text_.reserve(256);
  if (format_ == LogFormat::kJson) {
    text_ += "{\"time\":\"";
    AppendTimestamp(UnixMilliseconds(), &text_);
    absl::StrAppend(&text_, "\",\"event\":\"", event, "\"");
    return;
  }
  AppendTimestamp(UnixMilliseconds(), &text_);
  text_.push_back(' ');
  if (colour_) text_ += ColourCode(colour);
  text_.append(event.data(), event.size());
  if (colour_) text_ += "\x1b[0m";
}

LogLine& LogLine::Add(absl::string_view key, absl::string_view value) {
  if (format_ == LogFormat::kJson) {
    absl::StrAppend(&text_, ",\"", key, "\":");
    AppendJsonString(value, &text_);
  } else {
    absl::StrAppend(&text_, " ", key, "=");
    AppendTextValue(value, &text_);
  }
  return *this;
}

LogLine& LogLine::Add(absl::string_view key, uint64_t value) {
  if (format_ == LogFormat::kJson) {
    absl::StrAppend(&text_, ",\"", key, "\":", value);
  } else {
    absl::StrAppend(&text_, " ", key, "=", value);
  }
  return *this;
}

void LogLine::Write() {
  text_ += format_ == LogFormat::kJson ? "}\n" : "\n";
  logger_->Write(text_);
}

}  // namespace posternd
}  // namespace postern
