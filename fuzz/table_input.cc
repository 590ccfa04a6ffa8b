// SPDX-License-Identifier: Apache-2.0

#include "fuzz/table_input.h"

#include <set>
#include <string_view>

#include "engine/proto/engine_config.pb.h"
#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_rules.h"

namespace postern::fuzz {
namespace {

using replies::EnhancedUse;
using replies::Placeholder;
using replies::ReplyRule;

std::string Text(Input* input) { return std::string(input->TakeCounted()); }

const ReplyRule& ChooseRule(Input* input) {
  const auto count = static_cast<unsigned>(replies::ReplyRulesEnd() - replies::ReplyRulesBegin());
  return replies::ReplyRulesBegin()[input->Octet() % count];
}

// Octets 0 to 7 are placeholders, as far as they have a value here; 8 is kTableUtf8.
std::string TameLine(Input* input, uint8_t placeholders, bool utf8) {
  std::string line;
  for (const char c : input->Take(input->Octet() % 100)) {
    const auto octet = static_cast<uint8_t>(c);
    const auto placeholder = static_cast<Placeholder>(octet);
    if (octet < replies::kPlaceholderCount && placeholder != Placeholder::kCommands &&
        replies::Allows(placeholders, placeholder)) {
      line += "{" + std::string(replies::PlaceholderName(placeholder)) + "}";
    } else if (octet == 8 && utf8) {
      line += kTableUtf8;
    } else {
      const char printable = static_cast<char>(32 + octet % 95);
      line += printable;
      if (printable == '{' || printable == '}') line += printable;
    }
  }
  return line.empty() ? "-" : line;
}

void TameReply(Input* input, const ReplyRule& rule, v1::Reply* reply) {
  unsigned codes = 0;
  while (codes < 4 && rule.codes[codes] != 0) ++codes;
  const uint16_t code = rule.codes[input->Octet() % codes];
  reply->set_id(static_cast<v1::ReplyId>(rule.id));
  reply->set_code(code);
  const uint8_t bits = input->Octet();
  if (rule.enhanced == EnhancedUse::kRequired ||
      (rule.enhanced == EnhancedUse::kOptional && (bits & 1) != 0)) {
    static constexpr const char* kRest[] = {".0.0", ".5.1", ".7.999", ".999.999"};
    reply->set_enhanced_code(std::to_string(code / 100) + kRest[bits >> 1 & 3]);
  }
  const unsigned lines = 1 + (bits >> 3 & 3);
  for (const bool utf8 : {false, true}) {
    if (utf8 && (bits >> 5 & 1) == 0) continue;
    for (unsigned i = 0; i < lines; ++i) {
      std::string line = TameLine(input, rule.placeholders, utf8);
      if (i == 0 && rule.begins_with_server) line.insert(0, "{server} ");
      utf8 ? reply->add_utf8_text(line) : reply->add_text(line);
    }
    if (rule.id == replies::ReplyId::kHelpOverview) {
      utf8 ? reply->add_utf8_text(" {commands}") : reply->add_text(" {commands}");
    }
  }
}

}  // namespace

std::string TameTable(Input* input) {
  v1::ReplyTable table;
  std::set<replies::ReplyId> seen;
  for (unsigned n = input->Below(8); n > 0; --n) {
    const ReplyRule& rule = ChooseRule(input);
    if (seen.insert(rule.id).second) TameReply(input, rule, table.add_replies());
  }
  const uint8_t bits = input->Octet();
  const auto only_server = static_cast<uint8_t>(1u << static_cast<int>(Placeholder::kServer));
  for (unsigned i = 0; i < (bits & 3u); ++i) {
    v1::HelpTopic* topic = table.add_help_topics();
    topic->set_topic("TOPIC" + std::to_string(i));
    topic->add_text(TameLine(input, only_server, false));
  }
  for (const unsigned reply_class : {4u, 5u}) {
    if ((bits >> reply_class & 1) == 0) continue;
    v1::ClassFooter* footer = table.add_footers();
    footer->set_reply_class(reply_class);
    footer->add_text(TameLine(input, only_server, false));
  }
  return table.SerializeAsString();
}

std::string WildTable(Input* input) {
  v1::ReplyTable table;
  const uint8_t bits = input->Octet();
  if ((bits & 1) != 0) table.set_name(Text(input));
  if ((bits & 2) != 0) table.set_language(Text(input));
  if ((bits & 4) != 0) table.set_extends(Text(input));
  for (unsigned n = bits >> 3 & 3; n > 0; --n) {
    v1::Reply* reply = table.add_replies();
    const ReplyRule& rule = ChooseRule(input);
    const uint8_t what = input->Octet();
    reply->set_id(static_cast<v1::ReplyId>((what & 1) != 0 ? static_cast<int>(input->Octet())
                                                           : static_cast<int>(rule.id)));
    reply->set_code((what & 2) != 0 ? input->Short() : rule.codes[0]);
    reply->set_enhanced_code((what & 4) != 0 ? Text(input)
                                             : std::to_string(rule.codes[0] / 100) + ".0.0");
    for (unsigned i = what >> 3 & 3; i > 0; --i) reply->add_text(Text(input));
    for (unsigned i = what >> 5 & 3; i > 0; --i) reply->add_utf8_text(Text(input));
    if ((what & 128) != 0) reply->set_explanation(Text(input));
  }
  if ((bits & 32) != 0) {
    v1::HelpTopic* topic = table.add_help_topics();
    topic->set_topic(Text(input));
    topic->add_text(Text(input));
  }
  if ((bits & 64) != 0) {
    v1::ClassFooter* footer = table.add_footers();
    footer->set_reply_class(input->Octet() % 8);
    footer->add_text(Text(input));
  }
  if ((bits & 128) != 0) {
    v1::CodeReference* code = table.add_codes();
    code->set_code(input->Short());
    code->set_meaning(Text(input));
    code->set_seen_when(Text(input));
    code->set_mend(Text(input));
    code->set_differs(Text(input));
  }
  return table.SerializeAsString();
}

namespace {

// 0 mostly; else at, just below or just above a power of two, or any number.
uint64_t Number(Input* input) {
  const uint8_t choice = input->Octet();
  if (choice < 64) return 0;
  if (choice < 128) return input->Long();
  return (uint64_t{1} << (choice & 63)) + input->Octet() - 1;
}

}  // namespace

std::string WildConfig(Input* input) {
  v1::EngineConfig config;
  const uint8_t bits = input->Octet();
  if ((bits & 1) != 0) config.set_server_name(Text(input));
  config.set_require_tls((bits & 2) != 0);
  config.set_offer_unknown_commands((bits & 4) != 0);
  config.set_bare_newline(static_cast<v1::BareNewlinePolicy>(bits >> 3 & 3));
  if ((bits & 32) != 0) {
    v1::Extensions* extensions = config.mutable_extensions();
    const unsigned switches = input->Short();
    const auto at = [switches](int i) { return static_cast<v1::Switch>(switches >> (2 * i) & 3); };
    extensions->set_size(at(0));
    extensions->set_eightbitmime(at(1));
    extensions->set_pipelining(at(2));
    extensions->set_enhancedstatuscodes(at(3));
    extensions->set_smtputf8(at(4));
    extensions->set_starttls(at(5));
    extensions->set_help(at(6));
    extensions->set_expn(at(7));
    const unsigned delivery = input->Short();
    const auto of = [delivery](int i) { return static_cast<v1::Switch>(delivery >> (2 * i) & 3); };
    extensions->set_dsn(of(0));
    extensions->set_requiretls(of(1));
    extensions->set_deliverby(of(2));
    extensions->set_mt_priority(of(3));
    extensions->set_rrvs(of(4));
    extensions->set_limits(of(5));
    if ((delivery >> 12 & 1) != 0) config.set_mt_priority_profile(Text(input));
    if ((delivery >> 13 & 1) != 0) config.set_deliverby_min_s(input->Short() * 20000u);
    if ((delivery >> 14 & 1) != 0) config.mutable_limits()->set_transactions(input->Short() * 20u);
    if ((delivery >> 15 & 1) != 0) config.mutable_limits()->set_recipient_domains(input->Short());
  }
  if ((bits & 64) != 0) {
    v1::Leniency* leniency = config.mutable_leniency();
    const uint8_t which = input->Octet();
    leniency->set_space_after_colon((which & 1) != 0);
    leniency->set_missing_angle_brackets((which & 2) != 0);
    leniency->set_trailing_dot_in_domain((which & 4) != 0);
    leniency->set_underscore_in_helo((which & 8) != 0);
    leniency->set_any_helo_argument((which & 16) != 0);
    leniency->set_extra_spaces((which & 32) != 0);
    if ((which & 64) != 0) {
      config.mutable_extensions()->set_auth(v1::SWITCH_ON);
      config.add_auth_mechanisms("PLAIN");
      config.add_auth_mechanisms("SCRAM-SHA-256");
      config.set_auth_without_tls((which & 128) != 0);
      config.set_require_auth((which & 129) == 1);
    }
  }
  if ((bits & 128) != 0) {
    v1::Limits* limits = config.mutable_limits();
    limits->set_message_octets(Number(input));
    limits->set_recipients(static_cast<uint32_t>(Number(input)));
    limits->set_errors(static_cast<uint32_t>(Number(input)));
    limits->set_commands_without_progress(static_cast<uint32_t>(Number(input)));
    limits->set_line_total_octets(Number(input));
    limits->set_command_timeout_ms(Number(input));
    limits->set_content_timeout_ms(Number(input));
    limits->set_decision_timeout_ms(Number(input));
    limits->set_content_decision_timeout_ms(Number(input));
    limits->set_session_timeout_ms(Number(input));
    const uint8_t more = input->Octet();
    config.set_submission((more & 1) != 0);
    config.set_offer_unknown_parameters((more & 2) != 0);
    if ((more & 4) != 0) config.set_hold_max_s(static_cast<uint32_t>(Number(input)));
    if ((more & 8) != 0) config.add_extra_ehlo_keywords(Text(input));
    if ((more & 16) != 0) config.add_extra_ehlo_keywords(Text(input));
    config.mutable_extensions()->set_futurerelease(static_cast<v1::Switch>(more >> 5 & 3));
  }
  return config.SerializeAsString();
}

}  // namespace postern::fuzz
