// SPDX-License-Identifier: Apache-2.0
//
// posternctl: one row a command; what each does is in its own file.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hosts/common/closest.h"
#include "tools/posternctl/command_line.h"
#include "tools/posternctl/commands.h"

namespace postern {
namespace ctl {

const std::vector<Command>& Commands() {
  constexpr size_t kMany = 10000;
  static const auto* const commands = new std::vector<Command>{
      {"check",
       "FILE...",
       "tells every fault of tables and configurations at once.",
       "Each fault is told with file, line, entry, why, and the mend. What a file is, a reply "
       "table, a\n"
       "configuration of posternd or one of the engine, is found out from its fields. The table "
       "that a\n"
       "configuration names is checked with it. Warnings tell of texts that leak facts: versions,\n"
       "products, whether a mailbox exists.\n",
       "posternctl check my.textproto\n"
       "posternctl check --strict /etc/posternd/posternd.textproto   warnings count too\n"
       "posternctl check --translation de.textproto                  what is missing in a "
       "translation\n"
       "posternctl check --translation tables/de.*textproto          the same, cut into files\n"
       "posternctl check --json *.textproto | jq '.errors'\n",
       {"as", "strict", "warnings", "translation", "json", "color"},
       1,
       kMany,
       &RunCheck},
      {"compile",
       "FILE",
       "makes the serialized form that every host takes.",
       "A file with a fault is refused as a whole, and its faults are told.\n",
       "posternctl compile my.textproto --output=my.binpb\n",
       {"output", "as", "color"},
       1,
       1,
       &RunCompile},
      {"decompile",
       "FILE",
       "turns the serialized form back into text.",
       "Comments are gone: the serialized form has none.\n",
       "posternctl decompile my.binpb --output=my.textproto\n",
       {"output", "as"},
       1,
       1,
       &RunDecompile},
      {"diff",
       "A B",
       "shows what a client would see differently.",
       "Compares rendered replies and HELP topics, not files. `default` is the default table.\n",
       "posternctl diff old.textproto new.textproto\n"
       "posternctl diff default my.textproto        all that my table changes\n",
       {"server_name", "json", "color"},
       2,
       2,
       &RunDiff},
      {"render",
       "[FILE]",
       "shows the whole table as a client sees it.",
       "Situation by situation, with sample values. --html makes one page that can be searched "
       "and\n"
       "needs no network.\n",
       "posternctl render my.textproto | less -R\n"
       "posternctl render --html --output=replies.html my.textproto\n",
       {"html", "output", "table", "language", "server_name", "json", "color"},
       0,
       1,
       &RunRender},
      {"explain",
       "CODE [CODE]",
       "tells what a reply code means, or how two differ.",
       "A code is a reply code (500), an enhanced code (5.1.1) or the id of a reply (BARE_LF).\n"
       "Two reply codes are shown side by side, with their key differences and which to use "
       "when.\n",
       "posternctl explain 500\n"
       "posternctl explain 214 500      side by side\n"
       "posternctl explain 5.7.1\n"
       "posternctl explain LINE_TOO_LONG\n",
       {"language", "table", "server_name", "json", "color"},
       1,
       2,
       &RunExplain},
      {"trace",
       "FILE|-",
       "plays a dialogue through the engine and shows what it understood.",
       "FILE holds what a client sends: plain lines, or lines that begin with `C: ` among others\n"
       "(tests/transcripts has examples). For each line: what was understood, the rule by which it "
       "was\n"
       "judged, the state before and after, and the reply.\n",
       "printf 'EHLO me.example.org\\nFROB\\n' | posternctl trace -\n"
       "posternctl trace --answer=rcpt=reject:RELAY_DENIED dialogue.txt\n"
       "posternctl trace --raw --table=my.textproto capture.bin      octets as they are\n",
       {"table", "config", "answer", "tls", "starttls", "raw", "server_name", "output", "json",
        "color"},
       1,
       1,
       &RunTrace},
      {"helpfile",
       "[FILE]",
       "writes the HELP topics as Sendmail's help file.",
       "Version 2 of the format; {server} becomes $j. What HELP lists, and the commands that have "
       "a\n"
       "topic, are those of --commands: a Sendmail with STARTTLS and AUTH wants them named "
       "there.\n",
       "posternctl helpfile my.textproto --output=/etc/mail/postern.helpfile\n"
       "posternctl helpfile --commands=HELO,EHLO,MAIL,RCPT,DATA,RSET,NOOP,QUIT,HELP,STARTTLS\n",
       {"output", "table", "language", "commands"},
       0,
       1,
       &RunHelpfile},
      {"new",
       "LOCALE",
       "begins a translation.",
       "A whole table with the English of every entry, to be translated in place. LOCALE is a\n"
       "language tag: de, pt-BR.\n",
       "posternctl new de --output=de.textproto\n"
       "posternctl check --translation de.textproto\n",
       {"output"},
       1,
       1,
       &RunNew},
      {"bench",
       "[FILE]",
       "measures the engine on a dialogue, beside memcpy.",
       "A quick look at this machine. FILE is a dialogue as for trace.\n",
       "posternctl bench\n"
       "posternctl bench --seconds=5 --config=posternd.textproto dialogue.txt\n",
       {"seconds", "table", "config", "raw", "server_name", "output", "json"},
       0,
       1,
       &RunBench},
  };
  return *commands;
}

namespace {

// Under `bazel run` the program starts in a folder of Bazel's; the person is elsewhere.
void GoWhereThePersonIs() {
  const char* directory = getenv("BUILD_WORKING_DIRECTORY");
  if (directory != nullptr && chdir(directory) != 0) {
    fprintf(stderr, "posternctl: cannot go to %s: %s; relative paths start elsewhere\n", directory,
            strerror(errno));
  }
}

int Main(const std::vector<std::string>& arguments) {
  GoWhereThePersonIs();
  if (arguments.empty()) {
    fputs(UsageText().c_str(), stderr);
    return kUsage;
  }
  const std::string& name = arguments[0];
  if (name == "--help" || name == "-h" || name == "help") {
    if (arguments.size() == 1) {
      fputs(UsageText().c_str(), stdout);
      return kFine;
    }
    return Main({arguments[1], "--help"});
  }
  std::vector<std::string> names;
  for (const Command& command : Commands()) {
    names.emplace_back(command.name);
    if (name != command.name) continue;
    const absl::StatusOr<Invocation> invocation =
        ParseInvocation(command, {arguments.begin() + 1, arguments.end()});
    if (!invocation.ok()) return Fail(invocation.status());
    if (invocation->help) {
      fputs(UsageText(command).c_str(), stdout);
      return kFine;
    }
    return command.run(*invocation);
  }
  const std::string closest = host::Closest(name, names);
  return Fail(absl::StrCat("there is no command ", name, "; ",
                           closest.empty() ? "" : absl::StrCat("did you mean ", closest, "? "),
                           "posternctl --help lists them"));
}

}  // namespace
}  // namespace ctl
}  // namespace postern

int main(int argc, char** argv) { return postern::ctl::Main({argv + 1, argv + argc}); }
