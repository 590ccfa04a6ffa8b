# SPDX-License-Identifier: Apache-2.0
"""Counts test cases of one `bazel test` from what Bazel says it did.

Usage: count_tests.py EVENTS, where EVENTS was written by --build_event_json_file. Prints
`PASSED FAILED` and, on standard error, the name of every case that failed.

The event stream names each test.xml of this very run, so a report left by an earlier run cannot be
counted. A test target that did not build has no report and counts as one failed case; so does one
that failed without a failed case in its report (a crash after the last case, a timeout). A report
without cases (a shell test) counts as one case.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def case_counts(xml_text):
    """(passed, names of failed cases) of one report; a skipped case is neither."""
    root = ElementTree.fromstring(xml_text)
    passed, failed = 0, []
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(".".join(filter(None, [case.get("classname"), case.get("name")])))
        elif case.find("skipped") is not None or case.get("status") == "notrun" or (
                case.get("result") in ("skipped", "suppressed")):
            continue
        else:
            passed += 1
    return passed, failed


def read_file_uri(uri):
    path = urllib.parse.unquote(urllib.parse.urlparse(uri).path)
    with open(path, "rb") as file:
        return file.read()


def count(events, read=read_file_uri):
    """(passed, failed case names) over all events of a run."""
    tests, broken, results, summaries = set(), set(), {}, {}
    for event in events:
        ident = event.get("id", {})
        if "targetConfigured" in ident:
            if "testSize" in event.get("configured", {}):
                tests.add(ident["targetConfigured"]["label"])
            elif "aborted" in event:
                broken.add(ident["targetConfigured"]["label"])
        elif "targetCompleted" in ident:
            if not event.get("completed", {}).get("success"):
                broken.add(ident["targetCompleted"]["label"])
        elif "testResult" in ident:
            key = ident["testResult"]
            # A later attempt replaces an earlier one; runs and shards add up.
            results[(key["label"], key.get("run", 1), key.get("shard", 1))] = event["testResult"]
        elif "testSummary" in ident:
            summaries[ident["testSummary"]["label"]] = event.get("testSummary", {}).get(
                "overallStatus")

    passed, failed = 0, []
    failed_labels = set()
    for (label, _, _), result in sorted(results.items()):
        good = result.get("status") in ("PASSED", "FLAKY")
        uris = [o["uri"] for o in result.get("testActionOutput", []) if o["name"] == "test.xml"]
        now_passed, now_failed = 0, []
        if uris:
            try:
                now_passed, now_failed = case_counts(read(uris[0]))
            except (OSError, ElementTree.ParseError) as trouble:
                now_failed = ["report: %s" % trouble]
        if good and now_passed + len(now_failed) == 0:
            now_passed = 1
        if not good and not now_failed:
            now_failed = [result.get("status", "no status")]
        passed += now_passed
        failed += ["%s %s" % (label, name) for name in now_failed]
        if now_failed:
            failed_labels.add(label)
    for label in sorted(tests & broken | broken - set(summaries)):
        if label not in failed_labels and summaries.get(label) != "PASSED":
            failed.append("%s did not build" % label)
            failed_labels.add(label)
    for label, status in sorted(summaries.items()):
        if status not in ("PASSED", "FLAKY") and label not in failed_labels:
            failed.append("%s %s" % (label, status))
    return passed, failed


def main(argv):
    with open(argv[1], encoding="utf-8") as file:
        passed, failed = count(json.loads(line) for line in file if line.strip())
    for name in failed:
        print("failed: " + name, file=sys.stderr)
    print(passed, len(failed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
