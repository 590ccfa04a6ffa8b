// SPDX-License-Identifier: Apache-2.0
//
// A reply of the engine in the form that libmilter takes: code, enhanced status code and lines of
// text apart, within libmilter's limits.
//
// It words nothing: all text is the reply table's.
//
// Threads: pure functions on plain values.
#ifndef POSTERN_HOSTS_MILTER_REPLY_H_
#define POSTERN_HOSTS_MILTER_REPLY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace postern {
namespace milter {

// smfi_setmlreply() takes no more lines, and no longer ones.
inline constexpr size_t kMaxReplyLines = 32;
inline constexpr size_t kMaxReplyLineOctets = 980;

struct Reply {
  std::string code;                // "550"
  std::string enhanced;            // "5.1.1"; empty: none
  std::vector<std::string> lines;  // without codes

  // What a milter may say: the MTA takes 4yz and 5yz alone.
  bool IsRefusal() const { return !code.empty() && (code[0] == '4' || code[0] == '5'); }
};

// Reads the one reply in `octets` ("550-5.1.1 text CR LF 550 5.1.1 text CR LF"). False if they are
// no whole reply of one code.
bool ParseReply(absl::string_view octets, Reply* reply);

// The lines as they are given to libmilter: '%' doubled, because the MTA reads the text as a
// format; at most kMaxReplyLines, the shortest neighbours joined where there are more. A line that
// would be too long for libmilter, which takes one of several hundred '%', keeps no '%'.
std::vector<std::string> FitForMilter(std::vector<std::string> lines);

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_REPLY_H_
