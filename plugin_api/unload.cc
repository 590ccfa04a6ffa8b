// SPDX-License-Identifier: Apache-2.0
//
// What libpostern.so does when it is unloaded: protobuf's memory that lives as long as the process,
// by its own account, lives as long as the library here. Without this each round of loading and
// unloading would lose it.
//
// What it is not: part of the adapter that programs link in; there protobuf is the program's.
//
// Threads: run by the loader, when no call can be under way (or the process ends).

#include <google/protobuf/stubs/common.h>

namespace {

__attribute__((destructor)) void GiveBackWhatProtobufKeeps() {
  google::protobuf::ShutdownProtobufLibrary();
}

}  // namespace
