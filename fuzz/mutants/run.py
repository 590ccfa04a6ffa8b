#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the fuzz suite bites: each planted bug must be found.

    python3 fuzz/mutants/run.py [--only NAME] [--part K/N] [--seconds S] [--table FILE]

Builds the session target with the bugs (mutants.py) in it, once; then for each bug runs the committed
corpus, and where that is quiet the fuzzing engine from that corpus for at most S seconds (60). Prints
which oracle found it, in how many executions and in what time, and fails if one was not found.
`--part 3/10` takes the third tenth, for a CI that goes round. With `--program FILE` nothing is built and
nothing is fuzzed: that corpus test is run (bite_test.py).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SETTING = ["--define=mutants=on"]
FOUND = re.compile(
    rb"oracle (\w+): |ERROR: (\w+Sanitizer: [\w-]+)|(runtime error): |ERROR: libFuzzer: (timeout)")


def mutants():
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import mutants as listed  # pylint: disable=import-outside-toplevel
    return [(name, story) for name, story, _ in listed.MUTANTS]


def environment(name):
    env = dict(os.environ, ASAN_OPTIONS="symbolize=0:detect_leaks=0", UBSAN_OPTIONS="symbolize=0")
    env["POSTERN_MUTANT"] = name
    return env


def finder(output):
    match = FOUND.search(output)
    if match is None:
        return "the program ended"
    return next(group for group in match.groups() if group).decode()


def build(config, target):
    subprocess.run(["./bazelw", "build", *config, *SETTING, target], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def by_corpus(program, name, folders):
    """(found, by what, executions, seconds)"""
    begin = time.monotonic()
    done = subprocess.run([program, *folders], env=environment(name), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seconds = time.monotonic() - begin
    # One line for each file, printed before it is run.
    runs = sum(1 for line in done.stdout.splitlines() if b"/" in line)
    return done.returncode != 0, finder(done.stderr), runs, seconds


def by_fuzzing(program, name, folders, seconds):
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [program, "-seed=1", "-print_final_stats=1", f"-max_total_time={seconds}", "-max_len=4096",
             f"-artifact_prefix={scratch}/", scratch, *folders],
            env=environment(name), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    runs = re.search(rb"number_of_executed_units: (\d+)", done.stderr)
    return (done.returncode != 0, finder(done.stderr), int(runs.group(1)) if runs else 0,
            time.monotonic() - begin)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--table")
    parser.add_argument("--program")
    parser.add_argument("--corpus", default=os.path.join(ROOT, "corpus", "session"))
    options = parser.parse_args(arguments)
    part, parts = (int(number) for number in options.part.split("/"))
    chosen = [m for i, m in enumerate(mutants()) if i % parts == part - 1]
    if options.only:
        chosen = [m for m in chosen if m[0] == options.only]
    if not chosen:
        sys.exit("run.py: no such bug")
    program = options.program
    if program is None:
        build(["--config=asan", "--config=work"], "//fuzz/session:session_corpus_test")
        # The next build with another configuration takes the link away.
        program = os.path.realpath(os.path.join(ROOT, "bazel-bin/fuzz/session/session_corpus_test"))
    folders = [options.corpus]

    # Without a bug the corpus is quiet; a name that nobody planted is not run.
    found, what, runs, _ = by_corpus(program, "", folders)
    if found:
        sys.exit(f"run.py: without a bug {what} speaks up in execution {runs}")
    if not by_corpus(program, "no_such_bug", folders)[0]:
        sys.exit("run.py: the program has no bugs in it; build it with --define=mutants=on")

    rows = []
    survivors = []
    fuzzer = None
    for name, story in chosen:
        how = "corpus"
        found, what, runs, seconds = by_corpus(program, name, folders)
        if not found and options.program is None:
            if fuzzer is None:
                build(["--config=fuzz"], "//fuzz/session")
                fuzzer = os.path.realpath(os.path.join(ROOT, "bazel-bin/fuzz/session/session"))
            how = "fuzzing"
            found, what, runs, seconds = by_fuzzing(fuzzer, name, folders, options.seconds)
        if not found:
            survivors.append(name)
            what = "**nobody**"
        rows.append(f"| `{name}` | {story} | {how} | {what} | {runs} | {seconds:.1f} |")
        print(rows[-1], flush=True)
    if options.table:
        with open(options.table, "w", encoding="utf-8") as file:
            file.write("| bug | what it breaks | found by | oracle | executions | seconds |\n"
                       "|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n")
    print(f"{len(rows) - len(survivors)} of {len(rows)} found" +
          (": not " + ", ".join(survivors) if survivors else ""))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
