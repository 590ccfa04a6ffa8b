# SPDX-License-Identifier: Apache-2.0
"""Which compilations .ci/compile_commands.py hands to the linter."""

import importlib.util
import unittest

from tests.support import py_unittest_main

_SPEC = importlib.util.spec_from_file_location("compile_commands", ".ci/compile_commands.py")
compile_commands = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(compile_commands)


def action(source, *flags):
    return {"arguments": ["clang", *flags, "-c", source, "-o", "x.o"]}


def sources(*actions):
    return [e["file"] for e in compile_commands.commands({"actions": list(actions)}, "/root")]


class Commands(unittest.TestCase):
    def test_keeps_arguments_and_directory(self):
        entries = compile_commands.commands({"actions": [action("engine/a.cc", "-DX")]}, "/root")
        self.assertEqual(entries, [{"directory": "/root", "file": "engine/a.cc",
                                    "arguments": ["clang", "-DX", "-c", "engine/a.cc", "-o", "x.o"]}])

    def test_leaves_out_foreign_and_generated_code(self):
        self.assertEqual(sources(action("external/absl/x.cc"), action("bazel-out/k8/bin/x.pb.cc"),
                                 action("engine/a.c")), ["engine/a.c"])

    def test_leaves_out_tests_and_benchmarks(self):
        self.assertEqual(sources(action("engine/a_test.cc"), action("engine/a_benchmark.cc"),
                                 action("engine/latest.cc")), ["engine/latest.cc"])

    def test_names_each_source_once(self):
        entries = compile_commands.commands(
            {"actions": [action("engine/a.cc", "-O0"), action("engine/a.cc", "-O2")]}, "/root")
        self.assertEqual([e["arguments"][1] for e in entries], ["-O0"])

    def test_ignores_actions_that_compile_nothing(self):
        self.assertEqual(sources({"arguments": ["ar", "x"]}, {}), [])


if __name__ == "__main__":
    py_unittest_main.main()
