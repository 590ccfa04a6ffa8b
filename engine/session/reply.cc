// SPDX-License-Identifier: Apache-2.0
//
// The ways a reply gets into the output. No text is made here (R7): engine/replies writes it.

#include <algorithm>
#include <cstring>

#include "engine/session/ehlo_lines.h"
#include "engine/session/session.h"
#include "engine/syntax/client_attributes.h"
#include "engine/syntax/date_time.h"

namespace postern::session {

using commands::Verb;
using replies::ReplyId;

namespace {

// Decimal digits at the end of a buffer; no locale, no stdio.
std::string_view Decimal(uint64_t value, char* buffer, size_t size) {
  size_t at = size;
  do {
    buffer[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return {buffer + at, size - at};
}

}  // namespace

// `format` writes the reply into (out, capacity) and returns the octets it needs. Most replies fit
// into the room there is; else room is made once. Without memory the session ends with the one
// reply for that, if there is room for it.
template <typename Formatter>
bool Session::Write(Formatter&& format) {
  size_t size = format(output_.tail(), output_.room());
  if (size > output_.room()) {
    if (!output_.Reserve(size)) {
      const size_t last = ground_->replies->Format(ReplyId::kOutOfMemory, MakeValues(),
                                                   output_.tail(), output_.room());
      if (last <= output_.room()) output_.Commit(last);
      Close(CloseReason::kMemory);
      return false;
    }
    size = format(output_.tail(), output_.room());
  }
  output_.Commit(size);
  return true;
}

replies::Values Session::MakeValues() const {
  replies::Values values;
  values.client = {client_, client_size_};
  return values;
}

// RFC 6531 §3.7.4: a reply holds UTF-8 only with 251 and 551 in a transaction that MAIL declared as
// SMTPUTF8, and to a VRFY or EXPN that had the parameter itself; nowhere else (R4). Nothing that
// a decision changes is asked, so what AnswerTicket found good is good when it is written (R1).
bool Session::MayBeUtf8(EventType type, uint16_t code) const {
  if (type == EventType::kVrfy || type == EventType::kExpn) return pending_smtputf8_;
  return type == EventType::kRcpt && smtputf8_ && (code == 251 || code == 551);
}

bool Session::AppendLong(std::string_view reply) {
  return Write([reply](char* out, size_t capacity) {
    if (reply.size() <= capacity) std::memcpy(out, reply.data(), reply.size());
    return reply.size();
  });
}

// For a reply that its id alone describes, a host's choice included: {limit} is that of the
// situation it names, {verb} and {topic} those of the command that is being answered.
replies::Values Session::ValuesFor(ReplyId id, bool utf8) const {
  const Limits& limits = ground_->config.limits;
  replies::Values values = MakeValues();
  values.utf8 = utf8;
  values.topic = {word_, word_size_};
  values.verb = verb_ == Verb::kUnknown ? values.topic : commands::GetCommand(verb_).name;
  switch (id) {
    case ReplyId::kTooManyRecipients:
      values.limit = limits.recipients;
      break;
    case ReplyId::kDeliverByTooSoon:
      values.limit = ground_->config.deliverby_min_s;
      break;
    case ReplyId::kHoldRefused:
      values.limit = ground_->config.hold_max_s;
      break;
    case ReplyId::kTooManyTransactions:
      values.limit = limits.transactions;
      break;
    case ReplyId::kTooManyErrors:
      values.limit = limits.errors;
      break;
    case ReplyId::kTooManyCommands:
      values.limit = limits.commands_without_progress;
      break;
    case ReplyId::kLineTooLong:
      values.limit = commands::LineLimit(Verb::kUnknown, MakeView().now);
      break;
    default:
      values.limit = limits.message_octets;
      break;
  }
  return values;
}

bool Session::Reply(ReplyId id, bool utf8) {
  const std::string_view fixed = ground_->replies->Fixed(id, utf8);
  return fixed.empty() ? ReplyWith(id, ValuesFor(id, utf8)) : Append(fixed);
}

bool Session::ReplyWith(ReplyId id, const replies::Values& values) {
  return Write([&](char* out, size_t capacity) {
    return ground_->replies->Format(id, values, out, capacity);
  });
}

bool Session::ReplyOverride(ReplyId situation, const Answer& answer, bool utf8) {
  replies::Override reply;
  reply.code = answer.code;
  reply.enhanced = answer.enhanced;
  reply.text = answer.text;
  reply.utf8 = utf8;
  return Write([&](char* out, size_t capacity) {
    return ground_->replies->FormatOverride(situation, reply, out, capacity);
  });
}

std::string_view EhloLines::Write(std::string_view keyword, std::string_view argument) {
  if (argument.empty()) return keyword;
  char* const begin = text_ + size_;
  size_t size = keyword.copy(begin, keyword.size());
  begin[size++] = ' ';
  size += argument.copy(begin + size, argument.size());
  size_ += size;
  return {begin, size};
}

namespace {

// RFC 4865 §3: the longest interval, and the latest date. `out` has room for both.
std::string_view HoldLimits(uint32_t seconds, const Clock& clock, char* out, size_t size) {
  const std::string_view digits = Decimal(seconds, out, 9);
  std::memmove(out, digits.data(), digits.size());
  char* const behind = out + digits.size();
  *behind = ' ';
  constexpr int64_t kEndOf9999 = 253402300799;
  char date[syntax::kUtcOctets];
  if (!syntax::WriteUtc(std::min(clock.UnixSeconds() + seconds, kEndOf9999), date)) return {};
  if (digits.size() + 1 + sizeof(date) > size) return {};
  std::memcpy(behind + 1, date, sizeof(date));
  return {out, digits.size() + 1 + sizeof(date)};
}

}  // namespace

void EhloLines::Fill(const commands::Conditions& now, const Config& config, const Clock& clock,
                     std::string_view auth_line) {
  commands::Keyword keywords[commands::kMaxKeywords];
  count = commands::KeywordsInForce(now, keywords);
  for (size_t i = 0; i < count; ++i) {
    char buffer[syntax::kMaxEhloLimitsOctets];
    static_assert(sizeof(buffer) >= 9 + 1 + syntax::kUtcOctets);
    std::string_view argument;
    switch (keywords[i].extension) {
      case commands::Extension::kSize:
        // RFC 1870 §4: the fixed maximum message size.
        argument = Decimal(config.limits.message_octets, buffer, sizeof(buffer));
        break;
      case commands::Extension::kAuth:
        lines[i] = auth_line;
        continue;
      case commands::Extension::kDeliverBy:
        if (config.deliverby_min_s != 0) {
          argument = Decimal(config.deliverby_min_s, buffer, sizeof(buffer));
        }
        break;
      case commands::Extension::kXclient:
        argument = syntax::ClientAttributeNames(syntax::ClientAttributeVerb::kXclient);
        break;
      case commands::Extension::kXforward:
        argument = syntax::ClientAttributeNames(syntax::ClientAttributeVerb::kXforward);
        break;
      case commands::Extension::kBurl:
        // RFC 4468 §3.1: without arguments it says that AUTH comes first.
        if (now.authenticated) argument = config.burl_imap;
        break;
      case commands::Extension::kFutureRelease:
        argument = HoldLimits(config.hold_max_s, clock, buffer, sizeof(buffer));
        break;
      case commands::Extension::kMtPriority:
        argument = config.mt_priority_profile;
        break;
      case commands::Extension::kLimits: {
        syntax::EhloLimits limits;
        limits.mail_max = config.limits.transactions;
        limits.rcpt_max = config.limits.recipients;
        limits.rcpt_domain_max = config.limits.recipient_domains;
        argument = {buffer, syntax::WriteEhloLimits(limits, buffer)};
        break;
      }
      default:
        break;
    }
    lines[i] = Write(keywords[i].name, argument);
  }
  for (const std::string& line : config.extra_ehlo_keywords) lines[count++] = line;
}

bool Session::ReplyEhlo() {
  const bool auth = (enabled_ & commands::Bit(commands::Extension::kAuth)) != 0;
  const std::string& ready = ground_->ehlo[(tls_ ? 2 : can_starttls_ ? 1 : 0) + (auth ? 3 : 0)];
  // What the lines of some sessions have is not ready: that of a peer that is trusted, or the time;
  // nor what those for submission lack.
  constexpr uint32_t kNotReady =
      commands::kForTrusted | commands::Bit(commands::Extension::kFutureRelease);
  const bool fewer = submission_ && (ground_->config.enabled & commands::kNotSubmission) != 0;
  const bool usual = (!auth || mechanisms_ == nullptr) && (enabled_ & kNotReady) == 0 && !fewer &&
                     (!authenticated_ || ground_->config.burl_imap.empty());
  if (!ready.empty() && usual) return Append(ready);
  EhloLines lines;
  lines.Fill(MakeView().now, ground_->config, clock_, AuthLine());
  const replies::Values values = MakeValues();
  return Write([&](char* out, size_t capacity) {
    return ground_->replies->FormatEhlo(values, lines.lines, lines.count, out, capacity);
  });
}

bool Session::ReplyChallenge(std::string_view challenge) {
  return Write([&](char* out, size_t capacity) {
    return ground_->replies->FormatChallenge(challenge, out, capacity);
  });
}

bool Session::ReplyHelp() {
  replies::Values values = MakeValues();
  const std::string_view topic(word_, word_size_);
  if (topic.empty()) {
    std::string_view names[commands::kVerbCount];
    const size_t count = commands::CommandsInForce(MakeView().now, names);
    char list[commands::kVerbCount * 10];
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) list[size++] = ' ';
      size += names[i].copy(list + size, names[i].size());
    }
    values.commands = {list, size};
    return Write([&](char* out, size_t capacity) {
      return ground_->replies->FormatHelpOverview(values, out, capacity);
    });
  }
  values.topic = topic;
  // C214, C504: the usage of a command that is not offered would be a lie.
  const commands::Verb verb = commands::FindVerb(topic);
  const bool offered = verb == commands::Verb::kUnknown ||
                       commands::InForce(commands::GetCommand(verb).needs, MakeView().now);
  if (offered && ground_->replies->HasHelpTopic(topic)) {
    return Write([&](char* out, size_t capacity) {
      return ground_->replies->FormatHelpTopic(topic, values, out, capacity);
    });
  }
  ReplyId id = ReplyId::kHelpTopicUnknown;
  const bool too_many = CountError(ground_->replies->Code(id));
  if (too_many) {
    id = ReplyId::kTooManyErrors;
    values.limit = ground_->config.limits.errors;
  }
  if (!ReplyWith(id, values)) return false;
  PushError(id, too_many ? Rule::kR6 : Rule::kC504, ground_->replies->Code(id));
  if (too_many) Close(CloseReason::kErrors);
  return true;
}

// R6: true if the 5yz answer is one too many and 421 must stand in its place.
bool Session::CountError(uint16_t code) {
  if (code < 500) return false;
  if (errors_ >= ground_->config.limits.errors) return true;
  ++errors_;
  return false;
}

}  // namespace postern::session
