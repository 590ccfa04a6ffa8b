#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes compiled reply tables as C++: embed_tables.py OUTPUT.cc LANGUAGE=FILE.binpb..."""

import sys


def main():
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write('#include "tools/posternctl/languages.h"\n\nnamespace postern {\n'
                  'namespace ctl {\nnamespace {\n\n')
        rows = []
        for argument in sys.argv[2:]:
            language, _, path = argument.partition("=")
            with open(path, "rb") as file:
                octets = file.read()
            name = "kTable_" + language.replace("-", "_")
            out.write(f"const unsigned char {name}[] = {{\n")
            for start in range(0, len(octets), 20):
                out.write("    " + "".join("%d," % o for o in octets[start:start + 20]) + "\n")
            out.write("};\n\n")
            rows.append(f'    {{"{language}", {name}, sizeof({name})}},\n')
        out.write("}  // namespace\n\nconst EmbeddedTable kLanguages[] = {\n" + "".join(rows) +
                  f"}};\nconst size_t kLanguageCount = {len(rows)};\n\n"
                  "}  // namespace ctl\n}  // namespace postern\n")


if __name__ == "__main__":
    main()
