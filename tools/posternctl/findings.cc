// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/findings.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace ctl {
namespace {

bool IsFieldName(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) || c == '_' || c == '.' ||
           absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

// "text line 2" is text[1]; "code" is code.
std::string PathOfField(const std::string& field) {
  const size_t line = field.find(" line ");
  if (line == std::string::npos) return field;
  int number = 0;
  if (!absl::SimpleAtoi(field.substr(line + 6), &number)) return field.substr(0, line);
  return absl::StrCat(field.substr(0, line), "[", number - 1, "]");
}

}  // namespace

host::TextPlace PlaceOf(const SourceFile& file, const std::string& entry,
                        const std::string& field) {
  const std::string head = entry.substr(0, entry.find(' '));
  const bool top = head.empty() || head == "table";
  const std::string inner = PathOfField(field);
  // The field, the list it is in, the entry.
  for (const std::string& path :
       {top ? inner : absl::StrCat(head, ".", inner),
        absl::StrCat(top ? "" : absl::StrCat(head, "."), inner.substr(0, inner.find('['))), head}) {
    const auto found = file.parsed.places.find(path);
    if (found != file.parsed.places.end()) return found->second;
  }
  return {};
}

void SplitMend(const std::string& text, std::string* why, std::string* mend) {
  const size_t cut = text.rfind("; ");
  *why = text.substr(0, cut);
  *mend = cut == std::string::npos ? "" : text.substr(cut + 2);
}

Finding FromProblem(const SourceFile& file, const std::string& problem) {
  Finding finding;
  finding.file = file.path;
  std::string rest = problem;
  const size_t place = rest.find(": ");
  if (place != std::string::npos) {
    finding.entry = rest.substr(0, place);
    rest.erase(0, place + 2);
  }
  const size_t colon = rest.find(": ");
  if (colon != std::string::npos) {
    const std::string field = rest.substr(0, colon);
    const size_t line = field.find(" line ");
    if (IsFieldName(field.substr(0, line))) {
      finding.field = field;
      rest.erase(0, colon + 2);
    }
  }
  SplitMend(rest, &finding.why, &finding.mend);
  const host::TextPlace where = PlaceOf(file, finding.entry, finding.field);
  finding.line = where.line;
  finding.column = where.column;
  return finding;
}

void SortFindings(std::vector<Finding>* findings) {
  // Insertion, which keeps the order of equals. std::stable_sort would too, but what libstdc++ 12
  // uses inside it is deprecated, and clang says so.
  const auto earlier = [](const Finding& a, const Finding& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  };
  for (auto finding = findings->begin(); finding != findings->end(); ++finding) {
    std::rotate(std::upper_bound(findings->begin(), finding, *finding, earlier), finding,
                finding + 1);
  }
}

std::string PrintFinding(const Finding& finding, const Paint& paint) {
  std::string place = finding.file;
  if (finding.line > 0) absl::StrAppend(&place, ":", finding.line, ":", finding.column);
  std::string text = absl::StrCat(
      paint.Bold(place), ": ",
      finding.severity == Severity::kError ? paint.Red("error") : paint.Yellow("warning"), ": ");
  if (!finding.entry.empty()) absl::StrAppend(&text, finding.entry, ": ");
  if (!finding.field.empty()) absl::StrAppend(&text, finding.field, ": ");
  absl::StrAppend(&text, finding.why, "\n");
  if (!finding.mend.empty()) absl::StrAppend(&text, "    mend: ", paint.Green(finding.mend), "\n");
  return text;
}

void WriteFinding(const Finding& finding, JsonWriter* json) {
  json->BeginObject()
      .Field("severity", finding.severity == Severity::kError ? "error" : "warning")
      .Key("line")
      .Number(finding.line)
      .Key("column")
      .Number(finding.column)
      .Field("entry", finding.entry)
      .Field("field", finding.field)
      .Field("why", finding.why)
      .Field("mend", finding.mend)
      .EndObject();
}

}  // namespace ctl
}  // namespace postern
