#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes serialized descriptor sets into one C++ array:

    embed_schema.py [--namespace=NAME] OUTPUT.cc SET...

The array is declared in hosts/NAME/schema.h, in namespace postern::NAME (default: posternd).

Concatenated FileDescriptorSets are one set (protobuf joins repeated fields), so imports come first
if their sets come first.
"""

import sys


def main():
    arguments = sys.argv[1:]
    name = "posternd"
    if arguments[0].startswith("--namespace="):
        name = arguments.pop(0).partition("=")[2]
    octets = b"".join(open(path, "rb").read() for path in arguments[1:])
    with open(arguments[0], "w", encoding="ascii") as out:
        out.write(f'#include "hosts/{name}/schema.h"\n\n')
        out.write(f"namespace postern {{\nnamespace {name} {{\n\n")
        out.write("const unsigned char kSchema[] = {\n")
        for start in range(0, len(octets), 16):
            out.write("    " + "".join("%d," % o for o in octets[start:start + 16]) + "\n")
        out.write("};\nconst size_t kSchemaSize = %d;\n\n" % len(octets))
        out.write(f"}}  // namespace {name}\n}}  // namespace postern\n")


if __name__ == "__main__":
    main()
