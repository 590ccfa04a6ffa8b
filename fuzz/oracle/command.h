// SPDX-License-Identifier: Apache-2.0
//
// What engine/commands must say of a command line, by the grammar of the RFCs.
//
// What it is: the language of every verb (smtp_grammar.h) and, where a line is not in it, the fault
// that parse.h promises: faults come in the order of the octets. What it is not: a judge of phases
// or of what is enabled, which is engine/session's; nor of lenient parsing, of which it knows only
// that it widens.
//
// Threads and lifetime: pure functions over borrowed text.

#ifndef POSTERN_FUZZ_ORACLE_COMMAND_H_
#define POSTERN_FUZZ_ORACLE_COMMAND_H_

#include <string_view>

#include "engine/commands/command_table.h"
#include "engine/commands/parse.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

// FindVerb and TakeVerb: `line` is without CR LF. Verbs are those of the grammar's rule `verb`, in
// any case, before the first SP or HT.
Finding VerbAgrees(std::string_view line, commands::Verb verb, std::string_view name,
                   std::string_view rest);

// ParseArguments without leniency. `line` is without CR LF and as it came, trailing white space
// included; `verb` is the right one.
Finding CommandAgrees(std::string_view line, commands::Verb verb,
                      const commands::ParseContext& context,
                      const commands::ParsedCommand& command);

// Every leniency widens: what is right without is right with it, and means the same.
Finding LeniencyOnlyWidens(const commands::ParsedCommand& strict,
                           const commands::ParsedCommand& lenient);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_COMMAND_H_
