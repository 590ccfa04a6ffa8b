// SPDX-License-Identifier: Apache-2.0
//
// MAIL and RCPT: path, parameters, limits (C501, C555, LIMIT).

#include <algorithm>

#include "fuzz/model/delivery.h"
#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

// SIZE and BODY values (RFC 1870 section 3: 1*20DIGIT).
bool IsSize(std::string_view text) {
  if (text.empty() || text.size() > 20) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

uint64_t SizeValue(std::string_view text) {
  uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return UINT64_MAX;
    value = value * 10 + digit;
  }
  return value;
}

uint32_t PathFlags(const PathParts& parts, std::string_view path) {
  uint32_t flags = 0;
  if (parts.null) flags |= POSTERN_PATH_NULL;
  if (parts.postmaster) flags |= POSTERN_PATH_POSTMASTER;
  if (parts.quoted) flags |= POSTERN_PATH_QUOTED;
  if (parts.literal) flags |= POSTERN_PATH_LITERAL;
  if (parts.route) flags |= POSTERN_PATH_ROUTE;
  if (!IsAscii(path)) flags |= POSTERN_PATH_UTF8;
  return flags;
}

// The value of a parameter that was found valid.
std::string_view Value(std::string_view parameters, std::string_view keyword) {
  size_t begin = 0;
  while (begin < parameters.size()) {
    const size_t end = std::min(parameters.find(' ', begin), parameters.size());
    const std::string_view word = parameters.substr(begin, end - begin);
    const size_t equals = word.find('=');
    if (equals != std::string_view::npos && Upper(word.substr(0, equals)) == keyword) {
      return word.substr(equals + 1);
    }
    begin = end + 1;
  }
  return std::string_view();
}

std::string Mailbox(const Envelope& envelope) {
  return envelope.parts.local_part + '@' + envelope.parts.domain;
}

// What the events of MAIL and RCPT have in common.
SeenEvent EnvelopeEvent(uint32_t type, const Envelope& envelope) {
  SeenEvent event = envelope.delivery;
  event.type = type;
  event.ticket = true;
  event.flags |= PathFlags(envelope.parts, envelope.path);
  event.path = envelope.path;
  event.local_part = envelope.parts.local_part;
  event.domain = envelope.parts.domain;
  event.parameters = envelope.parameters;
  return event;
}

}  // namespace

// Finds the path by trying every end of it.
bool Machine::PathAt(std::string_view text, bool mail, PathParts* parts, std::string* path,
                     std::string* rest, std::vector<Refusal>* refusals) {
  PathOptions options;
  options.utf8 = Utf8InForce();
  options.trailing_dot = setup_.has(kTrailingDotInDomain);
  options.reverse = mail;
  if (!text.empty() && text[0] == '<') {
    for (const size_t end : PathEnds(text, options)) {
      *parts = ReadPath(text.substr(0, end), options);
      if (parts->too_long) continue;
      *path = std::string(text.substr(0, end));
      *rest = std::string(text.substr(end));
      return true;
    }
  } else if (setup_.has(kMissingAngleBrackets)) {
    // "the end of the address is then the next space"
    const size_t end = std::min(text.find(' '), text.size());
    *parts = ReadMailbox(text.substr(0, end), options);
    if (end + 2 > 256) parts->too_long = true;
    if (parts->is && !parts->too_long) {
      *path = std::string(text.substr(0, end));
      *rest = std::string(text.substr(end));
      return true;
    }
  }
  const uint32_t first = mail ? kBadReversePath : kBadForwardPath;
  // Which of the five words it best is a matter of words; all are 501 5.1.7 or 5.1.3.
  for (uint32_t id = first; id <= first + 4; ++id) refusals->push_back({id, POSTERN_RULE_C501});
  return false;
}

void Machine::Parameters(std::string_view text, bool mail, SeenEvent* event,
                         std::vector<Refusal>* refusals) {
  std::vector<std::string> seen;
  parameters_.clear();
  const bool utf8 = Utf8InForce();
  size_t begin = 0;
  size_t count = 0;
  mail_smtputf8_ = false;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word.empty()) {
      if (!setup_.has(kExtraSpaces)) refusals->push_back({kBadParameter, POSTERN_RULE_C501});
      continue;
    }
    ++count;
    const size_t equals = word.find('=');
    const std::string keyword = Upper(word.substr(0, equals));
    const bool has_value = equals != std::string_view::npos;
    const std::string_view value = has_value ? word.substr(equals + 1) : std::string_view();
    if (!IsEsmtpKeyword(keyword) || (has_value && !IsEsmtpValue(value, utf8))) {
      refusals->push_back({kBadParameter, POSTERN_RULE_C501});
      continue;
    }
    if (std::find(seen.begin(), seen.end(), keyword) != seen.end()) {
      refusals->push_back({kParameterRepeated, POSTERN_RULE_C555});
    }
    seen.push_back(keyword);
    if (mail && keyword == "AUTH") {
      std::string unused;
      if (!AuthInForce()) {
        refusals->push_back({kParameterNotInForce, POSTERN_RULE_C555});
      } else if (!has_value || !AuthValue(value, &unused)) {
        refusals->push_back({kBadParameter, POSTERN_RULE_C501});
      }
      continue;
    }
    if (IsDeliveryParameter(keyword, mail)) {
      if (!DeliveryInForce(keyword)) refusals->push_back({kParameterNotInForce, POSTERN_RULE_C555});
      // RFC 6531 section 3.4: octets beyond ASCII only where MAIL said SMTPUTF8.
      const bool raw = std::any_of(value.begin(), value.end(),
                                   [](char c) { return static_cast<unsigned char>(c) >= 128; });
      if (!TakeDelivery(keyword, has_value, value, Utf8InForce(), event) ||
          (raw && !mail && !smtputf8_)) {
        refusals->push_back({kBadParameter, POSTERN_RULE_C501});
      }
      continue;
    }
    const bool size = mail && keyword == "SIZE";
    const bool body = mail && keyword == "BODY";
    const bool smtputf8 = mail && keyword == "SMTPUTF8";
    if (!size && !body && !smtputf8) {
      if (!setup_.offer_parameters || !Wants(POSTERN_EVENT_PARAMETER) || !extended_) {
        refusals->push_back({kParameterUnknown, POSTERN_RULE_C555});
        continue;
      }
      SeenEvent asked;
      asked.type = POSTERN_EVENT_PARAMETER;
      asked.ticket = true;
      asked.text = std::string(word.substr(0, equals));
      asked.parameters = std::string(value);
      asked.flags = has_value ? POSTERN_PARAMETER_HAS_VALUE : 0;
      asked.count = mail ? POSTERN_EVENT_MAIL : POSTERN_EVENT_RCPT;
      parameters_.push_back(asked);
      continue;
    }
    if ((size && !SizeInForce()) || (body && !BodyInForce()) || (smtputf8 && !Utf8InForce())) {
      refusals->push_back({kParameterNotInForce, POSTERN_RULE_C555});
    }
    if (size && !IsSize(value)) refusals->push_back({kBadParameter, POSTERN_RULE_C501});
    if (smtputf8 && has_value) refusals->push_back({kBadParameter, POSTERN_RULE_C501});
    if (smtputf8) mail_smtputf8_ = true;
    if (body) {
      const std::string kind = Upper(value);
      if (kind != "7BIT" && kind != "8BITMIME" && kind != "BINARYMIME") {
        refusals->push_back({kBadParameter, POSTERN_RULE_C501});
      }
    }
  }
  if (count > 64) refusals->push_back({kTooManyParameters, POSTERN_RULE_C501});
}

// "FROM:" or "TO:", the path and the parameters; false if the line was refused.
bool Machine::ReadEnvelope(std::string_view argument, bool mail, Envelope* envelope) {
  const std::string_view opening = mail ? "FROM:" : "TO:";
  if (Upper(argument.substr(0, opening.size())) != opening) {
    Refuse({{kBadArgument, POSTERN_RULE_C501}}, true);
    return false;
  }
  argument.remove_prefix(opening.size());
  if (setup_.has(kSpaceAfterColon)) {
    while (!argument.empty() && argument[0] == ' ') argument.remove_prefix(1);
  }
  std::string rest;
  std::vector<Refusal> refusals;
  if (!PathAt(argument, mail, &envelope->parts, &envelope->path, &rest, &refusals)) {
    Refuse(refusals, true);
    return false;
  }
  if (mail) mail_smtputf8_ = false;
  parameters_.clear();
  if (!rest.empty()) {
    if (rest[0] != ' ') {
      refusals.push_back({kBadParameter, POSTERN_RULE_C501});
    } else {
      envelope->parameters = rest.substr(1);
      Parameters(envelope->parameters, mail, &envelope->delivery, &refusals);
    }
  }
  // RFC 6531 section 3.5: an address beyond ASCII needs the parameter of MAIL.
  if (!IsAscii(envelope->path) && !(mail ? mail_smtputf8_ : smtputf8_)) {
    refusals.push_back({mail ? kNonAsciiReversePath : kNonAsciiForwardPath, POSTERN_RULE_C501});
  }
  if (refusals.empty()) return true;
  Refuse(refusals, true);
  return false;
}

void Machine::Mail(std::string_view argument) {
  Envelope envelope;
  if (!ReadEnvelope(argument, true, &envelope)) return;
  const std::string_view size = Value(envelope.parameters, "SIZE");
  if (!size.empty() && SizeValue(size) > setup_.message_octets) {
    Refuse({{kMessageTooLarge, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  // RFC 2852 section 3: less than the least time, in mode R.
  const SeenEvent& delivery = envelope.delivery;
  if (setup_.has(kLeastTime) && (delivery.by_mode & POSTERN_BY_RETURN) != 0 &&
      delivery.by_seconds < 60) {
    Refuse({{kDeliverByTooSoon, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  if (!CanBeHeld(delivery)) {
    constexpr uint32_t kBoth = POSTERN_MAIL_HOLDFOR | POSTERN_MAIL_HOLDUNTIL;
    const bool both = (delivery.flags & kBoth) == kBoth;
    Refuse({{kHoldRefused, static_cast<uint32_t>(both ? POSTERN_RULE_C501 : POSTERN_RULE_LIMIT)}},
           true);
    return;
  }
  if (setup_.has(kFewTransactions) && transactions_ >= 2) {
    Refuse({{kTooManyTransactions, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  if (!CountCommand()) return;
  SeenEvent event = EnvelopeEvent(POSTERN_EVENT_MAIL, envelope);
  if (mail_smtputf8_) event.flags |= POSTERN_MAIL_SMTPUTF8;
  if (!envelope.parts.null) event.mailbox = Mailbox(envelope);
  if (!size.empty()) event.number = SizeValue(size);
  const std::string body = Upper(Value(envelope.parameters, "BODY"));
  const std::string_view identity = Value(envelope.parameters, "AUTH");
  if (!identity.empty()) {
    event.flags |= POSTERN_MAIL_AUTH;
    AuthValue(identity, &event.text);
    if (event.text.empty()) event.flags |= POSTERN_MAIL_AUTH_NULL;
  }
  if (body == "7BIT") event.count = POSTERN_BODY_7BIT;
  if (body == "8BITMIME") event.count = POSTERN_BODY_8BITMIME;
  if (body == "BINARYMIME") event.count = POSTERN_BODY_BINARYMIME;
  mail_binary_ = body == "BINARYMIME";
  Ask(event);
}

// RFC 4865 section 4.2 and 5.2.2: one of both, for a time to come, not beyond what EHLO told, nor
// that of BY.
bool Machine::CanBeHeld(const SeenEvent& mail) const {
  const bool by_interval = (mail.flags & POSTERN_MAIL_HOLDFOR) != 0;
  const bool by_date = (mail.flags & POSTERN_MAIL_HOLDUNTIL) != 0;
  if (!by_interval && !by_date) return true;
  if (by_interval && by_date) return false;
  const int64_t until = by_interval ? UnixNow() + mail.hold_for : mail.hold_until;
  if (until <= UnixNow() || until > UnixNow() + 2592000) return false;
  return mail.by_mode == POSTERN_BY_NONE || until <= UnixNow() + mail.by_seconds;
}

void Machine::Ask(const SeenEvent& command) {
  command_ = command;
  asked_ = 0;
  AskNext();
}

// One after the other, and then the command as if they were known.
void Machine::AskNext() {
  if (asked_ < parameters_.size()) {
    const SeenEvent parameter = parameters_[asked_++];
    Decide(POSTERN_EVENT_PARAMETER, parameter);
    return;
  }
  if (asked_ > 0 && command_.type == POSTERN_EVENT_MAIL && !CanBeHeld(command_)) {
    // HOLDUNTIL is past by now.
    asked_ = 0;
    RefuseNow({{kHoldRefused, POSTERN_RULE_LIMIT}}, false);
    return;
  }
  Decide(command_.type, command_);
}

void Machine::Rcpt(std::string_view argument) {
  Envelope envelope;
  if (!ReadEnvelope(argument, false, &envelope)) return;
  if (recipients_ >= setup_.recipients) {
    Refuse({{kTooManyRecipients, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  SeenEvent event = EnvelopeEvent(POSTERN_EVENT_RCPT, envelope);
  event.mailbox = envelope.parts.postmaster ? envelope.parts.local_part : Mailbox(envelope);
  event.count = recipients_;
  Ask(event);
}

}  // namespace postern::fuzz::model
