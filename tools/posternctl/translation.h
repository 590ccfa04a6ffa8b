// SPDX-License-Identifier: Apache-2.0
//
// Whether a table is a whole translation of the default one: every reply, topic, code, class and
// enhanced code is there, and no placeholder was lost on the way.
//
// It judges no language. Threads: pure.
#ifndef POSTERN_TOOLS_POSTERNCTL_TRANSLATION_H_
#define POSTERN_TOOLS_POSTERNCTL_TRANSLATION_H_

#include <cstddef>
#include <string>
#include <vector>

#include "engine/proto/reply_table.pb.h"

namespace postern {
namespace ctl {

// How many entries the list of that name has ("replies"); 0 if there is no such list.
size_t EntriesOf(const v1::ReplyTable& table, const std::string& list);

// What is missing or lost, each in the form of the engine's problems: "PLACE: FIELD: WHY; MEND".
std::vector<std::string> CompareTranslation(const v1::ReplyTable& original,
                                            const v1::ReplyTable& translation);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_TRANSLATION_H_
