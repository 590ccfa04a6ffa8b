// SPDX-License-Identifier: Apache-2.0
//
// Replies that a host makes in place of a table's: none that would break R4 gets through, and none
// that is right is refused for its text.
//
// What it is: the rules of bound_replies.h for Override, said again in the words of RFC 5321 §4.2
// and RFC 2034. Which codes fit a situation is reply_rules.h's to say.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_OVERRIDE_H_
#define POSTERN_FUZZ_ORACLE_OVERRIDE_H_

#include <string_view>

#include "engine/replies/bound_replies.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

// What FormatOverride made is one strict reply of that code whose text is the host's, line by line.
// `octets` empty: nothing was made.
Finding OverrideIsStrict(const replies::BoundReplies& replies, replies::ReplyId situation,
                         const replies::Override& reply, replies::OverrideError error,
                         std::string_view octets);

// CheckOverride and FormatOverride together, in a block of exactly the promised size.
Finding OverrideIsChecked(const replies::BoundReplies& replies, replies::ReplyId situation,
                          const replies::Override& reply);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_OVERRIDE_H_
