// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/smtp_grammar.h"

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>

#include "fuzz/oracle/grammar_texts.h"

namespace postern::fuzz::oracle {
namespace {

// A grammar that cannot be read judges nothing.
void Read(const char* text, Abnf* abnf) {
  std::string error;
  if (abnf->Read(text, &error)) return;
  std::fprintf(stderr, "grammar: %s\n", error.c_str());
  std::abort();
}

std::unique_ptr<const AbnfMatcher> Compile(const Abnf& abnf, std::string_view rule) {
  std::string error;
  auto matcher = abnf.Compile(rule, &error);
  if (matcher != nullptr) return matcher;
  std::fprintf(stderr, "grammar: %s\n", error.c_str());
  std::abort();
}

}  // namespace

const SmtpGrammar& SmtpGrammar::For(const Dialect& dialect) {
  static auto& grammars = *new std::map<int, std::unique_ptr<const SmtpGrammar>>();
  const int key = (dialect.smtputf8 ? 1 : 0) | (dialect.size ? 2 : 0) |
                  (dialect.eight_bit ? 4 : 0) | (dialect.trailing_dot ? 8 : 0) |
                  (dialect.underscore ? 16 : 0) | (dialect.delivery ? 32 : 0) |
                  (dialect.require_tls ? 64 : 0) | (dialect.binary ? 128 : 0) |
                  (dialect.host_parameters ? 256 : 0);
  auto& grammar = grammars[key];
  if (grammar == nullptr) grammar.reset(new SmtpGrammar(dialect));
  return *grammar;
}

SmtpGrammar::SmtpGrammar(const Dialect& dialect) {
  Read(kRfc5234CoreAbnf, &abnf_);
  Read(kRfc5321Abnf, &abnf_);
  Read(kParametersAbnf, &abnf_);
  Read(kRfc3030Abnf, &abnf_);
  Read(kRfc2033Abnf, &abnf_);
  for (const char* text : {kValuesAbnf, kRfc2852Abnf, kRfc3461Abnf, kRfc4865Abnf, kRfc6710Abnf,
                           kRfc7293Abnf, kClientAttributesAbnf}) {
    Read(text, &abnf_);
  }
  // Those whose lines are read by the grammar of their parts (esmtp_grammar.h).
  Read("verb =/ \"AUTH\" / \"ETRN\" / \"ATRN\" / \"BURL\"\n", &abnf_);
  // Every extension adds its parameters; the first one makes the rule.
  std::string parameters;
  const auto add_to = [](const char* command, const char* rule, std::string* rules) {
    *rules += command;
    *rules += rules->find('=') == std::string::npos ? "-parameter = " : "-parameter =/ ";
    *rules += rule;
    *rules += '\n';
  };
  const auto add = [&](const char* rule) { add_to("mail", rule, &parameters); };
  if (dialect.size) add("size-parameter");
  if (dialect.eight_bit) add("body-parameter");
  if (dialect.binary) add("binary-body-parameter");
  if (dialect.smtputf8) {
    add("smtputf8-parameter");
    Read(kRfc6531Abnf, &abnf_);
  }
  std::string rcpt_parameters;
  if (dialect.delivery) {
    for (const char* rule :
         {"ret-parameter", "envid-parameter", "by-parameter", "mt-priority-parameter",
          "hold-for-parameter", "hold-until-parameter"}) {
      add(rule);
    }
    for (const char* rule : {"notify-parameter", "orcpt-parameter", "rrvs-parameter"}) {
      add_to("rcpt", rule, &rcpt_parameters);
    }
  }
  if (dialect.require_tls) add("requiretls-parameter");
  if (dialect.host_parameters) {
    add("esmtp-param");
    add_to("rcpt", "esmtp-param", &rcpt_parameters);
  }
  // Without any of them none is right: a rule that takes nothing that could stand there.
  if (parameters.empty()) add("CRLF");
  if (rcpt_parameters.empty()) add_to("rcpt", "CRLF", &rcpt_parameters);
  Read(parameters.c_str(), &abnf_);
  Read(rcpt_parameters.c_str(), &abnf_);
  if (dialect.trailing_dot) Read("Domain =/ sub-domain *( \".\" sub-domain ) \".\"\n", &abnf_);
  if (dialect.underscore) Read("Let-dig =/ \"_\"\n", &abnf_);
}

const AbnfMatcher& SmtpGrammar::Matcher(std::string_view rule) const {
  const auto found = matchers_.find(rule);
  if (found != matchers_.end()) return *found->second;
  return *(matchers_[std::string(rule)] = Compile(abnf_, rule));
}

bool SmtpGrammar::Matches(std::string_view rule, std::string_view octets) const {
  return Matcher(rule).Matches(octets);
}

std::vector<bool> SmtpGrammar::Prefixes(std::string_view rule, std::string_view octets) const {
  return Matcher(rule).Prefixes(octets);
}

SmtpGrammar::Parts SmtpGrammar::SplitMailbox(std::string_view mailbox) const {
  Parts parts;
  const std::vector<bool> local = Prefixes("Local-part", mailbox);
  for (size_t at = mailbox.find('@'); at != std::string_view::npos;
       at = mailbox.find('@', at + 1)) {
    if (!local[at] || !Matches("Domain-part", mailbox.substr(at + 1))) continue;
    parts.local_part = mailbox.substr(0, at);
    parts.domain = mailbox.substr(at + 1);
    if (parts.domain.back() == '.') parts.domain.remove_suffix(1);
    break;
  }
  return parts;
}

std::string_view SmtpGrammar::SourceRouteOfPath(std::string_view path) {
  if (path.substr(0, 2) != "<@") return {};
  // A domain has no colon: the first one ends the route.
  return path.substr(1, path.find(':') - 1);
}

std::string_view SmtpGrammar::MailboxOfPath(std::string_view path) {
  if (path.empty() || path[0] != '<') return path;
  std::string_view mailbox = path.substr(1, path.size() - 2);
  if (!mailbox.empty() && mailbox[0] == '@') mailbox.remove_prefix(mailbox.find(':') + 1);
  return mailbox;
}

bool SmtpGrammar::PathFits(std::string_view path) const {
  const size_t unsent_brackets = !path.empty() && path[0] == '<' ? 0 : 2;
  if (path.size() + unsent_brackets > 256) return false;
  const std::string_view mailbox = MailboxOfPath(path);
  // "<>" and "<Postmaster>": both are parts of their own, and short.
  if (mailbox.find('@') == std::string_view::npos) return true;
  const Parts parts = SplitMailbox(mailbox);
  return parts.local_part.size() <= 64 && parts.domain.size() <= 255;
}

bool MatchesValue(std::string_view rule, std::string_view octets) {
  static const Abnf& abnf = []() -> const Abnf& {
    auto* const values = new Abnf();
    Read(kRfc5234CoreAbnf, values);
    Read(kValuesAbnf, values);
    return *values;
  }();
  static auto& matchers =
      *new std::map<std::string, std::unique_ptr<const AbnfMatcher>, std::less<>>();
  auto found = matchers.find(rule);
  if (found == matchers.end()) found = matchers.emplace(rule, Compile(abnf, rule)).first;
  return found->second->Matches(octets);
}

}  // namespace postern::fuzz::oracle
