// SPDX-License-Identifier: Apache-2.0
//
// Writes the golden lines of all transcripts anew, in the source tree:
//   ./bazelw run //tests/transcripts:regenerate
// A transcript whose replies are not those that its W: lines want is left as it is, named, and
// makes the exit status 1: W: lines are written by people, from the contract and the RFC.

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/transcripts/runner.h"

namespace postern::transcripts {
namespace {

int Regenerate(const std::string& root) {
  std::vector<Transcript> all;
  std::string error;
  if (!LoadTranscripts(root, &all, &error)) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return 2;
  }
  size_t written = 0;
  size_t refused = 0;
  for (const Transcript& transcript : all) {
    const auto factory = MakeSessionDriverFactory(transcript, &error);
    std::vector<std::string> problems;
    std::vector<std::vector<std::string>> lines;
    if (factory == nullptr) {
      problems.push_back(transcript.name + ".txt: " + error);
    } else {
      const Result result = RunTranscript(factory.get(), transcript, Way(), nullptr);
      for (const std::string& problem : result.problems) {
        problems.push_back(transcript.name + ".txt: " + problem);
      }
      for (std::string& difference : CompareWithWanted(transcript, result)) {
        problems.push_back(std::move(difference));
      }
      lines = GoldenLines(result);
    }
    for (const std::string& problem : problems) std::fprintf(stderr, "%s\n", problem.c_str());
    if (!problems.empty()) {
      ++refused;
      continue;
    }
    std::vector<std::vector<std::string>> before;
    for (const Step& step : transcript.steps) before.push_back(step.golden);
    if (before == lines) continue;
    std::ofstream out(root + "/" + transcript.name + ".txt", std::ios::binary);
    out << PrintTranscript(transcript, lines);
    if (!out.flush()) {
      std::fprintf(stderr, "%s.txt cannot be written\n", transcript.name.c_str());
      return 2;
    }
    ++written;
  }
  std::printf("%zu transcripts: %zu written anew, %zu contradict their W: lines\n", all.size(),
              written, refused);
  return refused == 0 ? 0 : 1;
}

}  // namespace
}  // namespace postern::transcripts

int main(int argc, char** argv) {
  std::string root = "tests/transcripts";
  const char* const workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace != nullptr) root = std::string(workspace) + "/" + root;
  if (argc == 2) root = argv[1];
  return postern::transcripts::Regenerate(root);
}
