# SPDX-License-Identifier: Apache-2.0
"""What the corpora reach of engine/, from what llvm-cov exports; .ci/coverage --corpora calls it.

Usage: corpus_coverage.py EXPORT SOURCES [--write]

EXPORT is the JSON of `llvm-cov export`, SOURCES has the names of all sources that count. A line is reached
as `llvm-cov show` has it. A region is reached if one instance of its function has reached it: `llvm-cov
report` takes the best instance of a template alone, and the vector kernels are compiled once for each
instruction set.

EXCEPTIONS are what the corpora do not reach and why. A place is named by the text of its line, so that it
need not be mended whenever a line moves; docs/coverage.md, which --write brings up to date, has numbers.
COMPILE_TIME are functions that the compiler alone runs, to make a table or for a static_assert: they have no
code in the program, and do not count. MACHINE are places that a machine with another instruction set may
reach. Exit status 1: less is reached than LEAST says, something is neither reached nor named, or what is
named is reached.
"""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coverage_exceptions import COMPILE_TIME, EXCEPTIONS, MACHINE  # pylint: disable=wrong-import-position

# Of all of engine/: lines, regions.
LEAST = (98.0, 95.0)
DOCUMENT = "docs/coverage.md"
CODE_REGION = 0


def short_name(path, names):
    """The source that an exported file name means, or None."""
    for start in (match.start() for match in re.finditer("engine/", path)):
        if path[start:] in names and (start == 0 or path[start - 1] == "/"):
            return path[start:]
    return None


def lines_of(segments):
    """Line -> how often it was run, for each line with code (llvm's LineCoverageStats)."""
    by_line = {}
    for segment in segments:
        by_line.setdefault(segment[0], []).append(segment)
    counts = {}
    wrapped = None
    last = segments[-1][0] if segments else 0
    for line in range(segments[0][0] if segments else 1, last + 1):
        here = by_line.get(line, [])
        starts = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = bool(here) and not here[0][3] and here[0][4]
        mapped = starts or (not skipped and wrapped is not None and wrapped[3])
        if mapped:
            count = wrapped[2] if wrapped is not None else 0
            counts[line] = max([count] + [s[2] for s in starts])
        if here:
            wrapped = here[-1]
    return counts


def source_lines(name):
    with open(name, encoding="utf-8") as file:
        return file.read().split("\n")


def take_out_compile_time(found, data, names, failures):
    """Takes the functions of COMPILE_TIME out of what was found; returns how many lines those are."""
    spans, taken = {}, 0
    for function in data["functions"]:
        first = function["regions"][0]
        name = short_name(function["filenames"][first[5]], names)
        if name is not None:
            spans.setdefault((name, first[0]), first[2])
    for name, text in COMPILE_TIME:
        if name not in found:
            failures.append("%s: `%s` is named as the compiler's, and is gone" % (name, text))
            continue
        lines, regions = found[name]
        places = [number for number, line in enumerate(source_lines(name), 1)
                  if line.strip() == text and (name, number) in spans]
        if "constexpr" not in text or not places:
            failures.append("%s: `%s` is named as the compiler's, and is not" % (name, text))
        for begin in places:
            end = spans[(name, begin)]
            inside = [line for line in lines if begin <= line <= end]
            if any(lines[line] for line in inside):
                failures.append("%s:%d is named as the compiler's, and runs" % (name, begin))
            for line in inside:
                del lines[line]
            for place in [place for place in regions if begin <= place[0] <= end]:
                del regions[place]
            taken += len(inside)
    return taken


def read(export, names, failures):
    """Source -> (lines, regions): dictionaries of what is there and how often it was run; and how many lines
    were taken out."""
    with open(export, encoding="utf-8") as file:
        data = json.load(file)["data"][0]
    found = {name: ({}, {}) for name in names}
    compiled = set()
    for entry in data["files"]:
        name = short_name(entry["filename"], names)
        if name is not None:
            compiled.add(name)
            found[name][0].update(lines_of(entry["segments"]))
    # Headers may have declarations alone.
    failures += ["%s was not looked at: no library has it" % name
                 for name in sorted(names - compiled) if name.endswith(".cc")]
    for function in data["functions"]:
        files = [short_name(path, names) for path in function["filenames"]]
        for region in function["regions"]:
            name = files[region[5]]
            if name is not None and region[7] == CODE_REGION:
                regions, place = found[name][1], tuple(region[:4])
                regions[place] = max(regions.get(place, 0), region[4])
    return found, take_out_compile_time(found, data, names, failures)


def table(found):
    """Rows of (folder, lines, lines reached, regions, regions reached); the last is the sum."""
    rows = {}
    for name, (lines, regions) in found.items():
        row = rows.setdefault(os.path.dirname(name), [0, 0, 0, 0])
        for index, counts in ((0, lines), (2, regions)):
            row[index] += len(counts)
            row[index + 1] += sum(1 for count in counts.values() if count)
    total = [sum(row[index] for row in rows.values()) for index in range(4)]
    return [[folder] + row for folder, row in sorted(rows.items())] + [["all of engine/"] + total]


def percent(reached, count):
    return 100.0 * reached / count if count else 100.0


def shown(reached, count):
    """Not rounded up: what is shown as 100 is all."""
    return "%.2f %%" % (int(10000.0 * reached / count) / 100.0 if count else 100.0)


def not_reached(found):
    """(source, line, text of the line, what is not reached) of every line and region."""
    places = {}
    for name, (lines, regions) in found.items():
        text = source_lines(name)
        for (line, column, end, end_column), count in regions.items():
            if not count:
                until = text[line - 1][column - 1:end_column - 1] if line == end else "to line %d" % end
                places.setdefault((name, line), []).append(until)
        for line, count in lines.items():
            if not count:
                places.setdefault((name, line), [])
    for (name, line), what in sorted(places.items()):
        yield name, line, source_lines(name)[line - 1].strip(), what


def main(arguments):
    export, sources = arguments[0], arguments[1]
    with open(sources, encoding="utf-8") as file:
        names = set(file.read().split())
    failures = []
    found, taken = read(export, names, failures)
    rows = table(found)
    markdown = ["| folder | lines | reached | | regions | reached | |", "|---|---|---|---|---|---|---|"]
    for folder, lines, lines_reached, regions, regions_reached in rows:
        markdown.append("| %s | %d | %d | %s | %d | %d | %s |" % (
            folder, lines, lines_reached, shown(lines_reached, lines), regions, regions_reached,
            shown(regions_reached, regions)))
    markdown += ["", "Not counted: %d lines in %d functions that the compiler alone runs (`COMPILE_TIME`)." % (
        taken, len(COMPILE_TIME))]
    print("\n".join(markdown) + "\n")
    total = rows[-1]
    for what, index, least in (("lines", 1, LEAST[0]), ("regions", 3, LEAST[1])):
        if percent(total[index + 1], total[index]) < least:
            failures.append("fewer than %g %% of all %s are reached" % (least, what))

    named = EXCEPTIONS + MACHINE
    reasons = {(name, text): reason for name, text, reason in named}
    used = {}
    inside = None  # of a block that is not reached and has a reason: its name and last line
    for name, line, text, what in not_reached(found):
        reason = reasons.get((name, text))
        if reason is not None:
            used.setdefault((name, text), []).append(line)
        ends = [int(part[8:]) for part in what if part.startswith("to line ")]
        if reason is not None and ends:
            inside = (name, max(ends))
        covered = reason is not None or (inside is not None and inside[0] == name and line <= inside[1])
        part = [each for each in what if each and not each.startswith("to line ") and each not in (text, "{" + text)]
        print("%s:%d: %s%s%s" % (name, line, text, "    [%s]" % "] [".join(part) if part and part != [text] else "",
                                 "    [named]" if covered else ""))
        if not covered:
            failures.append("%s:%d is neither reached nor named in coverage_exceptions.py" % (name, line))
    for name, text, _ in EXCEPTIONS:
        if (name, text) not in used:
            failures.append("%s: `%s` is named as not reached, and is reached or gone" % (name, text))

    if "--write" in arguments:
        exceptions = ["| where | what stands there | why |", "|---|---|---|"]
        for name, text, reason in named:
            where = name + ":" + ", ".join(str(line) for line in used.get((name, text), ["?"]))
            exceptions.append("| %s | `%s` | %s |" % (where, text.replace("|", "\\|"), reason))
        with open(DOCUMENT, encoding="utf-8") as file:
            document = file.read()
        for mark, made in (("table", markdown), ("exceptions", exceptions)):
            document, count = re.subn(
                r"(<!-- %s -->\n).*?(<!-- end -->)" % mark,
                lambda match, made=made: match.group(1) + "\n".join(made) + "\n" + match.group(2),
                document, flags=re.DOTALL)
            if count != 1:
                failures.append("%s has no place for the %s" % (DOCUMENT, mark))
        with open(DOCUMENT, "w", encoding="utf-8") as file:
            file.write(document)

    print()
    for failure in failures:
        print("coverage: " + failure)
    if not failures:
        print("coverage: as much as docs/coverage.md says")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
