#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the mutator of the session target gains over libFuzzer's own.

    ./bazelw build --config=fuzz //fuzz/session //fuzz:dictionary
    python3 fuzz/session/measure_mutator.py [--runs N] [--cpu SECONDS] [--chances C] [--start seed|corpus]

Runs the target with its mutator and without (POSTERN_PLAIN_MUTATOR=1 leaves all to libFuzzer) from the same
start, with the same dictionary, once for each of C values of chance, until each run has made N executions and
used so much processor time. Prints as a table how many edges and features of the engine (the oracles are not
instrumented) each had reached

  * at N executions, which says what a mutation is worth, and
  * at the processor time (user and system, of the process), which charges each for what its executions cost:
    dialogues that get further are dearer.

Medians, least and most; and in how many of the C pairs ours had more. Executions and processor time do not
depend on what else the machine does, which seconds do. `seed` is one plain message; `corpus` is corpus/session.
"""

import argparse
import glob
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STATUS = re.compile(r"#(\d+)\s.*cov: (\d+) ft: (\d+)")
SEED = bytes(10) + (b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\n"
                    b"DATA\r\nSubject: one\r\n\r\nText.\r\n.\r\nQUIT\r\n")
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(options, chance, start, plain):
    """((edges, features) at options.runs, the same at options.cpu, executions at options.cpu)"""
    with tempfile.TemporaryDirectory() as scratch:
        corpus = os.path.join(scratch, "corpus")
        os.mkdir(corpus)
        for name, octets in start:
            with open(os.path.join(corpus, name), "wb") as file:
                file.write(octets)
        env = dict(os.environ)
        env.pop("POSTERN_PLAIN_MUTATOR", None)
        if plain:
            env["POSTERN_PLAIN_MUTATOR"] = "1"
        by_runs = by_cpu = (0, 0)
        executions = 0
        with subprocess.Popen(
                [options.program, f"-seed={chance}", "-max_len=2048", "-dict=" + options.dictionary,
                 f"-artifact_prefix={scratch}/", "-rss_limit_mb=2560", corpus],
                env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                errors="replace") as process:
            # A line at each new feature, and at each power of two of executions.
            for line in process.stderr:
                match = STATUS.match(line)
                if match is None:
                    if "Test unit written" in line:
                        process.kill()
                        sys.exit("measure_mutator.py: the target found something; mend that first")
                    continue
                done, edges, features = (int(group) for group in match.groups())
                used = cpu_seconds(process.pid)
                if done <= options.runs:
                    by_runs = (edges, features)
                if used <= options.cpu:
                    by_cpu = (edges, features)
                    executions = done
                if done > options.runs and used > options.cpu:
                    break
            else:
                sys.exit("measure_mutator.py: the target ended by itself")
            process.kill()
        return by_runs, by_cpu, executions


def spread(values):
    return f"{statistics.median(values):.0f} ({min(values)} to {max(values)})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=20000)
    parser.add_argument("--cpu", type=int, default=60)
    parser.add_argument("--chances", type=int, default=5)
    parser.add_argument("--start", choices=["seed", "corpus"], default="seed")
    parser.add_argument("--program", default=os.path.join(ROOT, "bazel-bin/fuzz/session/session"))
    parser.add_argument("--dictionary", default=os.path.join(ROOT, "bazel-bin/fuzz/smtp.dict"))
    options = parser.parse_args()
    start = [("seed", SEED)]
    if options.start == "corpus":
        start = []
        for path in sorted(glob.glob(os.path.join(ROOT, "corpus/session/*"))):
            with open(path, "rb") as file:
                start.append((os.path.basename(path), file.read()))
    # Copies: a build that comes between must not change what is measured.
    with tempfile.TemporaryDirectory() as copies:
        options.program = shutil.copy(options.program, copies)
        options.dictionary = shutil.copy(options.dictionary, copies)
        ours, plain = [], []
        for chance in range(1, options.chances + 1):
            ours.append(measure(options, chance, start, False))
            plain.append(measure(options, chance, start, True))
            print(f"chance {chance}: ours {ours[-1]}, libFuzzer's {plain[-1]}", file=sys.stderr, flush=True)
    print(f"| from {options.start}, {options.chances} values of chance | ours | libFuzzer's | gain | "
          "ours had more |\n|---|---|---|---|---|")
    for at, where in ((0, f"{options.runs} executions"), (1, f"{options.cpu} s of processor time")):
        for what, index in (("edges", 0), ("features", 1)):
            a = [result[at][index] for result in ours]
            b = [result[at][index] for result in plain]
            gain = 100 * (statistics.median(a) / statistics.median(b) - 1)
            more = sum(x > y for x, y in zip(a, b))
            print(f"| {what} at {where} | {spread(a)} | {spread(b)} | {gain:+.1f} % | "
                  f"{more} of {options.chances} |")
    print(f"| executions in {options.cpu} s of processor time | {spread([r[2] for r in ours])} | "
          f"{spread([r[2] for r in plain])} | | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
