# SPDX-License-Identifier: Apache-2.0
"""Turns `bazel aquery --output=jsonproto` into a compile_commands.json for clang-tidy.

Usage: compile_commands.py AQUERY EXECUTION_ROOT OUT_FOLDER. Prints the C and C++ sources of the
workspace that were found, without tests and benchmarks, one a line, relative to EXECUTION_ROOT.
"""

import json
import os
import sys

_SUFFIXES = (".c", ".cc")
_LEFT_OUT = ("_test.c", "_test.cc", "_benchmark.cc")


def commands(aquery, execution_root):
    """One entry per source; the first action that compiles it speaks for it."""
    entries = {}
    for action in aquery.get("actions", []):
        arguments = action.get("arguments", [])
        if "-c" not in arguments:
            continue
        source = arguments[arguments.index("-c") + 1]
        if (source.startswith(("external/", "bazel-out/")) or not source.endswith(_SUFFIXES)
                or source.endswith(_LEFT_OUT)):
            continue
        entries.setdefault(source, {
            "directory": execution_root, "file": source, "arguments": arguments})
    return [entries[source] for source in sorted(entries)]


def main(argv):
    with open(argv[1], encoding="utf-8") as file:
        entries = commands(json.load(file), argv[2])
    with open(os.path.join(argv[3], "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(entries, file, indent=1)
    for entry in entries:
        print(entry["file"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
