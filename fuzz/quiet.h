// SPDX-License-Identifier: Apache-2.0
//
// While one of these lives, protobuf may not write to stderr: a library says nothing there.
//
// What it is: a watch on protobuf's log. Outside of it protobuf's log is dropped: targets build
// messages with text that is no UTF-8 on purpose. What it is not: a watch on stderr itself.
//
// Threads and lifetime: one at a time.

#ifndef POSTERN_FUZZ_QUIET_H_
#define POSTERN_FUZZ_QUIET_H_

#include <string>

#include "fuzz/check.h"
#include "google/protobuf/stubs/logging.h"

namespace postern::fuzz {

class MustBeQuiet {
 public:
  MustBeQuiet() {
    static const bool installed = [] {
      google::protobuf::SetLogHandler(Log);
      return true;
    }();
    watching_ = installed;
  }
  ~MustBeQuiet() { watching_ = false; }
  MustBeQuiet(const MustBeQuiet&) = delete;
  MustBeQuiet& operator=(const MustBeQuiet&) = delete;

 private:
  static void Log(google::protobuf::LogLevel /*level*/, const char* /*file*/, int /*line*/,
                  const std::string& message) {
    if (watching_) Require("quiet", "protobuf writes to stderr: " + message);
  }
  inline static bool watching_ = false;
};

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_QUIET_H_
