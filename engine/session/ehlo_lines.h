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
#include <cstdint>
#include <string_view>

#include "engine/commands/command_table.h"

namespace postern::session {

struct EhloLines {
  std::string_view lines[commands::kMaxKeywords];
  size_t count = 0;

  // `auth_line` is borrowed: Config::auth_line, or one of the connection's own.
  void Fill(const commands::Conditions& now, uint64_t message_octets, std::string_view auth_line);

 private:
  char size_line_[5 + 20] = {'S', 'I', 'Z', 'E', ' '};
};

}  // namespace postern::session

#endif  // POSTERN_ENGINE_SESSION_EHLO_LINES_H_
