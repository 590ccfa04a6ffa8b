// SPDX-License-Identifier: Apache-2.0
//
// ETRN (RFC 1985) and ATRN (RFC 2645): whose mail is to be sent, and BURL (RFC 4468): from where
// content is to be fetched. Whether the client may have it is the host's to say.

#include "engine/commands/parse.h"
#include "engine/syntax/burl_argument.h"
#include "engine/syntax/parameters.h"

namespace postern::commands {
namespace {

// What stands behind the verb and its space. False: there is none, or an HT in its place.
bool TakeSpace(const Leniency& leniency, std::string_view* rest) {
  if (rest->empty() || (*rest)[0] != ' ') return false;
  rest->remove_prefix(1);
  while (leniency.extra_spaces && !rest->empty() && (*rest)[0] == ' ') rest->remove_prefix(1);
  return true;
}

}  // namespace

Fault ParseEtrn(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  if (rest.empty()) return command->fault = Fault::kArgumentMissing;
  if (!TakeSpace(*context.leniency, &rest)) return command->fault = Fault::kBadArgument;
  const syntax::EtrnArgument argument = syntax::ParseEtrnArgument(rest);
  if (!argument.ok()) return command->fault = Fault::kBadArgument;
  command->argument = argument.name;
  command->etrn = argument.kind;
  return Fault::kNone;
}

Fault ParseAtrn(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  if (rest.empty()) return Fault::kNone;
  if (!TakeSpace(*context.leniency, &rest)) return command->fault = Fault::kBadArgument;
  syntax::AtrnIterator domains(rest);
  for (std::string_view domain; domains.Next(&domain);) {
  }
  if (domains.error() != syntax::QueueError::kNone) return command->fault = Fault::kBadArgument;
  command->argument = rest;
  return Fault::kNone;
}

Fault ParseBurl(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  if (rest.empty()) return command->fault = Fault::kArgumentMissing;
  if (!TakeSpace(*context.leniency, &rest)) return command->fault = Fault::kBadArgument;
  const syntax::BurlArgument argument = syntax::ParseBurlArgument(rest);
  if (!argument.ok()) return command->fault = Fault::kBadArgument;
  command->argument = argument.uri;
  command->last = argument.last;
  return Fault::kNone;
}

bool SaysLast(std::string_view rest) {
  constexpr size_t kOctets = 5;
  return rest.size() >= kOctets &&
         syntax::EqualsIgnoreCase(rest.substr(rest.size() - kOctets), " LAST");
}

}  // namespace postern::commands
