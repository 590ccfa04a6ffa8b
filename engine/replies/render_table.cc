// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/render_table.h"

#include <memory>
#include <string_view>
#include <vector>

#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_table.h"
#include "engine/replies/reply_table_data.h"

namespace postern::replies {
namespace {

template <typename Format>
void Append(std::string_view title, Format format, std::string* out) {
  std::string octets(format(nullptr, size_t{0}), '\0');
  format(octets.data(), octets.size());
  *out += "# ";
  *out += title;
  *out += '\n';
  for (const char c : octets) {
    if (c != '\r') *out += c;
  }
}

}  // namespace

std::string RenderDefaultTable() {
  const auto table = ReplyTable::LoadDefault();
  if (!table.ok()) return "";
  BindOptions options;
  options.server = "mx.example.org";
  const auto replies = BoundReplies::Bind(*table, options);
  Values values;
  values.client = "192.0.2.1";
  values.verb = "VERB";
  values.topic = "TOPIC";
  values.parameter = "PARAMETER";
  values.octet = "0x07";
  values.limit = 512;
  values.commands = "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP";
  std::string out =
      "# The default table as it goes out (CR left out of this file). Written by\n"
      "# ./bazelw run //engine/replies:render_default_table -- "
      "$PWD/engine/replies/default_table.golden\n";
  for (const ReplyRule* rule = ReplyRulesBegin(); rule != ReplyRulesEnd(); ++rule) {
    Append(
        rule->name,
        [&](char* to, size_t capacity) { return replies->Format(rule->id, values, to, capacity); },
        &out);
  }
  for (const auto& [name, lines] : (*table)->data().topics) {
    Append(
        "HELP " + name,
        [&, topic = std::string_view(name)](char* to, size_t capacity) {
          return replies->FormatHelpTopic(topic, values, to, capacity);
        },
        &out);
  }
  return out;
}

}  // namespace postern::replies
