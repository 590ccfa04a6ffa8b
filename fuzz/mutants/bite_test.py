# SPDX-License-Identifier: Apache-2.0
"""Every planted bug is found by the committed corpora alone.

    ./bazelw test --config=asan --config=ubsan --config=work --define=mutants=on //fuzz/mutants:bite_test
"""

import unittest

import fuzz.mutants.run as run


class BiteTest(unittest.TestCase):

    def test_each_bug_is_found(self):
        self.assertEqual(run.main(["--programs", ".", "--corpora", "corpus"]), 0)


if __name__ == "__main__":
    unittest.main()
