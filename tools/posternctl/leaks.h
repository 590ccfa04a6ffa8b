// SPDX-License-Identifier: Apache-2.0
//
// Texts that tell a stranger more than they need: product names and versions, whether a mailbox
// exists or is full, paths and private addresses. Warnings, since a site may want it so.
//
// It reads words, so it errs: it may miss a leak, and warn of a harmless word.
//
// Threads: pure.
#ifndef POSTERN_TOOLS_POSTERNCTL_LEAKS_H_
#define POSTERN_TOOLS_POSTERNCTL_LEAKS_H_

#include <string>
#include <vector>

#include "engine/proto/reply_table.pb.h"

namespace postern {
namespace ctl {

struct Leak {
  std::string entry;  // "replies[3] RCPT_REJECTED"
  std::string field;  // "text line 1"
  std::string why;
  std::string mend;
};

// Of the texts that the table itself has, in the order of the table.
std::vector<Leak> FindLeaks(const v1::ReplyTable& table);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_LEAKS_H_
