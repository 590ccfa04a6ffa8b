#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes files into a C++ source as octets: embed_files.py OUTPUT.cc HEADER [NAME=FILE[,FILE...]]...

For each NAME the source defines, in namespace postern::ctl,
`const unsigned char NAME[]` and `const size_t NAMESize`. Several files are joined in order.
"""

import sys


def main():
    output, header = sys.argv[1:3]
    with open(output, "w", encoding="ascii") as out:
        out.write(f'#include "{header}"\n\nnamespace postern {{\nnamespace ctl {{\n\n')
        for argument in sys.argv[3:]:
            name, _, paths = argument.partition("=")
            octets = b"".join(open(path, "rb").read() for path in paths.split(","))
            out.write(f"const unsigned char {name}[] = {{\n")
            for start in range(0, len(octets), 20):
                out.write("    " + "".join("%d," % o for o in octets[start:start + 20]) + "\n")
            # An empty array is no C++.
            out.write(f"    0}};\nconst size_t {name}Size = {len(octets)};\n\n")
        out.write("}  // namespace ctl\n}  // namespace postern\n")


if __name__ == "__main__":
    main()
