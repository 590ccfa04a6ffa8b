// SPDX-License-Identifier: Apache-2.0
//
// What the parts of LoadOptions share, which has grown beyond one file; see options.h.
//
// Threads: as LoadOptions.
#ifndef POSTERN_HOSTS_POSTERND_OPTIONS_PARTS_H_
#define POSTERN_HOSTS_POSTERND_OPTIONS_PARTS_H_

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "hosts/posternd/options.h"
#include "hosts/posternd/posternd_config.pb.h"

namespace postern {
namespace posternd {

using StringList = std::vector<std::string>;

// The flag if given, else the file's value, else the default.
template <typename T>
T Choose(const Arguments& arguments, const char* name, const absl::Flag<T>& flag, T file,
         T otherwise) {
  if (arguments.given.count(name) != 0) return absl::GetFlag(flag);
  return file == T() ? otherwise : file;
}

inline StringList ToList(const google::protobuf::RepeatedPtrField<std::string>& field) {
  return StringList(field.begin(), field.end());
}

// options_auth.cc: posternd's part of authentication, and what of it is the engine's.
absl::Status LoadAuth(const Arguments& arguments, v1::PosterndConfig* file, Options* options);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_OPTIONS_PARTS_H_
