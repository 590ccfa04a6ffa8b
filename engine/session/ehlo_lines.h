// SPDX-License-Identifier: Apache-2.0
//
// The keyword lines of the reply to EHLO (RFC 5321 §4.1.1.1).
//
// What it is: the list of commands/ with the arguments that the configuration gives. What it is
// not: the writer of the reply (engine/replies). Private to engine/session.
// Lifetime: the lines point into the object: it stays where it is. Threads: a value.

#ifndef POSTERN_ENGINE_SESSION_EHLO_LINES_H_
#define POSTERN_ENGINE_SESSION_EHLO_LINES_H_

#include <cstddef>
#include <string_view>

#include "engine/commands/command_table.h"
#include "engine/session/config.h"
#include "engine/session/judge.h"
#include "engine/syntax/ehlo_limits.h"

namespace postern::session {

struct EhloLines {
  std::string_view lines[commands::kMaxKeywords + kMaxExtraKeywords];
  size_t count = 0;

  // `auth_line` is borrowed: Config::auth_line, or one of the connection's own; `config` is as
  // well. `clock` is looked at where FUTURERELEASE is in force.
  void Fill(const commands::Conditions& now, const Config& config, const Clock& clock,
            std::string_view auth_line);

 private:
  // The line of a keyword with an argument, written behind those that are there.
  std::string_view Write(std::string_view keyword, std::string_view argument);

  // SIZE and 20 digits, DELIVERBY and 9, MT-PRIORITY and a name of 20, LIMITS and all of them,
  // XCLIENT and XFORWARD with their attributes, FUTURERELEASE with 9 digits and a date, BURL with
  // what the configuration says.
  char text_[25 + 19 + 32 + 7 + syntax::kMaxEhloLimitsOctets + 64 + 64 + 14 + 10 + 20 + 5 +
             kMaxBurlImapOctets];
  size_t size_ = 0;
};

}  // namespace postern::session

#endif  // POSTERN_ENGINE_SESSION_EHLO_LINES_H_
