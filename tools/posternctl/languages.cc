// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/languages.h"

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {

std::vector<std::string> LanguageNames() {
  std::vector<std::string> names;
  names.reserve(kLanguageCount);
  for (size_t i = 0; i < kLanguageCount; ++i) names.emplace_back(kLanguages[i].language);
  return names;
}

const v1::ReplyTable& DefaultTable() {
  static const v1::ReplyTable* const table = [] {
    auto* made = new v1::ReplyTable;
    for (size_t i = 0; i < kLanguageCount; ++i) {
      if (std::string(kLanguages[i].language) != "en") continue;
      made->ParseFromArray(kLanguages[i].octets, static_cast<int>(kLanguages[i].size));
    }
    return made;
  }();
  return *table;
}

absl::StatusOr<v1::ReplyTable> ReadChosenTable() {
  const std::string path = absl::GetFlag(FLAGS_table);
  const std::string language = absl::GetFlag(FLAGS_language);
  if (language.empty()) return ReadTable(path);
  if (!path.empty()) {
    return absl::InvalidArgumentError("--table and --language: give one of both");
  }
  for (size_t i = 0; i < kLanguageCount; ++i) {
    if (language != kLanguages[i].language) continue;
    v1::ReplyTable table;
    if (!table.ParseFromArray(kLanguages[i].octets, static_cast<int>(kLanguages[i].size))) {
      return absl::InternalError("a table inside the program does not parse");
    }
    return table;
  }
  return absl::InvalidArgumentError(absl::StrCat("--language=", language, ": there are ",
                                                 absl::StrJoin(LanguageNames(), ", "),
                                                 "; others with --table=FILE"));
}

}  // namespace ctl
}  // namespace postern
