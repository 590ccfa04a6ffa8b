// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/verdict.h"

#include <algorithm>

#include "plugin_api/postern.h"

namespace postern::fuzz::oracle {
namespace {

std::string Numbers(uint32_t reply_id, uint32_t code, uint32_t rule) {
  return "reply " + std::to_string(reply_id) + " code " + std::to_string(code) + " rule " +
         std::to_string(rule);
}

}  // namespace

Finding SameVerdict(const Inspected& inspected, const SessionDid& session) {
  const auto raised = [&session](uint32_t type) {
    return std::find(session.event_types.begin(), session.event_types.end(), type) !=
           session.event_types.end();
  };
  if (inspected.event_type != 0 && !raised(inspected.event_type)) {
    return "no event of type " + std::to_string(inspected.event_type);
  }
  if (inspected.code == 0) {
    // The line is right: the engine itself refuses nothing.
    if (!session.errors.empty()) {
      const SessionDid::Error& error = session.errors[0];
      return "right by inspection, and refused with " +
             Numbers(error.reply_id, error.code, error.rule);
    }
    return {};
  }
  if (inspected.event_type != POSTERN_EVENT_HELP) {
    if (session.errors.size() != 1) {
      return std::to_string(session.errors.size()) + " errors in place of one";
    }
    const SessionDid::Error& error = session.errors[0];
    if (error.reply_id != inspected.reply_id || error.code != inspected.code ||
        error.rule != inspected.rule) {
      return Numbers(inspected.reply_id, inspected.code, inspected.rule) + " by inspection, " +
             Numbers(error.reply_id, error.code, error.rule) + " in the session";
    }
  } else if (!session.decided_help) {
    return "HELP was no decision";
  }
  if (session.output != inspected.reply) {
    return "in other words: \"" + Visible(inspected.reply) + "\" by inspection, \"" +
           Visible(session.output) + "\" in the session";
  }
  return {};
}

}  // namespace postern::fuzz::oracle
