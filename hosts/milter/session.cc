// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/session.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace milter {
namespace {

// "MAIL FROM:<a@b> SIZE=1000"
std::string LineOf(absl::string_view command, const char* const* arguments) {
  std::string line(command);
  for (size_t i = 0; arguments != nullptr && arguments[i] != nullptr; ++i) {
    absl::StrAppend(&line, i == 0 ? "" : " ", arguments[i]);
  }
  return line;
}

Finding Failure() {
  Finding finding;
  finding.failed = true;
  return finding;
}

}  // namespace

Session::Session(std::shared_ptr<const Judge> judge, uint64_t id, std::string client)
    : judge_(std::move(judge)), id_(id), client_(std::move(client)) {}

Finding Session::Inspect(const Macros& macros) {
  uint32_t flags = 0;
  if (greeted_) flags |= POSTERN_INSPECT_EHLO;
  if (mail_) flags |= POSTERN_INSPECT_MAIL;
  if (recipients_ > 0) flags |= POSTERN_INSPECT_RCPT;
  if (smtputf8_) flags |= POSTERN_INSPECT_SMTPUTF8;
  if (macros.tls) flags |= POSTERN_INSPECT_TLS;
  if (macros.authenticated) flags |= POSTERN_INSPECT_AUTHENTICATED;
  Finding finding = judge_->Inspect(line_, flags, recipients_, client_);
  // A milter cannot say 214 or 250: the MTA does, in its own words.
  if (!finding.failed && !finding.reply.IsRefusal()) finding = Finding();
  if (finding.refused()) ++refused_;
  return finding;
}

Finding Session::Helo(absl::string_view name, const Macros& macros) {
  Abort();
  greeted_ = false;
  line_ = absl::StrCat("EHLO ", name);
  helo_ = Inspect(macros);
  // Said, however badly: what comes next is judged by itself.
  greeted_ = true;
  return helo_;
}

Finding Session::Mail(const char* const* arguments, const Macros& macros) {
  Abort();
  line_ = LineOf("MAIL FROM:", arguments);
  if (helo_.refused()) {
    ++refused_;
    return helo_;
  }
  const Finding finding = Inspect(macros);
  if (finding.failed || finding.refused()) return finding;
  mail_ = true;
  for (size_t i = 1; arguments[0] != nullptr && arguments[i] != nullptr; ++i) {
    if (absl::EqualsIgnoreCase(arguments[i], "SMTPUTF8")) smtputf8_ = true;
  }
  return finding;
}

Finding Session::Rcpt(const char* const* arguments, const Macros& macros) {
  line_ = LineOf("RCPT TO:", arguments);
  const Finding finding = Inspect(macros);
  if (!finding.failed && !finding.refused()) ++recipients_;
  return finding;
}

Finding Session::Data(const Macros& macros) {
  line_ = "DATA";
  const Finding finding = Inspect(macros);
  if (finding.failed || finding.refused()) return finding;
  return BeginContent() ? finding : Failure();
}

Finding Session::Unknown(absl::string_view line, const Macros& macros) {
  line_ = std::string(line);
  return Inspect(macros);
}

bool Session::BeginContent() {
  content_ = Content::Begin(judge_);
  content_failed_ = content_ == nullptr;
  line_ = "(content)";
  return !content_failed_;
}

// An MTA of an older protocol has no step for DATA. What failed once was told then.
Content* Session::OpenContent() {
  if (content_ == nullptr && !content_failed_) BeginContent();
  return content_.get();
}

Finding Session::Header(absl::string_view name, absl::string_view value) {
  const bool told = content_failed_;
  Content* const content = OpenContent();
  if (content == nullptr) return told ? Finding() : Failure();
  content->Header(name, value);
  return Finding();
}

Finding Session::EndOfHeader() {
  const bool told = content_failed_;
  Content* const content = OpenContent();
  if (content == nullptr) return told ? Finding() : Failure();
  content->EndOfHeader();
  return Finding();
}

Finding Session::Body(absl::string_view octets) {
  const bool told = content_failed_;
  Content* const content = OpenContent();
  if (content == nullptr) return told ? Finding() : Failure();
  content->Body(octets);
  return Finding();
}

Finding Session::EndOfMessage() {
  const bool told = content_failed_;
  Content* const content = OpenContent();
  if (content == nullptr) {
    Abort();
    return told ? Finding() : Failure();
  }
  Finding finding = content->End();
  line_ = "(content)";
  Abort();
  if (finding.failed) return finding;
  if (finding.refused()) {
    ++refused_;
  } else {
    ++messages_;
    finding = Finding();
  }
  return finding;
}

void Session::Abort() {
  mail_ = false;
  smtputf8_ = false;
  recipients_ = 0;
  content_.reset();
  content_failed_ = false;
}

}  // namespace milter
}  // namespace postern
