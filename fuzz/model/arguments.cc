// SPDX-License-Identifier: Apache-2.0
//
// Arguments of HELO and EHLO, VRFY and EXPN, HELP, and what EHLO and HELP must list (C501, C214).

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

// Codes of which the default table tells (tables/en.reference.textproto).
constexpr std::string_view kCodeTopics[] = {
    "211", "214", "220", "221", "235", "250", "251", "252", "253", "334", "354",
    "421", "422", "430", "432", "450", "451", "452", "453", "454", "455", "458",
    "459", "500", "501", "502", "503", "504", "521", "523", "524", "525", "530",
    "533", "534", "535", "538", "550", "551", "552", "553", "554", "555", "556"};
// Enhanced codes of which it tells; X stands for each of the three classes.
constexpr std::string_view kEnhancedTopics[] = {
    "X.0.0",  "X.1.0",  "X.1.1",  "X.1.2",  "X.1.3",  "X.1.4",  "2.1.5",  "5.1.6",  "X.1.7",
    "X.1.8",  "5.1.9",  "X.1.10", "X.2.0",  "X.2.1",  "X.2.2",  "X.2.3",  "X.2.4",  "X.3.0",
    "X.3.1",  "X.3.2",  "X.3.3",  "X.3.4",  "X.3.5",  "X.4.0",  "X.4.1",  "X.4.2",  "X.4.3",
    "X.4.4",  "4.4.5",  "X.4.6",  "X.4.7",  "X.5.0",  "X.5.1",  "X.5.2",  "X.5.3",  "X.5.4",
    "X.5.5",  "5.5.6",  "X.6.0",  "X.6.1",  "X.6.2",  "X.6.3",  "X.6.4",  "X.6.5",  "X.6.6",
    "X.6.7",  "X.6.8",  "X.6.9",  "X.7.0",  "X.7.1",  "X.7.2",  "5.7.3",  "5.7.4",  "X.7.5",
    "X.7.6",  "X.7.7",  "5.7.8",  "5.7.9",  "5.7.10", "5.7.11", "4.7.12", "5.7.13", "X.7.14",
    "X.7.15", "X.7.16", "X.7.17", "X.7.18", "X.7.19", "5.7.20", "5.7.21", "5.7.22", "5.7.23",
    "X.7.24", "5.7.25", "5.7.26", "5.7.27", "5.7.30"};

// RFC 3339, and not beyond what it can write.
std::string LatestDate(int64_t unix_seconds) {
  int64_t days = unix_seconds / 86400;
  int year = 1970;
  const auto length = [](int y) {
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
  };
  while (year <= 9999 && days >= length(year)) days -= length(year++);
  if (year > 9999) return "9999-12-31T23:59:59Z";
  int month = 1;
  const auto last = [&](int m) {
    return m == 2 ? length(year) - 337 : m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
  };
  while (days >= last(month)) days -= last(month++);
  char text[96];
  const int second = static_cast<int>(unix_seconds % 86400);
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month,
                static_cast<int>(days) + 1, second / 3600, second / 60 % 60, second % 60);
  return text;
}

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
  if (OffersHolds()) want.push_back("FUTURERELEASE 2592000 " + LatestDate(UnixNow() + 2592000));
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
  if (OfferedAsQueue("ETRN")) want.emplace_back("ETRN");
  if (OfferedAsQueue("ATRN")) want.emplace_back("ATRN");
  if (OfferedAsQueue("BURL")) {
    const bool told = setup_.burl_imap && authenticated_;
    want.emplace_back(told ? "BURL imap imap://mail.example" : "BURL");
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
  for (const std::string_view code : kEnhancedTopics) {
    const bool same_behind = !topic.empty() && topic.substr(1) == code.substr(1);
    const bool has_class =
        same_behind && std::string_view("245").find(topic[0]) != std::string::npos;
    topic_known_ = topic_known_ || topic == code || (code[0] == 'X' && has_class);
  }
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
