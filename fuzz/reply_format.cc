// SPDX-License-Identifier: Apache-2.0
//
// Replies of an arbitrary valid table, with hostile values, and replies that a host makes.
//
// Target functions: replies::BoundReplies (Bind, Format, FormatValues, FormatEhlo, FormatHelpTopic,
// FindTopic, CheckOverride, FormatOverride), WrapCommands, CopyPrintable, PrintableLength,
// ReplyCompiler.
//
// Input: server and flags, a table (table_input.h), values, an override.
// Oracles: TableSpeaksStrictly (R4, R5, R7), OverrideIsChecked.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_table.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/override.h"
#include "fuzz/oracle/table.h"
#include "fuzz/table_input.h"

namespace postern::fuzz {
namespace {

using replies::BoundReplies;
using replies::ReplyTable;

const std::string& Server(unsigned choice) {
  static const std::string* const servers =
      new std::string[4]{"mx.example", "[127.0.0.1]", std::string(255, 'a'), "x"};
  return servers[choice % 4];
}

void Run(Input input) {
  const uint8_t bits = input.Octet();
  replies::BindOptions options;
  options.server = Server(bits & 3);
  options.enhanced_status_codes = (bits & 4) == 0;
  const auto table = ReplyTable::Load(TameTable(&input));
  if (!table.ok()) {
    return Require("RefusalIsReadable",
                   oracle::RefusalIsReadable(table.status(), replies::kMaxTableProblems + 1));
  }
  const auto bound = BoundReplies::Bind(*table, options);
  RequireThat(bound != nullptr, "TableSpeaksStrictly", "a good table is not bound");

  RequireThat(bound->server() == options.server && &bound->table() == table->get(),
              "TableSpeaksStrictly", "it is bound to something else");

  replies::Values values;
  values.utf8 = (bits & 8) != 0;
  values.client = input.TakeCounted();
  values.verb = input.TakeCounted();
  values.topic = input.TakeCounted();
  values.parameter = input.TakeCounted();
  values.octet = input.TakeCounted();
  values.limit = input.Long();
  values.commands = input.Take(input.Short() % 3000);
  Require("TableSpeaksStrictly", oracle::TableSpeaksStrictly(*bound, values, kTableUtf8));

  replies::Override reply;
  reply.code = static_cast<uint16_t>(input.Short() % 1000);
  const uint8_t enhanced = input.Octet();
  if ((enhanced & 1) != 0) reply.enhanced = {input.Octet(), input.Short(), input.Octet()};
  reply.utf8 = (enhanced & 2) != 0;
  const auto situation = static_cast<replies::ReplyId>(input.Octet());
  const replies::ReplyRule* const rule = replies::FindReplyRule(situation);
  // Most codes are refused: take one that is not, where the input does not insist.
  if (rule != nullptr && (enhanced & 4) == 0) reply.code = rule->codes[0];
  std::string text(input.Rest());
  if (rule != nullptr && rule->begins_with_server && (enhanced & 8) == 0) {
    text.insert(0, options.server.data(), options.server.size());
  }
  reply.text = text;
  Require("OverrideIsChecked", oracle::OverrideIsChecked(*bound, situation, reply));
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
