// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/config.h"

#include <cstdint>

#include "engine/proto/engine_config.pb.h"
#include "fuzz/oracle/esmtp_grammar.h"
#include "fuzz/oracle/smtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

using commands::Extension;

v1::Switch SwitchOf(const session::Config& config, Extension extension) {
  return config.Enabled(extension) ? v1::SWITCH_ON : v1::SWITCH_OFF;
}

}  // namespace

Finding ConfigIsSound(const session::Config& config) {
  if (!SmtpGrammar::For({}).Matches("Domain-part", config.server_name) ||
      config.server_name.size() > 255) {
    return "server_name is no name: " + Visible(config.server_name);
  }
  if (config.Enabled(Extension::kSmtpUtf8) && !config.Enabled(Extension::kEightBitMime)) {
    return "SMTPUTF8 without 8BITMIME (RFC 6531 section 3.1)";
  }
  if (config.require_tls && !config.Enabled(Extension::kStarttls)) {
    return "TLS is required and not offered";
  }
  if (config.require_auth && !config.Enabled(Extension::kAuth)) {
    return "AUTH is required and not offered";
  }
  for (const Extension extension : {Extension::kEtrn, Extension::kAtrn, Extension::kBurl}) {
    if (!config.Enabled(extension)) continue;
    if (config.Enabled(Extension::kLmtp)) return "an extension of SMTP with LMTP";
    if (extension != Extension::kEtrn && !config.Enabled(Extension::kAuth)) {
      return "ATRN or BURL without AUTH";
    }
  }
  if (config.Enabled(Extension::kBurl) && !config.Enabled(Extension::kEightBitMime)) {
    return "BURL without 8BITMIME (RFC 4468 section 4)";
  }
  if (config.burl_imap.size() > 200) return "burl_imap is long";
  for (std::string_view rest = config.burl_imap; !config.burl_imap.empty();) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    // RFC 4468 section 3.5.
    const bool server = word.substr(0, 7) == "imap://" &&
                        MatchesEsmtp("authority", word.substr(7)) && word.size() > 7;
    if (word != "imap" && !server) return "burl_imap: " + Visible(config.burl_imap);
    if (word.size() == rest.size()) break;
    rest.remove_prefix(word.size() + 1);
  }
  const session::Limits& limits = config.limits;
  if (limits.auth_failures < 3) return "auth_failures (RFC 4954 section 9)";
  if (limits.auth_rounds == 0) return "auth_rounds";
  if (limits.message_octets < 65536) return "message_octets (RFC 5321 section 4.5.3.1.7)";
  if (limits.recipients < 100) return "recipients (RFC 5321 section 4.5.3.1.8)";
  if (limits.errors == 0) return "errors";
  if (limits.commands_without_progress < 10) return "commands_without_progress";
  if (limits.line_total_octets < 16384) return "line_total_octets";
  constexpr uint64_t kYear = uint64_t{366} * 24 * 3600 * 1000;
  for (const uint64_t timeout : {limits.command_timeout_ms, limits.content_timeout_ms,
                                 limits.decision_timeout_ms, limits.content_decision_timeout_ms}) {
    if (timeout == 0 || timeout > kYear) return "a deadline that is none";
  }
  if (limits.session_timeout_ms > kYear) return "session_timeout_ms";
  if (limits.transactions > 999999 || limits.recipient_domains > 999999) return "RFC 9422";
  if (config.deliverby_min_s > 999999999) return "deliverby_min_s (RFC 2852 section 2)";
  if (config.hold_max_s == 0 || config.hold_max_s > 999999999) return "hold_max_s (RFC 4865)";
  if (config.submission && !config.Enabled(Extension::kAuth)) return "submission without AUTH";
  if (config.Enabled(Extension::kAuthFirst) != (config.require_auth || config.submission)) {
    return "530 before AUTH";
  }
  if (config.Enabled(Extension::kHostParameters) != config.offer_unknown_parameters) {
    return "offer_unknown_parameters";
  }
  if (config.extra_ehlo_keywords.size() > 16) return "extra_ehlo_keywords";
  for (const std::string& line : config.extra_ehlo_keywords) {
    if (line.size() > 200 || !SmtpGrammar::For({}).Matches("ehlo-line", line)) {
      return "no EHLO line: " + Visible(line);
    }
  }
  if (config.mt_priority_profile.size() > 20 ||
      config.mt_priority_profile.find(' ') != std::string::npos) {
    return "mt_priority_profile (RFC 6710 section 7)";
  }
  return {};
}

std::string SerializeConfig(const session::Config& config) {
  v1::EngineConfig message;
  message.set_server_name(config.server_name);
  message.set_require_tls(config.require_tls);
  message.set_offer_unknown_commands(config.offer_unknown_commands);
  message.set_bare_newline(config.bare_newline == wire::BareNewline::kReject
                               ? v1::BARE_NEWLINE_REJECT
                               : v1::BARE_NEWLINE_NORMALIZE);
  v1::Extensions* const extensions = message.mutable_extensions();
  extensions->set_size(SwitchOf(config, Extension::kSize));
  extensions->set_eightbitmime(SwitchOf(config, Extension::kEightBitMime));
  extensions->set_pipelining(SwitchOf(config, Extension::kPipelining));
  extensions->set_enhancedstatuscodes(SwitchOf(config, Extension::kEnhancedStatusCodes));
  extensions->set_smtputf8(SwitchOf(config, Extension::kSmtpUtf8));
  extensions->set_starttls(SwitchOf(config, Extension::kStarttls));
  extensions->set_help(SwitchOf(config, Extension::kHelp));
  extensions->set_expn(SwitchOf(config, Extension::kExpn));
  extensions->set_dsn(SwitchOf(config, Extension::kDsn));
  extensions->set_requiretls(SwitchOf(config, Extension::kRequireTls));
  extensions->set_deliverby(SwitchOf(config, Extension::kDeliverBy));
  extensions->set_mt_priority(SwitchOf(config, Extension::kMtPriority));
  extensions->set_futurerelease(SwitchOf(config, Extension::kFutureRelease));
  extensions->set_rrvs(SwitchOf(config, Extension::kRrvs));
  extensions->set_limits(SwitchOf(config, Extension::kLimits));
  extensions->set_auth(SwitchOf(config, Extension::kAuth));
  extensions->set_etrn(SwitchOf(config, Extension::kEtrn));
  extensions->set_atrn(SwitchOf(config, Extension::kAtrn));
  extensions->set_burl(SwitchOf(config, Extension::kBurl));
  message.set_burl_imap(config.burl_imap);
  message.set_require_auth(config.require_auth);
  message.set_auth_without_tls(config.auth_without_tls);
  for (size_t at = config.auth_line.find(' '); at != std::string::npos;) {
    const size_t next = config.auth_line.find(' ', at + 1);
    message.add_auth_mechanisms(config.auth_line.substr(at + 1, next - at - 1));
    at = next;
  }
  v1::Leniency* const leniency = message.mutable_leniency();
  leniency->set_space_after_colon(config.leniency.space_after_colon);
  leniency->set_missing_angle_brackets(config.leniency.missing_angle_brackets);
  leniency->set_trailing_dot_in_domain(config.leniency.trailing_dot_in_domain);
  leniency->set_underscore_in_helo(config.leniency.underscore_in_helo);
  leniency->set_any_helo_argument(config.leniency.any_helo_argument);
  leniency->set_extra_spaces(config.leniency.extra_spaces);
  v1::Limits* const limits = message.mutable_limits();
  limits->set_message_octets(config.limits.message_octets);
  limits->set_recipients(config.limits.recipients);
  limits->set_errors(config.limits.errors);
  limits->set_commands_without_progress(config.limits.commands_without_progress);
  limits->set_line_total_octets(config.limits.line_total_octets);
  limits->set_command_timeout_ms(config.limits.command_timeout_ms);
  limits->set_content_timeout_ms(config.limits.content_timeout_ms);
  limits->set_decision_timeout_ms(config.limits.decision_timeout_ms);
  limits->set_content_decision_timeout_ms(config.limits.content_decision_timeout_ms);
  limits->set_session_timeout_ms(config.limits.session_timeout_ms);
  limits->set_transactions(config.limits.transactions);
  limits->set_recipient_domains(config.limits.recipient_domains);
  message.set_mt_priority_profile(config.mt_priority_profile);
  message.set_deliverby_min_s(config.deliverby_min_s);
  message.set_hold_max_s(config.hold_max_s);
  message.set_submission(config.submission);
  message.set_offer_unknown_parameters(config.offer_unknown_parameters);
  for (const std::string& line : config.extra_ehlo_keywords) message.add_extra_ehlo_keywords(line);
  limits->set_auth_failures(config.limits.auth_failures);
  limits->set_auth_rounds(config.limits.auth_rounds);
  return message.SerializeAsString();
}

Finding SameConfig(const session::Config& one, const session::Config& other) {
  if (SerializeConfig(one) != SerializeConfig(other)) return "two configurations out of one";
  return {};
}

}  // namespace postern::fuzz::oracle
