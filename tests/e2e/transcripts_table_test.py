# SPDX-License-Identifier: Apache-2.0
"""docs/hosts/README.md shows what transcripts.py has."""

import unittest

from tests.e2e import transcripts
from tests.support import py_unittest_main


class TableTest(unittest.TestCase):
    def test_the_document_has_the_table(self):
        with open("docs/hosts/README.md", encoding="utf-8") as file:
            text = file.read()
        rows = "\n".join(transcripts.table_rows()) + "\n"
        self.assertTrue("\n\n" + rows in text, "docs/hosts/README.md is to have this table:\n\n" + rows)

    def test_every_want_is_some_transcripts(self):
        known = set()
        for host in transcripts.HOSTS:
            self.assertLessEqual(transcripts.HOSTS[host], set(transcripts.WANTS))
        for transcript in transcripts.every():
            self.assertLessEqual(transcript.wants, set(transcripts.WANTS), transcript.name)
            known |= transcript.wants
        self.assertEqual(known, set(transcripts.WANTS))
        # Each is through some host, or wants what none has.
        everywhere = frozenset.intersection(*map(frozenset, transcripts.HOSTS.values()))
        ran = {transcript.name for host in transcripts.HOSTS for transcript in transcripts.through(host)}
        for transcript in transcripts.every():
            self.assertTrue(transcript.name in ran or transcript.wants & everywhere, transcript.name)


if __name__ == "__main__":
    py_unittest_main.main()
