# SPDX-License-Identifier: Apache-2.0
"""Runs a unittest module under Bazel so that its cases are counted.

Bazel reports a Python test as one case unless the test writes the JUnit file that $XML_OUTPUT_FILE
names. This writes it: one <testcase> for each method, and one for each failed subTest. Without
Bazel it is unittest.main().

A test file ends with

    if __name__ == "__main__":
        py_unittest_main.main()
"""

import os
import sys
import time
import unittest
from xml.sax import saxutils

# XML 1.0 has no way to write these.
_UNWRITABLE = {i: "?" for i in range(32) if i not in (9, 10, 13)}


def _quote(text):
    return saxutils.quoteattr(text.translate(_UNWRITABLE))


class _RecordingResult(unittest.TextTestResult):
    """Remembers what each case came to and how long it took."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.cases = []  # (class, name, seconds, outcome, text)
        self._started = 0.0
        self._done = False

    def startTest(self, test):
        self._started = time.monotonic()
        self._done = False
        super().startTest(test)

    def _record(self, test, outcome, text=""):
        self._done = True
        _, _, name = test.id().partition(".")
        group, _, name = name.rpartition(".")
        self.cases.append((group, name, time.monotonic() - self._started, outcome, text))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._record(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._record(test, "failure", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self._record(test, "error", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._record(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._record(test, "failure", "unexpected success")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._record(subtest, "failure", self._exc_info_to_string(err, test))


def _write_xml(path, cases, seconds):
    counts = {kind: sum(1 for case in cases if case[3] == kind)
              for kind in ("failure", "error", "skipped")}
    suite = os.environ.get("TEST_TARGET", "python")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    lines.append(
        f"<testsuite name={_quote(suite)} tests=\"{len(cases)}\" failures=\"{counts['failure']}\" "
        f"errors=\"{counts['error']}\" skipped=\"{counts['skipped']}\" time=\"{seconds:.3f}\">")
    for group, name, took, outcome, text in cases:
        head = f'<testcase classname={_quote(group)} name={_quote(name)} time="{took:.3f}"'
        if outcome == "passed":
            lines.append(head + "/>")
        else:
            first = text.strip().splitlines()[-1] if text.strip() else outcome
            body = saxutils.escape(text.translate(_UNWRITABLE))
            lines.append(f"{head}><{outcome} message={_quote(first)}>{body}</{outcome}></testcase>")
    lines += ["</testsuite>", "</testsuites>"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def main():
    """Runs the tests of __main__; the exit status is 0 if all passed and there was at least one."""
    arguments = sys.argv[1:]
    selected = os.environ.get("TESTBRIDGE_TEST_ONLY")  # bazel test --test_filter=NAME
    loader = unittest.TestLoader()
    if selected:
        loader.testNamePatterns = [f"*{selected}*"]
    if arguments:
        suite = loader.loadTestsFromNames(arguments, sys.modules["__main__"])
    else:
        suite = loader.loadTestsFromModule(sys.modules["__main__"])
    started = time.monotonic()
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=_RecordingResult)
    result = runner.run(suite)
    xml = os.environ.get("XML_OUTPUT_FILE")
    if xml:
        _write_xml(xml, result.cases, time.monotonic() - started)
    if not result.cases:
        print("no test was run")
        sys.exit(1)
    sys.exit(0 if result.wasSuccessful() else 1)
