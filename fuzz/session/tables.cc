// SPDX-License-Identifier: Apache-2.0
//
// What a setup is for the engine: its configuration and its reply table, serialized.

#include <cstdint>
#include <string>

#include "engine/proto/engine_config.pb.h"
#include "engine/proto/reply_table.pb.h"
#include "fuzz/session/run.h"

namespace postern::fuzz {
namespace {

v1::Switch OffIf(bool off) { return off ? v1::SWITCH_OFF : v1::SWITCH_DEFAULT; }

void AddReply(v1::ReplyTable* table, v1::ReplyId id, uint32_t code, const char* enhanced,
              const char* text, const char* second, const char* utf8) {
  v1::Reply* const reply = table->add_replies();
  reply->set_id(id);
  reply->set_code(code);
  reply->set_enhanced_code(enhanced);
  reply->add_text(text);
  if (second != nullptr) reply->add_text(second);
  if (utf8 != nullptr) reply->add_utf8_text(utf8);
}

void AddFooter(v1::ReplyTable* table, uint32_t reply_class, const char* text) {
  for (v1::ClassFooter& footer : *table->mutable_footers()) {
    if (footer.reply_class() == reply_class) {
      footer.add_text(text);
      return;
    }
  }
  v1::ClassFooter* const footer = table->add_footers();
  footer->set_reply_class(reply_class);
  footer->add_text(text);
}

}  // namespace

std::string SerializedConfig(const Setup& setup) {
  v1::EngineConfig config;
  config.set_server_name(std::string(setup.server_name()));
  v1::Extensions* const extensions = config.mutable_extensions();
  extensions->set_size(OffIf(setup.has(kWithoutSize)));
  extensions->set_eightbitmime(OffIf(setup.has(kWithout8BitMime)));
  extensions->set_pipelining(OffIf(setup.has(kWithoutPipelining)));
  extensions->set_enhancedstatuscodes(OffIf(setup.has(kWithoutEnhancedCodes)));
  extensions->set_smtputf8(OffIf(setup.has(kWithoutSmtpUtf8)));
  extensions->set_starttls(OffIf(setup.has(kWithoutStartTls)));
  extensions->set_help(OffIf(setup.has(kWithoutHelp)));
  if (setup.has(kWithExpn)) extensions->set_expn(v1::SWITCH_ON);
  extensions->set_dsn(OffIf(setup.has(kWithoutDsn)));
  if (setup.has(kWithRequireTls)) extensions->set_requiretls(v1::SWITCH_ON);
  if (setup.has(kWithDeliverBy)) extensions->set_deliverby(v1::SWITCH_ON);
  if (setup.has(kWithMtPriority)) extensions->set_mt_priority(v1::SWITCH_ON);
  if (setup.has(kWithRrvs)) extensions->set_rrvs(v1::SWITCH_ON);
  if (setup.has(kWithLimits)) extensions->set_limits(v1::SWITCH_ON);
  if (setup.future_release) extensions->set_futurerelease(v1::SWITCH_ON);
  config.set_offer_unknown_parameters(setup.offer_parameters);
  if (setup.xclient) extensions->set_xclient(v1::SWITCH_ON);
  if (setup.xforward) extensions->set_xforward(v1::SWITCH_ON);
  if (setup.etrn) extensions->set_etrn(v1::SWITCH_ON);
  if (setup.atrn) extensions->set_atrn(v1::SWITCH_ON);
  if (setup.burl) extensions->set_burl(v1::SWITCH_ON);
  if (setup.burl_imap) config.set_burl_imap("imap imap://mail.example");
  if (setup.has(kFewTransactions)) {
    config.mutable_limits()->set_transactions(2);
    config.mutable_limits()->set_recipient_domains(10);
  }
  if (setup.has(kLeastTime)) {
    config.set_deliverby_min_s(60);
    config.set_mt_priority_profile("MIXER");
  }
  v1::Leniency* const leniency = config.mutable_leniency();
  leniency->set_space_after_colon(setup.has(kSpaceAfterColon));
  leniency->set_missing_angle_brackets(setup.has(kMissingAngleBrackets));
  leniency->set_trailing_dot_in_domain(setup.has(kTrailingDotInDomain));
  leniency->set_underscore_in_helo(setup.has(kUnderscoreInHelo));
  leniency->set_any_helo_argument(setup.has(kAnyHeloArgument));
  leniency->set_extra_spaces(setup.has(kExtraSpaces));
  v1::Limits* const limits = config.mutable_limits();
  limits->set_message_octets(setup.message_octets);
  limits->set_recipients(setup.recipients);
  limits->set_errors(setup.errors);
  limits->set_commands_without_progress(setup.commands);
  limits->set_line_total_octets(setup.line_total);
  limits->set_command_timeout_ms(setup.command_timeout);
  limits->set_content_timeout_ms(setup.content_timeout);
  limits->set_decision_timeout_ms(setup.decision_timeout);
  limits->set_content_decision_timeout_ms(setup.content_decision_timeout);
  limits->set_session_timeout_ms(setup.session_timeout);
  if (setup.normalize) config.set_bare_newline(v1::BARE_NEWLINE_NORMALIZE);
  config.set_require_tls(setup.require_tls);
  if (setup.auth) {
    config.mutable_extensions()->set_auth(v1::SWITCH_ON);
    config.add_auth_mechanisms("PLAIN");
    config.add_auth_mechanisms("LOGIN");
    config.set_auth_without_tls(setup.auth_in_clear);
  }
  config.set_offer_unknown_commands(setup.offer_unknown);
  if (setup.lmtp) config.set_protocol(v1::PROTOCOL_LMTP);
  return config.SerializeAsString();
}

// The model knows what these change: fuzz/model/replies.cc.
std::string SerializedTable(TableChoice choice) {
  v1::ReplyTable table;
  switch (choice) {
    case TableChoice::kDefault:
      return std::string();
    case TableChoice::kFooters:
      AddFooter(&table, 4, "Trying again later is right.");
      AddFooter(&table, 4, "Support: +49 30 1234567");
      AddFooter(&table, 5, "Help: https://mx.example/help");
      break;
    case TableChoice::kUtf8:
      AddReply(&table, v1::NOOP_OK, 250, "2.0.0", "Gruesse", nullptr,
               "Gr\xC3\xBC\xC3\x9F"
               "e");
      // These go out in UTF-8, the others wait for an extension that lets them.
      AddReply(&table, v1::RCPT_WILL_FORWARD, 251, "2.1.5", "Wird weitergeleitet", nullptr,
               "Wird weitergeleitet \xE2\x80\x93 gerne");
      AddReply(&table, v1::RCPT_NOT_LOCAL, 551, "5.1.6", "Empfaenger umgezogen", nullptr,
               "Empf\xC3\xA4nger umgezogen");
      AddReply(&table, v1::VRFY_CANNOT_VERIFY, 252, "2.0.0", "Keine Auskunft", nullptr,
               "Keine Auskunft \xE2\x80\x93 bedaure");
      AddReply(&table, v1::UNRECOGNIZED, 500, "5.5.1", "Was ist {verb}?", nullptr,
               "Was ist {verb}? Gr\xC3\xBC\xC3\x9F"
               "e");
      AddReply(&table, v1::CONTENT_ACCEPTED, 250, "2.0.0", "Angenommen, {client}", nullptr,
               "Angenommen \xE2\x80\x93 danke");
      break;
    case TableChoice::kOtherCodes:
      AddReply(&table, v1::RCPT_REJECTED, 553, "5.1.1", "No such person here", "Not at {server}",
               nullptr);
      AddReply(&table, v1::CONTENT_REJECTED, 550, "5.7.1", "No such content", nullptr, nullptr);
      AddReply(&table, v1::UNRECOGNIZED, 500, "5.5.1", "{verb} {{is}} unknown", "\"{verb}\" really",
               nullptr);
      AddReply(&table, v1::PARAMETER_UNKNOWN, 555, "5.5.4", "{parameter}{parameter}", nullptr,
               nullptr);
      v1::HelpTopic* const topic = table.add_help_topics();
      topic->set_topic("LIMITS");
      topic->add_text("Ask at {server} for more.");
      break;
  }
  table.set_name("fuzz");
  table.set_language("en");
  return table.SerializeAsString();
}

}  // namespace postern::fuzz
