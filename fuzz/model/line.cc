// SPDX-License-Identifier: Apache-2.0
//
// Command lines: framing (F1 to F6), then verb, switch, sequence, arguments, limits, decision.

#include <algorithm>

#include "fuzz/model/delivery.h"
#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

constexpr std::string_view kKnownVerbs[] = {"HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET",
                                            "NOOP", "QUIT", "VRFY", "EXPN", "HELP", "STARTTLS",
                                            "TURN", "SEND", "SOML", "SAML"};

// Codes of which the default table tells (tables/en.textproto).
constexpr std::string_view kCodeTopics[] = {"211", "214", "220", "221", "250", "251", "252",
                                            "354", "421", "450", "451", "452", "454", "455",
                                            "500", "501", "502", "503", "504", "521", "530",
                                            "550", "551", "552", "553", "554", "555", "556"};

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

std::string Upper(std::string_view text) {
  std::string s;
  for (const char c : text) s += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return s;
}

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

}  // namespace

// The limit of a line: 512, and on MAIL what each extension in force adds (docs/defaults.md).
uint64_t Machine::LineLimit() const {
  uint64_t limit = 512;
  const size_t space = line_.find(' ');
  const std::string verb =
      space == std::string::npos ? "" : Upper(std::string_view(line_).substr(0, space));
  if (verb == "RCPT") {
    if (DeliveryInForce("ORCPT")) limit += 530;
    if (DeliveryInForce("RRVS")) limit += 33;
  }
  if (verb == "MAIL") {
    if (SizeInForce()) limit += 26;
    if (BodyInForce()) limit += 14;
    if (Utf8InForce()) limit += 10;
    if (DeliveryInForce("ENVID")) limit += 116;
    if (DeliveryInForce("REQUIRETLS")) limit += 11;
    if (DeliveryInForce("BY")) limit += 17;
    if (DeliveryInForce("MT-PRIORITY")) limit += 15;
  }
  return limit;
}

// What an ERROR event shows of a line at the most: "cut at the session's limit".
size_t Machine::LineCap() const {
  size_t cap = 512;
  size_t rcpt = 512;
  if (!setup_.has(kWithoutSize)) cap += 26;
  if (!setup_.has(kWithout8BitMime)) cap += 14;
  if (!setup_.has(kWithoutSmtpUtf8)) cap += 10;
  if (!setup_.has(kWithoutDsn)) cap += 116;
  if (setup_.has(kWithRequireTls)) cap += 11;
  if (setup_.has(kWithDeliverBy)) cap += 17;
  if (setup_.has(kWithMtPriority)) cap += 15;
  if (!setup_.has(kWithoutDsn)) rcpt += 530;
  if (setup_.has(kWithRrvs)) rcpt += 33;
  return std::max(cap, rcpt);
}

// For a client that said EHLO; `keyword` in upper case.
bool Machine::DeliveryInForce(std::string_view keyword) const {
  if (!extended_) return false;
  // RFC 8689 section 2: the session itself employs TLS.
  if (keyword == "REQUIRETLS") return setup_.has(kWithRequireTls) && tls_;
  if (keyword == "BY") return setup_.has(kWithDeliverBy);
  if (keyword == "MT-PRIORITY") return setup_.has(kWithMtPriority);
  if (keyword == "RRVS") return setup_.has(kWithRrvs);
  return !setup_.has(kWithoutDsn);
}

void Machine::Refuse(const std::vector<Refusal>& refusals, bool with_line) {
  if (failed()) return;
  SeenEvent error;
  error.type = POSTERN_EVENT_ERROR;
  const SeenReply* const reply = PeekReply();
  const bool too_many = errors_ >= setup_.errors;
  bool any_4yz = false;
  std::vector<uint32_t> ids;
  for (const Refusal& refusal : refusals) {
    ids.push_back(refusal.id);
    any_4yz = any_4yz || Find(refusal.id).code / 100 == 4;
  }
  bool closes = false;
  std::vector<Refusal> shown = refusals;
  if (too_many && (!any_4yz || (reply != nullptr && reply->code == 421))) {
    ExpectSituation({kTooManyErrors});
    error.code = 421;
    shown = {{kTooManyErrors, POSTERN_RULE_R6}};
    closes = true;
  } else {
    const Situation situation = ExpectSituation(ids);
    error.code = situation.code;
    if (situation.code / 100 == 5) ++errors_;
  }
  if (failed()) return;
  if (Wants(POSTERN_EVENT_ERROR)) {
    // Several situations share a code; the event says which one it was.
    const SeenEvent* const event = PeekEvent();
    if (event == nullptr) {
      Fail("missing ERROR event");
      return;
    }
    bool known = false;
    for (const Refusal& refusal : shown) {
      if (event->reply_id == refusal.id && event->rule == refusal.rule &&
          Find(refusal.id).code == error.code) {
        known = true;
      }
    }
    if (!known) {
      Fail("situation " + std::to_string(event->reply_id) + " by rule " +
           std::to_string(event->rule) + ", not " + std::to_string(shown[0].id) + " by " +
           std::to_string(shown[0].rule) + ": " + Describe(*event));
      return;
    }
    error.reply_id = event->reply_id;
    error.rule = event->rule;
    if (with_line) {
      const size_t cap = LineCap();
      if (line_.size() + 2 <= cap) {
        error.line = line_;
      } else {
        // Where it is cut is the session's affair, within the limit.
        error.line = event->line;
        if (event->line.size() + 2 < cap || event->line.size() > cap ||
            line_.compare(0, event->line.size(), event->line) != 0) {
          Fail("the line of an ERROR event is not the line");
        }
      }
    }
    ExpectEvent(error);
  }
  if (closes) Close(POSTERN_CLOSED_ERRORS);
}

// ---- Framing ----

void Machine::LineOctet(char c) {
  ++line_octets_;
  if (line_octets_ > setup_.line_total) {
    // F5: its one reply, unless it had that for a bare LF.
    SeenEvent error;
    error.type = POSTERN_EVENT_ERROR;
    error.rule = POSTERN_RULE_F5;
    if (!line_bare_lf_) {
      ExpectSituation({kLineWithoutEnd});
      error.reply_id = kLineWithoutEnd;
      error.code = 421;
    }
    ExpectEvent(error);
    Close(POSTERN_CLOSED_LINE);
    return;
  }
  if (c != '\n') {
    line_ += c;
    return;
  }
  if (!line_.empty() && line_.back() == '\r') {
    line_.pop_back();
    EndOfLine();
    if (phase_ != Phase::kClosed) {
      line_.clear();
      line_octets_ = 0;
      line_bare_lf_ = false;
    }
    return;
  }
  // F2: at once, and once for the line.
  if (!line_bare_lf_) {
    line_bare_lf_ = true;
    // The client has its reply: it is its turn.
    Activity();
    Refuse({{kBareLf, POSTERN_RULE_F2}}, true);
  }
  line_ += c;
}

void Machine::EndOfLine() {
  // A line with a bare LF was complete for the client when it had its reply (docs/contract.md).
  if (line_bare_lf_) return;
  Activity();
  where_ = "step " + std::to_string(step_) + ", line \"" + Visible(line_.substr(0, 80)) + '"';
  if (line_octets_ > LineLimit()) {
    Refuse({{kLineTooLong, POSTERN_RULE_F4}}, true);
    return;
  }
  std::vector<Refusal> refusals;
  if (line_.find('\r') != std::string::npos) refusals.push_back({kBareCr, POSTERN_RULE_F3});
  if (line_.find('\0') != std::string::npos) refusals.push_back({kNulOctet, POSTERN_RULE_F3});
  if (!refusals.empty()) {
    Refuse(refusals, true);
    return;
  }
  bool in_verb = true;
  bool high = false;
  bool high_in_verb = false;
  for (const char c : line_) {
    const auto octet = static_cast<uint8_t>(c);
    if (octet == ' ' || octet == '\t') in_verb = false;
    if ((octet < 0x20 && octet != '\t') || octet == 0x7F) {
      refusals.push_back({kControlOctet, POSTERN_RULE_F6});
    }
    if (octet >= 0x80) {
      high = true;
      if (in_verb) high_in_verb = true;
    }
  }
  if (high && (high_in_verb || !Utf8InForce())) {
    refusals.push_back({kEightBitOctet, POSTERN_RULE_F6});
  }
  if (high && Utf8InForce() && !IsUtf8(line_)) refusals.push_back({kBadUtf8, POSTERN_RULE_F6});
  if (!refusals.empty()) {
    Refuse(refusals, true);
    return;
  }
  Command(line_);
}

// ---- Verb, switch, sequence ----

bool Machine::StartTlsOffered() const {
  return setup_.can_starttls && !setup_.has(kWithoutStartTls);
}

std::vector<std::string> Machine::CommandsInForce() const {
  std::vector<std::string> verbs;
  for (const std::string_view verb : kKnownVerbs) {
    if (verb == "EXPN" && !setup_.has(kWithExpn)) continue;
    if (verb == "HELP" && setup_.has(kWithoutHelp)) continue;
    if (verb == "STARTTLS" && (!StartTlsOffered() || tls_)) continue;
    if (verb == "TURN" || verb == "SEND" || verb == "SOML" || verb == "SAML") continue;
    verbs.emplace_back(verb);
  }
  return verbs;
}

bool Machine::CountCommand() {
  if (commands_ >= setup_.commands) {
    SeenEvent error;
    error.type = POSTERN_EVENT_ERROR;
    error.reply_id = kTooManyCommands;
    error.code = 421;
    error.rule = POSTERN_RULE_LIMIT;
    error.line = line_;
    ExpectSituation({kTooManyCommands});
    ExpectEvent(error);
    Close(POSTERN_CLOSED_COMMANDS);
    return false;
  }
  ++commands_;
  return true;
}

void Machine::Command(std::string_view raw) {
  // Trailing white space is tolerated (RFC 5321 section 4.1.1).
  std::string_view line = raw;
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  if (line.empty()) {
    Refuse({{kEmptyLine, POSTERN_RULE_C500}}, true);
    return;
  }
  if (!IsLetter(line[0])) {
    Refuse({{kNotAVerb, POSTERN_RULE_C500}}, true);
    return;
  }
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string verb = Upper(line.substr(0, end));
  const bool has_argument = end < line.size();
  std::string_view argument = has_argument ? line.substr(end + 1) : std::string_view();
  // A HT is no SP: it separates, and what is behind it is no argument of the grammar.
  const bool tab = has_argument && line[end] == '\t';
  const bool known =
      std::find(std::begin(kKnownVerbs), std::end(kKnownVerbs), verb) != std::end(kKnownVerbs);
  if (!known) {
    // Behind a refused greeting nothing is served that the host could offer.
    if (!setup_.offer_unknown || !Wants(POSTERN_EVENT_UNKNOWN) || refused_greeting_) {
      Refuse({{kUnrecognized, POSTERN_RULE_C500}}, true);
      return;
    }
    SeenEvent unknown;
    unknown.type = POSTERN_EVENT_UNKNOWN;
    unknown.ticket = true;
    unknown.text = std::string(line.substr(0, end));
    unknown.line = std::string(raw);
    // Commands of the host's own are the host's to count (docs/defaults.md).
    Decide(POSTERN_EVENT_UNKNOWN, unknown);
    return;
  }

  // Enabled?
  const bool starttls = verb == "STARTTLS";
  const bool never = verb == "TURN" || verb == "SEND" || verb == "SOML" || verb == "SAML";
  if (never || (verb == "EXPN" && !setup_.has(kWithExpn)) ||
      (verb == "HELP" && setup_.has(kWithoutHelp)) ||
      (starttls && !(StartTlsOffered() || (tls_ && !setup_.has(kWithoutStartTls))))) {
    Refuse({{kCommandDisabled, POSTERN_RULE_C502}}, true);
    return;
  }

  // In sequence?
  if (refused_greeting_ && verb != "QUIT" && verb != "HELP") {
    Refuse({{kGreetingWasRefused, POSTERN_RULE_C503}}, true);
    return;
  }
  if (setup_.require_tls && !tls_ && verb != "EHLO" && verb != "NOOP" && verb != "HELP" &&
      !starttls && verb != "QUIT") {
    Refuse({{kTlsRequired, POSTERN_RULE_C503}}, true);
    return;
  }
  std::vector<Refusal> sequence;
  const auto need = [&sequence](bool missing, uint32_t id) {
    if (missing && sequence.empty()) sequence.push_back({id, POSTERN_RULE_C503});
  };
  if (starttls && tls_) need(true, kTlsAlreadyActive);
  if (verb == "MAIL" || verb == "RCPT" || verb == "DATA" || starttls) need(!helo_, kNeedHelo);
  if (verb == "MAIL") need(transaction_, kNestedMail);
  if (verb == "RCPT" || verb == "DATA") need(!transaction_, kNeedMail);
  if (verb == "DATA") need(recipients_ == 0, kNeedRcpt);
  if (starttls) need(transaction_, kBadSequence);
  if (!sequence.empty()) {
    Refuse(sequence, true);
    return;
  }

  // Arguments.
  if (verb == "DATA" || verb == "RSET" || verb == "QUIT" || starttls) {
    if (has_argument) {
      Refuse({{kArgumentsUnexpected, POSTERN_RULE_C501}}, true);
      return;
    }
    if (verb == "DATA") {
      SeenEvent begin;
      begin.type = POSTERN_EVENT_CONTENT_BEGIN;
      begin.ticket = true;
      begin.count = recipients_;
      Decide(POSTERN_EVENT_CONTENT_BEGIN, begin);
    } else if (verb == "RSET") {
      if (!CountCommand()) return;
      ExpectSituation({kRsetOk});
      EndTransaction(POSTERN_RESET_RSET);
      AfterCommand();
    } else if (starttls) {
      if (!CountCommand()) return;
      SeenEvent event;
      event.type = POSTERN_EVENT_STARTTLS;
      event.ticket = true;
      Decide(POSTERN_EVENT_STARTTLS, event);
    } else {
      ExpectSituation({kQuitOk});
      EndTransaction(POSTERN_RESET_CLOSED);
      SeenEvent quit;
      quit.type = POSTERN_EVENT_QUIT;
      ExpectEvent(quit);
      Close(POSTERN_CLOSED_QUIT);
    }
    return;
  }
  if (tab) {
    Refuse({{kBadArgument, POSTERN_RULE_C501}, {kArgumentMissing, POSTERN_RULE_C501}}, true);
    return;
  }
  if (verb == "NOOP") {
    // "NOOP" [ SP String ]: its text is ignored, whatever it is (section 4.1.1.9).
    if (!CountCommand()) return;
    ExpectSituation({kNoopOk});
    AfterCommand();
    return;
  }
  if (setup_.has(kExtraSpaces)) {
    while (!argument.empty() && argument[0] == ' ') argument.remove_prefix(1);
  }
  if (verb == "HELP") {
    Help(argument);
    return;
  }
  if (argument.empty()) {
    Refuse({{kArgumentMissing, POSTERN_RULE_C501}}, true);
    return;
  }
  if (verb == "HELO" || verb == "EHLO") {
    Helo(verb == "EHLO", argument);
  } else if (verb == "MAIL") {
    Mail(argument);
  } else if (verb == "RCPT") {
    Rcpt(argument);
  } else {
    Query(verb == "VRFY" ? POSTERN_EVENT_VRFY : POSTERN_EVENT_EXPN, argument);
  }
}

// ---- Arguments ----

void Machine::Helo(bool extended, std::string_view argument) {
  SeenEvent event;
  event.type = POSTERN_EVENT_HELO;
  event.ticket = true;
  if (extended) event.flags |= POSTERN_HELO_EXTENDED;
  std::string_view name = argument;
  const bool literal = IsAddressLiteral(name);
  bool is = literal;
  if (!literal) {
    // The leniencies, each for itself and together.
    std::string_view domain = name;
    if (setup_.has(kTrailingDotInDomain) && !domain.empty() && domain.back() == '.') {
      domain.remove_suffix(1);
    }
    std::string relaxed(domain);
    if (setup_.has(kUnderscoreInHelo)) std::replace(relaxed.begin(), relaxed.end(), '_', 'x');
    is = IsDomain(relaxed, false);
    if (is) name = domain;
  }
  if (name.size() > 255) is = false;
  if (!is && setup_.has(kAnyHeloArgument)) {
    // "any printable text, spaces included". No limit is named: the session may have one.
    is = IsAscii(argument) && argument.find('\t') == std::string_view::npos;
    if (is && argument.size() > 255) {
      const SeenEvent* const seen = PeekEvent();
      is = seen != nullptr && seen->type == POSTERN_EVENT_HELO;
    }
    name = argument;
  }
  if (!is) {
    Refuse({{kBadHeloName, POSTERN_RULE_C501}}, true);
    return;
  }
  if (literal) event.flags |= POSTERN_HELO_LITERAL;
  event.text = std::string(name);
  if (!CountCommand()) return;
  helo_extended_ = extended;
  Decide(POSTERN_EVENT_HELO, event);
}

void Machine::CheckEhloLines(const SeenReply& reply) {
  std::vector<std::string> want = {std::string(setup_.server_name()) + " Hello"};
  if (!setup_.has(kWithoutSize)) want.push_back("SIZE " + std::to_string(setup_.message_octets));
  if (!setup_.has(kWithout8BitMime)) want.emplace_back("8BITMIME");
  if (!setup_.has(kWithoutPipelining)) want.emplace_back("PIPELINING");
  if (!setup_.has(kWithoutEnhancedCodes)) want.emplace_back("ENHANCEDSTATUSCODES");
  if (!setup_.has(kWithoutSmtpUtf8)) want.emplace_back("SMTPUTF8");
  if (StartTlsOffered() && !tls_) want.emplace_back("STARTTLS");
  if (setup_.has(kWithExpn)) want.emplace_back("EXPN");
  if (!setup_.has(kWithoutHelp)) want.emplace_back("HELP");
  if (!setup_.has(kWithoutDsn)) want.emplace_back("DSN");
  if (setup_.has(kWithRequireTls) && tls_) want.emplace_back("REQUIRETLS");
  const bool least = setup_.has(kLeastTime);
  if (setup_.has(kWithDeliverBy)) want.emplace_back(least ? "DELIVERBY 60" : "DELIVERBY");
  if (setup_.has(kWithMtPriority)) {
    want.emplace_back(least ? "MT-PRIORITY MIXER" : "MT-PRIORITY");
  }
  if (setup_.has(kWithRrvs)) want.emplace_back("RRVS");
  if (setup_.has(kWithLimits)) {
    const std::string rcpt = "RCPTMAX=" + std::to_string(setup_.recipients);
    want.push_back(setup_.has(kFewTransactions) ? "LIMITS MAILMAX=2 " + rcpt + " RCPTDOMAINMAX=10"
                                                : "LIMITS " + rcpt);
  }
  std::vector<std::string> have = reply.lines;
  // Keywords come in any order.
  std::sort(want.begin() + 1, want.end());
  if (!have.empty()) std::sort(have.begin() + 1, have.end());
  if (have != want) Fail("EHLO does not list what is in force");
}

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
    if (IsDeliveryParameter(keyword, mail)) {
      if (!DeliveryInForce(keyword)) refusals->push_back({kParameterNotInForce, POSTERN_RULE_C555});
      if (!TakeDelivery(keyword, has_value, value, event)) {
        refusals->push_back({kBadParameter, POSTERN_RULE_C501});
      }
      continue;
    }
    const bool size = mail && keyword == "SIZE";
    const bool body = mail && keyword == "BODY";
    const bool smtputf8 = mail && keyword == "SMTPUTF8";
    if (!size && !body && !smtputf8) {
      refusals->push_back({kParameterUnknown, POSTERN_RULE_C555});
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
      if (kind == "BINARYMIME") {
        // RFC 3030 section 3: known, and not offered.
        refusals->push_back({kParameterNotInForce, POSTERN_RULE_C555});
      } else if (kind != "7BIT" && kind != "8BITMIME") {
        refusals->push_back({kBadParameter, POSTERN_RULE_C501});
      }
    }
  }
  if (count > 32) refusals->push_back({kTooManyParameters, POSTERN_RULE_C501});
}

namespace {

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

}  // namespace

void Machine::Mail(std::string_view argument) {
  if (Upper(argument.substr(0, 5)) != "FROM:") {
    Refuse({{kBadArgument, POSTERN_RULE_C501}}, true);
    return;
  }
  argument.remove_prefix(5);
  if (setup_.has(kSpaceAfterColon)) {
    while (!argument.empty() && argument[0] == ' ') argument.remove_prefix(1);
  }
  PathParts parts;
  std::string path;
  std::string rest;
  std::vector<Refusal> refusals;
  if (!PathAt(argument, true, &parts, &path, &rest, &refusals)) {
    Refuse(refusals, true);
    return;
  }
  std::string parameters;
  SeenEvent event;
  mail_smtputf8_ = false;
  if (!rest.empty()) {
    if (rest[0] != ' ') {
      refusals.push_back({kBadParameter, POSTERN_RULE_C501});
    } else {
      parameters = rest.substr(1);
      Parameters(parameters, true, &event, &refusals);
    }
  }
  // RFC 6531 section 3.5: an address beyond ASCII needs the parameter.
  if (!IsAscii(path) && !mail_smtputf8_) {
    refusals.push_back({kNonAsciiReversePath, POSTERN_RULE_C501});
  }
  if (!refusals.empty()) {
    Refuse(refusals, true);
    return;
  }
  const std::string_view size = Value(parameters, "SIZE");
  const bool too_large = !size.empty() && SizeValue(size) > setup_.message_octets;
  if (too_large) {
    Refuse({{kMessageTooLarge, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  // RFC 2852 section 3: less than the least time, in mode R.
  if (setup_.has(kLeastTime) && (event.by_mode & POSTERN_BY_RETURN) != 0 && event.by_seconds < 60) {
    Refuse({{kDeliverByTooSoon, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  if (setup_.has(kFewTransactions) && transactions_ >= 2) {
    Refuse({{kTooManyTransactions, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  if (!CountCommand()) return;
  event.type = POSTERN_EVENT_MAIL;
  event.ticket = true;
  event.flags |= PathFlags(parts, path);
  if (mail_smtputf8_) event.flags |= POSTERN_MAIL_SMTPUTF8;
  event.path = path;
  event.local_part = parts.local_part;
  event.domain = parts.domain;
  if (!parts.null) event.mailbox = parts.local_part + '@' + parts.domain;
  event.parameters = parameters;
  if (!size.empty()) event.number = SizeValue(size);
  const std::string body = Upper(Value(parameters, "BODY"));
  event.count = body == "7BIT" ? POSTERN_BODY_7BIT : body == "8BITMIME" ? POSTERN_BODY_8BITMIME : 0;
  Decide(POSTERN_EVENT_MAIL, event);
}

void Machine::Rcpt(std::string_view argument) {
  if (Upper(argument.substr(0, 3)) != "TO:") {
    Refuse({{kBadArgument, POSTERN_RULE_C501}}, true);
    return;
  }
  argument.remove_prefix(3);
  if (setup_.has(kSpaceAfterColon)) {
    while (!argument.empty() && argument[0] == ' ') argument.remove_prefix(1);
  }
  PathParts parts;
  std::string path;
  std::string rest;
  std::vector<Refusal> refusals;
  if (!PathAt(argument, false, &parts, &path, &rest, &refusals)) {
    Refuse(refusals, true);
    return;
  }
  std::string parameters;
  SeenEvent event;
  if (!rest.empty()) {
    if (rest[0] != ' ') {
      refusals.push_back({kBadParameter, POSTERN_RULE_C501});
    } else {
      parameters = rest.substr(1);
      Parameters(parameters, false, &event, &refusals);
    }
  }
  if (!IsAscii(path) && !smtputf8_) {
    refusals.push_back({kNonAsciiForwardPath, POSTERN_RULE_C501});
  }
  if (!refusals.empty()) {
    Refuse(refusals, true);
    return;
  }
  if (recipients_ >= setup_.recipients) {
    Refuse({{kTooManyRecipients, POSTERN_RULE_LIMIT}}, true);
    return;
  }
  event.type = POSTERN_EVENT_RCPT;
  event.ticket = true;
  event.flags |= PathFlags(parts, path);
  event.path = path;
  event.local_part = parts.local_part;
  event.domain = parts.domain;
  event.mailbox = parts.postmaster ? parts.local_part : parts.local_part + '@' + parts.domain;
  event.parameters = parameters;
  event.count = recipients_;
  Decide(POSTERN_EVENT_RCPT, event);
}

// VRFY and EXPN: a String (section 4.1.1.6), and as user names have dots a Dot-string, or a mailbox
// with or without brackets (section 3.5.1),
// and under SMTPUTF8 the keyword of that name behind it (RFC 6531 section 3.7.4.2).
void Machine::Query(uint32_t type, std::string_view argument) {
  const bool utf8 = Utf8InForce();
  std::string_view name = argument;
  bool utf8_words = false;
  const size_t space = name.rfind(' ');
  if (utf8 && space != std::string_view::npos && Upper(name.substr(space + 1)) == "SMTPUTF8") {
    name = name.substr(0, space);
    utf8_words = true;
  }
  PathOptions options;
  options.utf8 = utf8;
  bool is = IsLocalPart(name, utf8) || ReadMailbox(name, options).is;
  if (!is && name.size() > 2 && name.front() == '<' && name.back() == '>') {
    name = name.substr(1, name.size() - 2);
    is = IsLocalPart(name, utf8) || ReadMailbox(name, options).is;
  }
  if (!is) {
    Refuse({{kBadArgument, POSTERN_RULE_C501}}, true);
    return;
  }
  if (!CountCommand()) return;
  SeenEvent event;
  event.type = type;
  event.ticket = true;
  event.text = std::string(name);
  event.line = line_;
  query_smtputf8_ = utf8_words;
  Decide(type, event);
}

void Machine::Help(std::string_view argument) {
  if (!CountCommand()) return;
  SeenEvent event;
  event.type = POSTERN_EVENT_HELP;
  event.ticket = true;
  event.text = std::string(argument);
  event.line = line_;
  topic_overview_ = argument.empty();
  topic_known_ = false;
  const std::string topic = Upper(argument);
  for (const std::string& verb : CommandsInForce()) topic_known_ = topic_known_ || topic == verb;
  for (const std::string_view code : kCodeTopics) topic_known_ = topic_known_ || topic == code;
  topic_known_ = topic_known_ || IsSituationName(topic);
  if (setup_.table == TableChoice::kOtherCodes && topic == "LIMITS") topic_known_ = true;
  const SeenReply* const reply = PeekReply();
  Decide(POSTERN_EVENT_HELP, event);
  // C214: the overview lists exactly the commands in force.
  if (failed() || !topic_overview_ || reply == nullptr || phase_ == Phase::kDecision) return;
  if (reply->code != 214 || reply->lines.size() < 2 ||
      reply->lines[0].find("Commands in force:") == std::string::npos) {
    return;
  }
  // The list takes as many lines as it needs: those that hold nothing but verbs.
  std::vector<std::string> listed;
  for (size_t i = 1; i < reply->lines.size(); ++i) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : reply->lines[i] + ' ') {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        words.push_back(word);
        word.clear();
      }
    }
    for (const std::string& verb : words) {
      if (std::find(std::begin(kKnownVerbs), std::end(kKnownVerbs), verb) ==
          std::end(kKnownVerbs)) {
        words.clear();
        break;
      }
    }
    if (words.empty()) break;
    listed.insert(listed.end(), words.begin(), words.end());
  }
  if (listed != CommandsInForce()) Fail("HELP does not list the commands in force");
}

}  // namespace postern::fuzz::model
