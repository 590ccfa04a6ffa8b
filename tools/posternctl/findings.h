// SPDX-License-Identifier: Apache-2.0
//
// What a check found: faults and warnings, each with its place, the reason and the mend.
//
// Threads: the main thread.
#ifndef POSTERN_TOOLS_POSTERNCTL_FINDINGS_H_
#define POSTERN_TOOLS_POSTERNCTL_FINDINGS_H_

#include <string>
#include <vector>

#include "tools/posternctl/json.h"
#include "tools/posternctl/paint.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {

enum class Severity { kError, kWarning };

struct Finding {
  Severity severity = Severity::kError;
  std::string file;
  int line = 0;  // 0: the file as a whole
  int column = 0;
  std::string entry;  // "replies[3] NOOP_OK"; empty where it is about no entry
  std::string field;  // "text line 2", "code"; empty where it is about no field
  std::string why;
  std::string mend;
};

// A problem as the engine tells it, "PLACE: [FIELD: ]WHY[; MEND]", as a finding with its line.
Finding FromProblem(const SourceFile& file, const std::string& problem);

// The place of an entry and field in the text; line 0 if the text does not tell.
host::TextPlace PlaceOf(const SourceFile& file, const std::string& entry, const std::string& field);

// Cuts "WHY; MEND" at the last semicolon.
void SplitMend(const std::string& text, std::string* why, std::string* mend);

// By file as given, then by line.
void SortFindings(std::vector<Finding>* findings);

// "FILE:LINE:COLUMN: error: ENTRY: FIELD: WHY" and the mend in a line of its own.
std::string PrintFinding(const Finding& finding, const Paint& paint);
void WriteFinding(const Finding& finding, JsonWriter* json);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_FINDINGS_H_
