// SPDX-License-Identifier: Apache-2.0
//
// The commands, one file each. All give an exit status (command_line.h).
#ifndef POSTERN_TOOLS_POSTERNCTL_COMMANDS_H_
#define POSTERN_TOOLS_POSTERNCTL_COMMANDS_H_

#include "tools/posternctl/command_line.h"

namespace postern {
namespace ctl {

int RunCheck(const Invocation& invocation);      // check.cc
int RunCompile(const Invocation& invocation);    // compile.cc
int RunDecompile(const Invocation& invocation);  // compile.cc
int RunDiff(const Invocation& invocation);       // diff.cc
int RunRender(const Invocation& invocation);     // render.cc
int RunExplain(const Invocation& invocation);    // explain.cc
int RunTrace(const Invocation& invocation);      // trace.cc
int RunHelpfile(const Invocation& invocation);   // helpfile.cc
int RunNew(const Invocation& invocation);        // new_locale.cc
int RunBench(const Invocation& invocation);      // bench.cc

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_COMMANDS_H_
