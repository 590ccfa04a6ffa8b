# SPDX-License-Identifier: Apache-2.0
"""What libpostern.so shows to the process that loads it, and what it takes from there: the golden
lists, and that each name it leaves open belongs to a library of the second list."""

import fnmatch
import re
import subprocess
import unittest

from tests.support import py_unittest_main

PLUGIN = "plugin_api/libpostern.so"


def golden(name):
    with open("tests/abi/" + name, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if line and not line.startswith("#")]


def readelf(*arguments):
    done = subprocess.run(["readelf", "--wide", *arguments, PLUGIN], check=True,
                          stdout=subprocess.PIPE)
    return done.stdout.decode("utf-8")


def symbols():
    """(binding, section, name) of each dynamic symbol."""
    pattern = re.compile(r"^ *\d+: [0-9a-f]+ +\d+ \w+ +(\w+) +\w+ +(\w+) +(\S+)", re.MULTILINE)
    return pattern.findall(readelf("--dyn-syms"))


class ExportsTest(unittest.TestCase):

    def test_only_the_golden_symbols_are_exported(self):
        exported = sorted(name for binding, section, name in symbols()
                          if section not in ("UND", "ABS") and binding != "LOCAL")
        self.assertEqual(exported, sorted(golden("golden_symbols.txt")))

    def test_only_the_golden_libraries_are_needed(self):
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("--dynamic"))
        self.assertIn("libc.so.6", needed)
        patterns = golden("golden_dependencies.txt")
        strangers = [name for name in needed
                     if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
        self.assertEqual(strangers, [])

    def test_names_left_open_are_versioned_by_those_libraries(self):
        # A name without a version could be bound to whatever the process has under it.
        loose = [(binding, name) for binding, section, name in symbols()
                 if section == "UND" and not re.search(r"@(GLIBC|GLIBCXX|CXXABI|GCC)_", name)]
        # The compilers' own hooks; and the initializer of a thread-local of Abseil that has none
        # (it is initialized at compile time), which is looked for and never found.
        hooks = re.compile(r"(_ITM_\w+|__gmon_start__|_ZTHN4absl\w*cordz_next_sampleE)$")
        self.assertEqual([one for one in loose if one[0] != "WEAK" or not hooks.match(one[1])], [])

    def test_no_symbol_is_unique_in_the_process(self):
        # STB_GNU_UNIQUE would bind two copies into one and keep the library from being unloaded.
        self.assertEqual([name for binding, section, name in symbols()
                          if binding == "UNIQUE" and section != "UND"], [])

    def test_the_name_carries_the_major(self):
        self.assertRegex(readelf("--dynamic"), r"\(SONAME\).*\[libpostern\.so\.1\]")


if __name__ == "__main__":
    py_unittest_main.main()
