# SPDX-License-Identifier: Apache-2.0
"""What .ci/count_tests.py makes of Bazel's events and of test reports."""

import importlib.util
import unittest

from tests.support import py_unittest_main

_SPEC = importlib.util.spec_from_file_location("count_tests", ".ci/count_tests.py")
count_tests = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(count_tests)

TWO_PASSED = "<testsuites><testsuite><testcase name='a'/><testcase name='b'/></testsuite></testsuites>"
ONE_FAILED = ("<testsuites><testsuite><testcase name='a' classname='C'><failure/></testcase>"
              "<testcase name='b'/></testsuite></testsuites>")
NO_CASES = "<testsuites><testsuite name='shell'/></testsuites>"


def configured(label, test=True):
    return {"id": {"targetConfigured": {"label": label}},
            "configured": {"testSize": "SMALL"} if test else {"targetKind": "cc_library rule"}}


def completed(label, success=True):
    return {"id": {"targetCompleted": {"label": label}},
            "completed": {"success": True} if success else {"failureDetail": {}}}


def result(label, status, report, shard=1, attempt=1):
    return {"id": {"testResult": {"label": label, "run": 1, "shard": shard, "attempt": attempt}},
            "testResult": {"status": status, "testActionOutput": [
                {"name": "test.log", "uri": "file:///log"}, {"name": "test.xml", "uri": report}]}}


def summary(label, status):
    return {"id": {"testSummary": {"label": label}}, "testSummary": {"overallStatus": status}}


def run(label, status, report):
    return [configured(label), completed(label), result(label, status, report),
            summary(label, status)]


def count(events):
    """Counts with the report's text in place of its file."""
    passed, failed = count_tests.count(events, read=lambda uri: uri)
    return passed, len(failed)


class CaseCounts(unittest.TestCase):
    def test_counts_cases_not_suites(self):
        self.assertEqual(count_tests.case_counts(TWO_PASSED), (2, []))

    def test_names_the_failed_case(self):
        self.assertEqual(count_tests.case_counts(ONE_FAILED), (1, ["C.a"]))

    def test_an_error_is_a_failure(self):
        self.assertEqual(count_tests.case_counts("<s><testcase name='x'><error/></testcase></s>"),
                         (0, ["x"]))

    def test_skipped_and_disabled_cases_are_neither(self):
        xml = ("<s><testcase name='a'><skipped/></testcase>"
               "<testcase name='b' status='notrun'/>"
               "<testcase name='c' status='run' result='skipped'/>"
               "<testcase name='d' status='run' result='completed'/></s>")
        self.assertEqual(count_tests.case_counts(xml), (1, []))


class Count(unittest.TestCase):
    def test_adds_up_targets(self):
        self.assertEqual(count(run("//a", "PASSED", TWO_PASSED) + run("//b", "FAILED", ONE_FAILED)),
                         (3, 1))

    def test_a_report_without_cases_is_one_case(self):
        self.assertEqual(count(run("//sh", "PASSED", NO_CASES)), (1, 0))

    def test_a_crash_after_the_last_case_fails(self):
        self.assertEqual(count(run("//a", "FAILED", TWO_PASSED)), (2, 1))

    def test_a_timeout_without_a_report_fails_once(self):
        events = [configured("//a"), completed("//a"),
                  {"id": {"testResult": {"label": "//a"}}, "testResult": {"status": "TIMEOUT"}},
                  summary("//a", "TIMEOUT")]
        self.assertEqual(count(events), (0, 1))

    def test_a_broken_report_fails(self):
        self.assertEqual(count(run("//a", "PASSED", "<testsuites><testcase")), (0, 1))

    def test_a_test_that_did_not_build_fails(self):
        self.assertEqual(count([configured("//a"), completed("//a", success=False),
                                summary("//a", "NO_STATUS")]), (0, 1))

    def test_a_library_that_did_not_build_fails(self):
        self.assertEqual(count([configured("//lib", test=False), completed("//lib", success=False)]),
                         (0, 1))

    def test_a_test_that_was_filtered_out_is_not_counted(self):
        self.assertEqual(count([configured("//a"), completed("//a")]), (0, 0))

    def test_shards_add_up_and_the_last_attempt_counts(self):
        events = [configured("//a"), completed("//a"),
                  result("//a", "FAILED", ONE_FAILED, shard=1, attempt=1),
                  result("//a", "PASSED", TWO_PASSED, shard=1, attempt=2),
                  result("//a", "PASSED", TWO_PASSED, shard=2),
                  summary("//a", "FLAKY")]
        self.assertEqual(count(events), (4, 0))


if __name__ == "__main__":
    py_unittest_main.main()
