// SPDX-License-Identifier: Apache-2.0
//
// The scripted host. See runner.h.

#include "tests/transcripts/runner.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "tests/transcripts/reply_oracle.h"

namespace postern::transcripts {
namespace {

using session::AnswerResult;
using session::EventType;

// Up to here every position is a cut.
constexpr size_t kCutEverywhere = 4096;
// In longer input: so near to a change, and every so many octets.
constexpr size_t kCutNear = 3;
constexpr size_t kCutStride = 509;
constexpr size_t kCutRepeated = 512;

std::string Address(wire::ProxyFamily family, const uint8_t* octets, uint16_t port) {
  std::string out;
  if (family == wire::ProxyFamily::kInet) {
    for (int i = 0; i < 4; ++i) out += (i > 0 ? "." : "") + std::to_string(octets[i]);
  } else {
    char group[8];
    for (int i = 0; i < 16; i += 2) {
      std::snprintf(group, sizeof(group), "%s%x", i > 0 ? ":" : "",
                    static_cast<unsigned>(octets[i] << 8 | octets[i + 1]));
      out += group;
    }
  }
  return out + "/" + std::to_string(port);
}

void Field(const char* name, std::string_view value, std::string* out) {
  if (!value.empty()) *out += std::string(" ") + name + "=" + Quoted(value);
}

void Flags(uint32_t flags, const std::vector<std::pair<uint32_t, const char*>>& names,
           std::string* out) {
  std::string list;
  for (const auto& [flag, name] : names) {
    if ((flags & flag) != 0) list += (list.empty() ? "" : ",") + std::string(name);
    flags &= ~flag;
  }
  if (flags != 0) list += "?" + std::to_string(flags);
  if (!list.empty()) *out += " flags=" + list;
}

std::string ResetName(uint8_t reason) {
  static const char* const kNames[] = {"none",    "rset",  "helo", "starttls", "content_refused",
                                       "timeout", "closed"};
  return reason < 7 ? kNames[reason] : "?";
}

std::string ClosedName(uint8_t reason) {
  static const char* const kNames[] = {"none",     "quit",   "disconnected", "timeout", "errors",
                                       "commands", "line",   "proxy",        "policy",  "shutdown",
                                       "tls",      "memory", "auth",         "turned"};
  return reason < 14 ? kNames[reason] : "?";
}

std::string AuthEndName(uint8_t reason) {
  static const char* const kNames[] = {"none",   "cancelled", "bad_base64", "too_long",
                                       "closed", "rounds",    "timeout"};
  return reason < 7 ? kNames[reason] : "?";
}

// What the parameters of delivery extensions said.
void Extra(const session::Extra& extra, std::string* out) {
  const auto given = [&extra](commands::Given what) { return (extra.given & what) != 0; };
  if (given(commands::kGivenRet)) {
    *out += extra.values.dsn_return == syntax::DsnReturn::kFull ? " ret=full" : " ret=hdrs";
  }
  if (given(commands::kGivenEnvid)) {
    Field("envid", extra.values.envid, out);
    Field("decoded", extra.decoded, out);
  }
  if (given(commands::kGivenNotify)) {
    std::string list;
    const auto add = [&](uint8_t bit, const char* name) {
      if ((extra.values.notify & bit) == 0) return;
      if (!list.empty()) list += ',';
      list += name;
    };
    add(syntax::kNotifyNever, "never");
    add(syntax::kNotifySuccess, "success");
    add(syntax::kNotifyFailure, "failure");
    add(syntax::kNotifyDelay, "delay");
    *out += " notify=" + list;
  }
  if (given(commands::kGivenOrcpt)) {
    Field("orcpt_type", extra.values.orcpt_type, out);
    Field("orcpt", extra.values.orcpt, out);
    Field("decoded", extra.decoded, out);
  }
  if (given(commands::kGivenRequireTls)) *out += " requiretls";
  if (given(commands::kGivenBy)) {
    *out += " by=" + std::to_string(extra.values.by_seconds);
    *out += extra.values.by_mode == syntax::ByMode::kReturn ? ";return" : ";notify";
    if (extra.values.by_trace) *out += ";trace";
  }
  if (given(commands::kGivenPriority)) {
    *out += " priority=" + std::to_string(extra.values.priority);
  }
  if (given(commands::kGivenRrvs)) {
    static const char* const kActions[] = {"", ";reject", ";continue"};
    *out += " rrvs=" + std::to_string(extra.values.rrvs);
    *out += kActions[static_cast<int>(extra.values.rrvs_action)];
  }
}

std::string Describe(const Happening& happening) {
  const session::Event& event = happening.event;
  std::string out = EventName(event.type);
  switch (event.type) {
    case EventType::kProxyHeader: {
      static const char* const kFamilies[] = {"none", "inet", "inet6", "unix"};
      const wire::ProxyHeader& proxy = happening.proxy;
      out += " version=" + std::to_string(proxy.version);
      out += std::string(" family=") + kFamilies[static_cast<int>(proxy.family) & 3];
      if (proxy.local) out += " local";
      if (proxy.family == wire::ProxyFamily::kInet || proxy.family == wire::ProxyFamily::kInet6) {
        out += " source=" + Address(proxy.family, proxy.source, proxy.source_port);
        out += " destination=" + Address(proxy.family, proxy.destination, proxy.destination_port);
      }
      Field("tlvs", proxy.tlvs, &out);
      break;
    }
    case EventType::kHelo:
      Field("name", event.text, &out);
      Flags(event.flags,
            {{session::kHeloExtended, "extended"},
             {session::kHeloLiteral, "literal"},
             {session::kHeloLmtp, "lmtp"}},
            &out);
      break;
    case EventType::kMail:
    case EventType::kRcpt:
      Field("path", event.path, &out);
      Field("mailbox", event.mailbox, &out);
      Field("local", event.local_part, &out);
      Field("domain", event.domain, &out);
      Field("parameters", event.parameters, &out);
      if (event.number != 0) out += " size=" + std::to_string(event.number);
      if (event.type == EventType::kMail && event.count != 0) {
        out += event.count == 1   ? " body=7bit"
               : event.count == 2 ? " body=8bitmime"
               : event.count == 3 ? " body=binarymime"
                                  : " body=?";
      }
      if (event.type == EventType::kRcpt) out += " accepted=" + std::to_string(event.count);
      Flags(event.flags,
            {{session::kPathNull, "null"},
             {session::kPathPostmaster, "postmaster"},
             {session::kPathQuoted, "quoted"},
             {session::kPathLiteral, "literal"},
             {session::kPathRoute, "route"},
             {session::kPathUtf8, "utf8"},
             {session::kMailSmtpUtf8, "smtputf8"},
             {session::kMailAuth, "auth"},
             {session::kMailAuthNull, "auth_null"}},
            &out);
      Extra(happening.extra, &out);
      Field("auth", event.auth, &out);
      break;
    case EventType::kXclient:
    case EventType::kXforward: {
      static const char* const kNames[] = {"?",        "name",  "addr",  "port",
                                           "proto",    "helo",  "login", "destaddr",
                                           "destport", "ident", "source"};
      static const char* const kStates[] = {"?", "", "[unavailable]", "[tempunavail]"};
      Field("argument", event.text, &out);
      for (size_t i = 0; i < happening.extra.attribute_count; ++i) {
        const session::GivenAttribute& one = happening.extra.attributes[i];
        const char* const name = kNames[one.attribute <= 10 ? one.attribute : 0];
        if (one.state == 1) {
          Field(name, one.value, &out);
        } else {
          out += std::string(" ") + name + '=' + kStates[one.state & 3];
          if (one.value.size != 0) out += "?";
        }
      }
      break;
    }
    case EventType::kEtrn:
      Field("name", event.text, &out);
      Flags(event.flags, {{session::kEtrnSubdomains, "subdomains"}, {session::kEtrnQueue, "queue"}},
            &out);
      break;
    case EventType::kAtrn:
      Field("domains", event.text, &out);
      break;
    case EventType::kBurl:
      Field("url", event.text, &out);
      out += " total=" + std::to_string(event.total);
      out += " recipients=" + std::to_string(event.count);
      Flags(event.flags,
            {{session::kBurlFirst, "first"},
             {session::kBurlLast, "last"},
             {session::kBurlBinary, "binary"}},
            &out);
      break;
    case EventType::kContentBegin:
      out += " recipients=" + std::to_string(event.count);
      if (event.number != 0) out += " chunk=" + std::to_string(event.number);
      Flags(event.flags,
            {{session::kContentBdat, "bdat"},
             {session::kContentLast, "last"},
             {session::kContentBinary, "binary"}},
            &out);
      break;
    case EventType::kChunkEnd:
      out += " octets=" + std::to_string(event.number) + " total=" + std::to_string(event.total);
      break;
    case EventType::kContentEnd:
      out += " octets=" + std::to_string(event.number);
      break;
    case EventType::kReset:
      out += " reason=" + ResetName(event.reason);
      break;
    case EventType::kClosed:
      out += " reason=" + ClosedName(event.reason);
      break;
    case EventType::kAuth:
      Field("mechanism", event.mechanism, &out);
      Field("response", event.text, &out);
      out += " round=" + std::to_string(event.count);
      Flags(event.flags,
            {{session::kAuthFirst, "first"}, {session::kAuthHasResponse, "has_response"}}, &out);
      break;
    case EventType::kAuthEnd:
      out += " reason=" + AuthEndName(event.reason);
      break;
    case EventType::kVrfy:
    case EventType::kExpn:
    case EventType::kHelp:
      Field("argument", event.text, &out);
      Field("line", event.line, &out);
      break;
    case EventType::kUnknown:
      Field("verb", event.text, &out);
      Field("line", event.line, &out);
      break;
    case EventType::kError:
      out += " " + (event.reply == replies::ReplyId::kUnspecified
                        ? std::string("-")
                        : ReplyName(static_cast<uint16_t>(event.reply)));
      out += " code=" + std::to_string(event.code);
      out += " rule=" + RuleName(static_cast<uint8_t>(event.rule));
      Field("line", event.line, &out);
      break;
    default:
      break;
  }
  return out;
}

const char* ResultName(AnswerResult result) {
  switch (result) {
    case AnswerResult::kOk:
      return "ok";
    case AnswerResult::kNoTicket:
      return "no_ticket";
    case AnswerResult::kBadVerdict:
      return "bad_verdict";
    case AnswerResult::kBadReply:
      return "bad_reply";
  }
  return "?";
}

// What a decision gets where no A: line says otherwise.
AnswerPlan UsualAnswer(EventType event) {
  AnswerPlan plan;
  plan.event = event;
  Attempt attempt;
  const bool by_default = event == EventType::kVrfy || event == EventType::kExpn ||
                          event == EventType::kHelp || event == EventType::kUnknown;
  attempt.verdict = by_default ? session::Verdict::kDefault : session::Verdict::kAccept;
  attempt.spelled = by_default ? "default" : "accept";
  plan.attempts.push_back(attempt);
  return plan;
}

class Runner {
 public:
  Runner(DriverFactory* factory, const Transcript& transcript, const Way& way,
         const Answers* answers)
      : transcript_(transcript), way_(way), answers_(answers) {
    driver_ = factory->Open(transcript.options, &use_);
  }

  Result Run() {
    size_t at = 0;
    const std::vector<Step>& steps = transcript_.steps;
    for (size_t i = 0; i < steps.size(); ++i) {
      result_.steps.emplace_back();
      const Step& step = steps[i];
      if (answers_ == nullptr) {
        for (const AnswerPlan& plan : step.answers) planned_.push_back(plan);
      }
      Do(step, &at, i + 1 < steps.size() ? &steps[i + 1] : nullptr);
      if (!planned_.empty()) {
        Problem("step " + std::to_string(i) +
                ": an A: line was not used: " + EventName(planned_.front().event));
        planned_.clear();
      }
    }
    DrainOutput();
    if (turned_) Log("for_host octets=" + Quoted(for_host_));
    if (answers_ != nullptr && next_answer_ != answers_->size()) Problem("fewer decisions");
    Collect();
    result_.peak_memory = use_.peak;
    driver_.reset();
    if (use_.now != 0) Problem("memory leaked: " + std::to_string(use_.now));
    return std::move(result_);
  }

 private:
  void Problem(const std::string& text) { result_.problems.push_back(text); }

  void Do(const Step& step, size_t* at, const Step* next) {
    switch (step.kind) {
      case StepKind::kOpen:
        Pump();
        break;
      case StepKind::kOctets:
        if (way_.join && next != nullptr && next->kind == StepKind::kOctets) {
          joined_ += step.octets;
          break;
        }
        FeedStep(joined_ + step.octets, *at);
        *at += joined_.size() + step.octets.size();
        joined_.clear();
        break;
      case StepKind::kTick:
        DrainOutput();
        now_ms_ += step.milliseconds;
        driver_->Tick(now_ms_);
        Pump();
        if (!driver_->Closing() && driver_->NextDeadline() <= now_ms_) {
          Problem("the deadline is still in the past after tick()");
        }
        line_exempt_ = true;
        break;
      case StepKind::kNotice:
        DrainOutput();
        if (!driver_->Notify(step.notice)) Log("notice => refused");
        if (step.notice == session::Notice::kTlsEstablished) tls_told_ = false;
        if (step.notice == session::Notice::kShutdown) shutdown_ = true;
        Pump();
        line_exempt_ = true;
        break;
      case StepKind::kVerdict:
        DrainOutput();
        Give(last_ticket_, step.attempts, "answer");
        Pump();
        line_exempt_ = true;
        break;
    }
  }

  // `at` is where `octets` begin in the whole input.
  void FeedStep(const std::string& octets, size_t at) {
    size_t done = 0;
    while (done < octets.size()) {
      size_t end = octets.size();
      if (way_.piece < end - done) end = done + way_.piece;
      if (way_.cut > at + done && way_.cut < at + end) end = way_.cut - at;
      if (way_.by_line) {
        const size_t line = octets.find("\r\n", done);
        if (chunk_left_ > 0) {
          end = static_cast<size_t>(std::min<uint64_t>(end, done + chunk_left_));
        } else if (line != std::string::npos) {
          end = std::min(end, line + 2);
        }
        BeginLine();
      }
      const std::string piece = octets.substr(done, end - done);
      pending_ += piece;
      Pump();
      if (way_.by_line) EndLine(piece);
      done = end;
    }
  }

  // Feeds what is pending until the session takes no more.
  void Pump() {
    while (true) {
      if (!way_.lazy_output) DrainOutput();
      const bool happened = DrainEvents();
      if (!way_.lazy_output) DrainOutput();
      if (turned_) {
        // Behind an accepted ATRN nothing is read any more: it is for the host.
        for_host_ += pending_;
        pending_.clear();
      }
      if (driver_->HasTicket() || pending_.empty()) break;
      // A buffer of its own for each call, of just the right size.
      const std::unique_ptr<char[]> buffer(new char[pending_.size()]);
      std::memcpy(buffer.get(), pending_.data(), pending_.size());
      const size_t taken = driver_->Feed({buffer.get(), pending_.size()});
      if (taken > pending_.size()) {
        Problem("more octets taken than given");
        pending_.clear();
        return;
      }
      pending_.erase(0, taken);
      DrainAfterFeed();
      if (taken == 0 && !happened && !any_) {
        if (way_.lazy_output && !driver_->Output().empty()) {
          DrainOutput();
          continue;
        }
        Problem("the session takes nothing and waits for nothing");
        pending_.clear();
        return;
      }
    }
  }

  // Events may point into the fed buffer, so they are taken while it lives.
  void DrainAfterFeed() {
    if (!way_.lazy_output) DrainOutput();
    any_ = DrainEvents();
  }

  bool DrainEvents() {
    bool any = false;
    Happening happening;
    while (driver_->NextEvent(&happening)) {
      any = true;
      const session::Event& event = happening.event;
      if (closed_) Problem("an event after closed");
      closed_ = closed_ || event.type == EventType::kClosed;
      turned_ = turned_ || (event.type == EventType::kClosed &&
                            event.reason == static_cast<uint8_t>(session::CloseReason::kTurned));
      if (event.type == EventType::kProxyHeader) proxy_seen_ = true;
      if (event.type == EventType::kContent) {
        Entry entry;
        entry.event.content = std::string(event.text);
        if (event.text.empty()) Problem("empty slice of content");
        Append(entry);
        continue;
      }
      const std::string text = Describe(happening);
      if (event.ticket == 0) {
        Log(text);
        continue;
      }
      last_ticket_ = event.ticket;
      const AnswerPlan plan = NextAnswer(event.type);
      result_.answers.push_back(plan);
      if (plan.later) {
        Log(text + " -> later");
        line_exempt_ = true;
      } else {
        Give(event.ticket, plan.attempts, text);
      }
      if (!way_.lazy_output) DrainOutput();
      if (driver_->StartTls() && !tls_told_) {
        tls_told_ = true;
        Log("start_tls");
      }
    }
    return any;
  }

  AnswerPlan NextAnswer(EventType type) {
    if (answers_ != nullptr) {
      if (next_answer_ < answers_->size() && (*answers_)[next_answer_].event == type) {
        return (*answers_)[next_answer_++];
      }
      Problem("another decision than in the whole run");
      return UsualAnswer(type);
    }
    for (size_t i = 0; i < planned_.size(); ++i) {
      if (planned_[i].event != type) continue;
      AnswerPlan plan = planned_[i];
      planned_.erase(planned_.begin() + static_cast<std::ptrdiff_t>(i));
      return plan;
    }
    return UsualAnswer(type);
  }

  void Give(uint64_t ticket, const std::vector<Attempt>& attempts, const std::string& text) {
    std::string tried = text;
    bool taken = false;
    for (const Attempt& attempt : attempts) {
      if (taken) {
        Problem("an answer too many: " + attempt.spelled);
        break;
      }
      // Logged first: the answer's own events and output come behind it.
      const size_t entry = Log(tried + " -> " + attempt.spelled);
      const AnswerResult result = driver_->Answer(ticket, attempt);
      if (result == AnswerResult::kOk) {
        taken = true;
      } else {
        result_.steps.back()[entry].event.text += std::string(" => ") + ResultName(result);
        tried = "answer";
      }
    }
  }

  void DrainOutput() {
    const std::string_view output = driver_->Output();
    if (output.empty()) return;
    Entry entry;
    entry.is_output = true;
    entry.output = std::string(output);
    result_.output += entry.output;
    driver_->ConsumeOutput(output.size());
    Append(entry);
  }

  size_t Log(const std::string& text) {
    Entry entry;
    entry.event.text = text;
    return Append(entry);
  }

  size_t Append(const Entry& entry) {
    std::vector<Entry>& log = result_.steps.back();
    const bool content = !entry.is_output && entry.event.text.empty();
    if (!log.empty() && log.back().is_output == entry.is_output) {
      if (entry.is_output) {
        log.back().output += entry.output;
        return log.size() - 1;
      }
      if (content && log.back().event.text.empty()) {
        log.back().event.content += entry.event.content;
        return log.size() - 1;
      }
    }
    log.push_back(entry);
    return log.size() - 1;
  }

  void Collect() {
    std::string content;
    const auto flush = [&] {
      if (!content.empty()) result_.events.push_back("content " + Visible(content, false));
      content.clear();
    };
    for (const auto& step : result_.steps) {
      for (const Entry& entry : step) {
        if (entry.is_output) continue;
        if (entry.event.text.empty()) {
          content += entry.event.content;
        } else {
          flush();
          result_.events.push_back(entry.event.text);
        }
      }
    }
    flush();
  }

  // ---- R1, R2, R5 line by line ----

  size_t RepliesSoFar() {
    std::vector<SeenReply> replies;
    std::string error;
    ReadReplies(result_.output, transcript_.utf8_replies, &replies, &error);
    if (!replies.empty()) last_reply_ = replies.back();
    return replies.size();
  }

  void BeginLine() {
    if (line_open_) return;
    line_open_ = true;
    is_bdat_ = false;
    wanted_ = 1;
    line_exempt_ = driver_->HasTicket() || driver_->StartTls() ||
                   (transcript_.options.proxy_header && !proxy_seen_);
    line_.clear();
    replies_before_ = RepliesSoFar();
    content_before_ = last_reply_.code == 354;
    closed_before_ = driver_->Closing();
    recipients_before_ = driver_->GetInfo().recipients;
    // A line of an AUTH exchange that fails leaves the session as it was before the command.
    if (last_reply_.code != 334) fingerprint_before_ = driver_->GetInfo().fingerprint;
  }

  // D5: the octets behind a BDAT belong to it, and its reply comes behind them.
  void BeginChunk() {
    if (content_before_ || closed_before_ || driver_->StartTls()) return;
    std::string_view rest;
    const std::string_view line = commands::StripTrailingSpace({line_.data(), line_.size() - 2});
    is_bdat_ = commands::FindVerb(commands::SplitVerb(line, &rest)) == commands::Verb::kBdat;
    commands::Leniency leniency;
    leniency.extra_spaces = true;
    if (!is_bdat_) return;
    const syntax::BdatArgument chunk = commands::ReadChunk(rest, leniency);
    chunk_left_ = chunk.octets;
    // RFC 2033 section 4.3.
    if (transcript_.lmtp && transcript_.chunking && chunk.last && chunk.size_known) {
      wanted_ = recipients_before_;
    }
  }

  void EndLine(const std::string& piece) {
    if (chunk_left_ > 0) {
      chunk_left_ -= piece.size();
      if (chunk_left_ > 0) return;
    } else {
      line_ += piece;
      if (line_.size() < 2 || line_.compare(line_.size() - 2, 2, "\r\n") != 0) return;
      BeginChunk();
      if (chunk_left_ > 0) return;
    }
    line_open_ = false;
    if (line_exempt_ || driver_->HasTicket()) return;
    size_t count = RepliesSoFar() - replies_before_;
    // A shutdown that waited for the end of the transaction says so by itself (RFC 5321
    // section 3.8).
    if (shutdown_ && count > 1 && last_reply_.code == 421) --count;
    const std::string where = " to line " + Quoted(line_);
    if (closed_before_ || content_before_) {
      const size_t most = closed_before_ ? 0u : transcript_.lmtp ? recipients_before_ : 1u;
      if (count > most) Problem("R1: a reply too many" + where);
      return;
    }
    const bool hung_up = count == 1 && last_reply_.code == 421;
    if (count != wanted_ && !hung_up) {
      Problem("R1: " + std::to_string(count) + " replies" + where);
      return;
    }
    if (count == 0) return;
    std::string verb = line_.substr(0, 4);
    std::transform(verb.begin(), verb.end(), verb.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const std::string fault =
        EnhancedFault(last_reply_, transcript_.enhanced,
                      verb == "helo" || verb == "ehlo" || verb == "lhlo" || verb == "xcli");
    if (!fault.empty()) Problem("R5: " + fault + where);
    // A message that lost a part is void (contract R2, D5).
    if (is_bdat_ || (verb == "burl" && transcript_.burl)) return;
    if (last_reply_.code >= 500 && driver_->GetInfo().fingerprint != fingerprint_before_) {
      Problem("R2: " + std::to_string(last_reply_.code) + " changed the session," + where);
    }
  }

  const Transcript& transcript_;
  const Way way_;
  const Answers* const answers_;
  size_t next_answer_ = 0;
  MemoryUse use_;
  std::unique_ptr<Driver> driver_;
  Result result_;
  std::vector<AnswerPlan> planned_;
  std::string pending_;
  std::string joined_;
  uint64_t now_ms_ = 0;
  uint64_t last_ticket_ = 0;
  bool closed_ = false;
  bool turned_ = false;
  std::string for_host_;  // what came behind an accepted ATRN
  bool proxy_seen_ = false;
  bool tls_told_ = false;
  bool shutdown_ = false;
  bool any_ = false;

  bool line_open_ = false;
  bool line_exempt_ = false;
  bool content_before_ = false;
  bool closed_before_ = false;
  bool is_bdat_ = false;
  size_t wanted_ = 1;  // replies to the line
  size_t recipients_before_ = 0;
  uint64_t chunk_left_ = 0;  // octets that are still to come
  std::string line_;
  size_t replies_before_ = 0;
  uint64_t fingerprint_before_ = 0;
  SeenReply last_reply_;
};

}  // namespace

Result RunTranscript(DriverFactory* factory, const Transcript& transcript, const Way& way,
                     const Answers* answers) {
  return Runner(factory, transcript, way, answers).Run();
}

std::vector<std::vector<std::string>> GoldenLines(const Result& result) {
  std::vector<std::vector<std::string>> golden;
  for (const auto& step : result.steps) {
    golden.emplace_back();
    for (const Entry& entry : step) {
      if (!entry.is_output) {
        golden.back().push_back("E: " + (entry.event.text.empty()
                                             ? "content " + Quoted(entry.event.content)
                                             : entry.event.text));
        continue;
      }
      std::string_view output = entry.output;
      while (!output.empty()) {
        const size_t end = output.find("\r\n");
        const bool whole = end != std::string_view::npos;
        const std::string_view line = output.substr(0, end);
        std::string text = "S: ";
        for (const char c : line) {
          // Not Visible(): what people read should look as it looks to a client.
          const bool plain = c >= 0x20 || static_cast<unsigned char>(c) >= 0x80;
          text += plain && c != 0x7f ? std::string(1, c) : Visible(std::string(1, c), false);
        }
        golden.back().push_back(whole ? text : text + " (without CR LF)");
        output.remove_prefix(whole ? end + 2 : output.size());
      }
    }
  }
  return golden;
}

std::vector<std::string> CompareWithWanted(const Transcript& transcript, const Result& result) {
  std::vector<std::string> differences;
  for (size_t i = 0; i < transcript.steps.size(); ++i) {
    const Step& step = transcript.steps[i];
    const std::string where = transcript.name + ".txt:" + std::to_string(step.last_line + 1) +
                              " (golden lines not counted): ";
    if (!step.has_wanted) {
      differences.push_back(where + "no W: line");
      continue;
    }
    std::string output;
    std::vector<std::string> rules;
    for (const Entry& entry : result.steps[i]) {
      output += entry.output;
      const std::string& text = entry.event.text;
      const size_t rule = text.find(" rule=");
      if (text.compare(0, 6, "error ") == 0 && rule != std::string::npos) {
        rules.push_back(text.substr(rule + 6, text.find(' ', rule + 1) - rule - 6));
      }
    }
    std::vector<SeenReply> replies;
    std::string error;
    if (!ReadReplies(output, transcript.utf8_replies, &replies, &error)) {
      differences.push_back(where + error);
      continue;
    }
    bool same = replies.size() == step.wanted.size();
    for (size_t k = 0; same && k < replies.size(); ++k) {
      same = replies[k].code == step.wanted[k].code &&
             (step.wanted[k].enhanced.empty() || !transcript.enhanced ||
              step.wanted[k].enhanced == replies[k].enhanced);
    }
    if (!same) {
      std::string seen;
      for (const SeenReply& reply : replies) {
        seen +=
            " " + std::to_string(reply.code) + (reply.enhanced.empty() ? "" : "/" + reply.enhanced);
      }
      differences.push_back(where + "replies are not as wanted, but" +
                            (seen.empty() ? " none" : seen));
    }
    if (!step.wanted_rules.empty() && step.wanted_rules != rules) {
      std::string seen;
      for (const std::string& rule : rules) seen += " @" + rule;
      differences.push_back(where + "rules are not as wanted, but" +
                            (seen.empty() ? " none" : seen));
    }
  }
  return differences;
}

size_t InputOctets(const Transcript& transcript) {
  size_t octets = 0;
  for (const Step& step : transcript.steps) octets += step.octets.size();
  return octets;
}

std::vector<size_t> CutPositions(const Transcript& transcript) {
  std::string input;
  std::vector<size_t> starts;
  for (const Step& step : transcript.steps) {
    starts.push_back(input.size());
    input += step.octets;
  }
  std::vector<size_t> cuts;
  size_t last_change = 0;
  for (size_t i = 1; i < input.size(); ++i) {
    // Where C: steps meet the input is cut already.
    if (std::find(starts.begin(), starts.end(), i) != starts.end()) continue;
    if (input.size() > kCutEverywhere) {
      if (input[i] != input[i - 1] && input[i] != '\r' && input[i] != '\n') last_change = i;
      const size_t near = std::min(i + kCutNear, input.size() - 1);
      const bool changes_soon = input[near] != input[near - 1];
      const bool at_edge = i < 64 || input.size() - i < 64;
      if (!at_edge && i - last_change > kCutNear && !changes_soon && i % kCutStride != 0) continue;
      // Of a repeated line the first few hundred cuts tell as much as all.
      if (cuts.size() > kCutRepeated && i % kCutStride != 0 && !at_edge) continue;
    }
    cuts.push_back(i);
  }
  return cuts;
}

}  // namespace postern::transcripts
