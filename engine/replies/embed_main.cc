// SPDX-License-Identifier: Apache-2.0
//
// Build tool: writes a serialized reply table as the C++ definition that default_table.h declares.
// usage: embed TABLE.binpb OUT.cc

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: embed TABLE.binpb OUT.cc\n");
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string octets((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in || octets.empty()) {
    std::fprintf(stderr, "embed: cannot read %s\n", argv[1]);
    return 1;
  }
  std::ofstream out(argv[2], std::ios::binary);
  out << "#include \"engine/replies/default_table.h\"\n\nnamespace postern::replies {\n\n"
      << "const unsigned char kDefaultTable[] = {";
  for (size_t i = 0; i < octets.size(); ++i) {
    out << (i % 24 == 0 ? "\n    " : "") << static_cast<int>(static_cast<unsigned char>(octets[i]))
        << ',';
  }
  out << "\n};\nconst size_t kDefaultTableSize = sizeof(kDefaultTable);\n\n"
      << "}  // namespace postern::replies\n";
  out.close();
  if (!out) {
    std::fprintf(stderr, "embed: cannot write %s\n", argv[2]);
    return 1;
  }
  return 0;
}
