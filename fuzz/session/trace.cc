// SPDX-License-Identifier: Apache-2.0

#include "fuzz/session/trace.h"

#include <tuple>

#include "fuzz/check.h"

namespace postern::fuzz {

bool operator==(const SeenEvent& a, const SeenEvent& b) {
  const auto all = [](const SeenEvent& e) {
    return std::tie(e.type, e.flags, e.ticket, e.path, e.mailbox, e.local_part, e.domain,
                    e.parameters, e.text, e.line, e.number, e.total, e.count, e.reply_id, e.code,
                    e.rule, e.reason, e.proxy, e.envid, e.envid_decoded, e.orcpt_type, e.orcpt,
                    e.orcpt_decoded, e.dsn_return, e.notify, e.by_mode, e.rrvs_action, e.by_seconds,
                    e.priority, e.rrvs, e.hold_until, e.hold_for, e.attributes);
  };
  return all(a) == all(b);
}

std::string Describe(const SeenEvent& event) {
  std::string s = "event " + std::to_string(event.type);
  const auto number = [&s](const char* name, uint64_t value) {
    if (value != 0) s += std::string(" ") + name + '=' + std::to_string(value);
  };
  const auto text = [&s](const char* name, const std::string& value) {
    if (!value.empty()) s += std::string(" ") + name + "=\"" + Visible(value) + '"';
  };
  number("flags", event.flags);
  number("ticket", event.ticket ? 1 : 0);
  text("path", event.path);
  text("mailbox", event.mailbox);
  text("local", event.local_part);
  text("domain", event.domain);
  text("parameters", event.parameters);
  text("text", event.text);
  text("line", event.line);
  text("attributes", event.attributes);
  text("proxy", event.proxy);
  number("number", event.number);
  number("total", event.total);
  number("count", event.count);
  number("reply", event.reply_id);
  number("code", event.code);
  number("rule", event.rule);
  number("reason", event.reason);
  text("envid", event.envid);
  text("envid_decoded", event.envid_decoded);
  text("orcpt_type", event.orcpt_type);
  text("orcpt", event.orcpt);
  text("orcpt_decoded", event.orcpt_decoded);
  number("return", event.dsn_return);
  number("notify", event.notify);
  number("by_mode", event.by_mode);
  number("by", static_cast<uint64_t>(event.by_seconds));
  number("priority", static_cast<uint64_t>(event.priority));
  number("rrvs", static_cast<uint64_t>(event.rrvs));
  number("rrvs_action", event.rrvs_action);
  number("hold_for", event.hold_for);
  number("hold_until", static_cast<uint64_t>(event.hold_until));
  return s;
}

}  // namespace postern::fuzz
