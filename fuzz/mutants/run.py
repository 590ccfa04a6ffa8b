#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the fuzz suite bites: each planted bug must be found.

    python3 fuzz/mutants/run.py [--only NAME]... [--part K/N] [--seconds S] [--table FILE] [--fuzz]

Builds the targets with the bugs (mutants.py, room_mutants.py) in them, once; then for each bug runs the
committed corpus of its target, and where that is quiet the fuzzing engine from that corpus for at most S
seconds (60). Prints which oracle found it, in how many executions and in what time, and fails if one was not
found. `--part 3/10` takes every tenth from the third on, for a CI that goes round. With `--programs FOLDER`
nothing is built and nothing is fuzzed: the corpus tests of that folder are run (bite_test.py).

`--fuzz` leaves the corpora out: the fuzzing engine has S seconds for each bug, from the seeds that were written
by hand alone. That says what fuzzing finds that nobody has thought of, and is no test.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SETTING = ["--define=mutants=on"]
# What the corpora are run by: the sanitizers, and work counted.
CORPUS_CONFIG = ["--config=asan", "--config=ubsan", "--config=work"]
FOUND = re.compile(
    rb"oracle ([\w .-]+): |ERROR: (\w+Sanitizer: [\w-]+)|(runtime error): |ERROR: libFuzzer: (timeout)|"
    rb"terminate called after (throwing)")
# A corpus takes seconds; what takes so long hangs.
HANGS = 60
SESSION = "session"


def bugs():
    """(name, target, story) of every planted bug."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, HERE)
    import mutants  # pylint: disable=import-outside-toplevel
    import room_mutants  # pylint: disable=import-outside-toplevel
    return ([(name, SESSION, story) for name, story, _ in mutants.MUTANTS] +
            [(name, target, story) for name, target, story, _ in room_mutants.ROOM_MUTANTS])


def modelled_on(name):
    import history  # pylint: disable=import-outside-toplevel
    return history.MODELLED_ON.get(name, "")


def label_of(target):
    return "//fuzz/session:session" if target == SESSION else "//fuzz:" + target


def environment(name):
    env = dict(os.environ, ASAN_OPTIONS="symbolize=0:detect_leaks=1:detect_stack_use_after_return=1",
               UBSAN_OPTIONS="symbolize=0:halt_on_error=1")
    env["POSTERN_MUTANT"] = name
    return env


def finder(output):
    match = FOUND.search(output)
    if match is None:
        return "the program ended"
    return next(group for group in match.groups() if group).decode()


def build(config, labels, suffix, folder):
    """Copies of the programs, by target: the next build with another configuration takes the link away."""
    subprocess.run(["./bazelw", "build", "--noshow_progress", *config, *SETTING, "//fuzz:dictionary",
                    *[label + suffix for label in labels.values()]],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    for label in labels.values():
        shutil.copy(os.path.join(ROOT, "bazel-bin", label[2:].replace(":", "/") + suffix), folder)
    shutil.copy(os.path.join(ROOT, "bazel-bin/fuzz/smtp.dict"), folder)


def by_corpus(program, name, folders):
    """(found, by what, executions, seconds)"""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run([program, *folders], env=environment(name), check=False, stdout=output,
                                  stderr=errors, timeout=HANGS)
            found, what = done.returncode != 0, None
        except subprocess.TimeoutExpired:
            found, what = True, "it hangs"
        seconds = time.monotonic() - begin
        output.seek(0)
        errors.seek(0)
        # One line for each file, printed before it is run.
        runs = sum(1 for line in output if b"/" in line)
        return found, what or finder(errors.read()), runs, seconds


def by_fuzzing(program, name, folders, seconds):
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [program, "-seed=1", "-print_final_stats=1", f"-max_total_time={seconds}", "-max_len=4096",
             "-timeout=10", "-dict=" + os.path.join(os.path.dirname(program), "smtp.dict"),
             f"-artifact_prefix={scratch}/", scratch, *folders],
            env=environment(name), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    runs = re.search(rb"number_of_executed_units: (\d+)", done.stderr)
    return (done.returncode != 0, finder(done.stderr), int(runs.group(1)) if runs else 0,
            time.monotonic() - begin)


def seeds_of(target, folder):
    """Writes the seeds that were written by hand into a folder of their own."""
    sys.path.insert(0, os.path.join(ROOT, "fuzz"))
    import fuzz_tool  # pylint: disable=import-outside-toplevel
    import seeds  # pylint: disable=import-outside-toplevel
    path = os.path.join(folder, "seeds", target)
    os.makedirs(path, exist_ok=True)
    for name, octets, _ in seeds.all_seeds(ROOT):
        if name == target:
            fuzz_tool.add_octets(path, octets)
    known = fuzz_tool.seeds_with_history(target)
    corpus = os.path.join(ROOT, "corpus", target)
    for file in os.listdir(corpus):
        if file[:10] in known:
            shutil.copy(os.path.join(corpus, file), path)
    return path


class Runner:
    """Programs of the targets, made when they are first asked for."""

    def __init__(self, options, folder, targets):
        self.options = options
        self.folder = folder
        self.labels = {target: label_of(target) for target in targets}
        self.fuzzers = None
        self.corpora = None

    def corpus_test(self, target):
        name = target + "_corpus_test"
        if self.options.programs:
            return os.path.join(self.options.programs, label_of(target)[2:].split(":", maxsplit=1)[0], name)
        if self.corpora is None:
            self.corpora = os.path.join(self.folder, "corpus")
            os.mkdir(self.corpora)
            build(CORPUS_CONFIG, self.labels, "_corpus_test", self.corpora)
        return os.path.join(self.corpora, name)

    def fuzzer(self, target):
        if self.fuzzers is None:
            self.fuzzers = os.path.join(self.folder, "fuzz")
            os.mkdir(self.fuzzers)
            build(["--config=fuzz"], self.labels, "", self.fuzzers)
        return os.path.join(self.fuzzers, target)

    def corpus(self, target):
        folders = [os.path.join(self.options.corpora, target),
                   os.path.join(self.options.corpora, "regressions", target)]
        return [folder for folder in folders if os.path.isdir(folder)]

    def check_is_quiet(self, target):
        """Without a bug the corpus is quiet; a name that nobody planted is not run."""
        program, folders = self.corpus_test(target), self.corpus(target)
        found, what, runs, _ = by_corpus(program, "", folders)
        if found:
            sys.exit(f"run.py: {target}: without a bug {what} speaks up in execution {runs}")
        if not by_corpus(program, "no_such_bug", folders)[0]:
            sys.exit(f"run.py: {target} has no bugs in it; build it with --define=mutants=on")

    def by_corpus(self, name, target):
        """(how, found, by what, executions, seconds)"""
        return ("corpus", *by_corpus(self.corpus_test(target), name, self.corpus(target)))

    def by_fuzzing(self, name, target):
        """The same. From the corpus, or with --fuzz from the seeds alone."""
        start = [seeds_of(target, self.folder)] if self.options.fuzz else self.corpus(target)
        return ("fuzzing", *by_fuzzing(self.fuzzer(target), name, start, self.options.seconds))


def choose(options):
    part, parts = (int(number) for number in options.part.split("/"))
    chosen = [bug for i, bug in enumerate(bugs()) if i % parts == part - 1]
    if options.only:
        chosen = [bug for bug in chosen if bug[0] in options.only]
    if options.target:
        chosen = [bug for bug in chosen if bug[1] in options.target]
    if not chosen:
        sys.exit("run.py: no such bug")
    return chosen


def row(name, target, story, how, found, what, runs, seconds):
    return (f"| `{name}` | {story} | {modelled_on(name)} | `{target}` | {how} | "
            f"{what if found else '**nobody**'} | {runs} | {seconds:.1f} |")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append")
    parser.add_argument("--target", action="append")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--table")
    parser.add_argument("--fuzz", action="store_true")
    parser.add_argument("--programs")
    parser.add_argument("--corpora", default=os.path.join(ROOT, "corpus"))
    options = parser.parse_args(arguments)
    chosen = choose(options)
    targets = sorted({target for _, target, _ in chosen})
    found_by = {}
    with tempfile.TemporaryDirectory(prefix="postern-mutants-") as folder:
        runner = Runner(options, folder, targets)
        # All corpora first, so that programs are built once for each of the two.
        if not options.fuzz:
            for target in targets:
                runner.check_is_quiet(target)
            for name, target, story in chosen:
                found_by[name] = runner.by_corpus(name, target)
                if found_by[name][1]:
                    print(row(name, target, story, *found_by[name]), flush=True)
        for name, target, story in chosen:
            if options.programs or (name in found_by and found_by[name][1]):
                continue
            found_by[name] = runner.by_fuzzing(name, target)
            print(row(name, target, story, *found_by[name]), flush=True)
    rows = [row(name, target, story, *found_by[name]) for name, target, story in chosen]
    survivors = [name for name, _, _ in chosen if not found_by[name][1]]
    if options.table:
        with open(options.table, "w", encoding="utf-8") as file:
            file.write("| bug | what it breaks | modelled on | target | found by | oracle | executions | seconds |\n"
                       "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n")
    print(f"{len(rows) - len(survivors)} of {len(rows)} found" +
          (": not " + ", ".join(survivors) if survivors else ""))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
