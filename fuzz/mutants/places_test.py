# SPDX-License-Identifier: Apache-2.0
"""The planted bugs have their places: the copies of the sources with bugs in them could be made.

Who changes a line that a bug was planted in sees the build of this test fail, with the bug's name, and
mends its edit in mutants.py or room_mutants.py.
"""

import unittest

import fuzz.mutants.history as history
import fuzz.mutants.plant as plant


class PlacesTest(unittest.TestCase):

    def test_each_bug_is_in_its_copy(self):
        for name, story, edits in plant.load():
            self.assertTrue(story)
            for source, _, _ in edits:
                folder, file = source.rsplit("/", 1)
                with open(f"{folder}/planted/{file}", encoding="utf-8") as copy:
                    self.assertIn(plant.enumerator(name) + ")", copy.read(), name)

    def test_there_are_enough(self):
        names = [name for name, _, _ in plant.load()]
        self.assertGreaterEqual(len(names), 100)
        self.assertEqual(len(names), len(set(names)))

    def test_history_is_of_bugs_that_are_there(self):
        self.assertEqual(set(history.MODELLED_ON) - {name for name, _, _ in plant.load()}, set())

    def test_a_place_that_is_gone_is_told(self):
        source = plant.load()[0][2][0][0]
        with self.assertRaisesRegex(SystemExit, "0 times"):
            plant.plant(source, "#include <x>\n")


if __name__ == "__main__":
    unittest.main()
