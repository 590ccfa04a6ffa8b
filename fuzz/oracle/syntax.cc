// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/syntax.h"

#include <algorithm>
#include <string>

#include "fuzz/oracle/smtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

using syntax::DomainError;
using syntax::ParameterError;
using syntax::PathError;
using syntax::PathKind;
using syntax::WordError;

bool HasEightBit(std::string_view in) {
  return std::any_of(in.begin(), in.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
}

Finding Wrong(std::string_view what, std::string_view in) {
  return std::string(what) + ": \"" + Visible(in) + "\"";
}

Finding WrongPart(std::string_view what, std::string_view want, std::string_view have) {
  return std::string(what) + " should be \"" + Visible(want) + "\" and is \"" + Visible(have) +
         "\"";
}

// A refusal because of octets 0x80-0xFF needs some, and the setting that goes with it.
template <typename Error>
bool Utf8ReasonIsTrue(Error error, Error needs, Error bad, std::string_view in, bool utf8) {
  if (error == needs) return !utf8 && HasEightBit(in);
  if (error == bad) return utf8 && HasEightBit(in);
  return true;
}

Dialect DialectFor(const syntax::DomainOptions& options) {
  Dialect dialect;
  dialect.smtputf8 = options.utf8;
  dialect.trailing_dot = options.trailing_dot;
  dialect.underscore = options.underscore;
  return dialect;
}

bool IsIn(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

Finding DomainAgrees(std::string_view in, std::string_view rule,
                     const syntax::DomainOptions& options, const syntax::DomainResult& result) {
  const SmtpGrammar& grammar = SmtpGrammar::For(DialectFor(options));
  const bool matches = grammar.Matches(rule, in);
  std::string_view text = in;
  if (matches && text.back() == '.') text.remove_suffix(1);
  const bool fits = text.size() <= syntax::kMaxDomainOctets;  // RFC 5321 §4.5.3.1.2
  if (result.ok() != (matches && fits)) {
    return Wrong(result.ok() ? "it takes what the grammar refuses" : "it refuses what is right",
                 in);
  }
  if (!result.ok()) {
    if (result.error_offset > in.size()) return Wrong("the fault is outside the text", in);
    if (!result.text.empty()) return Wrong("a refused text has a value", in);
    if ((result.error == DomainError::kTooLong) != matches) {
      return Wrong("too long is what the grammar takes, and nothing else", in);
    }
    if (!Utf8ReasonIsTrue(result.error, DomainError::kNeedsUtf8, DomainError::kBadUtf8, in,
                          options.utf8)) {
      return Wrong("it blames UTF-8", in);
    }
    return {};
  }
  if (result.text != text) return WrongPart("the text", text, result.text);
  if (result.is_literal != (in[0] == '[')) return Wrong("is_literal", in);
  if (result.has_utf8 != HasEightBit(in)) return Wrong("has_utf8", in);
  return {};
}

Finding HeloArgumentAgrees(std::string_view in, const syntax::HeloOptions& options,
                           const syntax::HeloResult& result) {
  syntax::DomainOptions domain_options;
  domain_options.utf8 = options.utf8;
  domain_options.trailing_dot = options.trailing_dot;
  domain_options.underscore = options.underscore;
  const std::string_view rule = options.address_literal ? "Domain-part" : "Domain";
  if (result.is_free_form) {
    if (!options.allow_anything || in.empty()) return Wrong("free form that was not asked for", in);
    const bool printable = std::all_of(in.begin(), in.end(), [](char c) {
      return static_cast<uint8_t>(c) >= 32 && static_cast<uint8_t>(c) <= 126;
    });
    if (!printable || !result.ok() || result.text != in) return Wrong("free form", in);
    std::string_view text = in;
    if (options.trailing_dot && text.back() == '.') text.remove_suffix(1);
    const bool is_domain = SmtpGrammar::For(DialectFor(domain_options)).Matches(rule, in) &&
                           text.size() <= syntax::kMaxDomainOctets;
    return is_domain ? Wrong("a domain is taken as free form", in) : Finding();
  }
  if (!result.ok() && options.allow_anything && !in.empty() &&
      SmtpGrammar::For({}).Matches("text", in) && in.find('\t') == std::string_view::npos) {
    return Wrong("printable text is refused, though anything is allowed", in);
  }
  syntax::DomainResult domain;
  domain.error = result.error;
  domain.error_offset = result.error_offset;
  domain.is_literal = result.is_literal;
  domain.has_utf8 = result.has_utf8;
  domain.text = result.text;
  return DomainAgrees(in, rule, domain_options, domain);
}

namespace {

// What is common to ParsePath and ParseMailbox once the right text is known.
Finding PartsAgree(const SmtpGrammar& grammar, std::string_view path, bool forward,
                   const syntax::PathResult& result) {
  const std::string_view mailbox = SmtpGrammar::MailboxOfPath(path);
  const bool is_null = path == "<>";
  const bool is_postmaster = !is_null && forward && mailbox.find('@') == std::string_view::npos;
  SmtpGrammar::Parts parts;
  if (is_postmaster) {
    parts.local_part = mailbox;
  } else if (!is_null) {
    parts = grammar.SplitMailbox(mailbox);
  }
  const bool brackets = path[0] == '<';
  const std::string_view route = SmtpGrammar::SourceRouteOfPath(path);
  std::string_view plain = mailbox;
  if (!is_null && plain.back() == '.') plain.remove_suffix(1);

  if (result.used != path.size()) return Wrong("its length", path);
  if (result.path != path) return WrongPart("path", path, result.path);
  if (result.is_null != is_null) return Wrong("is_null", path);
  if (result.is_postmaster != is_postmaster) return Wrong("is_postmaster", path);
  if (result.missing_angle_brackets == brackets) return Wrong("missing_angle_brackets", path);
  if (result.source_route != route) return WrongPart("source_route", route, result.source_route);
  if (result.has_source_route != !route.empty()) return Wrong("has_source_route", path);
  if (result.mailbox != plain) return WrongPart("mailbox", plain, result.mailbox);
  if (result.local_part != parts.local_part) {
    return WrongPart("local_part", parts.local_part, result.local_part);
  }
  if (result.domain != parts.domain) return WrongPart("domain", parts.domain, result.domain);
  if (result.local_is_quoted != (!is_null && parts.local_part[0] == '"')) {
    return Wrong("local_is_quoted", path);
  }
  if (result.domain_is_literal != (!parts.domain.empty() && parts.domain[0] == '[')) {
    return Wrong("domain_is_literal", path);
  }
  if (result.has_utf8 != HasEightBit(path)) return Wrong("has_utf8", path);
  return {};
}

bool IsLimit(PathError error) {
  return error == PathError::kLocalPartTooLong || error == PathError::kDomainTooLong ||
         error == PathError::kPathTooLong;
}

Dialect DialectFor(const syntax::PathOptions& options) {
  Dialect dialect;
  dialect.smtputf8 = options.utf8;
  dialect.trailing_dot = options.trailing_dot_in_domain;
  return dialect;
}

Finding RefusalIsTrue(std::string_view in, const syntax::PathOptions& options, bool matches,
                      const syntax::PathResult& result) {
  if (result.used != 0) return Wrong("a refused path has a length", in);
  if (result.error_offset > in.size()) return Wrong("the fault is outside the text", in);
  // "Grammar comes before limits."
  if (IsLimit(result.error) != matches) {
    return Wrong("too long is what the grammar takes, and nothing else", in);
  }
  if (!Utf8ReasonIsTrue(result.error, PathError::kNeedsUtf8, PathError::kBadUtf8, in,
                        options.utf8)) {
    return Wrong("it blames UTF-8", in);
  }
  return {};
}

}  // namespace

Finding PathAgrees(std::string_view in, PathKind kind, const syntax::PathOptions& options,
                   const syntax::PathResult& result) {
  const SmtpGrammar& grammar = SmtpGrammar::For(DialectFor(options));
  const bool forward = kind == PathKind::kForwardPath;
  // With brackets the path ends with its bracket; without, at a space or the end.
  const bool bracketed = !in.empty() && in[0] == '<';
  std::vector<bool> prefixes(in.size() + 1, false);
  if (bracketed) {
    prefixes = grammar.Prefixes(forward ? "rcpt-path" : "Reverse-path", in);
  } else if (options.allow_missing_angle_brackets) {
    prefixes = grammar.Prefixes("Mailbox", in);
    // The form without brackets is "Postmaster" alone, as the form with them (§4.1.1.3).
    if (forward && in.size() >= 10 &&
        grammar.Matches("rcpt-path", "<" + std::string(in.substr(0, 10)) + ">") &&
        in.substr(0, 10).find('@') == std::string_view::npos) {
      prefixes[10] = true;
    }
    for (size_t n = 0; n < in.size(); ++n) {
      if (in[n] != ' ') prefixes[n] = false;
    }
  }
  const auto count = std::count(prefixes.begin(), prefixes.end(), true);
  if (count > 1) return Wrong("the grammar is ambiguous", in);
  const size_t length =
      static_cast<size_t>(std::find(prefixes.begin(), prefixes.end(), true) - prefixes.begin());
  const std::string_view path = in.substr(0, length);
  const bool matches = count == 1;
  const bool right = matches && grammar.PathFits(path);
  if (result.ok() != right) {
    return Wrong(result.ok() ? "it takes what the grammar refuses" : "it refuses what is right",
                 in);
  }
  if (!right) return RefusalIsTrue(in, options, matches, result);
  return PartsAgree(grammar, path, forward, result);
}

Finding MailboxAgrees(std::string_view in, const syntax::PathOptions& options,
                      const syntax::PathResult& result) {
  const SmtpGrammar& grammar = SmtpGrammar::For(DialectFor(options));
  const bool matches = grammar.Matches("Mailbox", in);
  const bool right = matches && grammar.PathFits(in);
  if (result.ok() != right) {
    return Wrong(result.ok() ? "it takes what the grammar refuses" : "it refuses what is right",
                 in);
  }
  if (!right) return RefusalIsTrue(in, options, matches, result);
  syntax::PathResult copy = result;
  copy.missing_angle_brackets = true;  // says nothing where none belong
  return PartsAgree(grammar, in, false, copy);
}

Finding QuotingIsStable(std::string_view local_part) {
  char buffer[syntax::kMaxLocalPartOctets];
  const std::string meaning(buffer, syntax::UnquoteLocalPart(local_part, buffer));
  // By hand: the text between the quotes, each backslash dropped and what it quotes kept.
  std::string expected;
  if (local_part[0] == '"') {
    for (size_t i = 1; i + 1 < local_part.size(); ++i) {
      if (local_part[i] == '\\') ++i;
      expected += local_part[i];
    }
  } else {
    expected = std::string(local_part);
  }
  if (meaning != expected) return WrongPart("the meaning", expected, meaning);

  Dialect dialect;
  dialect.smtputf8 = true;
  const SmtpGrammar& grammar = SmtpGrammar::For(dialect);
  if (syntax::NeedsQuoting(meaning) == grammar.Matches("Dot-string", meaning)) {
    return Wrong("NeedsQuoting", meaning);
  }
  std::string quoted = "\"";
  for (const char c : meaning) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  const std::string again(buffer, syntax::UnquoteLocalPart(quoted, buffer));
  if (quoted.size() <= syntax::kMaxLocalPartOctets && again != meaning) {
    return WrongPart("quoted and unquoted again", meaning, again);
  }
  return {};
}

namespace {

// As a client would write the path that `result` means.
std::string Print(const syntax::PathResult& result) {
  if (result.is_null) return "<>";
  char buffer[syntax::kMaxLocalPartOctets];
  const std::string_view meaning(buffer, syntax::UnquoteLocalPart(result.local_part, buffer));
  std::string printed = "<";
  if (syntax::NeedsQuoting(meaning)) {
    printed += '"';
    for (const char c : meaning) {
      if (c == '"' || c == '\\') printed += '\\';
      printed += c;
    }
    printed += '"';
  } else {
    printed += meaning;
  }
  if (!result.is_postmaster) printed += "@" + std::string(result.domain);
  return printed + ">";
}

}  // namespace

Finding PathIsStable(PathKind kind, const syntax::PathOptions& options,
                     const syntax::PathResult& result) {
  const std::string printed = Print(result);
  const size_t local_octets = printed.find_last_of('@') == std::string::npos
                                  ? printed.size() - 2
                                  : printed.find_last_of('@') - 1;
  // Quotes may pass a limit that the text itself keeps.
  if (local_octets > syntax::kMaxLocalPartOctets || printed.size() > syntax::kMaxPathOctets) {
    return {};
  }
  syntax::PathResult again;
  if (!syntax::ParsePath(printed, kind, options, &again) || again.used != printed.size()) {
    return Wrong("printed, it is refused", printed);
  }
  if (again.is_null != result.is_null || again.is_postmaster != result.is_postmaster ||
      again.domain != result.domain || again.domain_is_literal != result.domain_is_literal) {
    return Wrong("printed, it means something else", printed);
  }
  const std::string twice = Print(again);
  return twice == printed ? Finding() : WrongPart("printed again", printed, twice);
}

namespace {

Finding WordAgrees(std::string_view in, bool utf8, bool right, std::string_view text,
                   const syntax::WordResult& result) {
  if (result.ok() != right) {
    return Wrong(result.ok() ? "it takes what the grammar refuses" : "it refuses what is right",
                 in);
  }
  if (!right) {
    if (result.error_offset > in.size()) return Wrong("the fault is outside the text", in);
    if (!result.text.empty()) return Wrong("a refused text has a value", in);
    if ((result.error == WordError::kEmpty) != in.empty()) return Wrong("it blames emptiness", in);
    if (!Utf8ReasonIsTrue(result.error, WordError::kNeedsUtf8, WordError::kBadUtf8, in, utf8)) {
      return Wrong("it blames UTF-8", in);
    }
    return {};
  }
  if (result.text != text) return WrongPart("the text", text, result.text);
  if (!IsIn(result.text, in)) return Wrong("the text is not borrowed from its input", in);
  if (result.has_utf8 != HasEightBit(text)) return Wrong("has_utf8", in);
  return {};
}

}  // namespace

Finding StringAgrees(std::string_view in, bool utf8, const syntax::WordResult& result) {
  Dialect dialect;
  dialect.smtputf8 = utf8;
  const bool right = SmtpGrammar::For(dialect).Matches("String", in);
  Finding finding = WordAgrees(in, utf8, right, in, result);
  if (finding.empty() && right && result.is_quoted != (in[0] == '"')) {
    finding = Wrong("is_quoted", in);
  }
  return finding;
}

Finding QueryArgumentAgrees(std::string_view in, bool utf8, const syntax::WordResult& result) {
  Dialect dialect;
  dialect.smtputf8 = utf8;
  const SmtpGrammar& grammar = SmtpGrammar::For(dialect);
  std::string_view text = in;
  // RFC 6531 §3.7.4.2.
  bool parameter = false;
  if (utf8 && text.size() > 9 && !grammar.Matches("query", text) &&
      grammar.Matches("smtputf8-parameter", text.substr(text.size() - 8)) &&
      text[text.size() - 9] == ' ') {
    parameter = true;
    text.remove_suffix(9);
  }
  bool right = grammar.Matches("query", text);
  if (right && text[0] == '<') text = text.substr(1, text.size() - 2);
  bool is_mailbox = false;
  if (right && grammar.Matches("Mailbox", text)) {
    is_mailbox = true;
    right = grammar.SplitMailbox(text).domain.size() <= syntax::kMaxDomainOctets;
  }
  const Finding finding = WordAgrees(in, utf8, right, text, result);
  if (!finding.empty() || !right) return finding;
  if (result.smtputf8 != parameter) return Wrong("smtputf8", in);
  if (result.is_mailbox != is_mailbox) return Wrong("is_mailbox", in);
  if (result.is_quoted != (text[0] == '"')) return Wrong("is_quoted", in);
  return {};
}

Finding TextAgrees(std::string_view in, bool utf8, const syntax::WordResult& result) {
  Dialect dialect;
  dialect.smtputf8 = utf8;
  return WordAgrees(in, utf8, SmtpGrammar::For(dialect).Matches("text", in), in, result);
}

ParameterList ReadParameters(std::string_view in, const syntax::ParameterOptions& options) {
  ParameterList list;
  syntax::ParameterIterator iterator(in, options);
  syntax::Parameter parameter;
  // Each has at least two octets.
  while (list.parameters.size() <= in.size() && iterator.Next(&parameter)) {
    list.parameters.push_back(parameter);
  }
  list.error = iterator.error();
  list.error_offset = iterator.error_offset();
  return list;
}

Finding ParametersAgree(std::string_view in, const syntax::ParameterOptions& options,
                        const ParameterList& list) {
  Dialect dialect;
  dialect.smtputf8 = options.utf8;
  const SmtpGrammar& grammar = SmtpGrammar::For(dialect);
  // By hand: what stands between spaces.
  std::vector<std::string_view> words;
  std::string one_space;
  for (size_t at = 0; at < in.size();) {
    const size_t end = std::min(in.find(' ', at), in.size());
    if (end != at) {
      words.push_back(in.substr(at, end - at));
      one_space += ' ';
      one_space += words.back();
    }
    at = end + 1;
  }
  // Runs of spaces count as one, and one may stand at the end, where that is asked for; but the
  // first parameter does not begin without one.
  const bool begins = in.empty() || in[0] == ' ';
  const bool matches = options.allow_extra_spaces
                           ? begins && grammar.Matches("esmtp-params", one_space)
                           : grammar.Matches("esmtp-params", in);
  const bool right = matches && words.size() <= syntax::ParameterIterator::kMaxParameters;
  if ((list.error == ParameterError::kNone) != right) {
    return Wrong(right ? "it refuses what is right" : "it takes what the grammar refuses", in);
  }
  if (!right && list.error_offset > in.size()) return Wrong("the fault is outside the text", in);
  if (matches && !right && list.error != ParameterError::kTooMany) {
    return Wrong("there are too many, and it says something else", in);
  }
  if (!Utf8ReasonIsTrue(list.error, ParameterError::kNeedsUtf8, ParameterError::kBadUtf8, in,
                        options.utf8)) {
    return Wrong("it blames UTF-8", in);
  }
  if (right && list.parameters.size() != words.size()) return Wrong("the number of them", in);
  // Those before a fault are right too, and printing any gives back what was read.
  for (size_t i = 0; i < list.parameters.size(); ++i) {
    const syntax::Parameter& parameter = list.parameters[i];
    std::string printed(parameter.keyword);
    if (parameter.has_value) printed.append("=").append(parameter.value);
    if (i >= words.size() || printed != words[i]) return Wrong("a parameter", printed);
    if (!grammar.Matches("esmtp-param", printed))
      return Wrong("what is none is given as one", printed);
    if (parameter.has_value == parameter.value.empty()) return Wrong("has_value", printed);
    if (parameter.has_utf8 != HasEightBit(parameter.value)) return Wrong("has_utf8", printed);
  }
  return {};
}

}  // namespace postern::fuzz::oracle
