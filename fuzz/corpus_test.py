# SPDX-License-Identifier: Apache-2.0
"""The corpora: files are named by their content, every regression has its line, seeds are there."""

import os
import unittest

from fuzz import fuzz_tool
from fuzz import seeds
from tests.support import py_unittest_main


class CorpusTest(unittest.TestCase):

    def test_names_and_history(self):
        self.assertEqual(fuzz_tool.check(), [])

    def test_seeds_are_there(self):
        missing = []
        for target, octets, _ in seeds.all_seeds(fuzz_tool.ROOT):
            name = fuzz_tool.sha1(octets)
            if not os.path.exists(os.path.join(fuzz_tool.CORPUS, target, name)):
                missing.append("%s %s; fuzz/corpus_tool seeds writes it" % (target, name))
        self.assertEqual(missing, [])

    def test_corpora_are_small(self):
        # A corpus is run by every change, under sanitizers too.
        for target in os.listdir(fuzz_tool.CORPUS):
            folder = os.path.join(fuzz_tool.CORPUS, target)
            if os.path.isdir(folder):
                self.assertLess(fuzz_tool.count_files(folder), 1000, target)

    def test_check_finds_a_wrong_name_and_a_lost_line(self):
        corpus, regressions = fuzz_tool.CORPUS, fuzz_tool.REGRESSIONS
        folder = os.path.join(os.environ["TEST_TMPDIR"], "corpus")
        try:
            fuzz_tool.CORPUS = folder
            fuzz_tool.REGRESSIONS = os.path.join(folder, "regressions")
            os.makedirs(os.path.join(fuzz_tool.REGRESSIONS, "path"))
            os.makedirs(os.path.join(folder, "path"))
            readme = os.path.join(fuzz_tool.REGRESSIONS, "README.md")
            with open(readme, "w", encoding="utf-8"):
                pass
            self.assertEqual(fuzz_tool.check(), [])
            with open(os.path.join(folder, "path", "0" * 40), "wb") as file:
                file.write(b"x")
            self.assertIn("not named by its content", fuzz_tool.check()[0])
            os.remove(os.path.join(folder, "path", "0" * 40))
            fuzz_tool.add_octets(os.path.join(fuzz_tool.REGRESSIONS, "path"), b"x")
            self.assertIn("no line", fuzz_tool.check()[0])
            with open(readme, "w", encoding="utf-8") as file:
                file.write("| path | `%s` | x |\n" % fuzz_tool.sha1(b"x")[:10])
            self.assertEqual(fuzz_tool.check(), [])
            with open(readme, "a", encoding="utf-8") as file:
                file.write("| path | `0123456789` | gone |\n")
            self.assertIn("not there", fuzz_tool.check()[0])
        finally:
            fuzz_tool.CORPUS, fuzz_tool.REGRESSIONS = corpus, regressions


if __name__ == "__main__":
    py_unittest_main.main()
