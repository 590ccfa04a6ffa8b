// SPDX-License-Identifier: Apache-2.0
//
// Command lines of every verb.
//
// Target functions: commands::TakeVerb, SplitVerb, FindVerb, StripTrailingSpace, ParseArguments
// (ParseHelo, ParseMail, ParseRcpt, ParseQuery, ParseNothing, ParseEnvelope, ParseAnyParameters,
// TakeUsualMailParameters, TakeSize, TakeBody, TakeSmtpUtf8, TakeRet, TakeEnvid, TakeNotify,
// TakeOrcpt, TakeRequireTls, TakeBy, TakeMtPriority, TakeHoldFor, TakeHoldUntil, TakeRrvs),
// FindUnknownParameter, InForce, LineLimit.
//
// Input: what is in force, leniency, then the line without its CR LF.
// Oracles: VerbAgrees, CommandAgrees (the ABNF of the RFCs, the limits, the order of faults),
// LeniencyOnlyWidens; WorkIsLinear (B2).

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/commands/command_table.h"
#include "engine/commands/parse.h"
#include "fuzz/check.h"
#include "fuzz/input.h"
#include "fuzz/oracle/command.h"
#include "fuzz/work.h"

namespace postern::fuzz {
namespace {

using commands::Bit;
using commands::Extension;
using commands::Verb;

commands::ParseContext Context(uint8_t octet, uint8_t more, const commands::Leniency* leniency) {
  commands::ParseContext context;
  // Zero is what most sessions are: everything on, behind EHLO.
  const auto bits = static_cast<uint8_t>(~octet);
  const auto enable = [&context, bits](unsigned bit, Extension extension) {
    if ((bits >> bit & 1) != 0) context.now.enabled |= Bit(extension);
  };
  enable(0, Extension::kSize);
  enable(1, Extension::kEightBitMime);
  enable(2, Extension::kSmtpUtf8);
  // Where there is no place for bits of their own: HELP has no parameter, nor has EXPN.
  enable(5, Extension::kBinaryMime);
  enable(6, Extension::kChunking);
  context.now.extended = (bits >> 3 & 1) != 0;
  context.smtputf8_transaction = (bits >> 4 & 1) == 0;
  enable(5, Extension::kExpn);
  enable(6, Extension::kHelp);
  enable(7, Extension::kStarttls);
  // The extensions that are off by default go with one that is on.
  enable(7, Extension::kAuth);
  // What unknown parameters are to a host that may know them, with what is on in few sessions.
  if ((bits >> 7 & 1) == 0) context.now.enabled |= Bit(Extension::kHostParameters);
  context.now.can_starttls = true;
  // The other two bits of the octet of leniencies.
  if ((more & 64) == 0) {
    for (const Extension extension :
         {Extension::kDsn, Extension::kRequireTls, Extension::kDeliverBy, Extension::kMtPriority,
          Extension::kFutureRelease, Extension::kRrvs}) {
      context.now.enabled |= Bit(extension);
    }
  }
  context.now.tls = (more & 128) == 0;
  context.leniency = leniency;
  return context;
}

commands::Leniency MakeLeniency(uint8_t bits) {
  commands::Leniency leniency;
  leniency.space_after_colon = (bits & 1) != 0;
  leniency.missing_angle_brackets = (bits & 2) != 0;
  leniency.trailing_dot_in_domain = (bits & 4) != 0;
  leniency.underscore_in_helo = (bits & 8) != 0;
  leniency.any_helo_argument = (bits & 16) != 0;
  leniency.extra_spaces = (bits & 32) != 0;
  return leniency;
}

void Run(Input input) {
  const commands::Leniency strict;
  const uint8_t in_force = input.Octet();
  const uint8_t lenient_bits = input.Octet();
  commands::ParseContext context = Context(in_force, lenient_bits, &strict);
  const commands::Leniency leniency = MakeLeniency(lenient_bits);
  const std::string_view line = input.Rest();

  const std::string_view text = commands::StripTrailingSpace(line);
  RequireThat(text.empty() || (text.back() != ' ' && text.back() != '\t'), "StripTrailingSpace",
              Visible(line));
  const commands::TakenVerb taken = commands::TakeVerb(text);
  const Verb verb = taken.verb;
  const std::string_view rest = taken.rest;
  Require("VerbAgrees", oracle::VerbAgrees(text, verb, taken.name, rest));
  std::string_view split_rest;
  const std::string_view split_name = commands::SplitVerb(text, &split_rest);
  Require("VerbAgrees",
          oracle::VerbAgrees(text, commands::FindVerb(split_name), split_name, split_rest));
  if (verb == Verb::kUnknown) return;

  commands::ParsedCommand command;
  const commands::Fault fault = commands::ParseArguments(verb, rest, context, &command);
  RequireThat(fault == command.fault, "CommandAgrees", "it returns what it does not say");
  Require("CommandAgrees", oracle::CommandAgrees(line, verb, context, command));
  if (verb == Verb::kMail || verb == Verb::kRcpt) {
    commands::ParsedCommand again;
    const auto parse = verb == Verb::kMail ? commands::ParseMail : commands::ParseRcpt;
    RequireThat(parse(rest, context, &again) == fault && again.path.used == command.path.used,
                "CommandAgrees", "the parser of one verb says something else");
  }

  context.leniency = &leniency;
  commands::ParsedCommand lenient;
  commands::ParseArguments(verb, rest, context, &lenient);
  Require("LeniencyOnlyWidens", oracle::LeniencyOnlyWidens(command, lenient));
}

}  // namespace
}  // namespace postern::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const postern::fuzz::LinearWork work(size, 500, 40);
  postern::fuzz::Run(postern::fuzz::Input(data, size));
  return 0;
}
