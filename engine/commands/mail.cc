// SPDX-License-Identifier: Apache-2.0
//
// MAIL (RFC 5321 §4.1.1.2) and its parameters SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC
// 6531).

#include "engine/commands/envelope.h"

namespace postern::commands {

Fault TakeSize(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  // RFC 1870 §3: size-value ::= 1*20DIGIT. Twenty digits can exceed 64 bits, and such a size is
  // well-formed and too large.
  if (parameter.value.empty() || parameter.value.size() > 20) return Fault::kBadParameter;
  for (const char c : parameter.value) {
    if (c < '0' || c > '9') return Fault::kBadParameter;
  }
  if (!syntax::ParseDecimal(parameter.value, 20, &command->size)) command->size = UINT64_MAX;
  return Fault::kNone;
}

Fault TakeBody(const syntax::Parameter& parameter, const ParseContext&, ParsedCommand* command) {
  if (syntax::EqualsIgnoreCase(parameter.value, "8BITMIME")) {
    command->body = Body::k8BitMime;
    return Fault::kNone;
  }
  if (syntax::EqualsIgnoreCase(parameter.value, "7BIT")) {
    command->body = Body::k7Bit;
    return Fault::kNone;
  }
  // RFC 3030 §3: well-formed, and its extension is not offered (contract C555).
  if (syntax::EqualsIgnoreCase(parameter.value, "BINARYMIME")) return Fault::kParameterNotInForce;
  return Fault::kBadParameter;
}

Fault TakeSmtpUtf8(const syntax::Parameter& parameter, const ParseContext&,
                   ParsedCommand* command) {
  // RFC 6531 §3.4: it must not have a value.
  if (parameter.has_value) return Fault::kBadParameter;
  command->smtputf8 = true;
  return Fault::kNone;
}

Fault ParseMail(std::string_view rest, const ParseContext& context, ParsedCommand* command) {
  command->fault =
      ParseEnvelope(Verb::kMail, syntax::PathKind::kReversePath, rest, context, command);
  // RFC 6531 §3.4: the parameter must be there if the envelope needs it.
  if (command->fault == Fault::kNone && command->path.has_utf8 && !command->smtputf8) {
    command->fault = Fault::kNonAsciiPath;
  }
  return command->fault;
}

}  // namespace postern::commands
