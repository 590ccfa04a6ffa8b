// SPDX-License-Identifier: Apache-2.0

#include "fuzz/session/oracles.h"

#include <memory>
#include <string>
#include <string_view>

#include "fuzz/model/content.h"
#include "fuzz/model/grammar.h"
#include "plugin_api/postern.h"

namespace postern::fuzz {
namespace {

// Beside the session object itself: one command line, and replies below a fixed mark
// (docs/defaults.md; tests/transcripts/README.md names the figure).
constexpr size_t kMemoryCeiling = 16 * 1024;
// A line of 12288 octets and what is decoded of it (RFC 4954 section 4).
constexpr size_t kAuthMemoryCeiling = 32 * 1024;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t CountReplies(std::string_view output) {
  size_t replies = 0;
  for (size_t at = 0; at < output.size();) {
    const size_t end = output.find("\r\n", at);
    if (end == std::string_view::npos) break;
    if (end - at >= 3 && (end - at == 3 || output[at + 3] != '-')) ++replies;
    at = end + 2;
  }
  return replies;
}

// RFC 2034 excepts the success of HELO and EHLO; a table or a host may let a refusal go without.
bool HeloRefused(const SeenStep& step) {
  for (const SeenAnswer& answer : step.answers) {
    if (answer.event == POSTERN_EVENT_HELO) return true;
  }
  return false;
}

std::string InLine(const SeenLine& line) {
  return "line \"" + Visible(std::string_view(line.line).substr(0, 120)) + "\": ";
}

}  // namespace

Finding CallsHold(const Trace& trace) { return trace.fault; }

Finding SameWhateverCuts(const Trace& a, const Trace& b) {
  if (a.steps.size() != b.steps.size()) return "not the same number of steps";
  for (size_t i = 0; i < a.steps.size(); ++i) {
    const SeenStep& x = a.steps[i];
    const SeenStep& y = b.steps[i];
    const std::string where = "step " + std::to_string(i) + ": ";
    if (x.output != y.output) {
      return where + "output \"" + Visible(x.output) + "\" and \"" + Visible(y.output) + '"';
    }
    for (size_t k = 0; k < x.events.size() || k < y.events.size(); ++k) {
      if (k >= x.events.size()) return where + "only one has " + Describe(y.events[k]);
      if (k >= y.events.size()) return where + "only one has " + Describe(x.events[k]);
      if (!(x.events[k] == y.events[k])) {
        return where + Describe(x.events[k]) + " and " + Describe(y.events[k]);
      }
    }
    if (x.answers.size() != y.answers.size()) return where + "not the same answers";
    for (size_t k = 0; k < x.answers.size(); ++k) {
      if (x.answers[k].result != y.answers[k].result) return where + "not the same result";
    }
    if (x.result != y.result) return where + "a notice had two results";
    if (x.ticket != y.ticket || x.start_tls != y.start_tls || x.closing != y.closing) {
      return where + "not the same flags";
    }
    const SeenInfo& p = x.info;
    const SeenInfo& q = y.info;
    if (p.fingerprint != q.fingerprint || p.state != q.state) return where + "not the same state";
    if (p.errors != q.errors || p.recipients != q.recipients || p.tls != q.tls ||
        p.extended != q.extended || p.messages != q.messages || p.lines != q.lines ||
        p.octets_out != q.octets_out) {
      return where + "session_info differs";
    }
    if (!x.closing && p.octets_in != q.octets_in) return where + "octets_in differs";
    if (x.deadline != y.deadline) return where + "not the same deadline";
  }
  return Finding();
}

Finding RefusalsChangeNothing(const Trace& lines) {
  for (const SeenLine& line : lines.lines) {
    if (line.in_content || line.decision_left_open || line.closed || !line.greeted ||
        line.disturbed) {
      continue;
    }
    // A message that lost a chunk is void (R2, D5).
    if (line.bdat) continue;
    if (CountReplies(line.output) != 1 || line.output[0] != '5') continue;
    if (line.fingerprint_before != line.fingerprint_after) {
      return InLine(line) + "refused, and the state is another";
    }
    if (line.errors_after != line.errors_before + 1) {
      return InLine(line) + "refused, and the error count is not one more";
    }
  }
  return Finding();
}

Finding OneReplyPerLine(const Trace& lines) {
  for (const SeenLine& line : lines.lines) {
    if (line.in_content || line.decision_left_open || line.closed || !line.greeted ||
        line.disturbed) {
      continue;
    }
    // Octets in the clear behind STARTTLS are no lines (B4).
    const size_t replies = CountReplies(line.output);
    bool dropped = replies == 0 && line.output.empty();
    for (const SeenEvent& event : line.events) {
      if (event.type != POSTERN_EVENT_ERROR || event.rule != POSTERN_RULE_B4) dropped = false;
    }
    if (dropped && line.handshake) continue;
    if (replies != line.replies) return InLine(line) + std::to_string(replies) + " replies";
  }
  return Finding();
}

Finding RepliesParse(const Setup& setup, const Trace& trace) {
  const bool enhanced_on = !setup.has(kWithoutEnhancedCodes);
  // Decisions that are not wanted make no event, and may be answered in a later step.
  bool asked_query = setup.wanted_events != 0;
  bool greeting = true;
  for (const SeenStep& step : trace.steps) {
    const std::string& output = step.output;
    // RFC 6531 section 3.7.4: 251 and 551 to RCPT, and replies to VRFY and EXPN, may hold UTF-8.
    for (const SeenEvent& event : step.events) {
      if (event.type == POSTERN_EVENT_VRFY || event.type == POSTERN_EVENT_EXPN) {
        asked_query = true;
      }
    }
    std::string code;
    std::string enhanced;
    bool first = true;
    for (size_t at = 0; at < output.size();) {
      const size_t end = output.find('\n', at);
      if (end == std::string::npos) return "output ends within a line";
      const std::string line = output.substr(at, end + 1 - at);
      at = end + 1;
      const std::string shown = "reply \"" + Visible(line) + "\": ";
      if (line.size() < 2 || line[line.size() - 2] != '\r') return shown + "bare LF";
      // A challenge is as long as it must be (RFC 4954 section 4).
      if (line.size() > (line.compare(0, 4, "334 ") == 0 ? 12288u : 512u))
        return shown + std::to_string(line.size()) + " octets";
      const std::string text = line.substr(0, line.size() - 2);
      if (text.size() < 4) return shown + "no text";
      if (text[0] < '2' || text[0] > '5' || text[1] < '0' || text[1] > '5' || !IsDigit(text[2])) {
        return shown + "no reply code";
      }
      if (text[3] != ' ' && text[3] != '-') return shown + "no separator";
      const bool last = text[3] == ' ';
      bool high = false;
      for (const char c : text) {
        const auto octet = static_cast<uint8_t>(c);
        if (octet >= 0x80) {
          high = true;
        } else if ((octet < 0x20 && octet != '\t') || octet == 0x7F) {
          return shown + "not printable";
        }
      }
      const bool may_be_utf8 =
          asked_query || text.compare(0, 3, "251") == 0 || text.compare(0, 3, "551") == 0;
      if (high && (!may_be_utf8 || !model::IsUtf8(text))) {
        return shown + "octets beyond ASCII";
      }
      if (!first && text.compare(0, 3, code) != 0) return shown + "another code within a reply";
      code = text.substr(0, 3);
      // class "." subject "." detail SP
      std::string found;
      size_t k = 4;
      while (k < text.size() && (IsDigit(text[k]) || text[k] == '.')) ++k;
      if (k < text.size() && text[k] == ' ' && k > 8 && text[5] == '.' && k <= 13) {
        found = text.substr(4, k - 4);
      }
      // An accepted XCLIENT is answered with the greeting.
      const bool helo = (code == "250" || (code == "220" && setup.trusted)) &&
                        (greeting || first) && text.size() > 4 &&
                        text.compare(4, setup.server_name().size(), setup.server_name()) == 0;
      if (first) {
        enhanced = found;
        const bool excepted = greeting || code[0] == '3' || helo || code == "421";
        // An override may leave out what a refusal of HELO may go without.
        if (enhanced_on && !excepted && found.empty() && (code[0] == '2' || !HeloRefused(step))) {
          return shown + "no enhanced code";
        }
        if (!found.empty() && enhanced_on && !greeting && code[0] != '3' && !helo &&
            found[0] != code[0]) {
          return shown + "enhanced code of another class";
        }
      } else if (enhanced_on && !enhanced.empty() && found != enhanced) {
        return shown + "another enhanced code within a reply";
      }
      first = last;
      if (last) greeting = false;
    }
    if (!first) return "a reply does not end";
  }
  return Finding();
}

Finding ContentIsWhatWasSent(const Setup& setup, const Trace& lines) {
  const bool wanted =
      setup.wanted_events == 0 || (setup.wanted_events >> POSTERN_EVENT_CONTENT & 1) != 0;
  if (!wanted) return Finding();
  std::unique_ptr<model::Content> content;  // of the message that is being read
  std::string got;
  bool refused = false;
  for (const SeenLine& line : lines.lines) {
    if (!line.in_content) {
      content.reset();
      continue;
    }
    if (content == nullptr) {
      content = std::make_unique<model::Content>(setup.normalize, setup.message_octets);
      got.clear();
      refused = false;
    }
    bool ended = false;
    uint64_t octets = 0;
    const size_t got_before = got.size();
    for (const SeenEvent& event : line.events) {
      if (event.type == POSTERN_EVENT_CONTENT) {
        if (refused) return InLine(line) + "content behind its refusal";
        got += event.text;
      }
      if (event.type == POSTERN_EVENT_RESET) refused = true;
      if (event.type == POSTERN_EVENT_CONTENT_END) {
        ended = true;
        octets = event.number;
      }
    }
    bool ends = false;
    for (size_t i = 0; i < line.line.size(); ++i) {
      ends = content->Add(line.line[i]);
      if (ends && i + 1 != line.line.size()) {
        return InLine(line) + "content went on behind its end";
      }
    }
    const bool faulty = content->refused() != model::Content::Refused::kNo;
    if (ended && !ends) return InLine(line) + "content was ended by what is no end of it";
    if (ends && !ended && !faulty && !line.closed) return InLine(line) + "content did not end";
    if (ended && faulty) return InLine(line) + "content that is to be refused was handed on";
    if (ended && octets != content->decoded().size()) return InLine(line) + "octets miscounted";
    if (content->decoded().compare(got_before, got.size() - got_before, got, got_before) != 0 ||
        got.size() > content->decoded().size() ||
        (!faulty && got.size() != content->decoded().size())) {
      return InLine(line) + "content is not what was sent";
    }
    // D3: never handed on bare.
    for (size_t i = got_before; i < got.size(); ++i) {
      if (got[i] == '\n' && (i == 0 || got[i - 1] != '\r')) return InLine(line) + "a bare LF";
    }
    if (ends) content.reset();
  }
  return Finding();
}

Finding BoundsHold(const Trace& trace) {
  const auto number = [](size_t n) { return std::to_string(n); };
  // LMTP holds a reply for each recipient (docs/defaults.md), of which a host may have worded one
  // for all.
  const size_t ceiling =
      (trace.auth ? kAuthMemoryCeiling : kMemoryCeiling) + 2 * 32 * 512 * trace.final_replies;
  if (trace.memory_peak > trace.memory_at_open + ceiling) {
    return number(trace.memory_peak - trace.memory_at_open) + " octets beside the session";
  }
  if (trace.memory_left != 0) return number(trace.memory_left) + " octets were not given back";
  size_t answers = 0;
  for (const SeenStep& step : trace.steps) answers += step.answers.size() + 1;
  // The longest reply to the shortest command is HELP's: 6 octets in. What a host words has 32
  // lines.
  const size_t out = 1024 * (8 + trace.octets_fed / 2) + 32 * 512 * (answers + trace.final_replies);
  if (trace.octets_out > out) return number(trace.octets_out) + " octets of output";
  if (trace.events > 8 + 2 * trace.octets_fed + 4 * answers) {
    return number(trace.events) + " events";
  }
  // A line may grow the buffers; in the steady state nothing is allocated.
  if (trace.allocations > 32 + trace.octets_fed / 2 + 2 * answers) {
    return number(trace.allocations) + " allocations";
  }
  return Finding();
}

Finding WorkIsLinear(const Trace& trace) {
  size_t steps = 0;
  for (const SeenStep& step : trace.steps) steps += 1 + step.answers.size();
  // A line costs some hundred blocks, which two octets (CR LF) may ask for; HELP's text is the
  // longest that is put together.
  const uint64_t most = 20000 + 400 * static_cast<uint64_t>(trace.octets_fed) +
                        60 * static_cast<uint64_t>(trace.calls) +
                        8 * static_cast<uint64_t>(trace.octets_out) +
                        600 * static_cast<uint64_t>(trace.events + steps);
  if (trace.work <= most) return Finding();
  return std::to_string(trace.work) + " basic blocks for " + std::to_string(trace.octets_fed) +
         " octets in " + std::to_string(trace.calls) + " calls: more than " + std::to_string(most);
}

Finding NothingAfterClosed(const Trace& trace) {
  bool closed = false;
  for (const SeenStep& step : trace.steps) {
    if (closed && !step.output.empty()) return "output behind CLOSED";
    for (const SeenEvent& event : step.events) {
      if (closed) return Describe(event) + " behind CLOSED";
      if (event.type == POSTERN_EVENT_CLOSED) closed = true;
    }
    if (closed && !step.closing) return "CLOSED without CLOSING";
    if (closed && step.ticket) return "a decision is open behind CLOSED";
  }
  return Finding();
}

}  // namespace postern::fuzz
