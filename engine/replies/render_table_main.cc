// SPDX-License-Identifier: Apache-2.0
//
// Writes default_table.golden anew. usage: render_default_table FILE

#include <cstdio>
#include <fstream>

#include "engine/replies/render_table.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: render_default_table FILE\n");
    return 2;
  }
  const std::string text = postern::replies::RenderDefaultTable();
  std::ofstream out(argv[1], std::ios::binary);
  out << text;
  out.close();
  if (text.empty() || !out) {
    std::fprintf(stderr, "render_default_table: cannot write %s\n", argv[1]);
    return 1;
  }
  return 0;
}
