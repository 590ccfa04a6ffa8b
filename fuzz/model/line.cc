// SPDX-License-Identifier: Apache-2.0
//
// Command lines: framing (F1 to F6), then verb, switch and sequence. Arguments are read in
// arguments.cc and envelope.cc.

#include <algorithm>
#include <iterator>

#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// What of a line may be told where it is refused: behind "AUTH" and the word that should be a
// mechanism (at most 20 octets, RFC 4422 section 3.1) what may be a password is left out.
std::string Shown(const std::string& line) {
  if (Upper(std::string_view(line).substr(0, 4)) != "AUTH") return line;
  size_t begin = line.find_first_not_of(" \t", 4);
  if (begin == 4 || line.size() == 4) return line;
  if (begin == std::string::npos) begin = line.size();
  const size_t end = std::min(line.find_first_of(" \t", begin), line.size());
  return line.substr(0, end - begin > 20 ? begin : end);
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
    // BODY=8BITMIME and the 16 of BODY=BINARYMIME, which has them in it (RFC 3030 section 3).
    if (BodyInForce()) limit += 16;
    if (Utf8InForce()) limit += 10;
    if (DeliveryInForce("ENVID")) limit += 116;
    if (DeliveryInForce("REQUIRETLS")) limit += 11;
    if (DeliveryInForce("BY")) limit += 17;
    if (DeliveryInForce("MT-PRIORITY")) limit += 15;
    if (DeliveryInForce("HOLDFOR")) limit += 34;
    if (AuthInForce()) limit += 500;
  }
  return limit;
}

// What an ERROR event shows of a line at the most: "cut at the session's limit".
size_t Machine::LineCap() const {
  size_t cap = 512;
  size_t rcpt = 512;
  if (!setup_.has(kWithoutSize)) cap += 26;
  if (!setup_.has(kWithout8BitMime)) cap += 16;
  if (!setup_.has(kWithoutSmtpUtf8)) cap += 10;
  if (!setup_.has(kWithoutDsn)) cap += 116;
  if (setup_.has(kWithRequireTls)) cap += 11;
  if (setup_.has(kWithDeliverBy)) cap += 17;
  if (setup_.has(kWithMtPriority)) cap += 15;
  if (setup_.future_release) cap += 34;
  if (setup_.auth) cap += 500;
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
  if (keyword == "HOLDFOR" || keyword == "HOLDUNTIL") return OffersHolds();
  return !setup_.has(kWithoutDsn);
}

void Machine::Refuse(const std::vector<Refusal>& refusals, bool with_line) {
  ChunkText chunk;
  if (with_line && refusals[0].rule != POSTERN_RULE_C500 && IsBdat(&chunk)) {
    RefuseBdat(chunk, refusals);
  } else if (with_line && refusals[0].rule != POSTERN_RULE_C500 && IsBurl() && InTransaction() &&
             OfferedAsQueue("BURL")) {
    RefuseBurl(refusals);
  } else {
    RefuseNow(refusals, with_line);
  }
}

void Machine::RefuseNow(const std::vector<Refusal>& refusals, bool with_line, uint32_t times) {
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
    const Situation situation = times == 0 ? Find(ids[0]) : ExpectSituation(ids);
    error.code = situation.code;
    for (uint32_t i = 1; i < times; ++i) {
      ExpectReply(situation.code, situation.enhanced, situation.lines);
    }
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
    // Nothing was said.
    if (times == 0 && !closes) error.code = 0;
    if (with_line && Shown(line_) != line_) {
      error.line = Shown(line_);
    } else if (with_line) {
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
    if (phase_ == Phase::kAuth) {
      FailAuth({{kBareLf, POSTERN_RULE_F2}}, POSTERN_AUTH_END_BAD_BASE64);
    } else {
      Refuse({{kBareLf, POSTERN_RULE_F2}}, true);
    }
  }
  line_ += c;
}

void Machine::EndOfLine() {
  // A line with a bare LF was complete for the client when it had its reply (docs/contract.md).
  if (line_bare_lf_) return;
  Activity();
  where_ = "step " + std::to_string(step_) + ", line \"" + Visible(line_.substr(0, 80)) + '"';
  if (phase_ == Phase::kAuth) {
    AuthLine();
    return;
  }
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
    if (setup_.lmtp ? verb == "HELO" || verb == "EHLO" : verb == "LHLO") continue;
    if (ForTrusted(verb) && !(Offers(verb) && setup_.trusted)) continue;
    if (verb == "EXPN" && !setup_.has(kWithExpn)) continue;
    if (verb == "HELP" && setup_.has(kWithoutHelp)) continue;
    if (verb == "STARTTLS" && (!StartTlsOffered() || tls_)) continue;
    if (verb == "AUTH" && !AuthOffered()) continue;
    if ((verb == "ETRN" || verb == "ATRN" || verb == "BURL") && !OfferedAsQueue(verb)) continue;
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
    error.line = Shown(line_);
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
  // RFC 2033 section 4.1: each protocol has its own, and knows nothing of the other's.
  const bool of_other = setup_.lmtp ? verb == "HELO" || verb == "EHLO" : verb == "LHLO";
  const bool known = !of_other && std::find(std::begin(kKnownVerbs), std::end(kKnownVerbs), verb) !=
                                      std::end(kKnownVerbs);
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
  const bool auth = verb == "AUTH";
  if (auth && setup_.auth && (!AuthOffered() || authenticated_)) {
    Refuse({{AuthOffered() ? kAuthAlready : kAuthNeedsTls, POSTERN_RULE_C503}}, true);
    return;
  }
  const bool queue = verb == "ETRN" || verb == "ATRN";
  const bool burl = verb == "BURL";
  const bool never = (auth && !setup_.auth) || ((queue || burl) && !OfferedAsQueue(verb)) ||
                     verb == "TURN" || verb == "SEND" || verb == "SOML" || verb == "SAML";
  if (ForTrusted(verb) && Offers(verb) && !setup_.trusted) {
    Refuse({{kPeerNotTrusted, POSTERN_RULE_C502}}, true);
    return;
  }
  if (never || (ForTrusted(verb) && !Offers(verb)) || (verb == "EXPN" && !setup_.has(kWithExpn)) ||
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
  if (setup_.require_tls && !tls_ && verb != "EHLO" && verb != "LHLO" && verb != "NOOP" &&
      verb != "HELP" && !starttls && verb != "QUIT") {
    Refuse({{kTlsRequired, POSTERN_RULE_C503}}, true);
    return;
  }
  // RFC 4954 section 6, RFC 6409 section 4.3; a trusted peer tells of its client before.
  static constexpr std::string_view kBeforeAuth[] = {"EHLO",     "HELO",    "LHLO",    "NOOP",
                                                     "RSET",     "QUIT",    "HELP",    "AUTH",
                                                     "STARTTLS", "XCLIENT", "XFORWARD"};
  const bool before_auth =
      std::find(std::begin(kBeforeAuth), std::end(kBeforeAuth), verb) != std::end(kBeforeAuth);
  // RFC 2645 section 5.2.1, RFC 4468 section 8: these want it wherever they are served.
  const bool needs_auth = verb == "ATRN" || burl;
  if (!authenticated_ && (setup_.submission ? !before_auth : needs_auth)) {
    Refuse({{kAuthRequired, POSTERN_RULE_C503}}, true);
    return;
  }
  std::vector<Refusal> sequence;
  const auto need = [&sequence](bool missing, uint32_t id) {
    if (missing && sequence.empty()) sequence.push_back({id, POSTERN_RULE_C503});
  };
  if (starttls && tls_) need(true, kTlsAlreadyActive);
  const bool content = verb == "DATA" || verb == "BDAT" || burl;
  if (verb == "MAIL" || verb == "RCPT" || content || starttls || auth || queue) {
    need(!helo_, setup_.lmtp ? kNeedLhlo : kNeedHelo);
  }
  if (verb == "MAIL") need(InTransaction(), kNestedMail);
  if (verb == "RCPT" || content) need(!InTransaction(), kNeedMail);
  // RFC 3030 section 2: no DATA once a BDAT came, and nothing behind one that failed.
  if (verb == "RCPT") need(chunks_ != Chunks::kNone, kBadSequence);
  if (verb == "DATA") need(chunks_ != Chunks::kNone, kDataAfterBdat);
  if (verb == "BDAT" || burl) need(chunks_ == Chunks::kFailed, kBdatOutOfPlace);
  if (content) need(recipients_ == 0, kNeedRcpt);
  if (verb == "DATA") need(binary_, kBinarymimeNeedsBdat);
  if (starttls || auth || queue || ForTrusted(verb)) need(InTransaction(), kBadSequence);
  if (!sequence.empty()) {
    Refuse(sequence, true);
    return;
  }

  // Arguments.
  if (verb == "BDAT") {
    Bdat(line);
    return;
  }
  if (auth) {
    Auth(line.substr(end));
    return;
  }
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
      bdat_begin_ = false;
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
  // RFC 2645 section 5.2.1: with no domains it is for all of them.
  if (verb == "ATRN" && !has_argument) {
    Queue(false, argument);
    return;
  }
  if (argument.empty()) {
    Refuse({{kArgumentMissing, POSTERN_RULE_C501}}, true);
    return;
  }
  if (queue) {
    Queue(verb == "ETRN", argument);
  } else if (burl) {
    Burl(argument);
  } else if (ForTrusted(verb)) {
    Client(verb == "XCLIENT", argument);
  } else if (verb == "HELO" || verb == "EHLO" || verb == "LHLO") {
    Helo(verb != "HELO", argument);
  } else if (verb == "MAIL") {
    Mail(argument);
  } else if (verb == "RCPT") {
    Rcpt(argument);
  } else {
    Query(verb == "VRFY" ? POSTERN_EVENT_VRFY : POSTERN_EVENT_EXPN, argument);
  }
}

}  // namespace postern::fuzz::model
