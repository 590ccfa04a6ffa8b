# SPDX-License-Identifier: Apache-2.0
"""The runner counts what it ran, failures and failed subTests included."""

import os
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

from tests.support import py_unittest_main

_SAMPLE = '''
import unittest
from tests.support import py_unittest_main
class Sample(unittest.TestCase):
    def test_passes(self):
        pass
    def test_fails(self):
        self.fail("octet \\x01 <&")
    def test_has_parts(self):
        for part in ("good", "bad"):
            with self.subTest(part=part):
                self.assertEqual(part, "good")
py_unittest_main.main()
'''


class PyUnittestMainTest(unittest.TestCase):

    def run_sample(self, source):
        with tempfile.TemporaryDirectory() as directory:
            xml = os.path.join(directory, "test.xml")
            root = os.path.dirname(os.path.dirname(os.path.dirname(
                os.path.abspath(py_unittest_main.__file__))))
            environment = dict(os.environ, XML_OUTPUT_FILE=xml, PYTHONPATH=root)
            environment.pop("TESTBRIDGE_TEST_ONLY", None)
            done = subprocess.run([sys.executable, "-c", source], env=environment, timeout=30,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            tree = ElementTree.parse(xml)
        return done.returncode, tree.getroot()[0]

    def test_counts_cases_and_tells_failures(self):
        status, suite = self.run_sample(_SAMPLE)
        self.assertEqual(status, 1)
        self.assertEqual(suite.get("tests"), "3")
        self.assertEqual(suite.get("failures"), "2")
        failed = [case.get("name") for case in suite if case.find("failure") is not None]
        self.assertEqual(len(failed), 2)

    def test_no_tests_is_a_failure(self):
        status, suite = self.run_sample(
            "from tests.support import py_unittest_main\npy_unittest_main.main()\n")
        self.assertEqual(status, 1)
        self.assertEqual(suite.get("tests"), "0")


if __name__ == "__main__":
    py_unittest_main.main()
