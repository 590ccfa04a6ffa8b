// SPDX-License-Identifier: Apache-2.0
//
// posternctl check: every fault of every file at once.

#include <stdio.h>

#include <algorithm>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_table.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/config_check.h"
#include "tools/posternctl/findings.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/languages.h"
#include "tools/posternctl/leaks.h"
#include "tools/posternctl/translation.h"

namespace postern {
namespace ctl {
namespace {

struct Checked {
  std::string path;
  FileKind kind = FileKind::kTable;
  std::vector<Finding> findings;
};

void AddTextFaults(const SourceFile& file, std::vector<Finding>* findings) {
  for (const host::TextFault& fault : file.parsed.faults) {
    Finding finding;
    finding.file = file.path;
    finding.line = fault.place.line;
    finding.column = fault.place.column;
    SplitMend(fault.what, &finding.why, &finding.mend);
    findings->push_back(finding);
  }
}

void CheckTable(const SourceFile& file, std::vector<Finding>* findings) {
  // What is left out for its text would be missed again by the whole: "no entry for".
  const bool broken = !file.parsed.faults.empty();
  for (const std::string& problem : replies::ReplyTable::Check(file.parsed.serialized)) {
    if (broken && problem.find(": no entry for ") != std::string::npos) continue;
    findings->push_back(FromProblem(file, problem));
  }
  v1::ReplyTable table;
  if (!table.ParseFromString(file.parsed.serialized)) return;
  if (!absl::GetFlag(FLAGS_warnings)) return;
  for (const Leak& leak : FindLeaks(table)) {
    Finding finding = FromProblem(
        file, absl::StrCat(leak.entry, ": ", leak.field, ": ", leak.why, "; ", leak.mend));
    finding.severity = Severity::kWarning;
    findings->push_back(finding);
  }
}

// The tables given are one translation, cut into files as the repository has it. `sources` stands
// beside `all`.
void CheckTranslation(const std::vector<SourceFile>& sources, std::vector<Checked>* all) {
  v1::ReplyTable whole;
  std::vector<size_t> tables;
  for (size_t i = 0; i < sources.size(); ++i) {
    v1::ReplyTable part;
    if (sources[i].kind != FileKind::kTable) continue;
    if (!part.ParseFromString(sources[i].parsed.serialized)) continue;
    whole.MergeFrom(part);
    tables.push_back(i);
  }
  if (tables.empty()) return;
  for (const std::string& problem : CompareTranslation(DefaultTable(), whole)) {
    // What is about no entry stands with the first file; "replies[80] NOOP_OK" with its own.
    size_t owner = tables.front();
    std::string told = problem;
    const size_t open = problem.find('[');
    size_t index = 0;
    if (open != std::string::npos && open < problem.find(' ') &&
        absl::SimpleAtoi(problem.substr(open + 1, problem.find(']') - open - 1), &index)) {
      const std::string list = problem.substr(0, open);
      for (const size_t i : tables) {
        v1::ReplyTable part;
        part.ParseFromString(sources[i].parsed.serialized);
        const size_t count = EntriesOf(part, list);
        if (index < count) {
          owner = i;
          break;
        }
        index -= count;
      }
      told = absl::StrCat(list, "[", index, problem.substr(problem.find(']')));
    }
    (*all)[owner].findings.push_back(FromProblem(sources[owner], told));
  }
}

void WriteJson(const std::vector<Checked>& all, int errors, int warnings) {
  JsonWriter json;
  json.BeginObject().Key("errors").Number(errors).Key("warnings").Number(warnings);
  json.Key("files").BeginList();
  for (const Checked& checked : all) {
    json.BeginObject().Field("file", checked.path).Field("kind", WordOf(checked.kind));
    json.Key("findings").BeginList();
    for (const Finding& finding : checked.findings) WriteFinding(finding, &json);
    json.EndList().EndObject();
  }
  json.EndList().EndObject();
  fputs(json.Done().c_str(), stdout);
}

}  // namespace

int RunCheck(const Invocation& invocation) {
  const absl::StatusOr<Paint> paint = Paint::FromFlag(stdout);
  if (!paint.ok()) return Fail(paint.status());
  std::vector<Checked> all;
  std::vector<SourceFile> sources;
  std::vector<std::string> paths = invocation.arguments;
  // Grows by the tables that configurations name.
  for (size_t i = 0; i < paths.size(); ++i) {
    absl::StatusOr<SourceFile> file = ReadSource(paths[i]);
    if (!file.ok()) return Fail(file.status());
    Checked checked;
    checked.path = file->path;
    checked.kind = file->kind;
    AddTextFaults(*file, &checked.findings);
    if (file->kind == FileKind::kTable) {
      CheckTable(*file, &checked.findings);
    } else {
      std::vector<std::string> tables;
      for (Finding& finding : CheckConfig(*file, &tables)) {
        if (finding.severity == Severity::kWarning && !absl::GetFlag(FLAGS_warnings)) continue;
        checked.findings.push_back(std::move(finding));
      }
      for (const std::string& table : tables) {
        if (std::find(paths.begin(), paths.end(), table) == paths.end()) paths.push_back(table);
      }
    }
    all.push_back(std::move(checked));
    sources.push_back(*std::move(file));
  }
  if (absl::GetFlag(FLAGS_translation)) CheckTranslation(sources, &all);
  for (Checked& checked : all) SortFindings(&checked.findings);
  int errors = 0;
  int warnings = 0;
  for (const Checked& checked : all) {
    for (const Finding& finding : checked.findings) {
      ++(finding.severity == Severity::kError ? errors : warnings);
    }
  }
  if (absl::GetFlag(FLAGS_json)) {
    WriteJson(all, errors, warnings);
  } else {
    for (const Checked& checked : all) {
      for (const Finding& finding : checked.findings) {
        fputs(PrintFinding(finding, *paint).c_str(), stdout);
      }
    }
    const std::string sum = absl::StrCat(
        all.size(), all.size() == 1 ? " file: " : " files: ", errors,
        errors == 1 ? " error, " : " errors, ", warnings, warnings == 1 ? " warning" : " warnings");
    fputs(absl::StrCat(errors == 0 ? paint->Green(sum) : paint->Red(sum), "\n").c_str(), stdout);
  }
  return errors > 0 || (warnings > 0 && absl::GetFlag(FLAGS_strict)) ? kProblem : kFine;
}

}  // namespace ctl
}  // namespace postern
