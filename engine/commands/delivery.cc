// SPDX-License-Identifier: Apache-2.0
//
// The parameters that say how a message is to be delivered and what is to be told of it: RET,
// ENVID, NOTIFY and ORCPT (RFC 3461), REQUIRETLS (RFC 8689), BY (RFC 2852), MT-PRIORITY (RFC 6710),
// HOLDFOR and HOLDUNTIL (RFC 4865) and RRVS (RFC 7293). What they may say is engine/syntax's to
// know; here it is put into the command.

#include "engine/commands/envelope.h"
#include "engine/syntax/delivery_parameters.h"
#include "engine/syntax/dsn.h"

namespace postern::commands {
namespace {

using syntax::DsnError;

Extras::Text TextOf(std::string_view text) { return {text.data(), text.size()}; }

Fault Took(bool good, Given what, ParsedCommand* command) {
  if (!good) return Fault::kBadParameter;
  command->given = static_cast<uint16_t>(command->given | what);
  return Fault::kNone;
}

}  // namespace

Fault TakeRet(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  const DsnError error = syntax::ParseRet(parameter.value, &command->extras.dsn_return);
  return Took(error == DsnError::kNone, kGivenRet, command);
}

Fault TakeEnvid(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  command->extras.envid = TextOf(parameter.value);
  return Took(syntax::ParseEnvid(parameter.value) == DsnError::kNone, kGivenEnvid, command);
}

Fault TakeNotify(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  const DsnError error = syntax::ParseNotify(parameter.value, &command->extras.notify);
  return Took(error == DsnError::kNone, kGivenNotify, command);
}

Fault TakeOrcpt(const syntax::Parameter& parameter, const ParseContext& context,
                ParsedCommand* command) {
  const syntax::Orcpt orcpt =
      syntax::ParseOrcpt(parameter.value, InForceForClient(Extension::kSmtpUtf8, context.now));
  command->extras.orcpt_type = TextOf(orcpt.addr_type);
  command->extras.orcpt = TextOf(orcpt.address);
  // RFC 6531 §3.4: octets beyond ASCII, not in xtext, only where MAIL said SMTPUTF8.
  bool raw = false;
  for (const char c : parameter.value) raw |= static_cast<uint8_t>(c) >= 0x80;
  return Took(orcpt.ok() && (!raw || context.smtputf8_transaction), kGivenOrcpt, command);
}

Fault TakeRequireTls(const syntax::Parameter& parameter, const ParseContext&,
                     ParsedCommand* command) {
  // RFC 8689 §2: it has no value.
  return Took(!parameter.has_value, kGivenRequireTls, command);
}

Fault TakeBy(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  syntax::DeliverBy by;
  const bool good = syntax::ParseDeliverBy(parameter.value, &by) == syntax::DeliverByError::kNone;
  command->extras.by_seconds = by.seconds;
  command->extras.by_mode = by.mode;
  command->extras.by_trace = by.trace;
  return Took(good, kGivenBy, command);
}

Fault TakeMtPriority(const syntax::Parameter& parameter, const ParseContext&,
                     ParsedCommand* command) {
  const bool good = syntax::ParseMtPriority(parameter.value, &command->extras.priority);
  return Took(good, kGivenPriority, command);
}

Fault TakeHoldFor(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  const bool good = syntax::ParseHoldFor(parameter.value, &command->extras.hold_for);
  return Took(good, kGivenHoldFor, command);
}

Fault TakeHoldUntil(const syntax::Parameter& parameter, const ParseContext&,
                    ParsedCommand* command) {
  syntax::DateTime until;
  const bool good = syntax::ParseHoldUntil(parameter.value, &until);
  // RFC 4865 §4.2 item 6: not before that time, so not in the second that it lies in.
  command->extras.hold_until = until.unix_seconds + (until.nanoseconds != 0 ? 1 : 0);
  return Took(good, kGivenHoldUntil, command);
}

Fault TakeRrvs(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  syntax::Rrvs rrvs;
  const bool good = syntax::ParseRrvs(parameter.value, &rrvs);
  command->extras.rrvs = rrvs.valid_since.unix_seconds;
  command->extras.rrvs_action = rrvs.no_support_action;
  return Took(good, kGivenRrvs, command);
}

}  // namespace postern::commands
