// SPDX-License-Identifier: Apache-2.0
//
// A module of some other project in the host's process: it uses the system's shared libprotobuf,
// and happens to have our schemas, as full classes. load_shared_test.cc loads it.

#include <cstddef>
#include <cstring>
#include <string>

#include "tests/abi/full_engine_config.pb.h"
#include "tests/abi/full_reply_table.pb.h"

// A serialized EngineConfig for the server `name` into `out`; 0 if protobuf does not work.
extern "C" __attribute__((visibility("default"))) size_t host_schema_config(const char* name,
                                                                            char* out,
                                                                            size_t capacity) {
  postern::v1::EngineConfig config;
  config.set_server_name(name);
  config.mutable_limits()->set_recipients(100);
  const std::string octets = config.SerializeAsString();
  postern::v1::EngineConfig again;
  postern::v1::ReplyTable table;
  table.add_replies()->add_text("a line");
  if (!again.ParseFromString(octets) ||
      again.ShortDebugString() !=
          "server_name: \"" + std::string(name) + "\" limits { recipients: 100 }" ||
      table.ShortDebugString() != "replies { text: \"a line\" }" || octets.size() > capacity) {
    return 0;
  }
  std::memcpy(out, octets.data(), octets.size());
  return octets.size();
}
