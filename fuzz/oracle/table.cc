// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/table.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "engine/replies/reply_rules.h"
#include "fuzz/oracle/reply.h"

namespace postern::fuzz::oracle {
namespace {

using replies::BoundReplies;
using replies::EnhancedUse;
using replies::ReplyId;
using replies::ReplyRule;

using Formatter = std::function<size_t(char*, size_t)>;

// Formats into a block of exactly the promised size; *octets is what was written.
Finding FormatExactly(const Formatter& format, std::string* octets) {
  const size_t needed = format(nullptr, 0);
  const auto block = std::make_unique<char[]>(needed);
  if (format(block.get(), needed) != needed) return "two lengths for one reply";
  octets->assign(block.get(), needed);
  if (needed == 0) return {};
  std::fill_n(block.get(), needed, '\x55');
  if (format(block.get(), needed - 1) != needed) return "another length where there is no room";
  if (!std::all_of(block.get(), block.get() + needed, [](char c) { return c == '\x55'; })) {
    return "it wrote where there was no room";
  }
  return {};
}

Finding At(std::string_view name, const Finding& finding) {
  return finding.empty() ? finding : std::string(name) + ": " + finding;
}

}  // namespace

Finding RefusalIsReadable(const absl::Status& status, size_t most_lines) {
  if (status.ok()) return "no refusal";
  const std::string text(status.message());
  if (text.empty()) return "a refusal without a word";
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  if (lines > most_lines) return "a refusal of " + std::to_string(lines) + " lines";
  for (const char c : text) {
    const auto octet = static_cast<uint8_t>(c);
    if (octet < 32 && c != '\n') return "a refusal with a control octet: " + Visible(text);
    if (octet > 126) return "a refusal with an octet that is not ASCII: " + Visible(text);
  }
  if (text.back() == '\n' || text.find("\n\n") != std::string::npos) {
    return "a refusal with an empty line: " + Visible(text);
  }
  return {};
}

Finding TableSpeaksStrictly(const BoundReplies& replies, const replies::Values& values,
                            std::string_view own) {
  // What is no ASCII waits for an extension; a HT does not.
  if (!values.utf8 && !own.empty() && static_cast<unsigned char>(own[0]) >= 0x80) own = {};
  for (const ReplyRule* rule = replies::ReplyRulesBegin(); rule != replies::ReplyRulesEnd();
       ++rule) {
    std::string octets;
    const Finding formatted = FormatExactly(
        [&](char* out, size_t capacity) { return replies.Format(rule->id, values, out, capacity); },
        &octets);
    if (!formatted.empty()) return At(rule->name, formatted);
    ReplyTerms terms;
    terms.one = true;
    terms.code = replies.Code(rule->id);
    terms.utf8 = values.utf8;
    terms.enhanced = replies.enhanced_status_codes() && rule->enhanced == EnhancedUse::kRequired &&
                     terms.code / 100 != 3;
    // The head of what FormatHelpTopic makes is no reply of its own.
    if (rule->id == ReplyId::kHelpTopic) continue;
    if (!replies::IsCodeAllowed(rule->id, terms.code)) {
      return At(rule->name, "a code that is not allowed: " + std::to_string(terms.code));
    }
    Finding finding = RepliesAreStrict(octets, terms);
    if (finding.empty()) finding = OnlyPrintableCameThrough(octets, own);
    if (finding.empty() && octets.size() > replies.MaxOctets(rule->id))
      finding = "over MaxOctets(id)";
    if (finding.empty() && octets.size() > replies.MaxOctets()) finding = "over MaxOctets()";
    if (!finding.empty()) return At(rule->name, finding);
  }

  const std::string_view keywords[] = {values.parameter, "SIZE 1000", values.commands, "HELP"};
  for (size_t count = 0; count <= 4; ++count) {
    std::string octets;
    Finding finding = FormatExactly(
        [&](char* out, size_t capacity) {
          return replies.FormatEhlo(values, keywords, count, out, capacity);
        },
        &octets);
    ReplyTerms terms;
    terms.one = true;
    terms.code = replies.Code(ReplyId::kEhloOk);
    terms.utf8 = values.utf8;
    if (finding.empty()) finding = RepliesAreStrict(octets, terms);
    if (finding.empty()) finding = OnlyPrintableCameThrough(octets, own);
    if (!finding.empty()) return At("FormatEhlo", finding);
  }

  for (const std::string_view topic : {values.topic, std::string_view("TOPIC0"),
                                       std::string_view("mail"), std::string_view("500")}) {
    std::string octets;
    Finding finding = FormatExactly(
        [&](char* out, size_t capacity) {
          return replies.FormatHelpTopic(topic, values, out, capacity);
        },
        &octets);
    if (finding.empty() && octets.empty() == replies.HasHelpTopic(topic)) finding = "HasHelpTopic";
    ReplyTerms terms;
    terms.one = true;
    terms.code = replies.Code(ReplyId::kHelpTopic);
    terms.enhanced = replies.enhanced_status_codes();
    if (finding.empty() && !octets.empty()) finding = RepliesAreStrict(octets, terms);
    if (finding.empty()) finding = OnlyPrintableCameThrough(octets, {});
    if (finding.empty() && octets.size() > replies.MaxHelpTopicOctets()) {
      finding = "over MaxHelpTopicOctets()";
    }
    if (!finding.empty()) return At("FormatHelpTopic", finding);
  }
  return {};
}

}  // namespace postern::fuzz::oracle
