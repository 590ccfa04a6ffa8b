// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/content.h"

#include <cstring>
#include <utility>

#include "absl/strings/match.h"

namespace postern {
namespace milter {
namespace {

constexpr uint64_t Bit(uint32_t event) { return uint64_t{1} << event; }

// Both defaults would refuse; the rule of a refusal is for the log.
constexpr uint64_t kWanted =
    Bit(POSTERN_EVENT_RCPT) | Bit(POSTERN_EVENT_CONTENT_END) | Bit(POSTERN_EVENT_ERROR);

// The envelope was judged when it came: any will do.
constexpr absl::string_view kEnvelope =
    "EHLO localhost.localdomain\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nDATA\r\n";

}  // namespace

std::unique_ptr<Content> Content::Begin(std::shared_ptr<const Judge> judge) {
  auto content = std::unique_ptr<Content>(new Content(std::move(judge)));
  if (!content->Open()) return nullptr;
  return content;
}

Content::~Content() { judge_->api().session_close(session_); }

bool Content::Open() {
  postern_session_options options = {};
  options.struct_size = sizeof(options);
  options.flags = POSTERN_OPEN_TLS;
  options.wanted_events = kWanted;
  // The MTA keeps the time: no tick ever comes, and so no deadline.
  if (judge_->api().session_open(judge_->content_engine(), &options, &session_) < 0) return false;
  Pump(POSTERN_HAS_OUTPUT);
  Feed(kEnvelope);
  const size_t last = output_.rfind("\r\n354");
  if (failed_ || last == std::string::npos || !absl::EndsWith(output_, "\r\n")) return false;
  output_.clear();
  return true;
}

void Content::Pump(int32_t flags) {
  const postern_api& api = judge_->api();
  while (flags > 0 && (flags & (POSTERN_HAS_EVENT | POSTERN_HAS_OUTPUT)) != 0) {
    if ((flags & POSTERN_HAS_EVENT) != 0) {
      const postern_event* event = nullptr;
      flags = api.session_next_event(session_, &event);
      if (flags < 0 || event == nullptr) break;
      if (event->type == POSTERN_EVENT_ERROR) {
        rule_ = reinterpret_cast<const postern_event_error*>(event)->rule;
      }
      if (event->ticket == 0) continue;
      postern_answer answer = {};
      answer.struct_size = sizeof(answer);
      if (event->type == POSTERN_EVENT_RCPT || event->type == POSTERN_EVENT_CONTENT_END) {
        answer.verdict = POSTERN_VERDICT_ACCEPT;
      }
      const uint64_t ticket = event->ticket;
      flags = api.session_answer(session_, ticket, &answer);
    } else {
      const uint8_t* data = nullptr;
      size_t size = 0;
      flags = api.session_output(session_, &data, &size);
      if (flags < 0 || size == 0) break;
      output_.append(reinterpret_cast<const char*>(data), size);
      flags = api.session_output_consumed(session_, size);
    }
  }
  if (flags < 0) failed_ = true;
}

void Content::Feed(absl::string_view octets) {
  while (!octets.empty() && !failed_) {
    size_t consumed = 0;
    const int32_t flags = judge_->api().session_feed(
        session_, reinterpret_cast<const uint8_t*>(octets.data()), octets.size(), &consumed);
    octets.remove_prefix(consumed);
    Pump(flags);
    // A session that closed takes nothing more.
    if (consumed == 0 && (flags & (POSTERN_HAS_EVENT | POSTERN_HAS_OUTPUT)) == 0) failed_ = true;
  }
}

void Content::Octets(absl::string_view octets) {
  size_t fed = 0;
  for (size_t at = 0; at < octets.size();) {
    if (line_start_ && octets[at] == '.') {
      Feed(octets.substr(fed, at - fed));
      Feed(".");
      fed = at;
    }
    const void* const found = std::memchr(octets.data() + at, '\n', octets.size() - at);
    if (found == nullptr) {
      line_start_ = false;
      break;
    }
    const auto lf = static_cast<size_t>(static_cast<const char*>(found) - octets.data());
    line_start_ = lf > 0 ? octets[lf - 1] == '\r' : after_cr_;
    at = lf + 1;
  }
  if (octets.empty()) return;
  after_cr_ = octets.back() == '\r';
  Feed(octets.substr(fed));
}

void Content::Header(absl::string_view name, absl::string_view value) {
  std::string field(name);
  field += ':';
  for (size_t i = 0; i < value.size(); ++i) {
    const bool folds =
        value[i] == '\n' && i + 1 < value.size() && (value[i + 1] == ' ' || value[i + 1] == '\t');
    if (folds && (i == 0 || value[i - 1] != '\r')) field += '\r';
    field += value[i];
  }
  field += "\r\n";
  Octets(field);
}

Finding Content::End() {
  Feed(line_start_ ? ".\r\n" : "\r\n.\r\n");
  Finding finding;
  finding.failed = failed_ || !ParseReply(output_, &finding.reply);
  finding.rule = rule_;
  return finding;
}

}  // namespace milter
}  // namespace postern
