// SPDX-License-Identifier: Apache-2.0
//
// What a checked table holds, as plain data. Private to engine/replies: the loader fills it,
// binding reads it.
//
// Threads and lifetime: immutable once the loader hands it out; owned by its ReplyTable.

#ifndef POSTERN_ENGINE_REPLIES_REPLY_TABLE_DATA_H_
#define POSTERN_ENGINE_REPLIES_REPLY_TABLE_DATA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/replies/reply_id.h"

namespace postern::replies {

// Bounds that the loader holds tables to. Text and footers make 64 lines at most.
inline constexpr size_t kMaxTextLines = 56;
inline constexpr size_t kMaxFooterLines = 8;
inline constexpr size_t kMaxHelpHeadLines = 8;       // HELP_TOPIC; the topic's own: 56
inline constexpr size_t kMaxHelpOverviewLines = 32;  // {commands} makes 32 more at most
inline constexpr size_t kMaxCommandsLines = 32;
inline constexpr size_t kMaxCommandsIndent = 16;
inline constexpr size_t kHelpWidth = 72;
inline constexpr size_t kMaxHelpTopics = 256;
inline constexpr size_t kMaxReferenceOctets = 1000;
inline constexpr size_t kMaxEnhancedReferences = 256;
inline constexpr size_t kMaxCaptions = 256;

struct ReplyText {
  uint16_t code = 0;                             // 0: not there
  std::array<uint16_t, 3> enhanced = {0, 0, 0};  // class 0: none
  std::vector<std::string> text;
  std::vector<std::string> utf8_text;
};

struct TableData {
  std::string name;
  std::string language;
  std::array<ReplyText, kReplyIdLimit> replies;
  // By upper-case name. Reply codes and enhanced codes ("X.1.1") without a topic of their own have
  // one from the reference.
  std::map<std::string, std::vector<std::string>> topics;
  std::array<std::vector<std::string>, 6> footers;  // by class
  std::array<std::string, 6> class_names;           // by class; for HELP and a reply code
};

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_TABLE_DATA_H_
