// SPDX-License-Identifier: Apache-2.0
//
// AUTH (RFC 4954): the command, its exchange, and the parameter of MAIL.

#include <algorithm>

#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint32_t kRounds = 10;           // docs/defaults.md
constexpr size_t kMostLineOctets = 12288;  // RFC 4954 section 4
constexpr size_t kMostChallenge = 9210;    // plugin_api/postern.h

// RFC 4648 section 4, bit by bit; false for anything that is not the one encoding of its octets.
bool Decode(std::string_view text, std::string* octets) {
  octets->clear();
  if (text.size() % 4 != 0) return false;
  size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bits;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    for (int bit = 5; bit >= 0; --bit) bits += (value >> bit & 1) != 0 ? '1' : '0';
  }
  for (size_t at = 0; at + 8 <= bits.size(); at += 8) {
    *octets += static_cast<char>(std::stoi(bits.substr(at, 8), nullptr, 2));
  }
  return bits.find('1', bits.size() / 8 * 8) == std::string::npos;
}

std::string Encode(std::string_view octets) {
  std::string bits;
  for (const char c : octets) {
    for (int bit = 7; bit >= 0; --bit)
      bits += (static_cast<uint8_t>(c) >> bit & 1) != 0 ? '1' : '0';
  }
  while (bits.size() % 6 != 0) bits += '0';
  std::string text;
  for (size_t at = 0; at < bits.size(); at += 6) {
    text += kAlphabet[static_cast<size_t>(std::stoi(bits.substr(at, 6), nullptr, 2))];
  }
  while (text.size() % 4 != 0) text += '=';
  return text;
}

bool IsMechanismOctet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string ChallengeOf(const ScriptAnswer& answer) {
  if (answer.form == 2) return answer.text;
  return answer.form == 3 ? std::string(answer.count, 'x') : std::string();
}

}  // namespace

// `rest` is what follows the verb.
void Machine::Auth(std::string_view rest) {
  if (rest.empty()) {
    Refuse({{kArgumentMissing, POSTERN_RULE_C501}}, true);
    return;
  }
  const bool space_first = rest[0] == ' ';
  rest.remove_prefix(1);
  if (setup_.has(kExtraSpaces)) {
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  }
  const size_t end = std::min(rest.find(' '), rest.size());
  std::string mechanism(rest.substr(0, end));
  const bool has_response = end < rest.size();
  const std::string_view response = has_response ? rest.substr(end + 1) : std::string_view();
  bool good = space_first && !mechanism.empty() && mechanism.size() <= 20 &&
              std::all_of(mechanism.begin(), mechanism.end(), IsMechanismOctet);
  if (has_response && (response.empty() || response.find(' ') != std::string_view::npos)) {
    good = false;
  }
  if (!good) {
    Refuse({{kAuthMalformed, POSTERN_RULE_C501}}, true);
    return;
  }
  for (char& c : mechanism) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  if (mechanism != "PLAIN" && mechanism != "LOGIN") {
    Refuse({{kAuthMechanismUnknown, POSTERN_RULE_C504}}, true);
    return;
  }
  SeenEvent event;
  if (has_response && response != "=" && !Decode(response, &event.text)) {
    Refuse({{kAuthBadBase64, POSTERN_RULE_C501}}, true);
    return;
  }
  if (!CountCommand()) return;
  event.type = POSTERN_EVENT_AUTH;
  event.ticket = true;
  event.flags = POSTERN_AUTH_FIRST | (has_response ? POSTERN_AUTH_HAS_RESPONSE : 0);
  event.path = auth_mechanism_ = mechanism;
  auth_round_ = 0;
  Decide(POSTERN_EVENT_AUTH, event);
}

void Machine::AuthLine() {
  if (line_octets_ > kMostLineOctets) {
    FailAuth({{kAuthLineTooLong, POSTERN_RULE_F4}}, POSTERN_AUTH_END_TOO_LONG);
    return;
  }
  std::vector<Refusal> refusals;
  if (line_.find('\r') != std::string::npos) refusals.push_back({kBareCr, POSTERN_RULE_F3});
  if (line_.find('\0') != std::string::npos) refusals.push_back({kNulOctet, POSTERN_RULE_F3});
  if (!refusals.empty()) {
    FailAuth(refusals, POSTERN_AUTH_END_BAD_BASE64);
    return;
  }
  if (line_ == "*") {
    FailAuth({{kAuthCancelled, POSTERN_RULE_C501}}, POSTERN_AUTH_END_CANCELLED);
    return;
  }
  SeenEvent event;
  if (!Decode(line_, &event.text)) {
    FailAuth({{kAuthBadBase64, POSTERN_RULE_C501}}, POSTERN_AUTH_END_BAD_BASE64);
    return;
  }
  event.type = POSTERN_EVENT_AUTH;
  event.ticket = true;
  event.flags = POSTERN_AUTH_HAS_RESPONSE;
  event.path = auth_mechanism_;
  event.count = auth_round_;
  phase_ = Phase::kCommand;
  Decide(POSTERN_EVENT_AUTH, event);
}

void Machine::EndAuth(uint32_t reason) {
  SeenEvent end;
  end.type = POSTERN_EVENT_AUTH_END;
  end.reason = reason;
  ExpectEvent(end);
}

// No event shows a line of an exchange.
void Machine::FailAuth(const std::vector<Refusal>& refusals, uint32_t reason) {
  phase_ = Phase::kCommand;
  EndAuth(reason);
  Refuse(refusals, false);
}

bool Machine::MayChallenge(const ScriptAnswer& answer) const {
  if (answer.form == 1 && answer.reply_id != 0) return false;
  return ChallengeOf(answer).size() <= kMostChallenge;
}

void Machine::Challenge(const ScriptAnswer& answer) {
  phase_ = Phase::kAuth;
  if (shutdown_) {
    CloseWith(kShuttingDown, POSTERN_CLOSED_SHUTDOWN);
    return;
  }
  if (auth_round_ == kRounds) {
    FailAuth({{kAuthRejected, POSTERN_RULE_LIMIT}}, POSTERN_AUTH_END_ROUNDS);
    return;
  }
  ++auth_round_;
  const SeenReply* const reply = PeekReply();
  ExpectReply(334, "", 1);
  if (!failed() && reply->lines[0] != Encode(ChallengeOf(answer))) {
    Fail("334 does not hold the challenge");
  }
}

bool Machine::AuthValue(std::string_view value, std::string* mailbox) const {
  mailbox->clear();
  if (value.empty() || value.size() > 500) return false;
  // xtext, RFC 3461 section 4.
  std::string decoded;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c < '!' || c > '~' || c == '=') return false;
    if (c != '+') {
      decoded += c;
      continue;
    }
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const size_t high = i + 3 <= value.size() ? kHex.find(value[i + 1]) : std::string_view::npos;
    const size_t low = i + 3 <= value.size() ? kHex.find(value[i + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (decoded == "<>") return true;
  PathOptions options;
  options.utf8 = Utf8InForce();
  const PathParts parts = ReadMailbox(decoded, options);
  if (!parts.is || parts.too_long) return false;
  *mailbox = decoded;
  return true;
}

}  // namespace postern::fuzz::model
