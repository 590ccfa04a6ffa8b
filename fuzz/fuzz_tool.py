# SPDX-License-Identifier: Apache-2.0
"""Runs fuzz targets and keeps their corpora.

    ./bazelw run //fuzz:run -- --target=path --time=60        fuzz, keep and minimise what is new
    ./bazelw run //fuzz:run -- --all --time=600               all targets, one after the other
    fuzz/corpus_tool add path FILE...                         into corpus/path, by its name
    fuzz/corpus_tool regress path FILE "what it was"          into corpus/regressions/path
    fuzz/corpus_tool minimise path [FOLDER...]                the corpus and the folders, minimised
    fuzz/corpus_tool seeds [path...]                          the seeds of fuzz/seeds.py
    fuzz/corpus_tool check                                    names and history

A run keeps what is new, minimised: in a folder of its own, from which the next run goes on, or with --keep in
corpus/. It says in one line for each target what it found and how to see it again.

A file of a corpus is named by the SHA-1 of its content, as libFuzzer names what it finds. What a run
needs beside the corpus is kept in a folder of its own (POSTERN_FUZZ_WORK, default
~/.cache/postern/fuzz): binaries, what was found, what made a target fail.
"""

import argparse
import datetime
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.environ.get("BUILD_WORKSPACE_DIRECTORY") or os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))
CORPUS = os.path.join(ROOT, "corpus")
REGRESSIONS = os.path.join(CORPUS, "regressions")
# More files than this are cut down by edges alone, without how often each was taken.
MANY_FILES = 300
# What OSS-Fuzz gives a target.
LIMITS = ["-rss_limit_mb=2560", "-timeout=25"]


def sha1(octets):
    return hashlib.sha1(octets).hexdigest()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def add_octets(folder, octets):
    """Writes the octets under their name; returns the path."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, sha1(octets))
    with open(path, "wb") as file:
        file.write(octets)
    return path


def work_folder(*parts):
    base = os.environ.get("POSTERN_FUZZ_WORK") or os.path.expanduser("~/.cache/postern/fuzz")
    path = os.path.join(base, *parts)
    os.makedirs(path, exist_ok=True)
    return path


def bazelw(*arguments, **options):
    return subprocess.run([os.path.join(ROOT, "bazelw")] + list(arguments), cwd=ROOT, check=True,
                          stdin=subprocess.DEVNULL, **options)


def all_targets():
    """Name -> label of every fuzz target that is meant to be run."""
    query = ('attr(tags, "\\bfuzz-target\\b", kind(cc_binary, //fuzz/...)) except '
             'attr(tags, "\\bfuzz-control\\b", //fuzz/...)')
    output = bazelw("query", query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    labels = output.decode().split()
    return {label.split(":")[1]: label for label in labels}


def build(names):
    """Builds the targets for libFuzzer; returns name -> path of a copy that later builds leave be."""
    labels = all_targets()
    unknown = [name for name in names if name not in labels]
    if unknown:
        sys.exit("no fuzz target %s; there are: %s" % (", ".join(unknown), " ".join(sorted(labels))))
    bazelw("build", "--config=fuzz", "--noshow_progress", "//fuzz:dictionary",
           *[labels[name] for name in names], *[labels[name] + "_options" for name in names])
    folder = work_folder("bin")
    binaries = {}
    for name in names:
        built = os.path.join(ROOT, "bazel-bin", labels[name].lstrip("/").replace(":", "/"))
        binaries[name] = os.path.join(folder, name)
        for suffix in ("", ".options"):
            shutil.copy(built + suffix, binaries[name] + suffix + ".new")
            os.replace(binaries[name] + suffix + ".new", binaries[name] + suffix)
    shutil.copy(os.path.join(ROOT, "bazel-bin", "fuzz", "smtp.dict"),
                os.path.join(folder, "smtp.dict"))
    return binaries


def options_of(binary):
    with open(binary + ".options", encoding="utf-8") as file:
        pairs = re.findall(r"^(\w+) = (\S+)$", file.read(), re.MULTILINE)
    options = ["-%s=%s" % pair for pair in pairs]
    return options + ["-dict=" + os.path.join(os.path.dirname(binary), "smtp.dict")] + LIMITS


def environment():
    """Leaks and all the rest are found; the report has names."""
    env = dict(os.environ)
    symbolizer = "external_symbolizer_path=/usr/lib/llvm-19/bin/llvm-symbolizer"
    env.setdefault("ASAN_OPTIONS", symbolizer + ":detect_stack_use_after_return=1")
    env.setdefault("UBSAN_OPTIONS", symbolizer + ":print_stacktrace=1")
    return env


def corpus_folders(name):
    folders = [os.path.join(CORPUS, name), os.path.join(REGRESSIONS, name)]
    return [folder for folder in folders if os.path.isdir(folder)]


def count_files(folder):
    return sum(len(files) for _, _, files in os.walk(folder))


class Run:
    """One run of one target; afterwards executions, failures, new_files."""

    def __init__(self, name, binary, seconds, runs=None, chance=None):
        self.name = name
        self.found = work_folder("found", name)
        self.artifacts = work_folder("artifacts", name)
        self.log = os.path.join(work_folder("log"), name + ".log")
        self.executions = 0
        self.coverage = 0
        self.failure = None
        self.what = "it ended"
        before = count_files(self.found)
        command = [binary, self.found] + corpus_folders(name) + options_of(binary) + [
            "-artifact_prefix=%s/" % self.artifacts, "-print_final_stats=1"]
        if runs:
            # libFuzzer counts what it runs of the corpus, and the empty input, as well.
            known = sum(count_files(folder) for folder in [self.found] + corpus_folders(name))
            command += ["-runs=%d" % (runs + known + 1)]
        else:
            command += ["-max_total_time=%d" % seconds]
        if chance is not None:
            command += ["-seed=%d" % chance]
        terminal = sys.stderr.isatty()
        shown = time.monotonic()
        with open(self.log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=log, env=environment(),
                                       text=True, errors="replace")
            for line in process.stderr:
                log.write(line)
                self._look_at(line)
                # One line that changes, or in a log one a minute.
                if time.monotonic() - shown > (1 if terminal else 60):
                    shown = time.monotonic()
                    sys.stderr.write("%s%-24s %12d executions, %6d edges, %5d new files%s" % (
                        "\r" if terminal else "", name, self.executions, self.coverage,
                        count_files(self.found) - before, "" if terminal else "\n"))
            status = process.wait()
        if terminal:
            sys.stderr.write("\r\x1b[K")
        if status != 0 and self.failure is None:
            self.failure = "exit status %d, see %s" % (status, self.log)
        if runs and self.failure is None and self.executions < runs:
            self.failure = "only %d executions, see %s" % (self.executions, self.log)
        self.new_files = count_files(self.found) - before

    def _look_at(self, line):
        match = re.match(r"#(\d+)\s.*cov: (\d+)", line)
        if match:
            self.executions, self.coverage = int(match.group(1)), int(match.group(2))
        match = re.match(r"stat::number_of_executed_units: (\d+)", line)
        if match:
            self.executions = int(match.group(1))
        # The last of them before the unit is written: an oracle speaks before what abort() makes.
        match = re.search(r"^(oracle .*)|ERROR: (\w+Sanitizer: [\w-]+)|(runtime error: .*)|"
                          r"ERROR: libFuzzer: (.*)", line)
        if match and self.what == "it ended":
            self.what = next(group for group in match.groups() if group).strip()[:200]
        # Not slow-unit-...: on a machine that is busy anything takes ten seconds now and then.
        match = re.search(r"Test unit written to (\S+/(?:crash|leak|oom|timeout)-\S+)", line)
        if match:
            self.failure = match.group(1)

    def report(self):
        line = "%s: %d executions, %d edges, %d new files" % (
            self.name, self.executions, self.coverage, self.new_files)
        if self.failure is None:
            return line + "; nothing failed"
        return line + "; FAILED, %s; to see it again: %s %s" % (
            self.what, os.path.join(work_folder("bin"), self.name), self.failure)


def merge(binary, name, folders, *options):
    """A folder with a minimised set of all inputs; the caller removes it."""
    out = tempfile.mkdtemp(prefix="postern-merge-")
    folders = [folder for folder in folders if os.path.isdir(folder) and count_files(folder)]
    with open(os.path.join(work_folder("log"), name + ".merge.log"), "w", encoding="utf-8") as log:
        subprocess.run([binary, "-merge=1", out] + folders + options_of(binary) + list(options),
                       check=True, stdout=log, stderr=log, env=environment())
    return out


def minimise_found(name, binary, found):
    """Of what was found, the least set that covers more than corpus/NAME does."""
    if not count_files(found):
        return
    known = [folder for folder in corpus_folders(name) if count_files(folder)]
    with tempfile.TemporaryDirectory(prefix="postern-merge-") as out:
        for folder in known:
            for file in os.listdir(folder):
                shutil.copy(os.path.join(folder, file), out)
        before = set(os.listdir(out))
        with open(os.path.join(work_folder("log"), name + ".merge.log"), "w", encoding="utf-8") as log:
            subprocess.run([binary, "-merge=1", out, found] + options_of(binary), check=True, stdout=log,
                           stderr=log, env=environment())
        new = [read(os.path.join(out, file)) for file in set(os.listdir(out)) - before]
    shutil.rmtree(found)
    os.makedirs(found)
    for octets in new:
        add_octets(found, octets)


def seeds_with_history(name):
    """First ten digits of the files that corpus/NAME.md tells about, where a target has one."""
    path = os.path.join(CORPUS, name + ".md")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        return set(re.findall(r"^\| ([0-9a-f]{10}) \|", file.read(), re.MULTILINE))


def minimise(name, binary, more_folders):
    """corpus/NAME becomes the least set that covers what it and the folders cover, and the seeds."""
    folder = os.path.join(CORPUS, name)
    os.makedirs(folder, exist_ok=True)
    out = merge(binary, name, [folder] + list(more_folders))
    if count_files(out) > MANY_FILES:
        fewer = merge(binary, name, [out], "-use_counters=0")
        shutil.rmtree(out)
        out = fewer
    before = count_files(folder)
    kept = seeds_with_history(name)
    for file in os.listdir(folder):
        if file[:10] not in kept:
            os.remove(os.path.join(folder, file))
    for file in os.listdir(out):
        add_octets(folder, read(os.path.join(out, file)))
    shutil.rmtree(out)
    write_seeds([name])
    print("%s: %d files, were %d" % (name, count_files(folder), before))


def write_seeds(names):
    sys.path.insert(0, os.path.join(ROOT, "fuzz"))
    import seeds  # pylint: disable=import-outside-toplevel
    for name, octets, _ in seeds.all_seeds(ROOT):
        if not names or name in names:
            add_octets(os.path.join(CORPUS, name), octets)


def check():
    """What is wrong with the corpora, as lines."""
    wrong = []
    with open(os.path.join(REGRESSIONS, "README.md"), encoding="utf-8") as file:
        history = file.read()
    for folder, _, files in os.walk(CORPUS):
        parts = os.path.relpath(folder, CORPUS).split(os.sep)
        if parts == ["."] or parts == ["regressions"]:
            continue
        for file in files:
            path = os.path.join(folder, file)
            if sha1(read(path)) != file:
                wrong.append("%s is not named by its content" % path)
            if parts[0] == "regressions" and not re.search(
                    r"\| %s \| `?%s`? \|" % (re.escape(parts[1]), file[:10]), history):
                wrong.append("%s has no line in regressions/README.md" % path)
    for name, digits in re.findall(r"^\| (\w+) \| `([0-9a-f]{10})` \|", history, re.MULTILINE):
        folder = os.path.join(REGRESSIONS, name)
        if not os.path.isdir(folder) or not any(f.startswith(digits) for f in os.listdir(folder)):
            wrong.append("regressions/README.md names %s %s, which is not there" % (name, digits))
    return wrong


def control_fails():
    """Whether the target that must fail does: what follows would find nothing in a wrong build."""
    bazelw("build", "--config=fuzz", "--noshow_progress", "//fuzz:negative_control")
    binary = os.path.join(work_folder("bin"), "negative_control")
    shutil.copy(os.path.join(ROOT, "bazel-bin", "fuzz", "negative_control"), binary + ".new")
    os.replace(binary + ".new", binary)
    with tempfile.TemporaryDirectory() as folder:
        for octet, report in ((b"a", "heap-buffer-overflow"), (b"l", "LeakSanitizer"),
                              (b"u", "signed integer overflow"), (b"o", "negative control")):
            path = os.path.join(folder, "input")
            with open(path, "wb") as file:
                file.write(octet)
            done = subprocess.run([binary, path, "-artifact_prefix=" + folder + "/"], text=True,
                                  env=environment(), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, errors="replace", check=False)
            if done.returncode == 0 or report not in done.stdout:
                print("negative control: the fault %s was not found; this build finds nothing" % octet)
                return False
    return True


def run_main(arguments):
    parser = argparse.ArgumentParser(prog="fuzz:run")
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--time", type=int, default=60, help="seconds for each target")
    parser.add_argument("--runs", type=int, help="executions for each target beside its corpus, instead of a time")
    parser.add_argument("--seed", type=int, help="of chance; the same one tries the same again")
    parser.add_argument("--keep", action="store_true",
                        help="add what is new to corpus/, minimised (default: only to the work folder)")
    options = parser.parse_args(arguments)
    names = sorted(all_targets()) if options.all else options.target
    if not names:
        parser.error("--target=NAME or --all; targets: " + " ".join(sorted(all_targets())))
    binaries = build(names)
    outcomes = [control_fails()]
    for name in names:
        run = Run(name, binaries[name], options.time, options.runs, options.seed)
        outcomes.append(run.failure is None)
        if options.keep and run.failure is None:
            print(run.report(), flush=True)
            minimise(name, binaries[name], [run.found])
            shutil.rmtree(run.found)
        else:
            # A fixed number of executions is a test, and what it found is of no use to the next one.
            if run.failure is None and not options.runs:
                minimise_found(name, binaries[name], run.found)
                run.new_files = count_files(run.found)
            print(run.report(), flush=True)
    # The target that must fail is one of them.
    print("%d passed, %d failed" % (outcomes.count(True), outcomes.count(False)))
    return 0 if all(outcomes) else 1


def corpus_main(arguments):
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "add" and len(rest) >= 2:
        for file in rest[1:]:
            print(add_octets(os.path.join(CORPUS, rest[0]), read(file)))
    elif command == "regress" and len(rest) == 3:
        path = add_octets(os.path.join(REGRESSIONS, rest[0]), read(rest[1]))
        with open(os.path.join(REGRESSIONS, "README.md"), "a", encoding="utf-8") as file:
            file.write("| %s | `%s` | %s: %s |\n" % (
                rest[0], os.path.basename(path)[:10], datetime.date.today().isoformat(), rest[2]))
        print(path)
    elif command == "minimise" and rest:
        minimise(rest[0], build([rest[0]])[rest[0]], rest[1:])
    elif command == "seeds":
        write_seeds(rest)
    elif command == "check":
        wrong = check()
        print("\n".join(wrong) or "corpus: all is well")
        return 1 if wrong else 0
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        sys.exit(run_main(sys.argv[2:]))
    sys.exit(corpus_main(sys.argv[1:]))
