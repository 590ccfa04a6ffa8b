# SPDX-License-Identifier: Apache-2.0
"""The interface is the published one (baseline.abi) but for the additions that accepted.txt names;
and that this comparison sees breaks is shown on headers that have one."""

import re
import unittest

from tests.abi import interface
from tests.support import py_unittest_main

ACCEPTED = "tests/abi/accepted.txt"
BASELINE = "tests/abi/baseline.abi"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class InterfaceTest(unittest.TestCase):

    def test_is_the_published_one(self):
        accepted = interface.parse_accepted(read(ACCEPTED))
        report = interface.compare(read(BASELINE), interface.describe(), accepted)
        self.assertEqual(report, "", "\nIf EXAMPLES rule 2 allows this addition: name it, with its "
                         "reason, in accepted.txt; for a release run tests/abi/update.sh.")

    def test_accepts_nothing_without_a_reason(self):
        self.assertEqual(interface.parse_accepted("# why\na b\n\n# and\nc d\n"),
                         [("a", "b"), ("c", "d")])
        for text in ("a b\n", "# why\n\na b\n", "# why\na b\nc d\n", "#\na b\n"):
            with self.assertRaises(ValueError):
                interface.parse_accepted(text)

    def test_covers_every_struct(self):
        seen = set(re.findall(r"<class-decl name='(\w+)'", interface.describe()))
        declared = set(re.findall(r"typedef struct (\w+)", read(interface.HEADER)))
        self.assertGreater(len(declared), 20)
        self.assertEqual(seen, declared)


class BreakTest(unittest.TestCase):
    """Each is a header with one break; the report must name what broke."""

    @classmethod
    def setUpClass(cls):
        cls.header = read(interface.HEADER)
        cls.published = interface.describe()

    def report(self, header, accepted=()):
        return interface.compare(self.published, interface.describe(header), accepted)

    def line(self, start):
        """The one line of the header that begins with `start`, blanks aside."""
        found = [line for line in self.header.splitlines(keepends=True)
                 if line.strip().startswith(start)]
        self.assertEqual(len(found), 1, start)
        return found[0]

    def replaced(self, start, change):
        line = self.line(start)
        return self.header.replace(line, change(line))

    def appended(self, struct, member):
        end = "} %s;\n" % struct
        self.assertEqual(self.header.count(end), 1)
        return self.header.replace(end, member + end)

    def test_the_header_as_it_is_has_none(self):
        self.assertEqual(self.report(self.header), "")

    def test_a_removed_member(self):
        report = self.report(self.replaced("uint64_t lines;", lambda line: ""))
        self.assertRegex(report, "data member deletion.*\n.*lines")

    def test_a_removed_function(self):
        report = self.report(self.replaced("int32_t (*session_notify)", lambda line: ""))
        self.assertRegex(report, "data member deletion.*\n.*session_notify")

    def test_reordered_functions(self):
        tick = self.line("int32_t (*session_tick)")
        notify = self.line("int32_t (*session_notify)")
        first, between, last = re.split("(%s|%s)" % (re.escape(tick), re.escape(notify)),
                                        self.header)[::2]
        report = self.report(first + notify + between + tick + last)
        self.assertRegex(report, "session_tick.* offset changed")
        self.assertRegex(report, "session_notify.* offset changed")

    def test_reordered_members_of_one_type(self):
        tls = self.line("uint32_t tls;")
        recipients = "  uint32_t recipients;\n" + tls
        self.assertEqual(self.header.count(recipients), 1)
        report = self.report(self.header.replace(recipients, tls + "  uint32_t recipients;\n"))
        self.assertRegex(report, "uint32_t recipients' offset changed")

    def test_a_member_in_the_middle(self):
        report = self.report(self.replaced(
            "uint64_t octets_out;", lambda line: "  uint64_t between;\n" + line))
        self.assertRegex(report, "data member insertion.*\n.*between")

    def test_a_member_of_another_size(self):
        report = self.report(self.replaced(
            "uint16_t source_port;", lambda line: line.replace("16", "32")))
        self.assertRegex(report, "uint16_t source_port.* changed")

    def test_a_member_of_another_sign(self):
        report = self.report(self.replaced(
            "int32_t verdict;", lambda line: line.replace("int32_t", "uint32_t")))
        self.assertRegex(report, "int32_t verdict.* changed")

    def test_a_renamed_member(self):
        report = self.report(self.replaced(
            "uint64_t messages;", lambda line: line.replace("messages", "mails")))
        self.assertIn("postern_session_info::mails", report)

    def test_another_parameter(self):
        report = self.report(self.replaced(
            "int32_t (*session_tick)", lambda line: line.replace("uint64_t", "uint32_t")))
        self.assertRegex(report, "session_tick.* changed")

    def test_another_entry(self):
        parameters = "(uint32_t host_abi, const postern_host *host)"
        self.assertEqual(self.header.count(parameters), 2)
        report = self.report(
            self.header.replace(parameters, "(uint32_t host_abi, postern_host *host)"))
        self.assertIn("pointer_postern_plugin_v1", report)

    def test_an_addition_until_it_is_accepted(self):
        header = self.appended("postern_session_info", "  uint64_t added_by_the_test;\n")
        self.assertRegex(self.report(header), "data member insertion.*\n.*added_by_the_test")
        self.assertEqual(self.report(header, [("postern_session_info", "added_by_the_test")]), "")
        header = self.appended("postern_api", "  int32_t (*more)(uint32_t what);\n")
        self.assertRegex(self.report(header), "data member insertion.*\n.*more")
        self.assertEqual(self.report(header, [("postern_api", "more")]), "")

    def test_what_comes_with_an_accepted_addition(self):
        accepted = [("postern_session_info", "added_by_the_test")]
        header = self.appended("postern_session_info", "  uint64_t added_by_the_test;\n")
        for before, after, named in [
                ("uint64_t messages; ", "uint64_t mails; ", "mails"),
                ("uint32_t extended;", "int32_t extended;", "extended"),
                ("added_by_the_test;", "added_by_the_test, another;", "another"),
        ]:
            self.assertEqual(header.count(before), 1)
            self.assertIn(named, self.report(header.replace(before, after), accepted))
        # A removed member moves the addition before the published end.
        with self.assertRaisesRegex(ValueError, "not behind the published end"):
            self.report(header.replace(self.line("uint64_t lines;"), ""), accepted)

    def test_nothing_else_can_be_accepted(self):
        header = self.replaced("uint64_t lines;", lambda line: "  uint64_t between;\n" + line)
        with self.assertRaisesRegex(ValueError, "not behind the published end"):
            self.report(header, [("postern_session_info", "between")])
        with self.assertRaisesRegex(ValueError, "no member"):
            self.report(self.header, [("postern_session_info", "added_by_the_test")])


if __name__ == "__main__":
    py_unittest_main.main()
