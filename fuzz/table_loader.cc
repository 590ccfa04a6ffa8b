// SPDX-License-Identifier: Apache-2.0
//
// Reply tables: arbitrary octets, messages of arbitrary fields, and text.
//
// Target functions: replies::ReplyTable::Load, CheckTable, CheckWhole, DescribeUnparsable,
// BoundReplies::Bind (ReplyCompiler), host::TextProtoSchema::Serialize.
//
// Input: what kind, then the table; nothing is a table of more octets than are taken.
// Oracles: RefusalIsReadable; TableSpeaksStrictly for every table that loads; loading is a
// function, and Check says of a table what Load does; serialize, parse, serialize is stable (round
// trip); nothing is written to stderr (a library says nothing there).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_table.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/table.h"
#include "fuzz/quiet.h"
#include "fuzz/schema.h"
#include "fuzz/table_input.h"
#include "hosts/common/text_proto.h"

namespace postern::fuzz {
namespace {

using replies::ReplyTable;

const host::TextProtoSchema& Schema() {
  static const host::TextProtoSchema& schema = *[] {
    auto made = host::TextProtoSchema::Create(
        absl::string_view(reinterpret_cast<const char*>(kSchema), kSchemaSize));
    RequireThat(made.ok(), "schema", "it is damaged");
    return new host::TextProtoSchema(std::move(*made));
  }();
  return schema;
}

// Rare enough among arbitrary octets that a few values do.
void SpeaksStrictly(std::shared_ptr<const ReplyTable> table) {
  for (const bool enhanced : {true, false}) {
    replies::BindOptions options;
    options.server = "mx.example";
    options.enhanced_status_codes = enhanced;
    const auto bound = replies::BoundReplies::Bind(table, options);
    RequireThat(bound != nullptr, "TableSpeaksStrictly", "a good table is not bound");
    replies::Values values;
    values.client = "192.0.2.1\r\n250 ok";
    values.verb = "XYZZY";
    values.topic = std::string_view("\0", 1);
    values.limit = UINT64_MAX;
    values.commands = "EHLO HELO MAIL";
    const std::string nothing(2000, 'x');
    values.parameter = nothing;
    // The table may say anything in UTF-8 there; which octets those are, reply_format looks at.
    Require("TableSpeaksStrictly", oracle::TableSpeaksStrictly(*bound, values, "\t"));
  }
}

void Load(const std::string& serialized) {
  const auto load = [](const std::string& octets) {
    const MustBeQuiet quiet;
    return ReplyTable::Load(octets);
  };
  const auto table = load(serialized);
  const auto again = load(serialized);
  RequireThat(table.status() == again.status(), "loading is a function", "two answers");
  RequireThat(ReplyTable::Check(serialized).empty() == table.ok(), "CheckAgrees",
              "checked, it is another table than loaded");
  if (!table.ok()) {
    return Require("RefusalIsReadable",
                   oracle::RefusalIsReadable(table.status(), replies::kMaxTableProblems + 1));
  }
  SpeaksStrictly(*table);
  v1::ReplyTable message;
  RequireThat(message.ParseFromString(serialized), "round trip", "loaded, and does not parse");
  RequireThat((*table)->name() == message.name() && (*table)->language() == message.language(),
              "round trip", "another name or language");
  const auto reloaded = load(message.SerializeAsString());
  RequireThat(reloaded.ok(), "round trip", "parsed and serialized, it is refused");
}

void Run(Input input) {
  // No input is as long as the longest table: none at all stands for one that is longer.
  if (input.empty()) return Load(std::string(replies::kMaxTableOctets + 1, '\n'));
  switch (input.Below(4)) {
    case 0:
      return Load(std::string(input.Rest()));
    case 1:
      return Load(WildTable(&input));
    case 2:
      return Load(TameTable(&input));
    default: {
      const std::string text(input.Rest());
      const auto serialized = Schema().Serialize("postern.v1.ReplyTable", text, "fuzz");
      if (!serialized.ok()) {
        return RequireThat(!serialized.status().message().empty(), "RefusalIsReadable",
                           "a refusal without a word");
      }
      return Load(*serialized);
    }
  }
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
