// SPDX-License-Identifier: Apache-2.0
//
// Runs files through a fuzz target without a fuzzing engine: the corpus as an ordinary test.
//
// What it is: a main() that gives every file of the folders and files named on the command line to
// LLVMFuzzerTestOneInput, in the order of their names, and says how many there were. What it is
// not: a fuzzer; it changes no input.
//
// The first folder must hold at least one file: a corpus that is not where it should be tests
// nothing, and must not pass. Further ones may be missing (not every target has regressions).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv);

// For targets with a mutator of their own, which has to link and is never called here.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
extern "C" size_t LLVMFuzzerMutate(uint8_t* /*data*/, size_t size, size_t /*max_size*/) {
  return size;
}

namespace {

void Collect(const std::filesystem::path& path, std::vector<std::string>* files) {
  if (!std::filesystem::is_directory(path)) {
    files->push_back(path.string());
    return;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           path, std::filesystem::directory_options::follow_directory_symlink)) {
    if (entry.is_regular_file()) files->push_back(entry.path().string());
  }
}

bool Run(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    return false;
  }
  const std::string octets{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
  // A heap block of exactly its size, so that a read one octet outside is seen.
  const auto block = std::make_unique<uint8_t[]>(octets.size());
  std::copy(octets.begin(), octets.end(), block.get());
  // The last name that was printed is the one that failed.
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(block.get(), octets.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&argc, &argv);
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (i > 1 && !std::filesystem::exists(argv[i])) continue;
    if (!std::filesystem::exists(argv[i])) {
      std::fprintf(stderr, "%s: no such file or folder\n", argv[i]);
      return 1;
    }
    Collect(argv[i], &files);
    if (files.empty()) {
      std::fprintf(stderr, "%s: an empty corpus\n", argv[i]);
      return 1;
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "usage: %s CORPUS [MORE...]\n", argv[0]);
    return 1;
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    if (!Run(file)) return 1;
  }
  std::printf("%zu inputs\n", files.size());
  return 0;
}
