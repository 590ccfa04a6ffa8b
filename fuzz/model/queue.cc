// SPDX-License-Identifier: Apache-2.0
//
// ETRN (RFC 1985), ATRN (RFC 2645) and BURL (RFC 4468).

#include "fuzz/model/machine.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {
namespace {

std::string_view WithoutTrailingSpace(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

bool EndsInLast(std::string_view text) {
  return text.size() >= 5 && Upper(text.substr(text.size() - 5)) == " LAST";
}

}  // namespace

void Machine::Queue(bool etrn, std::string_view argument) {
  if (!argument.empty() && !(etrn ? IsEtrnArgument(argument) : IsAtrnArgument(argument))) {
    Refuse({{kBadArgument, POSTERN_RULE_C501}}, true);
    return;
  }
  if (!CountCommand()) return;
  SeenEvent event;
  event.type = etrn ? POSTERN_EVENT_ETRN : POSTERN_EVENT_ATRN;
  event.ticket = true;
  if (etrn && argument[0] == '@') event.flags = POSTERN_ETRN_SUBDOMAINS;
  if (etrn && argument[0] == '#') event.flags = POSTERN_ETRN_QUEUE;
  event.text = std::string(argument.substr(event.flags != 0 ? 1 : 0));
  Decide(event.type, event);
}

bool Machine::IsBurl() const {
  const std::string_view line = line_;
  return Upper(line.substr(0, line.find_first_of(" \t"))) == "BURL";
}

void Machine::Burl(std::string_view argument) {
  if (!IsBurlArgument(argument)) {
    Refuse({{kBadArgument, POSTERN_RULE_C501}}, true);
    return;
  }
  burl_last_ = EndsInLast(argument);
  const bool first = chunks_ == Chunks::kNone;
  // D3: what comes behind that CR is not seen here.
  if (!first && content_->EndsInCr()) {
    RefuseBurl({{kContentBareNewline, POSTERN_RULE_D3}});
    return;
  }
  SeenEvent event;
  event.type = POSTERN_EVENT_BURL;
  event.ticket = true;
  if (first) event.flags |= POSTERN_BURL_FIRST;
  if (burl_last_) event.flags |= POSTERN_BURL_LAST;
  if (binary_) event.flags |= POSTERN_BURL_BINARY;
  event.text = std::string(argument.substr(0, argument.find(' ')));
  event.total = first ? 0 : chunk_total_;
  event.count = recipients_;
  Decide(POSTERN_EVENT_BURL, event);
}

// What is no line tells nothing of LAST (F2 to F6).
void Machine::RefuseBurl(const std::vector<Refusal>& refusals) {
  const std::string_view line = WithoutTrailingSpace(line_);
  const size_t verb = std::min(line.find_first_of(" \t"), line.size());
  burl_last_ = refusals[0].rule > POSTERN_RULE_F6 && EndsInLast(line.substr(verb));
  FailBurl(POSTERN_RESET_CONTENT_REFUSED);
  RefuseNow(refusals, true);
  AfterCommand();
}

void Machine::FailBurl(uint32_t reset_reason) {
  FailChunks(reset_reason);
  if (burl_last_) EndTransaction(0);
}

void Machine::AcceptBurl(const ScriptAnswer* answer) {
  const uint64_t octets = answer == nullptr ? 0 : kFetched[answer->fetched];
  const bool first = chunks_ == Chunks::kNone;
  const uint64_t total = first ? 0 : chunk_total_;
  // D4.
  if (octets > setup_.message_octets - total) {
    FailBurl(POSTERN_RESET_CONTENT_REFUSED);
    RefuseNow({{kMessageTooLarge, POSTERN_RULE_D4}}, false);
    return;
  }
  if (first) {
    content_ = std::make_unique<Content>(setup_.normalize, setup_.message_octets);
    content_told_ = 0;
    content_refused_ = false;
  }
  chunks_ = Chunks::kOpen;
  chunk_total_ = total + octets;
  content_->AddFromElsewhere(octets);
  if (!burl_last_) {
    ExpectWorded(kBurlOk, answer);
    return;
  }
  SeenEvent end;
  end.type = POSTERN_EVENT_CONTENT_END;
  end.ticket = true;
  end.number = content_->decoded().size() + content_->elsewhere();
  Decide(POSTERN_EVENT_CONTENT_END, end);
}

}  // namespace postern::fuzz::model
