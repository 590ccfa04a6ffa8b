// SPDX-License-Identifier: Apache-2.0
//
// One connection to the MTA as a milter is told of it: what was said before, and what is found of
// each command and of the content. It knows no libmilter; milter.cc calls it.
//
// The MTA decides about sequence, relaying and recipients; here is judged how a command is written,
// with what the MTA tells of it. A finding that can be no reply of a milter (2yz) is none here.
//
// Threads and lifetime: calls on one session never overlap, but come from any thread. Keeps the
// configuration and table that it began with.
#ifndef POSTERN_HOSTS_MILTER_SESSION_H_
#define POSTERN_HOSTS_MILTER_SESSION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "hosts/milter/content.h"
#include "hosts/milter/judge.h"

namespace postern {
namespace milter {

// What the MTA's macros say at this moment.
struct Macros {
  bool tls = false;
  bool authenticated = false;
};

class Session {
 public:
  // `client`: its address as text, empty for none.
  Session(std::shared_ptr<const Judge> judge, uint64_t id, std::string client);

  // Whether EHLO or HELO was said is not told, so that all is allowed here that EHLO allows. A bad
  // name is refused with MAIL: what an MTA does with a refusal at HELO differs, and none answers
  // HELO with it.
  Finding Helo(absl::string_view name, const Macros& macros);
  // `arguments`, null at the end: the path, then the parameters.
  Finding Mail(const char* const* arguments, const Macros& macros);
  Finding Rcpt(const char* const* arguments, const Macros& macros);
  Finding Data(const Macros& macros);
  // A command that the MTA does not know: the line, or of it the verb alone.
  Finding Unknown(absl::string_view line, const Macros& macros);

  // The content in order; what is wrong with it is told at its end.
  Finding Header(absl::string_view name, absl::string_view value);
  Finding EndOfHeader();
  Finding Body(absl::string_view octets);
  Finding EndOfMessage();

  // The transaction is over, whatever became of it.
  void Abort();

  uint64_t id() const { return id_; }
  const std::string& client() const { return client_; }
  uint64_t refused() const { return refused_; }
  uint64_t messages() const { return messages_; }
  const postern_api& api() const { return judge_->api(); }
  // The command that the last finding was about, for the log.
  const std::string& line() const { return line_; }

 private:
  Finding Inspect(const Macros& macros);
  bool BeginContent();
  Content* OpenContent();

  const std::shared_ptr<const Judge> judge_;
  const uint64_t id_;
  const std::string client_;
  std::string line_;
  bool greeted_ = false;
  bool smtputf8_ = false;
  bool mail_ = false;
  uint32_t recipients_ = 0;
  Finding helo_;  // refused: MAIL gets it
  std::unique_ptr<Content> content_;
  bool content_failed_ = false;
  uint64_t refused_ = 0;
  uint64_t messages_ = 0;
};

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_SESSION_H_
