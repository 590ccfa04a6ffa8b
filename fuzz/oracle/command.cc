// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/command.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/commands/envelope.h"
#include "engine/syntax/date_time.h"
#include "fuzz/oracle/client_list.h"
#include "fuzz/oracle/esmtp_grammar.h"
#include "fuzz/oracle/smtp_grammar.h"
#include "fuzz/oracle/syntax.h"

namespace postern::fuzz::oracle {
namespace {

using commands::Body;
using commands::Extension;
using commands::Fault;
using commands::Verb;

constexpr struct {
  Verb verb;
  const char* name;
  const char* rule;  // of its whole line; null where the engine has no parser for it
} kVerbs[] = {
    {Verb::kHelo, "HELO", "helo"},
    {Verb::kEhlo, "EHLO", "ehlo"},
    {Verb::kMail, "MAIL", "mail"},
    {Verb::kRcpt, "RCPT", "rcpt"},
    {Verb::kData, "DATA", "data"},
    {Verb::kRset, "RSET", "rset"},
    {Verb::kNoop, "NOOP", "noop"},
    {Verb::kQuit, "QUIT", "quit"},
    {Verb::kVrfy, "VRFY", "vrfy"},
    {Verb::kExpn, "EXPN", "expn"},
    {Verb::kHelp, "HELP", "help"},
    {Verb::kStarttls, "STARTTLS", "starttls"},
    {Verb::kTurn, "TURN", nullptr},
    {Verb::kSend, "SEND", nullptr},
    {Verb::kSoml, "SOML", nullptr},
    {Verb::kSaml, "SAML", nullptr},
    {Verb::kBdat, "BDAT", "bdat"},
    {Verb::kLhlo, "LHLO", "lhlo"},
    {Verb::kAuth, "AUTH", "auth"},  // of rfc4954.abnf, see ExpectAuth
    {Verb::kXclient, "XCLIENT", "xclient"},
    {Verb::kXforward, "XFORWARD", "xforward"},
    // Of rfc1985.abnf and rfc4468.abnf, see ExpectQueue.
    {Verb::kEtrn, "ETRN", "etrn"},
    {Verb::kAtrn, "ATRN", "atrn"},
    {Verb::kBurl, "BURL", "burl"},
};

std::string UpperCase(std::string_view in) {
  std::string s(in);
  for (char& c : s) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return s;
}

Verb VerbOf(std::string_view name) {
  if (!SmtpGrammar::For({}).Matches("verb", name)) return Verb::kUnknown;
  for (const auto& row : kVerbs) {
    if (UpperCase(name) == row.name) return row.verb;
  }
  return Verb::kUnknown;
}

const char* RuleOf(Verb verb) {
  for (const auto& row : kVerbs) {
    if (row.verb == verb) return row.rule;
  }
  return nullptr;
}

// Extensions in force for the client, from the RFCs and not from InForce: those that are enabled,
// behind EHLO (RFC 5321 §3.2), SMTPUTF8 only beside 8BITMIME (RFC 6531 §3.1 item 8).
Dialect DialectFor(const commands::Conditions& now) {
  const auto enabled = [&now](Extension extension) {
    return now.extended && (now.enabled & commands::Bit(extension)) != 0;
  };
  Dialect dialect;
  dialect.size = enabled(Extension::kSize);
  dialect.eight_bit = enabled(Extension::kEightBitMime);
  dialect.auth = enabled(Extension::kAuth);
  dialect.smtputf8 = enabled(Extension::kSmtpUtf8) && dialect.eight_bit;
  // RFC 3030 §3: BDAT carries it, and the parameter is 8BITMIME's.
  dialect.binary =
      enabled(Extension::kBinaryMime) && enabled(Extension::kChunking) && dialect.eight_bit;
  // The delivery extensions are on together (command_line.cc); RFC 8689 §2: and TLS is up.
  dialect.delivery = enabled(Extension::kDsn);
  dialect.host_parameters = enabled(Extension::kHostParameters);
  dialect.require_tls = enabled(Extension::kRequireTls) && now.tls;
  return dialect;
}

std::string_view WithoutTrailingSpace(std::string_view line) {
  const size_t last = line.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1);
}

bool HasEightBit(std::string_view in) {
  return std::any_of(in.begin(), in.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
}

std::string Name(Fault fault) {
  static constexpr const char* kNames[] = {
      "none",
      "arguments unexpected",
      "argument missing",
      "bad argument",
      "bad HELO name",
      "bad path",
      "path without <>",
      "path without domain",
      "path too long",
      "path after a space",
      "path not in ASCII",
      "bad parameter",
      "unknown",
      "parameter not in force",
      "repeated parameter",
      "too many parameters",
      "unknown size of a chunk",
      "bad AUTH argument",
  };
  return kNames[static_cast<size_t>(fault)];
}

// What a line means, or what is wrong with it.
struct Expected {
  Fault fault = Fault::kNone;
  std::string_view keyword;    // of the parameter that is at fault
  std::string_view parameter;  // and all of it
  std::string_view path_text;  // MAIL, RCPT: from the path on
  std::string_view parameters;
  std::string_view argument;
  bool is_literal = false;
  bool last = false;  // BURL
  syntax::EtrnKind etrn = syntax::EtrnKind::kNode;
  bool smtputf8 = false;
  Body body = Body::kNone;
  commands::AuthParameter auth = commands::AuthParameter::kNone;
  uint64_t size = 0;
  // Parameters of delivery extensions: name in upper case and value.
  std::vector<std::pair<std::string, std::string_view>> delivery;
  std::vector<std::string_view> unknown;  // which the host may know, as they stand there
  bool beyond_grammar = false;            // a length or a date, of which no rule knows
};

void ExpectHelo(std::string_view rest, Expected* expected) {
  if (rest.empty()) {
    expected->fault = Fault::kArgumentMissing;
    return;
  }
  if (rest[0] != ' ') {
    expected->fault = Fault::kBadArgument;
    return;
  }
  const std::string_view name = rest.substr(1);
  // RFC 5321 §4.5.3.1.2.
  if (!SmtpGrammar::For({}).Matches("Domain-part", name) || name.size() > 255) {
    expected->fault = Fault::kBadHeloName;
    return;
  }
  expected->argument = name;
  expected->is_literal = name[0] == '[';
}

// RFC 4954 §8. Whether the response is base64 is not the parser's to say.
void ExpectAuth(std::string_view rest, Expected* expected) {
  if (rest.empty()) {
    expected->fault = Fault::kArgumentMissing;
    return;
  }
  expected->fault = Fault::kBadAuthArgument;
  if (rest[0] != ' ') return;
  const std::string_view argument = rest.substr(1);
  const size_t space = argument.find(' ');
  const std::string_view mechanism = argument.substr(0, space);
  if (!MatchesEsmtp("sasl-mech", mechanism)) return;
  if (space != std::string_view::npos) {
    const std::string_view response = argument.substr(space + 1);
    if (response.empty() || response.find(' ') != std::string_view::npos) return;
    expected->parameters = response;
  }
  expected->fault = Fault::kNone;
  expected->argument = mechanism;
}

// The value of AUTH= (RFC 4954 §5): xtext (RFC 3461 §4) of a Mailbox or "<>".
bool TakeAuthParameter(std::string_view value, bool utf8, Expected* expected) {
  if (value.empty() || value.size() > 500 || !MatchesEsmtp("xtext", value)) return false;
  std::string decoded;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '+') {
      decoded += value[i];
      continue;
    }
    const auto digit = [&value](size_t at) {
      const char c = value[at];
      return c <= '9' ? c - '0' : c - 'A' + 10;
    };
    decoded += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
    i += 2;
  }
  if (!MatchesEsmtp("auth-identity", decoded, utf8)) return false;
  const bool null = decoded == "<>";
  if (!null) {
    // RFC 5321 §4.5.3.1: the limits of a path's parts, which are no grammar.
    Dialect dialect;
    dialect.smtputf8 = utf8;
    const SmtpGrammar& grammar = SmtpGrammar::For(dialect);
    if (!grammar.PathFits('<' + decoded + '>')) return false;
  }
  expected->auth = null ? commands::AuthParameter::kNull : commands::AuthParameter::kMailbox;
  return true;
}

void ExpectQuery(Verb verb, std::string_view rest, const SmtpGrammar& grammar, bool utf8,
                 Expected* expected) {
  const bool text = verb == Verb::kHelp || verb == Verb::kNoop;
  if (rest.empty()) {
    if (!text) expected->fault = Fault::kArgumentMissing;
    return;
  }
  expected->fault = Fault::kBadArgument;
  if (rest[0] != ' ') return;
  std::string_view argument = rest.substr(1);
  if (text) {
    if (!grammar.Matches("text", argument)) return;
  } else {
    const size_t parameter = argument.size() - std::min<size_t>(argument.size(), 9);
    if (utf8 && !grammar.Matches("query", argument) && argument[parameter] == ' ' &&
        grammar.Matches("smtputf8-parameter", argument.substr(parameter + 1))) {
      expected->smtputf8 = true;
      argument = argument.substr(0, parameter);
    }
    if (!grammar.Matches("query", argument)) return;
    if (argument[0] == '<') argument = argument.substr(1, argument.size() - 2);
    if (grammar.Matches("Mailbox", argument) &&
        grammar.SplitMailbox(argument).domain.size() > 255) {
      return;
    }
  }
  expected->fault = Fault::kNone;
  expected->argument = argument;
}

constexpr struct DeliveryParameter {
  Verb verb;
  const char* name;
  const char* rule;
} kDelivery[] = {
    {Verb::kMail, "RET", "ret-parameter"},
    {Verb::kMail, "ENVID", "envid-parameter"},
    {Verb::kRcpt, "NOTIFY", "notify-parameter"},
    {Verb::kRcpt, "ORCPT", "orcpt-parameter"},
    {Verb::kMail, "REQUIRETLS", "requiretls-parameter"},
    {Verb::kMail, "BY", "by-parameter"},
    {Verb::kMail, "MT-PRIORITY", "mt-priority-parameter"},
    {Verb::kMail, "HOLDFOR", "hold-for-parameter"},
    {Verb::kMail, "HOLDUNTIL", "hold-until-parameter"},
    {Verb::kRcpt, "RRVS", "rrvs-parameter"},
};

const DeliveryParameter* FindDelivery(Verb verb, const std::string& name) {
  for (const DeliveryParameter& row : kDelivery) {
    if (row.verb == verb && name == row.name) return &row;
  }
  return nullptr;
}

// What is wrong with what the command says of them.
Finding DeliveryAgrees(const Expected& expected, const commands::ParsedCommand& command) {
  uint32_t given = 0;
  for (const auto& [name, value] : expected.delivery) {
    const std::string upper = UpperCase(value);
    const commands::Extras& got = command.extras;
    const size_t semicolon = value.find(';');
    bool same = true;
    if (name == "RET") {
      given |= commands::kGivenRet;
      same = (got.dsn_return == syntax::DsnReturn::kFull) == (upper == "FULL");
    } else if (name == "ENVID") {
      given |= commands::kGivenEnvid;
      same = got.envid == value;
    } else if (name == "NOTIFY") {
      given |= commands::kGivenNotify;
      const auto has = [&upper](const char* word) { return upper.find(word) != std::string::npos; };
      same = got.notify == (has("NEVER") ? 1 : 0) + (has("SUCCESS") ? 2 : 0) +
                               (has("FAILURE") ? 4 : 0) + (has("DELAY") ? 8 : 0);
    } else if (name == "ORCPT") {
      given |= commands::kGivenOrcpt;
      same =
          got.orcpt_type == value.substr(0, semicolon) && got.orcpt == value.substr(semicolon + 1);
    } else if (name == "REQUIRETLS") {
      given |= commands::kGivenRequireTls;
    } else if (name == "BY") {
      given |= commands::kGivenBy;
      same = got.by_seconds == std::stol(std::string(value)) &&
             (got.by_mode == syntax::ByMode::kReturn) == (upper[semicolon + 1] == 'R') &&
             got.by_trace == (upper.back() == 'T');
    } else if (name == "MT-PRIORITY") {
      given |= commands::kGivenPriority;
      same = got.priority == std::stol(std::string(value));
    } else if (name == "HOLDFOR") {
      given |= commands::kGivenHoldFor;
      same = got.hold_for == std::stoul(std::string(value));
    } else if (name == "HOLDUNTIL") {
      given |= commands::kGivenHoldUntil;
      syntax::DateTime date;
      syntax::ParseDateTime(value, &date);
      same = got.hold_until == date.unix_seconds + (date.nanoseconds > 0 ? 1 : 0);
    } else if (name == "RRVS") {
      given |= commands::kGivenRrvs;
      syntax::DateTime date;
      syntax::ParseDateTime(value.substr(0, semicolon), &date);
      same = got.rrvs == date.unix_seconds &&
             got.rrvs_action == (semicolon == std::string_view::npos ? syntax::RrvsAction::kUnstated
                                 : upper.back() == 'R'               ? syntax::RrvsAction::kReject
                                                       : syntax::RrvsAction::kContinue);
    }
    if (!same) return name;
  }
  if (!expected.unknown.empty()) given |= commands::kGivenUnknown;
  return given == command.given ? "" : "which parameters were given";
}

// One word behind a path; false if it is at fault.
bool ExpectParameter(std::string_view word, Verb verb, const SmtpGrammar& grammar,
                     const Dialect& dialect, bool smtputf8_transaction,
                     std::vector<std::string>* seen, Expected* expected) {
  const auto fault = [expected](Fault what) {
    expected->fault = what;
    return false;
  };
  if (!grammar.Matches("esmtp-param", word)) return fault(Fault::kBadParameter);
  const std::string_view keyword = word.substr(0, word.find('='));
  expected->keyword = keyword;
  const std::string name = UpperCase(keyword);
  const std::string value = UpperCase(word.substr(keyword.size()));
  bool in_force = false;
  const char* rule = nullptr;
  if (verb == Verb::kMail && name == "SIZE") {
    rule = "size-parameter";
    in_force = dialect.size;
  } else if (verb == Verb::kMail && name == "BODY") {
    rule = "body-parameter";
    in_force = dialect.eight_bit;
  } else if (verb == Verb::kMail && name == "SMTPUTF8") {
    rule = "smtputf8-parameter";
    in_force = dialect.smtputf8;
  } else if (const DeliveryParameter* const row = FindDelivery(verb, name)) {
    rule = row->rule;
    in_force = name == "REQUIRETLS" ? dialect.require_tls : dialect.delivery;
  } else if (verb == Verb::kMail && name == "AUTH") {
    in_force = dialect.auth;
  } else if (dialect.host_parameters) {
    if (std::find(seen->begin(), seen->end(), name) != seen->end()) {
      return fault(Fault::kParameterRepeated);
    }
    seen->push_back(name);
    expected->unknown.push_back(word);
    return true;
  } else {
    return fault(Fault::kParameterUnknown);
  }
  if (!in_force) return fault(Fault::kParameterNotInForce);
  if (std::find(seen->begin(), seen->end(), name) != seen->end()) {
    return fault(Fault::kParameterRepeated);
  }
  seen->push_back(name);
  if (name == "BODY" && value == "=BINARYMIME") {
    if (!dialect.binary) return fault(Fault::kParameterNotInForce);
    expected->body = Body::kBinaryMime;
    return true;
  }
  if (name == "AUTH") {
    if (word.size() == keyword.size() ||
        !TakeAuthParameter(word.substr(keyword.size() + 1), dialect.smtputf8, expected)) {
      return fault(Fault::kBadParameter);
    }
    return true;
  }
  if (!grammar.Matches(rule, word)) return fault(Fault::kBadParameter);
  if (FindDelivery(verb, name) != nullptr) {
    const std::string_view text = word.substr(std::min(keyword.size() + 1, word.size()));
    syntax::DateTime date;
    // RFC 3461 §5.4, and days that no month has.
    expected->beyond_grammar =
        (name == "ENVID" && text.size() > 100) || (name == "ORCPT" && text.size() > 500) ||
        // RFC 6531 §3.4: octets beyond ASCII only where MAIL said SMTPUTF8.
        (name == "ORCPT" && !smtputf8_transaction && HasEightBit(text)) ||
        (name == "HOLDUNTIL" && !syntax::ParseDateTime(text, &date)) ||
        (name == "RRVS" && !syntax::ParseDateTime(text.substr(0, text.find(';')), &date));
    if (expected->beyond_grammar) return fault(Fault::kBadParameter);
    expected->delivery.emplace_back(name, text);
  }
  if (name == "SMTPUTF8") expected->smtputf8 = true;
  if (name == "BODY") expected->body = value == "=7BIT" ? Body::k7Bit : Body::k8BitMime;
  if (name == "SIZE") {
    for (const char c : value.substr(1)) {
      const auto digit = static_cast<uint64_t>(c - '0');
      const bool over = expected->size > (UINT64_MAX - digit) / 10;
      expected->size = over ? UINT64_MAX : expected->size * 10 + digit;
      if (over) break;
    }
  }
  return true;
}

// RFC 3030 §2: a text whose beginning is a size that is known is another matter than one without.
void ExpectChunk(std::string_view rest, const SmtpGrammar& grammar, Expected* expected) {
  expected->argument = rest;
  expected->fault = Fault::kChunkSizeUnknown;
  if (rest.empty() || rest[0] != ' ') return;
  const std::string_view argument = rest.substr(1);
  const std::string_view size = argument.substr(0, argument.find(' '));
  if (!grammar.Matches("chunk-size", size)) return;
  uint64_t octets = 0;
  for (const char c : size) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (octets > (INT64_MAX - digit) / 10) return;
    octets = octets * 10 + digit;
  }
  expected->size = octets;
  expected->fault = grammar.Matches("bdat-argument", argument) ? Fault::kNone : Fault::kBadArgument;
}

void ExpectClient(bool xclient, std::string_view rest, Expected* expected) {
  if (rest.empty()) {
    expected->fault = Fault::kArgumentMissing;
    return;
  }
  std::map<uint32_t, ClientValue> given;
  expected->fault = Fault::kBadArgument;
  if (rest[0] != ' ' || !ReadClientList(rest.substr(1), xclient, &given)) return;
  expected->fault = Fault::kNone;
  expected->argument = rest.substr(1);
}

// ETRN, ATRN, BURL.
void ExpectQueue(Verb verb, std::string_view rest, Expected* expected) {
  if (rest.empty()) {
    if (verb != Verb::kAtrn) expected->fault = Fault::kArgumentMissing;
    return;
  }
  expected->fault = Fault::kBadArgument;
  const std::string_view argument = rest.substr(1);
  const bool right = verb == Verb::kEtrn   ? IsEtrnText(argument)
                     : verb == Verb::kAtrn ? IsAtrnText(argument)
                                           : IsBurlText(argument);
  if (rest[0] != ' ' || !right) return;
  expected->fault = Fault::kNone;
  expected->argument = argument;
  if (verb == Verb::kEtrn && argument[0] == '@') expected->etrn = syntax::EtrnKind::kSubdomains;
  if (verb == Verb::kEtrn && argument[0] == '#') expected->etrn = syntax::EtrnKind::kQueue;
  if (expected->etrn != syntax::EtrnKind::kNode) expected->argument.remove_prefix(1);
  if (verb == Verb::kBurl) {
    expected->argument = argument.substr(0, argument.find(' '));
    expected->last = expected->argument.size() != argument.size();
  }
}

void ExpectEnvelope(Verb verb, std::string_view text, std::string_view rest,
                    const SmtpGrammar& grammar, const Dialect& dialect, bool smtputf8_transaction,
                    Expected* expected) {
  const auto fault = [expected](Fault what) { expected->fault = what; };
  if (rest.empty()) return fault(Fault::kArgumentMissing);
  const std::string_view opening = verb == Verb::kMail ? "MAIL FROM:" : "RCPT TO:";
  if (UpperCase(text.substr(0, opening.size())) != opening) return fault(Fault::kBadArgument);
  text.remove_prefix(opening.size());
  expected->path_text = text;
  if (!text.empty() && (text[0] == ' ' || text[0] == '\t')) return fault(Fault::kPathAfterSpace);
  const std::vector<bool> prefixes =
      grammar.Prefixes(verb == Verb::kMail ? "Reverse-path" : "rcpt-path", text);
  const auto end = std::find(prefixes.begin(), prefixes.end(), true);
  if (end == prefixes.end()) {
    // Which of the three is told is the comfort of a person; the first is certain.
    return fault(!text.empty() && text[0] != '<' ? Fault::kPathWithoutBrackets : Fault::kBadPath);
  }
  const std::string_view path = text.substr(0, static_cast<size_t>(end - prefixes.begin()));
  if (!grammar.PathFits(path)) return fault(Fault::kPathTooLong);
  text.remove_prefix(path.size());
  if (!text.empty()) expected->parameters = text.substr(1);
  std::vector<std::string> seen;
  size_t count = 0;
  while (!text.empty()) {
    expected->keyword = {};
    if (text[0] != ' ') {
      expected->parameter = text.substr(0, text.find(' '));
      return fault(Fault::kBadParameter);
    }
    const std::string_view word = text.substr(1, text.find(' ', 1) - 1);
    if (!word.empty() && ++count > 64) return fault(Fault::kTooManyParameters);
    // A space that is one too many stands for itself.
    expected->parameter = word.empty() ? text.substr(0, 1) : word;
    if (!ExpectParameter(word, verb, grammar, dialect, smtputf8_transaction, &seen, expected))
      return;
    text.remove_prefix(1 + word.size());
  }
  expected->keyword = {};
  expected->parameter = {};
  // RFC 6531 §3.4.
  const bool allowed = verb == Verb::kMail ? expected->smtputf8 : smtputf8_transaction;
  if (HasEightBit(path) && !allowed) fault(Fault::kNonAsciiPath);
}

// The path of a command as ParsePath gives it. What a command does not keep follows from the rest:
// the route is all that stands before the mailbox.
syntax::PathResult Whole(const syntax::PathParts& parts) {
  syntax::PathResult path;
  path.error = parts.error;
  path.used = parts.used;
  path.path = parts.path();
  path.mailbox = parts.mailbox();
  path.local_part = parts.local_part();
  path.domain = parts.domain();
  path.is_null = parts.is_null;
  path.is_postmaster = parts.is_postmaster;
  path.local_is_quoted = parts.local_is_quoted;
  path.has_source_route = parts.has_source_route;
  path.has_utf8 = parts.has_utf8;
  path.domain_is_literal = parts.domain_is_literal;
  path.missing_angle_brackets = path.path.empty() || path.path[0] != '<';
  if (path.has_source_route && parts.mailbox_offset >= 2) {
    path.source_route = path.path.substr(1, parts.mailbox_offset - size_t{2});
  }
  return path;
}
std::string_view MailboxOf(const syntax::PathParts& path) { return path.mailbox(); }

Finding Wrong(std::string_view what, std::string_view line) {
  return std::string(what) + ": \"" + Visible(line) + "\"";
}

}  // namespace

Finding VerbAgrees(std::string_view line, Verb verb, std::string_view name, std::string_view rest) {
  const std::string_view want = line.substr(0, std::min(line.find_first_of(" \t"), line.size()));
  if (name != want) return Wrong("the verb's name", line);
  if (rest != line.substr(want.size())) return Wrong("what follows the verb", line);
  if (verb != VerbOf(want)) return Wrong("the verb", line);
  return {};
}

Finding CommandAgrees(std::string_view line, Verb verb, const commands::ParseContext& context,
                      const commands::ParsedCommand& command) {
  const char* const rule = RuleOf(verb);
  if (rule == nullptr) return {};
  const Dialect dialect = DialectFor(context.now);
  const SmtpGrammar& grammar = SmtpGrammar::For(dialect);
  const std::string_view text = WithoutTrailingSpace(line);
  const std::string_view rest = text.substr(std::min(text.find_first_of(" \t"), text.size()));

  Expected expected;
  bool judged_by_ascii = false;
  switch (verb) {
    case Verb::kHelo:
    case Verb::kEhlo:
    case Verb::kLhlo:
      // RFC 6531 extends paths and strings; §3.7.1 leaves the name in EHLO as it is.
      judged_by_ascii = true;
      ExpectHelo(rest, &expected);
      break;
    case Verb::kMail:
    case Verb::kRcpt:
      ExpectEnvelope(verb, text, rest, grammar, dialect, context.smtputf8_transaction, &expected);
      break;
    case Verb::kBdat:
      ExpectChunk(rest, grammar, &expected);
      break;
    case Verb::kXclient:
    case Verb::kXforward:
      ExpectClient(verb == Verb::kXclient, rest, &expected);
      break;
    case Verb::kEtrn:
    case Verb::kAtrn:
    case Verb::kBurl:
      ExpectQueue(verb, rest, &expected);
      break;
    case Verb::kVrfy:
    case Verb::kExpn:
    case Verb::kHelp:
    case Verb::kNoop:
      ExpectQuery(verb, rest, grammar, dialect.smtputf8, &expected);
      break;
    case Verb::kAuth:
      ExpectAuth(rest, &expected);
      break;
    default:
      if (!rest.empty()) expected.fault = Fault::kArgumentsUnexpected;
      break;
  }

  // The rule of the whole line, which knows neither limits nor repetition, says the same.
  // What ExpectAuth and ExpectQueue say was said by the grammar of the parts, and AUTH= is no part
  // of RFC 5321's.
  const bool by_parts =
      verb == Verb::kAuth || verb == Verb::kEtrn || verb == Verb::kAtrn || verb == Verb::kBurl;
  const bool in_language = by_parts || expected.auth != commands::AuthParameter::kNone
                               ? expected.fault == Fault::kNone
                               : (judged_by_ascii ? SmtpGrammar::For({}) : grammar)
                                     .Matches(rule, std::string(line) + "\r\n");
  if (expected.fault == Fault::kNone && !in_language) {
    return Wrong("the oracle disagrees with its own grammar, which refuses", line);
  }
  const bool not_grammar =
      expected.fault == Fault::kPathTooLong || expected.fault == Fault::kParameterRepeated ||
      expected.fault == Fault::kNonAsciiPath || expected.beyond_grammar ||
      dialect.host_parameters || expected.fault == Fault::kChunkSizeUnknown ||
      verb == Verb::kHelo || verb == Verb::kEhlo || verb == Verb::kLhlo || verb == Verb::kXclient ||
      verb == Verb::kXforward || verb == Verb::kVrfy || verb == Verb::kExpn;
  if (expected.fault != Fault::kNone && in_language && !not_grammar) {
    return Wrong("the oracle disagrees with its own grammar, which takes", line);
  }

  Fault fault = command.fault;
  if (expected.fault == Fault::kBadPath && fault == Fault::kPathWithoutDomain) {
    fault = Fault::kBadPath;
  }
  if (fault != expected.fault) {
    return Wrong("should be " + Name(expected.fault) + " and is " + Name(command.fault), line);
  }
  if (command.verb != verb) return Wrong("the verb", line);
  // With its value where that is what is wrong.
  if (!command.complaint.empty() && command.complaint != expected.keyword &&
      command.complaint != expected.parameter) {
    return Wrong("complains of what is not at fault", line);
  }
  if (fault == Fault::kParameterUnknown || fault == Fault::kParameterNotInForce ||
      fault == Fault::kParameterRepeated) {
    if (command.complaint.empty()) return Wrong("does not say of which parameter", line);
  }
  if (fault != Fault::kNone) return {};

  if (command.argument != expected.argument) return Wrong("the argument", line);
  if (command.argument_is_literal != expected.is_literal) return Wrong("argument_is_literal", line);
  if (command.smtputf8 != expected.smtputf8) return Wrong("smtputf8", line);
  if (command.body != expected.body) return Wrong("body", line);
  if (command.last != expected.last) return Wrong("LAST", line);
  if (command.etrn != expected.etrn) return Wrong("what ETRN names", line);
  if (command.size != expected.size) return Wrong("size", line);
  if (command.auth != expected.auth) return Wrong("AUTH=", line);
  if (command.parameters != expected.parameters) return Wrong("parameters", line);
  const Finding delivery = DeliveryAgrees(expected, command);
  if (!delivery.empty()) return Wrong(delivery, line);
  if (verb != Verb::kMail && verb != Verb::kRcpt) return {};
  syntax::Parameter parameter;
  std::string_view left;
  // From the space before them on.
  if (!command.parameters.empty()) {
    left = {command.parameters.data() - 1, command.parameters.size() + 1};
  }
  const bool asks = (command.given & commands::kGivenUnknown) != 0;
  if (asks != !expected.unknown.empty()) return Wrong("what is left to the host", line);
  for (const std::string_view word : expected.unknown) {
    if (!commands::TakeUnknownParameter(verb, context, &left, &parameter) ||
        parameter.keyword.data() != word.data() ||
        parameter.keyword.size() != word.substr(0, word.find('=')).size()) {
      return Wrong("a parameter for the host is not found", line);
    }
  }
  if (asks && commands::TakeUnknownParameter(verb, context, &left, &parameter)) {
    return Wrong("a parameter for the host is there that is none", line);
  }
  syntax::PathOptions options;
  options.utf8 = dialect.smtputf8;
  const auto kind =
      verb == Verb::kMail ? syntax::PathKind::kReversePath : syntax::PathKind::kForwardPath;
  return PathAgrees(expected.path_text, kind, options, Whole(command.path));
}

Finding LeniencyOnlyWidens(const commands::ParsedCommand& strict,
                           const commands::ParsedCommand& lenient) {
  if (strict.fault != Fault::kNone) return {};
  if (lenient.fault != Fault::kNone) {
    return "right without leniency, and " + Name(lenient.fault) + " with";
  }
  // extra_spaces takes the spaces before the text of HELP and NOOP for more of the separator.
  const std::string_view argument = strict.argument.substr(
      std::min(strict.argument.find_first_not_of(' '), strict.argument.size()));
  if ((strict.argument != lenient.argument && argument != lenient.argument) ||
      strict.parameters != lenient.parameters || strict.smtputf8 != lenient.smtputf8 ||
      strict.body != lenient.body || strict.size != lenient.size || strict.given != lenient.given ||
      strict.last != lenient.last || strict.etrn != lenient.etrn ||
      MailboxOf(strict.path) != MailboxOf(lenient.path)) {
    return "leniency changes what a right line means";
  }
  return {};
}

}  // namespace postern::fuzz::oracle
