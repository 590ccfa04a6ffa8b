// SPDX-License-Identifier: Apache-2.0
//
// Arguments of HELO and EHLO, VRFY and EXPN, HELP, and what EHLO and HELP must list (C501, C214).

#include <algorithm>
#include <iterator>

#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

// Codes of which the default table tells (tables/en.textproto).
constexpr std::string_view kCodeTopics[] = {
    "211", "214", "220", "221", "235", "250", "251", "252", "334", "354", "421", "432",
    "450", "451", "452", "454", "455", "500", "501", "502", "503", "504", "521", "530",
    "534", "535", "538", "550", "551", "552", "553", "554", "555", "556"};

}  // namespace

void Machine::Helo(bool extended, std::string_view argument) {
  SeenEvent event;
  event.type = POSTERN_EVENT_HELO;
  event.ticket = true;
  if (extended) event.flags |= POSTERN_HELO_EXTENDED;
  if (setup_.lmtp) event.flags |= POSTERN_HELO_LMTP;
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
  want.emplace_back("CHUNKING");
  // On where CHUNKING and 8BITMIME are.
  if (!setup_.has(kWithout8BitMime)) want.emplace_back("BINARYMIME");
  if (!setup_.has(kWithoutDsn)) want.emplace_back("DSN");
  if (AuthOffered()) want.emplace_back("AUTH PLAIN LOGIN");
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
  if (setup_.xclient && setup_.trusted) {
    want.emplace_back("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
  }
  if (setup_.xforward && setup_.trusted) {
    want.emplace_back("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE");
  }
  std::vector<std::string> have = reply.lines;
  // Keywords come in any order.
  std::sort(want.begin() + 1, want.end());
  if (!have.empty()) std::sort(have.begin() + 1, have.end());
  if (have != want) Fail("EHLO does not list what is in force");
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
