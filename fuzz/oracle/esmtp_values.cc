// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/esmtp_values.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "engine/syntax/base64.h"
#include "fuzz/oracle/esmtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

Finding Taken(std::string_view text, bool taken, bool right) {
  if (taken == right) return {};
  return "\"" + Visible(text) + "\" is " + (taken ? "taken and wrong" : "right and refused");
}

Finding Became(std::string_view text, std::string_view what) {
  return "\"" + Visible(text) + "\" became \"" + Visible(what) + "\"";
}

// By hand: the parsers' own decoder is not asked.
std::string FromXtext(std::string_view text) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += static_cast<char>(value(text[i + 1]) * 16 + value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return upper;
}

// RFC 5321 §4.5.3.1.2 and RFC 1035 §2.3.4, for a domain of the grammar in ASCII.
// The longest run of octets without a dot.
size_t LongestLabel(std::string_view text) {
  size_t longest = 0;
  for (size_t at = 0; at <= text.size();) {
    const size_t dot = std::min(text.find('.', at), text.size());
    longest = std::max(longest, dot - at);
    at = dot + 1;
  }
  return longest;
}

// Whether ParseDateTime takes it.
bool Exists(std::string_view time) {
  syntax::DateTime out;
  return syntax::ParseDateTime(time, &out);
}

}  // namespace

Finding RetAgrees(std::string_view text, syntax::DsnError got) {
  return Taken(text, got == syntax::DsnError::kNone, MatchesEsmtp("ret-value", text));
}

Finding NotifyAgrees(std::string_view text, syntax::DsnError got, uint8_t bits) {
  const bool right = MatchesEsmtp("notify-value", text);
  if (const Finding wrong = Taken(text, got == syntax::DsnError::kNone, right); !wrong.empty()) {
    return wrong;
  }
  uint8_t wanted = 0;
  if (right) {
    const std::string upper = Upper(text);
    if (upper.find("NEVER") != std::string::npos) wanted |= syntax::kNotifyNever;
    if (upper.find("SUCCESS") != std::string::npos) wanted |= syntax::kNotifySuccess;
    if (upper.find("FAILURE") != std::string::npos) wanted |= syntax::kNotifyFailure;
    if (upper.find("DELAY") != std::string::npos) wanted |= syntax::kNotifyDelay;
  }
  return bits == wanted ? Finding() : Became(text, "bits " + std::to_string(bits));
}

Finding EnvidAgrees(std::string_view text, syntax::DsnError got) {
  const bool right = MatchesEsmtp("envid-value", text);
  const bool fits = text.size() <= syntax::kMaxEnvidOctets;
  if (right && !fits && got != syntax::DsnError::kTooLong) return Became(text, "not too long");
  return Taken(text, got == syntax::DsnError::kNone, right && fits);
}

Finding OrcptAgrees(std::string_view text, const syntax::Orcpt& got) {
  const bool right = MatchesEsmtp("orcpt-value", text) && text.size() <= syntax::kMaxOrcptOctets;
  if (const Finding wrong = Taken(text, got.ok(), right); !wrong.empty() || !right) return wrong;
  const std::string again = std::string(got.addr_type) + ";" + std::string(got.address);
  // The first semicolon is the one: an addr-type has none.
  if (again != text || got.addr_type.find(';') != std::string_view::npos) {
    return Became(text, again);
  }
  return {};
}

Finding AuthArgumentAgrees(std::string_view text, const syntax::AuthArgument& got, bool decodes) {
  const bool taken = got.ok() && (!got.has_initial_response || decodes);
  const Finding wrong = Taken(text, taken, MatchesEsmtp("auth-argument", text));
  if (!wrong.empty() || !got.ok()) return wrong;
  std::string again(got.mechanism);
  if (got.has_initial_response) again += " " + std::string(got.initial_response);
  return again == text ? Finding() : Became(text, again);
}

Finding AuthLineAgrees(std::string_view text, syntax::AuthLine got, std::string_view decoded) {
  const bool response = got == syntax::AuthLine::kResponse;
  Finding wrong = Taken(text, response, MatchesEsmtp("auth-response", text));
  if (wrong.empty()) {
    wrong = Taken(text, got == syntax::AuthLine::kCancel, MatchesEsmtp("cancel-response", text));
  }
  if (!wrong.empty() || !response) return wrong;
  // One text for each octet string.
  std::string again(syntax::EncodedBase64Length(decoded.size()), '\0');
  size_t length = 0;
  if (!syntax::EncodeBase64(decoded, again.data(), again.size(), &length) || again != text) {
    return Became(text, decoded);
  }
  return {};
}

Finding AuthParameterAgrees(std::string_view text, bool utf8, const syntax::AuthParameter& got) {
  const bool xtext = MatchesEsmtp("attribute-value", text);  // 1*( xchar / hexchar )
  const std::string decoded = xtext ? FromXtext(text) : "";
  const bool right = xtext && MatchesEsmtp("auth-identity", decoded, utf8);
  // What comes near the limits of a mailbox is PathAgrees' matter.
  const size_t at = decoded.rfind('@');
  const bool near_limits = text.size() > 500 || decoded.size() > 250 ||
                           (at != std::string::npos &&
                            (at > 64 || LongestLabel(std::string_view(decoded).substr(at)) > 59));
  if (!near_limits) {
    if (const Finding wrong = Taken(text, got.ok(), right); !wrong.empty()) return wrong;
  } else if (got.ok() && !right) {
    return Taken(text, true, false);
  }
  if (!got.ok()) return {};
  if (got.is_null != (decoded == "<>")) return Became(text, "nobody, or somebody");
  const std::string_view mailbox(got.mailbox, got.mailbox_octets);
  return got.is_null || mailbox == decoded ? Finding() : Became(text, mailbox);
}

Finding DeliverByAgrees(std::string_view text, syntax::DeliverByError got,
                        const syntax::DeliverBy& by) {
  const bool right = MatchesEsmtp("by-value", text);
  if (const Finding wrong = Taken(text, got == syntax::DeliverByError::kNone, right);
      !wrong.empty() || !right) {
    return wrong;
  }
  const std::string upper = Upper(text);
  const bool agrees = by.seconds == std::stol(upper) &&
                      (by.mode == syntax::ByMode::kReturn) == (upper.find('R') != upper.npos) &&
                      by.trace == (upper.find('T') != upper.npos);
  return agrees ? Finding() : Became(text, std::to_string(by.seconds));
}

Finding MtPriorityAgrees(std::string_view text, bool taken, int8_t priority) {
  const bool right = MatchesEsmtp("priority-value", text);
  const Finding wrong = Taken(text, taken, right);
  if (!wrong.empty() || !right) return wrong;
  const std::string again = std::to_string(priority);
  return again == text ? Finding() : Became(text, again);
}

Finding HoldForAgrees(std::string_view text, bool taken, uint32_t seconds) {
  const bool right = MatchesEsmtp("hold-for-value", text);
  const Finding wrong = Taken(text, taken, right);
  if (!wrong.empty() || !right) return wrong;
  const std::string again = std::to_string(seconds);
  return again == text ? Finding() : Became(text, again);
}

Finding HoldUntilAgrees(std::string_view text, bool taken) {
  return Taken(text, taken, MatchesEsmtp("hold-until-value", text) && Exists(text));
}

Finding RrvsAgrees(std::string_view text, bool taken) {
  return Taken(text, taken,
               MatchesEsmtp("rrvs-value", text) && Exists(text.substr(0, text.find(';'))));
}

Finding BurlArgumentAgrees(std::string_view text, const syntax::BurlArgument& got, bool is_uri) {
  if (is_uri != MatchesEsmtp("absolute-URI", text)) return Taken(text, is_uri, !is_uri);
  const bool right = IsBurlText(text);
  if (const Finding wrong = Taken(text, got.ok(), right); !wrong.empty() || !right) return wrong;
  if (got.uri != text.substr(0, text.find(' '))) return Became(text, got.uri);
  if (got.scheme != text.substr(0, text.find(':'))) return Became(text, got.scheme);
  const bool last = text.find(' ') != std::string_view::npos;
  return got.last == last ? Finding() : Became(text, got.last ? "LAST" : "not LAST");
}

Finding EtrnArgumentAgrees(std::string_view text, const syntax::EtrnArgument& got) {
  const bool right = IsEtrnText(text);
  const bool queue = !text.empty() && text[0] == '#';
  const bool below = !text.empty() && text[0] == '@';
  const std::string_view name = text.substr(queue || below ? 1 : 0);
  if (const Finding wrong = Taken(text, got.ok(), right); !wrong.empty() || !right) return wrong;
  const syntax::EtrnKind kind = queue   ? syntax::EtrnKind::kQueue
                                : below ? syntax::EtrnKind::kSubdomains
                                        : syntax::EtrnKind::kNode;
  return got.kind == kind && got.name == name ? Finding() : Became(text, got.name);
}

Finding AtrnArgumentAgrees(std::string_view text, std::string_view domains,
                           syntax::QueueError got) {
  const bool right = IsAtrnText(text);
  const Finding wrong = Taken(text, got == syntax::QueueError::kNone, right);
  if (!wrong.empty() || !right) return wrong;
  return domains == text ? Finding() : Became(text, domains);
}

Finding EhloLimitsAgree(std::string_view text, bool taken, const syntax::EhloLimits& limits) {
  const bool right = MatchesEsmtp("limits-param", text);
  const Finding wrong = Taken(text, taken, right);
  if (!wrong.empty()) return wrong;
  // The first value of a name that is one of RFC 9422 counts.
  std::map<std::string, std::string> first;
  for (size_t at = 0; right && at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view item = text.substr(at, end - at);
    const size_t equals = std::min(item.find('='), item.size());
    const std::string_view value = item.substr(std::min(equals + 1, item.size()));
    if (MatchesEsmtp("registered-limit-value", value)) {
      first.emplace(Upper(item.substr(0, equals)), std::string(value));
    }
    at = end + 1;
  }
  const auto agrees = [&first](const char* name, uint32_t value) {
    const auto found = first.find(name);
    return std::to_string(value) == (found == first.end() ? "0" : found->second);
  };
  if (!agrees("MAILMAX", limits.mail_max) || !agrees("RCPTMAX", limits.rcpt_max) ||
      !agrees("RCPTDOMAINMAX", limits.rcpt_domain_max)) {
    return Became(text, "other limits");
  }
  return {};
}

Finding ClientAttributesAgree(std::string_view text, syntax::ClientAttributeVerb verb,
                              const syntax::ClientAttributes& got) {
  static constexpr const char* kNames[syntax::ClientAttributes::kCount] = {
      "NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT", "IDENT", "SOURCE"};
  const std::string prefix =
      verb == syntax::ClientAttributeVerb::kXclient ? "xclient-" : "xforward-";
  bool right = MatchesEsmtp(prefix + "list", text);
  std::map<std::string, std::string> values;  // decoded
  for (size_t at = 0; right && at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const size_t equals = text.find('=', at);
    const std::string name = Upper(text.substr(at, equals - at));
    const std::string_view raw = text.substr(equals + 1, end - equals - 1);
    const std::string decoded = FromXtext(raw);
    right = values.emplace(name, decoded).second && raw.size() <= 255 &&
            (MatchesEsmtp(prefix + name, decoded) || MatchesEsmtp("unavailable", decoded));
    at = end + 1;
  }
  if (const Finding wrong = Taken(text, got.ok(), right); !wrong.empty() || !right) return wrong;
  for (size_t i = 0; i < syntax::ClientAttributes::kCount; ++i) {
    const auto attribute = static_cast<syntax::ClientAttribute>(i);
    const auto found = values.find(kNames[i]);
    const bool there = got.state(attribute) != syntax::ClientAttributeState::kAbsent;
    if (there != (found != values.end())) return Became(text, kNames[i]);
    if (got.state(attribute) != syntax::ClientAttributeState::kValue) continue;
    // "IPV6:" is not kept.
    const std::string_view value = got.value(attribute);
    const std::string& sent = found->second;
    const bool whole = value == sent;
    const bool behind_tag = sent.size() == value.size() + 5 && Upper(sent).rfind("IPV6:", 0) == 0 &&
                            value == std::string_view(sent).substr(5);
    if (!whole && !behind_tag) return Became(sent, value);
  }
  return {};
}

Finding EsmtpValueAgrees(EsmtpValue kind, std::string_view text) {
  // Exactly as much room as can be needed.
  const auto room = std::make_unique<char[]>(text.size());
  size_t length = 0;
  switch (kind) {
    case EsmtpValue::kRet: {
      syntax::DsnReturn out{};
      return RetAgrees(text, syntax::ParseRet(text, &out));
    }
    case EsmtpValue::kNotify: {
      uint8_t bits = 0;
      const syntax::DsnError error = syntax::ParseNotify(text, &bits);
      return NotifyAgrees(text, error, bits);
    }
    case EsmtpValue::kEnvid:
      return EnvidAgrees(text, syntax::ParseEnvid(text));
    case EsmtpValue::kOrcpt:
      return OrcptAgrees(text, syntax::ParseOrcpt(text));
    case EsmtpValue::kAuthArgument: {
      const syntax::AuthArgument got = syntax::ParseAuthArgument(text);
      const bool decodes =
          got.ok() && got.has_initial_response &&
          syntax::DecodeInitialResponse(got.initial_response, room.get(), text.size(), &length) ==
              syntax::Base64Error::kNone;
      return AuthArgumentAgrees(text, got, decodes);
    }
    case EsmtpValue::kAuthLine: {
      const syntax::AuthLine got = syntax::DecodeAuthLine(text, room.get(), text.size(), &length);
      if (got == syntax::AuthLine::kResponse && length != 0 &&
          syntax::DecodeAuthLine(text, room.get(), length - 1, &length) !=
              syntax::AuthLine::kOutputTooBig) {
        return "a response in too little room: " + Visible(text);
      }
      syntax::DecodeAuthLine(text, room.get(), text.size(), &length);
      return AuthLineAgrees(text, got, {room.get(), length});
    }
    case EsmtpValue::kAuthParameter:
    case EsmtpValue::kAuthParameterUtf8: {
      const bool utf8 = kind == EsmtpValue::kAuthParameterUtf8;
      syntax::AuthParameter got;
      syntax::ParseAuthParameter(text, utf8, &got);
      return AuthParameterAgrees(text, utf8, got);
    }
    case EsmtpValue::kDeliverBy: {
      syntax::DeliverBy by;
      const syntax::DeliverByError error = syntax::ParseDeliverBy(text, &by);
      return DeliverByAgrees(text, error, by);
    }
    case EsmtpValue::kMtPriority: {
      int8_t priority = 0;
      const bool taken = syntax::ParseMtPriority(text, &priority);
      return MtPriorityAgrees(text, taken, priority);
    }
    case EsmtpValue::kHoldFor: {
      uint32_t seconds = 0;
      const bool taken = syntax::ParseHoldFor(text, &seconds);
      return HoldForAgrees(text, taken, seconds);
    }
    case EsmtpValue::kHoldUntil: {
      syntax::DateTime out;
      return HoldUntilAgrees(text, syntax::ParseHoldUntil(text, &out));
    }
    case EsmtpValue::kRrvs: {
      syntax::Rrvs out;
      return RrvsAgrees(text, syntax::ParseRrvs(text, &out));
    }
    case EsmtpValue::kBurl:
      return BurlArgumentAgrees(text, syntax::ParseBurlArgument(text), syntax::IsAbsoluteUri(text));
    case EsmtpValue::kEtrn:
      return EtrnArgumentAgrees(text, syntax::ParseEtrnArgument(text));
    case EsmtpValue::kAtrn: {
      syntax::AtrnIterator iterator(text);
      std::string_view domain;
      std::string domains;
      while (iterator.Next(&domain)) {
        if (!domains.empty()) domains += ',';
        domains += domain;
      }
      if ((iterator.error() == syntax::QueueError::kBadName) !=
          (iterator.domain_error() != syntax::DomainError::kNone)) {
        return "what is wrong with a domain of ATRN: " + Visible(text);
      }
      return AtrnArgumentAgrees(text, domains, iterator.error());
    }
    case EsmtpValue::kEhloLimits: {
      syntax::EhloLimits limits;
      const bool taken = syntax::ParseEhloLimits(text, &limits);
      // What is written is read as the same again.
      const auto written = std::make_unique<char[]>(syntax::kMaxEhloLimitsOctets);
      const std::string_view line(written.get(), syntax::WriteEhloLimits(limits, written.get()));
      syntax::EhloLimits again;
      if (syntax::ParseEhloLimits(line, &again) == line.empty() ||
          again.mail_max != limits.mail_max || again.rcpt_max != limits.rcpt_max ||
          again.rcpt_domain_max != limits.rcpt_domain_max) {
        return "LIMITS written and read: " + Visible(line);
      }
      return EhloLimitsAgree(text, taken, limits);
    }
    case EsmtpValue::kXclient:
    case EsmtpValue::kXforward: {
      const auto verb = kind == EsmtpValue::kXclient ? syntax::ClientAttributeVerb::kXclient
                                                     : syntax::ClientAttributeVerb::kXforward;
      const auto got = std::make_unique<syntax::ClientAttributes>();
      syntax::ParseClientAttributes(text, verb, got.get());
      const std::string names = " " + std::string(syntax::ClientAttributeNames(verb)) + " ";
      for (const char* const name : {"PORT", "DESTPORT"}) {
        const auto attribute =
            name[0] == 'P' ? syntax::ClientAttribute::kPort : syntax::ClientAttribute::kDestport;
        if (!got->ok()) continue;
        if (got->value(attribute).empty()) {
          if (got->port(attribute) != 0) return "a port out of nothing: " + Visible(text);
          continue;
        }
        if (names.find(" " + std::string(name) + " ") == std::string::npos) {
          return "an attribute that EHLO does not list: " + Visible(text);
        }
        if (got->port(attribute) != std::stoul(std::string(got->value(attribute)))) {
          return "the number of a port: " + Visible(text);
        }
      }
      return ClientAttributesAgree(text, verb, *got);
    }
  }
  return {};
}

}  // namespace postern::fuzz::oracle
