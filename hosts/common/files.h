// SPDX-License-Identifier: Apache-2.0
//
// Small files that a host reads whole: configuration, reply tables. Errors are sentences that name
// the file, the reason and the mend. Not for content of messages.
//
// Threads: any.
#ifndef POSTERN_HOSTS_COMMON_FILES_H_
#define POSTERN_HOSTS_COMMON_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace postern {
namespace host {

// What a host reads is written by people; a file beyond this is a mistake (a mail spool, a device).
inline constexpr size_t kMaxFileOctets = 16 * 1024 * 1024;

absl::StatusOr<std::string> ReadFile(const std::string& path);

// "FILE: sentence", the form of all errors about files.
absl::Status FileError(absl::string_view path, absl::string_view sentence);

}  // namespace host
}  // namespace postern

#endif  // POSTERN_HOSTS_COMMON_FILES_H_
