// SPDX-License-Identifier: Apache-2.0
//
// Configurations: arbitrary octets, messages of arbitrary fields, and text.
//
// Target functions: session::LoadConfig (LoadServerName, LoadExtensions, LoadLeniency, LoadLimits),
// host::TextProtoSchema::Serialize.
//
// Input: what kind, then the configuration.
// Oracles: ConfigIsSound; RefusalIsReadable; SameConfig (load, print, load: round trip); nothing is
// written to stderr.

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/session/config.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/config.h"
#include "fuzz/oracle/table.h"
#include "fuzz/quiet.h"
#include "fuzz/schema.h"
#include "fuzz/table_input.h"
#include "hosts/common/text_proto.h"

namespace postern::fuzz {
namespace {

// One for each field at most.
constexpr size_t kMostProblems = 40;

const host::TextProtoSchema& Schema() {
  static const host::TextProtoSchema& schema = *[] {
    auto made = host::TextProtoSchema::Create(
        absl::string_view(reinterpret_cast<const char*>(kSchema), kSchemaSize));
    RequireThat(made.ok(), "schema", "it is damaged");
    return new host::TextProtoSchema(std::move(*made));
  }();
  return schema;
}

void Load(const std::string& serialized) {
  const auto load = [](const std::string& octets) {
    const MustBeQuiet quiet;
    return session::LoadConfig(octets);
  };
  const auto config = load(serialized);
  if (!config.ok()) {
    return Require("RefusalIsReadable", oracle::RefusalIsReadable(config.status(), kMostProblems));
  }
  Require("ConfigIsSound", oracle::ConfigIsSound(*config));
  const auto again = load(oracle::SerializeConfig(*config));
  RequireThat(again.ok(), "SameConfig", "what was loaded is refused when it is written out");
  Require("SameConfig", oracle::SameConfig(*config, *again));
}

void Run(Input input) {
  switch (input.Below(3)) {
    case 0:
      return Load(std::string(input.Rest()));
    case 1:
      return Load(WildConfig(&input));
    default: {
      const std::string text(input.Rest());
      const auto serialized = Schema().Serialize("postern.v1.EngineConfig", text, "fuzz");
      if (serialized.ok()) Load(*serialized);
    }
  }
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
