// SPDX-License-Identifier: Apache-2.0
//
// The tables that the program carries, one a language (tables/languages.bzl).
//
// Threads: immutable.
#ifndef POSTERN_TOOLS_POSTERNCTL_LANGUAGES_H_
#define POSTERN_TOOLS_POSTERNCTL_LANGUAGES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/proto/reply_table.pb.h"

namespace postern {
namespace ctl {

struct EmbeddedTable {
  const char* language;
  const unsigned char* octets;
  size_t size;
};

// Made at build (tools/embed_tables.py).
extern const EmbeddedTable kLanguages[];
extern const size_t kLanguageCount;

std::vector<std::string> LanguageNames();

// The default table, whole: the library's own copy lacks what only tools tell.
const v1::ReplyTable& DefaultTable();

// The table of --table or --language, or the default; checked.
absl::StatusOr<v1::ReplyTable> ReadChosenTable();

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_LANGUAGES_H_
