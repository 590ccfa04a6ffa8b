// SPDX-License-Identifier: Apache-2.0
//
// posternctl compile and decompile: protobuf text to the serialized form that every host takes, and
// back.

#include <stdio.h>
#include <unistd.h>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "engine/replies/reply_table.h"
#include "engine/session/config.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/config_check.h"
#include "tools/posternctl/findings.h"
#include "tools/posternctl/flags.h"

namespace postern {
namespace ctl {
namespace {

// What is compiled is good: a bad file gives its faults and nothing else.
std::vector<Finding> Faults(const SourceFile& file) {
  std::vector<Finding> findings;
  for (const host::TextFault& fault : file.parsed.faults) {
    Finding finding;
    finding.file = file.path;
    finding.line = fault.place.line;
    finding.column = fault.place.column;
    SplitMend(fault.what, &finding.why, &finding.mend);
    findings.push_back(finding);
  }
  if (file.kind == FileKind::kTable) {
    for (const std::string& problem : replies::ReplyTable::Check(file.parsed.serialized)) {
      findings.push_back(FromProblem(file, problem));
    }
  } else {
    std::vector<std::string> tables;
    for (const Finding& finding : CheckConfig(file, &tables)) {
      if (finding.severity == Severity::kError) findings.push_back(finding);
    }
  }
  SortFindings(&findings);
  return findings;
}

bool OutputIsTerminal() {
  return absl::GetFlag(FLAGS_output).empty() && isatty(STDOUT_FILENO) != 0;
}

}  // namespace

int RunCompile(const Invocation& invocation) {
  const absl::StatusOr<SourceFile> file = ReadSource(invocation.arguments[0]);
  if (!file.ok()) return Fail(file.status());
  const absl::StatusOr<Paint> paint = Paint::FromFlag(stderr);
  if (!paint.ok()) return Fail(paint.status());
  const std::vector<Finding> findings = Faults(*file);
  for (const Finding& finding : findings) fputs(PrintFinding(finding, *paint).c_str(), stderr);
  if (!findings.empty()) return kProblem;
  if (OutputIsTerminal()) {
    return Fail("the serialized form is not for a terminal; give --output=FILE.binpb");
  }
  return WriteOutput(file->parsed.serialized);
}

int RunDecompile(const Invocation& invocation) {
  const std::string& path = invocation.arguments[0];
  const absl::StatusOr<std::string> content = ReadAll(path);
  if (!content.ok()) return Fail(content.status());
  FileKind kind = FileKind::kTable;
  const std::string as = absl::GetFlag(FLAGS_as);
  if (as == "posternd") kind = FileKind::kPosternd;
  if (as == "engine") kind = FileKind::kEngine;
  const absl::StatusOr<std::string> text = Schema().Print(MessageOf(kind), *content);
  if (!text.ok()) {
    fputs(absl::StrCat("posternctl: ", path, ": ", std::string(text.status().message()),
                       "; name a file that compile wrote, and its kind with --as\n")
              .c_str(),
          stderr);
    return kProblem;
  }
  return WriteOutput(absl::StrCat("# proto-file: ",
                                  kind == FileKind::kTable ? "engine/proto/reply_table.proto"
                                  : kind == FileKind::kEngine
                                      ? "engine/proto/engine_config.proto"
                                      : "hosts/posternd/posternd_config.proto",
                                  "\n# proto-message: ", MessageOf(kind), "\n\n", *text));
}

}  // namespace ctl
}  // namespace postern
