// SPDX-License-Identifier: Apache-2.0
//
// Checks serialized reply tables with the very code that loads them (DESIGN section 5): each
// problem on a line of its own, exit status 1 for a bad table, 2 for a file that cannot be read.
// usage: reply_table_check TABLE.binpb...

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/replies/reply_table.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: reply_table_check TABLE.binpb...\n");
    return 2;
  }
  int status = 0;
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
      return 2;
    }
    const std::string octets((std::istreambuf_iterator<char>(in)),
                             std::istreambuf_iterator<char>());
    const auto table = postern::replies::ReplyTable::Load(octets);
    if (table.ok()) continue;
    const std::string problems(table.status().message());
    std::fprintf(stderr, "%s: bad reply table\n%s\n", argv[i], problems.c_str());
    status = 1;
  }
  return status;
}
