#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes serialized descriptor sets into one C++ array: embed_schema.py OUTPUT.cc SET...

Concatenated FileDescriptorSets are one set (protobuf joins repeated fields), so imports come first
if their sets come first.
"""

import sys


def main():
    octets = b"".join(open(path, "rb").read() for path in sys.argv[2:])
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write('#include "hosts/posternd/schema.h"\n\n')
        out.write("namespace postern {\nnamespace posternd {\n\n")
        out.write("const unsigned char kSchema[] = {\n")
        for start in range(0, len(octets), 16):
            out.write("    " + "".join("%d," % o for o in octets[start:start + 16]) + "\n")
        out.write("};\nconst size_t kSchemaSize = %d;\n\n" % len(octets))
        out.write("}  // namespace posternd\n}  // namespace postern\n")


if __name__ == "__main__":
    main()
