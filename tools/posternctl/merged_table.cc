// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/merged_table.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/commands/command_table.h"
#include "engine/session/config.h"
#include "tools/posternctl/languages.h"

namespace postern {
namespace ctl {
namespace {

using replies::ReplyId;
using replies::Situation;

void Split(const std::string& octets, ReplyLines* lines) {
  size_t at = 0;
  while (at < octets.size()) {
    const size_t end = std::min(octets.find("\r\n", at), octets.size());
    lines->push_back(octets.substr(at, end - at));
    at = end + 2;
  }
}

// Asks a formatter of BoundReplies for its octets.
template <typename Format>
ReplyLines Lines(Format&& format) {
  std::string octets(format(nullptr, size_t{0}), '\0');
  format(octets.data(), octets.size());
  ReplyLines lines;
  Split(octets, &lines);
  return lines;
}

// An engine with its defaults, on a host that can do TLS.
commands::Conditions SampleConditions() {
  commands::Conditions now;
  now.enabled = session::LoadConfig({}).value().enabled;
  now.can_starttls = true;
  now.extended = true;
  return now;
}

std::string SampleCommands() {
  std::string_view names[commands::kVerbCount];
  const size_t count = commands::CommandsInForce(SampleConditions(), names);
  std::string list;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) list += ' ';
    list += names[i];
  }
  return list;
}

uint64_t SampleLimit(ReplyId id) {
  const session::Limits limits;
  switch (id) {
    case ReplyId::kTooManyRecipients:
      return limits.recipients;
    case ReplyId::kTooManyErrors:
      return limits.errors;
    case ReplyId::kTooManyCommands:
      return limits.commands_without_progress;
    case ReplyId::kLineTooLong:
      return 512;
    default:
      return limits.message_octets;
  }
}

const char* SampleVerb(ReplyId id) {
  switch (id) {
    case ReplyId::kUnrecognized:
      return "FROB";
    case ReplyId::kArgumentsUnexpected:
      return "DATA";
    case ReplyId::kCommandDisabled:
      return "EXPN";
    case ReplyId::kBadArgument:
      return "VRFY";
    default:
      return "MAIL";
  }
}

const char* SampleParameter(ReplyId id) {
  switch (id) {
    case ReplyId::kBadParameter:
      return "SIZE=x";
    case ReplyId::kParameterRepeated:
      return "SIZE";
    case ReplyId::kParameterNotInForce:
      return "SMTPUTF8";
    default:
      return "FROB";
  }
}

const char* SampleOctet(ReplyId id) {
  return id == ReplyId::kControlOctet ? "0x1b" : id == ReplyId::kEightBitOctet ? "0xe4" : "0xff";
}

}  // namespace

absl::StatusOr<MergedTable> MergedTable::Make(const v1::ReplyTable& own,
                                              const std::string& server) {
  MergedTable merged;
  merged.own_ = own;
  merged.server_ = server;
  v1::ReplyTable base;
  if (own.extends() != "none") base = DefaultTable();
  for (const v1::ReplyTable* table : {static_cast<const v1::ReplyTable*>(&base), &own}) {
    for (const auto& one : table->replies()) merged.replies_[one.id()] = one;
    for (const auto& one : table->codes()) merged.codes_[one.code()] = one;
    for (const auto& one : table->classes()) merged.classes_[one.reply_class()] = one;
    for (const auto& one : table->subjects()) merged.subjects_[one.digit()] = one;
    for (const auto& one : table->enhanced_codes()) merged.enhanced_[one.code()] = one;
    for (const auto& one : table->help_topics()) {
      merged.topics_[absl::AsciiStrToUpper(one.topic())] = one;
    }
    for (const auto& one : table->footers()) merged.footers_[one.reply_class()] = one;
  }
  for (const auto& one : own.replies()) merged.own_ids_[one.id()] = true;
  // Whole or not, a table in another language may lack them.
  for (const v1::ReplyTable* table : {&DefaultTable(), &own}) {
    for (const auto& one : table->captions()) merged.captions_[one.name()] = one.text();
  }
  auto loaded = replies::ReplyTable::Load(own.SerializeAsString());
  if (!loaded.ok()) return loaded.status();
  replies::BindOptions options;
  options.server = merged.server_;
  merged.bound_ = replies::BoundReplies::Bind(*std::move(loaded), options);
  if (merged.bound_ == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("--server_name=", server,
                     ": no name for a server; give a domain or an address literal of at most 255 "
                     "octets"));
  }
  return merged;
}

const v1::Reply* MergedTable::FindReply(uint32_t id) const {
  const auto found = replies_.find(id);
  return found == replies_.end() ? nullptr : &found->second;
}

const v1::CodeReference* MergedTable::FindCode(uint32_t code) const {
  const auto found = codes_.find(code);
  return found == codes_.end() ? nullptr : &found->second;
}

const v1::ClassReference* MergedTable::FindClass(uint32_t reply_class) const {
  const auto found = classes_.find(reply_class);
  return found == classes_.end() ? nullptr : &found->second;
}

const v1::SubjectReference* MergedTable::FindSubject(uint32_t digit) const {
  const auto found = subjects_.find(digit);
  return found == subjects_.end() ? nullptr : &found->second;
}

const v1::EnhancedReference* MergedTable::FindEnhanced(const std::string& code) const {
  auto found = enhanced_.find(code);
  if (found == enhanced_.end() && code.size() > 1) found = enhanced_.find("X" + code.substr(1));
  return found == enhanced_.end() ? nullptr : &found->second;
}

std::string MergedTable::Caption(const std::string& name) const {
  const auto found = captions_.find(name);
  return found == captions_.end() ? name : found->second;
}

std::string MergedTable::Caption(const std::string& name,
                                 const std::map<std::string, std::string>& values) const {
  // One pass: a value that looks like a placeholder stays what it is.
  const std::string text = Caption(name);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '{' ? text.find('}', at) : std::string::npos;
    const auto value =
        end == std::string::npos ? values.end() : values.find(text.substr(at + 1, end - at - 1));
    if (value == values.end()) {
      out += text[at++];
    } else {
      out += value->second;
      at = end + 1;
    }
  }
  return out;
}

ReplyLines MergedTable::Render(ReplyId id, bool utf8, const std::string& in_force) const {
  replies::Values values;
  values.client = "192.0.2.7";
  values.verb = SampleVerb(id);
  values.topic = id == ReplyId::kHelpTopicUnknown ? "FROB" : "MAIL";
  values.parameter = SampleParameter(id);
  values.octet = SampleOctet(id);
  values.limit = SampleLimit(id);
  const std::string commands = in_force.empty() ? SampleCommands() : in_force;
  values.commands = commands;
  values.utf8 = utf8;
  if (id != ReplyId::kEhloOk) {
    return Lines(
        [&](char* out, size_t capacity) { return bound_->Format(id, values, out, capacity); });
  }
  commands::Keyword keywords[commands::kMaxKeywords];
  const size_t count = commands::KeywordsInForce(SampleConditions(), keywords);
  std::vector<std::string> lines;
  for (size_t i = 0; i < count; ++i) {
    lines.emplace_back(keywords[i].name);
    if (keywords[i].extension == commands::Extension::kSize) {
      lines.back() += " " + std::to_string(session::Limits().message_octets);
    }
  }
  const std::vector<std::string_view> views(lines.begin(), lines.end());
  return Lines([&](char* out, size_t capacity) {
    return bound_->FormatEhlo(values, views.data(), views.size(), out, capacity);
  });
}

ReplyLines MergedTable::RenderTopic(const std::string& topic) const {
  const replies::Values values;
  return Lines([&](char* out, size_t capacity) {
    return bound_->FormatHelpTopic(topic, values, out, capacity);
  });
}

ReplyLines MergedTable::Utf8Topic(const v1::HelpTopic& topic) const {
  ReplyLines lines;
  for (const std::string& text : topic.utf8_text()) {
    lines.push_back(absl::StrReplaceAll(text, {{"{{", "{"}, {"}}", "}"}, {"{server}", server_}}));
  }
  return lines;
}

const std::vector<SituationName>& Situations() {
  static const auto* const names = new std::vector<SituationName>{
      {Situation::kConnection, "connection"},
      {Situation::kHelo, "helo"},
      {Situation::kStarttls, "starttls"},
      {Situation::kAuth, "auth"},
      {Situation::kMail, "mail"},
      {Situation::kRcpt, "rcpt"},
      {Situation::kData, "data"},
      {Situation::kContent, "content"},
      {Situation::kRset, "rset"},
      {Situation::kNoop, "noop"},
      {Situation::kVrfy, "vrfy"},
      {Situation::kExpn, "expn"},
      {Situation::kEtrn, "etrn"},
      {Situation::kAtrn, "atrn"},
      {Situation::kHelp, "help"},
      {Situation::kQuit, "quit"},
      {Situation::kAnyLine, "any_line"},
      {Situation::kOther, "other"},
  };
  return *names;
}

std::string TitleOf(const std::string& id) {
  std::string title;
  for (const absl::string_view word : absl::StrSplit(id, '_')) {
    std::string shown(word);
    const bool stays = commands::FindVerb(shown) != commands::Verb::kUnknown || shown == "TLS" ||
                       shown == "OK" || shown == "LF" || shown == "CR" || shown == "NUL" ||
                       shown == "ASCII" || shown == "AUTH" || shown == "LMTP";
    if (shown == "UTF8") {
      shown = "UTF-8";
    } else if (!stays) {
      absl::AsciiStrToLower(&shown);
    }
    absl::StrAppend(&title, title.empty() ? "" : " ", shown);
  }
  if (!title.empty()) title[0] = absl::ascii_toupper(static_cast<unsigned char>(title[0]));
  return title;
}

}  // namespace ctl
}  // namespace postern
