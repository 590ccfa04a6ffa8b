// SPDX-License-Identifier: Apache-2.0
//
// Exchanges of AUTH, one after another in one session, with a host that answers as it likes.
//
// Target functions: session::Session with AUTH in force (ExecuteAuth, FeedAuth, HandleAuthLine,
// FailAuth, Challenge, AnswerChallenge, CountAuthFailure), commands::ParseAuth, judge::JudgeAuth,
// syntax::ParseAuthArgument, DecodeInitialResponse, DecodeAuthLine, DecodeBase64, EncodeBase64.
//
// Input: cuts, what the host answers (counted), then lines, separated by LF: in an exchange each is
// a response as it stands, outside of one it is a command if it begins with AUTH, and NOOP if not.
// Oracles: RFC 4954 written a second time, for all lines before the first is fed: one reply to each
// (R1) with its code, and the challenge in base64; the events with what the responses say; and no
// memory goes back to the host, or stays behind when the host has answered, with a response in it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/proto/engine_config.pb.h"
#include "engine/replies/reply_table.h"
#include "engine/session/session.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/esmtp_grammar.h"

namespace postern::fuzz {
namespace {

using session::AuthEnd;
using session::EventType;
using session::Verdict;

constexpr uint32_t kRounds = 3;
constexpr uint32_t kFailures = 3;
constexpr uint32_t kUncounted = 1000000;  // errors and commands are other oracles' business
constexpr size_t kCommandLine = 512;      // RFC 5321 section 4.5.3.1.4
constexpr size_t kExchangeLine = 12288;   // RFC 4954 section 4
constexpr std::string_view kHello = "EHLO client.example\r\n";

std::shared_ptr<const session::Ground> Ground() {
  static const auto& ground = *new std::shared_ptr<const session::Ground>([] {
    v1::EngineConfig proto;
    proto.mutable_extensions()->set_auth(v1::SWITCH_ON);
    proto.set_auth_without_tls(true);
    proto.add_auth_mechanisms("PLAIN");
    proto.add_auth_mechanisms("SCRAM-SHA-256");
    proto.mutable_limits()->set_auth_rounds(kRounds);
    proto.mutable_limits()->set_auth_failures(kFailures);
    proto.mutable_limits()->set_errors(kUncounted);
    proto.mutable_limits()->set_commands_without_progress(kUncounted);
    auto table = replies::ReplyTable::LoadDefault();
    return session::MakeGround(*session::LoadConfig(proto.SerializeAsString()), *std::move(table));
  }());
  return ground;
}

// ---- Base64 (RFC 4648 section 4), slow and obvious ----

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// False for anything that is not the one encoding of its octets.
bool Decode(std::string_view text, std::string* octets) {
  octets->clear();
  if (!oracle::MatchesEsmtp("auth-response", text)) return false;
  unsigned bits = 0;
  unsigned value = 0;
  for (const char c : text.substr(0, text.find('='))) {
    value = (value << 6 | static_cast<unsigned>(kAlphabet.find(c))) & 0xFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    *octets += static_cast<char>(value >> bits & 0xFF);
  }
  return (value & ((1u << bits) - 1)) == 0;
}

std::string Encode(std::string_view octets) {
  std::string text;
  for (size_t at = 0; at < octets.size(); at += 3) {
    unsigned value = 0;
    for (size_t i = 0; i < 3; ++i) {
      value = value << 8 | (at + i < octets.size() ? static_cast<uint8_t>(octets[at + i]) : 0u);
    }
    for (unsigned i = 0; i < 4; ++i) {
      text += at + i > octets.size() ? '=' : kAlphabet[value >> (18 - 6 * i) & 63];
    }
  }
  return text;
}

// ---- What is to come of the lines ----

struct Seen {
  EventType type = EventType::kNone;
  std::string mechanism;
  std::string response;
  uint32_t flags = 0;
  uint32_t round = 0;
  uint8_t reason = 0;
};

bool operator==(const Seen& a, const Seen& b) {
  return a.type == b.type && a.mechanism == b.mechanism && a.response == b.response &&
         a.flags == b.flags && a.round == b.round && a.reason == b.reason;
}

struct HostAnswer {
  Verdict verdict = Verdict::kReject;
  std::string challenge;
};

// The host's answers in the order in which it is asked; the last is repeated.
class Plan {
 public:
  explicit Plan(std::string_view octets) : octets_(octets) {}
  HostAnswer Next() {
    const uint8_t octet = octets_.empty() ? 2 : static_cast<uint8_t>(octets_.front());
    if (octets_.size() > 1) octets_.remove_prefix(1);
    HostAnswer answer;
    switch (octet % 8) {
      case 0:
        answer.verdict = Verdict::kAccept;
        break;
      case 1:
        answer.verdict = Verdict::kDefer;
        break;
      case 2:
        break;
      case 3:
        answer.verdict = Verdict::kDefault;
        break;
      default:
        answer.verdict = Verdict::kChallenge;
        // Up to the longest that fits a line, and of each length modulo 3.
        answer.challenge = std::string(octet == 255 ? 9210 : octet / 8, static_cast<char>(octet));
        break;
    }
    return answer;
  }

 private:
  std::string_view octets_;
};

struct Reference {
  std::string wire;
  std::vector<std::string> replies;  // a code, or all of a line
  std::vector<Seen> events;
  std::vector<std::string> secrets;

  bool closed = false;
  bool authenticated = false;
  bool exchange = false;
  uint32_t failures = 0;
  uint32_t round = 0;
  std::string mechanism;

  void Line(std::string_view line, Plan* plan) {
    if (exchange) {
      wire.append(line).append("\r\n");
      Response(line, plan);
      return;
    }
    std::string command;
    for (const char c : line) command += c < ' ' || c > '~' ? '?' : c;
    std::string verb = command.substr(0, command.find(' '));
    for (char& c : verb) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (verb != "AUTH") {
      wire.append("NOOP\r\n");
      replies.emplace_back("250");
      return;
    }
    wire.append(command).append("\r\n");
    Command(command, plan);
  }

  // RFC 4954 section 4, and 6 for the codes.
  void Command(std::string_view line, Plan* plan) {
    if (line.size() + 2 > kCommandLine) {
      replies.emplace_back("500");
      return;
    }
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (authenticated) {
      replies.emplace_back("503");
      return;
    }
    if (line.size() == 4 || !oracle::MatchesEsmtp("sasl-mech", FirstWord(line.substr(5)))) {
      replies.emplace_back("501");
      return;
    }
    const std::string_view name = FirstWord(line.substr(5));
    const bool has_response = line.size() > 5 + name.size();
    const std::string_view text = has_response ? line.substr(6 + name.size()) : "";
    if (has_response && (text.empty() || text.find(' ') != std::string_view::npos)) {
      replies.emplace_back("501");
      return;
    }
    std::string upper(name);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (upper != "PLAIN" && upper != "SCRAM-SHA-256") {
      replies.emplace_back("504");
      return;
    }
    std::string response;
    if (has_response && text != "=" && !Decode(text, &response)) {
      replies.emplace_back("501");
      return;
    }
    mechanism = upper;
    round = 0;
    KeepSecrets(text, response);
    Ask(session::kAuthFirst | (has_response ? uint32_t{session::kAuthHasResponse} : 0u), response,
        plan);
  }

  void Response(std::string_view line, Plan* plan) {
    std::string response;
    if (line.size() + 2 > kExchangeLine) {
      Fail("500", AuthEnd::kTooLong);
    } else if (line.find('\0') != std::string_view::npos ||
               line.find('\r') != std::string_view::npos) {
      Fail("500", AuthEnd::kBadBase64);
    } else if (line == "*") {
      Fail("501", AuthEnd::kCancelled);
    } else if (!Decode(line, &response)) {
      Fail("501", AuthEnd::kBadBase64);
    } else {
      KeepSecrets(line, response);
      Ask(session::kAuthHasResponse, response, plan);
    }
  }

  void Ask(uint32_t flags, const std::string& response, Plan* plan) {
    events.push_back({EventType::kAuth, mechanism, response, flags, round, 0});
    exchange = false;
    const HostAnswer answer = plan->Next();
    switch (answer.verdict) {
      case Verdict::kChallenge:
        if (round == kRounds) {
          Fail("535", AuthEnd::kRounds);
          return;
        }
        ++round;
        exchange = true;
        replies.push_back("334 " + Encode(answer.challenge));
        return;
      case Verdict::kAccept:
        authenticated = true;
        replies.emplace_back("235");
        return;
      case Verdict::kDefer:
        replies.emplace_back("454");
        return;
      default:
        // Section 9: not before three have failed.
        if (failures == kFailures) {
          replies.emplace_back("421");
          closed = true;
          return;
        }
        ++failures;
        replies.emplace_back("535");
        return;
    }
  }

  void Fail(const char* code, AuthEnd reason) {
    exchange = false;
    Seen end;
    end.type = EventType::kAuthEnd;
    end.reason = static_cast<uint8_t>(reason);
    events.push_back(end);
    replies.emplace_back(code);
  }

  static std::string_view FirstWord(std::string_view text) {
    return text.substr(0, text.find(' '));
  }

  // What is looked for is the beginning, which stands there first when a line is cut.
  void KeepSecrets(std::string_view text, std::string_view response) {
    for (const std::string_view secret : {text.substr(0, 16), response.substr(0, 12)}) {
      std::string octets(secret);
      std::sort(octets.begin(), octets.end());
      octets.erase(std::unique(octets.begin(), octets.end()), octets.end());
      // Too little, or too plain, to be known again.
      if (secret.size() >= 12 && octets.size() >= 6) secrets.emplace_back(secret);
    }
  }
};

// ---- Memory that is looked at ----

class Watch {
 public:
  Watch() : memory_{Allocate, Deallocate, this} {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  std::vector<std::string> secrets;
  const wire::Memory* memory() const { return &memory_; }
  bool empty() const { return blocks_.empty(); }

  bool Holds(std::string_view octets) const {
    return std::any_of(secrets.begin(), secrets.end(), [octets](const std::string& secret) {
      return octets.find(secret) != std::string_view::npos;
    });
  }
  bool AnyHolds() const {
    return std::any_of(blocks_.begin(), blocks_.end(), [this](const auto& block) {
      return Holds({static_cast<const char*>(block.first), block.second});
    });
  }

 private:
  // As of an allocator of the host: what it held before is not told.
  static void* Allocate(void* user, size_t size) {
    void* const block = std::calloc(1, size);
    static_cast<Watch*>(user)->blocks_[block] = size;
    return block;
  }
  static void Deallocate(void* user, void* block, size_t size) {
    auto* const watch = static_cast<Watch*>(user);
    RequireThat(watch->blocks_.count(block) == 1 && watch->blocks_[block] == size, "B3",
                "a block of another size is given back");
    RequireThat(!watch->Holds({static_cast<const char*>(block), size}), "secrets",
                "memory goes back with a response in it");
    watch->blocks_.erase(block);
    std::free(block);
  }

  std::map<void*, size_t> blocks_;
  wire::Memory memory_;
};

// ---- The session ----

class Driver {
 public:
  Driver(Watch* watch, std::string_view plan) : watch_(watch), plan_(plan) {
    session::Options options;
    options.wanted_events = 1u << static_cast<int>(EventType::kAuth) |
                            1u << static_cast<int>(EventType::kAuthEnd) |
                            1u << static_cast<int>(EventType::kError);
    session_ = std::make_unique<session::Session>(Ground(), watch->memory(), options);
    Take();
    Feed(kHello);
    output_.clear();
  }

  void Feed(std::string_view octets) {
    while (!octets.empty()) {
      size_t used = 0;
      session_->Feed(octets, &used);
      octets.remove_prefix(used);
      Take();
      if (used == 0 && session_->closing()) return;
    }
  }

  const session::Session& session() const { return *session_; }
  const std::string& output() const { return output_; }
  const std::vector<Seen>& events() const { return events_; }
  // In session: its octets themselves.
  bool SessionHolds() const {
    return watch_->Holds({reinterpret_cast<const char*>(session_.get()), sizeof(session::Session)});
  }
  void End() { session_.reset(); }

 private:
  void Take() {
    session::Event event;
    while (session_->NextEvent(&event)) {
      if (event.type == EventType::kError) {
        RequireThat(!watch_->Holds(event.line), "secrets", "an event shows a response");
        continue;
      }
      Seen seen;
      seen.type = event.type;
      seen.mechanism = std::string(event.mechanism);
      seen.response = std::string(event.text);
      seen.flags = event.flags;
      seen.round = event.count;
      seen.reason = event.reason;
      if (event.type != EventType::kAuth && event.type != EventType::kAuthEnd) continue;
      events_.push_back(seen);
      if (event.ticket == 0) continue;
      const HostAnswer host = plan_.Next();
      session::Answer answer;
      answer.verdict = host.verdict;
      answer.challenge = host.challenge;
      RequireThat(session_->AnswerTicket(event.ticket, answer) == session::AnswerResult::kOk,
                  "RFC 4954", "an answer is not taken");
    }
    output_ += session_->output();
    session_->ConsumeOutput(session_->output().size());
  }

  Watch* const watch_;
  Plan plan_;
  std::unique_ptr<session::Session> session_;
  std::string output_;
  std::vector<Seen> events_;
};

void Run(Input input) {
  const uint8_t cuts = input.Octet();
  const std::string_view plan = input.TakeCounted();
  std::string_view text = input.Rest();

  Reference reference;
  Plan planned(plan);
  while (!text.empty() && !reference.closed) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // So that long ones come from short inputs: "~" and the number of copies of what follows.
    std::string longer;
    if (line.size() > 3 && line[0] == '~') {
      const size_t copies = static_cast<uint8_t>(line[1]) * 256u + static_cast<uint8_t>(line[2]);
      const std::string_view unit = line.substr(3);
      for (size_t i = 0; i < copies && longer.size() < 14000; ++i) longer += unit;
      line = longer;
    }
    // A CR before the CR LF is a bare one, as F3 has it.
    reference.Line(line, &planned);
  }

  Watch watch;
  for (const std::string& secret : reference.secrets) {
    // A challenge, or a mechanism, may say the same.
    const auto says = [&secret](const std::string& reply) {
      return reply.find(secret) != std::string::npos;
    };
    if (std::none_of(reference.replies.begin(), reference.replies.end(), says)) {
      watch.secrets.push_back(secret);
    }
  }
  Driver driver(&watch, plan);
  const Pieces pieces(reference.wire, cuts);
  for (const std::string_view piece : pieces.views()) driver.Feed(piece);

  // R1: as many replies as lines, each of one line here.
  std::string_view output = driver.output();
  for (size_t i = 0; i < reference.replies.size(); ++i) {
    const std::string& expected = reference.replies[i];
    const size_t end = output.find("\r\n");
    RequireThat(end != std::string_view::npos, "R1", "a line has no reply: " + expected);
    const std::string_view reply = output.substr(0, end);
    output.remove_prefix(end + 2);
    const bool whole = expected.size() > 3;
    RequireThat(whole ? reply == expected : reply.substr(0, 4) == expected + ' ', "RFC 4954",
                "not " + expected + " but " + std::string(reply.substr(0, 80)));
  }
  RequireThat(output.empty(), "R1", "a reply too many");
  RequireThat(driver.session().closing() == reference.closed, "RFC 4954 section 9", "closed");
  RequireThat(driver.events().size() == reference.events.size(), "events", "how many");
  for (size_t i = 0; i < reference.events.size(); ++i) {
    RequireThat(driver.events()[i] == reference.events[i], "events",
                "event " + std::to_string(i) + " says otherwise");
  }
  RequireThat(driver.session().GetInfo().authenticated == reference.authenticated, "RFC 4954",
              "authenticated");
  RequireThat(!watch.AnyHolds() && !driver.SessionHolds(), "secrets", "a response is kept");
  driver.End();
  RequireThat(watch.empty(), "B3", "memory is kept");
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
